/*
 * calibrate_all.c
 *	  calibrate_all(relation, policy, ...): calibrate_margin for every instrument of a relation, from
 *	  one pass over it.
 */
#include "compat.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

#include "calibration.h"
#include "errors.h"
#include "series_columns.h"
#include "series_scan.h"

static Datum
series_calibrate(McSeries *series, const McNamedPolicy *named, TupleDesc desc)
{
	McPriceRows rows = {series->ts, series->price, 0, 0};

	rows.n = mc_price_rows_compact(series->ts, series->price, series->n);
	rows.rejected = (int64) (series->null_ts + (series->n - rows.n));
	return mc_calibration_build(&rows, named, NULL, desc);
}

static void
put_all(McSeriesSet *set, const McNamedPolicy *named, ReturnSetInfo *result, TupleDesc desc)
{
	MemoryContext scratch =
	    AllocSetContextCreate(CurrentMemoryContext, "margin_calib row", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(scratch);

	for (size_t i = 0; i < set->n; i++)
	{
		McSeries *series = set->series[i];
		Datum values[2] = {0};
		bool nulls[2] = {series->instrument == NULL, false};

		CHECK_FOR_INTERRUPTS();
		if (series->instrument != NULL)
			values[0] = CStringGetTextDatum(series->instrument);
		values[1] = series_calibrate(series, named, desc);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
		mc_series_discard(series);
		MemoryContextReset(scratch);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}

/* calibrate_all(regclass, margin_policy, name, name, name) -> (instrument, calibration) */
MC_FUNCTION(mc_calibrate_all)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	McNamedPolicy named;
	McSeriesSet *set;
	TupleDesc desc;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
		        (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("the relation must not be null"),
		         errhint("Give the name of a table or view with prices.")));
	if (PG_ARGISNULL(1))
		mc_policy_missing();
	mc_policy_decode(PG_GETARG_HEAPTUPLEHEADER(1), &named);
	InitMaterializedSRF(fcinfo, 0);
	desc = lookup_rowtype_tupdesc_copy(TupleDescAttr(result->setDesc, 1)->atttypid,
	                                   TupleDescAttr(result->setDesc, 1)->atttypmod);
	mc_calibration_check_type(desc);
	set = mc_series_scan(PG_GETARG_OID(0),
	                     mc_column_argument(fcinfo, 2, "instrument", "calibrate_all"),
	                     mc_column_argument(fcinfo, 3, "ts", "calibrate_all"),
	                     mc_column_argument(fcinfo, 4, "price", "calibrate_all"));
	put_all(set, &named, result, desc);
	mc_series_free(set);
	return (Datum) 0;
}
