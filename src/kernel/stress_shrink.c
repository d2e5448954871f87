/*
 * stress_shrink.c
 *	  From a point with an index of 0 to the nearest one around it.
 *
 * Of a direction u let R(u) be a distance with an index of 0.  R is minimised over directions by L-BFGS steps
 * (J. Nocedal, S. J. Wright, "Numerical Optimization", 2nd ed. 2006, algorithm 7.4); without memory the step
 * is that of Hasofer, Lind, Rackwitz and Fiessler in structural reliability.  Every step ends on the surface, nearer
 * than before.  Where the index has a kink there may be no step left: then directions around are polled.
 */
#include "stress_search.h"

#include <math.h>
#include <string.h>

#define STEPS 200
#define HALVINGS 24
#define CONVERGED 1e-9 /* of the angle between the point and the gradient */
#define SETTLING 12
#define SMOOTH 1e-6 /* a larger angle at the end is a kink */
#define MOST_POLLED 64
#define POLLS 40

typedef struct Descent
{
	double *at;      /* w: the direction, of any length */
	double *slope;   /* derivatives of R by w */
	double *before;  /* the former of them */
	double *changes; /* [MC_STRESS_MEMORY * rank] of w */
	double *bends;   /* and of the derivatives */
	size_t pairs;    /* made so far; the last MC_STRESS_MEMORY count */
} Descent;

static size_t
oldest(const Descent *d)
{
	return d->pairs > MC_STRESS_MEMORY ? d->pairs - MC_STRESS_MEMORY : 0;
}

/* The derivatives of R at the best point; the sine of the angle between it and the gradient, or -1 without one. */
static double
slopes_of(McStressSearch *s, const Descent *d)
{
	double length = sqrt(mc_stress_dot(d->at, d->at, s->rank));
	double outward;
	double sum = 0;

	mc_stress_gradient(s, s->best);
	outward = mc_stress_dot(s->gradient, s->best, s->rank) / s->radius;
	if (s->status != MC_OK || !(outward > 0))
		return -1;
	for (size_t i = 0; i < s->rank; i++)
	{
		double across = s->gradient[i] / outward - s->best[i] / s->radius;

		d->slope[i] = -s->radius * across / length;
		sum += across * across;
	}
	return sqrt(sum);
}

/* Remember the step that led here, where R bends upwards. */
static void
remember(const McStressSearch *s, Descent *d)
{
	double *change = d->changes + d->pairs % MC_STRESS_MEMORY * s->rank;
	double *bend = d->bends + d->pairs % MC_STRESS_MEMORY * s->rank;

	for (size_t i = 0; i < s->rank; i++)
	{
		change[i] = s->step[i];
		bend[i] = d->slope[i] - d->before[i];
	}
	if (mc_stress_dot(change, bend, s->rank) >
	    1e-10 * sqrt(mc_stress_dot(change, change, s->rank) * mc_stress_dot(bend, bend, s->rank)))
		d->pairs++;
}

static void
add(double *to, double factor, const double *what, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] += factor * what[i];
}

/* s->step: minus the inverse of the curvature times the slopes. */
static void
quasi_newton(McStressSearch *s, const Descent *d)
{
	double share[MC_STRESS_MEMORY];
	double length = mc_stress_dot(d->at, d->at, s->rank);
	double scale = length / s->radius;
	size_t n = s->rank;

	for (size_t i = 0; i < n; i++)
		s->step[i] = -d->slope[i];
	for (size_t k = d->pairs; k-- > oldest(d);)
	{
		const double *change = d->changes + k % MC_STRESS_MEMORY * n;
		const double *bend = d->bends + k % MC_STRESS_MEMORY * n;
		double product = mc_stress_dot(change, bend, n);

		share[k % MC_STRESS_MEMORY] = mc_stress_dot(change, s->step, n) / product;
		add(s->step, -share[k % MC_STRESS_MEMORY], bend, n);
		if (k + 1 == d->pairs)
			scale = product / mc_stress_dot(bend, bend, n);
	}
	for (size_t i = 0; i < n; i++)
		s->step[i] *= scale;
	for (size_t k = oldest(d); k < d->pairs; k++)
	{
		const double *change = d->changes + k % MC_STRESS_MEMORY * n;
		const double *bend = d->bends + k % MC_STRESS_MEMORY * n;
		double product = mc_stress_dot(change, bend, n);

		add(s->step, share[k % MC_STRESS_MEMORY] - mc_stress_dot(bend, s->step, n) / product,
		    change, n);
	}
}

/* No step turns by more than about half a radian. */
static double
limit_step(McStressSearch *s, const Descent *d)
{
	double most = 0.5 * sqrt(mc_stress_dot(d->at, d->at, s->rank));
	double length = sqrt(mc_stress_dot(s->step, s->step, s->rank));

	for (size_t i = 0; length > most && i < s->rank; i++)
		s->step[i] *= most / length;
	return mc_stress_dot(s->step, d->slope, s->rank);
}

/* Walk along s->step until R has fallen enough; then s->step is what was walked. */
static bool
walk(McStressSearch *s, Descent *d, double descent)
{
	double share = 1;

	for (int i = 0; i < HALVINGS && s->status == MC_OK; i++, share /= 2)
	{
		double target = s->radius + 1e-4 * share * descent;

		for (size_t k = 0; k < s->rank; k++)
			s->trial[k] = d->at[k] + share * s->step[k];
		if (!(target > 0) || target >= s->radius ||
		    mc_stress_direction(s->trial, s->rank, s->unit) == 0)
			continue;
		mc_stress_on_ray(s, s->unit, &target, 1);
		if (s->status != MC_OK || s->index[0] < 0)
			continue;
		mc_stress_keep(s, s->unit, mc_stress_root(s, s->unit, 0, target));
		for (size_t k = 0; k < s->rank; k++)
			s->step[k] *= share;
		memcpy(d->at, s->trial, s->rank * sizeof(double));
		return s->status == MC_OK;
	}
	return false;
}

/*
 * R is flat around its minimum, so its rounding hides a direction within 1e-8 of the best one.  Derivatives show more:
 * a full step counts if it leaves R and halves the angle.
 */
static double
settle(McStressSearch *s, Descent *d, double angle)
{
	for (int i = 0; i < SETTLING && angle > CONVERGED; i++)
	{
		double radius = s->radius;
		double target = radius * (1 + 1e-13);
		double next = -1;

		quasi_newton(s, d);
		for (size_t k = 0; k < s->rank; k++)
			s->trial[k] = d->at[k] + s->step[k];
		memcpy(d->before, s->best, s->rank * sizeof(double));
		if (mc_stress_direction(s->trial, s->rank, s->unit) == 0)
			break;
		mc_stress_on_ray(s, s->unit, &target, 1);
		if (s->status == MC_OK && s->index[0] >= 0)
		{
			mc_stress_keep(s, s->unit, mc_stress_root(s, s->unit, 0, target));
			next = slopes_of(s, d);
		}
		if (s->status != MC_OK || next < 0 || next > angle / 2)
		{
			memcpy(s->best, d->before, s->rank * sizeof(double));
			s->radius = radius;
			break;
		}
		memcpy(d->at, s->trial, s->rank * sizeof(double));
		angle = next;
	}
	return angle;
}

/* The angle that is left. */
static double
descend(McStressSearch *s, Descent *d)
{
	double angle = slopes_of(s, d);

	for (int i = 0; i < STEPS && s->status == MC_OK && angle > CONVERGED; i++)
	{
		double descent;

		quasi_newton(s, d);
		descent = limit_step(s, d);
		if (!(descent < 0) || !walk(s, d, descent))
		{
			if (angle < SMOOTH || d->pairs == 0 || s->status != MC_OK)
				break;
			d->pairs = 0;
			continue;
		}
		memcpy(d->before, d->slope, s->rank * sizeof(double));
		angle = slopes_of(s, d);
		if (angle > 0)
			remember(s, d);
	}
	return angle > 0 && angle < SMOOTH ? settle(s, d, angle) : angle;
}

/* Direction k to poll: the axes and the moves of each factor, forward and back. */
static bool
polled(McStressSearch *s, size_t k, double width, double *point)
{
	size_t n = s->rank;
	double sign = k % 2 ? -width : width;

	memset(point, 0, n * sizeof(double));
	if (k / 2 < n)
		point[k / 2] = 1;
	else if (mc_stress_direction(s->axes + (k / 2 - n) * n, n, point) == 0)
		return false;
	for (size_t i = 0; i < n; i++)
		point[i] = s->best[i] / s->radius + sign * point[i];
	if (mc_stress_direction(point, n, s->unit) == 0)
		return false;
	for (size_t i = 0; i < n; i++)
		point[i] = s->radius * (1 - 1e-6 * width) * s->unit[i];
	return true;
}

/* Take the best of the points if it is nearer. */
static bool
take_polled(McStressSearch *s, size_t count)
{
	size_t best = 0;
	double far;

	if (count > 0)
		mc_stress_at_points(s, count);
	if (s->status != MC_OK || count == 0)
		return false;
	for (size_t i = 1; i < count; i++)
		if (s->index[i] > s->index[best])
			best = i;
	if (s->index[best] < 0)
		return false;
	far = mc_stress_direction(s->points + best * s->rank, s->rank, s->unit);
	mc_stress_keep(s, s->unit, mc_stress_root(s, s->unit, 0, far));
	return true;
}

static bool
poll_around(McStressSearch *s, double width)
{
	size_t directions = 2 * (s->rank + s->factors);
	size_t count = 0;
	bool nearer = false;

	for (size_t k = 0; k < directions && s->status == MC_OK; k++)
	{
		count += polled(s, k, width, s->points + count * s->rank);
		if (count == MC_STRESS_BLOCK || k + 1 == directions)
		{
			nearer |= take_polled(s, count);
			count = 0;
		}
	}
	return nearer;
}

void
mc_stress_shrink(McStressSearch *s)
{
	size_t size = MC_STRESS_MEMORY * s->rank;
	Descent d = {.at = s->pairs + 2 * size + 2 * s->rank,
	             .slope = s->pairs + 2 * size,
	             .before = s->pairs + 2 * size + s->rank,
	             .changes = s->pairs,
	             .bends = s->pairs + size};
	double angle;
	int polls = 0;

	if (mc_stress_direction(s->best, s->rank, d.at) == 0)
		return;
	angle = descend(s, &d);
	if (s->rank == 1 || s->rank > MOST_POLLED || (angle >= 0 && angle <= SMOOTH))
		return;
	for (double width = 0.2; width > 1e-10 && s->status == MC_OK;)
	{
		if (++polls > POLLS || !poll_around(s, width))
		{
			width /= 4;
			polls = 0;
		}
	}
}
