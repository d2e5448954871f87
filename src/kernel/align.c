/*
 * align.c
 *	  One row of prices for all instruments out of series with times of their own.
 */
#include "align.h"

#include <math.h>

#include "log_return.h"

static inline int64_t
head(const McAlignSeries *series)
{
	return series->ts[series->next];
}

static bool
any_exhausted(const McAlign *align)
{
	for (size_t i = 0; i < align->count; i++)
		if (align->series[i].next == align->series[i].n)
			return true;
	return false;
}

/* The latest of the next times; none is exhausted. */
static int64_t
latest_head(const McAlign *align)
{
	int64_t latest = head(&align->series[0]);

	for (size_t i = 1; i < align->count; i++)
		if (head(&align->series[i]) > latest)
			latest = head(&align->series[i]);
	return latest;
}

/* The earliest of the next times; false when all are exhausted. */
static bool
earliest_head(const McAlign *align, int64_t *earliest)
{
	bool found = false;

	for (size_t i = 0; i < align->count; i++)
	{
		const McAlignSeries *series = &align->series[i];

		if (series->next < series->n && (!found || head(series) < *earliest))
		{
			*earliest = head(series);
			found = true;
		}
	}
	return found;
}

/* Pass everything before (or up to) a time; the steps it took. */
static size_t
pass(McAlignSeries *series, int64_t ts, bool inclusive)
{
	size_t start = series->next;

	while (series->next < series->n && (head(series) < ts || (inclusive && head(series) == ts)))
		series->next++;
	return series->next - start;
}

/* Each with the last price it has passed. */
static void
take_passed(const McAlign *align, double *prices)
{
	for (size_t i = 0; i < align->count; i++)
		prices[i] = align->series[i].price[align->series[i].next - 1];
}

static size_t
pass_all(McAlign *align, int64_t ts, bool inclusive)
{
	size_t steps = align->count;

	for (size_t i = 0; i < align->count; i++)
		steps += pass(&align->series[i], ts, inclusive);
	return steps;
}

static bool
all_at(const McAlign *align, int64_t ts)
{
	for (size_t i = 0; i < align->count; i++)
		if (align->series[i].next == align->series[i].n || head(&align->series[i]) != ts)
			return false;
	return true;
}

/* Have all passed a price, and none one that is too old? */
static bool
all_fresh(const McAlign *align, int64_t ts)
{
	for (size_t i = 0; i < align->count; i++)
	{
		const McAlignSeries *series = &align->series[i];

		/* unsigned: the ends of time may be far apart */
		if (series->next == 0 ||
		    (uint64_t) ts - (uint64_t) series->ts[series->next - 1] > (uint64_t) align->maximum_age)
			return false;
	}
	return true;
}

/* One step; false at the end.  *found: a row stands at *ts, and all prices up to it are passed. */
static bool
step(McAlign *align, int64_t *ts, bool *found, size_t *steps)
{
	*found = false;
	if (align->rule == MC_ALIGN_PREVIOUS)
	{
		if (!earliest_head(align, ts))
			return false;
		*steps += pass_all(align, *ts, true);
		*found = all_fresh(align, *ts);
		return true;
	}
	if (any_exhausted(align))
		return false;
	*ts = latest_head(align);
	if (align->rule == MC_ALIGN_INTERSECTION)
	{
		*steps += pass_all(align, *ts, false);
		*found = all_at(align, *ts);
		if (!*found)
			return true;
	}
	*steps += pass_all(align, *ts, true);
	*found = true;
	return true;
}

McStatus
mc_align_next(McAlign *align, int64_t *ts, double *prices, const McPoll *poll)
{
	size_t steps = 0;
	bool found = false;

	while (step(align, ts, &found, &steps))
	{
		if (found)
		{
			take_passed(align, prices);
			return MC_OK;
		}
		if (steps >= MC_POLL_STEPS)
		{
			if (mc_poll_stop(poll))
				return MC_STOPPED;
			steps = 0;
		}
	}
	return MC_TOO_FEW;
}

/* Of candidates in ascending order, NaN last. */
static double
choose(const double *candidates, size_t n, double previous)
{
	double lowest = candidates[0];
	double highest = candidates[n - 1];

	if (!isfinite(highest) || !isfinite(previous))
		return isfinite(highest) ? lowest : highest;
	return fabs(mc_log_return(previous, highest)) > fabs(mc_log_return(previous, lowest)) ? highest
	                                                                                      : lowest;
}

size_t
mc_align_compact(int64_t *ts, double *price, size_t n)
{
	size_t kept = 0;
	size_t end;

	for (size_t start = 0; start < n; start = end)
	{
		for (end = start + 1; end < n && ts[end] == ts[start]; end++)
			;
		price[kept] = choose(price + start, end - start, kept > 0 ? price[kept - 1] : NAN);
		ts[kept++] = ts[start];
	}
	return kept;
}
