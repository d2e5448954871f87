/*
 * test_series_sort.c
 *	  The merge sort beside a selection sort, and the order of ties, NaN and NULL.
 */
#include <stdlib.h>

#include "kernel/series_sort.h"
#include "unit.h"

static int
rank(double price)
{
	return price == price ? 0 : mc_is_null_price(price) ? 2 : 1;
}

static bool
in_order(int64_t ts_a, double a, int64_t ts_b, double b)
{
	if (ts_a != ts_b)
		return ts_a < ts_b;
	if (rank(a) != rank(b))
		return rank(a) < rank(b);
	return rank(a) > 0 || a <= b;
}

/* sorts what random() describes; true when the result is ordered and a permutation */
static bool
sorts(size_t n, int kind, UnitRandom *random)
{
	int64_t *ts = malloc(n * sizeof(int64_t));
	int64_t *ts_work = malloc(n * sizeof(int64_t));
	double *price = malloc(n * sizeof(double));
	double *work = malloc(n * sizeof(double));
	uint64_t before = 0;
	uint64_t after = 0;
	bool good = true;

	for (size_t i = 0; i < n; i++)
	{
		double u = unit_uniform(random);

		/* random, in order, reversed, many ties, nearly in order */
		ts[i] = kind == 0   ? (int64_t) (1e18 * (u - 0.5))
		        : kind == 1 ? (int64_t) i
		        : kind == 2 ? -(int64_t) i
		        : kind == 3 ? (int64_t) (u * 5)
		                    : (int64_t) i + (u < 0.01 ? -3 : 0);
		u = unit_uniform(random);
		price[i] = u < 0.05 ? mc_null_price() : u < 0.1 ? mc_plain_nan() : (double) (int) (u * 9);
		before += ((uint64_t) ts[i] * 31 + (uint64_t) rank(price[i])) * 2654435761u;
	}
	good = mc_series_sort(ts, price, n, ts_work, work, NULL) == MC_OK;
	for (size_t i = 0; i < n; i++)
	{
		after += ((uint64_t) ts[i] * 31 + (uint64_t) rank(price[i])) * 2654435761u;
		if (i > 0 && !in_order(ts[i - 1], price[i - 1], ts[i], price[i]))
			good = false;
	}
	free(ts);
	free(ts_work);
	free(price);
	free(work);
	return good && before == after;
}

static bool
stop_always(void *arg)
{
	++*(int *) arg;
	return true;
}

void
test_series_sort(void)
{
	UnitRandom random = {2};
	int64_t ts[2] = {2, 1};
	int64_t ts_work[2];
	double price[2] = {20, 10};
	double work[2];
	int asked = 0;
	McPoll poll = {stop_always, &asked};

	for (int kind = 0; kind < 5; kind++)
	{
		bool good = true;

		for (size_t n = 0; n < 40; n++)
			good = sorts(n, kind, &random) && good;
		good = sorts(10007, kind, &random) && good;
		check(good, "kind %d, lengths 0 to 39 and 10007", kind);
	}
	check(mc_series_sort(ts, price, 2, ts_work, work, &poll) == MC_STOPPED && asked > 0,
	      "a poll stops it");
	check(mc_series_sort(ts, price, 2, ts_work, work, NULL) == MC_OK && ts[0] == 1 &&
	          price[0] == 10,
	      "the pair moves together");
	check(mc_is_null_price(mc_null_price()) && !mc_is_null_price(mc_plain_nan()) &&
	          !mc_is_null_price(0),
	      "NULL is a NaN of its own");
}
