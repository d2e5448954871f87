/*
 * test_rate_path.c
 *	  Steps of a rate by hand, and random paths against doc/calibration.md, section 8, read literally.
 */
#include <math.h>
#include <stdio.h>

#include "kernel/rate_path.h"
#include "unit.h"

#define DAY INT64_C(86400000000)
#define HOUR INT64_C(3600000000)

/* no buffer, no limit of speed, no bounds to speak of */
static const McPolicy plain = {.measure = MC_EXPECTED_SHORTFALL,
                               .maximum_rate = 10,
                               .fallback_rate = 0.4,
                               .maintenance_ratio = 0.5,
                               .rounding_step = 0.001,
                               .rise_per_step = INFINITY,
                               .rise_per_day = INFINITY,
                               .fall_per_day = 1};

/* A calibration whose tail is its core on both sides, and whose rate at the start of a path is `start`. */
static McCalibration
found(double core, double start)
{
	McCalibration c = {.fallback = MC_NO_FALLBACK};

	for (int side = 0; side < MC_SIDES; side++)
		c.side[side] = (McSide){.rate = start,
		                        .core = core,
		                        .value_at_risk = core / 2,
		                        .expected_shortfall = core,
		                        .stressed = NAN,
		                        .floor = NAN,
		                        .buffer_used = NAN,
		                        .term = MC_TERM_MAXIMUM};
	return c;
}

static McCalibration
fallen_back(double rate)
{
	McCalibration c = found(NAN, rate);

	c.fallback = MC_TOO_FEW_RETURNS;
	return c;
}

/* A path whose bars come at `step`, from `ts` on, at a price that does not move. */
typedef struct Path
{
	const McPolicy *policy;
	McRatePoint point;
	McCalibration c; /* of the latest bar, after its step */
	int64_t ts;
	int64_t step;
	double price;
} Path;

static Path
path_start(const McPolicy *policy, int64_t ts, int64_t step, double core, double rate)
{
	Path path = {.policy = policy, .ts = ts, .step = step, .price = 100};

	path.c = found(core, rate);
	path.point = mc_rate_path_step(policy, &path.point, ts, path.price, &path.c);
	return path;
}

static double
path_next(Path *path, McCalibration c)
{
	path->ts += path->step;
	path->c = c;
	path->point = mc_rate_path_step(path->policy, &path->point, path->ts, path->price, &path->c);
	return path->c.side[MC_LONG].rate;
}

/* one bar with this core: its long rate */
static double
go(Path *path, double core)
{
	return path_next(path, found(core, 77));
}

static void
test_start(void)
{
	Path path = path_start(&plain, 5 * DAY, DAY, 0.1, 0.125);

	check(path.c.side[MC_LONG].rate == 0.125 && path.c.side[MC_LONG].term == MC_TERM_MAXIMUM,
	      "the first bar of a path keeps the rate and the term of its calibration");
	check(path.point.known && !path.point.anew && path.point.ts == 5 * DAY &&
	          path.point.price == 100 && path.point.rate[MC_SHORT] == 0.125 &&
	          path.point.day_rate[MC_SHORT] == 0.125,
	      "and is its own reference");
	check(go(&path, 0.3) == 0.3 && path.c.side[MC_LONG].term == MC_TERM_TAIL,
	      "without buffer and limits the core is the rate");
	check(isnan(path.c.side[MC_LONG].buffer_used), "and there is no buffer to be used");
	check(path.c.side[MC_LONG].initial_steps == 300 &&
	          path.c.side[MC_LONG].maintenance_steps == 150,
	      "the rate of the path is published, not that of the calibration");
	check(path.point.rate[MC_LONG] == 0.3 && path.point.day_rate[MC_LONG] == 0.125,
	      "a day later the first bar is the reference");
}

static double
used(const Path *path)
{
	return path->c.side[MC_LONG].buffer_used;
}

static void
test_buffer(void)
{
	McPolicy policy = plain;
	Path path;

	policy.buffer = 0.25;
	path = path_start(&policy, 0, DAY, 0.1, 0.125);
	check_close(go(&path, 0.11), 0.125, 1e-15, "the core rises into the buffer: the rate stays");
	check_close(used(&path), 1 - (0.125 / 0.11 - 1) / 0.25, 1e-12, "45 %% of it is used");
	check(path.c.side[MC_LONG].term == MC_TERM_BUFFER, "the buffer binds");
	check_close(go(&path, 0.12), 0.125, 1e-15, "further: it still stays");
	check_close(used(&path), 1 - (0.125 / 0.12 - 1) / 0.25, 1e-12, "83 %%");
	check(go(&path, 0.13) == 0.13 && used(&path) == 1 && path.c.side[MC_LONG].term == MC_TERM_TAIL,
	      "beyond: the core is the rate, the buffer exhausted");
	check(go(&path, 0.12) == 0.13, "the core falls, the rate stays");
	check_close(used(&path), 1 - (0.13 / 0.12 - 1) / 0.25, 1e-12, "a third of the buffer is back");
	check_close(go(&path, 0.1), 0.125, 1e-15, "(1 + b) core is the most that stands on top");
	check_close(used(&path) + 1, 1, 1e-12, "the buffer is whole again");
	check(go(&path, 0.1) == 0.125, "and stays so");
	check(go(&path, 0) == 0 && isnan(used(&path)), "no buffer on a core of zero");
}

/* A buffer of the whole rate. */
static void
test_whole_buffer(void)
{
	McPolicy policy = plain;
	Path path;

	policy.buffer = 1;
	path = path_start(&policy, 0, DAY, 0.1, 0.2);
	check(go(&path, 0.15) == 0.2 && path.c.side[MC_LONG].term == MC_TERM_BUFFER,
	      "it takes a rise by half");
	check_close(used(&path), 2 - 0.2 / 0.15, 1e-12, "with two thirds of it");
}

static void
test_recovery(void)
{
	McPolicy policy = plain;
	Path path;

	policy.buffer = 0.25;
	policy.buffer_recovery = 5;
	path = path_start(&policy, 0, DAY, 0.1, 0.1);
	for (int bar = 1; bar <= 5; bar++)
		check_close(go(&path, 0.1), 0.1 + bar * 0.005, 1e-14,
		            "%d of 5 bars: as many fifths of the buffer", bar);
	check_close(go(&path, 0.1), 0.125, 1e-14, "not more than the whole");
	check_close(used(&path) + 1, 1, 1e-12, "it is whole");
	check_close(go(&path, 0.11), 0.1305, 1e-14, "a fifth of the new buffer, 0.0055, upon 0.125");
}

static void
test_rise_per_step(void)
{
	McPolicy policy = plain;
	Path path;

	policy.rise_per_step = 0.1;
	path = path_start(&policy, 0, HOUR, 0.1, 0.1);
	check_close(go(&path, 0.13), 0.11, 1e-15, "10 %% in the first hour");
	check(path.c.side[MC_LONG].term == MC_TERM_SPEED_LIMIT &&
	          path.c.side[MC_LONG].initial_steps == 110,
	      "the limit binds and is published");
	check_close(go(&path, 0.13), 0.121, 1e-15, "10 %% of that in the second");
	check_close(go(&path, 0.13), 0.13, 1e-15, "then there is no more to catch up");
	check(path.c.side[MC_LONG].term == MC_TERM_TAIL, "and the tail binds");
	check(go(&path, 0.02) == 0.02, "a fall has no limit here");
}

/* Bars of six hours, the first at 06:00 of a day, wherever the epoch lies. */
static void
rise_over_days(int64_t epoch)
{
	McPolicy policy = plain;
	Path path;

	policy.rise_per_day = 0.1;
	path = path_start(&policy, epoch + 6 * HOUR, 6 * HOUR, 0.1, 0.1);
	check_close(go(&path, 0.5), 0.11, 1e-15, "12:00: 10 %% above the bar that started");
	check_close(go(&path, 0.5), 0.11, 1e-15, "18:00: not more on the same day");
	check_close(go(&path, 0.5), 0.121, 1e-15, "00:00 is the next day: 10 %% above 18:00");
	check_close(go(&path, 0.5), 0.121, 1e-15, "06:00");
	check_close(go(&path, 0.05), 0.05, 1e-15, "12:00: it may fall");
	check_close(go(&path, 0.5), 0.121, 1e-15, "18:00: and rise to what the day allows");
	path.step = 6 * HOUR - 1;
	go(&path, 0.06); /* 23:59:59.999999 */
	check_close(path.point.day_rate[MC_LONG], 0.11, 1e-15, "a microsecond before midnight");
	path.step = 1;
	check_close(go(&path, 0.5), 0.066, 1e-14, "midnight: 10 %% above the microsecond before");
}

static void
test_breach(void)
{
	McPolicy policy = plain;
	Path path;
	double loss;

	policy.rise_per_day = 0.1;
	policy.rise_after_breach = 0.5;
	path = path_start(&policy, 0, DAY, 0.1, 0.1);
	path.price = 80;
	check_close(go(&path, 0.5), 0.15, 1e-15, "a fall of 20 %%: long may rise by half");
	check_close(path.c.side[MC_SHORT].rate, 0.11, 1e-15, "short by 10 %%");
	check(path.c.larger == MC_LONG && path.c.side[MC_LONG].initial_steps == 150 &&
	          path.c.side[MC_SHORT].initial_steps == 110,
	      "the larger side is found anew");
	path.price = 100;
	check_close(go(&path, 0.5), 0.165, 1e-15, "a rise by a quarter: long by 10 %%");
	check_close(path.c.side[MC_SHORT].rate, 0.165, 1e-15, "short by half");
	path.price = 99;
	check_close(go(&path, 0.5), 0.1815, 1e-15, "a loss of 1 %% is no breach");
	path.price = 50;
	check_close(go(&path, 0.2), 0.2, 1e-15, "a breach allows a rise and does not make one");

	/* a loss of exactly the rate is covered */
	loss = mc_move_loss(MC_LONG, -log(90.0 / 100));
	path = path_start(&policy, 0, DAY, loss, loss);
	path.price = 90;
	check_close(go(&path, 0.5), 1.1 * loss, 1e-15, "a loss of the rate to the bit");
	path = path_start(&policy, 0, DAY, loss, nextafter(loss, 0));
	path.price = 90;
	check_close(go(&path, 0.5), 1.5 * loss, 1e-15, "a bit more");

	policy.rise_after_breach = 0;
	path = path_start(&policy, 0, DAY, 0.1, 0.1);
	path.price = 1;
	check_close(go(&path, 0.5), 0.11, 1e-15, "without the field a breach is a bar like others");
	/* a rate above what the day allows, as another policy may have left it */
	path = path_start(&policy, 0, 0, 0.1, 0.2);
	path.point.day_rate[MC_LONG] = 0.1;
	path.price = 1;
	check(go(&path, 0.5) == 0.2, "a limit does not make a rate fall");
	policy.rise_after_breach = 0.05;
	path = path_start(&policy, 0, DAY, 0.1, 0.1);
	path.price = 1;
	check_close(go(&path, 0.5), 0.11, 1e-15, "a smaller rise than that of the day lifts nothing");
}

static void
test_fall_per_day(void)
{
	McPolicy policy = plain;
	Path path;

	policy.fall_per_day = 0.05;
	path = path_start(&policy, -3 * DAY, 12 * HOUR, 0.1, 0.1);
	check_close(go(&path, 0.02), 0.095, 1e-15, "noon: 5 %% below the start");
	check(path.c.side[MC_LONG].term == MC_TERM_SPEED_LIMIT, "the limit of the fall binds");
	check_close(go(&path, 0.02), 0.09025, 1e-15, "midnight: 5 %% below noon");
	check_close(go(&path, 0.02), 0.09025, 1e-15, "noon: the same");
	check_close(go(&path, 0.2), 0.2, 1e-15, "a rise has no limit here");
	check_close(go(&path, 0.02), 0.0857375, 1e-14, "noon: 5 %% below noon of the day before");
	policy.rise_per_step = 0.1;
	path.point.day_rate[MC_LONG] = 0.5;
	check_close(go(&path, 0.02), 0.081450625, 1e-14, "midnight: 5 %% below that");
	path.point.day_rate[MC_LONG] = 0.5;
	check_close(go(&path, 0.02), 0.475, 1e-15, "the bottom holds above the ceiling");
}

static void
test_bounds(void)
{
	McPolicy policy = plain;
	Path path;

	policy.minimum_rate = 0.02;
	policy.maximum_rate = 0.3;
	path = path_start(&policy, 0, DAY, 0.1, 0.1);
	check(go(&path, 0.5) == 0.3 && path.c.side[MC_LONG].term == MC_TERM_MAXIMUM &&
	          path.point.rate[MC_LONG] == 0.3 && path.c.side[MC_LONG].initial_steps == 300,
	      "the maximum, which is remembered");
	check(go(&path, 0.3) == 0.3 && path.c.side[MC_LONG].term == MC_TERM_TAIL,
	      "a core of the maximum is the tail");
	check(go(&path, 0.001) == 0.02 && path.c.side[MC_LONG].term == MC_TERM_MINIMUM, "the minimum");
	check(go(&path, 0.02) == 0.02 && path.c.side[MC_LONG].term == MC_TERM_TAIL,
	      "a core of the minimum is the tail");
	policy.rise_per_step = 1;
	check(go(&path, 0.5) == 0.04 && path.c.side[MC_LONG].term == MC_TERM_SPEED_LIMIT,
	      "a limit of speed below the maximum comes before it");
	policy.rise_per_step = 100;
	check(go(&path, 7) == 0.3 && path.c.side[MC_LONG].term == MC_TERM_MAXIMUM,
	      "above the maximum the maximum binds");
}

/* A rate of zero has no multiple: it may rise to anything, and a day that began with it too. */
static void
test_zero(void)
{
	McPolicy policy = plain;
	Path path;

	policy.rise_per_step = policy.rise_per_day = 0.1;
	path = path_start(&policy, 0, 6 * HOUR, 0, 0);
	check(go(&path, 0.2) == 0.2, "from nothing to anything");
	check_close(go(&path, 0.5), 0.22, 1e-15, "later that day the limit of a step holds");
	policy.rise_per_step = INFINITY;
	check(go(&path, 0.5) == 0.5, "and without one none");
	check_close(go(&path, 0.9), 0.55, 1e-15, "the next day has something to rise from");
	path = path_start(&policy, 0, 6 * HOUR, 0, 0);
	check(go(&path, 0.2) == 0.2, "no limit of a step, from nothing");
}

static void
test_fallback(void)
{
	McPolicy policy = plain;
	Path path;

	policy.rise_per_day = 0.1;
	policy.buffer = 0.25;
	path = path_start(&policy, 0, DAY, 0.1, 0.125);
	check(path_next(&path, fallen_back(0.4)) == 0.4 && path.point.anew &&
	          path.point.day_rate[MC_LONG] == 0.4,
	      "a fallback takes its rate at once");
	check(path_next(&path, fallen_back(0.5)) == 0.5, "the next one too");
	check(path_next(&path, found(0.9, 0.7)) == 0.7 && !path.point.anew &&
	          path.point.day_rate[MC_LONG] == 0.7,
	      "and what follows starts anew, above every limit");
	check_close(go(&path, 0.9), 0.77, 1e-15, "from there on the limits hold");
}

static void
test_terms(void)
{
	McPolicy policy = plain;
	Path path = path_start(&policy, 0, DAY, 0.1, 0.1);
	McCalibration c = found(0.2, 0.2);

	c.side[MC_LONG].expected_shortfall = 0.1;
	c.side[MC_LONG].floor = 0.2;
	policy.floor_lookback = 1;
	path_next(&path, c);
	check(path.c.side[MC_LONG].term == MC_TERM_FLOOR, "the floor is the core");
	policy.stress_weight = 0.25;
	c.side[MC_LONG].stressed = 0.3;
	path_next(&path, c);
	check(path.c.side[MC_LONG].term == MC_TERM_FLOOR, "above a blend of 0.15");
	c.side[MC_LONG].stressed = 0.5;
	path_next(&path, c);
	check(path.c.side[MC_LONG].term == MC_TERM_STRESS, "stress comes before a floor of the same");
	c.side[MC_LONG].floor = 0.05;
	path_next(&path, c);
	check(path.c.side[MC_LONG].term == MC_TERM_STRESS, "stress alone");
	c.side[MC_LONG].expected_shortfall = 0.2;
	path_next(&path, c);
	check(path.c.side[MC_LONG].term == MC_TERM_TAIL, "the tail comes before both");
	policy.measure = MC_VALUE_AT_RISK;
	c.side[MC_LONG].value_at_risk = 0.05;
	c.side[MC_LONG].stressed = 0.65;
	path_next(&path, c);
	check(path.c.side[MC_LONG].term == MC_TERM_STRESS, "the tail is the policy's measure");
}

static void
test_symmetric(void)
{
	McPolicy policy = plain;
	Path path;
	McCalibration c = found(0.2, 0.2);

	policy.symmetric_rates = true;
	path = path_start(&policy, 0, DAY, 0.1, 0.1);
	c.side[MC_SHORT].core = c.side[MC_SHORT].expected_shortfall = 0.3;
	path_next(&path, c);
	check(path.c.larger == MC_SHORT && path.c.side[MC_LONG].initial_steps == 300 &&
	          path.c.side[MC_LONG].rate == 0.2 && path.point.rate[MC_LONG] == 0.2,
	      "both sides publish the larger rate; the path keeps them apart");
}

static void
test_resume(void)
{
	McRatePath path = {.now = {true, false, 50, 5, {0.5, 0.5}, {0.5, 0.5}},
	                   .before = {true, false, 40, 4, {0.4, 0.4}, {0.4, 0.4}}};

	const int64_t ts[] = {30, 40, 50, 51};
	const double price[] = {3, 4, 5, 6};
	const double corrected[] = {3, 4, 5.5, 6};
	const int64_t gone[] = {30, 40, 45, 51};

	check(mc_rate_path_resume(&path, ts, price, 4).ts == 50, "a new bar: from the latest");
	check(mc_rate_path_resume(&path, ts, price, 3).ts == 40,
	      "none: the latest again, from the bar before");
	check(mc_rate_path_resume(&path, ts, corrected, 3).ts == 40, "the latest corrected");
	check(mc_rate_path_resume(&path, ts, corrected, 4).ts == 40,
	      "corrected, and a new bar with it");
	check(mc_rate_path_resume(&path, gone, price, 4).ts == 40, "gone, and others in its place");
	check(mc_rate_path_resume(&path, gone, price, 3).ts == 40, "gone, the series ends between");
	check(!mc_rate_path_resume(&path, ts, price, 2).known &&
	          !mc_rate_path_resume(&path, ts, price, 1).known,
	      "the series ends before the path, which starts anew");
	path.before.known = false;
	check(mc_rate_path_resume(&path, ts, price, 4).ts == 50, "a path of one bar goes on");
	check(!mc_rate_path_resume(&path, ts, price, 3).known,
	      "and starts again when that bar comes again");
	path.now.known = false;
	check(!mc_rate_path_resume(&path, ts, price, 4).known, "no path");
}

/* ---- random paths against the definition, read literally ---- */

#define BARS 60

typedef struct History
{
	int64_t ts[BARS];
	double price[BARS];
	double rate[BARS][MC_SIDES];
	size_t start; /* of the path */
	bool anew;
} History;

static long
utc_day(int64_t ts)
{
	return (long) floorl((long double) ts / 86400000000.0L);
}

/* The rate of the last bar of an earlier UTC day, at first of the bar that started. */
static double
day_reference(const History *h, size_t bar, int side)
{
	for (size_t i = bar; i-- > h->start;)
		if (utc_day(h->ts[i]) < utc_day(h->ts[bar]))
			return h->rate[i][side];
	return h->rate[h->start][side];
}

static double
brute_rate(const McPolicy *p, const History *h, size_t bar, int side, double core)
{
	double prev = h->rate[bar - 1][side];
	double day = day_reference(h, bar, side);
	double ratio = h->price[bar] / h->price[bar - 1];
	double loss = side == MC_LONG ? 1 - ratio : ratio - 1;
	double target = core;
	double ceiling = INFINITY;
	double rate;

	if (p->buffer > 0)
	{
		double back = p->buffer_recovery > 0 ? p->buffer * core / p->buffer_recovery : 0;

		target = prev + back > core ? prev + back : core;
		if (target > (1 + p->buffer) * core)
			target = (1 + p->buffer) * core;
	}
	if (prev > 0 && prev * (1 + p->rise_per_step) < ceiling)
		ceiling = prev * (1 + p->rise_per_step);
	if (day > 0 && day * (1 + p->rise_per_day) < ceiling)
		ceiling = day * (1 + p->rise_per_day);
	if (ceiling < prev)
		ceiling = prev;
	if (loss > prev && p->rise_after_breach > 0 && prev * (1 + p->rise_after_breach) > ceiling)
		ceiling = prev * (1 + p->rise_after_breach);
	rate = target < ceiling ? target : ceiling;
	if (rate < day * (1 - p->fall_per_day))
		rate = day * (1 - p->fall_per_day);
	if (rate < p->minimum_rate)
		rate = p->minimum_rate;
	return rate > p->maximum_rate ? p->maximum_rate : rate;
}

static McPolicy
random_policy(UnitRandom *random)
{
	McPolicy p = plain;

	p.buffer = unit_uniform(random) < 0.5 ? 0 : unit_uniform(random);
	p.buffer_recovery = unit_uniform(random) < 0.5 ? 0 : 1 + (int) (20 * unit_uniform(random));
	p.minimum_rate = unit_uniform(random) < 0.5 ? 0 : 0.05 * unit_uniform(random);
	p.maximum_rate = unit_uniform(random) < 0.5 ? 10 : 0.1 + 0.2 * unit_uniform(random);
	if (unit_uniform(random) < 0.5)
		p.rise_per_step = unit_uniform(random);
	if (unit_uniform(random) < 0.5)
		p.rise_per_day = unit_uniform(random);
	if (unit_uniform(random) < 0.5)
		p.rise_after_breach = unit_uniform(random);
	if (unit_uniform(random) < 0.5)
		p.fall_per_day = unit_uniform(random);
	p.symmetric_rates = unit_uniform(random) < 0.5;
	return p;
}

static int
random_step(UnitRandom *random, const McPolicy *p, History *h, size_t bar, McRatePoint *point)
{
	McCalibration c = unit_uniform(random) < 0.05 ? fallen_back(0.4) : found(0, 0);
	bool starts = bar == 0 || h->anew || c.fallback;
	int wrong = 0;

	for (int side = 0; side < MC_SIDES && !c.fallback; side++)
	{
		McSide *s = &c.side[side];

		s->core = s->expected_shortfall =
		    unit_uniform(random) < 0.1 ? 0 : 0.1 * exp(unit_normal(random));
		s->rate = fmin(fmax(s->core, p->minimum_rate), p->maximum_rate);
	}
	if (starts)
		h->start = bar;
	for (int side = 0; side < MC_SIDES; side++)
		h->rate[bar][side] =
		    starts ? c.side[side].rate : brute_rate(p, h, bar, side, c.side[side].core);
	h->anew = c.fallback != MC_NO_FALLBACK;
	*point = mc_rate_path_step(p, point, h->ts[bar], h->price[bar], &c);
	for (int side = 0; side < MC_SIDES; side++)
	{
		const McSide *s = &c.side[side];
		double rate = s->rate;

		wrong += !is_close(rate, h->rate[bar][side], 1e-14) || point->rate[side] != rate ||
		         point->day_rate[side] != (starts ? rate : day_reference(h, bar, side));
		h->rate[bar][side] = rate;
		if (starts)
			continue;
		wrong += rate < p->minimum_rate || rate > p->maximum_rate ||
		         rate < fmin(point->day_rate[side] * (1 - p->fall_per_day), p->maximum_rate);
		wrong += p->buffer > 0 && s->core > 0 && !(s->buffer_used >= 0 && s->buffer_used <= 1);
		wrong += (double) s->initial_steps * p->rounding_step < rate * (1 - 1e-11) &&
		         rate < p->maximum_rate - p->rounding_step;
	}
	return wrong;
}

static void
test_random_paths(void)
{
	UnitRandom random = {20};
	int wrong = 0;
	size_t paths = unit_repeats(4000, 200);

	for (size_t i = 0; i < paths; i++)
	{
		McPolicy p = random_policy(&random);
		History h = {.start = 0};
		McRatePoint point = {0};
		int64_t ts = (int64_t) ((unit_uniform(&random) - 0.5) * 20 * (double) DAY);
		int64_t step = unit_uniform(&random) < 0.5 ? DAY : 7 * HOUR;

		for (size_t bar = 0; bar < BARS; bar++)
		{
			h.ts[bar] = ts;
			h.price[bar] = 100 * exp(0.1 * unit_normal(&random));
			wrong += random_step(&random, &p, &h, bar, &point);
			ts += unit_uniform(&random) < 0.1 ? 3 * step : step;
		}
	}
	check(wrong == 0, "%zu random paths of 60 bars follow the definition", paths);
}

void
test_rate_path(void)
{
	test_start();
	test_buffer();
	test_whole_buffer();
	test_recovery();
	test_rise_per_step();
	rise_over_days(0);
	rise_over_days(-400 * DAY);
	rise_over_days(9000 * DAY);
	test_breach();
	test_fall_per_day();
	test_bounds();
	test_zero();
	test_fallback();
	test_terms();
	test_symmetric();
	test_resume();
	test_random_paths();
}
