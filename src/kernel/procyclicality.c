/*
 * procyclicality.c
 *	  How a path of margins followed the market, and what it covered.
 */
#include "procyclicality.h"

#include <math.h>
#include <string.h>

#include "exact_sum.h"
#include "log_return.h"
#include "select.h"
#include "series_sort.h"

#define DAY INT64_C(86400000000)
#define HIGH 0.99

const size_t mc_rise_horizons[MC_RISE_HORIZONS] = {1, 5, 30};

static inline bool
stop_at(size_t i, const McPoll *poll)
{
	return i % MC_POLL_STEPS == MC_POLL_STEPS - 1 && mc_poll_stop(poll);
}

size_t
mc_margin_path_worksize(size_t n)
{
	return 3 * n * sizeof(double);
}

/* column[i] = column[order[i]], by way of `copy` */
static McStatus
permute(double *column, const double *order, size_t n, double *copy, const McPoll *poll)
{
	memcpy(copy, column, n * sizeof(double));
	for (size_t i = 0; i < n; i++)
	{
		column[i] = copy[(size_t) order[i]];
		if (stop_at(i, poll))
			return MC_STOPPED;
	}
	return MC_OK;
}

/* The times are sorted with their numbers, and the columns follow. */
McStatus
mc_margin_path_order(McMarginPath *path, void *work, const McPoll *poll)
{
	double *order = work;
	double *copy = order + path->n;
	int64_t *ts_copy = (int64_t *) (copy + path->n);
	size_t ascending = 1;
	McStatus status;

	while (ascending < path->n && path->ts[ascending - 1] <= path->ts[ascending])
		ascending++;
	if (ascending >= path->n)
		return MC_OK;
	for (size_t i = 0; i < path->n; i++)
		order[i] = (double) i;
	status = mc_series_sort(path->ts, order, path->n, ts_copy, copy, poll);
	if (status == MC_OK)
		status = permute(path->margin, order, path->n, copy, poll);
	if (status == MC_OK && path->loss != NULL)
		status = permute(path->loss, order, path->n, copy, poll);
	return status;
}

size_t
mc_margin_path_duplicate(const McMarginPath *path)
{
	for (size_t i = 1; i < path->n; i++)
		if (path->ts[i] == path->ts[i - 1])
			return i;
	return 0;
}

/* Days from 1 January 0000 to 1 January of a year, 0 to 400, of the proleptic Gregorian calendar. */
static int64_t
days_before(int64_t year)
{
	return 365 * year + (year + 3) / 4 - (year + 99) / 100 + (year + 399) / 400;
}

/* 400 years have 146097 days; a thousand times as many are put in front, so that nothing is negative. */
int64_t
mc_year_of(int64_t ts)
{
	int64_t day = ts / DAY - (ts % DAY < 0) + 730485 + 146097 * 1000;
	int64_t year = day % 146097 / 366; /* or later, by two at most */

	while (days_before(year + 1) <= day % 146097)
		year++;
	return year + (day / 146097 - 1000) * 400;
}

/* NaN of nothing */
static double
mean_of(double sum, size_t n)
{
	return n > 0 ? sum / (double) n : NAN;
}

static McStatus
measure_level(const McMarginPath *path, McProcyclicality *result, const McPoll *poll)
{
	McExactSum sum;

	mc_exact_sum_init(&sum);
	result->lowest = result->highest = path->margin[0];
	for (size_t i = 0; i < path->n; i++)
	{
		mc_exact_sum_add(&sum, path->margin[i]);
		result->lowest = fmin(result->lowest, path->margin[i]);
		result->highest = fmax(result->highest, path->margin[i]);
		if (stop_at(i, poll))
			return MC_STOPPED;
	}
	result->average = mc_exact_sum_value(&sum).hi / (double) path->n;
	result->peak_to_trough = result->highest / result->lowest;
	return isfinite(result->average) && isfinite(result->peak_to_trough) ? MC_OK : MC_OVERFLOW;
}

static McStatus
measure_years(const McMarginPath *path, McProcyclicality *result, const McPoll *poll)
{
	double sum = 0;

	for (size_t from = 0, to; from < path->n; from = to)
	{
		int64_t year = mc_year_of(path->ts[from]);
		double lowest = path->margin[from];
		double highest = path->margin[from];

		for (to = from + 1; to < path->n && mc_year_of(path->ts[to]) == year; to++)
		{
			lowest = fmin(lowest, path->margin[to]);
			highest = fmax(highest, path->margin[to]);
			if (stop_at(to, poll))
				return MC_STOPPED;
		}
		if (to - from < MC_YEAR_OBSERVATIONS)
			continue;
		result->years++;
		sum += highest / lowest;
	}
	result->peak_to_trough_within_year = mean_of(sum, result->years);
	return MC_OK;
}

McStatus
mc_margin_increase(const McMarginPath *path, size_t steps, McMarginIncrease *result,
                   const McPoll *poll)
{
	const double *m = path->margin;

	if (path->n <= steps)
		return MC_TOO_FEW;
	for (size_t i = steps; i < path->n; i++)
	{
		double rise = m[i] / m[i - steps] - 1;

		if (i == steps || rise > result->rise)
			*result = (McMarginIncrease){rise, i - steps, i};
		if (stop_at(i, poll))
			return MC_STOPPED;
	}
	return isfinite(result->rise) ? MC_OK : MC_OVERFLOW;
}

/*
 * The lowest margin of the days before is at the front of a queue of indices whose margins ascend
 * (D. Lemire, Nordic J. Computing 13 (2006) 328): every index enters and leaves it once.
 */
static McStatus
rise_in_days(const McMarginPath *path, size_t days, size_t *queue, double *rise, const McPoll *poll)
{
	const double *m = path->margin;
	size_t head = 0;
	size_t tail = 0;

	for (size_t i = 0; i < path->n; i++)
	{
		/* unsigned: the whole range of times is wider than an int64 */
		while (head < tail &&
		       (uint64_t) path->ts[i] - (uint64_t) path->ts[queue[head]] > days * DAY)
			head++;
		if (head < tail)
			*rise = fmax(*rise, m[i] / m[queue[head]] - 1);
		while (head < tail && m[queue[tail - 1]] >= m[i])
			tail--;
		queue[tail++] = i;
		if (stop_at(i, poll))
			return MC_STOPPED;
	}
	return isinf(*rise) ? MC_OVERFLOW : MC_OK;
}

/* Quantile of type 7 of the increases over some steps, those that a path of n > steps has. */
static McStatus
high_rise(const McMarginPath *path, size_t steps, double *rises, double *high, const McPoll *poll)
{
	size_t n = path->n - steps;
	double position = HIGH * (double) (n - 1);
	size_t below = (size_t) position;
	double next;
	McStatus status;

	for (size_t i = 0; i < n; i++)
	{
		rises[i] = path->margin[i + steps] / path->margin[i] - 1;
		if (stop_at(i, poll))
			return MC_STOPPED;
	}
	status = mc_select_largest(rises, n, n - below, poll);
	if (status != MC_OK)
		return status;
	*high = next = rises[n - below - 1];
	/* the next larger one stands somewhere before it */
	for (size_t i = 0; i + below + 1 < n; i++)
		next = i == 0 ? rises[i] : fmin(next, rises[i]);
	*high += (next - *high) * (position - (double) below);
	return MC_OK;
}

static McStatus
measure_rises(const McMarginPath *path, void *work, McProcyclicality *result, const McPoll *poll)
{
	McStatus status;

	for (int h = 0; h < MC_RISE_HORIZONS; h++)
	{
		size_t steps = mc_rise_horizons[h];
		McMarginIncrease largest;

		status = rise_in_days(path, steps, work, &result->rise_in_days[h], poll);
		if (status != MC_OK)
			return status;
		status = mc_margin_increase(path, steps, &largest, poll);
		if (status == MC_TOO_FEW)
			continue;
		if (status != MC_OK)
			return status;
		result->rise[h] = largest.rise;
		if (h < 2)
			status = high_rise(path, steps, work, &result->high_rise[h], poll);
		if (status != MC_OK)
			return status;
	}
	return MC_OK;
}

static McStatus
measure_log_changes(const McMarginPath *path, double *changes, McProcyclicality *result,
                    const McPoll *poll)
{
	size_t n = path->n - 1;
	McExactSum sum;
	double mean;

	if (n < 2)
		return MC_OK;
	mc_exact_sum_init(&sum);
	for (size_t i = 0; i < n; i++)
	{
		changes[i] = mc_log_return(path->margin[i], path->margin[i + 1]);
		mc_exact_sum_add(&sum, changes[i]);
		if (stop_at(i, poll))
			return MC_STOPPED;
	}
	mean = mc_exact_sum_value(&sum).hi / (double) n;
	mc_exact_sum_init(&sum);
	for (size_t i = 0; i < n; i++)
	{
		mc_exact_sum_add(&sum, changes[i] - mean);
		if (stop_at(i, poll))
			return MC_STOPPED;
	}
	result->log_change_deviation = mc_exact_sum_root_mean_square(&sum, (double) (n - 1));
	return MC_OK;
}

/* coverage, shortfalls and excess of the margins whose losses are known */
static McStatus
measure_coverage(const McMarginPath *path, McProcyclicality *result, const McPoll *poll)
{
	McExactSum shortfall;
	McExactSum excess;

	mc_exact_sum_init(&shortfall);
	mc_exact_sum_init(&excess);
	for (size_t i = 0; i < path->n; i++)
	{
		double beyond = path->loss[i] - path->margin[i];

		if (stop_at(i, poll))
			return MC_STOPPED;
		if (isnan(beyond))
			continue;
		if (isinf(beyond))
			return MC_OVERFLOW;
		result->losses++;
		mc_exact_sum_add(&excess, fmax(-beyond, 0));
		if (!(beyond > 0))
			continue;
		result->exceptions++;
		mc_exact_sum_add(&shortfall, beyond);
		result->largest_shortfall = fmax(result->largest_shortfall, beyond);
	}
	result->coverage = mean_of((double) (result->losses - result->exceptions), result->losses);
	result->average_excess = mean_of(mc_exact_sum_value(&excess).hi, result->losses);
	result->average_shortfall = mean_of(mc_exact_sum_value(&shortfall).hi, result->exceptions);
	return isinf(result->average_excess) || isinf(result->average_shortfall) ? MC_OVERFLOW : MC_OK;
}

McStatus
mc_procyclicality(const McMarginPath *path, void *work, McProcyclicality *result,
                  const McPoll *poll)
{
	McStatus status;

	memset(result, 0, sizeof(*result));
	result->peak_to_trough_within_year = result->log_change_deviation = NAN;
	for (int h = 0; h < MC_RISE_HORIZONS; h++)
		result->rise[h] = result->rise_in_days[h] = NAN;
	result->high_rise[0] = result->high_rise[1] = NAN;
	result->coverage = result->average_shortfall = NAN;
	result->largest_shortfall = result->average_excess = NAN;

	status = measure_level(path, result, poll);
	if (status == MC_OK)
		status = measure_years(path, result, poll);
	if (status == MC_OK)
		status = measure_log_changes(path, work, result, poll);
	if (status == MC_OK)
		status = measure_rises(path, work, result, poll);
	if (status == MC_OK && path->loss != NULL)
		status = measure_coverage(path, result, poll);
	return status;
}
