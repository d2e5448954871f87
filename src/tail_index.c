/*
 * tail_index.c
 *	  Aggregates that look for the tail of extreme value theory: mean_excess, hill_estimator, hill_series.
 */
#include "compat.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/float.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "errors.h"
#include "kernel/hill.h"
#include "kernel/select.h"
#include "kernel/tail.h"
#include "sample.h"
#include "values.h"

#define POINT_COLUMNS 4

static double *
losses_of(const McSample *sample)
{
	double *losses = mc_sample_column(sample, 0);

	for (Size i = 0; i < sample->rows; i++)
		losses[i] = 0 - losses[i];
	return losses;
}

/* The thresholds, setting 0: a float8[] of one dimension, not empty, without NULL, all finite. */
static const double *
thresholds_setting(const McSample *sample, int *n)
{
	ArrayType *array = DatumGetArrayTypeP(sample->settings.items[0].value);
	const double *thresholds = (const double *) ARR_DATA_PTR(array);

	if (ARR_NDIM(array) > 1)
		ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
		                errmsg("thresholds must be a one-dimensional array"),
		                errdetail("The array given has %d dimensions.", ARR_NDIM(array)),
		                errhint("Write '{0.01,0.02,0.03}'.")));
	if (array_contains_nulls(array))
		ereport(ERROR,
		        (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
		         errmsg("thresholds must not contain NULL"), errhint("Write '{0.01,0.02,0.03}'.")));
	*n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	if (*n == 0)
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("thresholds must not be empty"),
		         errhint("Write '{0.01,0.02,0.03}'.")));
	mc_check_finite(thresholds, *n, "thresholds");
	return thresholds;
}

/* The row type of the elements of the result, looked up once a query. */
static TupleDesc
point_descriptor(FunctionCallInfo fcinfo)
{
	FmgrInfo *function = fcinfo->flinfo;

	if (function->fn_extra == NULL)
	{
		Oid type = get_element_type(get_fn_expr_rettype(function));
		MemoryContext before = MemoryContextSwitchTo(function->fn_mcxt);

		function->fn_extra = BlessTupleDesc(lookup_rowtype_tupdesc_copy(type, -1));
		MemoryContextSwitchTo(before);
	}
	return function->fn_extra;
}

static Datum
point_datum(TupleDesc descriptor, double threshold, const McMeanExcess *point, bool not_finite)
{
	Datum values[POINT_COLUMNS] = {Float8GetDatum(threshold), Int64GetDatum(point->exceedances),
	                               Float8GetDatum(point->mean),
	                               Float8GetDatum(point->standard_error)};
	bool nulls[POINT_COLUMNS] = {false, not_finite, !not_finite && isnan(point->mean),
	                             !not_finite && isnan(point->standard_error)};

	return HeapTupleGetDatum(heap_form_tuple(descriptor, values, nulls));
}

/* mean_excess(pnl, thresholds) -> mean_excess_point[] */
MC_FUNCTION(mc_mean_excess_final)
{
	const McSample *sample = mc_sample(fcinfo);
	TupleDesc descriptor;
	const double *thresholds;
	double *losses;
	Datum *points;
	int n;

	if (sample == NULL)
		PG_RETURN_NULL();
	thresholds = thresholds_setting(sample, &n);
	descriptor = point_descriptor(fcinfo);
	points = palloc(n * sizeof(Datum));
	losses = losses_of(sample);
	if (sample->rows > 0)
		mc_check_status(mc_sort_descending(losses, sample->rows, &mc_interrupt_poll));
	for (int i = 0; i < n; i++)
	{
		McMeanExcess point = {0, get_float8_nan(), get_float8_nan()};

		CHECK_FOR_INTERRUPTS();
		if (sample->not_finite == 0)
			mc_check_status(
			    mc_mean_excess(losses, sample->rows, thresholds[i], &point, &mc_interrupt_poll));
		points[i] = point_datum(descriptor, thresholds[i], &point, sample->not_finite > 0);
	}
	PG_RETURN_ARRAYTYPE_P(
	    construct_array(points, n, descriptor->tdtypeid, -1, false, TYPALIGN_DOUBLE));
}

/*
 * Hill's estimates 1 to at most `want`; *k says how many the positive losses allow.
 */
static double *
hill_estimates(const McSample *sample, int want, Size *k)
{
	double *losses = losses_of(sample);
	double *series;
	Size positive = 0;

	for (Size i = 0; i < sample->rows; i++)
		if (losses[i] > 0)
			losses[positive++] = losses[i];
	*k = positive == 0 ? 0 : Min((Size) want, positive - 1);
	series = mc_work_space(*k, sizeof(double));
	if (*k == 0)
		return series;
	mc_check_status(mc_tail_largest_in_place(losses, positive, *k + 1, &mc_interrupt_poll));
	mc_check_status(mc_hill_series(losses, *k, series, &mc_interrupt_poll));
	return series;
}

/* setting 0 */
static int
count_setting(const McSample *sample, const char *name)
{
	int k = mc_setting_int32(&sample->settings, 0);

	if (k < 1)
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s must be at least 1", name),
		         errdetail("The number given is %d.", k),
		         errhint("It counts the losses above the threshold: write 100.")));
	return k;
}

/* hill_estimator(pnl, k) */
MC_FUNCTION(mc_hill_estimator_final)
{
	const McSample *sample = mc_sample(fcinfo);
	double *series;
	int want;
	Size k;

	if (sample == NULL)
		PG_RETURN_NULL();
	want = count_setting(sample, "k");
	if (sample->not_finite > 0)
		PG_RETURN_FLOAT8(get_float8_nan());
	series = hill_estimates(sample, want, &k);
	if (k < want)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(series[k - 1]);
}

/* hill_series(pnl, max_k) -> float8[] */
MC_FUNCTION(mc_hill_series_final)
{
	const McSample *sample = mc_sample(fcinfo);
	double nan = get_float8_nan();
	double *series;
	int want;
	Size k;

	if (sample == NULL)
		PG_RETURN_NULL();
	want = count_setting(sample, "max_k");
	if (sample->not_finite > 0)
		return mc_float8_array_datum(&nan, 1);
	series = hill_estimates(sample, want, &k);
	if (k == 0)
		PG_RETURN_NULL();
	return mc_float8_array_datum(series, (int) k);
}
