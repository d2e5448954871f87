/*
 * scale.h
 *	  Powers of two that keep sums and products away from overflow and underflow.
 */
#ifndef MC_SCALE_H
#define MC_SCALE_H

#include <math.h>

#include "double_double.h"
#include "status.h"

/* The power of two that brings a finite magnitude near 1; 1 for 0. Exact, as is its reciprocal. */
static inline double
mc_scale_of(double magnitude)
{
	int exponent = magnitude > 0 ? ilogb(magnitude) : 0;

	return ldexp(1, exponent > 1000 ? -1000 : exponent < -1000 ? 1000 : -exponent);
}

static inline double
mc_largest_magnitude(const double *x, size_t n)
{
	double largest = 0;

	for (size_t i = 0; i < n; i++)
		largest = fmax(largest, fabs(x[i]));
	return largest;
}

/* The mean of scale x[0] ... scale x[n - 1], n > 0.  MC_OK or MC_STOPPED. */
static inline McStatus
mc_scaled_mean(const double *x, size_t n, double scale, McDD *mean, const McPoll *poll)
{
	McDD sum = {0, 0};

	for (size_t i = 0; i < n; i++)
	{
		sum = mc_dd_add_double(sum, scale * x[i]);
		if (i % MC_POLL_STEPS == 0 && mc_poll_stop(poll))
			return MC_STOPPED;
	}
	*mean = mc_dd_divide_double(sum, (double) n);
	return MC_OK;
}

#endif
