/*
 * test_policy.c
 *	  Every rule of a policy refuses what breaks it, and only that.
 */
#include <math.h>
#include <string.h>

#include "kernel/policy.h"
#include "unit.h"

static const McPolicy good = {.confidence = 0.99,
                              .measure = MC_EXPECTED_SHORTFALL,
                              .model = MC_FILTERED_HISTORICAL,
                              .ewma_lambda = 0.94,
                              .horizon = 2,
                              .lookback = 500,
                              .min_returns = 90,
                              .stress_weight = 0.25,
                              .stress_window = 250,
                              .buffer = 0.25,
                              .floor_lookback = 2500,
                              .minimum_rate = 0.01,
                              .maximum_rate = 1,
                              .fallback_rate = 0.5,
                              .maintenance_ratio = 0.5,
                              .rounding_step = 0.0005};

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
}

static void
test_coherence(void)
{
	McPolicy policy = good;
	McPolicyFault fault;

	REFUSED(lookback, 1);
	REFUSED(lookback, 100);
	REFUSED(min_returns, 501);
	REFUSED(stress_window, 1);
	REFUSED(floor_lookback, 1);
	REFUSED(minimum_rate, 1.5);
	REFUSED(fallback_rate, 0.005);
	REFUSED(fallback_rate, 1.5);
	REFUSED(rounding_step, 1e-10);
	REFUSED(maximum_rate, 0.9999);
	ACCEPTED(lookback, 101);
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
}

static void
test_equal(void)
{
	McPolicy policy = good;
	McPolicy other;

	check(mc_policy_equal(&policy, &good), "a policy equals itself");
	policy.jump_bound = 7;
	check(mc_policy_equal(&policy, &good), "what is not set does not count");
	policy.has_jump_bound = true;
	check(!mc_policy_equal(&policy, &good), "what is set does");
	policy = good;
	policy.rounding_step = 0.001;
	check(!mc_policy_equal(&policy, &good), "another step is another policy");
	policy = good;
	policy.horizon = 3;
	check(!mc_policy_equal(&policy, &good), "another horizon is another policy");
	policy = good;
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
	test_coherence();
	test_rate_bounds();
	test_optional();
	test_equal();
}
