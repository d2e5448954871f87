/*
 * ewma_vol.h
 *	  Exponentially weighted volatility of log returns with mean zero, one price at a time.
 *
 *	  vol = sqrt(periods_per_year * sum_i L^(n-i) r_i^2 / sum_i L^(n-i)),  i = 1 .. n, 0 < L < 1
 *
 * a weighted mean from the first return on.  In steps, v_n = v_(n-1) + g_n (r_n^2 - v_(n-1)) with
 * g_n = (1 - L) / (1 - L^n): once L^n is small this is the recursion of RiskMetrics,
 * v_n = L v_(n-1) + (1 - L) r_n^2 (J.P. Morgan, RiskMetrics Technical Document, 4th ed., 1996,
 * section 5.2; J. C. Hull, "Options, Futures, and Other Derivatives", chapter on volatilities), without
 * the weight that a seed would have until then.
 *
 * Both sums are double-double: the relative error of the result is below 1e-15, however close L is
 * to 1, given L and the returns of log_return.h (test/unit/test_ewma_vol.c).  After a long stretch
 * of equal prices the sum of squares is a number that no double holds while its root still is one: it is
 * kept beside a power of two.
 */
#ifndef MC_EWMA_VOL_H
#define MC_EWMA_VOL_H

#include "double_double.h"
#include "status.h"

typedef struct McEwmaVol
{
	double lambda;
	McDD weights; /* sum of L^(n-i) */
	McDD squares; /* sum of L^(n-i) r_i^2, times 2^-exponent */
	int exponent; /* at most 0 */
	double previous;
	bool has_previous;
	bool not_finite; /* a return touches a NaN or infinite price */
} McEwmaVol;

extern void mc_ewma_vol_init(McEwmaVol *ewma, double lambda);

/* Take the next price, above 0 or NaN.  O(1). */
extern void mc_ewma_vol_add(McEwmaVol *ewma, double price);

/*
 * MC_TOO_FEW before the first return.  NaN once a NaN or infinite price has come.  MC_OVERFLOW: the
 * annualised value is too large for a double.
 */
extern McStatus mc_ewma_vol_result(const McEwmaVol *ewma, double periods_per_year, double *vol);

/* The lambda whose weights halve every `bars` returns: 2^(-1 / bars). */
extern double mc_ewma_half_life_lambda(double bars);

#endif
