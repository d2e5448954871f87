/*
 * capture_keys.h
 *	  The distinct keys of a statement, in the order in which they appear.
 */
#ifndef MC_CAPTURE_KEYS_H
#define MC_CAPTURE_KEYS_H

#include "compat.h"

#include "access/transam.h"
#include "datatype/timestamp.h"
#include "utils/lsyscache.h"

typedef struct McCaptureKey
{
	Datum value;       /* of a type by value */
	const char *bytes; /* as in the row; of a type by value those of `value` */
	uint32 len;
	uint32 hash;
	text *name; /* as text */
	struct McCaptureKey *next;

	/* for price feeds, filled by input_change.c */
	bool is_looked_up;        /* data_through is known */
	TimestampTz data_through; /* of the instrument; DT_NOBEGIN unless this feed prices it */
	TimestampTz from_ts;      /* first and last row inserted on time; DT_NOEND: none */
	TimestampTz to_ts;
} McCaptureKey;

/* Runs of equal keys cost one comparison; most statements have one key, and need no buckets and no context. */
typedef struct McCaptureKeys
{
	McCaptureKey *first;
	McCaptureKey *end;
	McCaptureKey *last_seen;
	McCaptureKey **buckets; /* open addressing; NULL while there is one key */
	uint32 size;            /* power of two */
	uint32 used;
	MemoryContext context; /* of buckets and keys from the second one on */

	/* of the key column */
	Oid type;
	int16 type_len;
	bool type_byval;
	bool is_text;
	FmgrInfo out; /* unless it is text */
} McCaptureKeys;

/* Base type of a domain. The types with OIDs of their own in the catalogue are none. */
static inline Oid
mc_base_type(Oid type)
{
	return type < FirstGenbkiObjectId ? type : getBaseType(type);
}

/* An empty set of keys of a column. */
extern void mc_capture_keys_init(McCaptureKeys *keys, Oid column_type);

/* The key of a value, which is added when it is new. */
extern McCaptureKey *mc_capture_keys_find(McCaptureKeys *keys, Datum value);

/* Forget all keys. */
extern void mc_capture_keys_clear(McCaptureKeys *keys);

#endif
