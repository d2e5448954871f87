/*
 * forecast_comparison.h
 *	  Scores of value at risk and expected shortfall forecasts, and a test of equal accuracy.
 */
#ifndef MC_FORECAST_COMPARISON_H
#define MC_FORECAST_COMPARISON_H

#include "hypothesis.h"

/* The tick loss of the VaR: c (L - VaR) above it, (1 - c) (VaR - L) below. */
extern double mc_pinball(double pnl, double value_at_risk, double confidence);

/*
 * 1{L > VaR} (L - VaR) / ((1 - c) ES) + VaR / ES + log(ES) - 1, for ES > 0: the scoring function
 * of Fissler and Ziegel that is homogeneous of degree 0.
 */
extern double mc_fz0(double pnl, double value_at_risk, double expected_shortfall,
                     double confidence);

/*
 * Equal predictive accuracy of two series of losses of the same forecasts: two-sided, positive
 * when a loses more than b.  work holds n doubles.  MC_TEST_TOO_FEW unless n > lags + 1;
 * MC_TEST_CONSTANT when the differences are all equal.
 */
extern McTest mc_diebold_mariano_test(const double *loss_a, const double *loss_b, size_t n,
                                      size_t lags, double *work);

#endif
