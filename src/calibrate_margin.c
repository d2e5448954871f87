/*
 * calibrate_margin.c
 *	  calibrate_margin(ts, price, policy): a whole calibration as an aggregate; calibrate_all(...):
 *	  the same for every instrument of a relation.
 *
 * A transition only appends.  The order of arrival does not matter: the final function sorts, by a
 * complete order, so rows may come from any plan, from parallel workers and in a growing frame.
 */
#include "compat.h"

#include "funcapi.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "calibrate_margin.h"
#include "errors.h"
#include "series_scan.h"

#define FIRST_CAPACITY 64
#define ROW_SIZE (sizeof(int64) + sizeof(double))
#define STATE_FORMAT 2

static HeapTupleHeader
tuple_copy(HeapTupleHeader tuple)
{
	HeapTupleHeader copy;

	if (tuple == NULL)
		return NULL;
	copy = palloc(VARSIZE(tuple));
	memcpy(copy, tuple, VARSIZE(tuple));
	return copy;
}

McCalibrateState *
mc_calibrate_state_create(MemoryContext context, HeapTupleHeader policy, HeapTupleHeader path)
{
	MemoryContext old = MemoryContextSwitchTo(context);
	McCalibrateState *state = palloc0(sizeof(McCalibrateState));

	state->context = context;
	state->policy = tuple_copy(policy);
	state->path = tuple_copy(path);
	if (policy != NULL)
		mc_policy_decode(state->policy, &state->named);
	MemoryContextSwitchTo(old);
	return state;
}

void
mc_calibrate_state_reserve(McCalibrateState *state, Size wanted)
{
	Size capacity;

	if (wanted <= state->capacity)
		return;
	capacity = mc_grown_capacity(Max(state->capacity, FIRST_CAPACITY / 2), wanted, ROW_SIZE);
	/* counts are integers in the result */
	if (wanted > PG_INT32_MAX)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
		                errmsg("too many prices of one instrument"),
		                errdetail("The limit is %d.", PG_INT32_MAX),
		                errhint("Calibrate on longer bars or a shorter history.")));
	if (state->rows.ts == NULL)
	{
		state->rows.ts = MemoryContextAllocHuge(state->context, capacity * sizeof(int64));
		state->rows.price = MemoryContextAllocHuge(state->context, capacity * sizeof(double));
	}
	else
	{
		state->rows.ts = repalloc_huge(state->rows.ts, capacity * sizeof(int64));
		state->rows.price = repalloc_huge(state->rows.price, capacity * sizeof(double));
	}
	state->capacity = capacity;
}

/* another policy in the group, unless it only came about in another way */
static void
policy_compare(const McCalibrateState *state, HeapTupleHeader policy)
{
	McNamedPolicy other;

	mc_policy_decode(policy, &other);
	if (!mc_named_policy_equal(&state->named, &other))
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		         errmsg("policy must be the same in all rows of a group"),
		         errdetail("Policy \"%s\" version %d met policy \"%s\" version %d.",
		                   state->named.name, state->named.version, other.name, other.version),
		         errhint("Group by the policy as well, or give every row of an instrument the "
		                 "same policy.")));
}

static inline bool
tuple_same(HeapTupleHeader a, HeapTupleHeader b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return VARSIZE(a) == VARSIZE(b) && memcmp(a, b, VARSIZE(a)) == 0;
}

static inline void
settings_check_same(const McCalibrateState *state, HeapTupleHeader policy, HeapTupleHeader path)
{
	if (!tuple_same(policy, state->policy))
		policy_compare(state, policy);
	if (!tuple_same(path, state->path))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("path must be the same in all rows of a group"),
		                errhint("Join the one path of each instrument to its prices.")));
}

/* calibrate_margin_accum(internal, timestamptz, float8, margin_policy [, margin_path]) -> internal */
MC_FUNCTION(mc_calibrate_margin_accum)
{
	McCalibrateState *state = PG_ARGISNULL(0) ? NULL : (McCalibrateState *) PG_GETARG_POINTER(0);
	HeapTupleHeader policy;
	HeapTupleHeader path = NULL;

	if (PG_ARGISNULL(3))
		mc_policy_missing();
	policy = PG_GETARG_HEAPTUPLEHEADER(3);
	if (PG_NARGS() > 4 && !PG_ARGISNULL(4))
		path = PG_GETARG_HEAPTUPLEHEADER(4);
	if (state == NULL)
		state = mc_calibrate_state_create(mc_aggregate_context(fcinfo, "calibrate_margin_accum"),
		                                  policy, path);
	else
		settings_check_same(state, policy, path);

	mc_calibrate_state_add(state, fcinfo);
	PG_RETURN_POINTER(state);
}

static void
rows_append(McCalibrateState *state, const int64 *ts, const double *price, Size n)
{
	if (n == 0)
		return;
	mc_calibrate_state_reserve(state, add_size(state->rows.n, n));
	memcpy(state->rows.ts + state->rows.n, ts, n * sizeof(int64));
	memcpy(state->rows.price + state->rows.n, price, n * sizeof(double));
	state->rows.n += n;
}

/* calibrate_margin_combine(internal, internal) -> internal */
MC_FUNCTION(mc_calibrate_margin_combine)
{
	MemoryContext context = mc_aggregate_context(fcinfo, "calibrate_margin_combine");
	McCalibrateState *state = PG_ARGISNULL(0) ? NULL : (McCalibrateState *) PG_GETARG_POINTER(0);
	McCalibrateState *other = PG_ARGISNULL(1) ? NULL : (McCalibrateState *) PG_GETARG_POINTER(1);

	if (other == NULL)
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(state);
	}
	if (state == NULL)
		state = mc_calibrate_state_create(context, other->policy, other->path);
	else
		settings_check_same(state, other->policy, other->path);
	rows_append(state, other->rows.ts, other->rows.price, other->rows.n);
	state->rows.rejected += other->rows.rejected;
	PG_RETURN_POINTER(state);
}

static int
tuple_size(HeapTupleHeader tuple)
{
	return tuple == NULL ? 0 : (int) VARSIZE(tuple);
}

static void
tuple_send(StringInfo buffer, HeapTupleHeader tuple)
{
	int size = tuple_size(tuple);

	pq_sendint32(buffer, size);
	if (size > 0)
		pq_sendbytes(buffer, (const char *) tuple, size);
}

static HeapTupleHeader
tuple_receive(StringInfo buffer)
{
	int size = (int) pq_getmsgint(buffer, 4);
	HeapTupleHeader tuple;

	if (size == 0)
		return NULL;
	tuple = palloc(size);
	pq_copymsgbytes(buffer, (char *) tuple, size);
	return tuple;
}

/* calibrate_margin_serialize(internal) -> bytea: format, rejected, policy, path, times, prices */
MC_FUNCTION(mc_calibrate_margin_serialize)
{
	const McCalibrateState *state = (const McCalibrateState *) PG_GETARG_POINTER(0);
	Size bytes = mul_size(state->rows.n, ROW_SIZE);
	StringInfoData buffer;

	mc_aggregate_context(fcinfo, "calibrate_margin_serialize");
	if (add_size(bytes, tuple_size(state->policy) + 1024) > MaxAllocSize)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
		                errmsg("aggregate state is too large to leave a parallel worker"),
		                errdetail("It holds %zu prices.", state->rows.n),
		                errhint("Set max_parallel_workers_per_gather to 0 for this query.")));
	pq_begintypsend(&buffer);
	pq_sendbyte(&buffer, STATE_FORMAT);
	pq_sendint64(&buffer, state->rows.rejected);
	pq_sendint64(&buffer, (int64) state->rows.n);
	tuple_send(&buffer, state->policy);
	tuple_send(&buffer, state->path);
	pq_sendbytes(&buffer, (const char *) state->rows.ts, state->rows.n * sizeof(int64));
	pq_sendbytes(&buffer, (const char *) state->rows.price, state->rows.n * sizeof(double));
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

/* calibrate_margin_deserialize(bytea, internal) -> internal */
MC_FUNCTION(mc_calibrate_margin_deserialize)
{
	bytea *bytes = PG_GETARG_BYTEA_PP(0);
	McCalibrateState *state;
	StringInfoData buffer;
	int64 rejected;
	Size n;
	HeapTupleHeader policy;

	mc_aggregate_context(fcinfo, "calibrate_margin_deserialize");
	initStringInfo(&buffer);
	appendBinaryStringInfo(&buffer, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
	if (pq_getmsgbyte(&buffer) != STATE_FORMAT)
		elog(ERROR, "unknown format of a calibrate_margin state");
	rejected = pq_getmsgint64(&buffer);
	n = (Size) pq_getmsgint64(&buffer);
	policy = tuple_receive(&buffer);
	state = mc_calibrate_state_create(CurrentMemoryContext, policy, tuple_receive(&buffer));
	state->rows.rejected = rejected;
	mc_calibrate_state_reserve(state, n);
	state->rows.n = n;
	if (n > 0)
	{
		pq_copymsgbytes(&buffer, (char *) state->rows.ts, n * sizeof(int64));
		pq_copymsgbytes(&buffer, (char *) state->rows.price, n * sizeof(double));
	}
	pq_getmsgend(&buffer);
	pfree(buffer.data);
	PG_RETURN_POINTER(state);
}

/* the result type, looked up once a query */
static TupleDesc
result_type(FunctionCallInfo fcinfo)
{
	FmgrInfo *flinfo = fcinfo->flinfo;

	if (flinfo->fn_extra == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(flinfo->fn_mcxt);
		TupleDesc desc;

		if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
			elog(ERROR, "calibrate_margin must return a row type");
		mc_calibration_check_type(desc);
		flinfo->fn_extra = BlessTupleDesc(CreateTupleDescCopy(desc));
		MemoryContextSwitchTo(old);
	}
	return flinfo->fn_extra;
}

/* calibrate_margin_final(internal) -> margin_calibration; NULL without a row */
MC_FUNCTION(mc_calibrate_margin_final)
{
	McCalibrateState *state = PG_ARGISNULL(0) ? NULL : (McCalibrateState *) PG_GETARG_POINTER(0);

	mc_aggregate_context(fcinfo, "calibrate_margin_final");
	if (state == NULL)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(
	    mc_calibration_build(&state->rows, &state->named, state->path, result_type(fcinfo)));
}
