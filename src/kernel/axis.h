/*
 * axis.h
 *	  Round numbers for an axis.
 */
#ifndef MC_AXIS_H
#define MC_AXIS_H

#include <math.h>

/* The least of 1, 2, 5, 10, 20, ... (and 0.5, 0.2, ...) that divides a positive span into at most `most` parts. */
static inline double
mc_tick_step(double span, int most)
{
	static const double factors[] = {1, 2, 5, 10};
	double power = pow(10, floor(log10(span / most)));
	int i = 0;

	/* rounding may put a part a hair above its step */
	while (i < 3 && factors[i] * power * most < span * (1 - 1e-12))
		i++;
	return factors[i] * power;
}

/* Decimals that a multiple of a step needs. */
static inline int
mc_tick_decimals(double step)
{
	return (int) fmax(0, -floor(log10(step) + 1e-9));
}

#endif
