/*
 * scale.h
 *	  Powers of two that keep sums and products away from overflow and underflow.
 */
#ifndef MC_SCALE_H
#define MC_SCALE_H

#include <math.h>

/* The power of two that brings a finite magnitude near 1; 1 for 0. Exact, as is its reciprocal. */
static inline double
mc_scale_of(double magnitude)
{
	int exponent = magnitude > 0 ? ilogb(magnitude) : 0;

	return ldexp(1, exponent > 1000 ? -1000 : exponent < -1000 ? 1000 : -exponent);
}

#endif
