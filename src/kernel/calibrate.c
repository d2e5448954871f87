/*
 * calibrate.c
 *	  Margin rates from returns: model, stress, floor, buffer, bounds, publication.
 */
#include "calibrate.h"

#include <math.h>

#include "publish.h"
#include "stress_window.h"
#include "tail.h"

/* the terms of one side that are not published, beside those that are */
typedef struct Terms
{
	double tail;
	double blend;
	double reference; /* long-run level that the buffer refers to */
	double buffered;
} Terms;

static size_t
smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t
larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

/* A tail of unfiltered returns, for stress and floor, and as every member of the model takes it. */
static McTailSpec
tail_spec(const McCalibrator *c, const McModelMember *member)
{
	const McPolicy *p = c->policy;

	return (McTailSpec){member ? member->filter : MC_UNFILTERED,
	                    member ? member->tail : MC_TAIL_HISTORICAL,
	                    p->horizon,
	                    p->scaled_horizon,
	                    p->weight_decay,
	                    p->evt_tail,
	                    c->confidences,
	                    member ? c->levels : 1};
}

/* Work space of the tails: of plain returns, all of them, and of each member. */
static size_t
tail_room(const McCalibrator *c, size_t n, size_t m)
{
	McTailSpec spec = tail_spec(c, NULL);
	size_t room = mc_model_tail_worksize(&spec, n);

	for (int i = 0; i < c->policy->model.count; i++)
	{
		spec = tail_spec(c, &c->policy->model.members[i]);
		room = larger(room, mc_model_tail_worksize(&spec, m));
	}
	return room;
}

/* levels that mc_calibrator_level may add: no deeper a tail than half of the losses */
#define LOWEST_LEVEL 0.5

static bool
uses_filter(const McModel *model, int filter)
{
	for (int i = 0; i < model->count; i++)
		if (model->members[i].filter == (McModelFilter) filter)
			return true;
	return false;
}

size_t
mc_calibrator_worksize(const McPolicy *policy, size_t n)
{
	McCalibrator c = {.policy = policy, .levels = 1};
	size_t m = smaller(n, (size_t) policy->lookback);
	size_t garch = 0;

	c.confidences[0] = fmin(policy->confidence, LOWEST_LEVEL);
	for (int filter = MC_GARCH; filter < MC_FILTERS; filter++)
		garch += uses_filter(&policy->model, filter) ? m : 0;
	return garch + n + larger(mc_model_scenarios_worksize(m), tail_room(&c, n, m));
}

void
mc_calibrator_init(McCalibrator *calibrator, const McPolicy *policy, size_t n, double *work)
{
	size_t m = smaller(n, (size_t) policy->lookback);

	*calibrator = (McCalibrator){.policy = policy, .levels = 1};
	calibrator->confidences[0] = policy->confidence;
	for (int filter = MC_GARCH; filter < MC_FILTERS; filter++)
		if (uses_filter(&policy->model, filter))
		{
			calibrator->memory[filter].residuals = work;
			work += m;
		}
	calibrator->values = work;
	calibrator->work = work + n;
}

void
mc_calibrator_level(McCalibrator *calibrator, double confidence)
{
	calibrator->confidences[calibrator->levels++] = confidence;
}

static double
chosen(const McPolicy *policy, const McMeasures *measures)
{
	return policy->measure == MC_VALUE_AT_RISK ? measures->value_at_risk
	                                           : measures->expected_shortfall;
}

/* How many returns does a lookback have that ends with return `end`? */
static size_t
lookback_length(const McPolicy *policy, const McHistory *history, size_t end)
{
	size_t m = smaller(end, (size_t) policy->lookback);
	size_t low = end - m;
	size_t high = end;
	int64_t since;

	if (policy->lookback_time == 0 || m == 0 ||
	    __builtin_sub_overflow(history->ts[end], policy->lookback_time, &since))
		return m;
	while (low < high)
	{
		size_t middle = low + (high - low) / 2;

		if (history->ts[middle + 1] > since)
			high = middle;
		else
			low = middle + 1;
	}
	return end - low;
}

/* Add the measures of one member to the sums of its alternative. */
static McStatus
member_measure(McCalibrator *c, const McLookback *lookback, const McModelMember *member, McFit *fit,
               double *vol, McMeasures sums[MC_LEVELS][MC_SIDES], const McPoll *poll)
{
	McTailSpec spec = tail_spec(c, member);
	McMeasures measures[MC_LEVELS][MC_SIDES];
	McScenarios scenarios;
	McStatus status;

	status = mc_model_scenarios(lookback, member->filter,
	                            member->lambda > 0 ? member->lambda : c->policy->ewma_lambda,
	                            &c->memory[member->filter], c->work, c->values, &scenarios, poll);
	if (status != MC_OK)
		return status;
	if (mc_fit_usable(scenarios.fit) && mc_move_count(scenarios.n, spec.horizon, spec.scaled) == 0)
		scenarios.fit = MC_FIT_TOO_FEW;
	status = mc_model_tail(&spec, &scenarios, c->work, measures, fit, poll);
	*vol += scenarios.vol;
	for (int level = 0; level < c->levels; level++)
		for (int side = 0; side < MC_SIDES; side++)
		{
			sums[level][side].value_at_risk += measures[level][side].value_at_risk;
			sums[level][side].expected_shortfall += measures[level][side].expected_shortfall;
		}
	return status;
}

/* An alternative: the mean of its members, from `first` on. Returns whether all of them answered. */
static McStatus
alternative_measure(McCalibrator *c, const McLookback *lookback, int first, McCalibration *result,
                    bool *answers, const McPoll *poll)
{
	const McModel *model = &c->policy->model;
	McMeasures sums[MC_LEVELS][MC_SIDES] = {{{0, 0}}};
	double vol = 0;
	int i;

	*answers = true;
	for (i = first; i < model->count && *answers; i++)
	{
		const McModelMember *member = &model->members[i];

		if (member->alternative != model->members[first].alternative)
			break;
		if (member_measure(c, lookback, member, &result->fits[i], &vol, sums, poll) != MC_OK)
			return MC_STOPPED;
		result->asked = i + 1;
		*answers = mc_fit_usable(result->fits[i]);
	}
	if (!*answers)
		return MC_OK;
	result->alternative = model->members[first].alternative;
	result->vol = vol / (i - first);
	for (int level = 0; level < c->levels; level++)
		for (int side = 0; side < MC_SIDES; side++)
			result->measures[level][side] =
			    (McMeasures){sums[level][side].value_at_risk / (i - first),
			                 sums[level][side].expected_shortfall / (i - first)};
	return MC_OK;
}

/* The first alternative that answers. */
static McStatus
model_measure(McCalibrator *c, const McHistory *history, size_t n, McCalibration *result,
              Terms terms[MC_SIDES], const McPoll *poll)
{
	const McPolicy *policy = c->policy;
	const McModel *model = &policy->model;
	size_t fitted = n - n % (size_t) policy->refit_interval;
	McLookback lookback = {history->returns, n, result->used, fitted,
	                       lookback_length(policy, history, fitted)};
	bool answers = false;

	for (int i = 0; i < model->count && !answers; i++)
	{
		if (i > 0 && model->members[i].alternative == model->members[i - 1].alternative)
			continue;
		if (alternative_measure(c, &lookback, i, result, &answers, poll) != MC_OK)
			return MC_STOPPED;
	}
	for (int side = 0; side < MC_SIDES && answers; side++)
	{
		result->side[side].value_at_risk = result->measures[0][side].value_at_risk;
		result->side[side].expected_shortfall = result->measures[0][side].expected_shortfall;
		terms[side].tail = chosen(policy, &result->measures[0][side]);
	}
	return MC_OK;
}

/* VaR and ES of both sides of plain returns, at the policy's level. */
static McStatus
plain_measure(const McCalibrator *c, const double *returns, size_t n, McMeasures measures[MC_SIDES],
              const McPoll *poll)
{
	McTailSpec spec = tail_spec(c, NULL);
	McScenarios scenarios = {.fit = MC_FIT_CONVERGED, .y = returns, .n = n, .vol = NAN};
	McMeasures levels[MC_LEVELS][MC_SIDES];
	McFit fit;
	McStatus status = mc_model_tail(&spec, &scenarios, c->work, levels, &fit, poll);

	for (int side = 0; side < MC_SIDES; side++)
		measures[side] = levels[0][side];
	return status;
}

static McStatus
stress_measure(const McCalibrator *c, const double *returns, size_t n, McCalibration *result,
               const McPoll *poll)
{
	size_t width = smaller(n, (size_t) c->policy->stress_window);
	McMeasures measures[MC_SIDES];

	result->stress_width = width;
	result->has_stress = true;
	if (mc_stress_window(returns, n, width, c->values, &result->stress_start, poll) != MC_OK ||
	    plain_measure(c, returns + result->stress_start, width, measures, poll) != MC_OK)
		return MC_STOPPED;
	for (int side = 0; side < MC_SIDES; side++)
	{
		result->side[side].stressed = chosen(c->policy, &measures[side]);
		result->side[side].stressed_es = measures[side].expected_shortfall;
	}
	return MC_OK;
}

/* The floor, and the long-run level of the buffer: the floor, else the lookback unfiltered. */
static McStatus
floor_measure(const McCalibrator *c, const double *returns, size_t n, McCalibration *result,
              Terms terms[MC_SIDES], const McPoll *poll)
{
	const McPolicy *policy = c->policy;
	bool has_floor = policy->floor_lookback > 0;
	size_t m = has_floor ? smaller(n, (size_t) policy->floor_lookback) : result->used;
	McMeasures measures[MC_SIDES];

	if (!has_floor && policy->buffer == 0)
		return MC_OK;
	if (plain_measure(c, returns + (n - m), m, measures, poll) != MC_OK)
		return MC_STOPPED;
	for (int side = 0; side < MC_SIDES; side++)
	{
		terms[side].reference = chosen(policy, &measures[side]);
		if (has_floor)
			result->side[side].floor = terms[side].reference;
	}
	return MC_OK;
}

/* core, buffer and how much of it is used */
static void
terms_combine(const McPolicy *policy, McSide *side, Terms *terms)
{
	double b = policy->buffer;
	double w = policy->stress_weight;

	side->core = terms->tail;
	terms->blend = terms->tail;
	if (w > 0)
	{
		/* the weighted sum may differ from two equal terms by its rounding */
		if (side->stressed != terms->tail)
			terms->blend = (1 - w) * terms->tail + w * side->stressed;
		side->core = fmax(side->core, terms->blend);
	}
	if (policy->floor_lookback > 0)
		side->core = fmax(side->core, side->floor);
	terms->buffered = side->core;
	if (b == 0)
		return;
	terms->buffered = fmax(side->core, (1 + b) * fmin(side->core, terms->reference));
	if (side->core > 0)
	{
		if (side->core <= terms->reference)
			side->buffer_used = 0;
		else if (terms->buffered == side->core)
			side->buffer_used = 1;
		else
			side->buffer_used = 1 - (terms->buffered / side->core - 1) / b;
	}
}

/* What the model's answer is combined with. */
static McStatus
terms_measure(McCalibrator *c, const double *returns, size_t n, McCalibration *result,
              Terms terms[MC_SIDES], const McPoll *poll)
{
	McStatus status = MC_OK;

	if (c->policy->stress_weight > 0)
		status = stress_measure(c, returns, n, result, poll);
	if (status == MC_OK)
		status = floor_measure(c, returns, n, result, terms, poll);
	for (int side = 0; side < MC_SIDES; side++)
		terms_combine(c->policy, &result->side[side], &terms[side]);
	return status;
}

static McTerm
binding_term(const McPolicy *policy, const McCalibration *result, const McSide *side,
             const Terms *terms)
{
	/* without a scenario buffered is NaN, and only a fallback is left */
	if (result->fallback && !(policy->fallback_rate < terms->buffered))
		return MC_TERM_FALLBACK;
	if (terms->buffered > policy->maximum_rate)
		return MC_TERM_MAXIMUM;
	if (terms->buffered < policy->minimum_rate)
		return MC_TERM_MINIMUM;
	if (terms->buffered > side->core)
		return MC_TERM_BUFFER;
	if (terms->tail == side->core)
		return MC_TERM_TAIL;
	return terms->blend == side->core ? MC_TERM_STRESS : MC_TERM_FLOOR;
}

static void
side_rate(const McPolicy *policy, const McCalibration *result, const Terms *terms, McSide *side)
{
	double rate = policy->minimum_rate;

	/* fmax and fmin take the number when the other is NaN */
	if (result->fallback)
		rate = fmax(rate, policy->fallback_rate);
	side->rate = fmin(fmax(rate, terms->buffered), policy->maximum_rate);
	side->term = binding_term(policy, result, side, terms);
}

void
mc_calibration_publish(const McPolicy *policy, McCalibration *result)
{
	McSide *sides = result->side;

	for (int side = 0; side < MC_SIDES; side++)
	{
		sides[side].initial_steps =
		    mc_publish_steps(sides[side].rate, policy->rounding_step, policy->maximum_rate);
		sides[side].maintenance_steps =
		    mc_publish_steps(policy->maintenance_ratio * sides[side].rate, policy->rounding_step,
		                     policy->maximum_rate);
	}
	result->larger = sides[MC_SHORT].rate > sides[MC_LONG].rate ? MC_SHORT : MC_LONG;
	if (policy->symmetric_rates)
	{
		const McSide *larger = &sides[result->larger];
		McSide *other = &sides[result->larger == MC_LONG ? MC_SHORT : MC_LONG];

		other->initial_steps = larger->initial_steps;
		other->maintenance_steps = larger->maintenance_steps;
	}
}

/* Have the last `dead_after` returns all been zero? */
static bool
is_dead(const McPolicy *policy, const double *returns, size_t n)
{
	size_t wanted = (size_t) policy->dead_after;

	if (wanted == 0 || n < wanted)
		return false;
	for (size_t i = n - wanted; i < n; i++)
		if (returns[i] != 0)
			return false;
	return true;
}

static McFallback
fallback_of(const McPolicy *policy, const McHistory *history, size_t n, const McCalibration *result)
{
	if (result->used < (size_t) policy->min_returns || result->used < (size_t) policy->horizon)
		return MC_TOO_FEW_RETURNS;
	if (is_dead(policy, history->returns, n))
		return MC_DEAD_PRICE;
	return result->alternative < 0 ? MC_NO_MODEL : MC_NO_FALLBACK;
}

McStatus
mc_calibrate(McCalibrator *calibrator, const McHistory *history, size_t n, McCalibration *result,
             const McPoll *poll)
{
	const McPolicy *policy = calibrator->policy;
	Terms terms[MC_SIDES];
	McStatus status = MC_OK;

	*result = (McCalibration){.vol = NAN, .alternative = -1};
	for (int side = 0; side < MC_SIDES; side++)
	{
		result->side[side] =
		    (McSide){NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, MC_TERM_FALLBACK, 0, 0};
		terms[side] = (Terms){NAN, NAN, NAN, NAN};
		for (int level = 0; level < MC_LEVELS; level++)
			result->measures[level][side] = (McMeasures){NAN, NAN};
	}
	result->used = lookback_length(policy, history, n);
	if (result->used >= (size_t) policy->horizon)
	{
		status = model_measure(calibrator, history, n, result, terms, poll);
		if (status == MC_OK && result->alternative >= 0)
			status = terms_measure(calibrator, history->returns, n, result, terms, poll);
	}
	result->fallback = fallback_of(policy, history, n, result);
	for (int side = 0; side < MC_SIDES; side++)
		side_rate(policy, result, &terms[side], &result->side[side]);
	mc_calibration_publish(policy, result);
	return status;
}
