/*
 * stress_search.c
 *	  Indexes of points and rays, roots, and climbing.
 */
#include "stress_search.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define CLIMB_STEPS 40
#define CLIMB_WIDTHS 8

double
mc_stress_dot(const double *a, const double *b, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += a[i] * b[i];
	return sum;
}

double
mc_stress_direction(const double *z, size_t n, double *unit)
{
	double largest = 0;
	double length;

	for (size_t i = 0; i < n; i++)
		largest = fmax(largest, fabs(z[i]));
	if (!(largest > 0 && largest <= DBL_MAX))
		return 0;
	for (size_t i = 0; i < n; i++)
		unit[i] = z[i] / largest;
	length = sqrt(mc_stress_dot(unit, unit, n));
	for (size_t i = 0; i < n; i++)
		unit[i] /= length;
	return length * largest;
}

/* From the moves to the indexes. */
static void
value_points(McStressSearch *s, size_t count)
{
	if (s->status != MC_OK)
		return;
	s->status = mc_stress_losses(s->book, s->moves, count, s->only, s->losses, s->poll);
	if (s->status != MC_OK)
		return;
	for (size_t i = 0; i < count; i++)
	{
		s->index[i] = mc_stress_index(s->book, s->losses, i, s->only, s->scratch);
		if (!isfinite(s->index[i]))
			s->status = MC_OVERFLOW;
	}
}

void
mc_stress_at_points(McStressSearch *s, size_t count)
{
	for (size_t f = 0; f < s->factors; f++)
		for (size_t i = 0; i < count; i++)
			s->moves[f * MC_STRESS_BLOCK + i] =
			    mc_stress_dot(s->axes + f * s->rank, s->points + i * s->rank, s->rank);
	value_points(s, count);
}

void
mc_stress_on_ray(McStressSearch *s, const double *unit, const double *radii, size_t count)
{
	for (size_t f = 0; f < s->factors; f++)
	{
		double move = mc_stress_dot(s->axes + f * s->rank, unit, s->rank);

		for (size_t i = 0; i < count; i++)
			s->moves[f * MC_STRESS_BLOCK + i] = move * radii[i];
	}
	value_points(s, count);
}

double
mc_stress_gradient(McStressSearch *s, const double *z)
{
	memcpy(s->points, z, s->rank * sizeof(double));
	mc_stress_at_points(s, 1);
	if (s->status != MC_OK)
		return -1;
	mc_stress_weights(s->book, s->losses, 0, s->only, s->weights, s->scratch);
	s->status = mc_stress_slopes(s->book, s->moves, s->weights, s->slopes, s->factors, s->poll);
	memset(s->gradient, 0, s->rank * sizeof(double));
	for (size_t f = 0; f < s->factors; f++)
		for (size_t i = 0; s->slopes[f] != 0 && i < s->rank; i++)
			s->gradient[i] += s->axes[f * s->rank + i] * s->slopes[f];
	for (size_t i = 0; i < s->rank; i++)
		if (s->status == MC_OK && !isfinite(s->gradient[i]))
			s->status = MC_OVERFLOW;
	return s->index[0];
}

/* Regula falsi with halving (Illinois), and a bisection where that does not halve the interval. */
static double
narrow(McStressSearch *s, const double *unit, double low, double at_low, double high,
       double at_high)
{
	double width = high - low;

	for (int i = 0; i < 200 && s->status == MC_OK && at_high > 0; i++)
	{
		double middle = low + (high - low) / 2;
		double radius = high - (high - low) * (at_high / (at_high - at_low));

		if (i % 3 == 2 && high - low > width / 2)
			radius = middle;
		if (i % 3 == 2)
			width = high - low;
		if (!(radius > low && radius < high))
			radius = middle;
		if (!(radius > low && radius < high) || high - low <= 4e-16 * high)
			break;
		mc_stress_on_ray(s, unit, &radius, 1);
		if (s->index[0] >= 0)
		{
			high = radius;
			at_high = s->index[0];
			at_low /= 2;
		}
		else
		{
			low = radius;
			at_low = s->index[0];
			at_high /= 2;
		}
	}
	return high;
}

double
mc_stress_root(McStressSearch *s, const double *unit, double low, double high)
{
	double radii[MC_STRESS_BLOCK];
	double at_low = -1;
	size_t i = 0;

	for (size_t k = 0; k < MC_STRESS_BLOCK; k++)
		radii[k] = k + 1 == MC_STRESS_BLOCK
		               ? high
		               : low + (high - low) * (double) (k + 1) / MC_STRESS_BLOCK;
	mc_stress_on_ray(s, unit, radii, MC_STRESS_BLOCK);
	if (s->status != MC_OK)
		return high;
	while (i + 1 < MC_STRESS_BLOCK && s->index[i] < 0)
		i++;
	if (i > 0)
	{
		low = radii[i - 1];
		at_low = s->index[i - 1];
	}
	else
	{
		mc_stress_on_ray(s, unit, &low, 1);
		at_low = s->index[0];
		mc_stress_on_ray(s, unit, radii, 1);
	}
	return narrow(s, unit, low, at_low, radii[i], s->index[i]);
}

void
mc_stress_keep(McStressSearch *s, const double *unit, double radius)
{
	s->reached = true;
	s->radius = radius;
	s->best_index = 0;
	for (size_t i = 0; i < s->rank; i++)
		s->best[i] = radius * unit[i];
}

/* The best of steps of several lengths, no further than the radius; the points get them. */
static size_t
widest_step(McStressSearch *s, const double *z, const double *uphill, double length)
{
	size_t best = 0;

	for (size_t k = 0; k < CLIMB_WIDTHS; k++)
	{
		double *point = s->points + k * s->rank;
		double width = ldexp(length, 2 - (int) k);
		double far;

		for (size_t i = 0; i < s->rank; i++)
			point[i] = z[i] + width * uphill[i];
		far = sqrt(mc_stress_dot(point, point, s->rank));
		for (size_t i = 0; far > s->radius && i < s->rank; i++)
			point[i] *= s->radius / far;
	}
	mc_stress_at_points(s, CLIMB_WIDTHS);
	for (size_t k = 1; k < CLIMB_WIDTHS && s->status == MC_OK; k++)
		if (s->index[k] > s->index[best])
			best = k;
	return best;
}

static void
note_best(McStressSearch *s, const double *z, double index)
{
	if (s->reached || index <= s->best_index)
		return;
	s->best_index = index;
	memcpy(s->best, z, s->rank * sizeof(double));
}

/* A point within the radius whose index is not below 0: the nearest one around it. */
static void
take(McStressSearch *s, const double *z)
{
	double far = mc_stress_direction(z, s->rank, s->unit);
	double radius = far > 0 ? mc_stress_root(s, s->unit, 0, fmin(far, s->radius)) : 0;

	if (s->status != MC_OK || far == 0 || (s->reached && radius > s->radius * (1 - 1e-12)))
		return;
	mc_stress_keep(s, s->unit, radius);
	mc_stress_shrink(s);
}

size_t
mc_stress_focus(McStressSearch *s, const double *z)
{
	size_t before = s->only;

	if (s->book->fund > 0 || s->book->account_count < 2 || before != MC_STRESS_NONE)
		return before;
	memcpy(s->points, z, s->rank * sizeof(double));
	mc_stress_at_points(s, 1);
	if (s->status == MC_OK)
		s->only = mc_stress_foremost(s->book, s->losses, 0);
	return before;
}

static void
climb(McStressSearch *s, double *z)
{
	double length = s->radius;
	double before = -INFINITY;

	for (int i = 0; i < CLIMB_STEPS; i++)
	{
		double index = mc_stress_gradient(s, z);
		double gained = index - before;
		size_t k;

		if (s->status != MC_OK)
			return;
		note_best(s, z, index);
		if (index >= 0)
		{
			take(s, z);
			return;
		}
		/* a hundred more such gains would not do, unless the largest is asked for */
		if (gained < -index * (s->reached ? 1e-3 : 1e-9) ||
		    mc_stress_direction(s->gradient, s->rank, s->step) == 0)
			return;
		before = index;
		k = widest_step(s, z, s->step, length);
		if (s->status != MC_OK)
			return;
		if (s->index[k] > index)
			memcpy(z, s->points + k * s->rank, s->rank * sizeof(double));
		length = fmin(ldexp(length, 2 - (int) k), 2 * s->radius);
		if (s->index[k] <= index)
			before = -INFINITY;
		if (length < 1e-6 * s->radius)
			return;
	}
}

void
mc_stress_climb(McStressSearch *s, double *z)
{
	size_t only = mc_stress_focus(s, z);

	climb(s, z);
	s->only = only;
}
