/*
 * test_procyclicality.c
 *	  Measures of margin paths by hand, beside all pairs, and calendar years beside known days.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/procyclicality.h"
#include "unit.h"

#define DAY INT64_C(86400000000)
#define MOST 400

static bool
stop_now(void *arg)
{
	return arg == NULL;
}

/* Arrays of the length of the path, so that a sanitizer sees what lies beyond. */
typedef struct Storage
{
	int64_t *ts;
	double *margin;
	double *loss;
	void *work;
} Storage;

static McMarginPath
new_path(Storage *s, size_t n)
{
	McMarginPath path;

	s->ts = malloc(n * sizeof(int64_t));
	s->margin = malloc(n * sizeof(double));
	s->loss = malloc(n * sizeof(double));
	s->work = malloc(mc_margin_path_worksize(n));
	memset(s->work, 0x40, mc_margin_path_worksize(n)); /* doubles of 32 and a half */
	path = (McMarginPath){s->ts, s->margin, s->loss, n};
	return path;
}

static void
free_path(Storage *s)
{
	free(s->ts);
	free(s->margin);
	free(s->loss);
	free(s->work);
}

/* Six margins on days 0, 1, 2, 3, 6, 7: a weekend between the fourth and the fifth. */
static void
test_by_hand(void)
{
	const int days[] = {0, 1, 2, 3, 6, 7};
	const double m[] = {10, 8, 12, 9, 18, 20};
	const double loss[] = {10, 9, -3, 14, NAN, NAN};
	Storage s;
	McMarginPath path = new_path(&s, 6);
	McProcyclicality p;

	for (int i = 0; i < 6; i++)
	{
		s.ts[i] = days[i] * DAY;
		s.margin[i] = m[i];
		s.loss[i] = loss[i];
	}
	check(mc_procyclicality(&path, s.work, &p, NULL) == MC_OK, "six margins");
	check_close(p.average, 77.0 / 6, 1e-15, "average");
	check(p.lowest == 8 && p.highest == 20 && p.peak_to_trough == 2.5, "peak to trough");
	check(p.years == 0 && isnan(p.peak_to_trough_within_year), "a year needs 100 margins");
	check(p.rise[0] == 1, "one step: 9 to 18");
	check(p.rise[1] == 1, "five steps: 10 to 20");
	check(isnan(p.rise[2]), "no thirty steps");
	check(p.rise_in_days[0] == 0.5, "a day: 8 to 12, not the weekend's 9 to 18");
	check(p.rise_in_days[1] == 1.25, "five days: 8 to 18, the lowest in between");
	check(p.rise_in_days[2] == 1.5, "thirty days: 8 to 20");
	/* rises -0.2, 0.5, -0.25, 1, 1/9: the quantile 0.96 of the way from 0.5 to 1 */
	check_close(p.high_rise[0], 0.98, 1e-15, "high rise over a step");
	check(p.high_rise[1] == 1, "of a single one");
	check(p.losses == 4 && p.exceptions == 2 && p.coverage == 0.5,
	      "a loss at the margin is covered");
	check(p.average_shortfall == 3 && p.largest_shortfall == 5, "shortfalls 1 and 5");
	check(p.average_excess == 3.75, "excess 0, 0, 15 and 0");
	path.loss = NULL;
	check(mc_procyclicality(&path, s.work, &p, NULL) == MC_OK && p.losses == 0 &&
	          isnan(p.coverage) && isnan(p.average_excess) && isnan(p.largest_shortfall) &&
	          isnan(p.average_shortfall),
	      "without losses");
	free_path(&s);
}

static void
test_log_changes(void)
{
	Storage s;
	McMarginPath path = new_path(&s, 4);
	McProcyclicality p;

	path.loss = NULL;
	for (int i = 0; i < 4; i++)
	{
		s.ts[i] = i * DAY;
		s.margin[i] = i % 2 ? exp(1) : 1;
	}
	mc_procyclicality(&path, s.work, &p, NULL);
	/* log changes 1, -1, 1: mean 1/3, squares (2/3)^2 + (4/3)^2 + (2/3)^2 = 24/9, divisor 2 */
	check_close(p.log_change_deviation, sqrt(24.0 / 18), 1e-15, "deviation of three log changes");
	path.n = 3;
	mc_procyclicality(&path, s.work, &p, NULL);
	check_close(p.log_change_deviation, sqrt(2), 1e-15, "of two");
	path.n = 2;
	mc_procyclicality(&path, s.work, &p, NULL);
	check(isnan(p.log_change_deviation) && p.rise[0] > 1.7, "a single change has none");
	path.n = 1;
	mc_procyclicality(&path, s.work, &p, NULL);
	check(p.average == 1 && p.peak_to_trough == 1 && isnan(p.rise[0]) && isnan(p.rise_in_days[0]) &&
	          isnan(p.high_rise[0]) && isnan(p.high_rise[1]),
	      "one margin");
	path.n = 4;
	for (int i = 0; i < 4; i++)
		s.margin[i] = 8 >> i;
	mc_procyclicality(&path, s.work, &p, NULL);
	check(p.rise[0] == -0.5 && p.rise_in_days[1] == -0.5 && p.log_change_deviation == 0,
	      "a path that only falls");
	free_path(&s);
}

/* Years of 100 margins count, those of 99 do not. */
static void
test_years(void)
{
	const int64_t y2001 = 366 * DAY;
	const int64_t y2002 = y2001 + 365 * DAY;
	Storage s;
	McMarginPath path = new_path(&s, 299);
	McProcyclicality p;

	path.loss = NULL;
	for (int i = 0; i < 299; i++)
	{
		s.ts[i] = i < 100   ? y2001 - (100 - i) * DAY
		          : i < 199 ? y2001 + (i - 100) * DAY
		                    : y2002 + (i - 199);
		s.margin[i] = i < 100 ? 1 + i % 3 : i < 199 ? 50 : i == 200 ? 4 : 10;
	}
	mc_procyclicality(&path, s.work, &p, NULL);
	check(p.years == 2 && p.peak_to_trough_within_year == (3 + 2.5) / 2, "years 2000 and 2002");
	check(p.peak_to_trough == 50, "and the whole path");
	path.n = 298; /* without its last margin, the third year has 99 */
	mc_procyclicality(&path, s.work, &p, NULL);
	check(p.years == 1 && p.peak_to_trough_within_year == 3, "99 margins are no year");
	free_path(&s);
}

static void
test_calendar(void)
{
	const int64_t y2001 = 366 * DAY;

	check(mc_year_of(0) == 2000 && mc_year_of(-1) == 1999, "new year's eve");
	check(mc_year_of(y2001 - 1) == 2000 && mc_year_of(y2001) == 2001, "2000 is a leap year");
	check(mc_year_of(36525 * DAY - 1) == 2099 && mc_year_of(36525 * DAY) == 2100 &&
	          mc_year_of((36525 + 365) * DAY) == 2101,
	      "2100 is none");
	check(mc_year_of(-730425 * DAY) == 0 && mc_year_of(-730485 * DAY) == 0 &&
	          mc_year_of(-730486 * DAY) == -1,
	      "the year 0 began 60 days before its first of March");
	check(mc_year_of((59 + 1) * DAY) == 2000 && mc_year_of((59 + 1 + 306) * DAY) == 2001,
	      "from a first of March to the next new year");
}

/* the years from -1 to 2999, their days counted up */
static void
test_every_year(void)
{
	int64_t day = -730485 - 365; /* 1 January of the year before 0 */
	int wrong = 0;

	for (int64_t year = -1; year < 3000; year++)
	{
		int length = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 366 : 365;

		wrong += mc_year_of(day * DAY) != year;
		wrong += mc_year_of((day + length) * DAY - 1) != year;
		day += length;
	}
	check(wrong == 0, "first and last instant of three thousand years");
}

static int
compare_doubles(const void *a, const void *b)
{
	double x = *(const double *) a;
	double y = *(const double *) b;

	return (x > y) - (x < y);
}

/* All measures of rises beside all pairs of a path. */
static int
wrong_rises(const McMarginPath *path, const McProcyclicality *p)
{
	int wrong = 0;

	for (int h = 0; h < MC_RISE_HORIZONS; h++)
	{
		size_t k = mc_rise_horizons[h];
		double rises[MOST];
		double steps = NAN;
		double days = NAN;
		size_t n = 0;

		for (size_t i = 0; i < path->n; i++)
			for (size_t j = 0; j < i; j++)
			{
				double rise = path->margin[i] / path->margin[j] - 1;

				if (i - j == k)
				{
					steps = fmax(steps, rise);
					rises[n++] = rise;
				}
				if (path->ts[i] - path->ts[j] <= (int64_t) k * DAY)
					days = fmax(days, rise);
			}
		wrong += !is_close(p->rise[h], steps, 0);
		wrong += !is_close(p->rise_in_days[h], days, 0);
		if (h < 2 && n > 0)
		{
			double at = 0.99 * (double) (n - 1);
			size_t below = (size_t) floor(at);
			double next;

			qsort(rises, n, sizeof(double), compare_doubles);
			next = rises[below + 1 < n ? below + 1 : below];
			wrong += fabs(p->high_rise[h] -
			              (rises[below] + (next - rises[below]) * (at - (double) below))) >
			         1e-14 * fabs(next);
		}
	}
	return wrong;
}

static int
wrong_deviation(const McMarginPath *path, const McProcyclicality *p)
{
	long double n = (long double) path->n - 1;
	long double sum = 0;
	long double squares = 0;

	for (size_t i = 1; i < path->n; i++)
		sum += log(path->margin[i] / path->margin[i - 1]);
	for (size_t i = 1; i < path->n; i++)
	{
		long double d = log(path->margin[i] / path->margin[i - 1]) - sum / n;

		squares += d * d;
	}
	if (n < 2)
		return !isnan(p->log_change_deviation);
	return !is_close(p->log_change_deviation, (double) sqrtl(squares / (n - 1)), 1e-13);
}

static void
test_pairs(void)
{
	UnitRandom random = {11};
	int wrong = 0;

	for (size_t trial = 0; trial < unit_repeats(400, 40); trial++)
	{
		size_t n = 1 + (size_t) (unit_uniform(&random) * (trial % 4 ? 60 : MOST - 1));
		Storage s;
		McMarginPath path = new_path(&s, n);
		McProcyclicality p;
		int64_t ts = 0;

		path.loss = NULL;
		for (size_t i = 0; i < n; i++)
		{
			ts += trial % 2 ? DAY : 1 + (int64_t) (unit_uniform(&random) * 3 * (double) DAY);
			s.ts[i] = ts;
			s.margin[i] =
			    trial % 3 ? exp(unit_normal(&random)) : 1 + floor(5 * unit_uniform(&random));
		}
		wrong += mc_procyclicality(&path, s.work, &p, NULL) != MC_OK;
		wrong += wrong_rises(&path, &p);
		wrong += wrong_deviation(&path, &p);
		free_path(&s);
	}
	check(wrong == 0, "rises of random paths beside all pairs: %d wrong", wrong);
}

static void
test_increase(void)
{
	Storage s;
	McMarginPath path = new_path(&s, 5);
	McMarginIncrease rise;
	const double m[] = {4, 8, 5, 10, 2};

	for (int i = 0; i < 5; i++)
	{
		s.ts[i] = i;
		s.margin[i] = m[i];
	}
	check(mc_margin_increase(&path, 1, &rise, NULL) == MC_OK && rise.rise == 1 && rise.from == 0 &&
	          rise.to == 1,
	      "the earliest of equal rises");
	check(mc_margin_increase(&path, 2, &rise, NULL) == MC_OK && rise.rise == 0.25 &&
	          rise.from == 0 && rise.to == 2,
	      "two steps");
	check(mc_margin_increase(&path, 4, &rise, NULL) == MC_OK && rise.rise == -0.5 && rise.to == 4,
	      "the only pair");
	check(mc_margin_increase(&path, 5, &rise, NULL) == MC_TOO_FEW, "no pair");
	check(mc_rise_horizons[0] == 1 && mc_rise_horizons[1] == 5 && mc_rise_horizons[2] == 30,
	      "the horizons of procyclicality");
	free_path(&s);
}

static void
test_order(void)
{
	Storage s;
	McMarginPath path = new_path(&s, MOST);
	bool right = true;

	for (int i = 0; i < MOST; i++)
	{
		s.ts[i] = (int64_t) ((i * 149) % MOST) * DAY;
		s.margin[i] = (double) s.ts[i] + 1;
		s.loss[i] = -s.margin[i];
	}
	check(mc_margin_path_order(&path, s.work, NULL) == MC_OK, "400 margins out of order");
	for (int i = 0; i < MOST; i++)
		right &=
		    s.ts[i] == i * DAY && s.margin[i] == (double) s.ts[i] + 1 && s.loss[i] == -s.margin[i];
	check(right, "rows stay together");
	check(mc_margin_path_duplicate(&path) == 0, "no time twice");
	s.ts[7] = s.ts[6];
	check(mc_margin_path_duplicate(&path) == 7, "the first time that comes twice");
	path.loss = NULL;
	path.n = 2;
	s.ts[0] = 5;
	s.ts[1] = 4;
	check(mc_margin_path_order(&path, s.work, NULL) == MC_OK && s.ts[0] == 4 &&
	          s.margin[0] == (double) DAY + 1,
	      "without losses");
	free_path(&s);
}

/* Short paths of exactly their length, in both directions and with times that come twice. */
static void
test_short_orders(void)
{
	for (int n = 1; n <= 4; n++)
		for (int direction = -1; direction <= 1; direction++)
		{
			Storage s;
			McMarginPath path = new_path(&s, (size_t) n);
			bool right = true;

			for (int i = 0; i < n; i++)
			{
				s.ts[i] = direction * i;
				s.margin[i] = s.loss[i] = i + 1;
			}
			right &= mc_margin_path_order(&path, s.work, NULL) == MC_OK;
			for (int i = 0; i < n; i++)
				right &= s.ts[i] == (direction < 0 ? i + 1 - n : direction * i) &&
				         s.margin[i] == (direction < 0 ? n - i : i + 1) && s.loss[i] == s.margin[i];
			right &= mc_margin_path_duplicate(&path) == (direction == 0 && n > 1 ? 1 : 0);
			check(right, "%d margins, direction %d", n, direction);
			free_path(&s);
		}
}

static bool
count_questions(void *arg)
{
	++*(int *) arg;
	return false;
}

static void
test_limits(void)
{
	Storage s;
	McMarginPath path = new_path(&s, 2);
	McMarginIncrease rise;
	McProcyclicality p;

	s.ts[0] = INT64_MIN + 1;
	s.ts[1] = INT64_MAX - 1;
	s.margin[0] = s.loss[0] = 1;
	s.margin[1] = s.loss[1] = 2;
	check(mc_procyclicality(&path, s.work, &p, NULL) == MC_OK && isnan(p.rise_in_days[2]) &&
	          p.rise[0] == 1,
	      "the ends of time are more than 30 days apart");
	s.margin[0] = 1e-300;
	s.margin[1] = 1e300;
	check(mc_procyclicality(&path, s.work, &p, NULL) == MC_OVERFLOW, "a ratio beyond a double");
	check(mc_margin_increase(&path, 1, &rise, NULL) == MC_OVERFLOW, "and a rise");
	s.margin[0] = s.margin[1] = DBL_MAX;
	path.loss = NULL;
	check(mc_procyclicality(&path, s.work, &p, NULL) == MC_OVERFLOW, "a sum beyond a double");
	path.loss = s.loss;
	s.margin[0] = s.margin[1] = 1;
	s.loss[0] = s.loss[1] = -DBL_MAX;
	check(mc_procyclicality(&path, s.work, &p, NULL) == MC_OVERFLOW, "excesses beyond a double");
	s.margin[0] = s.margin[1] = 1e300;
	check(mc_procyclicality(&path, s.work, &p, NULL) == MC_OVERFLOW, "and a single one");
	s.loss[0] = s.loss[1] = DBL_MAX;
	check(mc_procyclicality(&path, s.work, &p, NULL) == MC_OVERFLOW, "shortfalls beyond a double");
	path.n = 1;
	s.loss[0] = 1.5e300;
	check(mc_procyclicality(&path, s.work, &p, NULL) == MC_OK && p.losses == 1 && p.coverage == 0 &&
	          p.average_excess == 0 && p.largest_shortfall == 1.5e300 - 1e300,
	      "a single loss");
	free_path(&s);
}

/* A long path asks now and then whether to stop, and stops. */
static void
test_stop(void)
{
	const McPoll stopped = {stop_now, NULL};
	size_t n = 70000;
	int questions = 0;
	const McPoll counted = {count_questions, &questions};
	Storage s;
	McMarginPath path = new_path(&s, n);
	McMarginIncrease rise;
	McProcyclicality p;

	for (size_t i = 0; i < n; i++)
	{
		s.ts[i] = (int64_t) i;
		s.margin[i] = s.loss[i] = 1 + (double) (i % 7);
	}
	check(mc_procyclicality(&path, s.work, &p, &stopped) == MC_STOPPED &&
	          mc_margin_increase(&path, 1, &rise, &stopped) == MC_STOPPED,
	      "a long path stops");
	check(mc_procyclicality(&path, s.work, &p, NULL) == MC_OK && p.losses == n, "or does not");
	check(mc_procyclicality(&path, s.work, &p, &counted) == MC_OK && questions >= 8 &&
	          questions < 200,
	      "%d questions", questions);
	s.ts[0] = 5;
	s.ts[5] = 0;
	check(mc_margin_path_order(&path, s.work, &stopped) == MC_STOPPED, "its order stops too");
	free_path(&s);
}

void
test_procyclicality(void)
{
	test_by_hand();
	test_log_changes();
	test_years();
	test_calendar();
	test_every_year();
	test_pairs();
	test_increase();
	test_order();
	test_short_orders();
	test_limits();
	test_stop();
}
