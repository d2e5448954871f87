/*
 * tail_risk.c
 *	  Aggregates expected_shortfall, value_at_risk and tail_risk over whole groups.
 *
 * The state keeps every finite loss, in no particular order: the exact tail
 * cannot be known before the number of rows is.  Final functions bring the
 * largest losses to the front and leave the state the same bag of values, so
 * they are read-only in PostgreSQL's sense: several may share one state, and
 * more rows may follow.  tail_moving.c has the state of moving frames.
 */
#include "compat.h"

#include <math.h>

#include "access/htup_details.h"
#include "funcapi.h"
#include "libpq/pqformat.h"
#include "utils/array.h"
#include "utils/float.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

#include "errors.h"
#include "kernel/tail.h"
#include "module.h"
#include "tail_risk.h"
#include "tail_settings.h"

#define FIRST_CAPACITY 16
#define STATE_FORMAT 1

typedef struct TailState
{
	double *losses; /* finite ones; from a serialized state unaligned and not to be kept */
	Size count;
	Size capacity;
	TailSettings settings; /* what every row needs stands first */
	Size nonfinite;        /* NaN and infinite rows: with any of them the answer is NaN */
	Size sorted_count;     /* what a final function has ordered: the largest sorted_depth losses, */
	Size sorted_depth;     /* when there were sorted_count of them */
} TailState;

static inline TailState *
get_state(FunctionCallInfo fcinfo, int arg)
{
	return PG_ARGISNULL(arg) ? NULL : (TailState *) PG_GETARG_POINTER(arg);
}

static Datum
return_state(FunctionCallInfo fcinfo, TailState *state)
{
	if (state == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(state);
}

static TailState *
new_state(MemoryContext context, Size capacity)
{
	TailState *state = MemoryContextAllocZero(context, sizeof(TailState));

	mc_check_state_size(capacity * sizeof(double));
	state->capacity = capacity;
	state->losses = MemoryContextAllocHuge(context, capacity * sizeof(double));
	return state;
}

/* Room for more losses: at least double, up to the limit. */
static pg_noinline void
grow(TailState *state, Size more)
{
	Size limit = (Size) mc_max_state_mb * (1024 * 1024 / sizeof(double));
	Size needed = state->count + more;
	Size capacity = Max(2 * state->capacity, needed);

	mc_check_state_size(needed * sizeof(double));
	capacity = Min(capacity, limit);
	state->losses = repalloc_huge(state->losses, capacity * sizeof(double));
	state->capacity = capacity;
}

static inline void
add_pnl(TailState *state, double pnl)
{
	/* not -pnl: the loss of a P&L of 0 is 0, not -0 */
	double loss = 0 - pnl;

	if (unlikely(!(loss - loss == 0)))
		state->nonfinite++;
	else
	{
		if (unlikely(state->count == state->capacity))
			grow(state, 1);
		state->losses[state->count++] = loss;
	}
}

/* tail_accum(state, pnl, confidence): for expected_shortfall and value_at_risk */
MC_FUNCTION(mc_tail_accum)
{
	TailState *state = get_state(fcinfo, 0);

	if (PG_ARGISNULL(1))
		return return_state(fcinfo, state);
	if (likely(state != NULL))
		mc_tail_confidence_same(&state->settings, fcinfo, 2);
	else
	{
		MemoryContext context = mc_aggregate_context(fcinfo, "tail_accum");

		state = new_state(context, FIRST_CAPACITY);
		mc_tail_confidence_read(&state->settings, fcinfo, 2, context);
	}
	add_pnl(state, PG_GETARG_FLOAT8(1));
	PG_RETURN_POINTER(state);
}

/* ..._accum(state, pnl, confidence, name) */
static inline Datum
named_accum(FunctionCallInfo fcinfo, TailName name)
{
	TailState *state = get_state(fcinfo, 0);

	if (PG_ARGISNULL(1))
		return return_state(fcinfo, state);
	if (likely(state != NULL))
	{
		mc_tail_confidence_same(&state->settings, fcinfo, 2);
		mc_tail_name_same(&state->settings, name, fcinfo, 3);
	}
	else
	{
		MemoryContext context = mc_aggregate_context(fcinfo, "named tail aggregate");

		state = new_state(context, FIRST_CAPACITY);
		mc_tail_confidence_read(&state->settings, fcinfo, 2, context);
		mc_tail_name_read(&state->settings, name, fcinfo, 3, context);
	}
	add_pnl(state, PG_GETARG_FLOAT8(1));
	PG_RETURN_POINTER(state);
}

/* value_at_risk_accum(state, pnl, confidence, quantile_type) */
MC_FUNCTION(mc_value_at_risk_accum)
{
	return named_accum(fcinfo, TAIL_QUANTILE_TYPE);
}

/* expected_shortfall_accum(state, pnl, confidence, method) */
MC_FUNCTION(mc_expected_shortfall_accum)
{
	return named_accum(fcinfo, TAIL_METHOD);
}

/* tail_risk_accum(state, pnl, confidences) */
MC_FUNCTION(mc_tail_risk_accum)
{
	TailState *state = get_state(fcinfo, 0);

	if (PG_ARGISNULL(1))
		return return_state(fcinfo, state);
	if (likely(state != NULL))
		mc_tail_levels_same(&state->settings, fcinfo, 2);
	else
	{
		MemoryContext context = mc_aggregate_context(fcinfo, "tail_risk_accum");

		state = new_state(context, FIRST_CAPACITY);
		mc_tail_levels_read(&state->settings, fcinfo, 2, context);
	}
	add_pnl(state, PG_GETARG_FLOAT8(1));
	PG_RETURN_POINTER(state);
}

/* tail_combine(state, state): concatenation */
MC_FUNCTION(mc_tail_combine)
{
	MemoryContext context = mc_aggregate_context(fcinfo, "tail_combine");
	TailState *state = get_state(fcinfo, 0);
	const TailState *other = get_state(fcinfo, 1);

	if (other == NULL)
		return return_state(fcinfo, state);
	if (state == NULL)
	{
		state = new_state(context, Max(other->count, 1));
		mc_tail_settings_copy(&state->settings, &other->settings, context);
	}
	else
		mc_tail_settings_agree(&state->settings, &other->settings);
	if (state->capacity - state->count < other->count)
		grow(state, other->count);
	memcpy(state->losses + state->count, (const char *) other->losses,
	       other->count * sizeof(double));
	state->count += other->count;
	state->nonfinite += other->nonfinite;
	PG_RETURN_POINTER(state);
}

/* tail_serialize(state) -> bytea: fields, then the losses as one block of bytes */
MC_FUNCTION(mc_tail_serialize)
{
	const TailState *state = get_state(fcinfo, 0);
	Size header = 64 + state->settings.levels * sizeof(double);
	Size block = state->count * sizeof(double);
	StringInfoData buffer;

	if (block > MaxAllocSize - header)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
		                errmsg("partial aggregate state is too large to be sent by a worker"),
		                errdetail("It holds %zu values.", state->count),
		                errhint("Set max_parallel_workers_per_gather to 0 for this query.")));
	pq_begintypsend(&buffer);
	enlargeStringInfo(&buffer, (int) (header + block));
	pq_sendbyte(&buffer, STATE_FORMAT);
	pq_sendbyte(&buffer, state->settings.type);
	pq_sendbyte(&buffer, state->settings.method);
	pq_sendint32(&buffer, state->settings.levels);
	for (int i = 0; i < state->settings.levels; i++)
		pq_sendfloat8(&buffer, state->settings.confidences[i]);
	pq_sendint64(&buffer, state->nonfinite);
	pq_sendint64(&buffer, state->count);
	pq_sendbytes(&buffer, (const char *) state->losses, (int) block);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

/* tail_deserialize(bytea, internal) -> state, which only lives until it is combined */
MC_FUNCTION(mc_tail_deserialize)
{
	bytea *bytes = PG_GETARG_BYTEA_PP(0);
	TailState *state = palloc0(sizeof(TailState));
	StringInfoData buffer = {VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes), 0, 0};

	if (pq_getmsgbyte(&buffer) != STATE_FORMAT)
		elog(ERROR, "unknown format of a tail state");
	state->settings.type = pq_getmsgbyte(&buffer);
	state->settings.method = pq_getmsgbyte(&buffer);
	state->settings.levels = pq_getmsgint(&buffer, 4);
	state->settings.confidences = palloc(state->settings.levels * sizeof(double));
	for (int i = 0; i < state->settings.levels; i++)
		state->settings.confidences[i] = pq_getmsgfloat8(&buffer);
	state->settings.confidence = state->settings.confidences[0];
	state->nonfinite = pq_getmsgint64(&buffer);
	state->count = pq_getmsgint64(&buffer);
	state->losses = (double *) pq_getmsgbytes(&buffer, (int) (state->count * sizeof(double)));
	pq_getmsgend(&buffer);
	PG_RETURN_POINTER(state);
}

/* Bring the largest losses to the front, in descending order. */
static const double *
largest_losses(TailState *state, Size depth)
{
	if (state->sorted_count != state->count || state->sorted_depth < depth)
	{
		state->sorted_count = 0;
		mc_check_status(
		    mc_tail_largest_in_place(state->losses, state->count, depth, &mc_interrupt_poll));
		state->sorted_count = state->count;
		state->sorted_depth = depth;
	}
	return state->losses;
}

/* No row: NULL.  A NaN or infinite one: NaN. */
#define RETURN_IF_NO_TAIL(state)                                         \
	do                                                                   \
	{                                                                    \
		if ((state) == NULL || (state)->count + (state)->nonfinite == 0) \
			PG_RETURN_NULL();                                            \
		if ((state)->nonfinite > 0)                                      \
			PG_RETURN_FLOAT8(get_float8_nan());                          \
	} while (0)

MC_FUNCTION(mc_expected_shortfall_final)
{
	TailState *state = get_state(fcinfo, 0);
	const TailSettings *settings;
	const double *losses;

	RETURN_IF_NO_TAIL(state);
	settings = &state->settings;
	losses = largest_losses(
	    state, mc_shortfall_depth(state->count, settings->confidence, settings->method));
	PG_RETURN_FLOAT8(mc_shortfall(losses, state->count, settings->confidence, settings->method));
}

MC_FUNCTION(mc_value_at_risk_final)
{
	TailState *state = get_state(fcinfo, 0);
	McQuantileRank rank;
	const double *losses;

	RETURN_IF_NO_TAIL(state);
	rank = mc_quantile_rank(state->count, state->settings.confidence, state->settings.type);
	losses = largest_losses(state, rank.low);
	PG_RETURN_FLOAT8(mc_quantile_between(losses[rank.low - 1], losses[rank.high - 1], &rank));
}

MC_FUNCTION(mc_tail_risk_final)
{
	TailState *state = get_state(fcinfo, 0);
	const TailSettings *settings;
	const double *losses = NULL;
	TailLevel *levels;
	Size depth = 1;

	if (state == NULL || state->count + state->nonfinite == 0)
		PG_RETURN_NULL();
	settings = &state->settings;
	for (int i = 0; i < settings->levels && state->nonfinite == 0; i++)
	{
		McTailRank rank = mc_tail_rank(state->count, settings->confidences[i]);

		depth = Max(depth, mc_tail_depth(&rank));
	}
	if (state->nonfinite == 0)
		losses = largest_losses(state, depth);

	levels = palloc(settings->levels * sizeof(TailLevel));
	for (int i = 0; i < settings->levels; i++)
	{
		TailLevel *level = &levels[i];

		level->confidence = settings->confidences[i];
		level->value_at_risk = level->expected_shortfall = get_float8_nan();
		if (losses != NULL)
		{
			McTailRank rank = mc_tail_rank(state->count, level->confidence);

			mc_tail_measures(losses, &rank, &level->value_at_risk, &level->expected_shortfall);
		}
	}
	return mc_tail_levels_array(fcinfo, levels, settings->levels);
}

/* The row type of the result, looked up once a query. */
static TupleDesc
level_descriptor(FunctionCallInfo fcinfo)
{
	FmgrInfo *function = fcinfo->flinfo;

	if (function->fn_extra == NULL)
	{
		Oid type = get_element_type(get_fn_expr_rettype(function));
		MemoryContext before = MemoryContextSwitchTo(function->fn_mcxt);

		function->fn_extra = BlessTupleDesc(lookup_rowtype_tupdesc_copy(type, -1));
		MemoryContextSwitchTo(before);
	}
	return function->fn_extra;
}

Datum
mc_tail_levels_array(FunctionCallInfo fcinfo, const TailLevel *levels, int n)
{
	TupleDesc descriptor = level_descriptor(fcinfo);
	Datum *elements = palloc(n * sizeof(Datum));

	for (int i = 0; i < n; i++)
	{
		Datum values[3] = {Float8GetDatum(levels[i].confidence),
		                   Float8GetDatum(levels[i].value_at_risk),
		                   Float8GetDatum(levels[i].expected_shortfall)};
		bool nulls[3] = {false, false, false};

		elements[i] = HeapTupleGetDatum(heap_form_tuple(descriptor, values, nulls));
	}
	PG_RETURN_ARRAYTYPE_P(
	    construct_array(elements, n, descriptor->tdtypeid, -1, false, TYPALIGN_DOUBLE));
}
