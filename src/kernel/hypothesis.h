/*
 * hypothesis.h
 *	  The outcome of a hypothesis test, and what the tests share.
 */
#ifndef MC_HYPOTHESIS_H
#define MC_HYPOTHESIS_H

#include <math.h>
#include <stddef.h>

#include <gsl/gsl_cdf.h>

typedef enum McTestStatus
{
	MC_TEST_OK,
	MC_TEST_SINGULAR,  /* regressors depend on each other: fewer degrees of freedom */
	MC_TEST_TOO_FEW,   /* not enough observations: no statistic */
	MC_TEST_CONSTANT,  /* no variation: no statistic */
	MC_TEST_NOT_FINITE /* a NaN or infinite observation: no statistic */
} McTestStatus;

typedef struct McTest
{
	double statistic;
	double p_value;
	double degrees_of_freedom;
	size_t observations; /* that the statistic was computed from */
	McTestStatus status;
} McTest;

/* Are there a statistic and a p-value? */
static inline int
mc_test_usable(const McTest *test)
{
	return test->status <= MC_TEST_SINGULAR;
}

/* 'ok', 'singular', 'too_few', 'constant', 'not_finite' */
static inline const char *
mc_test_status_name(McTestStatus status)
{
	static const char *const names[] = {"ok", "singular", "too_few", "constant", "not_finite"};

	return names[status];
}

static inline McTest
mc_no_test(McTestStatus status, size_t observations)
{
	McTest test = {NAN, NAN, NAN, observations, status};

	return test;
}

/* A statistic that is chi-squared under the null hypothesis; rounding below 0 is 0. */
static inline McTest
mc_chi_squared_test(double statistic, double degrees_of_freedom, size_t observations)
{
	McTest test = {statistic > 0 ? statistic : 0, NAN, degrees_of_freedom, observations,
	               MC_TEST_OK};

	test.p_value = gsl_cdf_chisq_Q(test.statistic, degrees_of_freedom);
	return test;
}

/* The power of two that brings the largest magnitude to [1/2, 1): statistics free of scale are
 * computed with values of that size, and squares neither overflow nor vanish. */
static inline double
mc_unit_scale(const double *x, size_t n)
{
	double largest = 0;
	int exponent;

	for (size_t i = 0; i < n; i++)
		largest = fmax(largest, fabs(x[i]));
	if (!(largest > 0))
		return 1;
	frexp(largest, &exponent);
	return ldexp(1, exponent < -1000 ? 1000 : -exponent);
}

#endif
