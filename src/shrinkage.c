/*
 * shrinkage.c
 *	  Aggregates ledoit_wolf_covariance, oracle_approximating_covariance and ewma_covariance.
 */
#include "compat.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/float.h"
#include "utils/memutils.h"

#include "covariance_state.h"
#include "errors.h"
#include "kernel/ewma_covariance.h"
#include "kernel/shrinkage.h"
#include "series_row.h"
#include "settings.h"
#include "triangle.h"
#include "values.h"

#define FIRST_ROWS 64

/* Ledoit and Wolf need the rows again once the means are known. */
typedef struct RowsState
{
	McCovarianceState *moments;
	double *rows;
	Size n;
	Size capacity;
} RowsState;

static void
keep_row(RowsState *state, const double *row)
{
	Size k = state->moments->series;

	if (state->n == state->capacity)
	{
		Size capacity = Max(2 * state->capacity, FIRST_ROWS);
		Size bytes = capacity * k * sizeof(double);

		mc_check_state_size(bytes);
		state->rows = state->rows == NULL ? MemoryContextAllocHuge(state->moments->context, bytes)
		                                  : repalloc_huge(state->rows, bytes);
		state->capacity = capacity;
	}
	memcpy(state->rows + state->n++ * k, row, k * sizeof(double));
}

/* ledoit_wolf_accum(state, values) */
MC_FUNCTION(mc_ledoit_wolf_accum)
{
	RowsState *state = PG_ARGISNULL(0) ? NULL : (RowsState *) PG_GETARG_POINTER(0);
	const double *row;

	if (state == NULL)
	{
		MemoryContext context = mc_aggregate_context(fcinfo, "ledoit_wolf_accum");

		state = MemoryContextAllocZero(context, sizeof(RowsState));
		state->moments = mc_new_covariance_state(context);
	}
	row = mc_covariance_row(state->moments, fcinfo, 1);
	if (row != NULL)
		keep_row(state, row);
	PG_RETURN_POINTER(state);
}

/* shrinkage, matrix, observations; everything NaN when a series is not finite */
static Datum
shrunk_row(FunctionCallInfo fcinfo, double *s, const McCovarianceState *moments, double weight)
{
	int k = moments->series;
	Datum values[3];
	bool nulls[3] = {false, false, false};

	mc_shrink(s, k, weight);
	if (isnan(weight))
		for (Size i = 0; i < mc_triangle_size(k); i++)
			s[i] = get_float8_nan();
	mc_triangle_make_definite(s, k);
	values[0] = Float8GetDatum(isnan(weight) ? get_float8_nan() : weight);
	values[1] = mc_triangle_datum(s, k, NULL);
	values[2] = Int64GetDatum((int64) moments->sums.rows);
	return mc_row_datum(fcinfo, values, nulls);
}

/* What shrinkage needs: a weight and a trace that are doubles. */
static double
checked_weight(const double *s, int k, double weight)
{
	double trace = 0;

	for (Size i = 0; i < k; i++)
		trace += s[mc_triangle_row(i) + i];
	if (isnan(trace))
		return trace;
	if (!isfinite(weight) || isinf(trace))
		mc_check_status(MC_OVERFLOW);
	return weight;
}

/* margin_calib.ledoit_wolf_covariance(float8[]): the answer for a group */
MC_FUNCTION(mc_ledoit_wolf_final)
{
	const RowsState *state = PG_ARGISNULL(0) ? NULL : (const RowsState *) PG_GETARG_POINTER(0);
	double *s = state == NULL ? NULL : mc_covariance_triangle(state->moments, true);
	const McCovariance *sums;
	double fourth = 0;
	double scale;

	if (s == NULL)
		PG_RETURN_NULL();
	sums = &state->moments->sums;
	scale = mc_shrinkage_scale(s, sums->series);
	for (Size i = 0; i < state->n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		fourth += mc_fourth_power(state->rows + i * sums->series, sums->mean, sums->rest,
		                          sums->series, scale);
	}
	return shrunk_row(fcinfo, s, state->moments,
	                  checked_weight(s, state->moments->series,
	                                 mc_ledoit_wolf_weight(s, sums->series, sums->rows, fourth)));
}

/* margin_calib.oracle_approximating_covariance(float8[]): the answer for a group */
MC_FUNCTION(mc_oracle_approximating_final)
{
	const McCovarianceState *state =
	    PG_ARGISNULL(0) ? NULL : (const McCovarianceState *) PG_GETARG_POINTER(0);
	double *s = mc_covariance_triangle(state, true);

	if (s == NULL)
		PG_RETURN_NULL();
	return shrunk_row(
	    fcinfo, s, state,
	    checked_weight(s, state->series, mc_oas_weight(s, state->series, state->sums.rows)));
}

/* ---- exponential weights ---- */

typedef struct EwmaState
{
	McEwmaCovariance sums;
	int series;
	McSettings settings;
} EwmaState;

void
mc_check_decay(double lambda)
{
	if (!(lambda > 0 && lambda < 1))
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		         errmsg("lambda must lie strictly between 0 and 1"),
		         errdetail("The lambda given is %g.", lambda),
		         errhint("Write 0.94 for daily data as RiskMetrics does, 0.97 for monthly.")));
}

static void
start_ewma(EwmaState *state, FunctionCallInfo fcinfo, MemoryContext context)
{
	McEwmaCovariance *sums = &state->sums;
	Size k = state->series;
	Size block = mc_rank_size(MC_RANK, k);
	Size bytes = (mc_triangle_row(k) + block) * sizeof(double) + k;

	mc_check_state_size(bytes);
	sums->series = k;
	sums->lambda = PG_GETARG_FLOAT8(2);
	sums->triangle = MemoryContextAllocExtended(context, bytes, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	sums->block = mc_rank_aligned(sums->triangle + mc_triangle_row(k));
	sums->not_finite = (bool *) (sums->triangle + mc_triangle_row(k) + block);
}

/* ewma_covariance_accum(state, values, lambda) */
MC_FUNCTION(mc_ewma_covariance_accum)
{
	MemoryContext context = mc_aggregate_context(fcinfo, "ewma_covariance_accum");
	EwmaState *state = PG_ARGISNULL(0) ? NULL : (EwmaState *) PG_GETARG_POINTER(0);
	const double *row;

	if (state == NULL)
	{
		state = MemoryContextAllocZero(context, sizeof(EwmaState));
		mc_settings_read(&state->settings, fcinfo, 2, context);
		mc_check_decay(PG_GETARG_FLOAT8(2));
	}
	else
		mc_settings_compare(&state->settings, fcinfo, 2);
	row = PG_ARGISNULL(1) ? NULL : mc_series_row(fcinfo, 1, &state->series);
	if (state->series > 0 && state->sums.series == 0)
		start_ewma(state, fcinfo, context);
	if (row != NULL)
		mc_ewma_covariance_add(&state->sums, row);
	PG_RETURN_POINTER(state);
}

/* margin_calib.ewma_covariance(float8[], float8): the answer for a group */
MC_FUNCTION(mc_ewma_covariance_final)
{
	const EwmaState *state = PG_ARGISNULL(0) ? NULL : (const EwmaState *) PG_GETARG_POINTER(0);
	double *matrix;
	McStatus status;

	if (state == NULL || state->sums.rows == 0)
		PG_RETURN_NULL();
	matrix = mc_triangle_space(state->series);
	status = mc_ewma_covariance_matrix(&state->sums, matrix);
	if (status == MC_TOO_FEW)
		PG_RETURN_NULL();
	mc_check_status(status);
	mc_triangle_make_definite(matrix, state->series);
	return mc_triangle_datum(matrix, state->series, NULL);
}
