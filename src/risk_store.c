/*
 * risk_store.c
 *	  Risk vectors of a query, each kept once however many rows have it.
 */
#include "risk_store.h"

#include "access/detoast.h"
#include "libpq/pqformat.h"
#include "nodes/pg_list.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "errors.h"

#define CACHE_LINE 64
#define FIRST_SLAB (16 * 1024)
#define LARGEST_SLAB (256 * 1024)

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

typedef struct Keyed
{
	uint64 digest;
	McStoredRisk *stored;
} Keyed;

struct McRiskStore
{
	MemoryContext context;
	HTAB *vectors;        /* by their digest */
	HTAB *places;         /* by the place that they were read from */
	McStoredRisk **array; /* ranked ones first, in the order of their ranks */
	Size count;
	Size capacity;
	Size ranked;
	Size met;        /* how often one without a rank was */
	List *sets;      /* McRiskSet *, one in almost every query */
	char *slab;      /* room for the next vectors */
	Size slab_bytes; /* left in it */
	Size bytes;      /* of all vectors and what is kept of them */
};

static HTAB *
make_table(const char *name, Size key, Size entry, MemoryContext context)
{
	HASHCTL control = {.keysize = key, .entrysize = entry, .hcxt = context};

	return hash_create(name, 256, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

McRiskStore *
mc_risk_store_new(MemoryContext context)
{
	McRiskStore *store = MemoryContextAllocZero(context, sizeof(McRiskStore));

	store->context = context;
	store->vectors =
	    make_table("margin_calib risk vectors", sizeof(uint64), sizeof(Keyed), context);
	store->places =
	    make_table("margin_calib places of risk vectors", sizeof(Place), sizeof(Placed), context);
	store->capacity = 16;
	store->array = MemoryContextAlloc(context, store->capacity * sizeof(McStoredRisk *));
	return store;
}

McRiskStore *
mc_risk_store(FunctionCallInfo fcinfo)
{
	FmgrInfo *function = fcinfo->flinfo;

	if (function->fn_extra == NULL)
		function->fn_extra = mc_risk_store_new(function->fn_mcxt);
	return function->fn_extra;
}

Size
mc_risk_store_bytes(const McRiskStore *store)
{
	return store->bytes;
}

Size
mc_risk_store_count(const McRiskStore *store)
{
	return store->count;
}

static void
count_bytes(McRiskStore *store, Size bytes)
{
	mc_check_state_size(store->bytes + bytes);
	store->bytes += bytes;
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

/* ---- sets ---- */

static bool
is_same_set(McRiskVector *first, McRiskVector *other)
{
	return first->set_digest == other->set_digest && first->scenarios == other->scenarios &&
	       mc_risk_has_roles(first) == mc_risk_has_roles(other) &&
	       first->set_version == other->set_version && first->set_length == other->set_length &&
	       memcmp(mc_risk_set_name(first), mc_risk_set_name(other), first->set_length) == 0;
}

static McScenarioRole *
make_roles(McRiskStore *store, McRiskVector *vector)
{
	McScenarioRole *roles;
	bool plain = true;

	if (!mc_risk_has_roles(vector))
		return NULL;
	count_bytes(store, vector->scenarios * sizeof(McScenarioRole));
	roles = MemoryContextAllocHuge(store->context, vector->scenarios * sizeof(McScenarioRole));
	for (int i = 0; i < vector->scenarios; i++)
	{
		char byte = mc_risk_role_bytes(vector)[i];

		roles[i] = (McScenarioRole){mc_risk_weights(vector)[i], (byte & MC_ROLE_BOTH_WAYS) != 0,
		                            (byte & MC_ROLE_CONTINGENCY) != 0};
		plain &= roles[i].weight == 1 && byte == 0;
	}
	if (!plain)
		return roles;
	pfree(roles);
	return NULL;
}

static const McRiskSet *
set_of(McRiskStore *store, McRiskVector *vector)
{
	MemoryContext before;
	McRiskSet *set;
	ListCell *cell;

	foreach (cell, store->sets)
	{
		set = lfirst(cell);
		if (is_same_set(set->vector, vector))
			return set;
	}
	before = MemoryContextSwitchTo(store->context);
	set = palloc(sizeof(McRiskSet));
	*set = (McRiskSet){vector, vector->scenarios, make_roles(store, vector)};
	store->sets = lappend(store->sets, set);
	MemoryContextSwitchTo(before);
	return set;
}

char *
mc_risk_text(const McStoredRisk *stored)
{
	McRiskVector *vector = stored->vector;

	return psprintf("%s of set %s version %d",
	                pnstrdup(mc_risk_instrument(vector), vector->instrument_length),
	                pnstrdup(mc_risk_set_name(vector), vector->set_length), vector->set_version);
}

static pg_noinline void
refuse_sets(const McStoredRisk *first, const McStoredRisk *other)
{
	ereport(ERROR,
	        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
	         errmsg("risk vectors of different scenario sets cannot be added"),
	         errdetail("One is that of %s (%d scenarios, contents %08x), another that of %s (%d "
	                   "scenarios, contents %08x).",
	                   mc_risk_text(first), first->vector->scenarios,
	                   (uint32) first->vector->set_digest, mc_risk_text(other),
	                   other->vector->scenarios, (uint32) other->vector->set_digest),
	         errhint("Make all of them with margin_calib.scenario_pnl and the same set.")));
}

void
mc_check_same_set(const McStoredRisk *first, const McStoredRisk *other)
{
	if (first->set != other->set && !is_same_set(first->vector, other->vector))
		refuse_sets(first, other);
}

/* ---- vectors ---- */

/* Room for a vector whose profits begin at a line of the cache. */
static McRiskVector *
new_vector(McRiskStore *store, Size bytes)
{
	Size offset = offsetof(McRiskVector, numbers) + MC_RISK_NUMBERS * sizeof(double);
	Size room = bytes + CACHE_LINE;
	Size skip;
	char *place;

	if (store->slab_bytes < room)
	{
		Size slab = Max(room, Min(Max(store->bytes, FIRST_SLAB), LARGEST_SLAB));

		store->slab = MemoryContextAllocHuge(store->context, slab);
		store->slab_bytes = slab;
	}
	skip = (CACHE_LINE - ((uintptr_t) store->slab + offset) % CACHE_LINE) % CACHE_LINE;
	place = store->slab + skip;
	store->slab += MAXALIGN(skip + bytes);
	store->slab_bytes -= Min(store->slab_bytes, MAXALIGN(skip + bytes));
	return (McRiskVector *) place;
}

/* Puts in a vector, which is in the memory of the store or lives as long, unless an equal one is. */
static McStoredRisk *
add_vector(McRiskStore *store, Keyed *keyed, McRiskVector *vector)
{
	McStoredRisk *stored;

	if (store->count == store->capacity)
	{
		store->capacity *= 2;
		store->array = repalloc_huge(store->array, store->capacity * sizeof(McStoredRisk *));
	}
	count_bytes(store, sizeof(McStoredRisk) + sizeof(Keyed) + 2 * sizeof(McStoredRisk *));
	stored = MemoryContextAllocZero(store->context, sizeof(McStoredRisk));
	stored->digest = vector->digest;
	stored->vector = vector;
	stored->set = set_of(store, vector);
	describe(vector, &stored->risk);
	store->array[store->count++] = stored;
	keyed->stored = stored;
	return stored;
}

static McStoredRisk *
keep_vector(McRiskStore *store, McRiskVector *vector)
{
	Keyed *keyed = hash_search(store->vectors, &vector->digest, HASH_FIND, NULL);
	McRiskVector *copy;

	if (keyed != NULL)
		return keyed->stored;
	count_bytes(store, VARSIZE(vector));
	copy = new_vector(store, VARSIZE(vector));
	memcpy(copy, vector, VARSIZE(vector));
	keyed = hash_search(store->vectors, &vector->digest, HASH_ENTER, NULL);
	return add_vector(store, keyed, copy);
}

const McStoredRisk *
mc_risk_store_share(McRiskStore *store, const McStoredRisk *other)
{
	Keyed *keyed = hash_search(store->vectors, &other->digest, HASH_FIND, NULL);
	McStoredRisk *stored;

	if (keyed != NULL)
		return keyed->stored;
	keyed = hash_search(store->vectors, &other->digest, HASH_ENTER, NULL);
	stored = add_vector(store, keyed, other->vector);
	stored->is_placed = other->is_placed;
	stored->position = other->position;
	return stored;
}

/* The vector at a place out of line. */
static const McStoredRisk *
placed_vector(McRiskStore *store, const struct varatt_external *position, Datum datum)
{
	Place place = {position->va_toastrelid, position->va_valueid};
	Placed *placed = hash_search(store->places, &place, HASH_FIND, NULL);
	McRiskVector *vector;
	McStoredRisk *stored;

	if (likely(placed != NULL))
		return placed->stored;
	vector = (McRiskVector *) PG_DETOAST_DATUM(datum);
	stored = keep_vector(store, vector);
	pfree(vector);
	stored->is_placed = true;
	stored->position = *position;
	placed = hash_search(store->places, &place, HASH_ENTER, NULL);
	placed->stored = stored;
	return stored;
}

const McStoredRisk *
mc_risk_store_datum(McRiskStore *store, Datum datum)
{
	struct varlena *value = (struct varlena *) DatumGetPointer(datum);
	struct varatt_external position;

	if (!VARATT_IS_EXTERNAL_ONDISK(value))
		return keep_vector(store, (McRiskVector *) PG_DETOAST_DATUM(datum));
	VARATT_EXTERNAL_GET_POINTER(position, value);
	return placed_vector(store, &position, datum);
}

/* ---- order ---- */

static int
compare_bytes(const char *a, int a_length, const char *b, int b_length)
{
	int order = memcmp(a, b, Min(a_length, b_length));

	return order != 0 ? order : a_length - b_length;
}

static int
compare_underlyings(McRiskVector *a, McRiskVector *b)
{
	return compare_bytes(mc_risk_underlying(a), a->underlying_length, mc_risk_underlying(b),
	                     b->underlying_length);
}

int
mc_compare_instruments(const McStoredRisk *a, const McStoredRisk *b)
{
	int shorter = Min(a->vector->instrument_length, b->vector->instrument_length);
	int order = memcmp(mc_risk_instrument(a->vector), mc_risk_instrument(b->vector), shorter);

	return order != 0 ? order : a->vector->instrument_length - b->vector->instrument_length;
}

int
mc_compare_risks(const McStoredRisk *a, const McStoredRisk *b)
{
	int order = compare_underlyings(a->vector, b->vector);

	if (order != 0)
		return order;
	if (a->risk.group != b->risk.group)
		return a->risk.group < b->risk.group ? -1 : 1;
	return mc_compare_instruments(a, b);
}

static int
by_name(const void *a, const void *b)
{
	return mc_compare_instruments(*(McStoredRisk *const *) a, *(McStoredRisk *const *) b);
}

static int
by_rank(const void *a, const void *b)
{
	return mc_compare_risks(*(McStoredRisk *const *) a, *(McStoredRisk *const *) b);
}

void
mc_risk_store_rank(McRiskStore *store)
{
	store->met = 0;
	if (store->ranked == store->count)
		return;
	qsort(store->array, store->count, sizeof(McStoredRisk *), by_name);
	for (Size i = 0; i + 1 < store->count; i++)
		if (mc_compare_instruments(store->array[i], store->array[i + 1]) == 0)
			store->array[i]->has_twin = store->array[i + 1]->has_twin = true;
	qsort(store->array, store->count, sizeof(McStoredRisk *), by_rank);
	for (Size i = 0; i < store->count; i++)
		store->array[i]->rank = (uint32) i + 1;
	store->ranked = store->count;
}

void
mc_risk_store_rank_lazily(McRiskStore *store, Size met)
{
	store->met += met;
	if (store->count > store->ranked + store->ranked / 2 || store->met > store->count)
		mc_risk_store_rank(store);
}

const McStoredRisk *const *
mc_risk_store_ranked(const McRiskStore *store)
{
	return (const McStoredRisk *const *) store->array;
}

/* ---- to another process ---- */

void
mc_risk_send(StringInfo buffer, const McStoredRisk *stored, bool same_query)
{
	bool by_place = same_query && stored->is_placed;

	pq_sendbyte(buffer, by_place);
	pq_sendint64(buffer, stored->digest);
	if (by_place)
	{
		pq_sendbytes(buffer, (const char *) &stored->position, sizeof(stored->position));
		return;
	}
	pq_sendint32(buffer, VARSIZE(stored->vector));
	pq_sendbytes(buffer, (const char *) stored->vector, VARSIZE(stored->vector));
}

/* The vector that a process of the same query has read from there. */
static const McStoredRisk *
receive_place(StringInfo buffer, McRiskStore *store)
{
	struct varatt_external position;
	union
	{
		struct varlena value;
		char bytes[TOAST_POINTER_SIZE];
	} pointer;

	pq_copymsgbytes(buffer, (char *) &position, sizeof(position));
	SET_VARTAG_EXTERNAL(&pointer, VARTAG_ONDISK);
	memcpy(VARDATA_EXTERNAL(&pointer), &position, sizeof(position));
	return placed_vector(store, &position, PointerGetDatum(&pointer));
}

const McStoredRisk *
mc_risk_receive(StringInfo buffer, McRiskStore *store)
{
	bool by_place = pq_getmsgbyte(buffer) != 0;
	uint64 digest = pq_getmsgint64(buffer);
	const McStoredRisk *stored;
	Keyed *keyed;
	McRiskVector *vector;
	int bytes;

	if (by_place)
		stored = receive_place(buffer, store);
	else
	{
		bytes = pq_getmsgint(buffer, 4);
		keyed = hash_search(store->vectors, &digest, HASH_FIND, NULL);
		if (keyed != NULL)
		{
			pq_getmsgbytes(buffer, bytes);
			return keyed->stored;
		}
		/* its numbers have to stand at multiples of eight bytes */
		vector = palloc_extended(bytes, MCXT_ALLOC_HUGE);
		pq_copymsgbytes(buffer, (char *) vector, bytes);
		stored = keep_vector(store, vector);
		pfree(vector);
	}
	if (stored->digest != digest)
		elog(ERROR, "a risk vector is not the one that was sent");
	return stored;
}
