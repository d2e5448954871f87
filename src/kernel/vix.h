/*
 * vix.h
 *	  The variance that the prices of one expiry imply without a model, and the index of two of them.
 *
 *	  sigma^2 = 2/T sum_i dK_i / K_i^2 e^(RT) Q(K_i) - 1/T (F / K0 - 1)^2
 *
 * Cboe, "The CBOE Volatility Index - VIX" (white paper, 2009): F from put-call parity at the strike
 * where middle prices of call and put differ least; K0 the highest strike with both, at or below F; Q
 * the middle price of the put below K0, of the call above it, their mean at K0; strikes from K0 outwards
 * until two in a row without a bid, which do not count, nor does a single one; dK half the distance of
 * the neighbours used, at both ends the distance of the one neighbour.
 *
 *	  index = 100 sqrt((T1 s1^2 (T2 - D) + T2 s2^2 (D - T1)) / (T2 - T1) / D)
 *
 * for a horizon of D years.  Agrees with the white paper's example to all its digits
 * (test/oracle/surface_measures.py) and with sums in wide arithmetic to 1e-13 (test/unit/test_vix.c).
 */
#ifndef MC_VIX_H
#define MC_VIX_H

#include <stdbool.h>
#include <stddef.h>

typedef struct McVixQuote
{
	double strike; /* positive and finite */
	double bid;    /* not above 0: no bid */
	double ask;    /* below the bid: no middle price, as without a bid */
	bool is_call;
} McVixQuote;

typedef enum McVixStatus
{
	MC_VIX_OK,
	MC_VIX_DUPLICATE,    /* two quotes of one strike and kind */
	MC_VIX_NO_FORWARD,   /* no strike has both a call and a put with a middle price */
	MC_VIX_NO_K0,        /* none of those strikes is at or below the forward */
	MC_VIX_TOO_FEW,      /* no put below K0, or no call above it, with a middle price */
	MC_VIX_NOT_POSITIVE, /* the sum is not above the correction: prices contradict each other */
	MC_VIX_OVERFLOW      /* the answer is not in the range of a double */
} McVixStatus;

typedef struct McVixTerm
{
	double forward;
	double k0;
	double variance; /* a year */
	double lowest;   /* strikes used */
	double highest;
	size_t strikes;
} McVixTerm;

/*
 * Sorts the n quotes by strike, calls before puts.  t in years, positive; rate continuously compounded.
 * *term is complete for MC_VIX_OK, and has what was found up to the problem otherwise (NaN: not found).
 */
extern McVixStatus mc_vix_variance(McVixQuote *quotes, size_t n, double t, double rate,
                                   McVixTerm *term);

/* Of two variances at t1 < t2 for a horizon, all in years; NaN where the interpolated variance is negative. */
extern double mc_vix_index(double t1, double variance1, double t2, double variance2,
                           double horizon);

#endif
