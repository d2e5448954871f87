/*
 * fit_surface.c
 *	  margin_calib.fit_surface: a volatility surface from option quotes.
 *
 * A transition only appends; the final function works on a copy of the rows.
 */
#include "compat.h"

#include <math.h>

#include "executor/executor.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "errors.h"
#include "option_kind.h"
#include "sample.h"
#include "settings.h"
#include "surface_chain.h"

#define FIRST_CAPACITY 256

/* arguments of the transition function */
enum
{
	ARG_STATE,
	ARG_EXPIRY,
	ARG_STRIKE,
	ARG_KIND,
	ARG_BID,
	ARG_ASK,
	ARG_MARK,
	ARG_FORWARD,
	ARG_BID_SIZE, /* this and the next two only in the longer form */
	ARG_ASK_SIZE,
	ARG_OPEN_INTEREST
};

/* and, counted from the end, those of both forms */
#define FROM_END_TS 3
#define FROM_END_AS_OF 2 /* the settings begin here */
#define LONG_FORM 14

typedef struct State
{
	McChainRow *rows;
	Size count;
	Size capacity;
	McSettings settings; /* as_of and the settings */
} State;

static double
number_argument(FunctionCallInfo fcinfo, int arg)
{
	return PG_ARGISNULL(arg) ? NAN : PG_GETARG_FLOAT8(arg);
}

static State *
state_create(FunctionCallInfo fcinfo, MemoryContext context)
{
	State *state = MemoryContextAllocZero(context, sizeof(State));

	mc_settings_read(&state->settings, fcinfo, PG_NARGS() - FROM_END_AS_OF, context);
	if (TIMESTAMP_NOT_FINITE(mc_setting_int64(&state->settings, 0)))
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("as_of must be a finite time"),
		         errhint("Write the time of the quotes, such as max(ts) of them.")));
	state->capacity = FIRST_CAPACITY;
	state->rows = MemoryContextAlloc(context, state->capacity * sizeof(McChainRow));
	return state;
}

/* fit_surface_accum(internal, expiry, strike, kind, bid, ask, mark, forward, [bid_size, ask_size, open_interest,] ts, as_of, settings) -> internal */
MC_FUNCTION(mc_fit_surface_accum)
{
	MemoryContext context = mc_aggregate_context(fcinfo, "fit_surface_accum");
	State *state = PG_ARGISNULL(ARG_STATE) ? NULL : (State *) PG_GETARG_POINTER(ARG_STATE);
	int ts = PG_NARGS() - FROM_END_TS;
	bool sized = PG_NARGS() == LONG_FORM;
	McChainRow *row;

	if (state == NULL)
		state = state_create(fcinfo, context);
	else
		mc_settings_compare(&state->settings, fcinfo, PG_NARGS() - FROM_END_AS_OF);
	if (state->count == state->capacity)
	{
		state->capacity = mc_grown_capacity(state->capacity, state->count + 1, sizeof(McChainRow));
		state->rows = repalloc_huge(state->rows, state->capacity * sizeof(McChainRow));
	}
	row = &state->rows[state->count++];
	row->expiry = PG_ARGISNULL(ARG_EXPIRY) ? DT_NOEND : PG_GETARG_TIMESTAMPTZ(ARG_EXPIRY);
	/* -infinity is no time unknown, but older than any */
	row->ts = PG_ARGISNULL(ts) ? DT_NOBEGIN : Max(PG_GETARG_TIMESTAMPTZ(ts), DT_NOBEGIN + 1);
	row->quote =
	    (McOptionQuote){.strike = number_argument(fcinfo, ARG_STRIKE),
	                    .bid = number_argument(fcinfo, ARG_BID),
	                    .ask = number_argument(fcinfo, ARG_ASK),
	                    .mark = number_argument(fcinfo, ARG_MARK),
	                    .forward = number_argument(fcinfo, ARG_FORWARD),
	                    .bid_size = sized ? number_argument(fcinfo, ARG_BID_SIZE) : NAN,
	                    .ask_size = sized ? number_argument(fcinfo, ARG_ASK_SIZE) : NAN,
	                    .open_interest = sized ? number_argument(fcinfo, ARG_OPEN_INTEREST) : NAN,
	                    .k = NAN,
	                    .bid_vol = NAN,
	                    .ask_vol = NAN,
	                    .vol = NAN};
	if (PG_ARGISNULL(ARG_KIND) ||
	    !mc_option_kind_known(PG_GETARG_TEXT_PP(ARG_KIND), &row->quote.call))
		row->quote.problem = MC_QUOTE_BAD_KIND;
	PG_RETURN_POINTER(state);
}

static void
refuse_setting(const char *name, const char *rule)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
	                errmsg("%s of a surface must be %s", name, rule),
	                errhint("Make settings with margin_calib.surface_settings.")));
}

static Datum
setting(HeapTupleHeader row, const char *name)
{
	bool is_null;
	Datum value = GetAttributeByName(row, name, &is_null);

	if (is_null)
		refuse_setting(name, "given");
	return value;
}

static int64
interval_microseconds(const Interval *interval)
{
	double days = interval->day + 30.0 * interval->month;
	double total = (double) interval->time + days * USECS_PER_DAY;

	if (!(total >= 0 && total < 1e17))
		refuse_setting("maximum_age", "between 0 and 3,000 years");
	return (int64) total;
}

/* A number that is 0 or more. */
static double
least_value(HeapTupleHeader row, const char *name)
{
	double value = DatumGetFloat8(setting(row, name));

	if (!(value >= 0))
		refuse_setting(name, "0 or more");
	return value;
}

static void
read_settings(Datum datum, McSurfaceSettings *settings)
{
	HeapTupleHeader row = DatumGetHeapTupleHeader(datum);
	char *premium = TextDatumGetCString(setting(row, "premium"));

	settings->chain.coin = strcmp(premium, "coin") == 0;
	if (!settings->chain.coin && strcmp(premium, "currency") != 0)
		refuse_setting("premium", "'currency' or 'coin'");
	settings->chain.rate = DatumGetFloat8(setting(row, "rate"));
	if (!(fabs(settings->chain.rate) <= 10))
		refuse_setting("rate", "between -10 and 10");
	settings->chain.maximum_spread = DatumGetFloat8(setting(row, "maximum_spread"));
	if (!(settings->chain.maximum_spread > 0))
		refuse_setting("maximum_spread", "above 0");
	settings->chain.minimum_price = least_value(row, "minimum_price");
	settings->chain.minimum_size = least_value(row, "minimum_size");
	settings->chain.minimum_open_interest = least_value(row, "minimum_open_interest");
	settings->maximum_age = interval_microseconds(DatumGetIntervalP(setting(row, "maximum_age")));
	settings->minimum_quotes = DatumGetInt32(setting(row, "minimum_quotes"));
	if (settings->minimum_quotes < 3)
		refuse_setting("minimum_quotes", "3 or more");
}

/* fit_surface_final(internal) -> margin_calib.vol_surface */
MC_FUNCTION(mc_fit_surface_final)
{
	const State *state = PG_ARGISNULL(0) ? NULL : (const State *) PG_GETARG_POINTER(0);
	McChain chain = {0};

	if (state == NULL)
		PG_RETURN_NULL();
	chain.as_of = mc_setting_int64(&state->settings, 0);
	read_settings(state->settings.items[1].value, &chain.settings);
	chain.row_count = state->count;
	chain.rows = mc_work_space(state->count, sizeof(McChainRow));
	memcpy(chain.rows, state->rows, state->count * sizeof(McChainRow));
	mc_chain_fit(&chain);
	return mc_chain_datum(fcinfo, &chain);
}
