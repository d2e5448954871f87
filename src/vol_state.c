/*
 * vol_state.c
 *	  Type margin_calib.volatility_state: count, sum and sum of squares of returns that can be stored,
 *	  sent and merged; its aggregates and accessors.
 *
 * The text is whole numbers: format, finite values, values that are not finite, first limb, limbs,
 * then the limbs (kernel/moments.h).  A state that leaves is canonical, so equal returns have equal
 * texts whatever way they came together; one that arrives is checked (kernel/moments_state.h).
 */
#include "compat.h"

#include <math.h>

#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "utils/float.h"

#include "errors.h"
#include "kernel/moments_state.h"
#include "vol_args.h"

typedef struct VolatilityState
{
	int32 vl_len_; /* varlena header, do not touch */
	int32 unused;  /* 0: keeps the doubles aligned */
	double moments[FLEXIBLE_ARRAY_MEMBER];
} VolatilityState;

#define STATE_BYTES(size) (offsetof(VolatilityState, moments) + (size) * sizeof(double))
#define GET_STATE(n) ((VolatilityState *) PG_DETOAST_DATUM(PG_GETARG_DATUM(n)))
/* the fields of the text before the limbs, and where they stand in a state */
static const int text_fields[] = {MC_MOMENTS_VERSION, MC_MOMENTS_COUNT, MC_MOMENTS_NOT_FINITE,
                                  MC_MOMENTS_FIRST, MC_MOMENTS_LIMBS};

static VolatilityState *
new_state(Size size)
{
	VolatilityState *state = palloc0(STATE_BYTES(size));

	SET_VARSIZE(state, STATE_BYTES(size));
	return state;
}

static VolatilityState *
canonical(const VolatilityState *state)
{
	VolatilityState *copy = new_state(mc_moments_size(state->moments));

	mc_moments_canonical(state->moments, copy->moments);
	return copy;
}

static pg_noinline void
malformed_text(const char *text)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
	                errmsg("invalid input syntax for type volatility_state"),
	                errdetail("The text begins with \"%.*s\".",
	                          pg_mbcliplen(text, strlen(text), 60), text),
	                errhint("Use a text that the type itself has printed, unchanged.")));
}

/* The next whole number of a text, which begins at *next; false: there is none. */
static bool
next_number(const char **next, double *number)
{
	const char *c = *next;
	bool negative = false;
	int digits = 0;

	while (*c == ' ')
		c++;
	if (*c == '-')
	{
		negative = true;
		c++;
	}
	*number = 0;
	/* 16 digits are below 10^16: what lies above 2^53 is refused later, rounded or not */
	for (; *c >= '0' && *c <= '9' && digits <= 16; c++, digits++)
		*number = *number * 10 + (*c - '0');
	if (negative)
		*number = 0 - *number;
	*next = c;
	return digits > 0 && digits <= 16 && (*c == ' ' || *c == '\0');
}

/* volatility_state_in(cstring) */
MC_FUNCTION(mc_volatility_state_in)
{
	const char *text = PG_GETARG_CSTRING(0);
	const char *next = text;
	double moments[MC_MOMENTS_LARGEST] = {0};
	Size size = MC_MOMENTS_HEADER;
	VolatilityState *state;

	for (int i = 0; i < lengthof(text_fields); i++)
		if (!next_number(&next, &moments[text_fields[i]]))
			malformed_text(text);
	while (*next != '\0')
		if (size == MC_MOMENTS_LARGEST || !next_number(&next, &moments[size++]))
			malformed_text(text);
	if (!mc_moments_plausible(moments, size))
		malformed_text(text);
	state = new_state(size);
	memcpy(state->moments, moments, size * sizeof(double));
	PG_RETURN_POINTER(state);
}

/* volatility_state_out(volatility_state) */
MC_FUNCTION(mc_volatility_state_out)
{
	const VolatilityState *state = canonical(GET_STATE(0));
	StringInfoData text;

	initStringInfo(&text);
	for (int i = 0; i < lengthof(text_fields); i++)
		appendStringInfo(&text, i == 0 ? "%.0f" : " %.0f", state->moments[text_fields[i]]);
	for (Size i = MC_MOMENTS_HEADER; i < mc_moments_size(state->moments); i++)
		/* + 0: no minus sign of a 0 */
		appendStringInfo(&text, " %.0f", state->moments[i] + 0);
	PG_RETURN_CSTRING(text.data);
}

/* volatility_state_recv(internal): the number of doubles, then the doubles */
MC_FUNCTION(mc_volatility_state_recv)
{
	StringInfo buffer = (StringInfo) PG_GETARG_POINTER(0);
	double moments[MC_MOMENTS_LARGEST];
	Size size = pq_getmsgint(buffer, 4);
	VolatilityState *state;

	for (Size i = 0; i < size && i < MC_MOMENTS_LARGEST; i++)
		moments[i] = pq_getmsgfloat8(buffer) + 0;
	if (size > MC_MOMENTS_LARGEST || !mc_moments_plausible(moments, size))
		ereport(ERROR, (errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
		                errmsg("invalid binary representation of type volatility_state"),
		                errdetail("The %zu numbers received are not a state.", size),
		                errhint("Send what the type itself has sent, unchanged.")));
	state = new_state(size);
	memcpy(state->moments, moments, size * sizeof(double));
	PG_RETURN_POINTER(state);
}

/* volatility_state_send(volatility_state) */
MC_FUNCTION(mc_volatility_state_send)
{
	const VolatilityState *state = canonical(GET_STATE(0));
	Size size = mc_moments_size(state->moments);
	StringInfoData buffer;

	pq_begintypsend(&buffer);
	pq_sendint32(&buffer, (uint32) size);
	for (Size i = 0; i < size; i++)
		pq_sendfloat8(&buffer, state->moments[i] + 0);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

/* volatility_state_accum(volatility_state, return float8): in place inside an aggregate */
MC_FUNCTION(mc_volatility_state_accum)
{
	bool ours = AggCheckCallContext(fcinfo, NULL);
	VolatilityState *state = GET_STATE(0);
	double value = PG_GETARG_FLOAT8(1);
	VolatilityState *wider;

	if (!ours)
		state = canonical(state);
	if (likely(mc_moments_add(state->moments, value)))
		PG_RETURN_POINTER(state);
	wider = new_state(mc_moments_wider_size(state->moments, value));
	mc_moments_widen(state->moments, value, wider->moments);
	mc_moments_add(wider->moments, value);
	PG_RETURN_POINTER(wider);
}

/* volatility_state_combine(volatility_state, volatility_state) */
MC_FUNCTION(mc_volatility_state_combine)
{
	const VolatilityState *a = GET_STATE(0);
	const VolatilityState *b = GET_STATE(1);
	VolatilityState *merged = new_state(mc_moments_merged_size(a->moments, b->moments));

	mc_moments_merge(a->moments, b->moments, merged->moments);
	/* where doubles stop to count */
	if (merged->moments[MC_MOMENTS_COUNT] + merged->moments[MC_MOMENTS_NOT_FINITE] >= 0x1p53)
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
		                errmsg("a volatility_state cannot count 2^53 or more returns"),
		                errhint("Was a state merged with itself again and again?")));
	PG_RETURN_POINTER(merged);
}

/* volatility_state_final(volatility_state): the running state stays with the aggregate */
MC_FUNCTION(mc_volatility_state_final)
{
	PG_RETURN_POINTER(canonical(GET_STATE(0)));
}

/* volatility(volatility_state [, periods_per_year float8]) */
MC_FUNCTION(mc_volatility_of_state)
{
	const VolatilityState *state = GET_STATE(0);
	double periods_per_year = PG_NARGS() > 1 ? PG_GETARG_FLOAT8(1) : 1;
	McStatus status;
	double vol;

	mc_check_periods_per_year(periods_per_year);
	status = mc_moments_sd(state->moments, &vol);
	if (status == MC_TOO_FEW)
		PG_RETURN_NULL();
	vol *= sqrt(periods_per_year);
	mc_check_status(status == MC_OK && isinf(vol) ? MC_OVERFLOW : status);
	PG_RETURN_FLOAT8(vol);
}

/* mean_return(volatility_state) */
MC_FUNCTION(mc_mean_return)
{
	const VolatilityState *state = canonical(GET_STATE(0));
	double mean;

	if (mc_moments_mean(state->moments, &mean) == MC_TOO_FEW)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(mean);
}

/* observations(volatility_state) */
MC_FUNCTION(mc_volatility_observations)
{
	const VolatilityState *state = GET_STATE(0);

	PG_RETURN_INT64(
	    (int64) (state->moments[MC_MOMENTS_COUNT] + state->moments[MC_MOMENTS_NOT_FINITE]));
}
