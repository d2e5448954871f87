/*
 * option_chain.h
 *	  From the quotes of one expiry to its forward and to the vols that a smile is fitted to.
 *
 * Prices are middle prices, or marks where neither side is quoted.  Every quote that is not used says why.
 */
#ifndef MC_OPTION_CHAIN_H
#define MC_OPTION_CHAIN_H

#include <stdbool.h>
#include <stddef.h>

typedef enum McQuoteProblem
{
	MC_QUOTE_USED,
	MC_QUOTE_NO_EXPIRY,
	MC_QUOTE_BAD_STRIKE,
	MC_QUOTE_BAD_KIND,
	MC_QUOTE_EXPIRED,
	MC_QUOTE_FUTURE,
	MC_QUOTE_STALE,
	MC_QUOTE_REPLACED,
	MC_QUOTE_BAD_PRICE,
	MC_QUOTE_BAD_SIZE,
	MC_QUOTE_NO_PRICE,
	MC_QUOTE_NO_BID,
	MC_QUOTE_NO_ASK,
	MC_QUOTE_CROSSED,
	MC_QUOTE_TOO_LOW,
	MC_QUOTE_TOO_WIDE,
	MC_QUOTE_TOO_SMALL,
	MC_QUOTE_TOO_QUIET,
	MC_QUOTE_NO_FORWARD,
	MC_QUOTE_OUTSIDE,
	MC_QUOTE_ABSURD,
	MC_QUOTE_OTHER_SIDE,
	MC_QUOTE_PROBLEMS
} McQuoteProblem;

/* 'bid above ask' and so on; NULL for a quote that is used. */
extern const char *mc_quote_problem_text(McQuoteProblem problem);

typedef struct McOptionQuote
{
	/* in; NaN for what is not quoted */
	double strike;
	bool call;
	double bid;
	double ask;
	double mark;
	double forward;
	double bid_size; /* and those of the next two; NaN: not known, and enough */
	double ask_size;
	double open_interest;

	/* in: why it cannot be used, if that is known already; out: why it is not */
	McQuoteProblem problem;

	/* out; NaN where there is none */
	double k; /* ln(strike / forward) */
	double bid_vol;
	double ask_vol;
	double vol;
} McOptionQuote;

typedef struct McChainSettings
{
	bool coin;   /* premiums in units of the underlying */
	double rate; /* continuously compounded, a year; discounts premiums in currency */
	double maximum_spread;
	double minimum_price;
	double minimum_size;
	double minimum_open_interest;
} McChainSettings;

typedef enum McForwardSource
{
	MC_FORWARD_NONE,
	MC_FORWARD_QUOTED,
	MC_FORWARD_PARITY,
	MC_FORWARD_CARRIED
} McForwardSource;

/* Judge n quotes by themselves: sets problem where there is one, and takes away sides of size 0. */
extern void mc_chain_judge(McOptionQuote *quotes, size_t n, const McChainSettings *settings);

/*
 * The forward of an expiry in t years: the median of those quoted; else, from the calls and puts of equal strikes, by
 *	  F = K + (C - P) exp(rate t)   or, in coin,   F = K / (1 - (C - P))
 * the median over strikes, weighted by the inverse square of half the spread of each estimate.  Quotes in the
 * order of strike, those with a problem do not count; work[2 n].  MC_FORWARD_NONE: there is none.
 */
extern McForwardSource mc_chain_forward(const McOptionQuote *quotes, size_t n, double t,
                                        const McChainSettings *settings, double *work,
                                        double *forward);

/*
 * Forwards of expiries that have none: between two that have one in constant carry, else that of the nearest.
 * In the order of t.
 */
extern void mc_chain_carry(const double *t, double *forwards, McForwardSource *sources, size_t n);

/*
 * Vols of the quotes of an expiry in t > 0 years, in the order of strike, under a forward.  Of call and put at one strike the one
 * whose vols are closer together is used.  Returns how many are: none without a forward (NaN).
 */
extern size_t mc_chain_vols(McOptionQuote *quotes, size_t n, double t, double forward,
                            const McChainSettings *settings);

/* Half the distance of ask vol and bid vol; NaN for marks. */
extern double mc_chain_half_spread(const McOptionQuote *quote);

/*
 * How far off the vols of an expiry may be, for a fit: half their median half spread, growing with the fourth
 * root of a spread that is wider, so that wings count nearly as much.  Steeper weights predict strikes that
 * were left out less well.  NaN spreads are those of marks.  work[n]; returns the median half spread,
 * NaN with marks alone.
 */
extern double mc_chain_scales(const double *half_spreads, size_t n, double *work, double *scales);

#endif
