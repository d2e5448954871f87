/*
 * garch_series.c
 *	  Returns made ready for a GARCH likelihood: scaled, centred, with their back-cast variance.
 *
 * Scaling is by powers of two, so it rounds nothing: a series in percent and one in fractions of
 * 2^-7 have the same fit to the last digit, and returns of 1e-200 or 1e200 are as good as any.
 */
#include "garch_series.h"

#include <math.h>

#include "double_double.h"

size_t
mc_garch_fewest(McGarchSpec spec)
{
	return 5 * (size_t) (4 + spec.asymmetric + spec.student);
}

static double
mean_of(const double *x, size_t n)
{
	McDD sum = {0, 0};

	for (size_t i = 0; i < n; i++)
	{
		McDD s = mc_dd_two_sum(sum.hi, x[i]);

		sum.hi = s.hi;
		sum.lo += s.lo;
	}
	return mc_dd_value(sum) / (double) n;
}

static double
mean_square(const double *x, size_t n)
{
	double even = 0;
	double odd = 0;
	size_t i;

	for (i = 0; i + 1 < n; i += 2)
	{
		even += x[i] * x[i];
		odd += x[i + 1] * x[i + 1];
	}
	if (i < n)
		even += x[i] * x[i];
	return (even + odd) / (double) n;
}

/* Is there something to fit?  Finds the least and the largest value. */
static McFit
inspect(const double *x, size_t n, McGarchSpec spec, double *least, double *most)
{
	bool finite = true;

	*least = INFINITY;
	*most = -INFINITY;
	for (size_t i = 0; i < n; i++)
	{
		finite &= x[i] - x[i] == 0;
		*least = x[i] < *least ? x[i] : *least;
		*most = x[i] > *most ? x[i] : *most;
	}
	if (!finite)
		return MC_FIT_NOT_FINITE;
	if (n < mc_garch_fewest(spec))
		return MC_FIT_TOO_FEW;
	return *least == *most ? MC_FIT_CONSTANT : MC_FIT_CONVERGED;
}

McStatus
mc_garch_prepare(const double *returns, size_t n, McGarchSpec spec, double *z,
                 McGarchSeries *series, McFit *fit, const McPoll *poll)
{
	double deviation;
	double half;
	double other_half;
	double shrink;
	double least;
	double most;
	int shift;
	int exponent;

	*fit = inspect(returns, n, spec, &least, &most);
	if (mc_poll_stop(poll))
		return MC_STOPPED;
	if (*fit != MC_FIT_CONVERGED)
		return MC_OK;
	frexp(fmax(fabs(least), fabs(most)), &shift);
	/* in two steps: 2^1074 is no double */
	half = ldexp(1, -(shift / 2));
	other_half = ldexp(1, -(shift - shift / 2));
	for (size_t i = 0; i < n; i++)
		z[i] = returns[i] * half * other_half;
	series->level = mean_of(z, n);
	for (size_t i = 0; i < n; i++)
		z[i] -= series->level;
	if (mc_poll_stop(poll))
		return MC_STOPPED;
	deviation = sqrt(mean_square(z, n));
	if (deviation == 0)
	{
		*fit = MC_FIT_CONSTANT;
		return MC_OK;
	}
	frexp(deviation, &exponent);
	shrink = ldexp(1, -exponent);
	for (size_t i = 0; i < n; i++)
		z[i] *= shrink;
	series->spec = spec;
	series->z = z;
	series->n = n;
	series->shift = shift;
	series->exponent = shift + exponent;
	series->mean = mean_of(z, n);
	series->variance = mean_square(z, n);
	series->least = (least * half * other_half - series->level) * shrink;
	series->most = (most * half * other_half - series->level) * shrink;
	series->backcast = mc_garch_backcast(z, n, series->mean);
	return mc_poll_stop(poll) ? MC_STOPPED : MC_OK;
}

double
mc_garch_backcast(const double *returns, size_t n, double mean)
{
	double weight = 1;
	double weights = 0;
	double sum = 0;

	for (size_t i = 0; i < n && i < MC_GARCH_BACKCAST_BARS; i++)
	{
		double e = returns[i] - mean;

		sum += weight * (e * e);
		weights += weight;
		weight *= MC_GARCH_BACKCAST_DECAY;
	}
	return sum / weights;
}
