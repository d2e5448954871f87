/*
 * exceptions.h
 *	  Backtests of value at risk that count exceptions: coverage, time until the first,
 *	  independence, traffic light.
 *
 * An exception is a loss strictly above the value at risk, with probability p = 1 - confidence.
 */
#ifndef MC_EXCEPTIONS_H
#define MC_EXCEPTIONS_H

#include <stdbool.h>

#include "hypothesis.h"

typedef struct McExceptions
{
	size_t observations;
	size_t exceptions;
	size_t first;      /* number of the first exception, from 1; 0 without any */
	size_t from[2][2]; /* from[a][b]: steps from a to b, where 1 is an exception */
	bool last;
} McExceptions;

/*
 * 1 - confidence, as it was meant: 0.01 for 0.99, which as a double lies 9e-18 lower.  The number
 * with at most 15 decimals whose complement is that double, if there is one.
 */
static inline double
mc_exception_probability(double confidence)
{
	double decimal = rint((1 - confidence) * 1e15) / 1e15;

	return 1 - decimal == confidence ? decimal : 1 - confidence;
}

/* Was it an exception?  A loss equal to the value at risk is none. */
static inline bool
mc_is_exception(double pnl, double value_at_risk)
{
	return -pnl > value_at_risk;
}

/* The next observation, in order of time.  An empty McExceptions is all zeros. */
extern void mc_exceptions_add(McExceptions *counts, bool exception);

/*
 * Proportion of failures: the likelihood ratio of k exceptions in n observations against
 * probability 1 - confidence, chi-squared with 1 degree of freedom; 0 log 0 = 0.  MC_TEST_TOO_FEW
 * with n = 0.
 */
extern McTest mc_kupiec_test(size_t exceptions, size_t observations, double confidence);

/*
 * Time until first failure: the same for the first exception at observation `first`; with first = 0
 * for no exception in n observations.
 */
extern McTest mc_tuff_test(size_t first, size_t observations, double confidence);

/*
 * Independence (chi-squared, 1 degree of freedom) and conditional coverage, the sum with Kupiec's
 * statistic of all observations (2 degrees of freedom).  MC_TEST_TOO_FEW below 2 observations.
 */
extern void mc_christoffersen_test(const McExceptions *counts, double confidence,
                                   McTest *independence, McTest *conditional);

typedef enum McZone
{
	MC_GREEN,
	MC_YELLOW,
	MC_RED
} McZone;

/* 'green', 'yellow', 'red' */
extern const char *mc_zone_name(McZone zone);

/* P(X <= k) for X binomial (n, p); k <= n. */
extern double mc_binomial_at_most(double k, double n, double p);

/*
 * Basel's zones for any n and p: yellow from the least k with P(X <= k) >= 0.95, red from the least
 * with P(X <= k) >= 0.9999; no exception at all is green whatever n is.
 */
extern McZone mc_traffic_light(size_t exceptions, size_t observations, double p);

/* The most exceptions of the green zone, and the least of the red one: n + 1 if none is. */
extern void mc_zone_bounds(size_t observations, double p, size_t *green, size_t *red);

/* The addition of the zones to Basel's multiplier, for n = 250 and p = 0.01. */
extern double mc_plus_factor_1996(size_t exceptions); /* onto 3 */
extern double mc_plus_factor_2019(size_t exceptions); /* onto 1.5 */

#endif
