/*
 * test_align.c
 *	  Rows of common times by each rule, against their definitions.
 */
#include <math.h>
#include <string.h>

#include "kernel/align.h"
#include "unit.h"

#define COUNT 3
#define MOST 60

static int64_t ts[COUNT][MOST];
static double price[COUNT][MOST];
static McAlignSeries series[COUNT];

static void
fill(UnitRandom *random, double density)
{
	for (size_t i = 0; i < COUNT; i++)
	{
		size_t n = 0;

		for (int64_t t = 0; t < MOST; t++)
			if (unit_uniform(random) < density)
			{
				ts[i][n] = t;
				price[i][n++] = (double) (1000 * (int64_t) i + t);
			}
		series[i] = (McAlignSeries){ts[i], price[i], n, 0};
	}
}

/* the time of the last price of a series in (after, until], -1 without */
static int64_t
last_in(size_t i, int64_t after, int64_t until)
{
	int64_t last = -1;

	for (size_t j = 0; j < series[i].n; j++)
		if (ts[i][j] > after && ts[i][j] <= until)
			last = ts[i][j];
	return last;
}

/* Does a row stand at time t by the rule, when the row before stood at `before`? */
static bool
stands(McAlignRule rule, int64_t t, int64_t before, int64_t age)
{
	bool any = false;
	bool all = true;
	bool fresh = true;
	bool started = true;

	for (size_t i = 0; i < COUNT; i++)
	{
		bool here = last_in(i, t - 1, t) == t;

		any |= here;
		all &= here;
		started &= last_in(i, -1, t) >= 0 && t - last_in(i, -1, t) <= age;
		fresh &= last_in(i, before, t) > before;
	}
	return rule == MC_ALIGN_INTERSECTION ? all : rule == MC_ALIGN_PREVIOUS ? any && started : fresh;
}

/* the rows of a rule, time by time; false at the first difference */
static bool
as_defined(McAlignRule rule, int64_t age)
{
	McAlign align = {rule, series, COUNT, age};
	int64_t before = -1;
	int64_t got;
	double row[COUNT];

	for (size_t i = 0; i < COUNT; i++)
		series[i].next = 0;
	for (int64_t t = 0; t < MOST; t++)
		if (stands(rule, t, before, age))
		{
			if (mc_align_next(&align, &got, row, NULL) != MC_OK || got != t)
				return false;
			for (size_t i = 0; i < COUNT; i++)
				if (row[i] != (double) (1000 * (int64_t) i + last_in(i, -1, t)))
					return false;
			before = t;
		}
	return mc_align_next(&align, &got, row, NULL) == MC_TOO_FEW &&
	       mc_align_next(&align, &got, row, NULL) == MC_TOO_FEW;
}

static void
test_rules(void)
{
	UnitRandom random = {19};
	bool right[4] = {true, true, true, true};

	for (int rep = 0; rep < 200; rep++)
	{
		fill(&random, rep % 10 / 10.0 + 0.02);
		right[0] &= as_defined(MC_ALIGN_INTERSECTION, INT64_MAX);
		right[1] &= as_defined(MC_ALIGN_PREVIOUS, INT64_MAX);
		right[2] &= as_defined(MC_ALIGN_PREVIOUS, 3);
		right[3] &= as_defined(MC_ALIGN_REFRESH_TIME, INT64_MAX);
	}
	check(right[0], "intersection, as defined");
	check(right[1], "previous, as defined");
	check(right[2], "previous with a maximum age, as defined");
	check(right[3], "refresh time, as defined");
}

/* the ends of time are far apart, but not by less than nothing */
static void
test_infinite(void)
{
	int64_t first[] = {INT64_MIN, 0, INT64_MAX};
	int64_t second[] = {0, INT64_MAX};
	double prices[] = {1, 2, 3};
	McAlignSeries two[] = {{first, prices, 3, 0}, {second, prices, 2, 0}};
	McAlign align = {MC_ALIGN_PREVIOUS, two, 2, 5};
	int64_t t;
	double row[2];

	check(mc_align_next(&align, &t, row, NULL) == MC_OK && t == 0 && row[0] == 2 && row[1] == 1 &&
	          mc_align_next(&align, &t, row, NULL) == MC_OK && t == INT64_MAX && row[0] == 3 &&
	          mc_align_next(&align, &t, row, NULL) == MC_TOO_FEW,
	      "infinite times");
}

static void
test_compact(void)
{
	int64_t t[] = {1, 1, 2, 3, 3, 3, 4, 4, 5, 5, 6, 6};
	double p[] = {2, 3, 4, 2, 5, 9, 1, 4, 0.5, 8, 3, NAN};
	double kept[] = {2, 4, 9, 1, 8};

	/* at 4: |ln(1/9)| > |ln(4/9)|; at 5: |ln 8| > |ln 0.5| */
	check(mc_align_compact(t, p, 12) == 6 && memcmp(p, kept, sizeof(kept)) == 0 && isnan(p[5]) &&
	          t[0] == 1 && t[5] == 6,
	      "of prices at one time the one farther from before stays");
	t[0] = t[1] = 7;
	p[0] = 0.5;
	p[1] = 2;
	check(mc_align_compact(t, p, 2) == 1 && p[0] == 0.5, "the lower one at the start");
	t[0] = 1;
	t[1] = t[2] = 2;
	p[0] = 1;
	p[1] = 0.5;
	p[2] = 2;
	check(mc_align_compact(t, p, 3) == 2 && p[1] == 0.5, "the lower one on a tie");
	memcpy(t, (int64_t[]){1, 2, 2}, 3 * sizeof(int64_t));
	memcpy(p, (double[]){1, 0.9, 3}, 3 * sizeof(double));
	check(mc_align_compact(t, p, 3) == 2 && p[1] == 3,
	      "the one that moves more at the second time");
	t[1] = t[2] = 2;
	p[0] = INFINITY;
	p[1] = 0.5;
	p[2] = 2;
	check(mc_align_compact(t, p, 3) == 2 && p[1] == 0.5, "the lower one after an infinity");
	t[0] = t[1];
	p[0] = 0.5;
	p[1] = NAN;
	check(mc_align_compact(t, p, 1) == 1 && p[0] == 0.5, "nothing behind the rows is read");
	check(mc_align_compact(t, p, 0) == 0, "no rows");
}

static bool
stop(void *arg __attribute__((unused)))
{
	return true;
}

static void
test_stop(void)
{
	static int64_t even[MC_POLL_STEPS];
	static int64_t odd[MC_POLL_STEPS];
	static double prices[MC_POLL_STEPS];
	McAlignSeries two[] = {{even, prices, MC_POLL_STEPS, 0}, {odd, prices, MC_POLL_STEPS, 0}};
	McAlign align = {MC_ALIGN_INTERSECTION, two, 2, INT64_MAX};
	const McPoll poll = {stop, NULL};
	int64_t t;
	double row[2];

	for (int64_t i = 0; i < MC_POLL_STEPS; i++)
	{
		even[i] = 2 * i;
		odd[i] = 2 * i + 1;
	}
	check(mc_align_next(&align, &t, row, &poll) == MC_STOPPED, "a cancel stops");
	two[0].next = two[1].next = 0;
	check(mc_align_next(&align, &t, row, NULL) == MC_TOO_FEW, "times that never meet");
}

void
test_align(void)
{
	test_rules();
	test_infinite();
	test_compact();
	test_stop();
}
