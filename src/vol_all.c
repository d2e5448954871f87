/*
 * vol_all.c
 *	  margin_calib.rolling_vol_all and rolling_vol_arrays: volatility of every instrument of a
 *	  relation, from one pass over it (series_scan.h) instead of a sort and a WindowAgg.
 */
#include "compat.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "series_scan.h"
#include "vol_args.h"

/* one call of rolling_vol_arrays */
typedef struct ArraysCall
{
	McSeriesSet *set;
	McFixed *ring;
	int bars;
	double periods_per_year;
} ArraysCall;

/* the arguments of both: relation, instrument, ts, price, bars, periods_per_year */
static McSeriesSet *
scan_arguments(FunctionCallInfo fcinfo, int *bars, double *periods_per_year, McFixed **ring)
{
	*bars = PG_GETARG_INT32(4);
	*periods_per_year = PG_GETARG_FLOAT8(5);
	mc_check_bars(*bars);
	mc_check_periods_per_year(*periods_per_year);
	mc_check_state_size((Size) *bars * sizeof(McFixed));
	*ring = palloc_extended((Size) *bars * sizeof(McFixed), MCXT_ALLOC_HUGE);
	return mc_series_scan(PG_GETARG_OID(0), NameStr(*PG_GETARG_NAME(1)),
	                      NameStr(*PG_GETARG_NAME(2)), NameStr(*PG_GETARG_NAME(3)));
}

static void
put_series(ReturnSetInfo *rsinfo, const McSeries *series, McRollingVol *window)
{
	Datum values[3];
	bool nulls[3] = {series->instrument == NULL, false, false};

	values[0] = nulls[0] ? (Datum) 0 : CStringGetTextDatum(series->instrument);
	mc_rolling_vols(window, series->price, series->n);
	for (size_t i = 0; i < series->n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		nulls[2] = mc_is_null_price(series->price[i]);
		values[1] = TimestampTzGetDatum(series->ts[i]);
		values[2] = Float8GetDatum(series->price[i]);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	nulls[1] = nulls[2] = true;
	for (size_t i = 0; i < series->null_ts; i++)
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/* margin_calib.rolling_vol_all(...) -> TABLE(instrument text, ts timestamptz, vol float8) */
MC_FUNCTION(mc_rolling_vol_all)
{
	McSeriesSet *set;
	McRollingVol window;
	McFixed *ring;
	int bars;
	double periods_per_year;

	InitMaterializedSRF(fcinfo, 0);
	set = scan_arguments(fcinfo, &bars, &periods_per_year, &ring);
	for (size_t i = 0; i < set->n; i++)
	{
		McSeries *series = set->series[i];

		mc_series_order(set, series);
		mc_rolling_vol_init(&window, ring, bars, periods_per_year);
		put_series((ReturnSetInfo *) fcinfo->resultinfo, series, &window);
		mc_series_discard(series);
	}
	mc_series_free(set);
	pfree(ring);
	return (Datum) 0;
}

/* a one-dimensional array of n elements of 8 bytes, `present` of which are not NULL */
static ArrayType *
new_array(Oid type, size_t n, size_t present, Size *offset)
{
	Size header = present < n ? ARR_OVERHEAD_WITHNULLS(1, n) : (Size) ARR_OVERHEAD_NONULLS(1);
	Size bytes = header + present * sizeof(int64);
	ArrayType *array;

	/* two of them share a row */
	if (n > MaxArraySize || bytes > MaxAllocSize / 2 - 1024)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
		                errmsg("an instrument has too many rows for an array"),
		                errdetail("It has %zu rows.", n),
		                errhint("Use margin_calib.rolling_vol_all, which returns rows.")));
	if (n == 0)
		return construct_empty_array(type);
	array = palloc0(bytes);
	SET_VARSIZE(array, bytes);
	array->ndim = 1;
	array->dataoffset = present < n ? (int32) header : 0;
	array->elemtype = type;
	ARR_DIMS(array)[0] = (int) n;
	ARR_LBOUND(array)[0] = 1;
	*offset = header;
	return array;
}

/* the volatilities of a series: overwrites its prices */
static ArrayType *
vol_array(McSeries *series, McRollingVol *window)
{
	double *vols = series->price;
	ArrayType *array;
	Size offset;
	size_t present = mc_rolling_vols(window, vols, series->n);
	double *out;
	bits8 *bitmap;

	array = new_array(FLOAT8OID, series->n, present, &offset);
	if (series->n == 0)
		return array;
	out = (double *) ((char *) array + offset);
	bitmap = ARR_NULLBITMAP(array);
	if (bitmap == NULL)
		memcpy(out, vols, present * sizeof(double));
	else
		for (size_t i = 0; i < series->n; i++)
			if (!mc_is_null_price(vols[i]))
			{
				*out++ = vols[i];
				bitmap[i / 8] |= 1 << i % 8;
			}
	return array;
}

static ArrayType *
ts_array(const McSeries *series)
{
	Size offset;
	ArrayType *array = new_array(TIMESTAMPTZOID, series->n, series->n, &offset);

	if (series->n > 0)
		memcpy((char *) array + offset, series->ts, series->n * sizeof(TimestampTz));
	return array;
}

static Datum
series_row(FuncCallContext *context, ArraysCall *call, McSeries *series)
{
	McRollingVol window;
	Datum values[3] = {0};
	bool nulls[3] = {series->instrument == NULL, false, false};

	mc_series_order(call->set, series);
	mc_rolling_vol_init(&window, call->ring, call->bars, call->periods_per_year);
	if (!nulls[0])
		values[0] = CStringGetTextDatum(series->instrument);
	values[1] = PointerGetDatum(ts_array(series));
	values[2] = PointerGetDatum(vol_array(series, &window));
	mc_series_discard(series);
	return HeapTupleGetDatum(heap_form_tuple(context->tuple_desc, values, nulls));
}

/* margin_calib.rolling_vol_arrays(...) -> TABLE(instrument text, ts timestamptz[], vol float8[]) */
MC_FUNCTION(mc_rolling_vol_arrays)
{
	FuncCallContext *context;
	ArraysCall *call;
	Datum row;

	if (SRF_IS_FIRSTCALL())
	{
		MemoryContext old;
		TupleDesc desc;

		context = SRF_FIRSTCALL_INIT();
		old = MemoryContextSwitchTo(context->multi_call_memory_ctx);
		if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
			elog(ERROR, "return type must be a row type");
		context->tuple_desc = BlessTupleDesc(desc);
		call = palloc(sizeof(ArraysCall));
		call->set = scan_arguments(fcinfo, &call->bars, &call->periods_per_year, &call->ring);
		context->user_fctx = call;
		context->max_calls = call->set->n;
		MemoryContextSwitchTo(old);
	}
	context = SRF_PERCALL_SETUP();
	call = context->user_fctx;
	if (context->call_cntr >= context->max_calls)
		SRF_RETURN_DONE(context);
	/* the macro counts the call before it looks at the result */
	row = series_row(context, call, call->set->series[context->call_cntr]);
	SRF_RETURN_NEXT(context, row);
}
