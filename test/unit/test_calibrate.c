/*
 * test_calibrate.c
 *	  The algebra of a calibration by hand; test/oracle has the numbers.
 */
#include <math.h>
#include <stdlib.h>

#include "kernel/calibrate.h"
#include "unit.h"

#define N 1000

static double returns[N];

/* plain ES of the last 100 returns at 0.99: the worst loss itself; no other term */
static const McPolicy plain = {
    .confidence = 0.99,
    .measure = MC_EXPECTED_SHORTFALL,
    .model = {.members = {{.length = 10}}, .count = 1, .alternatives = 1},
    .ewma_lambda = 0.94,
    .weight_decay = 0.99,
    .evt_tail = 0.1,
    .refit_interval = 1,
    .horizon = 1,
    .lookback = 100,
    .min_returns = 20,
    .stress_window = 10,
    .maximum_rate = 1,
    .fallback_rate = 0.4,
    .maintenance_ratio = 0.5,
    .rounding_step = 0.001,
    .rise_per_step = INFINITY,
    .rise_per_day = INFINITY,
    .fall_per_day = 1};

static McCalibration
run(const McPolicy *policy, size_t n)
{
	double *work = malloc(mc_calibrator_worksize(policy, n) * sizeof(double) + 1);
	int64_t *ts = malloc((n + 1) * sizeof(int64_t));
	McHistory history = {ts, returns, n};
	McCalibrator calibrator;
	McCalibration result;
	McPolicyFault fault;

	check(mc_policy_check(policy, &fault), "a policy");
	for (size_t i = 0; i <= n; i++)
		ts[i] = (int64_t) i * 86400000000;
	mc_calibrator_init(&calibrator, policy, n, work);
	check(mc_calibrate(&calibrator, &history, n, &result, NULL) == MC_OK, "%zu returns", n);
	free(ts);
	free(work);
	return result;
}

/* the model of one member */
static McModel
model_of(McModelFilter filter, McModelTail tail)
{
	return (McModel){{{.filter = filter, .tail = tail}}, 1, 1};
}

/* quiet returns, with a fall of `fall` (as a loss) at one place */
static void
fill(size_t n, size_t at, double fall)
{
	for (size_t i = 0; i < n; i++)
		returns[i] = i % 2 ? 0.001 : -0.001;
	if (at < n)
		returns[at] = log1p(-fall);
}

static void
test_tail(void)
{
	McCalibration c;

	fill(150, 120, 0.1);
	c = run(&plain, 150);
	check_close(c.side[MC_LONG].rate, 0.1, 1e-15, "long: the loss of 10 %%");
	check_close(c.side[MC_SHORT].rate, expm1(0.001), 1e-15, "short: the rise of 0.1 %%");
	check(c.side[MC_LONG].term == MC_TERM_TAIL && c.larger == MC_LONG &&
	          c.fallback == MC_NO_FALLBACK,
	      "tail");
	check(c.side[MC_LONG].initial_steps == 100 && c.side[MC_LONG].maintenance_steps == 50 &&
	          c.side[MC_SHORT].initial_steps == 2 && c.side[MC_SHORT].maintenance_steps == 1,
	      "published: 100 and 50 steps long, 2 and 1 short");
	fill(150, 20, 0.1);
	c = run(&plain, 150);
	check(c.side[MC_LONG].rate < 0.002, "the same fall before the lookback does not count");
}

static void
test_symmetric(void)
{
	McPolicy policy = plain;
	McCalibration c;

	policy.symmetric_rates = true;
	fill(150, 120, 0.1);
	c = run(&policy, 150);
	check(c.side[MC_SHORT].initial_steps == 100 && c.side[MC_SHORT].maintenance_steps == 50,
	      "symmetric: the short side publishes the long rate");
	check(c.side[MC_SHORT].rate < 0.002, "and keeps its own unrounded one");
}

static void
test_bounds(void)
{
	McPolicy policy = plain;
	McCalibration c;

	policy.minimum_rate = 0.2;
	fill(150, 120, 0.1);
	c = run(&policy, 150);
	check(c.side[MC_LONG].rate == 0.2 && c.side[MC_LONG].term == MC_TERM_MINIMUM, "minimum");
	/* the short tail is the minimum exactly, the long one below it: a tie, which goes to long */
	policy.minimum_rate = expm1(0.001);
	fill(150, 150, 0);
	c = run(&policy, 150);
	check(c.side[MC_LONG].rate == c.side[MC_SHORT].rate && c.larger == MC_LONG &&
	          c.side[MC_LONG].term == MC_TERM_MINIMUM && c.side[MC_SHORT].term == MC_TERM_TAIL,
	      "equal rates: the long side's term is the binding one");
	policy = plain;
	fill(150, 120, 0.1);
	policy.maximum_rate = 0.05;
	policy.fallback_rate = 0.04;
	c = run(&policy, 150);
	check(c.side[MC_LONG].rate == 0.05 && c.side[MC_LONG].term == MC_TERM_MAXIMUM, "maximum");
	check(c.side[MC_LONG].initial_steps == 50, "the maximum is published as it is");
}

static void
test_stress(void)
{
	McPolicy policy = plain;
	McCalibration c;

	policy.stress_weight = 0.25;
	fill(300, 20, 0.5);
	returns[250] = log1p(-0.1);
	c = run(&policy, 300);
	check_close(c.side[MC_LONG].rate, 0.75 * 0.1 + 0.25 * 0.5, 1e-14, "a quarter of the stress");
	check(c.side[MC_LONG].term == MC_TERM_STRESS, "stress binds");
	check_close(c.side[MC_LONG].stressed_es, 0.5, 1e-14, "stressed ES is the worst of ten");
	check(c.stress_start == 20 && c.stress_width == 10, "the latest window with the fall");
	returns[250] = log1p(-0.6);
	c = run(&policy, 300);
	check_close(c.side[MC_LONG].rate, 0.6, 1e-14, "when the tail is the stress, it is not added");
	check(c.side[MC_LONG].term == MC_TERM_TAIL && c.stress_start == 250, "tail binds");
}

static void
test_floor_and_buffer(void)
{
	McPolicy policy = plain;
	McCalibration c;

	policy.floor_lookback = 300;
	fill(300, 250, 0.1);
	returns[20] = log1p(-0.2);
	returns[21] = log1p(-0.2);
	returns[22] = log1p(-0.2);
	c = run(&policy, 300);
	/* 300 losses at 0.99: their worst three */
	check_close(c.side[MC_LONG].floor, 0.2, 1e-14, "floor: the mean of the worst 3 of 300");
	check_close(c.side[MC_LONG].rate, 0.2, 1e-14, "the floor is the rate");
	check(c.side[MC_LONG].term == MC_TERM_FLOOR && isnan(c.side[MC_LONG].buffer_used), "floor");

	policy.buffer = 0.25;
	c = run(&policy, 300);
	check_close(c.side[MC_LONG].rate, 0.25, 1e-14, "calm: the whole buffer on top");
	check(c.side[MC_LONG].buffer_used == 0 && c.side[MC_LONG].term == MC_TERM_BUFFER, "untouched");

	returns[250] = log1p(-0.225);
	c = run(&policy, 300);
	/* the floor has risen to R = (0.225 + 0.2 + 0.2) / 3, the core is 0.225: (1 + b) R */
	check_close(c.side[MC_LONG].rate, 1.25 * 0.625 / 3, 1e-14, "up to (1 + b) R the rate stays");
	check_close(c.side[MC_LONG].buffer_used, 1 - (1.25 * 0.625 / 3 / 0.225 - 1) / 0.25, 1e-12,
	            "the core has used part of the buffer");
	check(c.side[MC_LONG].term == MC_TERM_BUFFER, "the buffer still binds");

	returns[250] = log1p(-0.3);
	c = run(&policy, 300);
	check_close(c.side[MC_LONG].rate, 0.3, 1e-14, "above the buffer the core is the rate");
	check(c.side[MC_LONG].buffer_used == 1 && c.side[MC_LONG].term == MC_TERM_TAIL, "exhausted");
}

/* Without a floor the buffer refers to the lookback as it was, also when the tail is filtered. */
static void
test_buffer_without_floor(void)
{
	McPolicy policy = plain;
	McCalibration c;
	double tail = 1 - pow(0.9, sqrt((0.343 / 3 + 0.3) / (0.49 / 3)));

	policy.model = model_of(MC_FILTERED, MC_TAIL_HISTORICAL);
	policy.ewma_lambda = 0.7;
	policy.confidence = 2.0 / 3;
	policy.evt_tail = 0.5;
	policy.lookback = 3;
	policy.min_returns = 1;
	policy.buffer = 1;
	returns[0] = log1p(-0.5); /* before the lookback */
	returns[1] = returns[2] = 0;
	returns[3] = log1p(-0.1);
	c = run(&policy, 4);
	/* z, the square of the last: v_3 = 0.49 z/3, and v_4 = 0.343 z/3 + 0.3 z on which it is filtered */
	check_close(c.side[MC_LONG].expected_shortfall, tail, 1e-14, "filtered: 15 %%");
	check_close(c.side[MC_LONG].rate, 2 * 0.1, 1e-14, "(1 + b) times the unfiltered 10 %%");
	check_close(c.side[MC_LONG].buffer_used, 2 - 0.2 / tail, 1e-12, "part of the buffer is used");
	check(c.side[MC_LONG].term == MC_TERM_BUFFER && isnan(c.side[MC_LONG].floor), "and no floor");
	policy.buffer = 0.25;
	c = run(&policy, 4);
	check_close(c.side[MC_LONG].rate, tail, 1e-14, "above (1 + b) 10 %% the tail is the rate");
	check(c.side[MC_LONG].buffer_used == 1 && c.side[MC_LONG].term == MC_TERM_TAIL, "used up");
}

static void
test_fallback(void)
{
	McPolicy policy = plain;
	McCalibration c = run(&plain, 0);

	check(c.fallback == MC_TOO_FEW_RETURNS && c.side[MC_LONG].rate == 0.4 &&
	          c.side[MC_LONG].term == MC_TERM_FALLBACK &&
	          isnan(c.side[MC_LONG].expected_shortfall) && isnan(c.vol),
	      "nothing: the fallback rate, no measures");
	returns[0] = 0.01;
	returns[1] = -0.03;
	check_close(run(&plain, 2).vol, 0.04 / sqrt(2), 1e-15, "two returns have a volatility");
	fill(19, 5, 0.1);
	c = run(&plain, 19);
	check(c.fallback == MC_TOO_FEW_RETURNS && c.side[MC_LONG].rate == 0.4 &&
	          c.side[MC_LONG].value_at_risk > 0.09,
	      "19 of 20: the fallback rate, with the measures of what is there");
	fill(19, 5, 0.6);
	c = run(&plain, 19);
	check_close(c.side[MC_LONG].rate, 0.6, 1e-14, "few returns may ask for more");
	check(c.fallback == MC_TOO_FEW_RETURNS && c.side[MC_LONG].term == MC_TERM_TAIL &&
	          c.side[MC_SHORT].term == MC_TERM_FALLBACK,
	      "then the tail binds, on that side");
	fill(20, 5, 0.1);
	check(run(&plain, 20).fallback == MC_NO_FALLBACK, "20 of 20 is enough");
	policy.horizon = 30;
	policy.lookback = 129;
	policy.stress_window = 30;
	policy.floor_lookback = 30;
	policy.buffer = 0.25;
	policy.stress_weight = 0.5;
	fill(25, 5, 0.1);
	c = run(&policy, 25);
	check(c.fallback == MC_TOO_FEW_RETURNS && !c.has_stress && isnan(c.side[MC_LONG].floor) &&
	          isnan(c.vol) && c.alternative == -1,
	      "fewer returns than one horizon: no scenario, no model, no vol");
	fill(30, 5, 0.1);
	c = run(&policy, 30);
	check(c.fallback == MC_NO_FALLBACK && c.has_stress && !isnan(c.side[MC_LONG].floor),
	      "one scenario is enough");
	/* 14 rises and 15 falls of 0.001 beside the fall of 10 % */
	check_close(c.side[MC_LONG].expected_shortfall, 1 - 0.9 * exp(-0.001), 1e-14,
	            "that scenario is the whole window");
	check(c.side[MC_LONG].value_at_risk == c.side[MC_LONG].expected_shortfall &&
	          c.side[MC_LONG].floor == c.side[MC_LONG].expected_shortfall,
	      "and all the measures there are");
}

static void
test_constant_and_huge(void)
{
	McPolicy policy = plain;
	McCalibration c;

	for (size_t i = 0; i < 100; i++)
		returns[i] = 0;
	policy.buffer = 0.5;
	policy.model = model_of(MC_FILTERED, MC_TAIL_HISTORICAL);
	policy.stress_weight = 0.5;
	policy.floor_lookback = 50;
	c = run(&policy, 100);
	check(c.fallback == MC_NO_MODEL && c.alternative == -1 && c.asked == 1 &&
	          c.fits[0] == MC_FIT_CONSTANT && c.side[MC_LONG].rate == 0.4 &&
	          c.side[MC_LONG].term == MC_TERM_FALLBACK && c.side[MC_LONG].initial_steps == 400,
	      "a constant price: no model answers, the fallback rate");
	check(isnan(c.vol) && isnan(c.side[MC_LONG].core) && isnan(c.side[MC_LONG].buffer_used) &&
	          isnan(c.side[MC_LONG].value_at_risk) && isnan(c.side[MC_LONG].floor) &&
	          isnan(c.side[MC_LONG].stressed_es) && !c.has_stress,
	      "and no vol, no core, no term that would be combined with it");
	policy.floor_lookback = 0;
	returns[50] = 1400;
	returns[51] = -1400;
	policy.model = model_of(MC_UNFILTERED, MC_TAIL_HISTORICAL);
	policy.stress_weight = 1;
	c = run(&policy, 100);
	check(c.side[MC_SHORT].rate == 1 && c.side[MC_LONG].rate == 1 &&
	          isfinite(c.side[MC_SHORT].expected_shortfall),
	      "moves of exp(1400) give the maximum rate and finite measures");
}

void
test_calibrate(void)
{
	test_tail();
	test_symmetric();
	test_bounds();
	test_stress();
	test_floor_and_buffer();
	test_buffer_without_floor();
	test_fallback();
	test_constant_and_huge();
}
