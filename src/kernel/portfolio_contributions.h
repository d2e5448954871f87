/*
 * portfolio_contributions.h
 *	  What each position contributes to the margin of an account: Euler's allocation.
 *
 * Every term of the margin M of portfolio.h is homogeneous of degree 1 in the quantities q, so that
 *
 *	  c_i = q_i dM/dq_i,   sum c_i = M.
 *
 * Derivatives are exact.  With loss weights w_s = dL/d(-P_s) of the scan loss L:
 *
 *	  worst   1 / m where the loss is the largest, m scenarios having it
 *	  VaR     1 / m where the loss is L_(k+1) (tail.h)
 *	  ES      1 / t where it is larger than L_(k+1); the rest of the mass t is divided among the m where
 *	          it is equal
 *
 * and 0 everywhere when L is not positive.  Sides of kinks: |x| has slope 0 at 0, a group that is worth 0
 * and an underlying that earns 0 count as what is above, the lesser of equal long and short deltas is half
 * of each; scan losses equal to contingencies, and sums equal to a minimum, stand.
 * Where a minimum is the margin, its contributions are all that there are.
 */
#ifndef MC_PORTFOLIO_CONTRIBUTIONS_H
#define MC_PORTFOLIO_CONTRIBUTIONS_H

#include "portfolio.h"

/*
 * contributions[n][MC_REQUIREMENTS] of the holdings, and all that mc_portfolio_margin gives, whose
 * arguments the others are; amounts are not NULL.  They add up to the requirements but for rounding of the
 * largest of them.  MC_OVERFLOW also when a contribution is not finite.  O(n scenarios in the tail) more.
 */
extern McStatus mc_portfolio_contributions(const McHolding *holdings, size_t n,
                                           const McPortfolioMethod *method, double *pnl,
                                           double *work, double (*amounts)[MC_REQUIREMENTS],
                                           McPortfolioMargin *margin,
                                           double (*contributions)[MC_REQUIREMENTS],
                                           const McPoll *poll);

#endif
