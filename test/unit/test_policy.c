/*
 * test_policy.c
 *	  Every rule of a policy refuses what breaks it, and only that.
 */
#include <math.h>
#include <string.h>

#include "kernel/policy.h"
#include "unit.h"

static const McPolicy good = {
    .confidence = 0.99,
    .measure = MC_EXPECTED_SHORTFALL,
    .model = {.members = {{.filter = MC_FILTERED}}, .count = 1, .alternatives = 1},
    .ewma_lambda = 0.94,
    .weight_decay = 0.99,
    .evt_tail = 0.1,
    .refit_interval = 20,
    .horizon = 2,
    .lookback = 500,
    .min_returns = 90,
    .stress_weight = 0.25,
    .stress_window = 250,
    .buffer = 0.25,
    .buffer_recovery = 60,
    .floor_lookback = 2500,
    .minimum_rate = 0.01,
    .maximum_rate = 1,
    .fallback_rate = 0.5,
    .maintenance_ratio = 0.5,
    .rounding_step = 0.0005,
    .lookback_time = 1,
    .rise_per_step = INFINITY,
    .rise_per_day = 0.1,
    .rise_after_breach = 0.3,
    .fall_per_day = 1,
    .dead_after = 10,
    .restart_gap = 1};

static void
refused(McPolicy policy, const char *field, const char *what)
{
	McPolicyFault fault = {0};

	check(!mc_policy_check(&policy, &fault) && strcmp(fault.field, field) == 0 &&
	          strstr(fault.rule, field) != NULL && (fault.hint != NULL) != (fault.least > 0),
	      "%s: refused for %s", what, field);
}

#define REFUSED(member, value)                          \
	do                                                  \
	{                                                   \
		McPolicy policy = good;                         \
		policy.member = (value);                        \
		refused(policy, #member, #member " = " #value); \
	} while (0)

static void
accepted(McPolicy policy, const char *what)
{
	McPolicyFault fault = {0};

	check(mc_policy_check(&policy, &fault), "%s: accepted (%s)", what,
	      fault.rule ? fault.rule : "no fault");
}

#define ACCEPTED(member, value)                 \
	do                                          \
	{                                           \
		McPolicy policy = good;                 \
		policy.member = (value);                \
		accepted(policy, #member " = " #value); \
	} while (0)

static void
test_ranges(void)
{
	REFUSED(confidence, 0);
	REFUSED(confidence, 1);
	REFUSED(confidence, NAN);
	REFUSED(ewma_lambda, 0);
	REFUSED(ewma_lambda, 1);
	REFUSED(ewma_lambda, NAN);
	REFUSED(weight_decay, 0);
	REFUSED(weight_decay, -0.5);
	REFUSED(weight_decay, nextafter(1, 2));
	REFUSED(weight_decay, NAN);
	REFUSED(evt_tail, 0);
	REFUSED(evt_tail, nextafter(0.5, 1));
	REFUSED(evt_tail, NAN);
	REFUSED(refit_interval, 0);
	REFUSED(refit_interval, -1);
	REFUSED(horizon, 0);
	REFUSED(lookback, 0);
	REFUSED(min_returns, 0);
	REFUSED(stress_weight, -0.1);
	REFUSED(stress_weight, 1.1);
	REFUSED(stress_weight, NAN);
	REFUSED(stress_window, 0);
	REFUSED(buffer, -0.01);
	REFUSED(buffer, 25);
	REFUSED(buffer, NAN);
	REFUSED(buffer_recovery, -1);
	REFUSED(floor_lookback, -1);
	REFUSED(minimum_rate, -0.01);
	REFUSED(minimum_rate, NAN);
	REFUSED(maximum_rate, 0);
	REFUSED(maximum_rate, INFINITY);
	REFUSED(fallback_rate, NAN);
	REFUSED(maintenance_ratio, 0);
	REFUSED(maintenance_ratio, 1.5);
	REFUSED(rounding_step, 0);
	REFUSED(rounding_step, NAN);
	ACCEPTED(weight_decay, 1);
	ACCEPTED(weight_decay, 1e-300);
	ACCEPTED(evt_tail, 0.5);
	ACCEPTED(refit_interval, 1);
	ACCEPTED(buffer_recovery, 0);
	ACCEPTED(buffer_recovery, INT32_MAX);
}

/* Limits of speed: infinity for a rise, 1 for a fall and 0 after a breach are none. */
static void
test_speed(void)
{
	REFUSED(rise_per_step, 0);
	REFUSED(rise_per_step, -0.1);
	REFUSED(rise_per_step, NAN);
	REFUSED(rise_per_day, 0);
	REFUSED(rise_per_day, -0.1);
	REFUSED(rise_per_day, NAN);
	REFUSED(rise_after_breach, -0.1);
	REFUSED(rise_after_breach, nextafter(1000, 2000));
	REFUSED(rise_after_breach, NAN);
	REFUSED(fall_per_day, 0);
	REFUSED(fall_per_day, -0.1);
	REFUSED(fall_per_day, nextafter(1, 2));
	REFUSED(fall_per_day, NAN);
	ACCEPTED(rise_per_step, 1e-300);
	ACCEPTED(rise_per_step, INFINITY);
	ACCEPTED(rise_per_day, INFINITY);
	ACCEPTED(rise_after_breach, 0);
	ACCEPTED(rise_after_breach, 1000);
	ACCEPTED(fall_per_day, 1e-300);
	ACCEPTED(fall_per_day, 1);
}

static void
test_coherence(void)
{
	McPolicy policy = good;
	McPolicyFault fault;

	REFUSED(lookback, 1);
	REFUSED(lookback, 100);
	REFUSED(min_returns, 501);
	REFUSED(refit_interval, 501);
	REFUSED(stress_window, 1);
	REFUSED(floor_lookback, 1);
	REFUSED(minimum_rate, 1.5);
	REFUSED(fallback_rate, 0.005);
	REFUSED(fallback_rate, 1.5);
	REFUSED(rounding_step, 1e-10);
	REFUSED(maximum_rate, 0.9999);
	ACCEPTED(lookback, 101);
	ACCEPTED(refit_interval, 500);
	ACCEPTED(evt_tail, 0.005);
	policy.model.members[0].tail = MC_TAIL_EVT;
	policy.evt_tail = 0.0099;
	refused(policy, "evt_tail", "a threshold within the tail");
	policy.evt_tail = 0.01;
	refused(policy, "evt_tail", "a threshold at the tail");
	policy.evt_tail = 0.0100001;
	accepted(policy, "a threshold below the tail");
	policy.lookback = 499;
	refused(policy, "evt_tail", "less than five returns beyond the threshold");
	policy = good;
	ACCEPTED(floor_lookback, 0);
	ACCEPTED(buffer, 1);
	ACCEPTED(maintenance_ratio, 1);
	ACCEPTED(rounding_step, 1);
	ACCEPTED(minimum_rate, 0);
	policy.confidence = 0.999;
	check(!mc_policy_check(&policy, &fault) && fault.least == 1001,
	      "at 0.999 and a horizon of 2 the lookback must be 1001");
	policy.lookback = 1001;
	accepted(policy, "that lookback");
	policy.lookback = 1000;
	refused(policy, "lookback", "one less");
}

/* A value at the bound passes, the next double beyond it does not. */
static void
test_rate_bounds(void)
{
	McPolicy policy = good;

	policy.fallback_rate = policy.minimum_rate;
	accepted(policy, "a fallback of the minimum");
	policy.fallback_rate = nextafter(policy.minimum_rate, 0);
	refused(policy, "fallback_rate", "the next below");
	policy.fallback_rate = policy.maximum_rate;
	accepted(policy, "a fallback of the maximum");
	policy.fallback_rate = nextafter(policy.maximum_rate, 2);
	refused(policy, "fallback_rate", "the next above");
	policy.fallback_rate = policy.minimum_rate = policy.maximum_rate;
	accepted(policy, "minimum, fallback and maximum in one");
	policy.minimum_rate = nextafter(policy.maximum_rate, 2);
	refused(policy, "minimum_rate", "a minimum just above the maximum");
	/* 1e9 is 2^9 5^9, so that 1e9 steps of 2^-20 are a double */
	policy = good;
	policy.rounding_step = 0x1p-20;
	policy.maximum_rate = 1e9 * 0x1p-20;
	accepted(policy, "a billion steps");
	policy.maximum_rate = nextafter(policy.maximum_rate, INFINITY);
	refused(policy, "rounding_step", "a billion and a bit");
}

static void
test_optional(void)
{
	McPolicy policy = good;

	policy.has_bar_interval = true;
	refused(policy, "bar_interval", "an interval of 0");
	policy.bar_interval = 1;
	policy.lookback_time = 90;
	policy.restart_gap = 2;
	policy.has_jump_bound = true;
	refused(policy, "jump_bound", "a bound of 0");
	policy.jump_bound = NAN;
	refused(policy, "jump_bound", "a bound of NaN");
	policy.jump_bound = INFINITY;
	refused(policy, "jump_bound", "a bound without bound");
	policy.jump_bound = 0.1;
	policy.has_stale_after = true;
	policy.stale_after = -1;
	refused(policy, "stale_after", "stale before it was there");
	policy.stale_after = 1;
	accepted(policy, "all three");
	REFUSED(lookback_time, -1);
	REFUSED(lookback_time, INT64_MIN);
	REFUSED(dead_after, -1);
	REFUSED(restart_gap, -1);
	ACCEPTED(lookback_time, 0);
	ACCEPTED(lookback_time, INT64_MAX);
	ACCEPTED(dead_after, 0);
	ACCEPTED(restart_gap, 0);
}

/* What is counted in time, beside the step between bars. */
static void
test_times(void)
{
	McPolicy policy = good;

	policy.has_bar_interval = policy.has_stale_after = true;
	policy.bar_interval = 86400000000;
	policy.lookback_time = 90 * policy.bar_interval;
	policy.restart_gap = policy.bar_interval + 1;
	policy.stale_after = policy.bar_interval;
	accepted(policy, "as short as they may be");
	policy.lookback_time--;
	refused(policy, "lookback_time", "less time than min_returns bars take");
	policy.lookback_time = 0;
	accepted(policy, "no time to look back");
	policy.restart_gap--;
	refused(policy, "restart_gap", "a restart at every bar");
	policy.restart_gap = 0;
	accepted(policy, "no restarts");
	policy.stale_after--;
	refused(policy, "stale_after", "stale before the next bar");
	policy.has_stale_after = false;
	accepted(policy, "never stale");
}

#define DIFFERS(member, value)                                                        \
	do                                                                                \
	{                                                                                 \
		McPolicy policy = good;                                                       \
		policy.member = (value);                                                      \
		check(!mc_policy_equal(&policy, &good) && !mc_policy_equal(&good, &policy) && \
		          mc_policy_equal(&policy, &policy),                                  \
		      "another " #member " is another policy");                               \
	} while (0)

/* Every field counts. */
static void
test_equal(void)
{
	check(mc_policy_equal(&good, &good), "a policy equals itself");
	DIFFERS(confidence, 0.98);
	DIFFERS(measure, MC_VALUE_AT_RISK);
	DIFFERS(model.members[0].filter, MC_GARCH);
	DIFFERS(ewma_lambda, 0.97);
	DIFFERS(weight_decay, 1);
	DIFFERS(evt_tail, 0.2);
	DIFFERS(refit_interval, 1);
	DIFFERS(horizon, 3);
	DIFFERS(scaled_horizon, true);
	DIFFERS(lookback, 501);
	DIFFERS(min_returns, 91);
	DIFFERS(stress_weight, 0.5);
	DIFFERS(stress_window, 251);
	DIFFERS(buffer, 0.5);
	DIFFERS(buffer_recovery, 0);
	DIFFERS(floor_lookback, 0);
	DIFFERS(minimum_rate, 0.02);
	DIFFERS(maximum_rate, 0.9);
	DIFFERS(fallback_rate, 0.4);
	DIFFERS(maintenance_ratio, 1);
	DIFFERS(rounding_step, 0.001);
	DIFFERS(symmetric_rates, true);
	DIFFERS(lookback_time, 2);
	DIFFERS(rise_per_step, 0.1);
	DIFFERS(rise_per_day, 0.2);
	DIFFERS(rise_after_breach, 0);
	DIFFERS(fall_per_day, 0.5);
	DIFFERS(dead_after, 0);
	DIFFERS(restart_gap, 2);
	DIFFERS(has_bar_interval, true);
	DIFFERS(has_jump_bound, true);
	DIFFERS(has_stale_after, true);
}

/* What is not set does not count, what is set does. */
static void
test_equal_optional(void)
{
	McPolicy policy = good;
	McPolicy other;

	policy.jump_bound = 7;
	policy.bar_interval = policy.stale_after = 7;
	check(mc_policy_equal(&policy, &good), "what is not set does not count");
	policy.has_bar_interval = policy.has_jump_bound = policy.has_stale_after = true;
	policy.bar_interval = policy.stale_after = 86400000000;
	policy.jump_bound = 0.5;
	other = policy;
	check(mc_policy_equal(&policy, &other), "all three set alike");
	other.bar_interval++;
	check(!mc_policy_equal(&policy, &other), "a bar longer by a microsecond");
	other = policy;
	other.jump_bound = nextafter(other.jump_bound, 1);
	check(!mc_policy_equal(&policy, &other), "a jump bound higher by a bit");
	other = policy;
	other.stale_after--;
	check(!mc_policy_equal(&policy, &other), "stale a microsecond earlier");
}

void
test_policy(void)
{
	McPolicy one_bar = good;

	accepted(good, "the policy of this test");
	one_bar.horizon = 1;
	accepted(one_bar, "a horizon of one bar");
	test_ranges();
	test_speed();
	test_coherence();
	test_rate_bounds();
	test_optional();
	test_times();
	test_equal();
	test_equal_optional();
}
