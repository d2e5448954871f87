/*
 * model_tail.c
 *	  Tails of scenarios: historical, weighted by age, generalised Pareto, normal, Student t.
 *
 * Losses grow with the move against a position, so the largest losses are found among the
 * moves, and only those few are turned into losses.
 */
#include "model_tail.h"

#include <math.h>
#include <string.h>

#include "double_double.h"
#include "ewma.h"
#include "gpd.h"
#include "parametric_tail.h"
#include "student_t_fit.h"
#include "tail.h"
#include "weighted_tail.h"

/* exp(700) is 1e304: beyond it a loss or a gain would not be a finite number */
#define LARGEST_MOVE 700.0

/* What the tails share: the moves, and where their answers go. */
typedef struct Moves
{
	const McTailSpec *spec;
	const McScenarios *scenarios;
	const double *x;
	size_t n;
	double *work; /* what is left of the work space */
	McMeasures (*measures)[MC_SIDES];
} Moves;

double
mc_move_loss(McSideName side, double against)
{
	double move = fmax(fmin(against, LARGEST_MOVE), -LARGEST_MOVE);

	return side == MC_LONG ? -expm1(-move) : expm1(move);
}

size_t
mc_move_count(size_t n, int32_t horizon, bool scaled)
{
	size_t lost = scaled ? 0 : (size_t) horizon - 1;

	return n > lost ? n - lost : 0;
}

/* A tail of this share of n: within rounding of a whole number it is that number. */
static size_t
share_count(size_t n, double share)
{
	double count = (double) n * share;
	double whole = rint(count);

	return (size_t) (fabs(count - whole) <= 1e-9 * count ? whole : floor(count));
}

/* The lowest of the levels needs the deepest tail. */
static size_t
deepest(const McTailSpec *spec, size_t n)
{
	size_t depth = 1;

	for (int level = 0; level < spec->levels; level++)
	{
		McTailRank rank = mc_tail_rank(n, spec->confidences[level]);
		size_t d = mc_tail_depth(&rank);

		depth = d > depth ? d : depth;
	}
	return depth;
}

size_t
mc_model_tail_worksize(const McTailSpec *spec, size_t n)
{
	size_t moves = spec->horizon > 1 ? n : 0;

	if (n == 0)
		return 0;
	switch (spec->tail)
	{
		case MC_TAIL_HISTORICAL:
			return moves + mc_tail_worksize(deepest(spec, n));
		case MC_TAIL_EVT:
			return moves + mc_tail_worksize(share_count(n, spec->evt_tail) + 1);
		default:
			return moves + 2 * n;
	}
}

static McStatus
moves_make(Moves *moves, const McPoll *poll)
{
	const McTailSpec *spec = moves->spec;
	const double *y = moves->scenarios->y;

	moves->n = mc_move_count(moves->scenarios->n, spec->horizon, spec->scaled);
	moves->x = y;
	if (spec->horizon == 1)
		return MC_OK;
	moves->x = moves->work;
	moves->work += moves->n;
	if (!spec->scaled)
		return mc_horizon_sums(y, moves->scenarios->n, (size_t) spec->horizon, (double *) moves->x,
		                       poll);
	for (size_t i = 0; i < moves->n; i++)
		((double *) moves->x)[i] = y[i] * sqrt(spec->horizon);
	return MC_OK;
}

static double
against_sign(int side)
{
	return side == MC_LONG ? -1 : 1;
}

static McStatus
historical(const Moves *moves, const McPoll *poll)
{
	size_t depth = deepest(moves->spec, moves->n);
	double *worst = moves->work;

	for (int side = 0; side < MC_SIDES; side++)
	{
		if (mc_tail_largest(moves->x, moves->n, against_sign(side), depth, worst, poll) != MC_OK)
			return MC_STOPPED;
		for (size_t i = 0; i < depth; i++)
			worst[i] = mc_move_loss((McSideName) side, worst[i]);
		for (int level = 0; level < moves->spec->levels; level++)
		{
			McTailRank rank = mc_tail_rank(moves->n, moves->spec->confidences[level]);
			McMeasures *m = &moves->measures[level][side];

			mc_tail_measures(worst, &rank, &m->value_at_risk, &m->expected_shortfall);
		}
	}
	return MC_OK;
}

static McStatus
weighted(const Moves *moves, const McPoll *poll)
{
	double *losses = moves->work;
	double *weights = losses + moves->n;

	for (int side = 0; side < MC_SIDES; side++)
		for (int level = 0; level < moves->spec->levels; level++)
		{
			McMeasures *m = &moves->measures[level][side];

			for (size_t i = 0; i < moves->n; i++)
				losses[i] = mc_move_loss((McSideName) side, against_sign(side) * moves->x[i]);
			mc_age_weights(weights, moves->n, moves->spec->weight_decay);
			if (mc_weighted_tail(losses, weights, moves->n, moves->spec->confidences[level],
			                     &m->value_at_risk, &m->expected_shortfall, poll) == MC_STOPPED)
				return MC_STOPPED;
		}
	return MC_OK;
}

static void
to_losses(McMeasures *m, int side)
{
	m->value_at_risk = mc_move_loss((McSideName) side, m->value_at_risk);
	if (isfinite(m->expected_shortfall))
		m->expected_shortfall = mc_move_loss((McSideName) side, m->expected_shortfall);
}

/* Measures of the generalised Pareto law of one side, which `count` moves exceed the threshold of. */
static void
evt_measure(const Moves *moves, int side, size_t count, double threshold, const McGpd *law)
{
	for (int level = 0; level < moves->spec->levels; level++)
	{
		McMeasures *m = &moves->measures[level][side];

		if (mc_gpd_measures(law, threshold, (double) count / (double) moves->n,
		                    moves->spec->confidences[level], &m->value_at_risk,
		                    &m->expected_shortfall) != MC_OK)
			*m = (McMeasures){NAN, NAN};
		else
			to_losses(m, side);
	}
}

static McStatus
evt(const Moves *moves, McFit *fit, const McPoll *poll)
{
	size_t k = share_count(moves->n, moves->spec->evt_tail);
	double *excesses = moves->work;

	for (int side = 0; side < MC_SIDES; side++)
	{
		double threshold;
		size_t count = 0;
		McGpd law;

		if (mc_tail_largest(moves->x, moves->n, against_sign(side), k + 1, excesses, poll) != MC_OK)
			return MC_STOPPED;
		threshold = excesses[k];
		while (count < k && excesses[count] > threshold)
			count++;
		for (size_t i = 0; i < count; i++)
			excesses[i] -= threshold;
		if (mc_gpd_fit_likelihood(excesses, count, &law, poll) != MC_OK)
			return MC_STOPPED;
		*fit = law.fit;
		if (!mc_fit_usable(law.fit))
			return MC_OK;
		evt_measure(moves, side, count, threshold, &law);
	}
	return MC_OK;
}

/* A law of one bar's move: location, scale, degrees of freedom (infinite: normal), over the horizon. */
static void
law_measure(const Moves *moves, double location, double scale, double degrees_of_freedom)
{
	double h = moves->spec->horizon;

	for (int level = 0; level < moves->spec->levels; level++)
	{
		double var, es;

		mc_student_t_measures(0, sqrt(h) * scale, degrees_of_freedom,
		                      moves->spec->confidences[level], &var, &es);
		for (int side = 0; side < MC_SIDES; side++)
		{
			McMeasures *m = &moves->measures[level][side];
			/* a long position loses what the price falls */
			double drift = side == MC_LONG ? -h * location : h * location;

			*m = (McMeasures){drift + var, drift + es};
			to_losses(m, side);
		}
	}
}

static double
mean(const double *x, size_t n)
{
	McDD sum = {0, 0};

	for (size_t i = 0; i < n; i++)
		sum = mc_dd_add_double(sum, x[i]);
	return mc_dd_value(sum) / (double) n;
}

static void
normal(const Moves *moves)
{
	const McScenarios *s = moves->scenarios;
	double location = 0;

	if (moves->spec->filter == MC_UNFILTERED)
		location = mean(s->y, s->n);
	else if (mc_filter_is_garch(moves->spec->filter))
		location = s->parameters.mu;
	law_measure(moves, location, s->vol, INFINITY);
}

static McStatus
student_t(const Moves *moves, McFit *fit, const McPoll *poll)
{
	const McScenarios *s = moves->scenarios;
	double *sorted = moves->work;
	McStudentT law;

	if (mc_filter_is_student(moves->spec->filter))
	{
		double nu = s->parameters.degrees_of_freedom;

		law_measure(moves, s->parameters.mu, isfinite(nu) ? s->vol * sqrt((nu - 2) / nu) : s->vol,
		            nu);
		return MC_OK;
	}
	memcpy(sorted, s->y, s->n * sizeof(double));
	if (mc_tail_largest_in_place(sorted, s->n, s->n, poll) != MC_OK ||
	    mc_student_t_fit(sorted, s->n, 0, sorted + s->n, &law, poll) != MC_OK)
		return MC_STOPPED;
	*fit = law.fit;
	if (mc_fit_usable(law.fit))
		law_measure(moves, law.location, law.scale, law.degrees_of_freedom);
	return MC_OK;
}

/* An answer is two finite measures on both sides at the first level. */
static bool
finite_answer(McMeasures measures[MC_LEVELS][MC_SIDES])
{
	for (int side = 0; side < MC_SIDES; side++)
		if (!isfinite(measures[0][side].value_at_risk) ||
		    !isfinite(measures[0][side].expected_shortfall))
			return false;
	return true;
}

/* Moves that are all zero say nothing about a tail, also when the scenarios behind them cancel. */
static bool
all_zero(const Moves *moves)
{
	for (size_t i = 0; i < moves->n; i++)
		if (moves->x[i] != 0)
			return false;
	return true;
}

McStatus
mc_model_tail(const McTailSpec *spec, const McScenarios *scenarios, double *work,
              McMeasures measures[MC_LEVELS][MC_SIDES], McFit *fit, const McPoll *poll)
{
	Moves moves = {spec, scenarios, NULL, 0, work, measures};
	McStatus status;

	for (int level = 0; level < MC_LEVELS; level++)
		for (int side = 0; side < MC_SIDES; side++)
			measures[level][side] = (McMeasures){NAN, NAN};
	*fit = scenarios->fit;
	if (!mc_fit_usable(scenarios->fit))
		return MC_OK;
	*fit = MC_FIT_CONVERGED;
	status = moves_make(&moves, poll);
	if (status == MC_OK)
		switch (spec->tail)
		{
			case MC_TAIL_HISTORICAL:
				status = historical(&moves, poll);
				break;
			case MC_TAIL_WEIGHTED:
				status = weighted(&moves, poll);
				break;
			case MC_TAIL_EVT:
				status = evt(&moves, fit, poll);
				break;
			case MC_TAIL_NORMAL:
				normal(&moves);
				break;
			default:
				status = student_t(&moves, fit, poll);
		}
	if (status == MC_OK && mc_fit_usable(*fit) && !finite_answer(measures))
		*fit = MC_FIT_FAILED;
	if (status == MC_OK && all_zero(&moves))
		*fit = MC_FIT_CONSTANT;
	return status;
}
