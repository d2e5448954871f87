/*
 * portfolio_margin.c
 *	  The aggregate margin_calib.portfolio_margin: margin of the positions of one account.
 *
 * Vectors are kept once a query, however many accounts hold the instrument; a state is a list of quantities.  The sums
 * are taken by the final function, in the order of groups and names, so that neither the order of the rows nor how they
 * were spread over workers ever matters.
 */
#include "compat.h"

#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "utils/memutils.h"

#include "account_margin.h"
#include "errors.h"
#include "sample.h"
#include "settings.h"

#define ARG_METHOD 3
#define FIRST_CAPACITY 16
#define STATE_FORMAT 1

typedef struct State
{
	McRiskStore *store; /* of the vectors of all positions */
	McPosition *positions;
	Size count;
	Size capacity;
	McSettings method;
} State;

/* Is there one?  NULL stands for the default, as leaving it out does. */
static bool
has_method(FunctionCallInfo fcinfo)
{
	return PG_NARGS() > ARG_METHOD && !PG_ARGISNULL(ARG_METHOD);
}

static void
check_method_given(bool given, bool other)
{
	if (given != other)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("the method of a portfolio is NULL in some rows"),
		                errhint("Write the same method, or NULL, for all rows of a group.")));
}

static State *
new_state(MemoryContext context, McRiskStore *store, Size capacity)
{
	State *state = MemoryContextAllocZero(context, sizeof(State));

	mc_check_state_size(mul_size(capacity, sizeof(McPosition)));
	state->store = store;
	state->capacity = capacity;
	state->positions = MemoryContextAllocHuge(context, capacity * sizeof(McPosition));
	return state;
}

static void
make_room(State *state, Size more)
{
	if (state->capacity - state->count >= more)
		return;
	state->capacity =
	    mc_grown_capacity(state->capacity, add_size(state->count, more), sizeof(McPosition));
	state->positions = repalloc_huge(state->positions, state->capacity * sizeof(McPosition));
}

static void
add_position(State *state, const McStoredRisk *stored, double quantity)
{
	if (state->count > 0)
		mc_check_same_set(state->positions[0].stored, stored);
	state->positions[state->count++] = (McPosition){stored, quantity};
}

/* portfolio_margin_accum(internal, quantity float8, vector risk_vector [, method]) -> internal */
MC_FUNCTION(mc_portfolio_margin_accum)
{
	MemoryContext context = mc_aggregate_context(fcinfo, "portfolio_margin_accum");
	State *state = PG_ARGISNULL(0) ? NULL : (State *) PG_GETARG_POINTER(0);

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(state);
	}
	if (state == NULL)
	{
		state = new_state(context, mc_risk_store(fcinfo), FIRST_CAPACITY);
		if (has_method(fcinfo))
			mc_settings_read(&state->method, fcinfo, ARG_METHOD, context);
	}
	else
	{
		check_method_given(mc_setting_given(&state->method, 0), has_method(fcinfo));
		if (has_method(fcinfo))
			mc_settings_compare(&state->method, fcinfo, ARG_METHOD);
	}
	make_room(state, 1);
	mc_check_quantity(PG_GETARG_FLOAT8(1));
	add_position(state, mc_risk_store_datum(state->store, PG_GETARG_DATUM(2)), PG_GETARG_FLOAT8(1));
	PG_RETURN_POINTER(state);
}

/* portfolio_margin_combine(internal, internal) -> internal */
MC_FUNCTION(mc_portfolio_margin_combine)
{
	MemoryContext context = mc_aggregate_context(fcinfo, "portfolio_margin_combine");
	State *state = PG_ARGISNULL(0) ? NULL : (State *) PG_GETARG_POINTER(0);
	const State *other = PG_ARGISNULL(1) ? NULL : (const State *) PG_GETARG_POINTER(1);

	if (other == NULL)
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(state);
	}
	if (state == NULL)
	{
		state = new_state(context, mc_risk_store(fcinfo), Max(other->count, 1));
		mc_settings_copy(&state->method, &other->method, context);
	}
	else
	{
		check_method_given(mc_setting_given(&state->method, 0),
		                   mc_setting_given(&other->method, 0));
		mc_settings_agree(&state->method, &other->method);
	}
	make_room(state, other->count);
	for (Size i = 0; i < other->count; i++)
		add_position(state, mc_risk_store_share(state->store, other->positions[i].stored),
		             other->positions[i].quantity);
	PG_RETURN_POINTER(state);
}

/* ---- between processes ---- */

static int
by_vector(const void *left, const void *right)
{
	const McStoredRisk *a = ((const McPosition *) left)->stored;
	const McStoredRisk *b = ((const McPosition *) right)->stored;

	return a->digest < b->digest ? -1 : a->digest > b->digest;
}

static void
send_positions(StringInfo buffer, const McPosition *positions, Size count, bool same_query)
{
	Size first;
	Size end;

	for (first = 0; first < count; first = end)
	{
		CHECK_FOR_INTERRUPTS();
		for (end = first + 1; end < count && positions[end].stored == positions[first].stored;)
			end++;
		mc_risk_send(buffer, positions[first].stored, same_query);
		pq_sendint64(buffer, end - first);
		for (Size i = first; i < end; i++)
			pq_sendfloat8(buffer, positions[i].quantity);
	}
}

/*
 * Is it the executor that sends a partial state to another process of the query?  That one can read vectors
 * where they lie.  Who else asks for the bytes of a state (Citus, for another server) has them whole.
 */
static bool
is_same_query(FunctionCallInfo fcinfo)
{
	return fcinfo->context != NULL && IsA(fcinfo->context, AggState) &&
	       DO_AGGSPLIT_SERIALIZE(castNode(AggState, fcinfo->context)->aggsplit);
}

/* portfolio_margin_serialize(internal) -> bytea: each vector once, with its quantities */
MC_FUNCTION(mc_portfolio_margin_serialize)
{
	const State *state = (const State *) PG_GETARG_POINTER(0);
	McPosition *positions = mc_work_space(state->count, sizeof(McPosition));
	StringInfoData buffer;

	memcpy(positions, (const char *) state->positions, state->count * sizeof(McPosition));
	qsort(positions, state->count, sizeof(McPosition), by_vector);
	pq_begintypsend(&buffer);
	pq_sendbyte(&buffer, STATE_FORMAT);
	mc_settings_send(&buffer, &state->method);
	pq_sendint64(&buffer, state->count);
	send_positions(&buffer, positions, state->count, is_same_query(fcinfo));
	pfree(positions);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

/* portfolio_margin_deserialize(bytea, internal) -> state, which only lives until it is combined; its vectors stay */
MC_FUNCTION(mc_portfolio_margin_deserialize)
{
	bytea *bytes = PG_GETARG_BYTEA_PP(0);
	McRiskStore *store = mc_risk_store(fcinfo);
	StringInfoData buffer = {VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes), 0, 0};
	McSettings method;
	State *state;
	Size count;

	if (pq_getmsgbyte(&buffer) != STATE_FORMAT)
		elog(ERROR, "unknown format of a portfolio state");
	mc_settings_receive(&buffer, &method);
	count = pq_getmsgint64(&buffer);
	state = new_state(CurrentMemoryContext, store, count);
	state->method = method;
	while (state->count < count)
	{
		const McStoredRisk *stored = mc_risk_receive(&buffer, store);
		Size quantities = pq_getmsgint64(&buffer);

		for (Size i = 0; i < quantities; i++)
			add_position(state, stored, pq_getmsgfloat8(&buffer));
	}
	pq_getmsgend(&buffer);
	PG_RETURN_POINTER(state);
}

/* ---- the answer ---- */

static McAccountWork *
work_of(FunctionCallInfo fcinfo)
{
	FmgrInfo *function = fcinfo->flinfo;

	if (function->fn_extra == NULL)
		function->fn_extra = mc_account_work_new(function->fn_mcxt, get_fn_expr_rettype(function));
	return function->fn_extra;
}

void
mc_portfolio_hold(const void *aggregate, McAccountWork *work)
{
	const State *state = aggregate;
	McPosition *positions = mc_work_space(state->count, sizeof(McPosition));

	memcpy(positions, (const char *) state->positions, state->count * sizeof(McPosition));
	mc_account_method(work,
	                  mc_setting_given(&state->method, 0) ? &state->method.items[0].value : NULL);
	mc_account_hold(work, state->store, positions, state->count);
	pfree(positions);
}

/* portfolio_margin_final(internal) -> margin_calib.portfolio_margin */
MC_FUNCTION(mc_portfolio_margin_final)
{
	McAccountWork *work;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	work = work_of(fcinfo);
	mc_portfolio_hold(PG_GETARG_POINTER(0), work);
	mc_account_compute(work);
	return mc_account_datum(work, true);
}
