/*
 * log_return.h
 *	  The log return of two consecutive prices, ln(price / previous).
 *
 * For a ratio between a half and two the difference of the prices is exact (P. H. Sterbenz,
 * "Floating-Point Computation", 1974, theorem 4.3.1), so log1p of the exact relative change loses
 * no digit however small the move is; log(price / previous) would keep only those of the ratio.
 * Relative error below 4 * 2^-53 there, and everywhere else (test/unit/test_log_return.c).
 */
#ifndef MC_LOG_RETURN_H
#define MC_LOG_RETURN_H

#include <math.h>

/*
 * Both prices positive and finite.  Equal prices give exactly 0.  NaN gives NaN; the caller decides about
 * infinite, zero and negative prices.
 */
static inline double
mc_log_return(double previous, double price)
{
	double ratio = price / previous;

	if (ratio >= 0.5 && ratio <= 2.0)
		return log1p((price - previous) / previous);
	/* below the normal range a quotient has lost digits, above it is infinite */
	if (ratio >= 1e-300 && ratio <= 1e300)
		return log(ratio);
	return log(price) - log(previous);
}

#endif
