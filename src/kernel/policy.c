/*
 * policy.c
 *	  The rules of a policy: ranges first, then what the fields say together.
 */
#include "kernel/policy.h"
#include "kernel/gpd.h"

#include <math.h>
#include <stddef.h>

/* low <= value <= high; an open end is written as the neighbouring double */
#define ABOVE_ZERO 4.9406564584124654e-324
#define BELOW_ONE 0.99999999999999989
#define INT_TOP 2147483647.0
#define RATE_TOP 1000.0

typedef struct Range
{
	const char *field;
	double value;
	double low;
	double high;
	const char *rule;
	const char *hint;
} Range;

static bool
fault_set(McPolicyFault *fault, const char *field, double value, const char *rule, const char *hint)
{
	fault->field = field;
	fault->value = value;
	fault->rule = rule;
	fault->hint = hint;
	fault->least = 0;
	return false;
}

static bool
ranges_check(const McPolicy *p, McPolicyFault *fault)
{
	const Range ranges[] = {
	    {"confidence", p->confidence, ABOVE_ZERO, BELOW_ONE,
	     "confidence must lie strictly between 0 and 1", "Write 0.99 for the worst one percent."},
	    {"ewma_lambda", p->ewma_lambda, ABOVE_ZERO, BELOW_ONE,
	     "ewma_lambda must lie strictly between 0 and 1",
	     "RiskMetrics uses 0.94 for daily bars, clearing houses 0.97."},
	    {"weight_decay", p->weight_decay, ABOVE_ZERO, 1,
	     "weight_decay must be positive and at most 1",
	     "It is the weight of a return over that of the next one: 0.99 halves it in 69 bars."},
	    {"evt_tail", p->evt_tail, ABOVE_ZERO, 0.5, "evt_tail must be positive and at most 0.5",
	     "It is the share of losses beyond the threshold: write 0.1 for the worst tenth."},
	    {"refit_interval", p->refit_interval, 1, INT_TOP,
	     "refit_interval must be at least one return",
	     "Write 1 to fit GARCH models at every bar, 20 for once a month of trading days."},
	    {"horizon", p->horizon, 1, INT_TOP, "horizon must be at least one bar",
	     "Write the number of bars that closing a position takes."},
	    {"lookback", p->lookback, 1, INT_TOP, "lookback must be at least one return",
	     "Two years of daily bars are 730 where every day trades, else 500."},
	    {"min_returns", p->min_returns, 1, INT_TOP, "min_returns must be at least 1",
	     "Write the number of returns below which the rate falls back."},
	    {"stress_weight", p->stress_weight, 0, 1, "stress_weight must lie between 0 and 1",
	     "Write 0.25 for 25 %, 0 for no stress."},
	    {"stress_window", p->stress_window, 1, INT_TOP, "stress_window must be at least one return",
	     "A year of daily bars is 365 where every day trades, else 250."},
	    {"buffer", p->buffer, 0, 1, "buffer must lie between 0 and 1",
	     "Write 0.25 for 25 %, 0 for no buffer."},
	    {"buffer_recovery", p->buffer_recovery, 0, INT_TOP, "buffer_recovery must not be negative",
	     "It is the number of bars in which a used buffer comes back; 0 as the rate falls only."},
	    {"floor_lookback", p->floor_lookback, 0, INT_TOP, "floor_lookback must not be negative",
	     "Write 0 for no floor."},
	    {"minimum_rate", p->minimum_rate, 0, RATE_TOP, "minimum_rate must lie between 0 and 1000",
	     "Rates are fractions of notional: write 0.02 for 2 %."},
	    {"maximum_rate", p->maximum_rate, ABOVE_ZERO, RATE_TOP,
	     "maximum_rate must be positive and at most 1000",
	     "Rates are fractions of notional: write 1 for 100 %."},
	    {"fallback_rate", p->fallback_rate, 0, RATE_TOP,
	     "fallback_rate must lie between 0 and 1000",
	     "Rates are fractions of notional: write 0.5 for 50 %."},
	    {"maintenance_ratio", p->maintenance_ratio, ABOVE_ZERO, 1,
	     "maintenance_ratio must be positive and at most 1",
	     "It is the maintenance rate divided by the initial rate."},
	    {"rounding_step", p->rounding_step, ABOVE_ZERO, RATE_TOP,
	     "rounding_step must be positive and at most 1000",
	     "Write 0.0005 to publish rates in steps of 5 basis points."},
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
	{
		const Range *r = &ranges[i];

		/* written so that NaN fails */
		if (!(r->value >= r->low && r->value <= r->high))
			return fault_set(fault, r->field, r->value, r->rule, r->hint);
	}
	return true;
}

/* limits of speed: what is not given passes */
static bool
speed_check(const McPolicy *p, McPolicyFault *fault)
{
	if (!(p->rise_per_step > 0))
		return fault_set(fault, "rise_per_step", p->rise_per_step, "rise_per_step must be positive",
		                 "Write 0.1 for 10 %, or leave it NULL for no limit.");
	if (!(p->rise_per_day > 0))
		return fault_set(fault, "rise_per_day", p->rise_per_day, "rise_per_day must be positive",
		                 "Write 0.1 for 10 %, or leave it NULL for no limit.");
	if (!(p->rise_after_breach >= 0 && p->rise_after_breach <= RATE_TOP))
		return fault_set(fault, "rise_after_breach", p->rise_after_breach,
		                 "rise_after_breach must lie between 0 and 1000",
		                 "Write 0.3 for 30 % after a loss beyond the rate, or leave it NULL.");
	if (!(p->fall_per_day > 0 && p->fall_per_day <= 1))
		return fault_set(fault, "fall_per_day", p->fall_per_day,
		                 "fall_per_day must be positive and at most 1",
		                 "Write 0.05 for 5 %, or leave it NULL for no limit.");
	return true;
}

static bool
optional_check(const McPolicy *p, McPolicyFault *fault)
{
	if (p->lookback_time < 0)
		return fault_set(fault, "lookback_time", (double) p->lookback_time / 1e6,
		                 "lookback_time must be positive",
		                 "Leave it NULL to look back by returns only.");
	if (p->dead_after < 0)
		return fault_set(fault, "dead_after", p->dead_after, "dead_after must be positive",
		                 "Leave it NULL to take prices that do not move as they are.");
	if (p->restart_gap < 0)
		return fault_set(fault, "restart_gap", (double) p->restart_gap / 1e6,
		                 "restart_gap must be positive", "Leave it NULL to look across every gap.");
	if (p->has_bar_interval && p->bar_interval <= 0)
		return fault_set(fault, "bar_interval", (double) p->bar_interval / 1e6,
		                 "bar_interval must be positive",
		                 "Leave it NULL to take the median step of the series.");
	if (p->has_jump_bound && !(p->jump_bound > 0 && isfinite(p->jump_bound)))
		return fault_set(fault, "jump_bound", p->jump_bound,
		                 "jump_bound must be positive and finite",
		                 "Leave it NULL to flag no jump.");
	if (p->has_stale_after && p->stale_after <= 0)
		return fault_set(fault, "stale_after", (double) p->stale_after / 1e6,
		                 "stale_after must be positive",
		                 "Leave it NULL for prices that never go stale.");
	return true;
}

/* what is counted in time, beside the step between bars, when that is given */
static bool
times_check(const McPolicy *p, McPolicyFault *fault)
{
	if (!p->has_bar_interval)
		return true;
	if (p->lookback_time > 0 && p->lookback_time / p->bar_interval < p->min_returns)
		return fault_set(fault, "lookback_time", (double) p->lookback_time / 1e6,
		                 "lookback_time must hold min_returns bars of bar_interval",
		                 "With more returns demanded than used every rate would fall back.");
	if (p->restart_gap > 0 && p->restart_gap <= p->bar_interval)
		return fault_set(fault, "restart_gap", (double) p->restart_gap / 1e6,
		                 "restart_gap must be above bar_interval",
		                 "Every bar would start a new listing.");
	if (p->has_stale_after && p->stale_after < p->bar_interval)
		return fault_set(fault, "stale_after", (double) p->stale_after / 1e6,
		                 "stale_after must not be below bar_interval",
		                 "A requirement would be stale before its next price is due.");
	return true;
}

static bool
uses_tail(const McModel *model, McModelTail tail)
{
	for (int i = 0; i < model->count; i++)
		if (model->members[i].tail == tail)
			return true;
	return false;
}

static bool
windows_check(const McPolicy *p, McPolicyFault *fault)
{
	/* 1 - 0.99 is not 0.01: what is within rounding of a whole number counts as one */
	double least = ceil(1 / (1 - p->confidence) * (1 - 1e-12)) + p->horizon - 1;

	if (p->lookback < p->horizon)
		return fault_set(fault, "lookback", p->lookback, "lookback must not be below horizon",
		                 "A window of horizon bars must fit into the lookback.");
	if (p->lookback < least)
	{
		fault_set(fault, "lookback", p->lookback,
		          "lookback must give a tail of at least one scenario", NULL);
		fault->least = least < 9e15 ? (int64_t) least : INT64_MAX;
		return false;
	}
	if (p->min_returns > p->lookback)
		return fault_set(fault, "min_returns", p->min_returns,
		                 "min_returns must not be above lookback",
		                 "With more returns demanded than used every rate would fall back.");
	if (uses_tail(&p->model, MC_TAIL_EVT) && p->evt_tail <= (1 - p->confidence) * (1 + 1e-12))
		return fault_set(fault, "evt_tail", p->evt_tail, "evt_tail must be above 1 - confidence",
		                 "The measure must lie beyond the threshold of the fitted tail.");
	if (uses_tail(&p->model, MC_TAIL_EVT) && p->lookback * p->evt_tail < MC_GPD_MIN_EXCEEDANCES)
		return fault_set(fault, "evt_tail", p->evt_tail,
		                 "evt_tail times lookback must be at least 5 returns",
		                 "The law of the tail is fitted to the losses beyond the threshold.");
	if (p->refit_interval > p->lookback)
		return fault_set(fault, "refit_interval", p->refit_interval,
		                 "refit_interval must not be above lookback",
		                 "A fit would be older than all that it is used on.");
	if (p->stress_window < p->horizon)
		return fault_set(fault, "stress_window", p->stress_window,
		                 "stress_window must not be below horizon",
		                 "A window of horizon bars must fit into the stressed window.");
	if (p->floor_lookback > 0 && p->floor_lookback < p->horizon)
		return fault_set(fault, "floor_lookback", p->floor_lookback,
		                 "floor_lookback must be 0 or not below horizon", "Write 0 for no floor.");
	return true;
}

static bool
rates_check(const McPolicy *p, McPolicyFault *fault)
{
	double steps = p->maximum_rate / p->rounding_step;

	if (p->minimum_rate > p->maximum_rate)
		return fault_set(fault, "minimum_rate", p->minimum_rate,
		                 "minimum_rate must not be above maximum_rate",
		                 "Lower minimum_rate or raise maximum_rate.");
	if (p->fallback_rate < p->minimum_rate || p->fallback_rate > p->maximum_rate)
		return fault_set(fault, "fallback_rate", p->fallback_rate,
		                 "fallback_rate must lie between minimum_rate and maximum_rate",
		                 "An instrument with too little data is charged within the same bounds.");
	if (steps > MC_POLICY_STEPS)
		return fault_set(fault, "rounding_step", p->rounding_step,
		                 "rounding_step must be at least a billionth of maximum_rate",
		                 "Write 0.0005 to publish rates in steps of 5 basis points.");
	if (rint(steps) < 1 || fabs(steps - rint(steps)) > 1e-12 * steps)
		return fault_set(fault, "maximum_rate", p->maximum_rate,
		                 "maximum_rate must be a multiple of rounding_step",
		                 "Else the largest rate could not be published.");
	return true;
}

bool
mc_policy_check(const McPolicy *policy, McPolicyFault *fault)
{
	return ranges_check(policy, fault) && speed_check(policy, fault) &&
	       optional_check(policy, fault) && windows_check(policy, fault) &&
	       times_check(policy, fault) && rates_check(policy, fault);
}

static bool
scenarios_equal(const McPolicy *a, const McPolicy *b)
{
	return a->confidence == b->confidence && a->measure == b->measure &&
	       mc_model_equal(&a->model, &b->model) && a->ewma_lambda == b->ewma_lambda &&
	       a->weight_decay == b->weight_decay && a->evt_tail == b->evt_tail &&
	       a->refit_interval == b->refit_interval && a->horizon == b->horizon &&
	       a->scaled_horizon == b->scaled_horizon && a->lookback == b->lookback &&
	       a->lookback_time == b->lookback_time && a->dead_after == b->dead_after &&
	       a->restart_gap == b->restart_gap && a->min_returns == b->min_returns &&
	       a->stress_weight == b->stress_weight && a->stress_window == b->stress_window &&
	       a->buffer == b->buffer && a->floor_lookback == b->floor_lookback;
}

static bool
speed_equal(const McPolicy *a, const McPolicy *b)
{
	return a->buffer_recovery == b->buffer_recovery && a->rise_per_step == b->rise_per_step &&
	       a->rise_per_day == b->rise_per_day && a->rise_after_breach == b->rise_after_breach &&
	       a->fall_per_day == b->fall_per_day;
}

static bool
publication_equal(const McPolicy *a, const McPolicy *b)
{
	return a->minimum_rate == b->minimum_rate && a->maximum_rate == b->maximum_rate &&
	       a->fallback_rate == b->fallback_rate && a->maintenance_ratio == b->maintenance_ratio &&
	       a->rounding_step == b->rounding_step && a->symmetric_rates == b->symmetric_rates;
}

static bool
optional_equal(const McPolicy *a, const McPolicy *b)
{
	return a->has_bar_interval == b->has_bar_interval && a->has_jump_bound == b->has_jump_bound &&
	       a->has_stale_after == b->has_stale_after &&
	       (!a->has_bar_interval || a->bar_interval == b->bar_interval) &&
	       (!a->has_jump_bound || a->jump_bound == b->jump_bound) &&
	       (!a->has_stale_after || a->stale_after == b->stale_after);
}

bool
mc_policy_equal(const McPolicy *a, const McPolicy *b)
{
	return scenarios_equal(a, b) && speed_equal(a, b) && publication_equal(a, b) &&
	       optional_equal(a, b);
}
