/*
 * key_table.c
 *	  Numbers for the distinct values of a column.
 */
#include "key_table.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "errors.h"
#include "series_columns.h"

#define FIRST_CAPACITY 128

/* What a value is looked up by. */
typedef struct Sought
{
	uint32 hash;
	int64 number;
	const char *bytes;
	Size length;
} Sought;

void
mc_key_table_init(McKeyTable *table, Oid type, MemoryContext context)
{
	Oid function;
	bool is_varlena;

	memset(table, 0, sizeof(*table));
	table->context = context;
	table->type = type;
	getTypeOutputInfo(type, &function, &is_varlena);
	fmgr_info_cxt(function, &table->output, context);
	table->capacity = FIRST_CAPACITY;
	table->hashes = MemoryContextAlloc(context, table->capacity * sizeof(uint32));
	table->keys = MemoryContextAlloc(context, table->capacity * sizeof(union McKey));
	table->mask = 2 * table->capacity - 1;
	table->slots = MemoryContextAllocZero(context, (table->mask + 1) * sizeof(uint32));
	table->null = table->latest = MC_NO_KEY;
}

bool
mc_keys_comparable(Oid a, Oid b)
{
	return a == b || (mc_is_integer_type(a) && mc_is_integer_type(b)) ||
	       (mc_is_string_type(a) && mc_is_string_type(b));
}

static int64
integer_value(Oid type, Datum value)
{
	switch (type)
	{
		case INT2OID:
			return DatumGetInt16(value);
		case INT4OID:
			return DatumGetInt32(value);
		default:
			return DatumGetInt64(value);
	}
}

/* the finalizer of splitmix64 (Steele, Lea and Flood 2014) */
static inline uint32
mix_bits(uint64 x)
{
	x = (x ^ (x >> 30)) * UINT64CONST(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64CONST(0x94d049bb133111eb);
	return (uint32) (x ^ (x >> 31));
}

static void
seek(Sought *sought, Oid type, FmgrInfo *output, Datum value)
{
	if (mc_is_integer_type(type))
	{
		sought->number = integer_value(type, value);
		sought->hash = mix_bits((uint64) sought->number);
		return;
	}
	if (mc_is_string_type(type))
	{
		struct varlena *string = PG_DETOAST_DATUM_PACKED(value);

		sought->bytes = VARDATA_ANY(string);
		sought->length = VARSIZE_ANY_EXHDR(string);
		/* as a cast to text: the blanks that pad a char(n) are no part of the name */
		if (type == BPCHAROID)
			sought->length = bpchartruelen((char *) sought->bytes, (int) sought->length);
	}
	else
	{
		sought->bytes = OutputFunctionCall(output, value);
		sought->length = strlen(sought->bytes);
	}
	sought->hash = hash_bytes((const unsigned char *) sought->bytes, (int) sought->length);
}

static inline bool
is_key(const McKeyTable *table, uint32 number, const Sought *sought)
{
	const union McKey *key = &table->keys[number];

	if (number == table->null || table->hashes[number] != sought->hash)
		return false;
	if (sought->bytes == NULL)
		return key->number == sought->number;
	return VARSIZE(key->string) - VARHDRSZ == sought->length &&
	       memcmp(VARDATA(key->string), sought->bytes, sought->length) == 0;
}

static inline uint32
find(McKeyTable *table, const Sought *sought)
{
	if (table->latest != MC_NO_KEY && is_key(table, table->latest, sought))
		return table->latest;
	for (uint32 i = sought->hash & table->mask; table->slots[i] != 0; i = (i + 1) & table->mask)
		if (is_key(table, table->slots[i] - 1, sought))
			return table->latest = table->slots[i] - 1;
	return MC_NO_KEY;
}

/* put a key where its hash leads; the table has an empty slot */
static void
insert_slot(McKeyTable *table, uint32 number)
{
	uint32 i = table->hashes[number] & table->mask;

	while (table->slots[i] != 0)
		i = (i + 1) & table->mask;
	table->slots[i] = number + 1;
}

static void
grow(McKeyTable *table)
{
	Size capacity = 2 * (Size) table->capacity;

	if (capacity > PG_INT32_MAX)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
		                errmsg("a column has too many different values"),
		                errdetail("The limit is %u.", table->capacity)));
	mc_check_state_size(capacity * (3 * sizeof(uint32) + sizeof(union McKey)));
	table->hashes = repalloc_huge(table->hashes, capacity * sizeof(uint32));
	table->keys = repalloc_huge(table->keys, capacity * sizeof(union McKey));
	pfree(table->slots);
	table->slots = MemoryContextAllocExtended(table->context, 2 * capacity * sizeof(uint32),
	                                          MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	table->mask = 2 * (uint32) capacity - 1;
	table->capacity = (uint32) capacity;
	for (uint32 i = 0; i < table->count; i++)
		if (i != table->null)
			insert_slot(table, i);
}

static uint32
add(McKeyTable *table, const Sought *sought)
{
	uint32 number;
	union McKey *key;

	if (table->count == table->capacity)
		grow(table);
	number = table->count++;
	key = &table->keys[number];
	table->bytes += 3 * sizeof(uint32) + sizeof(union McKey);
	table->hashes[number] = 0;
	key->string = NULL;
	if (sought == NULL)
		return table->null = number;
	table->hashes[number] = sought->hash;
	if (sought->bytes == NULL)
		key->number = sought->number;
	else
	{
		MemoryContext before = MemoryContextSwitchTo(table->context);

		key->string = cstring_to_text_with_len(sought->bytes, (int) sought->length);
		table->bytes += VARHDRSZ + sought->length;
		MemoryContextSwitchTo(before);
	}
	insert_slot(table, number);
	return table->latest = number;
}

uint32
mc_key_number(McKeyTable *table, Datum value, bool is_null)
{
	Sought sought = {0};
	uint32 number;

	if (is_null)
		return table->null != MC_NO_KEY ? table->null : add(table, NULL);
	seek(&sought, table->type, &table->output, value);
	number = find(table, &sought);
	return number != MC_NO_KEY ? number : add(table, &sought);
}

uint32
mc_key_find(McKeyTable *table, Oid type, FmgrInfo *output, Datum value)
{
	Sought sought = {0};

	seek(&sought, type, output, value);
	return find(table, &sought);
}

text *
mc_key_text(const McKeyTable *table, uint32 number)
{
	char digits[MAXINT8LEN + 1];

	if (number == table->null)
		return NULL;
	if (!mc_is_integer_type(table->type))
		return table->keys[number].string;
	return cstring_to_text_with_len(digits, pg_lltoa(table->keys[number].number, digits));
}

static int
compare_numbers(const void *left, const void *right, void *arg)
{
	const McKeyTable *table = arg;
	uint32 a = *(const uint32 *) left;
	uint32 b = *(const uint32 *) right;
	text *s;
	text *t;
	int order;

	if (a == table->null || b == table->null)
		return (a == table->null) - (b == table->null);
	if (mc_is_integer_type(table->type))
		return table->keys[a].number < table->keys[b].number
		           ? -1
		           : table->keys[a].number > table->keys[b].number;
	s = table->keys[a].string;
	t = table->keys[b].string;
	order = memcmp(VARDATA(s), VARDATA(t), Min(VARSIZE(s), VARSIZE(t)) - VARHDRSZ);
	return order != 0 ? order : (int) VARSIZE(s) - (int) VARSIZE(t);
}

uint32 *
mc_keys_in_order(McKeyTable *table)
{
	uint32 *numbers = MemoryContextAllocHuge(table->context, Max(table->count, 1) * sizeof(uint32));

	for (uint32 i = 0; i < table->count; i++)
		numbers[i] = i;
	qsort_arg(numbers, table->count, sizeof(uint32), compare_numbers, table);
	return numbers;
}
