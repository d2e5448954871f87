/*
 * test_price_series.c
 *	  Rows to series: order, duplicates, steps, gaps, stale prices, jumps.
 */
#include <math.h>
#include <stdlib.h>

#include "kernel/price_series.h"
#include "unit.h"

#define MAX 4096

static int64_t work_ts[MAX];
static double work_price[MAX];
static double returns[MAX];
static double scratch[MAX];

/* order, measure; the series points into the static work arrays */
static McPriceSeries
series_read(int64_t *ts, double *price, size_t n, int64_t interval, double jump_bound)
{
	McPriceSeries s = {0};

	check(mc_price_rows_order(ts, price, n, work_ts, work_price, &s.n, NULL) == MC_OK,
	      "%zu rows are put in order", n);
	s.ts = work_ts;
	s.price = work_price;
	s.returns = returns;
	s.duplicates = n - s.n;
	check(mc_price_series_measure(&s, interval, jump_bound, scratch, NULL) == MC_OK,
	      "%zu bars are measured", s.n);
	return s;
}

static void
test_rejects(void)
{
	int64_t ts[] = {1, INT64_MIN, 3, 4, 5, 6, INT64_MAX, 8, 9};
	double price[] = {1, 2, NAN, INFINITY, 0, -0.0, 7, -INFINITY, DBL_TRUE_MIN};
	size_t n = mc_price_rows_compact(ts, price, 9);

	check(n == 2 && ts[0] == 1 && ts[1] == 9 && price[1] == DBL_TRUE_MIN,
	      "NaN, infinite, zero and negative prices and infinite times are taken out");
}

static void
test_duplicates(void)
{
	/* first ts: the lower; then the farther from the previous kept price, the lower on a tie */
	int64_t ts[] = {1, 1, 2, 2, 2, 3, 3, 4, 4, 5, 5};
	double price[] = {12, 8, 8, 9, 7.5, 4, 16, 16.0, 1, 2, 0.5};
	McPriceSeries s = series_read(ts, price, 11, 0, INFINITY);

	check(s.n == 5 && s.duplicates == 6, "eleven rows at five times leave five bars");
	check(work_price[0] == 8, "at the first time the lower price counts");
	check(work_price[1] == 9, "ln(9/8) is farther than ln(8/7.5) below and 0");
	check(work_price[2] == 4, "from 9 the price 4 is farther (2.25 times) than 16 (1.78 times)");
	check(work_price[3] == 1, "from 4 both 16 and 1 are four times away: the lower counts");
	check(work_price[4] == 0.5, "from 1 both 2 and 0.5 are twice away: the lower counts");
}

static void
test_duplicates_extreme(void)
{
	int64_t ts[] = {1, 2, 2, 3, 3};
	double price[] = {1, 1e300, 1e-299, 1e308, 1e-300};
	McPriceSeries s = series_read(ts, price, 5, 0, INFINITY);

	check(s.n == 3 && work_price[1] == 1e300, "from 1 the price 1e300 is farther than 1e-299");
	check(work_price[2] == 1e-300, "from 1e300 the price 1e-300 is farther than 1e308");
}

static void
test_defects(void)
{
	int64_t ts[] = {0, 10, 20, 35, 50, 66, 100};
	double price[] = {1, 1, 2, 2, 1, 1, 1.5};
	McPriceSeries s = series_read(ts, price, 7, 0, 0.6);

	check(s.bar_interval == 15, "no majority: the lower median of 10 10 15 15 16 34 is 15");
	check(s.gaps == 1, "only 34 is above one and a half times 15");
	check(s.stale == 3, "three prices equal the one before");
	check(s.jumps == 2 && s.last_jump == 50, "two moves of ln 2 are above 0.6, the last at 50");
	check_close(returns[1], 0.693147180559945309, 1e-15, "the second return is ln 2");
	s = series_read(ts, price, 7, 10, INFINITY);
	check(s.bar_interval == 10 && s.gaps == 2, "with a given interval of 10, 16 and 34 are gaps");
	check(s.jumps == 0, "without a bound nothing is a jump");
	s = series_read(ts, price, 5, 11, INFINITY);
	check(s.gaps == 0, "15 is not above 16.5");
	s = series_read(ts, price, 1, 0, INFINITY);
	check(s.bar_interval == 0 && s.n == 1, "one bar has no step");
	s = series_read(ts, price, 0, 0, INFINITY);
	check(s.n == 0, "no bar at all");
}

static void
test_idle(void)
{
	int64_t ts[] = {0, 10, 20, 30, 40};
	double moving[] = {1, 1, 2, 2, 2};
	double still[] = {3, 3, 3, 3, 3};
	double at_the_end[] = {1, 1, 1, 1, 2};

	check(series_read(ts, moving, 5, 0, INFINITY).idle == 2, "two returns of zero at the end");
	check(series_read(ts, still, 5, 0, INFINITY).idle == 4, "none but zeros: all four");
	check(series_read(ts, at_the_end, 5, 0, INFINITY).idle == 0, "a move at the last bar: none");
	check(series_read(ts, still, 1, 0, INFINITY).idle == 0, "one bar has no return");
}

/* bars at 0 1 2 | 5 6 | 9 11 12 with a gap of 2: steps of exactly 2 are none */
static void
test_restart(void)
{
	static const int64_t ts[] = {0, 1, 2, 5, 6, 9, 11, 12};
	static const double price[] = {1, 2, 3, 4, 5, 6, 7, 8};
	McPriceSeries s = {.ts = ts, .price = price, .n = 8, .duplicates = 3, .returns = returns};

	mc_price_series_restart(&s, 2);
	check(s.restarts == 2 && s.n == 3 && s.ts == ts + 5 && s.price == price + 5,
	      "what lies before the last of two restarts is left out");
	check(s.duplicates == 3, "duplicates are those of all rows");
	check(mc_price_series_measure(&s, 0, INFINITY, scratch, NULL) == MC_OK && s.restarts == 2 &&
	          s.bar_interval == 1,
	      "measuring keeps the restarts, and looks at what is left: steps of 2 and 1");
	check_close(returns[0], 0.154150679827258303, 1e-15, "ln(7/6) is the first return");
	s = (McPriceSeries){.ts = ts, .price = price, .n = 8};
	mc_price_series_restart(&s, 3);
	check(s.restarts == 0 && s.n == 8 && s.ts == ts, "steps of 3 are not longer than 3");
	s = (McPriceSeries){.ts = ts + 6, .price = price + 6, .n = 1};
	mc_price_series_restart(&s, 1);
	check(s.restarts == 0 && s.n == 1, "one bar");
	s.n = 0;
	mc_price_series_restart(&s, 1);
	check(s.restarts == 0 && s.n == 0, "none");
}

/* A step that no int64 can say is longer than any gap. */
static void
test_restart_far(void)
{
	static const int64_t ts[] = {INT64_MIN + 1, 0, INT64_MAX - 1};
	static const double price[] = {1, 2, 3};
	static const int64_t ends[] = {INT64_MIN + 1, INT64_MAX - 1};
	McPriceSeries s = {.ts = ts, .price = price, .n = 3};

	mc_price_series_restart(&s, INT64_MAX - 1);
	check(s.restarts == 1 && s.n == 2 && s.ts == ts + 1, "a step of 2^63 - 1");
	s = (McPriceSeries){.ts = ends, .price = price, .n = 2};
	mc_price_series_restart(&s, INT64_MAX - 1);
	check(s.restarts == 1 && s.n == 1, "and one of 2^64 - 3");
}

static void
test_far_ends(void)
{
	int64_t ts[] = {INT64_MIN + 1, -5, INT64_MAX / 2};
	double price[] = {1, 2, 3};
	McPriceSeries s = series_read(ts, price, 3, INT64_MAX, INFINITY);

	check(s.gaps == 0, "an interval of all time has no gaps");
}

/* shuffled rows give the same series: lower median by sorting all steps */
static int
compare_double(const void *a, const void *b)
{
	double x = *(const double *) a;
	double y = *(const double *) b;

	return (x > y) - (x < y);
}

static void
test_shuffles(void)
{
	UnitRandom random = {7};
	int wrong = 0;

	for (int round = 0; round < 200; round++)
	{
		int64_t ts[64];
		double price[64];
		double steps[64];
		size_t n = 2 + (size_t) (60 * unit_uniform(&random));
		McPriceSeries s = {0};

		for (size_t i = 0; i < n; i++)
		{
			ts[i] = (int64_t) (1000 * unit_uniform(&random)) * (round % 3 ? 1 : 100);
			price[i] = 1 + floor(5 * unit_uniform(&random));
		}
		if (mc_price_rows_order(ts, price, n, work_ts, work_price, &s.n, NULL) != MC_OK)
			wrong++;
		for (size_t i = 1; i < s.n; i++)
		{
			steps[i - 1] = (double) (work_ts[i] - work_ts[i - 1]);
			wrong += work_ts[i] <= work_ts[i - 1];
		}
		s.ts = work_ts;
		s.price = work_price;
		s.returns = returns;
		if (mc_price_series_measure(&s, 0, 0.1, scratch, NULL) != MC_OK)
			wrong++;
		qsort(steps, s.n - 1, sizeof(double), compare_double);
		if (s.n > 1)
			wrong += (double) s.bar_interval != steps[(s.n - 2) / 2];
	}
	check(wrong == 0, "200 random series: ascending, lower median as by sorting");
}

void
test_price_series(void)
{
	int64_t ts[] = {1, 2, 2};

	check(mc_price_rows_ascending(ts, 2) && !mc_price_rows_ascending(ts, 3),
	      "an equal ts is not ascending");
	test_rejects();
	test_duplicates();
	test_duplicates_extreme();
	test_defects();
	test_idle();
	test_restart();
	test_restart_far();
	test_far_ends();
	test_shuffles();
}
