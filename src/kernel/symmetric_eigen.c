/*
 * symmetric_eigen.c
 *	  Eigenvalues and eigenvectors of a symmetric matrix, by GSL.
 */
#include "symmetric_eigen.h"

#include <math.h>

#include <gsl/gsl_eigen.h>

#include "rank_update.h"

/* The full matrix, scaled by a power of two so that no square overflows; returns the exponent. */
static int
spread(const double *triangle, size_t k, double *full)
{
	double largest = 0;
	int exponent;

	for (size_t i = 0; i < mc_triangle_row(k); i++)
		largest = fmax(largest, fabs(triangle[i]));
	frexp(largest, &exponent);
	for (size_t i = 0; i < k; i++)
		for (size_t j = 0; j <= i; j++)
			full[i * k + j] = full[j * k + i] = ldexp(triangle[mc_triangle_row(i) + j], -exponent);
	return exponent;
}

/* The sign rule, and the transposition to one vector a row. */
static void
take_vector(const double *columns, size_t k, size_t v, double *vector)
{
	double largest = 0;

	for (size_t i = 0; i < k; i++)
	{
		vector[i] = columns[i * k + v];
		if (fabs(vector[i]) > fabs(largest))
			largest = vector[i];
	}
	for (size_t i = 0; i < k && largest < 0; i++)
		vector[i] = 0 - vector[i];
}

bool
mc_symmetric_eigen(const double *triangle, size_t k, double *values, double *vectors, double *work)
{
	gsl_eigen_symmv_workspace *space = gsl_eigen_symmv_alloc(k);
	int exponent = spread(triangle, k, vectors);
	gsl_matrix_view matrix = gsl_matrix_view_array(vectors, k, k);
	gsl_matrix_view columns = gsl_matrix_view_array(work, k, k);
	gsl_vector_view value = gsl_vector_view_array(values, k);
	bool done;

	if (space == NULL)
		return false;
	done = gsl_eigen_symmv(&matrix.matrix, &value.vector, &columns.matrix, space) == 0;
	gsl_eigen_symmv_free(space);
	done =
	    done && gsl_eigen_symmv_sort(&value.vector, &columns.matrix, GSL_EIGEN_SORT_VAL_DESC) == 0;
	for (size_t v = 0; v < k; v++)
	{
		values[v] = ldexp(values[v], exponent);
		done = done && !isnan(values[v]);
		take_vector(work, k, v, vectors + v * k);
	}
	return done;
}
