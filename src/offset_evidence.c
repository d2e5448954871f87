/*
 * offset_evidence.c
 *	  Aggregates correlation_reliability, offset_correlation and price_evidence: what of a
 *	  correlation can be relied on.
 */
#include "compat.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "errors.h"
#include "kernel/common_returns.h"
#include "kernel/correlation_reliability.h"
#include "kernel/rank_update.h"
#include "kernel/symmetric_eigen.h"
#include "offset.h"
#include "price_set.h"
#include "sample.h"
#include "series_row.h"
#include "triangle.h"
#include "values.h"

#define FIRST_ROWS 64
#define EVIDENCE_COLUMNS 9

/* in the order of McReliability */
static const char *const reasons[] = {
    NULL,
    "a series is constant",
    "too few returns: 20 a sub-period are needed",
    "the correlation is not significant",
    "a series is constant in a sub-period or in the stressed stretch",
    "the sign changes in a sub-period or in the stressed stretch"};

static double
checked_confidence(const McSettings *settings, int i)
{
	double confidence = mc_setting_float8(settings, i);

	if (!(confidence >= 0.5 && confidence < 1))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("confidence of a lower bound must lie between 0.5 and 1"),
		                errdetail("The confidence given is %g.", confidence),
		                errhint("Write 0.99 for a bound that is too high once in a hundred.")));
	return confidence;
}

static int
checked_subperiods(const McSettings *settings, int i)
{
	int subperiods = mc_setting_int32(settings, i);

	if (subperiods < 1 || subperiods > MC_MOST_SUBPERIODS)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("subperiods must lie between 1 and %d", MC_MOST_SUBPERIODS),
		                errdetail("The subperiods given are %d.", subperiods),
		                errhint("Write 4 for quarters of the window.")));
	return subperiods;
}

/* The evidence of rows of which some were not finite: numbers NaN, not reliable. */
static void
put_not_finite(Datum *values, bool *nulls)
{
	for (int i = 1; i <= 6; i++)
		values[i] = Float8GetDatum(get_float8_nan());
	nulls[3] = true;
	values[6] = Float8GetDatum(0);
	values[7] = BoolGetDatum(false);
	values[8] = CStringGetTextDatum("a return is NaN or infinite");
}

static Datum
parts_datum(const double *parts, int n)
{
	Datum elements[MC_MOST_SUBPERIODS];
	bool nulls[MC_MOST_SUBPERIODS];
	int lower = 1;

	for (int i = 0; i < n; i++)
	{
		elements[i] = Float8GetDatum(parts[i]);
		nulls[i] = isnan(parts[i]);
	}
	return PointerGetDatum(construct_md_array(elements, nulls, 1, &n, &lower, FLOAT8OID,
	                                          sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/* Columns as in margin_calib.correlation_evidence; NaN of the kernel is NULL. */
static void
put_evidence(const McCorrelationEvidence *e, const double *parts, int subperiods, Datum *values,
             bool *nulls)
{
	const double numbers[] = {e->correlation, e->lower_bound, 0,
	                          e->stressed,    e->smallest,    e->offset};

	for (int i = 0; i < 6; i++)
	{
		values[i + 1] = Float8GetDatum(numbers[i]);
		nulls[i + 1] = isnan(numbers[i]);
	}
	values[3] = parts_datum(parts, subperiods);
	values[7] = BoolGetDatum(e->verdict == MC_RELIABLE);
	nulls[8] = e->verdict == MC_RELIABLE;
	if (!nulls[8])
		values[8] = CStringGetTextDatum(reasons[e->verdict]);
}

/* ---- one pair: correlation_reliability ---- */

/* margin_calib.correlation_reliability(x float8, y float8, confidence float8, subperiods integer) */
MC_FUNCTION(mc_correlation_reliability_final)
{
	const McSample *sample = mc_sample(fcinfo);
	double parts[MC_MOST_SUBPERIODS];
	McCorrelationEvidence evidence;
	Datum values[EVIDENCE_COLUMNS];
	bool nulls[EVIDENCE_COLUMNS] = {false};
	double confidence;
	int subperiods;

	if (sample == NULL)
		PG_RETURN_NULL();
	confidence = checked_confidence(&sample->settings, 0);
	subperiods = checked_subperiods(&sample->settings, 1);
	values[0] = Int64GetDatum((int64) (sample->rows + sample->not_finite));
	if (sample->not_finite > 0)
		put_not_finite(values, nulls);
	else
	{
		mc_check_status(mc_correlation_reliability(
		    mc_sample_column(sample, 0), mc_sample_column(sample, 1), sample->rows, confidence,
		    subperiods, parts, mc_work_space(2 * sample->rows, sizeof(double)), &evidence,
		    &mc_interrupt_poll));
		put_evidence(&evidence, parts, subperiods, values, nulls);
	}
	return mc_row_datum(fcinfo, values, nulls);
}

/* ---- rows of aligned returns: offset_correlation ---- */

typedef struct ReturnsState
{
	MemoryContext context;
	McSettings settings;
	double *rows;
	Size n;
	Size capacity;
	int series;
} ReturnsState;

static void
keep_row(ReturnsState *state, const double *row)
{
	Size bytes = state->series * sizeof(double);

	if (state->n == state->capacity)
	{
		Size capacity =
		    mc_grown_capacity(Max(state->capacity, FIRST_ROWS / 2), state->n + 1, bytes);

		state->rows = state->rows == NULL ? MemoryContextAllocHuge(state->context, capacity * bytes)
		                                  : repalloc_huge(state->rows, capacity * bytes);
		state->capacity = capacity;
	}
	memcpy(state->rows + state->n++ * state->series, row, bytes);
}

/* offset_correlation_accum(state, values, confidence, subperiods) */
MC_FUNCTION(mc_offset_correlation_accum)
{
	ReturnsState *state = PG_ARGISNULL(0) ? NULL : (ReturnsState *) PG_GETARG_POINTER(0);
	const double *row;

	if (PG_ARGISNULL(1))
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(state);
	}
	if (state != NULL)
		mc_settings_compare(&state->settings, fcinfo, 2);
	else
	{
		MemoryContext context = mc_aggregate_context(fcinfo, "offset_correlation_accum");

		state = MemoryContextAllocZero(context, sizeof(ReturnsState));
		state->context = context;
		mc_settings_read(&state->settings, fcinfo, 2, context);
	}
	row = mc_series_row(fcinfo, 1, &state->series);
	if (row != NULL)
		keep_row(state, row);
	PG_RETURN_POINTER(state);
}

/* The values of one series; false when one is not finite. */
static bool
take_column(const ReturnsState *state, int series, double *column)
{
	bool finite = true;

	for (Size i = 0; i < state->n; i++)
	{
		column[i] = state->rows[i * state->series + series];
		finite &= isfinite(column[i]);
	}
	return finite;
}

static void
check_series(int series)
{
	if (series > MC_EIGEN_MAX)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
		                errmsg("too many series for an offset correlation"),
		                errdetail("There are %d, the limit is %d.", series, MC_EIGEN_MAX),
		                errhint("Split the series into groups.")));
}

/* Cut-down correlations of all pairs; 0 for a series that is not finite. */
static double *
offset_triangle(const ReturnsState *state, double confidence, int subperiods)
{
	int k = state->series;
	double *triangle = mc_triangle_space(k);
	double *columns = mc_work_space((Size) k * state->n, sizeof(double));
	double *work = mc_work_space(2 * state->n, sizeof(double));
	bool *finite = palloc(k * sizeof(bool));
	double parts[MC_MOST_SUBPERIODS];
	McCorrelationEvidence e;

	for (int i = 0; i < k; i++)
	{
		CHECK_FOR_INTERRUPTS();
		finite[i] = take_column(state, i, columns + i * state->n);
	}
	for (int i = 0; i < k; i++)
		for (int j = 0; j <= i; j++)
		{
			double *element = triangle + mc_triangle_row(i) + j;

			CHECK_FOR_INTERRUPTS();
			*element = i == j;
			if (i == j || !finite[i] || !finite[j])
				continue;
			mc_check_status(mc_correlation_reliability(
			    columns + i * state->n, columns + j * state->n, state->n, confidence, subperiods,
			    parts, work, &e, &mc_interrupt_poll));
			*element = e.offset;
		}
	return triangle;
}

/* margin_calib.offset_correlation(values float8[], confidence float8, subperiods integer) */
MC_FUNCTION(mc_offset_correlation_final)
{
	const ReturnsState *state =
	    PG_ARGISNULL(0) ? NULL : (const ReturnsState *) PG_GETARG_POINTER(0);
	double confidence;
	int subperiods;
	double *triangle;

	if (state == NULL)
		PG_RETURN_NULL();
	confidence = checked_confidence(&state->settings, 0);
	subperiods = checked_subperiods(&state->settings, 1);
	if (state->n == 0)
		PG_RETURN_NULL();
	check_series(state->series);
	triangle = offset_triangle(state, confidence, subperiods);
	mc_bound_triangle(triangle, state->series);
	return mc_triangle_datum(triangle, state->series, NULL);
}

/* ---- prices of instruments with times of their own: price_evidence ---- */

/* An array of the composites, of the type that the running function returns. */
static Datum
evidence_array(FunctionCallInfo fcinfo, Datum *elements, int n)
{
	Oid type = get_element_type(get_fn_expr_rettype(fcinfo->flinfo));

	if (n == 0)
		return PointerGetDatum(construct_empty_array(type));
	return PointerGetDatum(construct_array(elements, n, type, -1, false, TYPALIGN_DOUBLE));
}

static int
checked_lookback(const McSettings *settings, int i)
{
	int lookback = mc_setting_int32(settings, i);

	if (lookback < 1)
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("lookback must be at least 1"),
		         errdetail("The lookback given is %d.", lookback),
		         errhint("Write 500 for about two years of trading days.")));
	return lookback;
}

/* One element of the answer: the latest common returns of a pair, judged. */
typedef struct PairSpace
{
	Size most;
	double confidence;
	int subperiods;
	double *x;
	double *y;
	double *work;
	TupleDesc row_type;
} PairSpace;

static Datum
pair_evidence(const PairSpace *space, const McAlignSeries *a, const McAlignSeries *b)
{
	double parts[MC_MOST_SUBPERIODS];
	Datum values[EVIDENCE_COLUMNS];
	bool nulls[EVIDENCE_COLUMNS] = {false};
	McCorrelationEvidence e;
	Size rows = mc_common_returns(a, b, space->most, space->x, space->y);

	CHECK_FOR_INTERRUPTS();
	mc_check_status(mc_correlation_reliability(space->x, space->y, rows, space->confidence,
	                                           space->subperiods, parts, space->work, &e,
	                                           &mc_interrupt_poll));
	values[0] = Int64GetDatum((int64) rows);
	put_evidence(&e, parts, space->subperiods, values, nulls);
	return HeapTupleGetDatum(heap_form_tuple(space->row_type, values, nulls));
}

/* margin_calib.price_evidence(series float8, seconds float8, price float8, lookback integer,
 * confidence float8, subperiods integer) */
MC_FUNCTION(mc_price_evidence_final)
{
	const McSample *sample = mc_sample(fcinfo);
	PairSpace space;
	McPriceSet set;
	Datum *elements;
	int n = 0;

	if (sample == NULL)
		PG_RETURN_NULL();
	space.most = checked_lookback(&sample->settings, 0);
	space.confidence = checked_confidence(&sample->settings, 1);
	space.subperiods = checked_subperiods(&sample->settings, 2);
	set = mc_price_set(sample);
	space.most = Min(space.most, Max(set.longest, 1));
	space.x = mc_work_space(space.most, sizeof(double));
	space.y = mc_work_space(space.most, sizeof(double));
	space.work = mc_work_space(2 * space.most, sizeof(double));
	elements = palloc(Max(set.count * (set.count - 1) / 2, 1) * sizeof(Datum));
	space.row_type =
	    lookup_rowtype_tupdesc(get_element_type(get_fn_expr_rettype(fcinfo->flinfo)), -1);
	for (int i = 0; i < set.count; i++)
		for (int j = 0; j < i; j++)
			elements[n++] = pair_evidence(&space, &set.series[i], &set.series[j]);
	ReleaseTupleDesc(space.row_type);
	return evidence_array(fcinfo, elements, n);
}
