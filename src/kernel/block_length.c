/*
 * block_length.c
 *	  Block lengths by Politis and White (2004) and Patton, Politis and White (2009).
 *
 * Held against a recomputation in Python in test/oracle/bootstrap.py, and against the known optimum of an
 * autoregression in test/unit/test_block_length.c.
 */
#include "block_length.h"

#include <math.h>

#include "double_double.h"

#define RUN 5 /* autocorrelations in a row; max(5, sqrt(log10 n)) is no more for any n */
#define FEWEST 9

typedef struct Series
{
	double *x; /* less the mean, scaled */
	size_t n;
	double *covariances;
	size_t known; /* how many of them */
	const McPoll *poll;
} Series;

static size_t
most_lags(size_t n)
{
	return (size_t) ceil(sqrt((double) n)) + RUN;
}

size_t
mc_block_length_worksize(size_t n)
{
	return n + most_lags(n) + 1;
}

/* Make the autocovariances up to a lag known. */
static McStatus
know(Series *series, size_t lag)
{
	for (; series->known <= lag; series->known++)
	{
		size_t k = series->known;
		double sum = 0;

		for (size_t i = 0; i + k < series->n; i++)
			sum += series->x[i] * series->x[i + k];
		series->covariances[k] = sum / (double) series->n;
		if (mc_poll_stop(series->poll))
			return MC_STOPPED;
	}
	return MC_OK;
}

/* The lag M up to which autocovariances count. */
static McStatus
bandwidth(Series *series, size_t *lags)
{
	double n = (double) series->n;
	double bound = 2 * sqrt(log10(n) / n);
	size_t most = most_lags(series->n);
	size_t last = 1; /* significant one; the first always counts */
	size_t lag;

	for (lag = 1; lag <= most && lag <= last + RUN; lag++)
	{
		if (know(series, lag) != MC_OK)
			return MC_STOPPED;
		if (fabs(series->covariances[lag]) >= bound * series->covariances[0])
			last = lag;
	}
	*lags = 2 * last < most ? 2 * last : most;
	return know(series, *lags);
}

/* Subtract the mean, after scaling to a magnitude of one at most.  false: all values are equal. */
static bool
center(Series *series, const double *x)
{
	double n = (double) series->n;
	double largest = 0;
	McDD sum = {0, 0};
	double mean;
	bool varies = false;
	int exponent;

	for (size_t i = 0; i < series->n; i++)
	{
		largest = fmax(largest, fabs(x[i]));
		varies = varies || x[i] != x[0];
	}
	exponent = largest > 0 ? ilogb(largest) : 0;
	for (size_t i = 0; i < series->n; i++)
	{
		series->x[i] = ldexp(x[i], -exponent);
		sum = mc_dd_add_double(sum, series->x[i]);
	}
	mean = mc_dd_value(mc_dd_divide_double(sum, n));
	for (size_t i = 0; i < series->n; i++)
		series->x[i] -= mean;
	return varies;
}

static double
within(double length, double most)
{
	if (!(length >= 1))
		return 1;
	return length < most ? length : most;
}

McStatus
mc_block_length(const double *x, size_t n, double *work, double *stationary, double *circular,
                const McPoll *poll)
{
	Series series = {work, n, work + n, 0, poll};
	double most = ceil(fmin(3 * sqrt((double) n), (double) n / 3));
	double weighted = 0;
	double level;
	size_t lags = 0;

	if (n < FEWEST || !center(&series, x))
		return MC_TOO_FEW;
	if (know(&series, 0) != MC_OK || bandwidth(&series, &lags) != MC_OK)
		return MC_STOPPED;
	level = series.covariances[0];
	for (size_t k = 1; k <= lags; k++)
	{
		double at = (double) k / (double) lags;
		double taper = at <= 0.5 ? 1 : 2 * (1 - at);

		weighted += 2 * taper * (double) k * series.covariances[k];
		level += 2 * taper * series.covariances[k];
	}
	*stationary = within(cbrt(weighted * weighted / (level * level) * (double) n), most);
	*circular = within(cbrt(1.5 * weighted * weighted / (level * level) * (double) n), most);
	return MC_OK;
}
