/*
 * capture.c
 *	  The trigger that marks what changed: it appends the distinct instruments (or accounts) of a
 *	  statement to margin_calib.capture_queue; of price feeds, it also logs what changes in the past.
 *
 * It stands on the user's tables as four statement triggers with the arguments (feed id, key
 * column), and for a price feed (feed id, key column, ts column, price column).  INSERT, UPDATE and
 * DELETE walk their transition tables; an UPDATE marks old and new keys; TRUNCATE marks everything of
 * the feed.  Rows are appended directly, without a query and without privileges of the caller, so
 * that a role which may only insert prices can feed.  The queue has no index and nobody updates it,
 * so that two feeds never wait for each other.
 *
 * A feed is not rolled back by the engine: a column that is gone marks everything, and the refresh
 * reports what is wrong.
 */
#include "compat.h"

#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "capture_keys.h"
#include "input_change.h"

/* Queue what has been seen, and forget it, beyond this many keys: a key queued twice is only work done twice. */
#define MAX_SEEN 65536

/* columns of margin_calib.capture_queue, in order (sql/parts/21_engine.sql) */
enum
{
	QUEUE_FEED,
	QUEUE_KEY,
	QUEUE_EVERYTHING,
	QUEUE_QUEUED_AT,
	QUEUE_FROM_TS,
	QUEUE_TO_TS,
	QUEUE_COLUMNS
};

typedef struct Queue
{
	Relation rel;
	TupleTableSlot *slot;
	int32 feed;
} Queue;

/* One statement. */
typedef struct Capture
{
	Queue queue;
	Relation rel; /* the user's table */
	AttrNumber column;
	McCaptureKeys keys;
	bool null_seen;
	McChangeLog *log; /* NULL unless the feed is one of prices */
} Capture;

/* The transition rows of a statement, one after the other. */
typedef struct Rows
{
	Tuplestorestate *store;
	TupleTableSlot *slot;
} Rows;

static void
queue_open(Queue *queue, int32 feed)
{
	queue->rel = table_open(mc_relation("capture_queue"), RowExclusiveLock);
	queue->slot = table_slot_create(queue->rel, NULL);
	queue->feed = feed;
}

/* key: NULL for rows without one, and for everything */
static void
queue_append(Queue *queue, const McCaptureKey *key, bool everything)
{
	TupleTableSlot *slot = queue->slot;

	ExecClearTuple(slot);
	if (slot->tts_tupleDescriptor->natts != QUEUE_COLUMNS)
		elog(ERROR, "margin_calib.capture_queue has an unexpected shape");
	slot->tts_values[QUEUE_FEED] = Int32GetDatum(queue->feed);
	slot->tts_values[QUEUE_EVERYTHING] = BoolGetDatum(everything);
	slot->tts_values[QUEUE_QUEUED_AT] = TimestampTzGetDatum(GetCurrentTransactionStartTimestamp());
	memset(slot->tts_isnull, false, QUEUE_COLUMNS * sizeof(bool));
	slot->tts_isnull[QUEUE_KEY] = key == NULL;
	slot->tts_isnull[QUEUE_FROM_TS] = key == NULL || key->from_ts == DT_NOEND;
	slot->tts_isnull[QUEUE_TO_TS] = slot->tts_isnull[QUEUE_FROM_TS];
	if (key != NULL)
	{
		slot->tts_values[QUEUE_KEY] = PointerGetDatum(key->name);
		slot->tts_values[QUEUE_FROM_TS] = TimestampTzGetDatum(key->from_ts);
		slot->tts_values[QUEUE_TO_TS] = TimestampTzGetDatum(key->to_ts);
	}
	ExecStoreVirtualTuple(slot);
	table_tuple_insert(queue->rel, slot, GetCurrentCommandId(true), 0, NULL);
}

static void
queue_close(Queue *queue)
{
	ExecDropSingleTupleTableSlot(queue->slot);
	table_close(queue->rel, NoLock); /* the lock stays to the end, as a statement's would */
}

/* Queue the keys seen so far, and forget them. */
static void
queue_keys(Capture *capture)
{
	for (McCaptureKey *key = capture->keys.first; key != NULL; key = key->next)
		queue_append(&capture->queue, key, false);
	mc_capture_keys_clear(&capture->keys);
}

/* False: the statement has no such rows. */
static bool
rows_open(Rows *rows, Relation rel, Tuplestorestate *store)
{
	if (store == NULL)
		return false;
	/* other triggers of the statement read the same rows: use a read pointer of our own */
	tuplestore_select_read_pointer(store, tuplestore_alloc_read_pointer(store, EXEC_FLAG_REWIND));
	tuplestore_rescan(store);
	rows->store = store;
	rows->slot = MakeSingleTupleTableSlot(RelationGetDescr(rel), &TTSOpsMinimalTuple);
	return true;
}

static bool
rows_next(Rows *rows)
{
	CHECK_FOR_INTERRUPTS();
	return tuplestore_gettupleslot(rows->store, true, false, rows->slot);
}

/* The key of a row; NULL for a row without one, which is queued once. */
static McCaptureKey *
row_key(Capture *capture, TupleTableSlot *row)
{
	bool is_null;
	Datum value = slot_getattr(row, capture->column, &is_null);

	if (!is_null)
		return mc_capture_keys_find(&capture->keys, value);
	if (!capture->null_seen)
		queue_append(&capture->queue, NULL, false);
	capture->null_seen = true;
	return NULL;
}

/* Rows that came (change is NULL), or that went by `change`. */
static void
capture_rows(Capture *capture, Tuplestorestate *store, const char *change)
{
	Rows rows;

	if (!rows_open(&rows, capture->rel, store))
		return;
	while (rows_next(&rows))
	{
		McCaptureKey *key = row_key(capture, rows.slot);

		if (capture->log != NULL && change == NULL)
			mc_change_inserted(capture->log, key, rows.slot);
		else if (capture->log != NULL)
			mc_change_removed(capture->log, key, rows.slot, change);
		if (capture->keys.used >= MAX_SEEN)
			queue_keys(capture);
	}
	ExecDropSingleTupleTableSlot(rows.slot);
}

/* Old and new rows of an UPDATE, which come in the same order. */
static void
capture_pairs(Capture *capture, Tuplestorestate *old_store, Tuplestorestate *new_store)
{
	Rows old_rows;
	Rows new_rows;

	rows_open(&old_rows, capture->rel, old_store);
	rows_open(&new_rows, capture->rel, new_store);
	while (rows_next(&old_rows) && rows_next(&new_rows))
	{
		McCaptureKey *old_key = row_key(capture, old_rows.slot);
		McCaptureKey *new_key = row_key(capture, new_rows.slot);

		mc_change_updated(capture->log, old_key, old_rows.slot, new_key, new_rows.slot);
		if (capture->keys.used >= MAX_SEEN)
			queue_keys(capture);
	}
	ExecDropSingleTupleTableSlot(old_rows.slot);
	ExecDropSingleTupleTableSlot(new_rows.slot);
}

/*
 * Row by row, unless they do not pair: a trigger of a partition can suppress the new row of an UPDATE
 * that moves the old one there.  Then old rows count as changed, and new ones as inserted.
 */
static void
capture_update(Capture *capture, Tuplestorestate *old_store, Tuplestorestate *new_store)
{
	if (capture->log != NULL && old_store != NULL && new_store != NULL &&
	    tuplestore_tuple_count(old_store) == tuplestore_tuple_count(new_store))
	{
		capture_pairs(capture, old_store, new_store);
		return;
	}
	capture_rows(capture, old_store, "update");
	capture_rows(capture, new_store, NULL);
}

static void
capture_statement(Capture *capture, const TriggerData *trigger)
{
	Form_pg_attribute key = TupleDescAttr(RelationGetDescr(capture->rel), capture->column - 1);

	mc_capture_keys_init(&capture->keys, key->atttypid);
	if (TRIGGER_FIRED_BY_UPDATE(trigger->tg_event))
		capture_update(capture, trigger->tg_oldtable, trigger->tg_newtable);
	else
	{
		capture_rows(capture, trigger->tg_oldtable, "delete");
		capture_rows(capture, trigger->tg_newtable, NULL);
	}
	queue_keys(capture);
	if (capture->keys.context != NULL)
		MemoryContextDelete(capture->keys.context);
}

static void
check_trigger_call(FunctionCallInfo fcinfo)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_AFTER(trigger->tg_event) ||
	    !TRIGGER_FIRED_FOR_STATEMENT(trigger->tg_event) ||
	    (trigger->tg_trigger->tgnargs != 2 && trigger->tg_trigger->tgnargs != 4))
		ereport(ERROR,
		        (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
		         errmsg("the capture function works only as the triggers that attach_prices and "
		                "attach_positions create"),
		         errhint("Call margin_calib.attach_prices or margin_calib.attach_positions.")));
}

/* margin_calib.capture() -> trigger, arguments: feed id, key column [, ts column, price column] */
MC_FUNCTION(mc_capture)
{
	TriggerData *trigger;
	char **args;
	Capture capture = {0};
	McChangeLog log;
	TupleDesc desc;
	int column;
	bool known;

	check_trigger_call(fcinfo);
	trigger = (TriggerData *) fcinfo->context;
	args = trigger->tg_trigger->tgargs;
	capture.rel = trigger->tg_relation;
	desc = RelationGetDescr(capture.rel);
	queue_open(&capture.queue, pg_strtoint32(args[0]));
	column = SPI_fnumber(desc, args[1]);
	known = column > 0;
	if (known && trigger->tg_trigger->tgnargs > 2)
	{
		known = mc_change_log_start(&log, capture.queue.feed, desc, args[2], args[3]);
		capture.log = known ? &log : NULL;
	}
	capture.column = (AttrNumber) column;
	if (!known || TRIGGER_FIRED_BY_TRUNCATE(trigger->tg_event))
		queue_append(&capture.queue, NULL, true);
	else
		capture_statement(&capture, trigger);
	if (capture.log != NULL && TRIGGER_FIRED_BY_TRUNCATE(trigger->tg_event))
		mc_change_truncated(capture.log);
	if (capture.log != NULL)
		mc_change_log_end(capture.log);
	queue_close(&capture.queue);
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
