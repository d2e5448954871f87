/*
 * portfolio_losses.h
 *	  The largest losses of an account, from its profits in the scenarios.
 *
 * One pass takes the largest loss of each of 32 lanes of scenarios.  `depth` lanes have a loss that is
 * not below the depth-th largest of these, so whatever is below it is none of the `depth` largest losses:
 * a second pass keeps the few others, which are then put in order.  What comes out is what a full sort
 * would give, to the bit.
 */
#ifndef MC_PORTFOLIO_LOSSES_H
#define MC_PORTFOLIO_LOSSES_H

#include "portfolio.h"

#define MC_LOSS_LANES 32

typedef struct McLosses
{
	size_t n;                   /* scenarios that count */
	double lane[MC_LOSS_LANES]; /* largest losses; -INFINITY of an empty lane */
	double largest;             /* of all lanes */
	bool finite;                /* every profit, of contingency scenarios too */
} McLosses;

extern void mc_losses_take(const double *pnl, const McPortfolioMethod *method, McLosses *losses);

/*
 * The depth largest losses in descending order into the front of work[losses->n], whose rest does not
 * stay; 1 <= depth <= losses->n, and every profit is finite.
 */
extern McStatus mc_losses_order(const double *pnl, const McPortfolioMethod *method,
                                const McLosses *losses, size_t depth, double *work,
                                const McPoll *poll);

/* The first scenario that counts and has the largest loss; losses->n > 0, and every profit is finite. */
extern size_t mc_losses_worst(const double *pnl, const McPortfolioMethod *method,
                              const McLosses *losses);

/* ---- the loops that instruction sets differ in; none changes a digit ---- */

#define MC_LOSS_FEW 64

typedef struct McLossLoops
{
	/* the lanes of whole blocks of MC_LOSS_LANES profits; is every one finite? */
	bool (*lanes)(const double *pnl, size_t n, double lane[MC_LOSS_LANES]);
	/* x[0..n) in descending order, n <= MC_LOSS_FEW */
	void (*sort_few)(double *x, size_t n);
	/* -pnl[s] of all that are not below the threshold into the front of kept[n], in order; how many */
	size_t (*keep)(const double *restrict pnl, size_t n, double threshold, double *restrict kept);
} McLossLoops;

/* The variant for this processor. */
extern McLossLoops mc_loss_loops(void);

/* The variants that this processor can run, the fastest first, and how many there are: for tests. */
#define MC_LOSS_VARIANTS 3
extern size_t mc_loss_variants(McLossLoops variants[MC_LOSS_VARIANTS]);

#endif
