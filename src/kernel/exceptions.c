/*
 * exceptions.c
 *	  Backtests of value at risk that count exceptions: coverage, time until the first,
 *	  independence, traffic light.
 *
 * Every likelihood ratio here is a binomial deviance: k exceptions in n trials of probability p
 * give
 *
 *	  LR = 2 [ D(k, n p) + D(n - k, n (1 - p)) ],  D(x, m) = x log(x / m) + m - x
 *
 * with D(0, m) = m, which is 0 log 0 = 0.  Written so, nothing cancels when k is close to n p.
 *
 * P. H. Kupiec, "Techniques for verifying the accuracy of risk measurement models", J. Derivatives
 * 3 (1995) 73-84; P. F. Christoffersen, "Evaluating interval forecasts", Int. Econ. Review 39
 * (1998) 841-862; Basel Committee, "Supervisory framework for the use of backtesting" (1996), and
 * MAR99 (2019).  Relative error of a statistic below 1e-12 but for that of p
 * (test/unit/test_exceptions.c).
 */
#include <gsl/gsl_randist.h>
#include <gsl/gsl_sf_log.h>

#include "exceptions.h"

#define YELLOW_FROM 0.95
#define RED_FROM 0.9999

void
mc_exceptions_add(McExceptions *counts, bool exception)
{
	if (counts->observations > 0)
		counts->from[counts->last][exception]++;
	counts->observations++;
	counts->exceptions += exception;
	if (exception && counts->first == 0)
		counts->first = counts->observations;
	counts->last = exception;
}

/* D(x, m) above */
static double
deviance(double x, double m)
{
	double d;
	gsl_sf_result log_less_d; /* log(1 + d) - d */

	if (!(m > 0) || x == 0)
		return m > 0 ? m : 0;
	d = (x - m) / m;
	if (!(fabs(d) < 0.5))
		return x * (isinf(x / m) ? log(x) - log(m) : log(x / m)) + m - x;
	gsl_sf_log_1plusx_mx_e(d, &log_less_d);
	return m * ((1 + d) * log_less_d.val + d * d);
}

/* of k in n against probabilities p and q = 1 - p */
static double
likelihood_ratio(size_t exceptions, size_t observations, double p, double q)
{
	double k = (double) exceptions;
	double n = (double) observations;

	return 2 * (deviance(k, n * p) + deviance(n - k, n * q));
}

McTest
mc_kupiec_test(size_t exceptions, size_t observations, double confidence)
{
	double p = mc_exception_probability(confidence);

	if (observations == 0)
		return mc_no_test(MC_TEST_TOO_FEW, 0);
	return mc_chi_squared_test(likelihood_ratio(exceptions, observations, p, confidence), 1,
	                           observations);
}

McTest
mc_tuff_test(size_t first, size_t observations, double confidence)
{
	McTest test = mc_kupiec_test(first > 0, first > 0 ? first : observations, confidence);

	test.observations = observations;
	return test;
}

void
mc_christoffersen_test(const McExceptions *counts, double confidence, McTest *independence,
                       McTest *conditional)
{
	size_t n = counts->observations;
	size_t from_none = counts->from[0][0] + counts->from[0][1];
	size_t from_one = counts->from[1][0] + counts->from[1][1];
	double share; /* of steps that end in an exception */
	double rest;
	double statistic;

	*independence = *conditional = mc_no_test(MC_TEST_TOO_FEW, n);
	if (n < 2)
		return;
	share = (double) (counts->from[0][1] + counts->from[1][1]) / (double) (n - 1);
	rest = (double) (counts->from[0][0] + counts->from[1][0]) / (double) (n - 1);
	statistic = likelihood_ratio(counts->from[0][1], from_none, share, rest) +
	            likelihood_ratio(counts->from[1][1], from_one, share, rest);
	*independence = mc_chi_squared_test(statistic, 1, n);
	statistic =
	    independence->statistic + mc_kupiec_test(counts->exceptions, n, confidence).statistic;
	*conditional = mc_chi_squared_test(statistic, 2, n);
}

const char *
mc_zone_name(McZone zone)
{
	static const char *const names[] = {"green", "yellow", "red"};

	return names[zone];
}

/*
 * Beyond 10^9 trials GSL's incomplete beta function loses digits: a normal distribution with a
 * term for the skewness is right to 1e-8 there, unless exceptions are so rare that the function is
 * right still.
 */
static double
binomial_of_many(double k, double n, double p)
{
	double sd = sqrt(n * p * (1 - p));
	double z = (k + 0.5 - n * p) / sd;
	double skewness = (1 - 2 * p) / sd;

	return gsl_cdf_ugaussian_P(z) - skewness / 6 * (z * z - 1) * gsl_ran_ugaussian_pdf(z);
}

double
mc_binomial_at_most(double k, double n, double p)
{
	double probability;

	if (!(k < n))
		return 1;
	/* an incomplete beta function, for n beyond the integers of gsl_cdf_binomial_P */
	probability = n > 1e9 && n * p * (1 - p) > 1e7 ? binomial_of_many(k, n, p)
	                                               : gsl_cdf_beta_Q(p, k + 1, n - k);
	return fmin(1, fmax(0, probability));
}

McZone
mc_traffic_light(size_t exceptions, size_t observations, double p)
{
	double probability = mc_binomial_at_most((double) exceptions, (double) observations, p);

	if (exceptions == 0 || probability < YELLOW_FROM)
		return MC_GREEN;
	return probability < RED_FROM ? MC_YELLOW : MC_RED;
}

/* The least k from 1 to n + 1 with P(X <= k) >= bound, by halving. */
static size_t
first_at_least(size_t n, double p, double bound)
{
	size_t low = 1;
	size_t high = n + 1;

	while (low < high)
	{
		size_t middle = low + (high - low) / 2;

		if (mc_binomial_at_most((double) middle, (double) n, p) < bound)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void
mc_zone_bounds(size_t observations, double p, size_t *green, size_t *red)
{
	*green = first_at_least(observations, p, YELLOW_FROM) - 1;
	*red = first_at_least(observations, p, RED_FROM);
}

static size_t
yellow_step(size_t exceptions)
{
	return exceptions < 5 ? 0 : exceptions < 10 ? exceptions - 4 : 6;
}

double
mc_plus_factor_1996(size_t exceptions)
{
	static const double factors[] = {0, 0.40, 0.50, 0.65, 0.75, 0.85, 1};

	return factors[yellow_step(exceptions)];
}

double
mc_plus_factor_2019(size_t exceptions)
{
	static const double factors[] = {0, 0.20, 0.26, 0.33, 0.38, 0.42, 0.50};

	return factors[yellow_step(exceptions)];
}
