/*
 * backtest_path.c
 *	  backtest_path(relation, policy, ...): what a policy would have asked for at every bar of every
 *	  instrument, from what was known then, and the losses that followed (doc/policy_backtest.md).
 *
 * Each bar is calibrated from the prefix of the series that ends with it, by the kernel of
 * calibrate_margin; what lies behind the bar is not even passed. GARCH models are kept between two
 * fits, and the rate goes along its path. Rows leave through a tuplestore, so memory does not grow with their number.
 */
#include "compat.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "calibration.h"
#include "errors.h"
#include "kernel/rate_path.h"
#include "series_columns.h"
#include "series_scan.h"

/* The levels that are reported, whatever the policy's own: 99 % and 97.5 %. */
#define VAR_CONFIDENCE 0.99
#define ES_CONFIDENCE 0.975

/* Columns of the result, in the order of sql/parts/38_policy_backtest.sql. */
typedef enum Column
{
	B_INSTRUMENT,
	B_TS,
	B_NEXT_TS,
	B_SIDE,
	B_VALUE_AT_RISK,
	B_EXPECTED_SHORTFALL,
	B_VALUE_AT_RISK_ES,
	B_MARGIN,
	B_PUBLISHED_MARGIN,
	B_LOSS,
	B_VOL,
	B_BINDING_TERM,
	B_FALLBACK,
	B_MODEL,
	B_COUNT
} Column;

/* One instrument on its way: a listing of it at a time, which a restart ends. */
typedef struct Walk
{
	const McNamedPolicy *named;
	const int64_t *ts;
	const double *price;
	const double *returns;
	Size bars;         /* of the listing */
	McRatePoint point; /* where the path stands, whatever the listing */
	ReturnSetInfo *result;
	Datum instrument;
	bool instrument_is_null;
	TimestampTz from;
	TimestampTz until;
	TimestampTz known_until; /* rows after it are not there */
} Walk;

static void
put_float(Datum *values, bool *nulls, Column column, double value)
{
	values[column] = Float8GetDatum(value);
	nulls[column] = isnan(value);
}

/* The loss of the horizon that follows a bar; NaN when it is not known yet, or the listing ended. */
static double
loss_after(const Walk *walk, Size bar, McSideName side)
{
	Size end = bar + (Size) walk->named->policy.horizon;
	double move;

	if (end >= walk->bars)
		return NAN;
	move = log(walk->price[end] / walk->price[bar]);
	return mc_move_loss(side, side == MC_LONG ? -move : move);
}

static void
put_side(const Walk *walk, Size bar, McSideName name, const McCalibration *c)
{
	const McSide *side = &c->side[name];
	Datum values[B_COUNT] = {0};
	bool nulls[B_COUNT] = {false};

	values[B_INSTRUMENT] = walk->instrument;
	nulls[B_INSTRUMENT] = walk->instrument_is_null;
	values[B_TS] = TimestampTzGetDatum(walk->ts[bar]);
	nulls[B_NEXT_TS] = bar + 1 >= walk->bars;
	if (bar + 1 < walk->bars)
		values[B_NEXT_TS] = TimestampTzGetDatum(walk->ts[bar + 1]);
	values[B_SIDE] = CStringGetTextDatum(name == MC_LONG ? "long" : "short");
	put_float(values, nulls, B_VALUE_AT_RISK, c->measures[1][name].value_at_risk);
	put_float(values, nulls, B_EXPECTED_SHORTFALL, c->measures[2][name].expected_shortfall);
	put_float(values, nulls, B_VALUE_AT_RISK_ES, c->measures[2][name].value_at_risk);
	put_float(values, nulls, B_MARGIN, side->rate);
	values[B_PUBLISHED_MARGIN] =
	    mc_rate_numeric(side->initial_steps, walk->named->policy.rounding_step);
	put_float(values, nulls, B_LOSS, loss_after(walk, bar, name));
	put_float(values, nulls, B_VOL, c->vol);
	values[B_BINDING_TERM] = CStringGetTextDatum(mc_term_name(side->term));
	values[B_FALLBACK] = BoolGetDatum(c->fallback != MC_NO_FALLBACK);
	nulls[B_MODEL] = c->alternative < 0;
	if (c->alternative >= 0)
		values[B_MODEL] = mc_alternative_text(walk->named, c->alternative);
	tuplestore_putvalues(walk->result->setResult, walk->result->setDesc, values, nulls);
}

/* Every bar of the listing from `from` to `until`. */
static void
walk_bars(Walk *walk, double *work, MemoryContext row_context)
{
	const McPolicy *policy = &walk->named->policy;
	McHistory history = {walk->ts, walk->returns, walk->bars - 1};
	McCalibrator calibrator;

	mc_calibrator_init(&calibrator, policy, history.n, work);
	mc_calibrator_level(&calibrator, VAR_CONFIDENCE);
	mc_calibrator_level(&calibrator, ES_CONFIDENCE);
	for (Size bar = 0; bar < walk->bars && walk->ts[bar] <= walk->until; bar++)
	{
		McCalibration c;
		MemoryContext old;

		if (walk->ts[bar] < walk->from)
			continue;
		CHECK_FOR_INTERRUPTS();
		mc_check_status(mc_calibrate(&calibrator, &history, bar, &c, &mc_interrupt_poll));
		walk->point = mc_rate_path_step(policy, &walk->point, walk->ts[bar], walk->price[bar], &c);
		old = MemoryContextSwitchTo(row_context);
		for (int side = 0; side < MC_SIDES; side++)
			put_side(walk, bar, (McSideName) side, &c);
		MemoryContextSwitchTo(old);
		MemoryContextReset(row_context);
	}
}

/* Moves the rows that are known to the front, in their order, and returns how many they are. */
static Size
known_rows(const Walk *walk, McSeries *given)
{
	Size known = 0;

	for (Size row = 0; row < given->n; row++)
		if (given->ts[row] <= walk->known_until)
		{
			given->ts[known] = given->ts[row];
			given->price[known++] = given->price[row];
		}
	return known;
}

static void
walk_series(Walk *walk, McSeries *given)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "margin_calib backtest",
	                                              ALLOCSET_DEFAULT_SIZES);
	MemoryContext rows =
	    AllocSetContextCreate(context, "margin_calib backtest rows", ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	McPriceRows usable = {given->ts, given->price, 0, 0};
	const McPolicy *policy = &walk->named->policy;
	McPriceSeries series;
	double *work;

	usable.n = mc_price_rows_compact(given->ts, given->price, known_rows(walk, given));
	mc_calibration_series(&usable, policy, &series);
	work = MemoryContextAllocHuge(
	    context, mul_size(mc_calibrator_worksize(policy, series.n) + 1, sizeof(double)));
	walk->instrument_is_null = given->instrument == NULL;
	walk->instrument = given->instrument ? CStringGetTextDatum(given->instrument) : (Datum) 0;
	walk->point = (McRatePoint){0};
	/* listing by listing: a restart must not be known before it comes */
	for (Size start = 0; start < series.n; start += walk->bars)
	{
		walk->ts = series.ts + start;
		walk->price = series.price + start;
		walk->returns = series.returns + start;
		walk->bars = mc_price_series_listing(&series, start, policy->restart_gap);
		walk_bars(walk, work, rows);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
}

/* The instruments that were asked for. */
typedef struct Wanted
{
	bool all;
	Datum *names;
	bool *nulls;
	int count;
} Wanted;

static Wanted
wanted_read(ArrayType *instruments)
{
	Wanted wanted = {.all = instruments == NULL};

	if (instruments != NULL)
		deconstruct_array(instruments, TEXTOID, -1, false, TYPALIGN_INT, &wanted.names,
		                  &wanted.nulls, &wanted.count);
	return wanted;
}

static bool
is_wanted(const Wanted *wanted, const char *instrument)
{
	Size length = instrument == NULL ? 0 : strlen(instrument);

	if (wanted->all || instrument == NULL)
		return wanted->all;
	for (int i = 0; i < wanted->count; i++)
	{
		const text *name = (const text *) DatumGetPointer(wanted->names[i]);

		if (!wanted->nulls[i] && VARSIZE_ANY_EXHDR(name) == length &&
		    memcmp(VARDATA_ANY(name), instrument, length) == 0)
			return true;
	}
	return false;
}

/*
 * backtest_path(regclass, margin_policy, name, name, name, timestamptz, timestamptz, text[], timestamptz) -> rows
 */
MC_FUNCTION(mc_backtest_path)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	McNamedPolicy named;
	Walk walk = {.named = &named,
	             .result = result,
	             .from = DT_NOBEGIN,
	             .until = DT_NOEND,
	             .known_until = DT_NOEND};
	Wanted wanted = wanted_read(PG_ARGISNULL(7) ? NULL : PG_GETARG_ARRAYTYPE_P(7));
	McSeriesSet *set;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
		        (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("the relation must not be null"),
		         errhint("Give the name of a table or view with prices.")));
	if (PG_ARGISNULL(1))
		mc_policy_missing();
	mc_policy_decode(PG_GETARG_HEAPTUPLEHEADER(1), &named);
	if (!PG_ARGISNULL(5))
		walk.from = PG_GETARG_TIMESTAMPTZ(5);
	if (!PG_ARGISNULL(6))
		walk.until = PG_GETARG_TIMESTAMPTZ(6);
	if (!PG_ARGISNULL(8))
		walk.known_until = PG_GETARG_TIMESTAMPTZ(8);
	InitMaterializedSRF(fcinfo, 0);
	set = mc_series_scan(PG_GETARG_OID(0),
	                     mc_column_argument(fcinfo, 2, "instrument", "backtest_path"),
	                     mc_column_argument(fcinfo, 3, "ts", "backtest_path"),
	                     mc_column_argument(fcinfo, 4, "price", "backtest_path"));
	for (size_t i = 0; i < set->n; i++)
	{
		if (is_wanted(&wanted, set->series[i]->instrument))
			walk_series(&walk, set->series[i]);
		mc_series_discard(set->series[i]);
	}
	mc_series_free(set);
	return (Datum) 0;
}
