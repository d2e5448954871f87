/*
 * risk_store.c
 *	  Risk vectors of a query, each kept once however many rows have it.
 */
#include "risk_store.h"

#include "access/detoast.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "errors.h"

/* Where a value lies out of line: the same place has the same value while a query runs. */
typedef struct Place
{
	Oid relation;
	Oid value;
} Place;

typedef struct Placed
{
	Place place;
	const McStoredRisk *stored;
} Placed;

/* What a query keeps: vectors by their digest, and by the place that they were read from. */
typedef struct Store
{
	HTAB *vectors;
	HTAB *places;
	Size bytes; /* of all vectors */
} Store;

static HTAB *
make_table(const char *name, Size key, Size entry, MemoryContext context)
{
	HASHCTL control = {.keysize = key, .entrysize = entry, .hcxt = context};

	return hash_create(name, 256, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

static Store *
store_of(FunctionCallInfo fcinfo)
{
	FmgrInfo *function = fcinfo->flinfo;
	Store *store = function->fn_extra;

	if (store == NULL)
	{
		store = MemoryContextAllocZero(function->fn_mcxt, sizeof(Store));
		store->vectors = make_table("margin_calib risk vectors", sizeof(uint64),
		                            sizeof(McStoredRisk), function->fn_mcxt);
		store->places = make_table("margin_calib places of risk vectors", sizeof(Place),
		                           sizeof(Placed), function->fn_mcxt);
		function->fn_extra = store;
	}
	return store;
}

static void
describe(McRiskVector *vector, McUnitRisk *risk)
{
	const double *numbers = vector->numbers;

	*risk = (McUnitRisk){
	    .pnl = mc_risk_pnl(vector),
	    .base = numbers[MC_RISK_BASE],
	    .underlying = (long long) vector->underlying,
	    .group = vector->expiry,
	    .years = numbers[MC_RISK_YEARS],
	    .long_discount = numbers[MC_RISK_LONG_DISCOUNT],
	    .short_discount = numbers[MC_RISK_SHORT_DISCOUNT],
	    .kind = vector->kind,
	    .is_call = (vector->flags & MC_RISK_IS_CALL) != 0,
	    .strike = numbers[MC_RISK_STRIKE],
	    .notional = numbers[MC_RISK_NOTIONAL],
	    .delta = numbers[MC_RISK_DELTA],
	    .vega = numbers[MC_RISK_VEGA],
	    .confidence = numbers[MC_RISK_CONFIDENCE],
	    .haircut = {numbers[MC_RISK_INITIAL_HAIRCUT], numbers[MC_RISK_MAINTENANCE_HAIRCUT]}};
}

static const McStoredRisk *
keep_vector(FunctionCallInfo fcinfo, McRiskVector *vector)
{
	Store *store = store_of(fcinfo);
	McStoredRisk *stored = hash_search(store->vectors, &vector->digest, HASH_FIND, NULL);
	McRiskVector *copy;
	bool found;

	if (stored != NULL)
		return stored;
	mc_check_state_size(store->bytes + VARSIZE(vector));
	copy = MemoryContextAllocHuge(fcinfo->flinfo->fn_mcxt, VARSIZE(vector));
	memcpy(copy, vector, VARSIZE(vector));
	store->bytes += VARSIZE(vector);
	stored = hash_search(store->vectors, &vector->digest, HASH_ENTER, &found);
	stored->vector = copy;
	describe(copy, &stored->risk);
	return stored;
}

const McStoredRisk *
mc_risk_argument(FunctionCallInfo fcinfo, int arg)
{
	struct varlena *value = (struct varlena *) PG_GETARG_POINTER(arg);
	struct varatt_external pointer;
	Place place;
	Placed *placed;
	bool found;

	if (!VARATT_IS_EXTERNAL_ONDISK(value))
		return keep_vector(fcinfo, PG_GETARG_RISK_VECTOR(arg));
	VARATT_EXTERNAL_GET_POINTER(pointer, value);
	place = (Place){pointer.va_toastrelid, pointer.va_valueid};
	placed = hash_search(store_of(fcinfo)->places, &place, HASH_FIND, NULL);
	if (placed == NULL)
	{
		const McStoredRisk *stored = keep_vector(fcinfo, PG_GETARG_RISK_VECTOR(arg));

		placed = hash_search(store_of(fcinfo)->places, &place, HASH_ENTER, &found);
		placed->stored = stored;
	}
	return placed->stored;
}
