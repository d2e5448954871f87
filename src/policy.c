/*
 * policy.c
 *	  Policies: decoding and checking the composite, and policy(name).
 */
#include "compat.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "datatype/timestamp.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "policy.h"

/* The attributes of margin_calib.margin_policy (sql/parts/10_types.sql), in order. */
typedef enum PolicyField
{
	F_NAME,
	F_VERSION,
	F_CONFIDENCE,
	F_MEASURE,
	F_MODEL,
	F_EWMA_LAMBDA,
	F_WEIGHT_DECAY,
	F_EVT_TAIL,
	F_REFIT_INTERVAL,
	F_HORIZON,
	F_HORIZON_METHOD,
	F_LOOKBACK,
	F_MIN_RETURNS,
	F_STRESS_WEIGHT,
	F_STRESS_WINDOW,
	F_BUFFER,
	F_BUFFER_RECOVERY,
	F_FLOOR_LOOKBACK,
	F_MINIMUM_RATE,
	F_MAXIMUM_RATE,
	F_FALLBACK_RATE,
	F_MAINTENANCE_RATIO,
	F_ROUNDING_STEP,
	F_SYMMETRIC,
	F_LOOKBACK_TIME,
	F_RISE_PER_STEP,
	F_RISE_PER_DAY,
	F_RISE_AFTER_BREACH,
	F_FALL_PER_DAY,
	F_DEAD_AFTER,
	F_RESTART_GAP,
	F_BAR_INTERVAL,
	F_JUMP_BOUND,
	F_STALE_AFTER,
	F_COUNT
} PolicyField;

#define F_FIRST_OPTIONAL F_LOOKBACK_TIME

void
mc_policy_missing(void)
{
	ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("policy must not be null"),
	                errhint("Write margin_calib.policy('crypto_venue'); "
	                        "margin_calib.policy_list has the names.")));
}

static void
deform(HeapTupleHeader header, Datum *values, bool *nulls)
{
	TupleDesc desc =
	    lookup_rowtype_tupdesc(HeapTupleHeaderGetTypeId(header), HeapTupleHeaderGetTypMod(header));
	HeapTupleData tuple;

	/* the argument type is margin_policy, so this can only be an older version of the type */
	if (desc->natts != F_COUNT || TupleDescAttr(desc, F_STALE_AFTER)->atttypid != INTERVALOID)
	{
		ReleaseTupleDesc(desc);
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
		                errmsg("margin_policy does not have the fields of this library"),
		                errhint("Run ALTER EXTENSION margin_calib UPDATE.")));
	}
	tuple.t_len = HeapTupleHeaderGetDatumLength(header);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	tuple.t_data = header;
	heap_deform_tuple(&tuple, desc, values, nulls);
	for (int i = 0; i < F_FIRST_OPTIONAL; i++)
		if (nulls[i])
		{
			char *field = pstrdup(NameStr(TupleDescAttr(desc, i)->attname));

			ReleaseTupleDesc(desc);
			ereport(ERROR,
			        (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s must not be null", field),
			         errdetail("Only the fields that set_policy can unset may be null."),
			         errhint("Start from a whole policy: margin_calib.set_policy('mine', "
			                 "based_on => 'crypto_venue', ...).")));
		}
	ReleaseTupleDesc(desc);
}

static bool
choice_decode(const char *field, Datum value, const char *yes, const char *no)
{
	char *given = TextDatumGetCString(value);

	if (strcmp(given, yes) == 0)
		return true;
	if (strcmp(given, no) != 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("%s must be %s or %s", field, yes, no),
		                errdetail("The %s given is \"%s\".", field, given),
		                errhint("Write one of the two names in full.")));
	return false;
}

/* microseconds, a month counting 30 days and a day 24 hours; saturates */
static int64
interval_microseconds(Datum value)
{
	const Interval *span = DatumGetIntervalP(value);
	double approximate =
	    ((double) span->month * DAYS_PER_MONTH + span->day) * USECS_PER_DAY + (double) span->time;

	if (fabs(approximate) > 9e18)
		return approximate > 0 ? PG_INT64_MAX : PG_INT64_MIN;
	/* months and a time of opposite signs may each be wider than an int64 where their sum is not */
	return ((int64) span->month * DAYS_PER_MONTH + span->day + span->time / USECS_PER_DAY) *
	           USECS_PER_DAY +
	       span->time % USECS_PER_DAY;
}

/* what is not given is `absent`; a given value that is not positive stays for the check to refuse */
static double
limit_decode(const Datum *values, const bool *nulls, PolicyField field, double absent)
{
	return nulls[field] ? absent : DatumGetFloat8(values[field]);
}

/* 0 says that a field is not given, so it cannot be a value */
static void
zero_refuse(const char *field, const char *name)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s must be positive", field),
	                errdetail("Policy \"%s\" has %s = 0.", name, field),
	                errhint("Leave it NULL, as set_policy(..., unset => '{%s}') does.", field)));
}

static int64
span_decode(const Datum *values, const bool *nulls, PolicyField field, const char *label,
            const char *name)
{
	int64 span;

	if (nulls[field])
		return 0;
	span = interval_microseconds(values[field]);
	if (span == 0)
		zero_refuse(label, name);
	return span;
}

static void
optional_decode(const Datum *values, const bool *nulls, const char *name, McPolicy *p)
{
	p->lookback_time = span_decode(values, nulls, F_LOOKBACK_TIME, "lookback_time", name);
	p->rise_per_step = limit_decode(values, nulls, F_RISE_PER_STEP, INFINITY);
	p->rise_per_day = limit_decode(values, nulls, F_RISE_PER_DAY, INFINITY);
	p->rise_after_breach = limit_decode(values, nulls, F_RISE_AFTER_BREACH, 0);
	p->fall_per_day = limit_decode(values, nulls, F_FALL_PER_DAY, 1);
	p->dead_after = nulls[F_DEAD_AFTER] ? 0 : DatumGetInt32(values[F_DEAD_AFTER]);
	if (!nulls[F_DEAD_AFTER] && p->dead_after == 0)
		zero_refuse("dead_after", name);
	p->restart_gap = span_decode(values, nulls, F_RESTART_GAP, "restart_gap", name);
	p->has_bar_interval = !nulls[F_BAR_INTERVAL];
	p->bar_interval = p->has_bar_interval ? interval_microseconds(values[F_BAR_INTERVAL]) : 0;
	p->has_jump_bound = !nulls[F_JUMP_BOUND];
	p->jump_bound = p->has_jump_bound ? DatumGetFloat8(values[F_JUMP_BOUND]) : 0;
	p->has_stale_after = !nulls[F_STALE_AFTER];
	p->stale_after = p->has_stale_after ? interval_microseconds(values[F_STALE_AFTER]) : 0;
}

/* the model's text, parsed; an error quotes the part that is wrong */
static void
model_decode(McNamedPolicy *named, Datum value)
{
	McModelFault fault;

	named->model = TextDatumGetCString(value);
	if (mc_model_parse(named->model, strlen(named->model), &named->policy.model, &fault))
		return;
	/* the kernel counts bytes, a message has whole characters */
	if (fault.length == 1)
		fault.length = pg_mblen(named->model + fault.at);
	ereport(ERROR,
	        (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s", fault.rule),
	         errdetail("Policy \"%s\" has model = \"%s\"; what is meant is \"%.*s\".", named->name,
	                   named->model, (int) fault.length, named->model + fault.at),
	         errhint("%s", fault.hint)));
}

static bool
is_span(const char *field)
{
	static const char *const spans[] = {"bar_interval", "stale_after", "lookback_time",
	                                    "restart_gap"};

	for (int i = 0; i < lengthof(spans); i++)
		if (strcmp(field, spans[i]) == 0)
			return true;
	return false;
}

static void
fault_raise(const McPolicyFault *fault, const McNamedPolicy *named)
{
	ereport(ERROR,
	        (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s", fault->rule),
	         errdetail("Policy \"%s\" has %s = %.15g%s.", named->name, fault->field, fault->value,
	                   is_span(fault->field) ? " seconds" : ""),
	         fault->hint != NULL
	             ? errhint("%s", fault->hint)
	             : errhint("At this confidence and horizon the lookback must be at least %lld.",
	                       (long long) fault->least)));
}

void
mc_policy_decode(HeapTupleHeader tuple, McNamedPolicy *named)
{
	Datum values[F_COUNT];
	bool nulls[F_COUNT];
	McPolicy *p = &named->policy;
	McPolicyFault fault;

	deform(tuple, values, nulls);
	named->name = TextDatumGetCString(values[F_NAME]);
	named->version = DatumGetInt32(values[F_VERSION]);
	p->confidence = DatumGetFloat8(values[F_CONFIDENCE]);
	p->measure = choice_decode("measure", values[F_MEASURE], "expected_shortfall", "value_at_risk")
	                 ? MC_EXPECTED_SHORTFALL
	                 : MC_VALUE_AT_RISK;
	model_decode(named, values[F_MODEL]);
	p->ewma_lambda = DatumGetFloat8(values[F_EWMA_LAMBDA]);
	p->weight_decay = DatumGetFloat8(values[F_WEIGHT_DECAY]);
	p->evt_tail = DatumGetFloat8(values[F_EVT_TAIL]);
	p->refit_interval = DatumGetInt32(values[F_REFIT_INTERVAL]);
	p->horizon = DatumGetInt32(values[F_HORIZON]);
	p->scaled_horizon =
	    choice_decode("horizon_method", values[F_HORIZON_METHOD], "scaled", "overlapping");
	p->lookback = DatumGetInt32(values[F_LOOKBACK]);
	p->min_returns = DatumGetInt32(values[F_MIN_RETURNS]);
	p->stress_weight = DatumGetFloat8(values[F_STRESS_WEIGHT]);
	p->stress_window = DatumGetInt32(values[F_STRESS_WINDOW]);
	p->buffer = DatumGetFloat8(values[F_BUFFER]);
	p->buffer_recovery = DatumGetInt32(values[F_BUFFER_RECOVERY]);
	p->floor_lookback = DatumGetInt32(values[F_FLOOR_LOOKBACK]);
	p->minimum_rate = DatumGetFloat8(values[F_MINIMUM_RATE]);
	p->maximum_rate = DatumGetFloat8(values[F_MAXIMUM_RATE]);
	p->fallback_rate = DatumGetFloat8(values[F_FALLBACK_RATE]);
	p->maintenance_ratio = DatumGetFloat8(values[F_MAINTENANCE_RATIO]);
	p->rounding_step = DatumGetFloat8(values[F_ROUNDING_STEP]);
	p->symmetric_rates = DatumGetBool(values[F_SYMMETRIC]);
	optional_decode(values, nulls, named->name, p);

	if (named->name[0] == '\0' || named->version < 1)
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		         errmsg("a policy needs a name and a version of at least 1"),
		         errdetail("The name is \"%s\", the version %d.", named->name, named->version),
		         errhint("margin_calib.set_policy(...) gives both.")));
	if (!mc_policy_check(p, &fault))
		fault_raise(&fault, named);
}

bool
mc_named_policy_equal(const McNamedPolicy *a, const McNamedPolicy *b)
{
	return a->version == b->version && strcmp(a->name, b->name) == 0 &&
	       mc_policy_equal(&a->policy, &b->policy);
}

/* check_policy(margin_policy) -> margin_policy: the policy itself, or an error */
MC_FUNCTION(mc_check_policy)
{
	McNamedPolicy named;

	if (PG_ARGISNULL(0))
		mc_policy_missing();
	mc_policy_decode(PG_GETARG_HEAPTUPLEHEADER(0), &named);
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

/*
 * What this call site has read, under which snapshot.  A query has one snapshot, but PL/pgSQL
 * keeps the expressions of a transaction and evaluates them again under later ones.
 */
typedef struct CachedPolicy
{
	struct CachedPolicy *next;
	Datum policy;
	int name_length;
	char name[FLEXIBLE_ARRAY_MEMBER];
} CachedPolicy;

typedef struct PolicyCache
{
	MemoryContext context; /* of the entries */
	CachedPolicy *first;
	CommandId command;
	TransactionId xmin;
	TransactionId xmax;
	uint64 completed;
} PolicyCache;

/* "a, b and c" is not worth its grammar: comma-separated names */
static char *
policy_names(void)
{
	char *names;

	if (SPI_execute("SELECT pg_catalog.string_agg(name, ', ' ORDER BY name)"
	                " FROM margin_calib.policy_list",
	                true, 1) != SPI_OK_SELECT ||
	    SPI_processed != 1)
		elog(ERROR, "could not read the names of the policies");
	names = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
	return names != NULL ? names : "none";
}

/* the current version of a policy, allocated in `context`; an error for an unknown name */
static Datum
policy_read(text *name, MemoryContext context)
{
	Oid type = TEXTOID;
	Datum argument = PointerGetDatum(name);
	MemoryContext old;
	Datum policy;
	bool isnull;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	if (SPI_execute_with_args(
	        "SELECT ROW(name, version, confidence, measure, model, ewma_lambda, weight_decay,"
	        " evt_tail, refit_interval, horizon, horizon_method, lookback, min_returns,"
	        " stress_weight, stress_window, buffer, buffer_recovery, floor_lookback,"
	        " minimum_rate, maximum_rate, fallback_rate, maintenance_ratio, rounding_step,"
	        " symmetric_rates, lookback_time, rise_per_step, rise_per_day, rise_after_breach,"
	        " fall_per_day, dead_after, restart_gap, bar_interval, jump_bound,"
	        " stale_after)::margin_calib.margin_policy"
	        " FROM margin_calib.policy_list WHERE name OPERATOR(pg_catalog.=) $1",
	        1, &type, &argument, NULL, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not read policies");
	if (SPI_processed == 0)
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
		                errmsg("there is no policy \"%s\"", text_to_cstring(name)),
		                errhint("The policies are: %s. margin_calib.set_policy(...) makes one.",
		                        policy_names())));
	policy = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull);
	old = MemoryContextSwitchTo(context);
	policy = PointerGetDatum(DatumGetHeapTupleHeaderCopy(policy));
	MemoryContextSwitchTo(old);
	SPI_finish();
	return policy;
}

static PolicyCache *
cache_open(FmgrInfo *flinfo)
{
	PolicyCache *cache = flinfo->fn_extra;
	Snapshot now = GetActiveSnapshot();

	if (cache != NULL && cache->command == now->curcid && cache->xmax == now->xmax &&
	    cache->xmin == now->xmin && cache->completed == now->snapXactCompletionCount)
		return cache;
	if (cache == NULL)
	{
		cache = MemoryContextAllocZero(flinfo->fn_mcxt, sizeof(PolicyCache));
		cache->context =
		    AllocSetContextCreate(flinfo->fn_mcxt, "margin_calib policies", ALLOCSET_SMALL_SIZES);
		flinfo->fn_extra = cache;
	}
	cache->first = NULL;
	MemoryContextReset(cache->context);
	cache->command = now->curcid;
	cache->xmin = now->xmin;
	cache->xmax = now->xmax;
	cache->completed = now->snapXactCompletionCount;
	return cache;
}

/* policy(name) -> margin_policy: read once a query and call site, then from memory */
MC_FUNCTION(mc_policy)
{
	text *name = PG_GETARG_TEXT_PP(0);
	int length = VARSIZE_ANY_EXHDR(name);
	PolicyCache *cache = cache_open(fcinfo->flinfo);
	CachedPolicy *entry;

	for (entry = cache->first; entry != NULL; entry = entry->next)
		if (entry->name_length == length && memcmp(entry->name, VARDATA_ANY(name), length) == 0)
			PG_RETURN_DATUM(entry->policy);

	entry = MemoryContextAlloc(cache->context, offsetof(CachedPolicy, name) + length);
	entry->policy = policy_read(name, cache->context);
	entry->name_length = length;
	memcpy(entry->name, VARDATA_ANY(name), length);
	entry->next = cache->first;
	cache->first = entry;
	PG_RETURN_DATUM(entry->policy);
}
