/*
 * simplex.c
 *	  The simplex method with bounded variables and two objectives.
 */
#include "simplex.h"

#include <math.h>

#define ZERO MC_SIMPLEX_ZERO
#define NONE ((size_t) -1)

/* A step: the entering column, whether it grows or shrinks, how far, and the row that stops it. */
typedef struct Step
{
	size_t column;
	double direction; /* 1: up from its lower bound; -1: down from its upper bound */
	double length;
	size_t row;    /* NONE: the column's own other bound */
	bool to_upper; /* the variable of the row leaves at its upper bound */
} Step;

/* Objectives are given in columns; the tableau needs them relative to the basis. */
static void
reduce_costs(const McSimplex *lp, double *costs)
{
	for (size_t i = 0; i < lp->rows; i++)
	{
		const double *row = lp->a + i * lp->columns;
		double cost = costs[lp->basis[i]];

		for (size_t j = 0; cost != 0 && j < lp->columns; j++)
			costs[j] -= cost * row[j];
	}
}

/* How much a unit step of a column that is not basic takes off the objective; 0 when it may not move. */
static double
descent(const McSimplex *lp, const double *costs, bool is_second, size_t j)
{
	if (lp->is_basic[j] || lp->upper[j] <= 0)
		return 0;
	/* what would undo the first objective is out of the question for the second */
	if (is_second && fabs(lp->first[j]) > ZERO)
		return 0;
	return lp->at_upper[j] ? costs[j] : -costs[j];
}

static size_t
entering_column(const McSimplex *lp, const double *costs, bool is_second, bool smallest_index)
{
	size_t best = NONE;
	double steepest = ZERO;

	for (size_t j = 0; j < lp->columns; j++)
	{
		double slope = descent(lp, costs, is_second, j);

		if (slope > steepest)
		{
			best = j;
			steepest = slope;
			if (smallest_index)
				break;
		}
	}
	return best;
}

/* Does row i stop the step earlier than what was found, or as early and with a better right to? */
static bool
is_sooner(const McSimplex *lp, const Step *step, double length, size_t i, double slope,
          double slope_found, bool smallest_index)
{
	if (length != step->length || step->row == NONE)
		return length < step->length;
	if (smallest_index)
		return lp->basis[i] < lp->basis[step->row];
	return fabs(slope) > fabs(slope_found);
}

static Step
choose_step(const McSimplex *lp, size_t column, bool smallest_index)
{
	Step step = {column, lp->at_upper[column] ? -1 : 1, lp->upper[column], NONE, false};
	double slope_found = 0;

	for (size_t i = 0; i < lp->rows; i++)
	{
		double slope = step.direction * lp->a[i * lp->columns + column];
		double room;
		double length;

		if (fabs(slope) <= ZERO)
			continue;
		room = slope > 0 ? lp->basic[i] : lp->upper[lp->basis[i]] - lp->basic[i];
		length = fmax(room, 0) / fabs(slope);
		if (is_sooner(lp, &step, length, i, slope, slope_found, smallest_index))
		{
			step.length = length;
			step.row = i;
			step.to_upper = slope < 0;
			slope_found = slope;
		}
	}
	return step;
}

static void
eliminate(double *row, const double *pivot, size_t columns, size_t column)
{
	double factor = row[column];

	if (factor == 0)
		return;
	for (size_t j = 0; j < columns; j++)
		row[j] -= factor * pivot[j];
	row[column] = 0;
}

static void
change_basis(McSimplex *lp, const Step *step)
{
	double *pivot = lp->a + step->row * lp->columns;
	double scale = pivot[step->column];
	size_t leaving = lp->basis[step->row];

	for (size_t j = 0; j < lp->columns; j++)
		pivot[j] /= scale;
	pivot[step->column] = 1;
	for (size_t i = 0; i < lp->rows; i++)
		if (i != step->row)
			eliminate(lp->a + i * lp->columns, pivot, lp->columns, step->column);
	eliminate(lp->first, pivot, lp->columns, step->column);
	eliminate(lp->second, pivot, lp->columns, step->column);
	lp->basis[step->row] = step->column;
	lp->is_basic[step->column] = true;
	lp->is_basic[leaving] = false;
	lp->at_upper[leaving] = step->to_upper;
}

static void
take_step(McSimplex *lp, const Step *step)
{
	double start = lp->at_upper[step->column] ? lp->upper[step->column] : 0;

	for (size_t i = 0; i < lp->rows; i++)
	{
		double slope = step->direction * lp->a[i * lp->columns + step->column];

		lp->basic[i] = fmin(fmax(lp->basic[i] - slope * step->length, 0), lp->upper[lp->basis[i]]);
	}
	if (step->row == NONE)
	{
		lp->at_upper[step->column] = !lp->at_upper[step->column];
		return;
	}
	lp->basic[step->row] = start + step->direction * step->length;
	change_basis(lp, step);
}

static McStatus
minimise(McSimplex *lp, bool is_second, const McPoll *poll)
{
	const double *costs = is_second ? lp->second : lp->first;
	bool stalled = false;

	for (;;)
	{
		size_t column = entering_column(lp, costs, is_second, stalled);
		Step step;

		if (column == NONE)
			return MC_OK;
		if (mc_poll_stop(poll))
			return MC_STOPPED;
		step = choose_step(lp, column, stalled);
		if (isinf(step.length))
			return MC_OVERFLOW;
		stalled = step.length <= ZERO;
		take_step(lp, &step);
	}
}

McStatus
mc_simplex_solve(McSimplex *lp, double *x, const McPoll *poll)
{
	McStatus status;

	for (size_t j = 0; j < lp->columns; j++)
		lp->is_basic[j] = false;
	for (size_t i = 0; i < lp->rows; i++)
		lp->is_basic[lp->basis[i]] = true;
	reduce_costs(lp, lp->first);
	reduce_costs(lp, lp->second);
	status = minimise(lp, false, poll);
	if (status == MC_OK)
		status = minimise(lp, true, poll);
	for (size_t j = 0; j < lp->columns; j++)
		x[j] = lp->at_upper[j] && !lp->is_basic[j] ? lp->upper[j] : 0;
	for (size_t i = 0; i < lp->rows; i++)
		x[lp->basis[i]] = lp->basic[i];
	return status;
}
