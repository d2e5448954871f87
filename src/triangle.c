/*
 * triangle.c
 *	  Symmetric matrices between SQL (float8[][]) and kernels (packed lower triangles).
 */
#include "compat.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/float.h"

#include "errors.h"
#include "kernel/definite.h"
#include "sample.h"
#include "triangle.h"
#include "values.h"

#define SYMMETRY 1e-10

static ArrayType *
new_matrix(int k, Size elements, bool with_nulls)
{
	Size header = with_nulls ? ARR_OVERHEAD_WITHNULLS(2, k * k) : (Size) ARR_OVERHEAD_NONULLS(2);
	Size bytes = header + elements * sizeof(double);
	ArrayType *array;

	mc_check_state_size(bytes);
	array = palloc(bytes);
	/* but for the elements, which are all written */
	memset(array, 0, header);
	SET_VARSIZE(array, bytes);
	array->ndim = 2;
	array->dataoffset = with_nulls ? (int32) header : 0;
	array->elemtype = FLOAT8OID;
	for (int i = 0; i < 2; i++)
	{
		ARR_DIMS(array)[i] = k;
		ARR_LBOUND(array)[i] = 1;
	}
	return array;
}

static ArrayType *
matrix_with_nulls(const double *triangle, int k, const bool *undefined, Size defined)
{
	ArrayType *array = new_matrix(k, defined * defined, true);
	double *out = (double *) ARR_DATA_PTR(array);
	bits8 *bitmap = ARR_NULLBITMAP(array);

	for (Size i = 0; i < k; i++)
		for (Size j = 0; j < k; j++)
			if (!undefined[i] && !undefined[j])
			{
				Size at = i * k + j;

				bitmap[at / 8] |= 1 << at % 8;
				*out++ =
				    i >= j ? triangle[mc_triangle_row(i) + j] : triangle[mc_triangle_row(j) + i];
			}
	return array;
}

Datum
mc_triangle_datum(const double *triangle, int k, const bool *undefined)
{
	Size defined = 0;
	ArrayType *array;
	double *out;

	for (int i = 0; i < k; i++)
		defined += undefined == NULL || !undefined[i];
	if (defined < k)
		return PointerGetDatum(matrix_with_nulls(triangle, k, undefined, defined));
	array = new_matrix(k, (Size) k * k, false);
	out = (double *) ARR_DATA_PTR(array);
	for (Size i = 0; i < k; i++)
	{
		const double *row = triangle + mc_triangle_row(i);

		memcpy(out + i * k, row, (i + 1) * sizeof(double));
		for (Size j = 0; j < i; j++)
			out[j * k + i] = row[j];
	}
	return PointerGetDatum(array);
}

double *
mc_triangle_space(int k)
{
	return mc_work_space(mc_triangle_row(k), sizeof(double));
}

static void
not_symmetric(Size i, Size j, double below, double above)
{
	ereport(ERROR,
	        (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("matrix must be symmetric"),
	         errdetail("Element [%zu][%zu] is %s, [%zu][%zu] is %s.", i + 1, j + 1,
	                   float8out_internal(below), j + 1, i + 1, float8out_internal(above)),
	         errhint("Give a covariance or correlation matrix, such as '{{1,0.5},{0.5,1}}'.")));
}

double *
mc_triangle_argument(FunctionCallInfo fcinfo, int arg, int max_size, int *k)
{
	const double *square = mc_float8_square(fcinfo, arg, "matrix", max_size, k);
	double *triangle = mc_triangle_space(*k);

	mc_check_finite(square, *k * *k, "matrix");
	for (Size i = 0; i < *k; i++)
		for (Size j = 0; j <= i; j++)
		{
			double below = square[i * *k + j];
			double above = square[j * *k + i];

			if (!(fabs(below - above) <= SYMMETRY * fmax(fabs(below), fabs(above))))
				not_symmetric(i, j, below, above);
			triangle[mc_triangle_row(i) + j] = below == above ? below : below / 2 + above / 2;
		}
	return triangle;
}

/* row and column i = x */
static void
fill_series(double *triangle, Size k, Size i, double x)
{
	for (Size j = 0; j < k; j++)
		triangle[j <= i ? mc_triangle_row(i) + j : mc_triangle_row(j) + i] = x;
}

void
mc_triangle_make_definite(double *triangle, int k)
{
	double *work = mc_work_space(mc_definite_worksize(k), sizeof(double));
	bool *is_nan = palloc(k * sizeof(bool));
	double shrunk;

	for (Size i = 0; i < k; i++)
		is_nan[i] = isnan(triangle[mc_triangle_row(i) + i]);
	for (Size i = 0; i < k; i++)
		if (is_nan[i])
			fill_series(triangle, k, i, 0);
	mc_check_status(mc_make_definite(triangle, k, work, &shrunk, &mc_interrupt_poll));
	for (Size i = 0; i < k; i++)
		if (is_nan[i])
			fill_series(triangle, k, i, get_float8_nan());
	pfree(is_nan);
	pfree(work);
}
