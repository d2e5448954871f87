/*
 * filtered_tail.c
 *	  Aggregate filtered_tail_risk: VaR and ES of the next bar by filtered historical simulation.
 */
#include "compat.h"

#include <math.h>

#include "access/htup_details.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "errors.h"
#include "kernel/filtered.h"
#include "kernel/tail.h"
#include "sample.h"
#include "tail_risk.h"
#include "values.h"

#define DEFAULT_LAMBDA 0.94

/* in the order of McFilter */
static const char *const filters[] = {"ewma", "garch", "gjr", "garch_t", "gjr_t", NULL};

static const char *
filter_name(McFilter filter)
{
	return filter == MC_FILTER_NONE ? "historical" : filters[filter];
}

/* The attributes of margin_calib.filtered_tail, in the order of sql/parts/13_garch_types.sql. */
enum
{
	T_FILTER,
	T_STATUS,
	T_OBSERVATIONS,
	T_NEXT_VOL,
	T_LEVELS,
	T_COUNT
};

/* The confidences of the sample's settings, checked. */
static const double *
read_confidences(const McSample *sample, int *count)
{
	ArrayType *array = DatumGetArrayTypeP(sample->settings.items[0].value);
	const double *confidences = (const double *) ARR_DATA_PTR(array);

	if (ARR_NDIM(array) > 1)
		ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
		                errmsg("confidences must be a one-dimensional array"),
		                errdetail("The array given has %d dimensions.", ARR_NDIM(array)),
		                errhint("Write '{0.975,0.99}'.")));
	if (array_contains_nulls(array))
		ereport(ERROR,
		        (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
		         errmsg("confidences must not contain NULL"), errhint("Write '{0.975,0.99}'.")));
	*count = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	if (*count == 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("confidences must hold at least one level"),
		                errdetail("The array given is empty."), errhint("Write '{0.975,0.99}'.")));
	for (int i = 0; i < *count; i++)
		mc_check_confidence(confidences[i]);
	return confidences;
}

static double
read_lambda(const McSample *sample)
{
	double lambda = DEFAULT_LAMBDA;

	if (mc_setting_given(&sample->settings, 2))
		lambda = mc_setting_float8(&sample->settings, 2);
	if (!(lambda > 0 && lambda < 1))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("lambda must lie strictly between 0 and 1"),
		                errdetail("The lambda given is %g.", lambda),
		                errhint("Write 0.94 for daily returns, 0.97 for a slower filter.")));
	return lambda;
}

/* Measures at every level of losses, which are put into order as deep as need be. */
static void
measure(double *losses, Size n, TailLevel *levels, int count)
{
	Size depth = 1;

	for (int i = 0; i < count; i++)
	{
		McTailRank rank = mc_tail_rank(n, levels[i].confidence);

		depth = Max(depth, mc_tail_depth(&rank));
	}
	mc_check_status(mc_tail_largest_in_place(losses, n, depth, &mc_interrupt_poll));
	for (int i = 0; i < count; i++)
	{
		McTailRank rank = mc_tail_rank(n, levels[i].confidence);

		mc_tail_measures(losses, &rank, &levels[i].value_at_risk, &levels[i].expected_shortfall);
	}
}

/* Simulate, measure, and fill in what the row says of the filter. */
static void
simulate(const McSample *sample, McFilter filter, TailLevel *levels, int count, Datum *values,
         bool *nulls)
{
	Size n = sample->rows;
	double *losses = mc_work_space(n, sizeof(double));
	double *work = mc_work_space(mc_filtered_worksize(n), sizeof(double));
	McFiltered result;

	mc_check_status(mc_filtered_losses(sample->values, n, filter, read_lambda(sample), work, losses,
	                                   &result, &mc_interrupt_poll));
	measure(losses, n, levels, count);
	values[T_FILTER] = CStringGetTextDatum(filter_name(result.used));
	values[T_NEXT_VOL] = Float8GetDatum(result.next_vol);
	nulls[T_NEXT_VOL] = isnan(result.next_vol);
	if (filter != MC_FILTER_EWMA)
		values[T_STATUS] = CStringGetTextDatum(mc_fit_name(result.fit));
	nulls[T_STATUS] = filter == MC_FILTER_EWMA;
}

/* A tail_risk_level[], the type of the last attribute of the row that the running function returns. */
static Datum
levels_datum(FunctionCallInfo fcinfo, const TailLevel *levels, int count)
{
	TupleDesc row = lookup_rowtype_tupdesc(get_fn_expr_rettype(fcinfo->flinfo), -1);
	Oid type = get_element_type(TupleDescAttr(row, T_LEVELS)->atttypid);
	TupleDesc descriptor = lookup_rowtype_tupdesc(type, -1);
	Datum *elements = palloc(count * sizeof(Datum));

	for (int i = 0; i < count; i++)
	{
		Datum values[3] = {Float8GetDatum(levels[i].confidence),
		                   Float8GetDatum(levels[i].value_at_risk),
		                   Float8GetDatum(levels[i].expected_shortfall)};
		bool nulls[3] = {false, false, false};

		elements[i] = HeapTupleGetDatum(heap_form_tuple(descriptor, values, nulls));
	}
	ReleaseTupleDesc(descriptor);
	ReleaseTupleDesc(row);
	return PointerGetDatum(construct_array(elements, count, type, -1, false, TYPALIGN_DOUBLE));
}

/* filtered_tail_risk(return, confidences, filter, lambda) */
MC_FUNCTION(mc_filtered_tail_risk_final)
{
	const McSample *sample = mc_sample(fcinfo);
	McFilter filter = MC_FILTER_EWMA;
	Datum values[T_COUNT] = {0};
	bool nulls[T_COUNT] = {false};
	const double *confidences;
	TailLevel *levels;
	int count;

	if (sample == NULL)
		PG_RETURN_NULL();
	confidences = read_confidences(sample, &count);
	if (mc_setting_given(&sample->settings, 1))
		filter = (McFilter) mc_setting_choice(&sample->settings, 1, filters, "filter");
	read_lambda(sample);
	levels = palloc(count * sizeof(TailLevel));
	for (int i = 0; i < count; i++)
		levels[i] = (TailLevel){confidences[i], get_float8_nan(), get_float8_nan()};
	values[T_OBSERVATIONS] = Int64GetDatum(sample->rows + sample->not_finite);
	if (sample->not_finite == 0)
		simulate(sample, filter, levels, count, values, nulls);
	else
	{
		nulls[T_FILTER] = true;
		values[T_STATUS] = CStringGetTextDatum(mc_fit_name(MC_FIT_NOT_FINITE));
		values[T_NEXT_VOL] = Float8GetDatum(get_float8_nan());
	}
	values[T_LEVELS] = levels_datum(fcinfo, levels, count);
	return mc_row_datum(fcinfo, values, nulls);
}
