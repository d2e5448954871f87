/*
 * box_log.h
 *	  log(1 + z) / z and its derivatives, smooth through z = 0.
 *
 * Both families of extreme value theory are written with phi(shape, w) = log(1 + shape w) / shape,
 * which is w g(shape w) with g(z) = log(1 + z) / z, so that the exponential and the Gumbel law
 * (shape 0) are no special case:
 *
 *	  d phi / d shape   = w^2 g'(shape w)
 *	  d^2 phi / d shape^2 = w^3 g''(shape w)
 *	  d phi / d w       = 1 / (1 + shape w)
 *
 * Near 0 the derivatives are sums of their Taylor series, else closed forms; relative error below 1e-13
 * (test/unit/test_box_log.c, beside long double).  All need z > -1.
 */
#ifndef MC_BOX_LOG_H
#define MC_BOX_LOG_H

#include <math.h>

#define MC_BOX_LOG_SERIES 0.2 /* the series is used within this distance of 0 */
#define MC_BOX_LOG_TERMS 24   /* 0.2^24 is below 2^-55 */

/* g(z) = 1 - z/2 + z^2/3 - ... */
static inline double
mc_box_log(double z)
{
	return fabs(z) < 1e-300 ? 1 : log1p(z) / z;
}

/* g'(z) = (z / (1 + z) - log(1 + z)) / z^2 = -1/2 + 2z/3 - 3z^2/4 + ..., with l = log(1 + z) */
static inline double
mc_box_log_first_from(double z, double l)
{
	double sum = 0;

	if (fabs(z) >= MC_BOX_LOG_SERIES)
		return (z / (1 + z) - l) / z / z;
	for (int k = MC_BOX_LOG_TERMS; k >= 0; k--)
		sum = (k + 1.0) / (k + 2.0) - z * sum;
	return -sum;
}

static inline double
mc_box_log_first(double z)
{
	return mc_box_log_first_from(z, log1p(z));
}

/* g''(z) = -(1 / (1 + z)^2 + 2 g'(z)) / z = 2/3 - 3z/2 + 12z^2/5 - ... */
static inline double
mc_box_log_second(double z)
{
	double sum = 0;

	if (fabs(z) >= MC_BOX_LOG_SERIES)
		return -(1 / (1 + z) / (1 + z) + 2 * mc_box_log_first(z)) / z;
	for (int k = MC_BOX_LOG_TERMS; k >= 0; k--)
		sum = (k + 1.0) * (k + 2.0) / (k + 3.0) - z * sum;
	return sum;
}

/* (exp(x) - 1) / x */
static inline double
mc_box_exp(double x)
{
	return fabs(x) < 1e-300 ? 1 : expm1(x) / x;
}

#endif
