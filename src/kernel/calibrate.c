/*
 * calibrate.c
 *	  Margin rates from returns: tail, stress, floor, buffer, bounds, publication.
 *
 * Losses grow with the log move against a position, so the largest losses are found among the
 * moves, and only those few are turned into losses.
 */
#include "calibrate.h"

#include <math.h>

#include "ewma.h"
#include "publish.h"
#include "stress_window.h"
#include "tail.h"

/* exp(700) is 1e304: beyond it a loss or a gain would not be a finite number */
#define LARGEST_MOVE 700.0

/* Work space: `values` takes the filtered returns or the window sums, `sums` the horizon sums. */
typedef struct Work
{
	double *values;
	double *sums;
	double *tail;
} Work;

typedef struct Measures
{
	double value_at_risk;
	double expected_shortfall;
} Measures;

/* the terms of one side that are not published, beside those that are */
typedef struct Terms
{
	double tail;
	double blend;
	double core;
	double reference; /* long-run level that the buffer refers to */
	double buffered;
} Terms;

static size_t
smaller(size_t a, int32_t b)
{
	return a < (size_t) b ? a : (size_t) b;
}

size_t
mc_calibrate_worksize(const McPolicy *policy, size_t n)
{
	double depth = (double) n * (1 - policy->confidence) + 2;

	return 2 * n + mc_tail_worksize(depth < (double) n ? (size_t) depth : n + 1);
}

static double
chosen(const McPolicy *policy, const Measures *measures)
{
	return policy->measure == MC_VALUE_AT_RISK ? measures->value_at_risk
	                                           : measures->expected_shortfall;
}

/* VaR and ES of both sides of the h-bar losses of m returns, m >= h */
static McStatus
losses_measure(const McPolicy *policy, const double *y, size_t m, const Work *work,
               Measures measures[MC_SIDES], const McPoll *poll)
{
	size_t n = m - (size_t) policy->horizon + 1;
	McTailRank rank = mc_tail_rank(n, policy->confidence);
	size_t depth = mc_tail_depth(&rank);
	const double *moves = y;

	if (policy->horizon > 1)
	{
		if (mc_horizon_sums(y, m, (size_t) policy->horizon, work->sums, poll) != MC_OK)
			return MC_STOPPED;
		moves = work->sums;
	}
	for (int side = 0; side < MC_SIDES; side++)
	{
		if (mc_tail_largest(moves, n, side == MC_LONG ? -1 : 1, depth, work->tail, poll) != MC_OK)
			return MC_STOPPED;
		for (size_t i = 0; i < depth; i++)
		{
			double against = fmax(fmin(work->tail[i], LARGEST_MOVE), -LARGEST_MOVE);

			work->tail[i] = side == MC_LONG ? -expm1(-against) : expm1(against);
		}
		mc_tail_measures(work->tail, &rank, &measures[side].value_at_risk,
		                 &measures[side].expected_shortfall);
	}
	return MC_OK;
}

/* The lookback's scenarios: vol, and with enough returns VaR and ES. */
static McStatus
tail_measure(const McPolicy *policy, const double *u, const Work *work, McCalibration *result,
             Terms terms[MC_SIDES], const McPoll *poll)
{
	size_t m = result->used;
	const double *y = u;
	Measures measures[MC_SIDES];
	McStatus status = MC_OK;

	if (policy->model == MC_FILTERED_HISTORICAL && m >= 1)
	{
		status = mc_ewma_filter(u, m, policy->ewma_lambda, work->values, &result->vol, poll);
		y = work->values;
	}
	else if (m >= 2)
		status = mc_sample_deviation(u, m, &result->vol, poll);
	if (status != MC_OK || m < (size_t) policy->horizon)
		return status;
	status = losses_measure(policy, y, m, work, measures, poll);
	for (int side = 0; side < MC_SIDES && status == MC_OK; side++)
	{
		result->side[side].value_at_risk = measures[side].value_at_risk;
		result->side[side].expected_shortfall = measures[side].expected_shortfall;
		terms[side].tail = chosen(policy, &measures[side]);
	}
	return status;
}

static McStatus
stress_measure(const McPolicy *policy, const double *returns, size_t n, const Work *work,
               McCalibration *result, const McPoll *poll)
{
	size_t width = smaller(n, policy->stress_window);
	Measures measures[MC_SIDES];

	result->stress_width = width;
	result->has_stress = true;
	if (mc_stress_window(returns, n, width, work->values, &result->stress_start, poll) != MC_OK ||
	    losses_measure(policy, returns + result->stress_start, width, work, measures, poll) !=
	        MC_OK)
		return MC_STOPPED;
	for (int side = 0; side < MC_SIDES; side++)
	{
		result->side[side].stressed = chosen(policy, &measures[side]);
		result->side[side].stressed_es = measures[side].expected_shortfall;
	}
	return MC_OK;
}

/* The floor, and the long-run level of the buffer: the floor, else the lookback unfiltered. */
static McStatus
floor_measure(const McPolicy *policy, const double *returns, size_t n, const Work *work,
              McCalibration *result, Terms terms[MC_SIDES], const McPoll *poll)
{
	bool has_floor = policy->floor_lookback > 0;
	size_t m = smaller(n, has_floor ? policy->floor_lookback : policy->lookback);
	Measures measures[MC_SIDES];

	if (!has_floor && policy->buffer == 0)
		return MC_OK;
	if (losses_measure(policy, returns + (n - m), m, work, measures, poll) != MC_OK)
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

	terms->core = terms->tail;
	terms->blend = terms->tail;
	if (w > 0)
	{
		/* the weighted sum may differ from two equal terms by its rounding */
		if (side->stressed != terms->tail)
			terms->blend = (1 - w) * terms->tail + w * side->stressed;
		terms->core = fmax(terms->core, terms->blend);
	}
	if (policy->floor_lookback > 0)
		terms->core = fmax(terms->core, side->floor);
	terms->buffered = terms->core;
	if (b == 0)
		return;
	terms->buffered = fmax(terms->core, (1 + b) * fmin(terms->core, terms->reference));
	if (terms->core > 0)
	{
		if (terms->core <= terms->reference)
			side->buffer_used = 0;
		else if (terms->buffered == terms->core)
			side->buffer_used = 1;
		else
			side->buffer_used = 1 - (terms->buffered / terms->core - 1) / b;
	}
}

static McTerm
binding_term(const McPolicy *policy, const McCalibration *result, const Terms *terms)
{
	/* without a scenario buffered is NaN, and only a fallback is left */
	if (result->fallback && !(policy->fallback_rate < terms->buffered))
		return MC_TERM_FALLBACK;
	if (terms->buffered > policy->maximum_rate)
		return MC_TERM_MAXIMUM;
	if (terms->buffered < policy->minimum_rate)
		return MC_TERM_MINIMUM;
	if (terms->buffered > terms->core)
		return MC_TERM_BUFFER;
	if (terms->tail == terms->core)
		return MC_TERM_TAIL;
	return terms->blend == terms->core ? MC_TERM_STRESS : MC_TERM_FLOOR;
}

static void
side_publish(const McPolicy *policy, const McCalibration *result, const Terms *terms, McSide *side)
{
	double rate = policy->minimum_rate;

	/* fmax and fmin take the number when the other is NaN */
	if (result->fallback)
		rate = fmax(rate, policy->fallback_rate);
	rate = fmin(fmax(rate, terms->buffered), policy->maximum_rate);
	side->rate = rate;
	side->term = binding_term(policy, result, terms);
	side->initial_steps = mc_publish_steps(rate, policy->rounding_step, policy->maximum_rate);
	side->maintenance_steps = mc_publish_steps(policy->maintenance_ratio * rate,
	                                           policy->rounding_step, policy->maximum_rate);
}

static void
sides_publish(const McPolicy *policy, const Terms terms[MC_SIDES], McCalibration *result)
{
	McSide *sides = result->side;

	for (int side = 0; side < MC_SIDES; side++)
		side_publish(policy, result, &terms[side], &sides[side]);
	result->larger = sides[MC_SHORT].rate > sides[MC_LONG].rate ? MC_SHORT : MC_LONG;
	if (policy->symmetric_rates)
	{
		const McSide *larger = &sides[result->larger];
		McSide *other = &sides[result->larger == MC_LONG ? MC_SHORT : MC_LONG];

		other->initial_steps = larger->initial_steps;
		other->maintenance_steps = larger->maintenance_steps;
	}
}

McStatus
mc_calibrate(const McPolicy *policy, const double *returns, size_t n, double *work,
             McCalibration *result, const McPoll *poll)
{
	Work parts = {work, work + n, work + 2 * n};
	Terms terms[MC_SIDES];
	McStatus status;

	*result = (McCalibration){0};
	for (int side = 0; side < MC_SIDES; side++)
	{
		result->side[side] = (McSide){NAN, NAN, NAN, NAN, NAN, NAN, NAN, MC_TERM_FALLBACK, 0, 0};
		terms[side] = (Terms){NAN, NAN, NAN, NAN, NAN};
	}
	result->vol = NAN;
	result->used = smaller(n, policy->lookback);
	result->fallback =
	    result->used < (size_t) policy->min_returns || result->used < (size_t) policy->horizon;
	status = tail_measure(policy, returns + (n - result->used), &parts, result, terms, poll);
	if (status == MC_OK && result->used >= (size_t) policy->horizon)
	{
		if (policy->stress_weight > 0)
			status = stress_measure(policy, returns, n, &parts, result, poll);
		if (status == MC_OK)
			status = floor_measure(policy, returns, n, &parts, result, terms, poll);
		for (int side = 0; side < MC_SIDES; side++)
			terms_combine(policy, &result->side[side], &terms[side]);
	}
	if (status == MC_OK)
		sides_publish(policy, terms, result);
	return status;
}
