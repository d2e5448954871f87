/*
 * capture_keys.c
 *	  The distinct keys of a statement: a hash table over their bytes, and their texts.
 */
#include "compat.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "capture_keys.h"

#define FIRST_BUCKETS 64

void
mc_capture_keys_init(McCaptureKeys *keys, Oid column_type)
{
	Oid out;
	bool is_varlena;

	memset(keys, 0, sizeof(McCaptureKeys));
	keys->type = mc_base_type(column_type);
	get_typlenbyval(keys->type, &keys->type_len, &keys->type_byval);
	keys->is_text = keys->type == TEXTOID || keys->type == VARCHAROID || keys->type == BPCHAROID;
	if (keys->is_text)
		return;
	getTypeOutputInfo(keys->type, &out, &is_varlena);
	fmgr_info(out, &keys->out);
}

void
mc_capture_keys_clear(McCaptureKeys *keys)
{
	if (keys->context != NULL)
		MemoryContextReset(keys->context);
	keys->first = NULL;
	keys->end = NULL;
	keys->last_seen = NULL;
	keys->buckets = NULL;
	keys->size = 0;
	keys->used = 0;
}

static inline bool
key_is(const McCaptureKeys *keys, const McCaptureKey *key, const char *bytes, uint32 len)
{
	if (keys->type_byval)
		return key->value == *(const Datum *) bytes;
	return key->len == len && memcmp(key->bytes, bytes, len) == 0;
}

/* The bucket that has the key, or the free one where it belongs. */
static McCaptureKey **
keys_bucket(const McCaptureKeys *keys, uint32 hash, const char *bytes, uint32 len)
{
	uint32 at = hash & (keys->size - 1);

	while (keys->buckets[at] != NULL &&
	       !(keys->buckets[at]->hash == hash && key_is(keys, keys->buckets[at], bytes, len)))
		at = (at + 1) & (keys->size - 1);
	return &keys->buckets[at];
}

/* Buckets for the first keys, or twice as many. */
static void
keys_grow(McCaptureKeys *keys)
{
	if (keys->buckets != NULL)
		pfree(keys->buckets);
	keys->size = keys->size > 0 ? keys->size * 2 : FIRST_BUCKETS;
	keys->buckets = MemoryContextAllocZero(keys->context, keys->size * sizeof(McCaptureKey *));
	for (McCaptureKey *key = keys->first; key != NULL; key = key->next)
		*keys_bucket(keys, key->hash, key->bytes, key->len) = key;
}

static McCaptureKey *
key_create(const McCaptureKeys *keys, Datum value, const char *bytes, uint32 len)
{
	McCaptureKey *key = palloc0(sizeof(McCaptureKey));

	if (keys->type_byval)
	{
		key->value = value;
		key->bytes = (const char *) &key->value;
	}
	else if (keys->is_text)
	{
		key->name = cstring_to_text_with_len(bytes, (int) len);
		key->bytes = VARDATA(key->name);
	}
	else
	{
		char *copy = palloc(len + 1);

		memcpy(copy, bytes, len);
		key->bytes = copy;
	}
	if (!keys->is_text)
		key->name = cstring_to_text(OutputFunctionCall((FmgrInfo *) &keys->out, value));
	key->len = len;
	key->data_through = DT_NOBEGIN;
	key->from_ts = DT_NOEND;
	key->to_ts = DT_NOBEGIN;
	return key;
}

static McCaptureKey *
keys_add(McCaptureKeys *keys, Datum value, const char *bytes, uint32 len, uint32 hash)
{
	MemoryContext old;
	McCaptureKey *key;

	if (keys->context == NULL && keys->used > 0)
		keys->context = AllocSetContextCreate(CurrentMemoryContext, "margin_calib keys",
		                                      ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(keys->context != NULL ? keys->context : CurrentMemoryContext);
	key = key_create(keys, value, bytes, len);
	MemoryContextSwitchTo(old);
	key->hash = hash;
	if (keys->first == NULL)
		keys->first = key;
	else
		keys->end->next = key;
	keys->end = key;
	keys->used++;
	if (keys->used > 1 && keys->used > keys->size / 2)
		keys_grow(keys);
	else if (keys->used > 1)
		*keys_bucket(keys, hash, bytes, len) = key;
	return key;
}

static McCaptureKey *
keys_find(McCaptureKeys *keys, Datum value, const char *bytes, uint32 len)
{
	uint32 hash = hash_bytes((const unsigned char *) bytes, (int) len);

	if (keys->buckets != NULL)
	{
		McCaptureKey *key = *keys_bucket(keys, hash, bytes, len);

		if (key != NULL)
			return key;
	}
	return keys_add(keys, value, bytes, len, hash);
}

McCaptureKey *
mc_capture_keys_find(McCaptureKeys *keys, Datum value)
{
	struct varlena *packed = NULL;
	const char *bytes;
	uint32 len;

	if (keys->type_byval)
	{
		bytes = (const char *) &value;
		len = sizeof(Datum);
	}
	else if (keys->type_len == -1)
	{
		packed = PG_DETOAST_DATUM_PACKED(value);
		bytes = VARDATA_ANY(packed);
		len = (uint32) VARSIZE_ANY_EXHDR(packed);
	}
	else
	{
		bytes = DatumGetPointer(value);
		len = keys->type_len > 0 ? (uint32) keys->type_len : (uint32) strlen(bytes);
	}
	/* character(n) counts without its padding, as its cast to text does */
	if (keys->type == BPCHAROID)
		len = (uint32) bpchartruelen((char *) bytes, (int) len);
	if (keys->last_seen == NULL || !key_is(keys, keys->last_seen, bytes, len))
		keys->last_seen = keys_find(keys, value, bytes, len);
	if (packed != NULL && (Pointer) packed != DatumGetPointer(value))
		pfree(packed);
	return keys->last_seen;
}
