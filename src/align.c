/*
 * align.c
 *	  margin_calib.align_prices and align_returns: rows of a relation with one price an instrument as
 *	  rows with one array for all of them, by an explicit rule.
 */
#include "compat.h"

#include "catalog/pg_type.h"
#include "common/int.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "errors.h"
#include "kernel/align.h"
#include "kernel/log_return.h"
#include "sample.h"
#include "series_scan.h"
#include "settings.h"
#include "triangle.h"
#include "values.h"
#include "vol_args.h"

/* in the order of McAlignRule */
static const char *const rules[] = {"intersection", "previous", "refresh_time", NULL};

static int64
maximum_age(FunctionCallInfo fcinfo, McAlignRule rule)
{
	const Interval *age;
	int64 days;

	if (PG_NARGS() < 7)
		return PG_INT64_MAX;
	if (rule != MC_ALIGN_PREVIOUS)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("maximum_age belongs to the rule \"previous\""),
		                errdetail("The rule given is \"%s\".", rules[rule]),
		                errhint("Leave maximum_age out: the other rules carry nothing on.")));
	age = PG_GETARG_INTERVAL_P(6);
	if (pg_mul_s64_overflow(age->day, USECS_PER_DAY, &days))
		days = PG_INT64_MAX;
	if (age->month != 0 || age->day < 0 || age->time < 0 || (days == 0 && age->time == 0) ||
	    age->time > PG_INT64_MAX - days)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("maximum_age must be a positive number of days or less"),
		                errdetail("The interval has %d months and %d days.", age->month, age->day),
		                errhint("Write interval '5 minutes' or interval '3 days'.")));
	return days + age->time;
}

static Datum *
instrument_names(FunctionCallInfo fcinfo, int *n)
{
	ArrayType *array = PG_GETARG_ARRAYTYPE_P(4);
	Datum *names;
	bool *nulls;

	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &names, &nulls, n);
	if (ARR_NDIM(array) != 1 || *n > MC_MAX_SERIES)
		ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
		                errmsg("instruments must be a one-dimensional array of 1 to %d names",
		                       MC_MAX_SERIES),
		                errdetail("The array given has %d elements.", *n),
		                errhint("Write ARRAY['BTC', 'ETH'], or (SELECT array_agg(DISTINCT symbol "
		                        "ORDER BY symbol) FROM candles).")));
	for (int i = 0; i < *n; i++)
		if (nulls[i])
			ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
			                errmsg("instruments must not contain NULL"),
			                errhint("Leave NULLs out: array_remove(instruments, NULL).")));
	return names;
}

static McSeries *
find_series(const McSeriesSet *set, const char *name)
{
	for (size_t i = 0; i < set->n; i++)
		if (set->series[i]->instrument != NULL && strcmp(set->series[i]->instrument, name) == 0)
			return set->series[i];
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
	                errmsg("instrument \"%s\" has no rows in the relation", name),
	                errhint("Write its name as the relation has it, or leave it out.")));
	return NULL; /* not reached */
}

/* Prices of one instrument in strict order of time, without NULLs. */
static void
prepare(McSeriesSet *set, McSeries *series)
{
	size_t n = 0;

	mc_series_order(set, series);
	for (size_t i = 0; i < series->n; i++)
	{
		if (mc_is_null_price(series->price[i]))
			continue;
		if (series->price[i] <= 0)
			mc_price_not_positive(series->price[i]);
		series->ts[n] = series->ts[i];
		series->price[n++] = series->price[i];
	}
	CHECK_FOR_INTERRUPTS();
	series->n = mc_align_compact(series->ts, series->price, n);
	CHECK_FOR_INTERRUPTS();
}

static void
prepare_all(FunctionCallInfo fcinfo, McSeriesSet *set, McAlign *align)
{
	int n;
	Datum *names = instrument_names(fcinfo, &n);

	align->count = n;
	align->series = palloc0(n * sizeof(McAlignSeries));
	for (int i = 0; i < n; i++)
	{
		char *name = TextDatumGetCString(names[i]);
		McSeries *series = find_series(set, name);

		for (int j = 0; j < i; j++)
			if (series->ts != NULL && align->series[j].ts == series->ts)
				ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				                errmsg("instrument \"%s\" is named twice", name),
				                errhint("Name every instrument once.")));
		prepare(set, series);
		align->series[i] = (McAlignSeries){series->ts, series->price, series->n, 0};
	}
}

static void
put_row(ReturnSetInfo *result, TimestampTz ts, const double *row, int n)
{
	Datum values[2];
	bool nulls[2] = {false, false};

	values[0] = TimestampTzGetDatum(ts);
	values[1] = mc_float8_array_datum(row, n);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	pfree(DatumGetPointer(values[1]));
}

/* Every row of prices, or every row but the first of returns. */
static void
put_rows(ReturnSetInfo *result, McAlign *align, bool returns)
{
	int n = (int) align->count;
	double *prices = palloc(n * sizeof(double));
	double *previous = palloc(n * sizeof(double));
	double *row = palloc(n * sizeof(double));
	bool first = true;
	int64 ts;
	McStatus status;

	while ((status = mc_align_next(align, &ts, prices, &mc_interrupt_poll)) == MC_OK)
	{
		double *spent = previous;

		CHECK_FOR_INTERRUPTS();
		if (!returns)
			put_row(result, ts, prices, n);
		else if (!first)
		{
			for (int i = 0; i < n; i++)
				row[i] = mc_log_return(previous[i], prices[i]);
			put_row(result, ts, row, n);
		}
		first = false;
		previous = prices;
		prices = spent;
	}
	mc_check_status(status);
}

static Datum
align_relation(FunctionCallInfo fcinfo, bool returns)
{
	McAlign align = {mc_choice(PG_GETARG_TEXT_PP(5), rules, "rule"), NULL, 0, PG_INT64_MAX};
	McSeriesSet *set;

	align.maximum_age = maximum_age(fcinfo, align.rule);
	InitMaterializedSRF(fcinfo, 0);
	set = mc_series_scan(PG_GETARG_OID(0), NameStr(*PG_GETARG_NAME(1)), NameStr(*PG_GETARG_NAME(2)),
	                     NameStr(*PG_GETARG_NAME(3)));
	prepare_all(fcinfo, set, &align);
	put_rows((ReturnSetInfo *) fcinfo->resultinfo, &align, returns);
	mc_series_free(set);
	return (Datum) 0;
}

/* margin_calib.align_prices(...) -> TABLE(ts timestamptz, "values" float8[]) */
MC_FUNCTION(mc_align_prices)
{
	return align_relation(fcinfo, false);
}

/* margin_calib.align_returns(...) -> TABLE(ts timestamptz, "values" float8[]) */
MC_FUNCTION(mc_align_returns)
{
	return align_relation(fcinfo, true);
}
