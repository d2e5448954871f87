/*
 * box_minimum.c
 *	  A minimum of a smooth function of a few variables, each between two bounds.
 */
#include "box_minimum.h"

#include <math.h>
#include <string.h>

#define DECREASE 1e-4 /* of what the slope promises, at least (Armijo) */
#define DAMPING 0.2   /* Powell: keep at least this much of the curvature */
#define LEAST_STEP 1e-12

bool
mc_box_solve(const double *matrix, int dim, const int *list, int count, double *b)
{
	double c[MC_BOX_MAX][MC_BOX_MAX]; /* Cholesky factor */

	for (int i = 0; i < count; i++)
	{
		for (int j = 0; j <= i; j++)
		{
			double sum = matrix[list[i] * dim + list[j]];

			for (int k = 0; k < j; k++)
				sum -= c[i][k] * c[j][k];
			if (j < i)
				c[i][j] = sum / c[j][j];
			else if (sum > 1e-14 * matrix[list[i] * dim + list[i]] && isfinite(sum))
				c[i][i] = sqrt(sum);
			else
				return false;
			if (!isfinite(c[i][j]))
				return false;
		}
	}
	for (int i = 0; i < count; i++)
	{
		for (int k = 0; k < i; k++)
			b[i] -= c[i][k] * b[k];
		b[i] /= c[i][i];
	}
	for (int i = count - 1; i >= 0; i--)
	{
		for (int k = i + 1; k < count; k++)
			b[i] -= c[k][i] * b[k];
		b[i] /= c[i][i];
	}
	return true;
}

/* One evaluation; false when there is no value. */
static bool
evaluate(const McBoxProblem *p, McBoxMinimum *m, const double *x, double *value, double *gradient)
{
	bool finite;

	m->evaluations++;
	*value = p->value(p->arg, x, gradient);
	finite = isfinite(*value);
	for (int i = 0; i < p->dim; i++)
		finite = finite && isfinite(gradient[i]);
	return finite;
}

/* A diagonal to start again from, when the curvature is of no use: one unit of slope, one step. */
static void
plain_curvature(const McBoxProblem *p, McBoxMinimum *m)
{
	for (int i = 0; i < p->dim; i++)
		for (int j = 0; j < p->dim; j++)
			m->curvature[i * p->dim + j] =
			    i == j ? fmax(fabs(m->gradient[i]) / (0.1 * fmax(fabs(m->x[i]), 1e-3)), 1e-8) : 0;
}

/*
 * The direction to the minimum of the quadratic model over the variables that no bound holds; which ones those
 * are; minus its slope, twice the decrease that the model promises.
 */
static double
direction(const McBoxProblem *p, McBoxMinimum *m, double *d)
{
	double slope = 0;
	bool again = true;

	for (int i = 0; i < p->dim; i++)
		m->held[i] = p->lower[i] == p->upper[i] ||
		             (m->x[i] == p->lower[i] && m->gradient[i] >= 0) ||
		             (m->x[i] == p->upper[i] && m->gradient[i] <= 0);
	while (again)
	{
		int list[MC_BOX_MAX];
		double b[MC_BOX_MAX];
		int count = 0;

		for (int i = 0; i < p->dim; i++)
			if (!m->held[i])
			{
				list[count] = i;
				b[count++] = -m->gradient[i];
			}
		if (!mc_box_solve(m->curvature, p->dim, list, count, b))
		{
			plain_curvature(p, m);
			for (int i = 0; i < count; i++)
				b[i] = -m->gradient[list[i]] / m->curvature[list[i] * (p->dim + 1)];
		}
		memset(d, 0, p->dim * sizeof(double));
		again = false;
		slope = 0;
		for (int i = 0; i < count; i++)
		{
			int k = list[i];

			/* out through the bound on which it stands: hold it after all */
			if ((m->x[k] == p->lower[k] && b[i] < 0) || (m->x[k] == p->upper[k] && b[i] > 0))
				m->held[k] = again = true;
			d[k] = b[i];
			slope -= b[i] * m->gradient[k];
		}
	}
	return slope;
}

/* How far along d the first bound is, at most 1. */
static double
longest_step(const McBoxProblem *p, const McBoxMinimum *m, const double *d)
{
	double longest = 1;

	for (int i = 0; i < p->dim; i++)
	{
		double room = (d[i] < 0 ? p->lower[i] : p->upper[i]) - m->x[i];

		if (d[i] != 0 && room / d[i] < longest)
			longest = room / d[i];
	}
	return longest;
}

static void
move(const McBoxProblem *p, const McBoxMinimum *m, const double *d, double step, double *x)
{
	for (int i = 0; i < p->dim; i++)
		x[i] = fmin(fmax(m->x[i] + step * d[i], p->lower[i]), p->upper[i]);
	/* a step that ends at a bound ends exactly there */
	for (int i = 0; i < p->dim; i++)
		if (d[i] != 0)
		{
			double bound = d[i] < 0 ? p->lower[i] : p->upper[i];

			if (fabs(x[i] - bound) <= 1e-14 * (fabs(bound) + fabs(m->x[i])))
				x[i] = bound;
		}
}

/* BFGS with Powell's damping: stays positive definite. */
static void
update(const McBoxProblem *p, McBoxMinimum *m, const double *x, const double *gradient)
{
	double s[MC_BOX_MAX];
	double y[MC_BOX_MAX];
	double bs[MC_BOX_MAX];
	double sbs = 0;
	double sy = 0;
	double theta = 1;

	for (int i = 0; i < p->dim; i++)
	{
		s[i] = x[i] - m->x[i];
		y[i] = gradient[i] - m->gradient[i];
		sy += s[i] * y[i];
	}
	for (int i = 0; i < p->dim; i++)
	{
		bs[i] = 0;
		for (int j = 0; j < p->dim; j++)
			bs[i] += m->curvature[i * p->dim + j] * s[j];
		sbs += s[i] * bs[i];
	}
	if (!(sbs > 0))
		return;
	if (sy < DAMPING * sbs)
	{
		theta = (1 - DAMPING) * sbs / (sbs - sy);
		sy = 0;
		for (int i = 0; i < p->dim; i++)
		{
			y[i] = theta * y[i] + (1 - theta) * bs[i];
			sy += s[i] * y[i];
		}
	}
	for (int i = 0; i < p->dim; i++)
		for (int j = 0; j < p->dim; j++)
			m->curvature[i * p->dim + j] += y[i] * y[j] / sy - bs[i] * bs[j] / sbs;
}

/*
 * Shorten the step until the value falls enough, or does not rise by more than noise near the minimum.
 * MC_TOO_FEW: no step does.
 */
static McStatus
search(const McBoxProblem *p, McBoxMinimum *m, const double *d, double slope)
{
	double step = longest_step(p, m, d);

	while (step > LEAST_STEP && m->evaluations < p->allowance)
	{
		double x[MC_BOX_MAX];
		double gradient[MC_BOX_MAX];
		double value;
		double shorter = 0.1;

		if (mc_poll_stop(p->poll))
			return MC_STOPPED;
		move(p, m, d, step, x);
		if (evaluate(p, m, x, &value, gradient))
		{
			if (value <= m->value - DECREASE * step * slope + p->noise)
			{
				update(p, m, x, gradient);
				memcpy(m->x, x, sizeof(x));
				memcpy(m->gradient, gradient, sizeof(gradient));
				m->value = value;
				return MC_OK;
			}
			/* where the parabola through both values has its minimum */
			shorter = step * slope / (2 * (value - m->value + step * slope));
			shorter = fmin(fmax(shorter, 0.1), 0.5);
		}
		step *= shorter;
	}
	return MC_TOO_FEW;
}

static McFit
how_it_ended(const McBoxProblem *p, const McBoxMinimum *m)
{
	for (int i = 0; i < p->dim; i++)
		if (m->held[i] && p->lower[i] < p->upper[i])
			return MC_FIT_BOUNDARY;
	return MC_FIT_CONVERGED;
}

McStatus
mc_box_minimise(const McBoxProblem *p, McBoxMinimum *m)
{
	double d[MC_BOX_MAX];
	double within = p->tolerance * p->tolerance;
	bool restarted = false;

	m->evaluations = 0;
	m->fit = MC_FIT_FAILED;
	if (mc_poll_stop(p->poll))
		return MC_STOPPED;
	if (!evaluate(p, m, m->x, &m->value, m->gradient))
		return MC_OK;
	m->fit = MC_FIT_ITERATIONS;
	while (m->evaluations < p->allowance)
	{
		double slope = direction(p, m, d);
		McStatus status;

		if (slope <= within)
		{
			m->fit = how_it_ended(p, m);
			return MC_OK;
		}
		status = search(p, m, d, slope);
		if (status == MC_STOPPED)
			return status;
		if (status == MC_OK)
			continue;
		/* nothing lower along d: within noise of the minimum, or misled by the curvature */
		if (slope <= p->noise)
		{
			m->fit = how_it_ended(p, m);
			return MC_OK;
		}
		if (restarted)
			return MC_OK;
		restarted = true;
		plain_curvature(p, m);
	}
	return MC_OK;
}
