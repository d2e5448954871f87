/*
 * nearest_correlation.c
 *	  The correlation matrix nearest to a symmetric matrix in the Frobenius norm.
 */
#include "nearest_correlation.h"

#include <math.h>
#include <string.h>

#include "rank_update.h"
#include "symmetric_eigen.h"

typedef struct Space
{
	size_t k;
	size_t size; /* of a triangle */
	double *r;
	double *x;
	double *y;
	double *correction;
	double *values;
	double *vectors;
	double *eigen;
	double *panel;
} Space;

size_t
mc_nearest_worksize(size_t k)
{
	return 4 * mc_triangle_row(k) + k + k * k + mc_eigen_worksize(k) + mc_rank_size(MC_RANK, k);
}

static Space
divide_space(double *work, size_t k)
{
	Space space = {.k = k, .size = mc_triangle_row(k)};

	space.r = work;
	space.x = space.r + space.size;
	space.y = space.x + space.size;
	space.correction = space.y + space.size;
	space.values = space.correction + space.size;
	space.vectors = space.values + k;
	space.eigen = space.vectors + k * k;
	space.panel = mc_rank_aligned(space.eigen + mc_eigen_worksize(k));
	return space;
}

/* x += sum over the vectors [first, end) of factor * value * v v' */
static void
add_vectors(const Space *space, size_t first, size_t end, double factor, double *x)
{
	McRankUpdate rank_update = mc_rank_update();
	size_t stride = mc_rank_stride(space->k);

	for (size_t from = first; from < end; from += MC_RANK)
	{
		size_t count = end - from < MC_RANK ? end - from : MC_RANK;
		double weight[MC_RANK] = {0};

		memset(space->panel, 0, MC_RANK * stride * sizeof(double));
		for (size_t q = 0; q < count; q++)
		{
			weight[q] = factor * space->values[from + q];
			memcpy(space->panel + q * stride, space->vectors + (from + q) * space->k,
			       space->k * sizeof(double));
		}
		for (size_t i = 0; i < space->k; i++)
		{
			double a[MC_RANK];

			for (size_t q = 0; q < MC_RANK; q++)
				a[q] = weight[q] * space->panel[q * stride + i];
			rank_update(x + mc_triangle_row(i), space->panel, stride, i + 1, a);
		}
	}
}

/* x = r with its negative eigenvalues set to 0, from whichever side has fewer of them */
static bool
project_definite(const Space *space, double *x)
{
	size_t positive = 0;

	if (!mc_symmetric_eigen(space->r, space->k, space->values, space->vectors, space->eigen))
		return false;
	while (positive < space->k && space->values[positive] > 0)
		positive++;
	if (2 * positive <= space->k)
	{
		memset(x, 0, space->size * sizeof(double));
		add_vectors(space, 0, positive, 1, x);
	}
	else
	{
		memcpy(x, space->r, space->size * sizeof(double));
		add_vectors(space, positive, space->k, -1, x);
	}
	return true;
}

/* Frobenius norm of a - b as full matrices; b may be NULL */
static double
distance(const double *a, const double *b, size_t k)
{
	double sum = 0;

	for (size_t i = 0; i < k; i++)
		for (size_t j = 0; j <= i; j++)
		{
			size_t at = mc_triangle_row(i) + j;
			double d = b == NULL ? a[at] : a[at] - b[at];

			sum += (i == j ? 1 : 2) * d * d;
		}
	return sqrt(sum);
}

/* How far a lies from b, in units of a. */
static double
relative_distance(const double *a, const double *b, size_t k)
{
	double apart = distance(a, b, k);
	double norm = distance(a, NULL, k);

	/* 0 is 0 away from itself and infinitely far from the rest */
	return apart == 0 ? 0 : norm > 0 ? apart / norm : INFINITY;
}

/* One iteration; the largest relative move, or NaN when there is no decomposition. */
static double
iterate(const Space *space)
{
	size_t k = space->k;
	double moved_x;
	double moved_y;
	double apart;

	for (size_t i = 0; i < space->size; i++)
		space->r[i] = space->y[i] - space->correction[i];
	/* the correction's place takes X until the old one has been compared */
	if (!project_definite(space, space->correction))
		return NAN;
	moved_x = relative_distance(space->correction, space->x, k);
	memcpy(space->x, space->correction, space->size * sizeof(double));
	for (size_t i = 0; i < space->size; i++)
		space->correction[i] = space->x[i] - space->r[i];
	memcpy(space->r, space->y, space->size * sizeof(double));
	memcpy(space->y, space->x, space->size * sizeof(double));
	for (size_t i = 0; i < k; i++)
		space->y[mc_triangle_row(i) + i] = 1;
	moved_y = relative_distance(space->y, space->r, k);
	apart = relative_distance(space->y, space->x, k);
	return fmax(apart, fmax(moved_x, moved_y));
}

/* X with a unit diagonal, in [-1, 1] */
static void
scale_to_unit(const double *x, size_t k, double *matrix)
{
	for (size_t i = 0; i < k; i++)
	{
		double own = x[mc_triangle_row(i) + i];

		for (size_t j = 0; j < i; j++)
		{
			double scaled = x[mc_triangle_row(i) + j] / sqrt(own * x[mc_triangle_row(j) + j]);

			matrix[mc_triangle_row(i) + j] = fmax(-1, fmin(1, scaled));
		}
		matrix[mc_triangle_row(i) + i] = 1;
	}
}

McStatus
mc_nearest_correlation(double *matrix, size_t k, double tolerance, double *work, int *iterations,
                       const McPoll *poll)
{
	Space space = divide_space(work, k);

	memcpy(space.y, matrix, space.size * sizeof(double));
	memcpy(space.x, matrix, space.size * sizeof(double));
	memset(space.correction, 0, space.size * sizeof(double));
	*iterations = 0;
	for (int n = 1; n <= MC_NEAREST_ITERATIONS; n++)
	{
		double moved = iterate(&space);

		if (mc_poll_stop(poll))
			return MC_STOPPED;
		if (isnan(moved))
			return MC_OK;
		if (moved <= tolerance)
		{
			*iterations = n;
			break;
		}
	}
	if (*iterations > 0)
		scale_to_unit(space.x, k, matrix);
	return MC_OK;
}
