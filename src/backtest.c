/*
 * backtest.c
 *	  Backtests of value at risk from its exceptions: kupiec_test, tuff_test, christoffersen_test,
 *	  traffic_light, adaptive_conformal_level, and their forms on counts.
 *
 * One state of a few counts serves all of them, so they cost the same in any frame.
 */
#include "compat.h"

#include "libpq/pqformat.h"
#include "utils/float.h"

#include "errors.h"
#include "kernel/exceptions.h"
#include "test_rows.h"

#define STATE_FORMAT 1

typedef struct ExceptionState
{
	McExceptions counts;
	int64 not_finite; /* rows with a NaN or infinite value: with any the answer is NaN */
	McSettings settings;
} ExceptionState;

static ExceptionState *
get_state(FunctionCallInfo fcinfo, int arg)
{
	return PG_ARGISNULL(arg) ? NULL : (ExceptionState *) PG_GETARG_POINTER(arg);
}

static bool
no_rows(const ExceptionState *state)
{
	return state == NULL || state->counts.observations + state->not_finite == 0;
}

static Datum
return_state(FunctionCallInfo fcinfo, ExceptionState *state)
{
	if (state == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(state);
}

/* The state, made when there is none: a transition function of a moving frame must not return NULL. */
static ExceptionState *
forward_state(FunctionCallInfo fcinfo)
{
	ExceptionState *state = get_state(fcinfo, 0);

	if (unlikely(state == NULL))
		state = MemoryContextAllocZero(mc_aggregate_context(fcinfo, "exception_accum"),
		                               sizeof(ExceptionState));
	return state;
}

/* Settings stand from argument `first` on; those of the first row that counts are kept. */
static void
take_settings(FunctionCallInfo fcinfo, ExceptionState *state, int first)
{
	if (likely(state->settings.count > 0))
		mc_settings_compare(&state->settings, fcinfo, first);
	else
		mc_settings_read(&state->settings, fcinfo, first,
		                 mc_aggregate_context(fcinfo, "exception_accum"));
}

static bool
is_finite_row(double pnl, double value_at_risk)
{
	return pnl - pnl == 0 && value_at_risk - value_at_risk == 0;
}

/* exception_accum(state, pnl, value_at_risk, confidence) */
MC_FUNCTION(mc_exception_accum)
{
	ExceptionState *state = forward_state(fcinfo);
	double pnl;
	double value_at_risk;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		PG_RETURN_POINTER(state);
	take_settings(fcinfo, state, 3);
	pnl = PG_GETARG_FLOAT8(1);
	value_at_risk = PG_GETARG_FLOAT8(2);
	if (is_finite_row(pnl, value_at_risk))
		mc_exceptions_add(&state->counts, mc_is_exception(pnl, value_at_risk));
	else
		state->not_finite++;
	PG_RETURN_POINTER(state);
}

/*
 * exception_remove(state, pnl, value_at_risk, confidence): a row leaves the frame.  Only the totals
 * are kept right, for the tests that ask for nothing else.
 */
MC_FUNCTION(mc_exception_remove)
{
	ExceptionState *state = get_state(fcinfo, 0);
	double pnl;
	double value_at_risk;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return return_state(fcinfo, state);
	if (state == NULL)
		elog(ERROR, "exception_remove called without a state");
	pnl = PG_GETARG_FLOAT8(1);
	value_at_risk = PG_GETARG_FLOAT8(2);
	if (is_finite_row(pnl, value_at_risk))
	{
		state->counts.observations--;
		state->counts.exceptions -= mc_is_exception(pnl, value_at_risk);
	}
	else
		state->not_finite--;
	PG_RETURN_POINTER(state);
}

/* exception_combine(state, state): totals, as above */
MC_FUNCTION(mc_exception_combine)
{
	MemoryContext context = mc_aggregate_context(fcinfo, "exception_combine");
	ExceptionState *state = get_state(fcinfo, 0);
	const ExceptionState *other = get_state(fcinfo, 1);

	if (no_rows(other))
		return return_state(fcinfo, state);
	if (state == NULL)
		state = MemoryContextAllocZero(context, sizeof(ExceptionState));
	if (no_rows(state))
		mc_settings_copy(&state->settings, &other->settings, context);
	else
		mc_settings_agree(&state->settings, &other->settings);
	state->counts.observations += other->counts.observations;
	state->counts.exceptions += other->counts.exceptions;
	state->not_finite += other->not_finite;
	PG_RETURN_POINTER(state);
}

MC_FUNCTION(mc_exception_serialize)
{
	const ExceptionState *state = get_state(fcinfo, 0);
	StringInfoData buffer;

	pq_begintypsend(&buffer);
	pq_sendbyte(&buffer, STATE_FORMAT);
	mc_settings_send(&buffer, &state->settings);
	pq_sendint64(&buffer, (int64) state->counts.observations);
	pq_sendint64(&buffer, (int64) state->counts.exceptions);
	pq_sendint64(&buffer, state->not_finite);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

MC_FUNCTION(mc_exception_deserialize)
{
	bytea *bytes = PG_GETARG_BYTEA_PP(0);
	ExceptionState *state = palloc0(sizeof(ExceptionState));
	StringInfoData buffer = {VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes), 0, 0};

	if (pq_getmsgbyte(&buffer) != STATE_FORMAT)
		elog(ERROR, "unknown format of an exception state");
	mc_settings_receive(&buffer, &state->settings);
	state->counts.observations = pq_getmsgint64(&buffer);
	state->counts.exceptions = pq_getmsgint64(&buffer);
	state->not_finite = pq_getmsgint64(&buffer);
	pq_getmsgend(&buffer);
	PG_RETURN_POINTER(state);
}

/* The confidence of a state, checked. */
static double
state_confidence(const ExceptionState *state)
{
	double confidence = mc_setting_float8(&state->settings, 0);

	mc_check_confidence(confidence);
	return confidence;
}

/* Statistic and p-value, or NaN for both. */
static void
add_statistic(McRowBuilder *row, const McTest *test, bool not_finite)
{
	if (not_finite)
	{
		mc_row_float8(row, get_float8_nan());
		mc_row_float8(row, get_float8_nan());
	}
	else
		mc_row_statistic(row, test);
}

/* A row of margin_calib.exception_test. */
static Datum
kupiec_row(FunctionCallInfo fcinfo, int64 exceptions, int64 observations, double confidence,
           bool not_finite)
{
	McTest test = mc_kupiec_test(exceptions, observations, confidence);
	double p = mc_exception_probability(confidence);
	McRowBuilder row = {0};

	add_statistic(&row, &test, not_finite);
	mc_row_int64(&row, observations);
	mc_row_int64(&row, exceptions);
	mc_row_float8(&row, (double) observations * p);
	if (observations > 0)
		mc_row_float8(&row, (double) exceptions / (double) observations);
	else
		mc_row_null(&row);
	return mc_row_result(fcinfo, &row);
}

MC_FUNCTION(mc_kupiec_test_final)
{
	const ExceptionState *state = get_state(fcinfo, 0);

	if (no_rows(state))
		PG_RETURN_NULL();
	return kupiec_row(fcinfo, state->counts.exceptions, state->counts.observations,
	                  state_confidence(state), state->not_finite > 0);
}

/* kupiec_test_counts(exceptions bigint, observations bigint, confidence) */
MC_FUNCTION(mc_kupiec_test_counts)
{
	int64 exceptions = PG_GETARG_INT64(0);
	int64 observations = PG_GETARG_INT64(1);
	double confidence = PG_GETARG_FLOAT8(2);

	mc_check_confidence(confidence);
	mc_check_part(exceptions, observations, "exceptions", "observations");
	if (observations == 0)
		PG_RETURN_NULL();
	return kupiec_row(fcinfo, exceptions, observations, confidence, false);
}

/* A row of margin_calib.tuff_result. */
static Datum
tuff_row(FunctionCallInfo fcinfo, int64 first, int64 observations, double confidence,
         bool not_finite)
{
	McTest test = mc_tuff_test(first, observations, confidence);
	McRowBuilder row = {0};

	add_statistic(&row, &test, not_finite);
	mc_row_int64(&row, observations);
	if (first > 0)
		mc_row_int64(&row, first);
	else
		mc_row_null(&row);
	mc_row_float8(&row, 1 / mc_exception_probability(confidence));
	return mc_row_result(fcinfo, &row);
}

MC_FUNCTION(mc_tuff_test_final)
{
	const ExceptionState *state = get_state(fcinfo, 0);

	if (no_rows(state))
		PG_RETURN_NULL();
	return tuff_row(fcinfo, state->counts.first, state->counts.observations,
	                state_confidence(state), state->not_finite > 0);
}

/* tuff_test_counts(first_exception bigint, observations bigint, confidence) */
MC_FUNCTION(mc_tuff_test_counts)
{
	int64 first = PG_GETARG_INT64(0);
	int64 observations = PG_GETARG_INT64(1);
	double confidence = PG_GETARG_FLOAT8(2);

	mc_check_confidence(confidence);
	mc_check_part(first, observations, "first_exception", "observations");
	if (observations == 0)
		PG_RETURN_NULL();
	return tuff_row(fcinfo, first, observations, confidence, false);
}

MC_FUNCTION(mc_christoffersen_test_final)
{
	const ExceptionState *state = get_state(fcinfo, 0);
	McRowBuilder row = {0};
	const McExceptions *counts;
	McTest coverage;
	McTest independence;
	McTest conditional;
	double confidence;

	if (no_rows(state))
		PG_RETURN_NULL();
	counts = &state->counts;
	confidence = state_confidence(state);
	coverage = mc_kupiec_test(counts->exceptions, counts->observations, confidence);
	mc_christoffersen_test(counts, confidence, &independence, &conditional);
	add_statistic(&row, &conditional, state->not_finite > 0);
	add_statistic(&row, &independence, state->not_finite > 0);
	add_statistic(&row, &coverage, state->not_finite > 0);
	mc_row_int64(&row, counts->observations);
	mc_row_int64(&row, counts->exceptions);
	for (int i = 0; i < 4; i++)
		mc_row_int64(&row, counts->from[i / 2][i % 2]);
	return mc_row_result(fcinfo, &row);
}

/* A row of margin_calib.traffic_light_result. */
static Datum
traffic_light_row(FunctionCallInfo fcinfo, int64 exceptions, int64 observations, double confidence,
                  bool not_finite)
{
	double p = mc_exception_probability(confidence);
	bool basel = observations == 250 && confidence == 0.99 && !not_finite;
	McRowBuilder row = {0};

	if (not_finite)
	{
		mc_row_null(&row);
		mc_row_float8(&row, get_float8_nan());
	}
	else
	{
		mc_row_text(&row, mc_zone_name(mc_traffic_light(exceptions, observations, p)));
		mc_row_float8(&row, mc_binomial_at_most((double) exceptions, (double) observations, p));
	}
	mc_row_int64(&row, observations);
	mc_row_int64(&row, exceptions);
	mc_row_float8(&row, (double) observations * p);
	if (basel)
	{
		mc_row_float8(&row, mc_plus_factor_1996(exceptions));
		mc_row_float8(&row, 3 + mc_plus_factor_1996(exceptions));
		mc_row_float8(&row, 1.5 + mc_plus_factor_2019(exceptions));
	}
	else
		for (int i = 0; i < 3; i++)
			mc_row_null(&row);
	return mc_row_result(fcinfo, &row);
}

MC_FUNCTION(mc_traffic_light_final)
{
	const ExceptionState *state = get_state(fcinfo, 0);

	if (no_rows(state))
		PG_RETURN_NULL();
	return traffic_light_row(fcinfo, state->counts.exceptions, state->counts.observations,
	                         state_confidence(state), state->not_finite > 0);
}

/* traffic_light_counts(exceptions bigint, observations bigint, confidence) */
MC_FUNCTION(mc_traffic_light_counts)
{
	int64 exceptions = PG_GETARG_INT64(0);
	int64 observations = PG_GETARG_INT64(1);

	mc_check_part(exceptions, observations, "exceptions", "observations");
	mc_check_confidence(PG_GETARG_FLOAT8(2));
	if (observations == 0)
		PG_RETURN_NULL();
	return traffic_light_row(fcinfo, exceptions, observations, PG_GETARG_FLOAT8(2), false);
}

/* traffic_light_zones(observations bigint, confidence) */
MC_FUNCTION(mc_traffic_light_zones)
{
	int64 observations = PG_GETARG_INT64(0);
	double confidence = PG_GETARG_FLOAT8(1);
	McRowBuilder row = {0};
	size_t green;
	size_t red;

	mc_check_confidence(confidence);
	if (observations < 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("observations must not be negative"),
		                errdetail("The number given is %lld.", (long long) observations),
		                errhint("Write the number of days, such as 250.")));
	if (observations == 0)
		PG_RETURN_NULL();
	mc_zone_bounds(observations, mc_exception_probability(confidence), &green, &red);
	mc_row_int64(&row, (int64) green);
	if (red <= (size_t) observations)
		mc_row_int64(&row, (int64) red);
	else
		mc_row_null(&row);
	return mc_row_result(fcinfo, &row);
}

/* adaptive_conformal_accum(state, exception, confidence, step) */
MC_FUNCTION(mc_adaptive_conformal_accum)
{
	ExceptionState *state = forward_state(fcinfo);

	if (PG_ARGISNULL(1))
		PG_RETURN_POINTER(state);
	take_settings(fcinfo, state, 2);
	mc_exceptions_add(&state->counts, PG_GETARG_BOOL(1));
	PG_RETURN_POINTER(state);
}

/* The recursion has a closed form, so nothing drifts: c + step (k - n (1 - c)). */
MC_FUNCTION(mc_adaptive_conformal_final)
{
	const ExceptionState *state = get_state(fcinfo, 0);
	double p;
	double step;

	if (no_rows(state))
		PG_RETURN_NULL();
	p = mc_exception_probability(state_confidence(state));
	step = mc_setting_float8(&state->settings, 1);
	if (!(step > 0 && step < 1))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("step must lie strictly between 0 and 1"),
		                errdetail("The step given is %g.", step),
		                errhint("Write 0.005, as Gibbs and Candes do.")));
	PG_RETURN_FLOAT8(1 - (p + step * ((double) state->counts.observations * p -
	                                  (double) state->counts.exceptions)));
}
