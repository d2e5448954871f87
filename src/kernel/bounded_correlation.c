/*
 * bounded_correlation.c
 *	  A correlation matrix near a given one that nowhere claims more than it.
 */
#include "bounded_correlation.h"

#include <math.h>
#include <string.h>

#include "definite.h"
#include "nearest_correlation.h"
#include "symmetric_eigen.h"

#define TOLERANCE 1e-9

static size_t
larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

/* a triangle, then what one of the three steps needs */
size_t
mc_bounded_worksize(size_t k)
{
	size_t eigen = k + k * k + mc_eigen_worksize(k);

	return mc_triangle_row(k) +
	       larger(eigen, larger(mc_nearest_worksize(k), mc_definite_worksize(k)));
}

/* Element by element the smaller magnitude, 0 where the signs differ. */
static void
take_back(double *matrix, const double *nearest, size_t k)
{
	for (size_t i = 0; i < k; i++)
		for (size_t j = 0; j < i; j++)
		{
			size_t at = mc_triangle_row(i) + j;

			if (matrix[at] * nearest[at] < 0)
				matrix[at] = 0;
			else if (fabs(nearest[at]) < fabs(matrix[at]))
				matrix[at] = nearest[at];
		}
}

static McStatus
shrink(double *matrix, size_t k, double *work)
{
	double *values = work;
	double factor;

	if (!mc_symmetric_eigen(matrix, k, values, work + k, work + k + k * k))
		return MC_TOO_FEW;
	if (values[k - 1] >= 0)
		return MC_OK;
	factor = 1 / (1 - values[k - 1]);
	for (size_t i = 0; i < k; i++)
		for (size_t j = 0; j < i; j++)
			matrix[mc_triangle_row(i) + j] *= factor;
	return MC_OK;
}

McStatus
mc_bounded_correlation(double *matrix, size_t k, double *work, const McPoll *poll)
{
	double *nearest = work;
	double *rest = work + mc_triangle_row(k);
	int iterations;
	bool definite;

	if (mc_is_semidefinite(matrix, k, rest, &definite, poll) != MC_OK)
		return MC_STOPPED;
	if (definite)
		return MC_OK;
	memcpy(nearest, matrix, mc_triangle_row(k) * sizeof(double));
	if (mc_nearest_correlation(nearest, k, TOLERANCE, rest, &iterations, poll) != MC_OK)
		return MC_STOPPED;
	if (iterations > 0)
		take_back(matrix, nearest, k);
	return shrink(matrix, k, rest);
}
