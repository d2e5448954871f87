/*
 * quantile_regression.h
 *	  Linear quantile regression, exact: the coefficients b that minimise
 *
 *	  sum of rho(y_i - b_0 - b_1 x_i1 - ... - b_k x_ik),   rho(r) = r (probability - [r < 0])
 *
 * R. Koenker, G. Bassett, Econometrica 46 (1978) 33.  A minimum lies at a vertex, where as many
 * residuals are 0 as there are coefficients; the simplex method of I. Barrodale and F. D. K. Roberts (SIAM J.
 * Numer. Anal. 10 (1973) 839; R. Koenker, V. d'Orey, Appl. Statist. 36 (1987) 383) goes from vertex
 * to vertex and passes many sign changes of residuals in one step.
 *
 * When several vertices minimise, the answer is the one whose value at the means of the regressors is
 * lowest, then the one with the lowest b_1, b_2, ...: with no regressor that is the smallest x with
 * F(x) >= probability, as value_at_risk has it.
 *
 * Accuracy: the vertex is exact unless two objectives agree to rounding; coefficients are those of the
 * line through its rows, to about 1e-14 of their scale (test/unit/test_quantile_regression.c beside all
 * vertices, test/oracle/evt.py beside R's quantreg).
 */
#ifndef MC_QUANTILE_REGRESSION_H
#define MC_QUANTILE_REGRESSION_H

#include "fit.h"
#include "status.h"

#define MC_QUANTILE_MAX_REGRESSORS 15

typedef struct McQuantileRegression
{
	McFit fit;
	double coefficients[MC_QUANTILE_MAX_REGRESSORS + 1]; /* intercept first */
	double objective;                                    /* the minimum */
} McQuantileRegression;

/* Bytes of work space. */
extern size_t mc_quantile_regression_worksize(size_t n);

/*
 * n rows of 1 + regressors finite doubles, y first; 0 to MC_QUANTILE_MAX_REGRESSORS regressors.
 * fit: TOO_FEW unless n exceeds the number of coefficients, CONSTANT when a regressor is constant or a
 * combination of the others, ITERATIONS, FAILED beyond the range of a double.  MC_OK or
 * MC_STOPPED.  O(n k) a step, O(n log n) at worst; ten to thirty steps are usual for one regressor.
 */
extern McStatus mc_quantile_regression(const double *rows, size_t n, int regressors,
                                       double probability, void *work, McQuantileRegression *model,
                                       const McPoll *poll);

#endif
