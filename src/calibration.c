/*
 * calibration.c
 *	  From price rows and a policy to a margin_calib.margin_calibration.
 */
#include "compat.h"

#include <math.h>

#include "access/htup_details.h"
#include "datatype/timestamp.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "calibration.h"
#include "errors.h"
#include "kernel/calibrate.h"
#include "kernel/price_series.h"

/* The attributes of margin_calib.margin_calibration (sql/parts/10_types.sql), in order. */
typedef enum CalibrationField
{
	C_INITIAL_RATE,
	C_MAINTENANCE_RATE,
	C_LONG_INITIAL_RATE,
	C_LONG_MAINTENANCE_RATE,
	C_SHORT_INITIAL_RATE,
	C_SHORT_MAINTENANCE_RATE,
	C_BINDING_TERM,
	C_LONG_BINDING_TERM,
	C_SHORT_BINDING_TERM,
	C_LONG_UNROUNDED,
	C_SHORT_UNROUNDED,
	C_LONG_VALUE_AT_RISK,
	C_SHORT_VALUE_AT_RISK,
	C_LONG_EXPECTED_SHORTFALL,
	C_SHORT_EXPECTED_SHORTFALL,
	C_LONG_STRESSED_ES,
	C_SHORT_STRESSED_ES,
	C_LONG_FLOOR,
	C_SHORT_FLOOR,
	C_LONG_BUFFER_USED,
	C_SHORT_BUFFER_USED,
	C_VOL,
	C_STRESS_FROM,
	C_STRESS_TO,
	C_RETURNS,
	C_RETURNS_USED,
	C_FIRST_TS,
	C_LAST_TS,
	C_LAST_PRICE,
	C_BAR_INTERVAL,
	C_GAPS,
	C_DUPLICATES,
	C_STALE,
	C_REJECTED,
	C_JUMPS,
	C_LAST_JUMP_TS,
	C_FALLBACK,
	C_FALLBACK_REASON,
	C_POLICY,
	C_POLICY_VERSION,
	C_COUNT
} CalibrationField;

typedef struct Row
{
	Datum values[C_COUNT];
	bool nulls[C_COUNT];
} Row;

void
mc_calibration_check_type(TupleDesc desc)
{
	if (desc->natts != C_COUNT ||
	    strcmp(NameStr(TupleDescAttr(desc, C_POLICY_VERSION)->attname), "policy_version") != 0)
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
		                errmsg("margin_calibration does not have the fields of this library"),
		                errhint("Run ALTER EXTENSION margin_calib UPDATE.")));
}

static void
set(Row *row, CalibrationField field, Datum value)
{
	row->values[field] = value;
	row->nulls[field] = false;
}

/* NaN says that the data or the policy does not give the value */
static void
set_float(Row *row, CalibrationField field, double value)
{
	if (!isnan(value))
		set(row, field, Float8GetDatum(value));
}

static void
set_count(Row *row, CalibrationField field, int64 count)
{
	set(row, field, Int32GetDatum((int32) Min(count, PG_INT32_MAX)));
}

static void
set_text(Row *row, CalibrationField field, const char *value)
{
	set(row, field, CStringGetTextDatum(value));
}

static void
set_interval(Row *row, CalibrationField field, int64 microseconds)
{
	Interval *span = palloc0(sizeof(Interval));

	/* whole days are days: the ends of time are 107 million of them apart */
	span->day = (int32) (microseconds / USECS_PER_DAY);
	span->time = microseconds % USECS_PER_DAY;
	set(row, field, IntervalPGetDatum(span));
}

/* k steps, exactly */
static Datum
rate_numeric(int64 steps, Datum step)
{
	return DirectFunctionCall2(numeric_mul, NumericGetDatum(int64_to_numeric(steps)), step);
}

static const char *
term_name(McTerm term)
{
	switch (term)
	{
		case MC_TERM_FALLBACK:
			return "fallback";
		case MC_TERM_MAXIMUM:
			return "maximum";
		case MC_TERM_MINIMUM:
			return "minimum";
		case MC_TERM_BUFFER:
			return "buffer";
		case MC_TERM_TAIL:
			return "tail";
		case MC_TERM_STRESS:
			return "stress";
		case MC_TERM_FLOOR:
			return "floor";
	}
	return "unknown";
}

static void
set_rates(Row *row, const McCalibration *c, const McPolicy *policy)
{
	Datum step = DirectFunctionCall1(float8_numeric, Float8GetDatum(policy->rounding_step));
	const McSide *larger = &c->side[c->larger];

	set(row, C_INITIAL_RATE, rate_numeric(larger->initial_steps, step));
	set(row, C_MAINTENANCE_RATE, rate_numeric(larger->maintenance_steps, step));
	set_text(row, C_BINDING_TERM, term_name(larger->term));
	for (int i = 0; i < MC_SIDES; i++)
	{
		const McSide *side = &c->side[i];

		set(row, C_LONG_INITIAL_RATE + 2 * i, rate_numeric(side->initial_steps, step));
		set(row, C_LONG_MAINTENANCE_RATE + 2 * i, rate_numeric(side->maintenance_steps, step));
		set_text(row, C_LONG_BINDING_TERM + i, term_name(side->term));
		set_float(row, C_LONG_UNROUNDED + i, side->rate);
		set_float(row, C_LONG_VALUE_AT_RISK + i, side->value_at_risk);
		set_float(row, C_LONG_EXPECTED_SHORTFALL + i, side->expected_shortfall);
		set_float(row, C_LONG_STRESSED_ES + i, side->stressed_es);
		set_float(row, C_LONG_FLOOR + i, side->floor);
		set_float(row, C_LONG_BUFFER_USED + i, side->buffer_used);
	}
}

static void
set_series(Row *row, const McPriceSeries *s, int64 rejected)
{
	if (s->n > 0)
	{
		set(row, C_FIRST_TS, TimestampTzGetDatum(s->ts[0]));
		set(row, C_LAST_TS, TimestampTzGetDatum(s->ts[s->n - 1]));
		set_float(row, C_LAST_PRICE, s->price[s->n - 1]);
	}
	if (s->bar_interval > 0)
		set_interval(row, C_BAR_INTERVAL, s->bar_interval);
	if (s->jumps > 0)
		set(row, C_LAST_JUMP_TS, TimestampTzGetDatum(s->last_jump));
	set_count(row, C_RETURNS, s->n > 0 ? s->n - 1 : 0);
	set_count(row, C_GAPS, s->gaps);
	set_count(row, C_DUPLICATES, s->duplicates);
	set_count(row, C_STALE, s->stale);
	set_count(row, C_JUMPS, s->jumps);
	set_count(row, C_REJECTED, rejected);
}

static void
set_fallback(Row *row, const McPriceSeries *s, const McCalibration *c, const McPolicy *policy)
{
	char reason[100];

	set(row, C_FALLBACK, BoolGetDatum(c->fallback));
	if (!c->fallback)
		return;
	if (s->n == 0)
		snprintf(reason, sizeof(reason), "no usable price");
	else
		snprintf(reason, sizeof(reason), "%d of the %d returns needed", (int) c->used,
		         Max(policy->min_returns, policy->horizon));
	set_text(row, C_FALLBACK_REASON, reason);
}

static Datum
form(const McPriceSeries *s, const McCalibration *c, int64 rejected, const McNamedPolicy *named,
     TupleDesc desc)
{
	Row row;

	memset(row.values, 0, sizeof(row.values));
	memset(row.nulls, true, sizeof(row.nulls));
	set_rates(&row, c, &named->policy);
	set_series(&row, s, rejected);
	set_fallback(&row, s, c, &named->policy);
	set_float(&row, C_VOL, c->vol);
	set_count(&row, C_RETURNS_USED, c->used);
	if (c->has_stress)
	{
		const int64_t *first = s->ts + c->stress_start + 1;

		set(&row, C_STRESS_FROM, TimestampTzGetDatum(first[0]));
		set(&row, C_STRESS_TO, TimestampTzGetDatum(first[c->stress_width - 1]));
	}
	set_text(&row, C_POLICY, named->name);
	set(&row, C_POLICY_VERSION, Int32GetDatum(named->version));
	return HeapTupleGetDatum(heap_form_tuple(desc, row.values, row.nulls));
}

static void *
allocate(Size n, Size size)
{
	return MemoryContextAllocHuge(CurrentMemoryContext, mul_size(Max(n, 1), size));
}

/* the bars that count, in order: the rows themselves when nothing is out of place */
static void
series_order(McPriceRows *rows, McPriceSeries *series)
{
	series->ts = rows->ts;
	series->price = rows->price;
	series->n = rows->n;
	if (!mc_price_rows_ascending(rows->ts, rows->n))
	{
		int64_t *ts = allocate(rows->n, sizeof(int64_t));
		double *price = allocate(rows->n, sizeof(double));

		mc_check_status(mc_price_rows_order(rows->ts, rows->price, rows->n, ts, price, &series->n,
		                                    &mc_interrupt_poll));
		series->ts = ts;
		series->price = price;
	}
	series->duplicates = rows->n - series->n;
}

Datum
mc_calibration_build(McPriceRows *rows, const McNamedPolicy *named, TupleDesc desc)
{
	const McPolicy *policy = &named->policy;
	MemoryContext old = CurrentMemoryContext;
	MemoryContext scratch =
	    AllocSetContextCreate(old, "margin_calib calibration", ALLOCSET_DEFAULT_SIZES);
	McPriceSeries series = {0};
	McCalibration result;
	Datum datum;
	double *work;
	Size returns;

	MemoryContextSwitchTo(scratch);
	series_order(rows, &series);
	returns = series.n > 0 ? series.n - 1 : 0;
	series.returns = allocate(returns, sizeof(double));
	work = allocate(mc_calibrate_worksize(policy, returns), sizeof(double));
	mc_check_status(mc_price_series_measure(&series, policy->bar_interval,
	                                        policy->has_jump_bound ? policy->jump_bound : INFINITY,
	                                        work, &mc_interrupt_poll));
	mc_check_status(
	    mc_calibrate(policy, series.returns, returns, work, &result, &mc_interrupt_poll));
	datum = form(&series, &result, rows->rejected, named, desc);
	MemoryContextSwitchTo(old);
	datum = PointerGetDatum(DatumGetHeapTupleHeaderCopy(datum));
	MemoryContextDelete(scratch);
	return datum;
}
