/*
 * price_series.c
 *	  Order, duplicates, returns and defects of a price series.
 */
#include "price_series.h"

#include <math.h>

#include "double_double.h"
#include "log_return.h"
#include "select.h"
#include "series_sort.h"

size_t
mc_price_rows_compact(int64_t *ts, double *price, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
	{
		if (!mc_price_row_usable(ts[i], price[i]))
			continue;
		ts[kept] = ts[i];
		price[kept++] = price[i];
	}
	return kept;
}

bool
mc_price_rows_ascending(const int64_t *ts, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (ts[i] <= ts[i - 1])
			return false;
	return true;
}

/* high * low > previous^2, exactly: is ln(high / previous) the larger of two moves apart? */
static bool
product_exceeds_square(double high, double low, double previous)
{
	int high_exponent;
	int low_exponent;
	int previous_exponent;
	int shift;
	McDD product;
	McDD square;
	McDD difference;

	high = frexp(high, &high_exponent);
	low = frexp(low, &low_exponent);
	previous = frexp(previous, &previous_exponent);
	shift = high_exponent + low_exponent - 2 * previous_exponent;
	if (shift > 2 || shift < -2)
		return shift > 0;
	product = mc_dd_two_product(ldexp(high, shift), low);
	square = mc_dd_two_product(previous, previous);
	difference = mc_dd_add(product, mc_dd_negate(square));
	return mc_dd_value(difference) > 0;
}

/* of the lowest and the highest price at one ts, the one farther from the previous one */
static double
farther_price(double previous, double low, double high)
{
	if (low == high || high <= previous)
		return low;
	if (low >= previous)
		return high;
	return product_exceeds_square(high, low, previous) ? high : low;
}

McStatus
mc_price_rows_order(int64_t *ts, double *price, size_t n, int64_t *ts_work, double *price_work,
                    size_t *kept, const McPoll *poll)
{
	McStatus status = mc_series_sort(ts, price, n, ts_work, price_work, poll);
	size_t out = 0;
	size_t last;

	if (status != MC_OK)
		return status;
	for (size_t first = 0; first < n; first = last + 1)
	{
		for (last = first; last + 1 < n && ts[last + 1] == ts[first]; last++)
			;
		ts_work[out] = ts[first];
		price_work[out] =
		    out == 0 ? price[first] : farther_price(price_work[out - 1], price[first], price[last]);
		if (++out % MC_POLL_STEPS == 0 && mc_poll_stop(poll))
			return MC_STOPPED;
	}
	*kept = out;
	return MC_OK;
}

/* Bar i less the bar before it; timestamps reach further apart than an int64 can say. */
static int64_t
step_at(const McPriceSeries *s, size_t i)
{
	uint64_t step = (uint64_t) s->ts[i] - (uint64_t) s->ts[i - 1];

	return step > INT64_MAX ? INT64_MAX : (int64_t) step;
}

/* Returns and stale prices; *candidate is the only step that can be a majority (Boyer and Moore). */
static McStatus
returns_fill(McPriceSeries *s, int64_t *candidate, const McPoll *poll)
{
	int64_t votes = 0;
	size_t stale = 0;

	for (size_t i = 1; i < s->n; i++)
	{
		int64_t step = step_at(s, i);

		s->returns[i - 1] = mc_log_return(s->price[i - 1], s->price[i]);
		stale += s->price[i] == s->price[i - 1];
		if (votes == 0)
			*candidate = step;
		votes += step == *candidate ? 1 : -1;
		if (i % MC_POLL_STEPS == 0 && mc_poll_stop(poll))
			return MC_STOPPED;
	}
	s->stale = stale;
	return MC_OK;
}

static size_t
steps_count(const McPriceSeries *s, int64_t step)
{
	size_t count = 0;

	for (size_t i = 1; i < s->n; i++)
		count += step_at(s, i) == step;
	return count;
}

/* The lower median of the steps: a majority, if there is one, is both medians. */
static McStatus
median_step(McPriceSeries *s, int64_t candidate, double *scratch, const McPoll *poll)
{
	size_t steps = s->n - 1;
	size_t rank = steps - (steps - 1) / 2; /* from the largest */
	McStatus status;

	if (steps_count(s, candidate) > steps / 2)
	{
		s->bar_interval = candidate;
		return MC_OK;
	}
	/* exact below 2^53 microseconds, 285 years */
	for (size_t i = 0; i < steps; i++)
		scratch[i] = (double) step_at(s, i + 1);
	status = mc_select_largest(scratch, steps, rank, poll);
	if (status == MC_OK)
		s->bar_interval = scratch[rank - 1] < 0x1p63 ? (int64_t) scratch[rank - 1] : INT64_MAX;
	return status;
}

static void
defects_count(McPriceSeries *s, double jump_bound)
{
	/* a whole step is above one and a half intervals when it is above the whole part of that */
	int64_t interval = s->bar_interval;
	int64_t widest = interval > INT64_MAX / 2 ? INT64_MAX : interval + interval / 2;
	size_t gaps = 0;
	size_t jumps = 0;

	for (size_t i = 1; i < s->n; i++)
	{
		gaps += step_at(s, i) > widest;
		if (fabs(s->returns[i - 1]) > jump_bound)
		{
			jumps++;
			s->last_jump = s->ts[i];
		}
	}
	s->gaps = gaps;
	s->jumps = jumps;
}

size_t
mc_price_series_listing(const McPriceSeries *s, size_t start, int64_t gap)
{
	size_t end = start + 1;

	while (end < s->n && (gap == 0 || step_at(s, end) <= gap))
		end++;
	return end - start;
}

void
mc_price_series_restart(McPriceSeries *s, int64_t gap)
{
	size_t start = 0;
	size_t length = s->n > 0 ? mc_price_series_listing(s, 0, gap) : 0;

	while (start + length < s->n)
	{
		s->restarts++;
		start += length;
		length = mc_price_series_listing(s, start, gap);
	}
	s->ts += start;
	s->price += start;
	s->n -= start;
}

McStatus
mc_price_series_measure(McPriceSeries *s, int64_t bar_interval, double jump_bound, double *scratch,
                        const McPoll *poll)
{
	int64_t candidate = 0;
	McStatus status;

	s->gaps = s->stale = s->jumps = s->idle = 0;
	s->bar_interval = bar_interval;
	s->last_jump = 0;
	if (s->n < 2)
		return MC_OK;
	status = returns_fill(s, &candidate, poll);
	if (status == MC_OK && bar_interval == 0)
		status = median_step(s, candidate, scratch, poll);
	if (status != MC_OK)
		return status;
	defects_count(s, jump_bound);
	while (s->idle < s->n - 1 && s->returns[s->n - 2 - s->idle] == 0)
		s->idle++;
	return mc_poll_stop(poll) ? MC_STOPPED : MC_OK;
}
