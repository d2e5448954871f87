/*
 * calibration.c
 *	  From price rows and a policy to a margin_calib.margin_calibration.
 */
#include "compat.h"

#include <math.h>

#include "access/htup_details.h"
#include "datatype/timestamp.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "calibration.h"
#include "errors.h"
#include "kernel/rate_path.h"

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
	C_LONG_CORE,
	C_SHORT_CORE,
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
	C_MODEL,
	C_MODEL_REASON,
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
	C_IDLE,
	C_RESTARTS,
	C_REJECTED,
	C_JUMPS,
	C_LAST_JUMP_TS,
	C_FALLBACK,
	C_FALLBACK_REASON,
	C_POLICY,
	C_POLICY_VERSION,
	C_PATH,
	C_COUNT
} CalibrationField;

/* The attributes of margin_calib.margin_path, twice: of the latest bar, and of the bar before. */
typedef enum PathField
{
	P_TS,
	P_PRICE,
	P_LONG_RATE,
	P_SHORT_RATE,
	P_LONG_DAY_RATE,
	P_SHORT_DAY_RATE,
	P_ANEW,
	P_POINT,
	P_COUNT = 2 * P_POINT
} PathField;

typedef struct Row
{
	Datum values[C_COUNT];
	bool nulls[C_COUNT];
} Row;

void
mc_calibration_check_type(TupleDesc desc)
{
	if (desc->natts != C_COUNT ||
	    strcmp(NameStr(TupleDescAttr(desc, C_PATH)->attname), "path") != 0)
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

Datum
mc_rate_numeric(int64 steps, double step)
{
	return DirectFunctionCall2(numeric_mul, NumericGetDatum(int64_to_numeric(steps)),
	                           DirectFunctionCall1(float8_numeric, Float8GetDatum(step)));
}

const char *
mc_term_name(McTerm term)
{
	switch (term)
	{
		case MC_TERM_SPEED_LIMIT:
			return "speed_limit";
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
	double step = policy->rounding_step;
	const McSide *larger = &c->side[c->larger];

	set(row, C_INITIAL_RATE, mc_rate_numeric(larger->initial_steps, step));
	set(row, C_MAINTENANCE_RATE, mc_rate_numeric(larger->maintenance_steps, step));
	set_text(row, C_BINDING_TERM, mc_term_name(larger->term));
	for (int i = 0; i < MC_SIDES; i++)
	{
		const McSide *side = &c->side[i];

		set(row, C_LONG_INITIAL_RATE + 2 * i, mc_rate_numeric(side->initial_steps, step));
		set(row, C_LONG_MAINTENANCE_RATE + 2 * i, mc_rate_numeric(side->maintenance_steps, step));
		set_text(row, C_LONG_BINDING_TERM + i, mc_term_name(side->term));
		set_float(row, C_LONG_UNROUNDED + i, side->rate);
		set_float(row, C_LONG_CORE + i, side->core);
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
	set_count(row, C_IDLE, s->idle);
	set_count(row, C_RESTARTS, s->restarts);
	set_count(row, C_JUMPS, s->jumps);
	set_count(row, C_REJECTED, rejected);
}

/* The part of a model's text from member `first` to the end of its alternative. */
static text *
alternative_text(const McNamedPolicy *named, int first)
{
	const McModel *model = &named->policy.model;
	const McModelMember *last = &model->members[first];
	size_t at = last->at;

	for (int i = first; i < model->count && model->members[i].alternative == last->alternative; i++)
		last = &model->members[i];
	return cstring_to_text_with_len(named->model + at, last->at + last->length - at);
}

Datum
mc_alternative_text(const McNamedPolicy *named, int alternative)
{
	const McModel *model = &named->policy.model;

	for (int i = 0; i < model->count; i++)
		if (model->members[i].alternative == alternative)
			return PointerGetDatum(alternative_text(named, i));
	elog(ERROR, "a model has no alternative %d", alternative);
}

/* "gjr_historical: too_few; historical: constant" */
static void
set_model(Row *row, const McCalibration *c, const McNamedPolicy *named)
{
	const McModel *model = &named->policy.model;
	StringInfoData reason;

	if (c->alternative >= 0)
		set(row, C_MODEL, mc_alternative_text(named, c->alternative));
	initStringInfo(&reason);
	for (int i = 0; i < c->asked; i++)
		if (!mc_fit_usable(c->fits[i]))
			appendStringInfo(&reason, "%s%.*s: %s", reason.len > 0 ? "; " : "",
			                 (int) model->members[i].length, named->model + model->members[i].at,
			                 mc_fit_name(c->fits[i]));
	if (reason.len > 0)
		set_text(row, C_MODEL_REASON, reason.data);
}

static void
set_fallback(Row *row, const McPriceSeries *s, const McCalibration *c, const McPolicy *policy)
{
	char reason[100];

	set(row, C_FALLBACK, BoolGetDatum(c->fallback != MC_NO_FALLBACK));
	switch (c->fallback)
	{
		case MC_NO_FALLBACK:
			return;
		case MC_TOO_FEW_RETURNS:
			if (s->n == 0)
				snprintf(reason, sizeof(reason), "no usable price");
			else
				snprintf(reason, sizeof(reason), "%d of the %d returns needed", (int) c->used,
				         Max(policy->min_returns, policy->horizon));
			break;
		case MC_DEAD_PRICE:
			snprintf(reason, sizeof(reason), "the price has not moved for %d bars", (int) s->idle);
			break;
		case MC_NO_MODEL:
			snprintf(reason, sizeof(reason), "no model of the policy answers");
			break;
	}
	set_text(row, C_FALLBACK_REASON, reason);
}

static void
point_form(const McRatePoint *point, Datum *values, bool *nulls)
{
	memset(nulls, !point->known, P_POINT * sizeof(bool));
	values[P_TS] = TimestampTzGetDatum(point->ts);
	values[P_PRICE] = Float8GetDatum(point->price);
	for (int side = 0; side < MC_SIDES; side++)
	{
		values[P_LONG_RATE + side] = Float8GetDatum(point->rate[side]);
		values[P_LONG_DAY_RATE + side] = Float8GetDatum(point->day_rate[side]);
	}
	values[P_ANEW] = BoolGetDatum(point->anew);
}

static void
set_path(Row *row, const McRatePath *path, TupleDesc desc)
{
	TupleDesc type = lookup_rowtype_tupdesc(TupleDescAttr(desc, C_PATH)->atttypid, -1);
	Datum values[P_COUNT];
	bool nulls[P_COUNT];

	if (type->natts != P_COUNT)
		elog(ERROR, "margin_path does not have %d fields", P_COUNT);
	point_form(&path->now, values, nulls);
	point_form(&path->before, values + P_POINT, nulls + P_POINT);
	if (path->now.known)
		set(row, C_PATH, HeapTupleGetDatum(heap_form_tuple(type, values, nulls)));
	ReleaseTupleDesc(type);
}

static void
point_refuse(void)
{
	ereport(ERROR,
	        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
	         errmsg("path must be that of an earlier calibration"),
	         errdetail("It needs a ts, a finite price above zero and finite rates that are "
	                   "not negative, of its latest bar and of the bar before if there was one."),
	         errhint("Give the column path of calibrate_margin, or NULL to start one.")));
}

static void
point_deform(const Datum *values, const bool *nulls, McRatePoint *point)
{
	*point = (McRatePoint){0};
	if (nulls[P_TS])
		return;
	for (int i = 0; i < P_POINT; i++)
		if (nulls[i])
			point_refuse();
	point->known = true;
	point->ts = DatumGetTimestampTz(values[P_TS]);
	point->price = DatumGetFloat8(values[P_PRICE]);
	point->anew = DatumGetBool(values[P_ANEW]);
	for (int side = 0; side < MC_SIDES; side++)
	{
		double rate = DatumGetFloat8(values[P_LONG_RATE + side]);
		double day_rate = DatumGetFloat8(values[P_LONG_DAY_RATE + side]);

		/* written so that NaN fails */
		if (!(rate >= 0 && day_rate >= 0 && point->price > 0) || isinf(rate) || isinf(day_rate) ||
		    isinf(point->price))
			point_refuse();
		point->rate[side] = rate;
		point->day_rate[side] = day_rate;
	}
}

static void
path_deform(HeapTupleHeader header, McRatePath *path)
{
	TupleDesc desc =
	    lookup_rowtype_tupdesc(HeapTupleHeaderGetTypeId(header), HeapTupleHeaderGetTypMod(header));
	HeapTupleData tuple = {.t_len = HeapTupleHeaderGetDatumLength(header), .t_data = header};
	Datum values[P_COUNT];
	bool nulls[P_COUNT];

	if (desc->natts != P_COUNT)
		elog(ERROR, "margin_path does not have %d fields", P_COUNT);
	heap_deform_tuple(&tuple, desc, values, nulls);
	ReleaseTupleDesc(desc);
	point_deform(values, nulls, &path->now);
	point_deform(values + P_POINT, nulls + P_POINT, &path->before);
}

static Datum
form(const McPriceSeries *s, const McCalibration *c, const McRatePath *path, int64 rejected,
     const McNamedPolicy *named, TupleDesc desc)
{
	Row row;

	memset(row.values, 0, sizeof(row.values));
	memset(row.nulls, true, sizeof(row.nulls));
	set_rates(&row, c, &named->policy);
	set_series(&row, s, rejected);
	set_fallback(&row, s, c, &named->policy);
	set_model(&row, c, named);
	set_path(&row, path, desc);
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

static void
series_measure(McPriceSeries *series, const McPolicy *policy)
{
	double *scratch = allocate(series->n, sizeof(double));

	mc_check_status(mc_price_series_measure(series, policy->bar_interval,
	                                        policy->has_jump_bound ? policy->jump_bound : INFINITY,
	                                        scratch, &mc_interrupt_poll));
	pfree(scratch);
}

void
mc_calibration_series(McPriceRows *rows, const McPolicy *policy, McPriceSeries *series)
{
	*series = (McPriceSeries){0};
	series_order(rows, series);
	series->returns = allocate(series->n, sizeof(double));
	series_measure(series, policy);
}

/* The listing that the series ends with, measured by itself. */
static McPriceSeries
latest_listing(const McPriceSeries *all, const McPolicy *policy)
{
	McPriceSeries latest = *all;

	if (policy->restart_gap == 0)
		return latest;
	mc_price_series_restart(&latest, policy->restart_gap);
	if (latest.restarts > 0)
	{
		latest.returns = all->returns + (latest.ts - all->ts);
		series_measure(&latest, policy);
	}
	return latest;
}

/* Bars of one listing from `from` on, each a step of the path. */
static void
listing_walk(const McPolicy *policy, const McPriceSeries *s, size_t start, size_t length,
             size_t from, McRatePath *path, McCalibration *result)
{
	McHistory history = {s->ts + start, s->returns + start, length - 1};
	double *work = allocate(mc_calibrator_worksize(policy, history.n), sizeof(double));
	McCalibrator calibrator;

	mc_calibrator_init(&calibrator, policy, history.n, work);
	for (size_t bar = from; bar < start + length; bar++)
	{
		/* a bar without returns is measured without a poll */
		CHECK_FOR_INTERRUPTS();
		mc_check_status(
		    mc_calibrate(&calibrator, &history, bar - start, result, &mc_interrupt_poll));
		path->before = path->now;
		path->now = mc_rate_path_step(policy, &path->before, s->ts[bar], s->price[bar], result);
	}
	pfree(work);
}

/* Calibrate along the path: every bar that is new to it; without a path the last bar starts one. */
static void
path_walk(const McPolicy *policy, const McPriceSeries *s, McRatePath *path, McCalibration *result)
{
	size_t from = s->n - 1;
	size_t length;

	path->now = mc_rate_path_resume(path, s->ts, s->price, s->n);
	path->before = (McRatePoint){0};
	while (path->now.known && from > 0 && s->ts[from - 1] > path->now.ts)
		from--;
	for (size_t start = 0; start < s->n; start += length)
	{
		length = mc_price_series_listing(s, start, policy->restart_gap);
		if (start + length > from)
			listing_walk(policy, s, start, length, Max(from, start), path, result);
	}
}

/* What there is to say of no price at all. */
static void
nothing(const McPolicy *policy, McRatePath *path, McCalibration *result)
{
	McHistory history = {NULL, NULL, 0};
	McCalibrator calibrator;

	mc_calibrator_init(&calibrator, policy, 0, NULL);
	mc_check_status(mc_calibrate(&calibrator, &history, 0, result, &mc_interrupt_poll));
	*path = (McRatePath){{0}, {0}};
}

Datum
mc_calibration_build(McPriceRows *rows, const McNamedPolicy *named, HeapTupleHeader path,
                     TupleDesc desc)
{
	MemoryContext old = CurrentMemoryContext;
	MemoryContext scratch =
	    AllocSetContextCreate(old, "margin_calib calibration", ALLOCSET_DEFAULT_SIZES);
	McRatePath walked = {{0}, {0}};
	McPriceSeries series;
	McCalibration result;
	Datum datum;

	MemoryContextSwitchTo(scratch);
	mc_calibration_series(rows, &named->policy, &series);
	if (path != NULL)
		path_deform(path, &walked);
	if (series.n > 0)
		path_walk(&named->policy, &series, &walked, &result);
	else
		nothing(&named->policy, &walked, &result);
	series = latest_listing(&series, &named->policy);
	datum = form(&series, &result, &walked, rows->rejected, named, desc);
	MemoryContextSwitchTo(old);
	datum = PointerGetDatum(DatumGetHeapTupleHeaderCopy(datum));
	MemoryContextDelete(scratch);
	return datum;
}
