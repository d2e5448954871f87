/*
 * hill.c
 *	  Hill's estimator of the tail index, and mean excesses over thresholds.
 */
#include "hill.h"

#include <math.h>

#include "double_double.h"

/* log(a / b) for a >= b > 0 */
static double
log_ratio(double a, double b)
{
	return a < 2 * b ? log1p((a - b) / b) : log(a) - log(b);
}

McStatus
mc_hill_series(const double *losses, size_t k, double *series, const McPoll *poll)
{
	double sum = 0;

	for (size_t j = 1; j <= k; j++)
	{
		sum += (double) j * log_ratio(losses[j - 1], losses[j]);
		series[j - 1] = sum / (double) j;
		if (j % MC_POLL_STEPS == 0 && mc_poll_stop(poll))
			return MC_STOPPED;
	}
	return MC_OK;
}

McStatus
mc_mean_excess(const double *losses, size_t n, double threshold, McMeanExcess *result,
               const McPoll *poll)
{
	McDD sum = {0, 0};
	double scale = n > 0 ? losses[0] - threshold : 0;
	double squares = 0;
	double mean;
	size_t k = 0;

	*result = (McMeanExcess){0, NAN, NAN};
	if (!(scale > 0))
		return MC_OK;
	if (!isfinite(scale))
		return MC_OVERFLOW;
	for (; k < n && losses[k] > threshold; k++)
	{
		sum = mc_dd_add_double(sum, (losses[k] - threshold) / scale);
		if ((k + 1) % MC_POLL_STEPS == 0 && mc_poll_stop(poll))
			return MC_STOPPED;
	}
	mean = mc_dd_value(sum) / (double) k;
	for (size_t i = 0; i < k; i++)
	{
		double d = (losses[i] - threshold) / scale - mean;

		squares += d * d;
	}
	result->exceedances = k;
	result->mean = scale * mean;
	if (k > 1)
		result->standard_error = scale * sqrt(squares / (double) (k - 1) / (double) k);
	return MC_OK;
}
