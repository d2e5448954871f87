/*
 * covariance.c
 *	  Aggregates covariance, correlation, covariance_state and covariance_merge, and what reads a
 *	  covariance_state.
 */
#include "compat.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "covariance_state.h"
#include "covariance_io.h"
#include "errors.h"
#include "kernel/double_double.h"
#include "sample.h"
#include "series_row.h"
#include "triangle.h"
#include "values.h"

/* ---- the running state ---- */

McCovarianceState *
mc_new_covariance_state(MemoryContext context)
{
	McCovarianceState *state = MemoryContextAllocZero(context, sizeof(McCovarianceState));

	state->context = context;
	return state;
}

static double *
zeroed(const McCovarianceState *state, Size n)
{
	return MemoryContextAllocExtended(state->context, n * sizeof(double),
	                                  MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
}

static void
allocate_sums(McCovarianceState *state)
{
	McCovariance *sums = &state->sums;
	Size k = state->series;

	mc_check_state_size((mc_triangle_size(k) + mc_rank_size(MC_COVARIANCE_WAIT, k) + 2 * k) *
	                    sizeof(double));
	sums->series = k;
	sums->mean = zeroed(state, k);
	sums->rest = zeroed(state, k);
	sums->block = mc_rank_aligned(zeroed(state, mc_rank_size(MC_COVARIANCE_WAIT, k)));
	sums->pending = zeroed(state, mc_triangle_size(k));
}

/* room for what does not fit one double */
static void
allocate_fold(McCovarianceState *state)
{
	Size n = mc_triangle_size(state->series);

	if (state->sums.high != NULL)
		return;
	mc_check_state_size(3 * n * sizeof(double));
	state->sums.high = zeroed(state, n);
	state->sums.low = zeroed(state, n);
}

static void
flush(McCovarianceState *state)
{
	if (mc_covariance_must_fold(&state->sums))
		allocate_fold(state);
	mc_covariance_flush(&state->sums);
	CHECK_FOR_INTERRUPTS();
}

const double *
mc_covariance_row(McCovarianceState *state, FunctionCallInfo fcinfo, int arg)
{
	bool first = state->series == 0;
	const double *row = PG_ARGISNULL(arg) ? NULL : mc_series_row(fcinfo, arg, &state->series);

	if (first && state->series > 0)
		allocate_sums(state);
	if (row == NULL)
		state->skipped++;
	else
	{
		if (mc_covariance_full(&state->sums))
			flush(state);
		mc_covariance_add(&state->sums, row);
	}
	return row;
}

/* beyond, a state could not be read back, and doubles would not count */
static void
check_rows(double rows, int64 skipped)
{
	if (rows > MC_COVARIANCE_MOST_ROWS || skipped > MC_COVARIANCE_MOST_ROWS)
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
		                errmsg("too many rows for a covariance_state"),
		                errdetail("A state counts at most 2^53 rows."),
		                errhint("Was a state merged with itself again and again?")));
}

static void
merge_value(McCovarianceState *state, const McCovarianceValue *value)
{
	McCovariance *sums = &state->sums;

	if (state->series == 0)
	{
		state->series = value->series;
		allocate_sums(state);
	}
	if (state->series != value->series)
		ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
		                errmsg("states of different numbers of series cannot be merged"),
		                errdetail("One has %d series, another %d.", state->series, value->series),
		                errhint("Merge states of the same series, in the same order.")));
	check_rows(sums->rows + (double) value->rows, state->skipped + value->skipped);
	state->skipped += value->skipped;
	if (value->rows == 0)
		return;
	if (mc_covariance_full(sums))
		flush(state);
	if (sums->rows > 0)
		allocate_fold(state);
	mc_covariance_merge(sums, (double) value->rows, mc_value_mean(value), mc_value_rest(value),
	                    mc_value_comoments(value));
}

/* What a state contributes, with means as mean + rest where rest is below the last bit of mean. */
static McCovarianceValue *
value_of(const McCovarianceState *state)
{
	McCovarianceValue *value = mc_new_covariance_value(state->series);

	value->rows = (int64) state->sums.rows;
	value->skipped = state->skipped;
	for (int i = 0; i < state->series; i++)
	{
		McDD mean = mc_dd_two_sum(state->sums.mean[i], state->sums.rest[i]);
		bool is_nan = isnan(state->sums.mean[i]);

		if (!is_nan && !isfinite(mean.hi))
			mc_check_status(MC_OVERFLOW);
		mc_value_mean(value)[i] = is_nan ? state->sums.mean[i] : mean.hi;
		mc_value_rest(value)[i] = is_nan ? 0 : mean.lo;
	}
	mc_covariance_comoments(&state->sums, mc_value_comoments(value));
	return value;
}

static double *
scaled(double *triangle, const double *mean, int series, double divisor)
{
	mc_check_status(mc_covariance_scale(triangle, mean, series, divisor));
	return triangle;
}

double *
mc_covariance_triangle(const McCovarianceState *state, bool maximum_likelihood)
{
	double *triangle;

	if (state == NULL || state->sums.rows < 2)
		return NULL;
	triangle = mc_triangle_space(state->series);
	mc_covariance_comoments(&state->sums, triangle);
	return scaled(triangle, state->sums.mean, state->series,
	              maximum_likelihood ? state->sums.rows : state->sums.rows - 1);
}

/* ---- transition functions ---- */

static McCovarianceState *
get_state(FunctionCallInfo fcinfo)
{
	return PG_ARGISNULL(0) ? NULL : (McCovarianceState *) PG_GETARG_POINTER(0);
}

static McCovarianceState *
get_or_make_state(FunctionCallInfo fcinfo, const char *name)
{
	McCovarianceState *state = get_state(fcinfo);

	return state != NULL ? state : mc_new_covariance_state(mc_aggregate_context(fcinfo, name));
}

/* covariance_accum(state, values) */
MC_FUNCTION(mc_covariance_accum)
{
	McCovarianceState *state = get_or_make_state(fcinfo, "covariance_accum");

	mc_covariance_row(state, fcinfo, 1);
	PG_RETURN_POINTER(state);
}

/* covariance_merge_accum(state, covariance_state) */
MC_FUNCTION(mc_covariance_merge_accum)
{
	McCovarianceState *state = get_or_make_state(fcinfo, "covariance_merge_accum");

	if (!PG_ARGISNULL(1))
		merge_value(state, (McCovarianceValue *) PG_GETARG_VARLENA_P(1));
	PG_RETURN_POINTER(state);
}

/* covariance_combine(state, state) */
MC_FUNCTION(mc_covariance_combine)
{
	McCovarianceState *state = get_state(fcinfo);
	const McCovarianceState *other =
	    PG_ARGISNULL(1) ? NULL : (const McCovarianceState *) PG_GETARG_POINTER(1);

	if (other == NULL && state == NULL)
		PG_RETURN_NULL();
	if (state == NULL)
		state = mc_new_covariance_state(mc_aggregate_context(fcinfo, "covariance_combine"));
	if (other != NULL && other->series == 0)
		state->skipped += other->skipped;
	else if (other != NULL)
		merge_value(state, value_of(other));
	PG_RETURN_POINTER(state);
}

/* covariance_serialize(state) -> bytea: the value, or the number of skipped rows alone */
MC_FUNCTION(mc_covariance_serialize)
{
	const McCovarianceState *state = (const McCovarianceState *) PG_GETARG_POINTER(0);
	bytea *bytes;

	if (state->series > 0)
		PG_RETURN_BYTEA_P((bytea *) value_of(state));
	bytes = palloc(VARHDRSZ + sizeof(int64));
	SET_VARSIZE(bytes, VARHDRSZ + sizeof(int64));
	memcpy(VARDATA(bytes), &state->skipped, sizeof(int64));
	PG_RETURN_BYTEA_P(bytes);
}

/* covariance_deserialize(bytea, internal) -> state, which only lives until it is combined */
MC_FUNCTION(mc_covariance_deserialize)
{
	/* a copy: a bytea inside a tuple need not be aligned for doubles */
	bytea *bytes = PG_GETARG_BYTEA_P_COPY(0);
	McCovarianceState *state = mc_new_covariance_state(CurrentMemoryContext);

	if (VARSIZE(bytes) > VARHDRSZ + sizeof(int64))
		merge_value(state, (McCovarianceValue *) bytes);
	else
		memcpy(&state->skipped, VARDATA(bytes), sizeof(int64));
	PG_RETURN_POINTER(state);
}

/* ---- answers ---- */

static void
scale_of_value(const McCovarianceValue *value, double *triangle)
{
	memcpy(triangle, mc_value_comoments(value), mc_triangle_size(value->series) * sizeof(double));
	scaled(triangle, mc_value_mean(value), value->series, Max(value->rows - 1, 1));
}

static double *
triangle_of_value(FunctionCallInfo fcinfo, int *series)
{
	const McCovarianceValue *value = (McCovarianceValue *) PG_GETARG_VARLENA_P(0);
	double *triangle;

	*series = value->series;
	if (value->rows < 2)
		return NULL;
	triangle = mc_triangle_space(value->series);
	scale_of_value(value, triangle);
	return triangle;
}

static Datum
covariance_datum(double *triangle, int series)
{
	mc_triangle_make_definite(triangle, series);
	return mc_triangle_datum(triangle, series, NULL);
}

static Datum
correlation_datum(double *triangle, int series)
{
	double *deviation = palloc(series * sizeof(double));
	bool *undefined = palloc(series * sizeof(bool));

	mc_covariance_correlate(triangle, series, deviation);
	mc_triangle_make_definite(triangle, series);
	for (int i = 0; i < series; i++)
		undefined[i] = deviation[i] == 0;
	return mc_triangle_datum(triangle, series, undefined);
}

/* margin_calib.covariance(float8[]): the answer for a group */
MC_FUNCTION(mc_covariance_final)
{
	const McCovarianceState *state = get_state(fcinfo);
	double *triangle = mc_covariance_triangle(state, false);

	if (triangle == NULL)
		PG_RETURN_NULL();
	return covariance_datum(triangle, state->series);
}

/* margin_calib.correlation(float8[]): the answer for a group */
MC_FUNCTION(mc_correlation_final)
{
	const McCovarianceState *state = get_state(fcinfo);
	double *triangle = mc_covariance_triangle(state, false);

	if (triangle == NULL)
		PG_RETURN_NULL();
	return correlation_datum(triangle, state->series);
}

static void
check_comoments(const McCovarianceValue *value)
{
	double *copy = mc_triangle_space(value->series);

	scale_of_value(value, copy);
	pfree(copy);
}

/* margin_calib.covariance_state(float8[]) and covariance_merge(covariance_state) */
MC_FUNCTION(mc_covariance_state_final)
{
	const McCovarianceState *state = get_state(fcinfo);
	McCovarianceValue *value;

	if (state == NULL || state->sums.rows < 1)
		PG_RETURN_NULL();
	value = value_of(state);
	check_comoments(value);
	PG_RETURN_POINTER(value);
}

/* margin_calib.covariance(covariance_state) -> float8[][] */
MC_FUNCTION(mc_state_covariance)
{
	int series;
	double *triangle = triangle_of_value(fcinfo, &series);

	if (triangle == NULL)
		PG_RETURN_NULL();
	return covariance_datum(triangle, series);
}

/* margin_calib.correlation(covariance_state) -> float8[][] */
MC_FUNCTION(mc_state_correlation)
{
	int series;
	double *triangle = triangle_of_value(fcinfo, &series);

	if (triangle == NULL)
		PG_RETURN_NULL();
	return correlation_datum(triangle, series);
}

/* margin_calib.means(covariance_state) -> float8[] */
MC_FUNCTION(mc_state_means)
{
	const McCovarianceValue *value = (McCovarianceValue *) PG_GETARG_VARLENA_P(0);

	return mc_float8_array_datum(mc_value_mean(value), value->series);
}

/* margin_calib.observations(covariance_state) -> bigint */
MC_FUNCTION(mc_state_observations)
{
	PG_RETURN_INT64(((McCovarianceValue *) PG_GETARG_VARLENA_P(0))->rows);
}

/* margin_calib.skipped_rows(covariance_state) -> bigint */
MC_FUNCTION(mc_state_skipped_rows)
{
	PG_RETURN_INT64(((McCovarianceValue *) PG_GETARG_VARLENA_P(0))->skipped);
}
