/*
 * bootstrap.c
 *	  Resampling, and the statistics of a resample.
 *
 * Values are scaled by a power of two to a magnitude of about one, so that nothing overflows on the way.
 * Held against a recomputation from the same random words in test/oracle/bootstrap.py.
 */
#include "bootstrap.h"

#include <math.h>
#include <string.h>

#include "bootstrap_sample.h"
#include "moments.h"
#include "random.h"
#include "select.h"

#define STRETCH 4096 /* rows between two looks at the poll */

size_t
mc_bootstrap_worksize(size_t n)
{
	return n * (sizeof(double) + 2 * sizeof(uint32_t));
}

/* Rows of the resample from number `i` to the end of the stretch; false: stop. */
static bool
next_stretch(McBootstrapSample *sample, uint32_t i, uint32_t *end)
{
	uint32_t n = (uint32_t) sample->n;

	*end = n - i < STRETCH ? n : i + STRETCH;
	sample->steps += *end - i;
	if (sample->steps < MC_POLL_STEPS)
		return true;
	sample->steps = 0;
	return !mc_poll_stop(sample->poll);
}

static bool
draw_rows(McBootstrapSample *sample, McRandom *random)
{
	uint32_t *counts = sample->counts;
	uint32_t n = (uint32_t) sample->n;
	uint32_t reject = mc_random_reject(n);
	uint32_t i = 0;
	uint32_t end;

	while (i < n)
	{
		if (!next_stretch(sample, i, &end))
			return false;
		for (; i < end; i++)
			counts[mc_random_below(random, n, reject)]++;
	}
	return true;
}

/* A new block begins with probability 1 / block_length at every row. */
static bool
draw_stationary(McBootstrapSample *sample, McRandom *random)
{
	uint32_t n = (uint32_t) sample->n;
	uint32_t reject = mc_random_reject(n);
	uint64_t begins = (uint64_t) (0x1p32 / sample->settings->block_length);
	uint32_t row = 0;
	uint32_t i = 0;
	uint32_t end;

	while (i < n)
	{
		if (!next_stretch(sample, i, &end))
			return false;
		for (; i < end; i++)
		{
			if (i == 0 || mc_random_word(random) < begins)
				row = mc_random_below(random, n, reject);
			else
				row = row + 1 == n ? 0 : row + 1;
			sample->counts[sample->places[row]]++;
		}
	}
	return true;
}

static bool
draw_blocks(McBootstrapSample *sample, McRandom *random)
{
	uint32_t n = (uint32_t) sample->n;
	uint32_t length = (uint32_t) sample->settings->block_length;
	bool joined = sample->settings->resampling == MC_RESAMPLE_CIRCULAR;
	uint32_t starts = joined ? n : n - length + 1;
	uint32_t reject = mc_random_reject(starts);
	uint32_t left = 0; /* rows of the block */
	uint32_t row = 0;
	uint32_t i = 0;
	uint32_t end;

	while (i < n)
	{
		if (!next_stretch(sample, i, &end))
			return false;
		for (; i < end; i++, left--)
		{
			if (left == 0)
			{
				row = mc_random_below(random, starts, reject);
				left = length;
			}
			else
				row = row + 1 == n ? 0 : row + 1;
			sample->counts[sample->places[row]]++;
		}
	}
	return true;
}

static bool
draw(McBootstrapSample *sample, uint32_t replication)
{
	McResampling resampling = sample->settings->resampling;
	McRandom random;

	mc_random_start(&random, sample->settings->seed, replication, (uint32_t) resampling);
	memset(sample->counts, 0, sample->n * sizeof(uint32_t));
	if (resampling == MC_RESAMPLE_INDEPENDENT)
		return draw_rows(sample, &random);
	if (resampling == MC_RESAMPLE_STATIONARY)
		return draw_stationary(sample, &random);
	return draw_blocks(sample, &random);
}

/* VaR or ES of the resample: whole losses of the tail from the top, then a fraction of the next one. */
static double
tail_of_counts(const McBootstrapSample *sample)
{
	size_t left = sample->rank.whole;
	McDD sum = {0, 0};
	size_t i = 0;
	double es;

	for (; sample->counts[i] <= left; i++)
	{
		left -= sample->counts[i];
		sum = mc_dd_add(sum, mc_dd_two_product(sample->counts[i], sample->sorted[i]));
	}
	/* the loss of rank whole + 1 is that of VaR, and the one at the boundary */
	if (sample->settings->statistic == MC_STATISTIC_VALUE_AT_RISK)
		return sample->sorted[i];
	sum = mc_dd_add(sum, mc_dd_two_product((double) left, sample->sorted[i]));
	es = mc_tail_shortfall(sum, sample->sorted[i], &sample->rank);
	return es > sample->sorted[0] ? sample->sorted[0] : es;
}

/* Sample standard deviation, in two passes. */
static double
volatility_of_counts(const McBootstrapSample *sample)
{
	double n = (double) sample->n;
	double mean = 0;
	double squares = 0;

	for (size_t i = 0; i < sample->n; i++)
		mean += sample->counts[i] * sample->sorted[i];
	mean /= n;
	for (size_t i = 0; i < sample->n; i++)
	{
		double d = sample->sorted[i] - mean;

		squares += sample->counts[i] * (d * d);
	}
	return sqrt(squares / (n - 1));
}

static double
statistic_of_counts(const McBootstrapSample *sample)
{
	return sample->settings->statistic == MC_STATISTIC_VOLATILITY ? volatility_of_counts(sample)
	                                                              : tail_of_counts(sample);
}

/* The place of each row among the sorted values: the first of equal ones. */
static McStatus
find_places(McBootstrapSample *sample, const double *values)
{
	for (size_t i = 0; i < sample->n; i++)
	{
		size_t low = 0;
		size_t high = sample->n - 1;

		while (low < high)
		{
			size_t middle = low + (high - low) / 2;

			if (sample->sorted[middle] > values[i])
				low = middle + 1;
			else
				high = middle;
		}
		sample->places[i] = (uint32_t) low;
		if (mc_bootstrap_must_stop(sample))
			return MC_STOPPED;
	}
	return MC_OK;
}

/* The volatility of the rows, with the digits of the aggregate volatility. */
static McStatus
exact_volatility(McBootstrapSample *sample, const double *values, double *vol)
{
	double a[MC_MOMENTS_LARGEST];
	double b[MC_MOMENTS_LARGEST];
	double *state = a;
	double *other = b;

	mc_moments_init(state);
	for (size_t i = 0; i < sample->n; i++)
	{
		if (!mc_moments_add(state, values[i]))
		{
			double *narrow = state;

			mc_moments_widen(narrow, values[i], other);
			state = other;
			other = narrow;
			mc_moments_add(state, values[i]);
		}
		if (mc_bootstrap_must_stop(sample))
			return MC_STOPPED;
	}
	return mc_moments_sd(state, vol);
}

/* Scale the sorted values, and for volatility take off their mean. */
static void
scale_values(McBootstrapSample *sample)
{
	double largest = fmax(fabs(sample->sorted[0]), fabs(sample->sorted[sample->n - 1]));
	McDD sum = {0, 0};
	double mean;

	sample->exponent = largest > 0 ? ilogb(largest) : 0;
	for (size_t i = 0; i < sample->n; i++)
	{
		sample->sorted[i] = ldexp(sample->sorted[i], -sample->exponent);
		sum = mc_dd_add_double(sum, sample->sorted[i]);
	}
	if (sample->settings->statistic != MC_STATISTIC_VOLATILITY)
		return;
	mean = mc_dd_value(mc_dd_divide_double(sum, (double) sample->n));
	for (size_t i = 0; i < sample->n; i++)
		sample->sorted[i] -= mean;
}

/* Sort, measure, scale: *estimate is that of the rows as they are. */
static McStatus
prepare(McBootstrapSample *sample, const double *values, double *estimate)
{
	const McBootstrap *settings = sample->settings;
	McStatus status;
	double var;
	double es;

	memcpy(sample->sorted, values, sample->n * sizeof(double));
	status = mc_sort_descending(sample->sorted, sample->n, sample->poll);
	if (status != MC_OK)
		return status;
	if (settings->resampling != MC_RESAMPLE_INDEPENDENT)
		status = find_places(sample, values);
	if (status == MC_OK && settings->statistic == MC_STATISTIC_VOLATILITY)
		status = exact_volatility(sample, values, estimate);
	else if (status == MC_OK)
	{
		sample->rank = mc_tail_rank(sample->n, settings->confidence);
		mc_tail_measures(sample->sorted, &sample->rank, &var, &es);
		*estimate = settings->statistic == MC_STATISTIC_VALUE_AT_RISK ? var : es;
	}
	scale_values(sample);
	return status;
}

McStatus
mc_bootstrap(const McBootstrap *settings, const double *values, size_t n, void *work,
             double *replicates, double *unit, McBootstrapResult *result, const McPoll *poll)
{
	McBootstrapSample sample;
	McStatus status;

	if (n < (settings->statistic == MC_STATISTIC_VOLATILITY ? 2 : 1))
		return MC_TOO_FEW;
	memset(&sample, 0, sizeof(sample));
	sample.settings = settings;
	sample.n = n;
	sample.sorted = work;
	sample.counts = (uint32_t *) (void *) (sample.sorted + n);
	sample.places = sample.counts + n;
	sample.poll = poll;
	status = prepare(&sample, values, &result->estimate);
	if (status != MC_OK)
		return status;
	for (uint32_t i = 0; i < settings->replications; i++)
	{
		if (!draw(&sample, i))
			return MC_STOPPED;
		replicates[i] = statistic_of_counts(&sample);
	}
	*unit = ldexp(1, sample.exponent);
	return mc_bootstrap_interval(&sample, replicates, result);
}
