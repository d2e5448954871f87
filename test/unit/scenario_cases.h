/*
 * scenario_cases.h
 *	  What the tests of scenarios share: Black (1976) in long double, a contract and rules to start from.
 */
#ifndef MC_SCENARIO_CASES_H
#define MC_SCENARIO_CASES_H

#include <math.h>
#include <stdbool.h>

#include "kernel/scenario.h"

typedef long double Real;

/* settlement in the reporting currency, no window, flat vol */
static const McExposure plain = {
    .contract = {MC_OPTION, MC_LINEAR, true, 100, 1},
    .price = 100,
    .vol = 0.5,
    .years = 0.25,
    .discount = 1,
    .settlement_price = 1,
    .open = 1,
};

static const McShockLaw flat = {.beta = 1, .reference = 30 / 365.0, .least = 1 / 365.0};

static inline bool
near(double got, Real want, Real scale, double tolerance)
{
	return fabsl(got - want) <= tolerance * scale;
}

static inline Real
normal(Real x)
{
	return erfcl(-x / sqrtl(2)) / 2;
}

/* the side out of the money by the formula, the other by parity */
static inline Real
black(bool call, Real f, Real k, Real t, Real v)
{
	Real s = v * sqrtl(t);
	Real d1;
	Real out;

	if (f <= 0 || s == 0)
		return fmaxl(call ? f - k : k - fmaxl(f, 0), 0);
	d1 = logl(f / k) / s + s / 2;
	out = f < k ? f * normal(d1) - k * normal(d1 - s) : k * normal(s - d1) - f * normal(-d1);
	return out + fmaxl(call ? f - k : k - f, 0);
}

/* Derive's skew law */
#define USUAL                           \
	{                                   \
		0.15, -0.05, 0.01, 4, 0.6, -0.1 \
	}

#endif
