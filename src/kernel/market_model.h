/*
 * market_model.h
 *	  Least squares of one series on another: beta, intercept, their standard errors.
 *
 *	  y = intercept + beta x + e,  beta = Sxy / Sxx,  s^2 = (Syy - Sxy^2 / Sxx) / (n - 2)
 *	  se(beta) = s / sqrt(Sxx),  se(intercept) = s sqrt(1 / n + mean(x)^2 / Sxx)
 *
 * (W. F. Sharpe, "A simplified model for portfolio analysis", Management Science 9 (1963) 277-293; the formulas
 * are those of any simple regression.)  Rows are sorted first and added up in two passes of
 * compensated sums, residuals are formed one by one: the answer has the same digits in any
 * order of the rows and is correct to about 1e-14 at any level of the series.
 */
#ifndef MC_MARKET_MODEL_H
#define MC_MARKET_MODEL_H

#include "pairs.h"

typedef struct McMarketModel
{
	double beta;
	double intercept;
	double beta_error; /* these three: NaN with fewer than three rows */
	double intercept_error;
	double residual_vol;
	double r_squared; /* NaN when all y are equal */
} McMarketModel;

/*
 * Of n pairs without NaN or infinity, which are sorted; work has room for n.  MC_TOO_FEW with fewer
 * than two rows or when all x are equal; MC_OVERFLOW; MC_STOPPED.
 */
extern McStatus mc_market_model(McPair *pairs, size_t n, McPair *work, McMarketModel *model,
                                const McPoll *poll);

#endif
