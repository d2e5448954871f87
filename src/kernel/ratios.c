/*
 * ratios.c
 *	  Performance ratios of simple period returns.
 */
#include "ratios.h"

#include <gsl/gsl_cdf.h>
#include <math.h>

#include "exact_sum.h"

static double
mean_of(const McExactSum *sum, double n)
{
	return mc_dd_value(mc_exact_sum_value(sum)) / n;
}

static bool
stop_at(size_t i, const McPoll *poll)
{
	return (i + 1) % MC_POLL_STEPS == 0 && mc_poll_stop(poll);
}

/* mean and deviation; MC_TOO_FEW also for a deviation of 0 */
static McStatus
mean_and_deviation(const double *x, size_t n, double *mean, double *sd, const McPoll *poll)
{
	McExactSum sum;
	McStatus status;

	mc_exact_sum_init(&sum);
	for (size_t i = 0; i < n; i++)
	{
		mc_exact_sum_add(&sum, x[i]);
		if (stop_at(i, poll))
			return MC_STOPPED;
	}
	if (mc_exact_sum_not_finite(&sum))
		return MC_OVERFLOW;
	status = mc_moments_sd(sum.state, sd);
	if (status != MC_OK || *sd == 0)
		return status == MC_OK ? MC_TOO_FEW : status;
	*mean = mean_of(&sum, (double) n);
	return MC_OK;
}

McStatus
mc_sharpe_ratio(const double *excess, size_t n, double *ratio, const McPoll *poll)
{
	double mean;
	double sd;
	McStatus status = mean_and_deviation(excess, n, &mean, &sd, poll);

	if (status != MC_OK)
		return status;
	*ratio = mean / sd;
	return isfinite(*ratio) ? MC_OK : MC_OVERFLOW;
}

double
mc_sharpe_error(double ratio, double skewness, double kurtosis, double n, McSharpeError method)
{
	double square = ratio * ratio;

	if (method == MC_SHARPE_LO)
		return sqrt((1 + square / 2) / n);
	/* not below 0: kurtosis >= 1 + skewness^2 */
	return sqrt(fmax(1 - skewness * ratio + (kurtosis - 1) * square / 4, 0) / (n - 1));
}

McStatus
mc_sharpe_test(const double *excess, size_t n, McSharpeError method, double confidence,
               McSharpeTest *test, const McPoll *poll)
{
	McExactSum cubes;
	McExactSum fourths;
	double mean;
	double sd;
	double unit; /* sd / deviation with divisor n */
	double width;
	McStatus status = mean_and_deviation(excess, n, &mean, &sd, poll);

	if (status != MC_OK)
		return status;
	mc_exact_sum_init(&cubes);
	mc_exact_sum_init(&fourths);
	for (size_t i = 0; i < n; i++)
	{
		double d = (excess[i] - mean) / sd;

		mc_exact_sum_add(&cubes, d * d * d);
		mc_exact_sum_add(&fourths, d * d * d * d);
		if (stop_at(i, poll))
			return MC_STOPPED;
	}
	unit = sqrt((double) n / ((double) n - 1));
	test->skewness = mean_of(&cubes, (double) n) * unit * unit * unit;
	test->kurtosis = mean_of(&fourths, (double) n) * unit * unit * unit * unit;
	test->ratio = mean / sd;
	test->standard_error =
	    mc_sharpe_error(test->ratio, test->skewness, test->kurtosis, (double) n, method);
	width = gsl_cdf_ugaussian_Qinv((1 - confidence) / 2) * test->standard_error;
	test->lower = test->ratio - width;
	test->upper = test->ratio + width;
	/* an error of 0 leaves no doubt of the sign */
	test->probability_positive = test->standard_error > 0
	                                 ? gsl_cdf_ugaussian_P(test->ratio / test->standard_error)
	                                 : test->ratio > 0;
	return isfinite(test->upper) && isfinite(test->lower) ? MC_OK : MC_OVERFLOW;
}

McStatus
mc_downside(const double *returns, size_t n, double target, McDownside *downside,
            const McPoll *poll)
{
	McExactSum above;
	McExactSum below;

	if (n == 0)
		return MC_TOO_FEW;
	mc_exact_sum_init(&above);
	mc_exact_sum_init(&below);
	for (size_t i = 0; i < n; i++)
	{
		double d = returns[i] - target;

		mc_exact_sum_add(d > 0 ? &above : &below, d);
		if (stop_at(i, poll))
			return MC_STOPPED;
	}
	if (mc_exact_sum_not_finite(&above) || mc_exact_sum_not_finite(&below))
		return MC_OVERFLOW;
	downside->mean =
	    mc_dd_value(mc_dd_add(mc_exact_sum_value(&above), mc_exact_sum_value(&below))) / (double) n;
	downside->upside = mean_of(&above, (double) n);
	downside->potential = 0 - mean_of(&below, (double) n);
	downside->deviation = mc_exact_sum_root_mean_square(&below, (double) n);
	return isfinite(downside->mean) ? MC_OK : MC_OVERFLOW;
}
