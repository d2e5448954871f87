/*
 * series_sort.c
 *	  Put a price series in time order: natural merge sort of (ts, price) pairs.
 *
 * D. E. Knuth, TAOCP 3, 5.2.4, algorithm N, in its bottom-up form.  Feeds arrive nearly in order,
 * which leaves few runs; a library qsort would neither notice that nor stop for a cancel.
 */
#include "series_sort.h"

typedef struct Pairs
{
	int64_t *ts;
	double *price;
} Pairs;

/* NULL after NaN after numbers */
static int
price_rank(double price)
{
	if (price == price)
		return 0;
	return mc_is_null_price(price) ? 2 : 1;
}

/* does (ts_a, price_a) belong strictly after (ts_b, price_b)? */
static inline bool
is_after(int64_t ts_a, double price_a, int64_t ts_b, double price_b)
{
	if (ts_a != ts_b)
		return ts_a > ts_b;
	if (price_a == price_a && price_b == price_b)
		return price_a > price_b;
	return price_rank(price_a) > price_rank(price_b);
}

/* the end of the run that starts at `from` */
static size_t
run_end(const Pairs *in, size_t from, size_t n)
{
	size_t i = from + 1;

	while (i < n && !is_after(in->ts[i - 1], in->price[i - 1], in->ts[i], in->price[i]))
		i++;
	return i < n ? i : n;
}

static void
copy_pairs(const Pairs *in, size_t from, size_t to, Pairs *out, size_t at)
{
	memcpy(out->ts + at, in->ts + from, (to - from) * sizeof(int64_t));
	memcpy(out->price + at, in->price + from, (to - from) * sizeof(double));
}

/* merge in[left, middle) and in[middle, right) into out[left, right) */
static McStatus
merge_runs(const Pairs *in, Pairs *out, size_t left, size_t middle, size_t right,
           const McPoll *poll)
{
	size_t i = left;
	size_t j = middle;
	size_t k = left;

	while (i < middle && j < right)
	{
		bool take_right = is_after(in->ts[i], in->price[i], in->ts[j], in->price[j]);
		size_t from = take_right ? j++ : i++;

		out->ts[k] = in->ts[from];
		out->price[k] = in->price[from];
		if (++k % MC_POLL_STEPS == 0 && mc_poll_stop(poll))
			return MC_STOPPED;
	}
	copy_pairs(in, i, middle, out, k);
	copy_pairs(in, j, right, out, k + (middle - i));
	return MC_OK;
}

/* one pass: merge neighbouring runs; *runs is how many are left */
static McStatus
merge_pass(const Pairs *in, Pairs *out, size_t n, size_t *runs, const McPoll *poll)
{
	*runs = 0;
	for (size_t left = 0; left < n; ++*runs)
	{
		size_t middle = run_end(in, left, n);
		size_t right = middle < n ? run_end(in, middle, n) : n;
		McStatus status = merge_runs(in, out, left, middle, right, poll);

		if (status != MC_OK)
			return status;
		left = right;
		if (*runs % MC_POLL_STEPS == 0 && mc_poll_stop(poll))
			return MC_STOPPED;
	}
	return MC_OK;
}

McStatus
mc_series_sort(int64_t *ts, double *price, size_t n, int64_t *ts_work, double *price_work,
               const McPoll *poll)
{
	Pairs here = {ts, price};
	Pairs other = {ts_work, price_work};
	size_t runs;

	if (n < 2 || run_end(&here, 0, n) == n)
		return MC_OK;
	do
	{
		Pairs swap = here;
		McStatus status = merge_pass(&here, &other, n, &runs, poll);

		if (status != MC_OK)
			return status;
		here = other;
		other = swap;
	} while (runs > 1);
	if (here.ts != ts)
		copy_pairs(&here, 0, n, &other, 0);
	return MC_OK;
}
