/*
 * log_return.h
 *	  The log return of two consecutive prices, ln(price / previous).
 *
 * With s = (p - q) / (p + q), ln(p / q) = 2 atanh(s) = 2 (s + s^3/3 + s^5/5 + ...)
 * (Abramowitz and Stegun 4.1.27).  For a ratio between a half and two the difference is exact
 * (P. H. Sterbenz, "Floating-Point Computation", 1974, theorem 4.3.1), so no digit is lost however
 * small the move is; log(p / q) would keep only the digits of the rounded ratio.  The usual small
 * move costs one division and a short polynomial; log1p and log serve the others.
 *
 * Relative error below 4 * 2^-53 everywhere (test/unit/test_log_return.c).  A return other than 0 is never
 * smaller than 2^-53 in magnitude, and never larger than 1455.
 */
#ifndef MC_LOG_RETURN_H
#define MC_LOG_RETURN_H

#include <float.h>
#include <math.h>

/* any other pair of prices than the usual two that lie close together */
static inline double
mc_log_return_far(double previous, double price)
{
	double ratio = price / previous;

	if (ratio >= 0.5 && ratio <= 2.0)
		return log1p((price - previous) / previous);
	/* below the normal range a quotient has lost digits, above it is infinite */
	if (ratio >= 1e-300 && ratio <= 1e300)
		return log(ratio);
	return log(price) - log(previous);
}

/*
 * Both prices positive and finite.  Equal prices give exactly 0.  NaN gives NaN; the caller decides
 * about infinite, zero and negative prices.
 */
static inline double
mc_log_return(double previous, double price)
{
	double sum = price + previous;
	double s = (price - previous) / sum;
	double z = s * s;
	double tail;

	/* moves up to 6 %: the first term left out is below 2^-63 of the sum */
	if (!(z < 1e-3 && sum <= DBL_MAX))
		return mc_log_return_far(previous, price);
	tail = 1.0 / 3 + z * (1.0 / 5 + z * (1.0 / 7 + z * (1.0 / 9 + z * (1.0 / 11))));
	return 2 * s + 2 * s * (z * tail);
}

#endif
