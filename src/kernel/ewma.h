/*
 * ewma.h
 *	  The scenarios of a calibration: returns as they were, or filtered by their volatility.
 *
 * J. Hull and A. White, "Incorporating volatility updating into the historical simulation method
 * for value-at-risk", J. Risk 1 (1998); J.P. Morgan, RiskMetrics Technical Document (1996).
 */
#ifndef MC_EWMA_H
#define MC_EWMA_H

#include "status.h"

#define MC_EWMA_SEED 50

/*
 * Returns u_1 ... u_m rescaled to the volatility that follows them,
 * y_i = u_i sqrt(v_(m+1) / v_i), with
 *
 *	  s_1     = mean of u_i^2 over the first min(m, 50)
 *	  s_(i+1) = lambda s_i + (1 - lambda) u_i^2
 *	  v_i     = max(s_i, q / 100), q = mean of u_i^2 over all
 *
 * and the next bar's volatility sqrt(v_(m+1)).  All zeros when q is 0.  m >= 1; O(m).
 */
extern McStatus mc_ewma_filter(const double *u, size_t m, double lambda, double *y, double *vol,
                               const McPoll *poll);

/* Sample standard deviation, divisor m - 1, two passes; m >= 2. */
extern McStatus mc_sample_deviation(const double *u, size_t m, double *deviation,
                                    const McPoll *poll);

/*
 * Sums of every `horizon` consecutive values, m - horizon + 1 of them, 1 <= horizon <= m.
 * Double-double sums that add one value and take one off: correct to the last bit or two.
 */
extern McStatus mc_horizon_sums(const double *y, size_t m, size_t horizon, double *x,
                                const McPoll *poll);

#endif
