/*
 * stress_book.h
 *	  What the accounts of a venue lose when prices and vols of underlyings move together: every contract
 *	  revalued in full by scenario.h.
 *
 * Factors are log moves.  With x the move of the price of an underlying, and w that of its vol where vols are
 * factors too (else 0),
 *
 *	  price  F e^x        vol  v e^(w + beta x + rise |x|)
 *
 * so that neither becomes negative.  Moves beyond MC_STRESS_FARTHEST either way count as that far.
 *
 * Of a point the loss l of an account is what its positions earn less, and its shortfall max(0, l - equity).
 * The index of a point is what a search looks at:
 *
 *	  no fund    the largest l / equity of the accounts, less 1: the first account is exhausted at 0
 *	  a fund     the sum of the `cover` largest shortfalls over the fund, less 1.  While no account has a
 *	             shortfall the sum is the largest l - equity, which is not positive: it shows a search the way
 *
 * Both are at least 0 exactly where the question is answered with yes.
 */
#ifndef MC_STRESS_BOOK_H
#define MC_STRESS_BOOK_H

#include "scenario.h"

#define MC_STRESS_BLOCK 32 /* points that are valued at a time */
#define MC_STRESS_FARTHEST 50.0
#define MC_STRESS_NONE ((size_t) -1)

typedef struct McStressInstrument
{
	McExposure exposure;
	size_t factor;     /* of its price */
	size_t vol_factor; /* of its vol, or MC_STRESS_NONE */
	double vol_beta;
	double vol_rise;
} McStressInstrument;

typedef struct McStressPosition
{
	size_t instrument;
	size_t account;
	double quantity; /* contracts, negative: short */
} McStressPosition;

typedef struct McStressBook
{
	const McStressInstrument *instruments; /* those of one underlying together: faster */
	size_t instrument_count;
	const McStressPosition *positions; /* in ascending order of their instruments */
	size_t position_count;
	const double *equity;
	size_t account_count;
	double fund;  /* not negative; 0: none */
	size_t cover; /* at least 1 */
} McStressBook;

/*
 * Losses of the accounts at n points, 1 to MC_STRESS_BLOCK: moves[factor * MC_STRESS_BLOCK + point] gives
 * losses[account * MC_STRESS_BLOCK + point]; that of account `only` alone unless it is MC_STRESS_NONE.  MC_OK or
 * MC_STOPPED; a loss beyond a double is infinite or NaN.
 */
extern McStatus mc_stress_losses(const McStressBook *book, const double *moves, size_t n,
                                 size_t only, double *losses, const McPoll *poll);

/* The account with the largest index at point i, the first of equal ones; at least one account. */
extern size_t mc_stress_foremost(const McStressBook *book, const double *losses, size_t i);

/* The index of point i from its losses; of account `only` alone unless that is MC_STRESS_NONE.  work: [accounts] */
extern double mc_stress_index(const McStressBook *book, const double *losses, size_t i, size_t only,
                              double *work);

/* The derivatives of the index by the losses of the accounts at point i, times what makes them 1 (or 0). */
extern void mc_stress_weights(const McStressBook *book, const double *losses, size_t i, size_t only,
                              double *weights, double *work);

/*
 * slopes[factors]: the derivatives of the sum of weights times losses by the moves, which are
 * moves[factor * MC_STRESS_BLOCK] of the first point.  Central differences.
 */
extern McStatus mc_stress_slopes(const McStressBook *book, const double *moves,
                                 const double *weights, double *slopes, size_t factors,
                                 const McPoll *poll);

/* pnl[instruments]: what a long position of one contract earns at the first point. */
extern void mc_stress_unit_pnl(const McStressBook *book, const double *moves, double *pnl);

#endif
