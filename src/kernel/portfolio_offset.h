/*
 * portfolio_offset.h
 *	  Margin of positions that hedge each other, the credit for it, and what a breakdown of the
 *	  correlations would ask for.
 *
 * With standalone margins m, signed by direction (long positive, short negative), a correlation matrix C
 * and a cap:
 *
 *	  gross       sum |m|
 *	  combined    sqrt(m' C m), at most gross
 *	  credit      cap (gross - combined), requirement = gross - credit
 *	  at_zero     sqrt(sum m^2): every correlation breaks down to 0
 *	  at_one      |sum m|: every correlation goes to 1
 *	  worst       the larger of combined and sqrt(L^2 + S^2) with L the sum of the long and S of the short
 *	              margins: each correlation goes to 0 or to 1, whichever hurts, so that what is of one
 *	              direction moves as one and no long hedges a short.  Never below at_zero or at_one.
 *
 * hedges_only leaves out what diversification alone would take off: only pairs that hedge,
 * m_i m_j C_ij < 0, count with C_ij; every other pair, one without correlation among them, adds up in
 * full.  Then combined is not below sqrt(m' C m).
 *
 * Sums are exact, and every product is commutative: no digit depends on the order of the positions.
 * Relative error of combined^2 about 2^-50, of the difference to a perfect hedge 2^-100 of gross^2.
 */
#ifndef MC_PORTFOLIO_OFFSET_H
#define MC_PORTFOLIO_OFFSET_H

#include "status.h"

typedef struct McPortfolioOffset
{
	double gross;
	double combined;
	double credit;
	double requirement;
	double at_zero;
	double at_one;
	double worst;
} McPortfolioOffset;

/*
 * k finite margins, a packed lower triangle of correlations with unit diagonal, 0 <= cap <= 1.  O(k^2).
 * MC_OK, MC_OVERFLOW when gross is beyond a double, MC_STOPPED.
 */
extern McStatus mc_portfolio_offset(const double *margins, const double *correlation, size_t k,
                                    double cap, bool hedges_only, McPortfolioOffset *offset,
                                    const McPoll *poll);

#endif
