/*
 * vix.c
 *	  margin_calib.vix_variance and vix_index: the volatility that quotes imply without a model.
 */
#include "compat.h"

#include <math.h>

#include "executor/executor.h"
#include "utils/builtins.h"
#include "utils/float.h"

#include "errors.h"
#include "kernel/vix.h"
#include "sample.h"
#include "option_args.h"
#include "settings.h"
#include "values.h"

#define FIRST_CAPACITY 64
#define DAYS_A_YEAR 365

/* in the order of the columns of margin_calib.vix_term */
enum
{
	STATUS,
	T,
	RATE,
	VARIANCE,
	FORWARD,
	K0,
	STRIKES_USED,
	LOWEST_STRIKE,
	HIGHEST_STRIKE,
	QUOTES,
	COLUMNS
};

typedef struct VixState
{
	McVixQuote *quotes;
	Size rows;
	Size capacity;
	Size not_finite;     /* rows left out because a strike, bid or ask is NaN or infinite */
	McSettings settings; /* t, rate */
} VixState;

/* in the order of McVixStatus */
static const char *const status_names[] = {"ok",      "duplicate",    "no_forward", "no_k0",
                                           "too_few", "not_positive", "overflow"};

static VixState *
new_state(FunctionCallInfo fcinfo)
{
	MemoryContext context = mc_aggregate_context(fcinfo, "vix_variance_accum");
	VixState *state = MemoryContextAllocZero(context, sizeof(VixState));

	state->capacity = FIRST_CAPACITY;
	state->quotes = MemoryContextAlloc(context, FIRST_CAPACITY * sizeof(McVixQuote));
	mc_settings_read(&state->settings, fcinfo, 5, context);
	return state;
}

static void
check_strike(double strike)
{
	if (strike <= 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("strike must be positive"),
		                errdetail("The strike given is %s.", float8out_internal(strike)),
		                errhint("Leave out rows that are no options: WHERE strike > 0.")));
}

/* vix_variance_accum(state, strike, kind, bid, ask, t, rate) */
MC_FUNCTION(mc_vix_variance_accum)
{
	VixState *state = PG_ARGISNULL(0) ? NULL : (VixState *) PG_GETARG_POINTER(0);
	McVixQuote quote;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(state);
	}
	if (state == NULL)
		state = new_state(fcinfo);
	else
		mc_settings_compare(&state->settings, fcinfo, 5);
	quote.strike = PG_GETARG_FLOAT8(1);
	quote.is_call = mc_option_is_call(PG_GETARG_TEXT_PP(2), 0);
	quote.bid = PG_ARGISNULL(3) ? 0 : PG_GETARG_FLOAT8(3);
	quote.ask = PG_ARGISNULL(4) ? -1 : PG_GETARG_FLOAT8(4);
	check_strike(quote.strike);
	if (!isfinite(quote.strike) || !isfinite(quote.bid) || !isfinite(quote.ask))
	{
		state->not_finite++;
		PG_RETURN_POINTER(state);
	}
	if (state->rows == state->capacity)
	{
		state->capacity = mc_grown_capacity(state->capacity, state->rows + 1, sizeof(McVixQuote));
		state->quotes = repalloc_huge(state->quotes, state->capacity * sizeof(McVixQuote));
	}
	state->quotes[state->rows++] = quote;
	PG_RETURN_POINTER(state);
}

static void
check_finite_setting(double value, const char *name, const char *hint)
{
	if (!isfinite(value))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s must be finite", name),
		                errdetail("The %s given is %s.", name, float8out_internal(value)),
		                errhint("%s", hint)));
}

static void
put_float8(double value, int column, Datum *values, bool *nulls)
{
	nulls[column] = !isfinite(value);
	if (isfinite(value))
		values[column] = Float8GetDatum(value);
}

/* The columns that the kernel fills; the name of the status. */
static const char *
fill_term(const VixState *state, double t, double rate, Datum *values, bool *nulls)
{
	Size bytes = state->rows * sizeof(McVixQuote);
	McVixQuote *sorted;
	McVixTerm term;
	McVixStatus status;

	if (state->not_finite > 0)
		return "not_finite";
	if (t <= 0)
		return "expired";
	sorted = mc_work_space(state->rows, sizeof(McVixQuote));
	memcpy(sorted, state->quotes, bytes);
	status = mc_vix_variance(sorted, state->rows, t, rate, &term);
	put_float8(term.forward, FORWARD, values, nulls);
	put_float8(term.k0, K0, values, nulls);
	if (status != MC_VIX_OK)
		return status_names[status];
	put_float8(term.variance, VARIANCE, values, nulls);
	put_float8(term.lowest, LOWEST_STRIKE, values, nulls);
	put_float8(term.highest, HIGHEST_STRIKE, values, nulls);
	values[STRIKES_USED] = Int32GetDatum((int32) term.strikes);
	nulls[STRIKES_USED] = false;
	return status_names[status];
}

/* vix_variance_final(internal) -> margin_calib.vix_term */
MC_FUNCTION(mc_vix_variance_final)
{
	const VixState *state = PG_ARGISNULL(0) ? NULL : (const VixState *) PG_GETARG_POINTER(0);
	Datum values[COLUMNS] = {0};
	bool nulls[COLUMNS];
	double t;
	double rate;

	if (state == NULL)
		PG_RETURN_NULL();
	t = mc_setting_float8(&state->settings, 0);
	rate = mc_setting_float8(&state->settings, 1);
	check_finite_setting(t, "t", "Write the years to expiry.");
	check_finite_setting(rate, "rate", "Write the rate a year, such as 0.04.");
	memset(nulls, true, sizeof(nulls));
	values[STATUS] = CStringGetTextDatum(fill_term(state, t, rate, values, nulls));
	values[T] = Float8GetDatum(t);
	values[RATE] = Float8GetDatum(rate);
	values[QUOTES] = Int64GetDatum((int64) (state->rows + state->not_finite));
	nulls[STATUS] = nulls[T] = nulls[RATE] = nulls[QUOTES] = false;
	return mc_row_datum(fcinfo, values, nulls);
}

/* t and variance of a term; false: it has none */
static bool
read_term(HeapTupleHeader row, double *t, double *variance)
{
	bool no_t;
	bool no_variance;
	Datum t_datum = GetAttributeByName(row, "t", &no_t);
	Datum variance_datum = GetAttributeByName(row, "variance", &no_variance);

	if (no_t || no_variance)
		return false;
	*t = DatumGetFloat8(t_datum);
	*variance = DatumGetFloat8(variance_datum);
	check_finite_setting(*t, "t", "Pass on rows of vix_variance.");
	check_finite_setting(*variance, "variance", "Pass on rows of vix_variance.");
	return true;
}

/* vix_index(near vix_term, next vix_term, days float8) -> float8 */
MC_FUNCTION(mc_vix_index_of_terms)
{
	double days = PG_GETARG_FLOAT8(2);
	double t[2];
	double variance[2];
	double index;

	if (!(days > 0) || isinf(days))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("days must be positive and finite"),
		                errdetail("The days given are %s.", float8out_internal(days)),
		                errhint("Write the horizon of the index in days, such as 30.")));
	for (int i = 0; i < 2; i++)
		if (!read_term(PG_GETARG_HEAPTUPLEHEADER(i), &t[i], &variance[i]))
			PG_RETURN_NULL();
	if (!(t[0] < t[1]))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("the near term must expire before the next term"),
		                errdetail("Their years to expiry are %s and %s.", float8out_internal(t[0]),
		                          float8out_internal(t[1])),
		                errhint("Give the term of the earlier expiry first.")));
	index = mc_vix_index(t[0], variance[0], t[1], variance[1], days / DAYS_A_YEAR);
	if (!isfinite(index))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(index);
}
