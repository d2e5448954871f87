/*
 * capture.c
 *	  The trigger that marks what changed: it appends the distinct instruments (or accounts) of a
 *	  statement to margin_calib.capture_queue and does nothing else.
 *
 * It stands on the user's tables as four statement triggers with the arguments (feed id, key
 * column).  INSERT, UPDATE and DELETE walk their transition tables; an UPDATE marks old and new
 * keys; TRUNCATE marks everything of the feed.  Rows are appended directly, without a query and
 * without privileges of the caller, so that a role which may only insert prices can feed.  The
 * queue has no index and nobody updates it, so that two feeds never wait for each other.
 *
 * A feed is not rolled back by the engine: a key column that is gone marks everything, and the
 * refresh reports what is wrong.
 */
#include "compat.h"

#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "common/hashfn.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

/* Forget what has been seen beyond this many keys: a key queued twice is only work done twice. */
#define MAX_SEEN 65536
#define FIRST_BUCKETS 64

/* columns of margin_calib.capture_queue, in order (sql/parts/21_engine.sql) */
enum
{
	QUEUE_FEED,
	QUEUE_KEY,
	QUEUE_EVERYTHING,
	QUEUE_QUEUED_AT,
	QUEUE_COLUMNS
};

typedef struct Queue
{
	Relation rel;
	TupleTableSlot *slot;
	int32 feed;
} Queue;

/* The bytes of a key: those in the tuple, or a copy in the set of keys seen. */
typedef struct Key
{
	const char *bytes;
	uint32 len;
	uint32 hash;
} Key;

/*
 * Most statements have one key: the buckets are made when there is a second.  Runs of equal keys cost
 * one comparison.
 */
typedef struct KeySet
{
	Key last;     /* the key seen last */
	Key *buckets; /* open addressing, bytes == NULL is free; NULL while there is one key */
	uint32 size;  /* power of two */
	uint32 used;
	bool null_seen;
	MemoryContext context; /* of buckets and keys, NULL while there are none */
} KeySet;

typedef struct KeyType
{
	Oid type;
	int16 len;
	bool byval;
	bool is_text;
	FmgrInfo out;
} KeyType;

static void
queue_open(Queue *queue, Oid function, int32 feed)
{
	Oid relid = get_relname_relid("capture_queue", get_func_namespace(function));

	if (!OidIsValid(relid))
		elog(ERROR, "margin_calib.capture_queue does not exist");
	queue->rel = table_open(relid, RowExclusiveLock);
	queue->slot = table_slot_create(queue->rel, NULL);
	queue->feed = feed;
}

static void
queue_append(Queue *queue, Datum key, bool key_is_null, bool everything)
{
	TupleTableSlot *slot = queue->slot;

	ExecClearTuple(slot);
	if (slot->tts_tupleDescriptor->natts != QUEUE_COLUMNS)
		elog(ERROR, "margin_calib.capture_queue has an unexpected shape");
	slot->tts_values[QUEUE_FEED] = Int32GetDatum(queue->feed);
	slot->tts_values[QUEUE_KEY] = key;
	slot->tts_values[QUEUE_EVERYTHING] = BoolGetDatum(everything);
	slot->tts_values[QUEUE_QUEUED_AT] = TimestampTzGetDatum(GetCurrentTransactionStartTimestamp());
	memset(slot->tts_isnull, false, QUEUE_COLUMNS * sizeof(bool));
	slot->tts_isnull[QUEUE_KEY] = key_is_null;
	ExecStoreVirtualTuple(slot);
	table_tuple_insert(queue->rel, slot, GetCurrentCommandId(true), 0, NULL);
}

static void
queue_close(Queue *queue)
{
	ExecDropSingleTupleTableSlot(queue->slot);
	table_close(queue->rel, NoLock); /* the lock stays to the end, as a statement's would */
}

static Key *
keys_bucket(Key *buckets, uint32 size, const Key *key)
{
	uint32 at = key->hash & (size - 1);

	while (buckets[at].bytes != NULL &&
	       !(buckets[at].hash == key->hash && buckets[at].len == key->len &&
	         memcmp(buckets[at].bytes, key->bytes, key->len) == 0))
		at = (at + 1) & (size - 1);
	return &buckets[at];
}

/* Room for twice as many keys, or for the first ones. */
static void
keys_grow(KeySet *keys)
{
	uint32 size = keys->size > 0 ? keys->size * 2 : FIRST_BUCKETS;
	Key *buckets = MemoryContextAllocZero(keys->context, size * sizeof(Key));

	for (uint32 i = 0; i < keys->size; i++)
		if (keys->buckets[i].bytes != NULL)
			*keys_bucket(buckets, size, &keys->buckets[i]) = keys->buckets[i];
	if (keys->buckets != NULL)
		pfree(keys->buckets);
	keys->buckets = buckets;
	keys->size = size;
}

static void
keys_clear(KeySet *keys)
{
	MemoryContextReset(keys->context);
	keys->last.bytes = NULL;
	keys->buckets = NULL;
	keys->size = 0;
	keys->used = 0;
}

/* From one key to a set of two or more. */
static void
keys_start(KeySet *keys)
{
	keys_grow(keys);
	if (keys->used == 1)
	{
		keys->last.hash =
		    hash_bytes((const unsigned char *) keys->last.bytes, (int) keys->last.len);
		*keys_bucket(keys->buckets, keys->size, &keys->last) = keys->last;
	}
}

/* Is the key new?  Remember it. */
static bool
keys_add(KeySet *keys, const char *bytes, uint32 len)
{
	Key key = {bytes, len, 0};
	char *copy;

	if (keys->last.bytes != NULL && keys->last.len == len &&
	    memcmp(keys->last.bytes, bytes, len) == 0)
		return false;
	if (keys->used >= MAX_SEEN)
		keys_clear(keys);
	if (keys->used > 0)
	{
		Key *bucket;

		if (keys->buckets == NULL)
			keys_start(keys);
		else if (keys->used >= keys->size / 2)
			keys_grow(keys);
		key.hash = hash_bytes((const unsigned char *) bytes, (int) len);
		bucket = keys_bucket(keys->buckets, keys->size, &key);
		if (bucket->bytes != NULL)
		{
			keys->last = *bucket;
			return false;
		}
	}
	else if (keys->context == NULL)
		keys->context = AllocSetContextCreate(CurrentMemoryContext, "margin_calib keys",
		                                      ALLOCSET_DEFAULT_SIZES);
	copy = MemoryContextAlloc(keys->context, len + 1); /* an empty string is a key, too */
	memcpy(copy, bytes, len);
	key.bytes = copy;
	if (keys->buckets != NULL)
		*keys_bucket(keys->buckets, keys->size, &key) = key;
	keys->used++;
	keys->last = key;
	return true;
}

static void
key_type_lookup(KeyType *type, Oid column_type)
{
	Oid out;
	bool is_varlena;

	type->type = getBaseType(column_type);
	get_typlenbyval(type->type, &type->len, &type->byval);
	type->is_text = type->type == TEXTOID || type->type == VARCHAROID || type->type == BPCHAROID;
	getTypeOutputInfo(type->type, &out, &is_varlena);
	fmgr_info(out, &type->out);
}

/* Queue a key that is new to this statement. */
static void
queue_key(Queue *queue, KeyType *type, Datum value, const char *bytes, uint32 len)
{
	if (type->is_text)
		value = PointerGetDatum(cstring_to_text_with_len(bytes, (int) len));
	else
	{
		char *printed = OutputFunctionCall(&type->out, value);

		value = CStringGetTextDatum(printed);
		pfree(printed);
	}
	queue_append(queue, value, false, false);
	pfree(DatumGetPointer(value));
}

static void
capture_key(Queue *queue, KeySet *keys, KeyType *type, Datum value)
{
	struct varlena *packed = NULL;
	const char *bytes;
	uint32 len;

	if (type->byval)
	{
		bytes = (const char *) &value;
		len = sizeof(Datum);
	}
	else if (type->len == -1)
	{
		packed = PG_DETOAST_DATUM_PACKED(value);
		bytes = VARDATA_ANY(packed);
		len = (uint32) VARSIZE_ANY_EXHDR(packed);
	}
	else
	{
		bytes = DatumGetPointer(value);
		len = type->len > 0 ? (uint32) type->len : (uint32) strlen(bytes);
	}
	/* character(n) counts without its padding, as its cast to text does */
	if (type->type == BPCHAROID)
		len = (uint32) bpchartruelen((char *) bytes, (int) len);
	if (keys_add(keys, bytes, len))
		queue_key(queue, type, value, bytes, len);
	if (packed != NULL && (Pointer) packed != DatumGetPointer(value))
		pfree(packed);
}

static void
capture_rows(Queue *queue, KeySet *keys, Relation rel, Tuplestorestate *rows, AttrNumber column)
{
	KeyType type;
	TupleTableSlot *slot;
	int reader;

	if (rows == NULL)
		return;
	/* other triggers of the statement read the same rows: use a read pointer of our own */
	reader = tuplestore_alloc_read_pointer(rows, EXEC_FLAG_REWIND);
	tuplestore_select_read_pointer(rows, reader);
	tuplestore_rescan(rows);
	key_type_lookup(&type, TupleDescAttr(RelationGetDescr(rel), column - 1)->atttypid);
	slot = MakeSingleTupleTableSlot(RelationGetDescr(rel), &TTSOpsMinimalTuple);
	while (tuplestore_gettupleslot(rows, true, false, slot))
	{
		bool is_null;
		Datum value = slot_getattr(slot, column, &is_null);

		CHECK_FOR_INTERRUPTS();
		if (!is_null)
			capture_key(queue, keys, &type, value);
		else if (!keys->null_seen)
		{
			keys->null_seen = true;
			queue_append(queue, (Datum) 0, true, false);
		}
	}
	ExecDropSingleTupleTableSlot(slot);
}

static void
check_trigger_call(FunctionCallInfo fcinfo)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_AFTER(trigger->tg_event) ||
	    !TRIGGER_FIRED_FOR_STATEMENT(trigger->tg_event) || trigger->tg_trigger->tgnargs != 2)
		ereport(ERROR,
		        (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
		         errmsg("the capture function works only as the triggers that attach_prices and "
		                "attach_positions create"),
		         errhint("Call margin_calib.attach_prices or margin_calib.attach_positions.")));
}

/* margin_calib.capture() -> trigger, arguments: feed id, key column */
MC_FUNCTION(mc_capture)
{
	TriggerData *trigger;
	Queue queue;
	KeySet keys = {0};
	int column;

	check_trigger_call(fcinfo);
	trigger = (TriggerData *) fcinfo->context;
	queue_open(&queue, fcinfo->flinfo->fn_oid, pg_strtoint32(trigger->tg_trigger->tgargs[0]));
	column = SPI_fnumber(RelationGetDescr(trigger->tg_relation), trigger->tg_trigger->tgargs[1]);
	if (TRIGGER_FIRED_BY_TRUNCATE(trigger->tg_event) || column <= 0)
		queue_append(&queue, (Datum) 0, true, true);
	else
	{
		capture_rows(&queue, &keys, trigger->tg_relation, trigger->tg_oldtable, column);
		capture_rows(&queue, &keys, trigger->tg_relation, trigger->tg_newtable, column);
		if (keys.context != NULL)
			MemoryContextDelete(keys.context);
	}
	queue_close(&queue);
	return PointerGetDatum(NULL);
}

/*
 * margin_calib.commit_is_possible() -> boolean: is the calling procedure outside of a transaction
 * block and of any function, so that COMMIT works in it?
 */
MC_FUNCTION(mc_commit_is_possible)
{
	PG_RETURN_BOOL(SPI_inside_nonatomic_context());
}
