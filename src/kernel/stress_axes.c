/*
 * stress_axes.c
 *	  Moves of factors from independent moves of variance 1.
 */
#include "stress_axes.h"

#include <math.h>

#include "rank_update.h"
#include "symmetric_eigen.h"

/* correlations, eigenvalues, eigenvectors, the work space of both, places of the held */
size_t
mc_stress_axes_worksize(size_t n)
{
	return mc_triangle_row(n) + n + n * n + mc_eigen_worksize(n) + n;
}

static double
element(const double *triangle, size_t i, size_t j)
{
	return i >= j ? triangle[mc_triangle_row(i) + j] : triangle[mc_triangle_row(j) + i];
}

static double
deviation(const double *covariance, size_t i)
{
	return sqrt(element(covariance, i, i));
}

/* Places of the factors that are held and move; how many. */
static size_t
moving(const double *covariance, size_t n, const bool *held, double *places)
{
	size_t k = 0;

	for (size_t i = 0; i < n; i++)
		if (held[i] && element(covariance, i, i) > 0)
			places[k++] = (double) i;
	return k;
}

static void
correlate(const double *covariance, const double *places, size_t k, double *correlations)
{
	for (size_t i = 0; i < k; i++)
		for (size_t j = 0; j <= i; j++)
		{
			size_t a = (size_t) places[i];
			size_t b = (size_t) places[j];

			correlations[mc_triangle_row(i) + j] = i == j ? 1
			                                              : element(covariance, a, b) /
			                                                    deviation(covariance, a) /
			                                                    deviation(covariance, b);
		}
}

bool
mc_stress_axes(const double *covariance, size_t n, const bool *held, double *axes, size_t *rank,
               double *work)
{
	double *correlations = work;
	double *values = correlations + mc_triangle_row(n);
	double *vectors = values + n;
	double *space = vectors + n * n;
	double *places = space + mc_eigen_worksize(n);
	size_t k = moving(covariance, n, held, places);
	double least = (double) k * ((double) k + 3) * 0x1p-52;
	size_t r = 0;

	*rank = 0;
	if (k == 0)
		return true;
	correlate(covariance, places, k, correlations);
	if (!mc_symmetric_eigen(correlations, k, values, vectors, space))
		return false;
	while (r < k && values[r] > least)
		r++;
	/* S D^-1 v / sqrt(l) for all factors: of those held it is D v sqrt(l) */
	for (size_t f = 0; f < n; f++)
		for (size_t axis = 0; axis < r; axis++)
		{
			double sum = 0;

			for (size_t i = 0; i < k; i++)
			{
				size_t h = (size_t) places[i];

				sum += element(covariance, f, h) / deviation(covariance, h) * vectors[axis * k + i];
			}
			axes[f * r + axis] = sum / sqrt(values[axis]);
		}
	for (size_t i = 0; i < k; i++)
		for (size_t axis = 0; axis < r; axis++)
		{
			size_t h = (size_t) places[i];

			axes[h * r + axis] =
			    deviation(covariance, h) * vectors[axis * k + i] * sqrt(values[axis]);
		}
	*rank = r;
	return true;
}
