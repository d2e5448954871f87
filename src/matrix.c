/*
 * matrix.c
 *	  Functions of covariance and correlation matrices.
 */
#include "compat.h"

#include <math.h>

#include "funcapi.h"
#include "utils/float.h"
#include "utils/tuplestore.h"

#include "covariance_state.h"
#include "errors.h"
#include "kernel/definite.h"
#include "kernel/nearest_correlation.h"
#include "kernel/symmetric_eigen.h"
#include "sample.h"
#include "triangle.h"
#include "values.h"

#define DEFAULT_TOLERANCE 1e-10
#define LARGEST_CORRELATION 1e6

static bool
is_semidefinite(const double *triangle, int k)
{
	double *work = mc_work_space(mc_definite_worksize(k), sizeof(double));
	bool answer;

	mc_check_status(mc_is_semidefinite(triangle, k, work, &answer, &mc_interrupt_poll));
	pfree(work);
	return answer;
}

static void
check_semidefinite(bool answer)
{
	if (!answer)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("matrix must be positive semidefinite"),
		                errdetail("It has a negative eigenvalue, or a negative variance."),
		                errhint("Covariance matrices of margin_calib always are; "
		                        "margin_calib.nearest_correlation repairs a correlation matrix.")));
}

/* margin_calib.is_positive_semidefinite(matrix float8[][]) -> boolean */
MC_FUNCTION(mc_is_positive_semidefinite)
{
	int k;
	double *triangle = mc_triangle_argument(fcinfo, 0, MC_MAX_SERIES, &k);

	PG_RETURN_BOOL(is_semidefinite(triangle, k));
}

/* margin_calib.covariance_to_correlation(matrix float8[][]) -> float8[][] */
MC_FUNCTION(mc_covariance_to_correlation)
{
	int k;
	double *triangle = mc_triangle_argument(fcinfo, 0, MC_MAX_SERIES, &k);
	double *deviation = palloc(k * sizeof(double));
	bool *undefined = palloc(k * sizeof(bool));

	check_semidefinite(is_semidefinite(triangle, k));
	mc_covariance_correlate(triangle, k, deviation);
	mc_triangle_make_definite(triangle, k);
	for (int i = 0; i < k; i++)
		undefined[i] = deviation[i] == 0;
	return mc_triangle_datum(triangle, k, undefined);
}

/* margin_calib.cholesky(matrix float8[][]) -> float8[][] */
MC_FUNCTION(mc_cholesky_factor)
{
	int k;
	double *triangle = mc_triangle_argument(fcinfo, 0, MC_MAX_SERIES, &k);
	double *work = mc_work_space(mc_definite_worksize(k), sizeof(double));
	double *full;
	bool answer;

	mc_check_status(mc_cholesky(triangle, k, work, &answer, &mc_interrupt_poll));
	check_semidefinite(answer);
	pfree(work);
	full = mc_work_space((Size) k * k, sizeof(double));
	for (Size i = 0; i < k; i++)
		for (Size j = 0; j < k; j++)
			full[i * k + j] = j <= i ? triangle[mc_triangle_row(i) + j] : 0;
	return mc_float8_matrix_datum(full, k, k);
}

static void
check_tolerance(double tolerance)
{
	if (!(tolerance >= 1e-14 && tolerance < 1))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("tolerance must lie between 1e-14 and 1"),
		                errdetail("The tolerance given is %g.", tolerance),
		                errhint("Write 1e-10, or leave it out.")));
}

static void
check_correlations(const double *triangle, int k)
{
	for (Size i = 0; i < mc_triangle_row(k); i++)
		if (!(fabs(triangle[i]) <= LARGEST_CORRELATION))
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			                errmsg("matrix is no estimate of a correlation matrix"),
			                errdetail("An element is %s.", float8out_internal(triangle[i])),
			                errhint("Use margin_calib.covariance_to_correlation first.")));
}

static bool
has_unit_diagonal(const double *triangle, int k)
{
	for (Size i = 0; i < k; i++)
		if (triangle[mc_triangle_row(i) + i] != 1)
			return false;
	return true;
}

/* margin_calib.nearest_correlation(matrix float8[][] [, tolerance float8]) -> float8[][] */
MC_FUNCTION(mc_nearest_correlation_matrix)
{
	double tolerance = PG_NARGS() > 1 ? PG_GETARG_FLOAT8(1) : DEFAULT_TOLERANCE;
	int k;
	int iterations;
	double *triangle = mc_triangle_argument(fcinfo, 0, MC_EIGEN_MAX, &k);
	double *work;

	check_tolerance(tolerance);
	check_correlations(triangle, k);
	/* one that is a correlation matrix stays as it is */
	if (!(has_unit_diagonal(triangle, k) && is_semidefinite(triangle, k)))
	{
		work = mc_work_space(mc_nearest_worksize(k), sizeof(double));
		mc_check_status(
		    mc_nearest_correlation(triangle, k, tolerance, work, &iterations, &mc_interrupt_poll));
		pfree(work);
		if (iterations == 0)
			PG_RETURN_NULL();
	}
	mc_triangle_make_definite(triangle, k);
	return mc_triangle_datum(triangle, k, NULL);
}

static void
put_component(ReturnSetInfo *result, int number, double variance, double share, bool no_share,
              const double *vector, int k)
{
	Datum values[4];
	bool nulls[4] = {false, false, no_share, false};

	values[0] = Int32GetDatum(number);
	values[1] = Float8GetDatum(variance);
	values[2] = Float8GetDatum(share);
	values[3] = mc_float8_array_datum(vector, k);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	pfree(DatumGetPointer(values[3]));
}

/* margin_calib.principal_components(matrix float8[][]) -> SETOF principal_component */
MC_FUNCTION(mc_principal_components)
{
	int k;
	double *triangle = mc_triangle_argument(fcinfo, 0, MC_EIGEN_MAX, &k);
	double *values = palloc(k * sizeof(double));
	double *vectors = mc_work_space((Size) k * k, sizeof(double));
	double *work = mc_work_space(mc_eigen_worksize(k), sizeof(double));
	double trace = 0; /* in units of 2^exponent, since the sum may be beyond a double */
	int exponent;

	InitMaterializedSRF(fcinfo, 0);
	check_semidefinite(is_semidefinite(triangle, k));
	if (!mc_symmetric_eigen(triangle, k, values, vectors, work))
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory"),
		                errdetail("The eigenvalues of %d rows could not be computed.", k)));
	mc_check_status(isinf(values[0]) ? MC_OVERFLOW : MC_OK);
	frexp(values[0], &exponent);
	for (int i = 0; i < k; i++)
	{
		values[i] = fmax(values[i], 0);
		trace += ldexp(values[i], -exponent);
	}
	for (int i = 0; i < k; i++)
		put_component((ReturnSetInfo *) fcinfo->resultinfo, i + 1, values[i],
		              trace == 0 ? 0 : ldexp(values[i], -exponent) / trace, trace == 0,
		              vectors + (Size) i * k, k);
	return (Datum) 0;
}
