/*
 * input_change.c
 *	  What changes in prices that a calibration may have used: rows of margin_calib.input_change.
 *
 * The capture trigger of a price feed tells of each row that was inserted, updated or deleted.  Kept
 * are the old prices of instruments that this feed has priced, and inserts at or before the latest
 * price that a calibration has used (data_through of the instrument).
 *
 * Like the queue, the log is written directly, without a query and without privileges of the caller.
 * Instruments are read as they are committed now, not as a snapshot has them: what a refresh did
 * since the statement began counts, and a SERIALIZABLE feed has no conflict with it.  There is no
 * unique index to wait for.
 */
#include "compat.h"

#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "commands/sequence.h"
#include "common/shortest_dec.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datum.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "input_change.h"

/* Longer names are no instruments (take_batch in sql/parts/44_refresh.sql). */
#define LONGEST_NAME 500

/* what is looked up of an instrument */
static const char *const INSTRUMENT_KEY[] = {"instrument", NULL};
static const char *const INSTRUMENT_COLUMNS[] = {"price_feed", "data_through", NULL};
enum
{
	INSTRUMENT_FEED,
	INSTRUMENT_DATA_THROUGH
};

/* columns of margin_calib.input_change, in order (sql/parts/24_input_change.sql) */
enum
{
	CHANGE_ID,
	CHANGE_FEED,
	CHANGE_INSTRUMENT,
	CHANGE_TS,
	CHANGE_UNTIL_TS,
	CHANGE_OLD_PRICE,
	CHANGE_CHANGE,
	CHANGE_AT,
	CHANGE_LOGIN,
	CHANGE_READING,
	CHANGE_COLUMNS
};

/* Position and base type of a column; false when it is gone. */
static bool
column_find(TupleDesc desc, const char *name, AttrNumber *column, Oid *type)
{
	int number = SPI_fnumber(desc, name);

	if (number <= 0)
		return false;
	*column = (AttrNumber) number;
	*type = mc_base_type(TupleDescAttr(desc, number - 1)->atttypid);
	return true;
}

bool
mc_change_log_start(McChangeLog *log, int32 feed, TupleDesc desc, const char *ts_column,
                    const char *price_column)
{
	memset(log, 0, sizeof(McChangeLog));
	log->feed = feed;
	if (!column_find(desc, ts_column, &log->ts_column, &log->ts_type) ||
	    !column_find(desc, price_column, &log->price_column, &log->price_type))
		return false;
	if (log->ts_type != TIMESTAMPTZOID && log->ts_type != TIMESTAMPOID && log->ts_type != DATEOID)
		return false;
	switch (log->price_type)
	{
		case NUMERICOID:
		case FLOAT8OID:
		case FLOAT4OID:
		case INT2OID:
		case INT4OID:
		case INT8OID:
			return true;
		default:
			return false;
	}
}

void
mc_change_log_end(McChangeLog *log)
{
	if (log->instruments.table != NULL)
		mc_lookup_close(&log->instruments);
	if (log->changes != NULL)
	{
		ExecCloseIndices(log->indexes);
		ExecDropSingleTupleTableSlot(log->change);
		table_close(log->changes, NoLock);
		FreeExecutorState(log->estate);
	}
}

static void
instruments_open(McChangeLog *log)
{
	if (log->instruments.table == NULL)
		mc_lookup_open(&log->instruments, table_open(mc_relation("instrument"), AccessShareLock),
		               SnapshotSelf, INSTRUMENT_KEY, INSTRUMENT_COLUMNS);
}

/* data_through of the instrument in the lookup; DT_NOBEGIN unless this feed prices it */
static TimestampTz
instrument_data_through(const McChangeLog *log)
{
	const McLookup *found = &log->instruments;

	if (found->nulls[INSTRUMENT_FEED] || found->nulls[INSTRUMENT_DATA_THROUGH] ||
	    DatumGetInt32(found->values[INSTRUMENT_FEED]) != log->feed)
		return DT_NOBEGIN;
	return DatumGetTimestampTz(found->values[INSTRUMENT_DATA_THROUGH]);
}

static void
instrument_look_up(McChangeLog *log, McCaptureKey *key)
{
	key->is_looked_up = true;
	if (VARSIZE_ANY_EXHDR(key->name) > LONGEST_NAME)
		return;
	instruments_open(log);
	/* an update that commits between the looks at its new and its old version hides both: look again */
	if (mc_lookup(&log->instruments, PointerGetDatum(key->name)) ||
	    mc_lookup(&log->instruments, PointerGetDatum(key->name)))
		key->data_through = instrument_data_through(log);
	ExecClearTuple(log->instruments.slot);
}

/* The latest price of the key that a calibration may have used; DT_NOBEGIN: none has used any. */
static inline TimestampTz
key_data_through(McChangeLog *log, McCaptureKey *key)
{
	if (!key->is_looked_up)
		instrument_look_up(log, key);
	return key->data_through;
}

/* Has this feed priced any instrument? */
static bool
any_instrument(McChangeLog *log)
{
	TableScanDesc scan;
	bool found = false;

	instruments_open(log);
	scan = table_beginscan(log->instruments.table, SnapshotSelf, 0, NULL);
	while (!found && table_scan_getnextslot(scan, ForwardScanDirection, log->instruments.slot))
	{
		CHECK_FOR_INTERRUPTS();
		mc_lookup_read(&log->instruments);
		found = instrument_data_through(log) != DT_NOBEGIN;
	}
	table_endscan(scan);
	ExecClearTuple(log->instruments.slot);
	return found;
}

/* ts of a row as timestamptz; false for NULL. A timestamp or a date is UTC; dates beyond are infinite. */
static inline bool
row_ts(const McChangeLog *log, TupleTableSlot *row, TimestampTz *ts)
{
	bool is_null;
	Datum value = slot_getattr(row, log->ts_column, &is_null);
	int overflow;

	if (is_null)
		return false;
	*ts = log->ts_type == DATEOID ? date2timestamp_opt_overflow(DatumGetDateADT(value), &overflow)
	                              : DatumGetTimestampTz(value);
	return true;
}

/* A price to its last digit, whatever the session's settings are. */
static char *
price_text(Oid type, Datum value)
{
	char *text;

	switch (type)
	{
		case NUMERICOID:
			return DatumGetCString(DirectFunctionCall1(numeric_out, value));
		case INT2OID:
			return psprintf("%d", DatumGetInt16(value));
		case INT4OID:
			return psprintf("%d", DatumGetInt32(value));
		case INT8OID:
			return psprintf(INT64_FORMAT, DatumGetInt64(value));
		default:
			text = palloc(DOUBLE_SHORTEST_DECIMAL_LEN);
			double_to_shortest_decimal_buf(
			    type == FLOAT4OID ? (double) DatumGetFloat4(value) : DatumGetFloat8(value), text);
			return text;
	}
}

/* Are the prices of two rows the same as printed? */
static bool
price_same(const McChangeLog *log, TupleTableSlot *a, TupleTableSlot *b)
{
	Form_pg_attribute column = TupleDescAttr(a->tts_tupleDescriptor, log->price_column - 1);
	bool a_null;
	bool b_null;
	Datum a_price = slot_getattr(a, log->price_column, &a_null);
	Datum b_price = slot_getattr(b, log->price_column, &b_null);
	char *a_text;
	char *b_text;
	bool same;

	if (a_null || b_null)
		return a_null && b_null;
	if (datum_image_eq(a_price, b_price, column->attbyval, column->attlen))
		return true;
	a_text = price_text(log->price_type, a_price);
	b_text = price_text(log->price_type, b_price);
	same = strcmp(a_text, b_text) == 0;
	pfree(a_text);
	pfree(b_text);
	return same;
}

static void
changes_open(McChangeLog *log)
{
	char *login = GetUserNameFromId(GetSessionUserId(), true);

	log->changes = table_open(mc_relation("input_change"), RowExclusiveLock);
	if (RelationGetDescr(log->changes)->natts != CHANGE_COLUMNS)
		elog(ERROR, "margin_calib.input_change has an unexpected shape");
	log->change = table_slot_create(log->changes, NULL);
	log->sequence = mc_relation("input_change_id_seq");
	log->login = login == NULL ? (Datum) 0 : CStringGetTextDatum(login);
	log->indexes = makeNode(ResultRelInfo);
	InitResultRelInfo(log->indexes, log->changes, 1, NULL, 0);
	ExecOpenIndices(log->indexes, false);
	log->estate = CreateExecutorState();
}

static void
set_column(TupleTableSlot *slot, int column, Datum value)
{
	slot->tts_values[column] = value;
	slot->tts_isnull[column] = false;
}

static void
change_insert(McChangeLog *log)
{
	table_tuple_insert(log->changes, log->change, GetCurrentCommandId(true), 0, NULL);
	mc_insert_index_entries(log->indexes, log->change, log->estate);
}

/* Append a row. key: NULL for all instruments; row: whose ts it has, NULL for none; its price when with_price. */
static void
change_append(McChangeLog *log, const McCaptureKey *key, const char *change, TupleTableSlot *row,
              bool with_price)
{
	TupleTableSlot *slot;
	MemoryContext old;
	TimestampTz ts;
	Datum price = (Datum) 0;
	bool no_price = true;

	if (log->changes == NULL)
		changes_open(log);
	slot = log->change;
	old = MemoryContextSwitchTo(GetPerTupleMemoryContext(log->estate));
	ExecClearTuple(slot);
	memset(slot->tts_isnull, true, CHANGE_COLUMNS * sizeof(bool));
	set_column(slot, CHANGE_ID, Int64GetDatum(nextval_internal(log->sequence, false)));
	set_column(slot, CHANGE_FEED, Int32GetDatum(log->feed));
	if (key != NULL)
		set_column(slot, CHANGE_INSTRUMENT, PointerGetDatum(key->name));
	if (row != NULL && row_ts(log, row, &ts))
		set_column(slot, CHANGE_TS, TimestampTzGetDatum(ts));
	if (with_price)
		price = slot_getattr(row, log->price_column, &no_price);
	if (!no_price)
		set_column(slot, CHANGE_OLD_PRICE, CStringGetTextDatum(price_text(log->price_type, price)));
	set_column(slot, CHANGE_CHANGE, CStringGetTextDatum(change));
	set_column(slot, CHANGE_AT, TimestampTzGetDatum(GetCurrentTransactionStartTimestamp()));
	if (log->login != (Datum) 0)
		set_column(slot, CHANGE_LOGIN, log->login);
	ExecStoreVirtualTuple(slot);
	change_insert(log);
	MemoryContextSwitchTo(old);
	ResetPerTupleExprContext(log->estate);
}

void
mc_change_inserted(McChangeLog *log, McCaptureKey *key, TupleTableSlot *row)
{
	TimestampTz ts;

	if (key == NULL || !row_ts(log, row, &ts) || TIMESTAMP_NOT_FINITE(ts))
		return;
	if (ts <= key_data_through(log, key))
	{
		change_append(log, key, "insert", row, false);
		return;
	}
	key->from_ts = Min(key->from_ts, ts);
	key->to_ts = Max(key->to_ts, ts);
}

void
mc_change_removed(McChangeLog *log, McCaptureKey *key, TupleTableSlot *row, const char *change)
{
	if (key != NULL && key_data_through(log, key) != DT_NOBEGIN)
		change_append(log, key, change, row, true);
}

void
mc_change_updated(McChangeLog *log, McCaptureKey *old_key, TupleTableSlot *old_row,
                  McCaptureKey *new_key, TupleTableSlot *new_row)
{
	TimestampTz old_ts = DT_NOBEGIN;
	TimestampTz new_ts = DT_NOBEGIN;
	bool old_known = row_ts(log, old_row, &old_ts);
	bool new_known = row_ts(log, new_row, &new_ts);
	bool moved = old_key != new_key || old_known != new_known || old_ts != new_ts;

	if (!moved && price_same(log, old_row, new_row))
		return;
	mc_change_removed(log, old_key, old_row, "update");
	if (moved)
		mc_change_inserted(log, new_key, new_row);
}

/* TRUNCATE fires the triggers of a partitioned table and of its partitions: one row is enough. */
void
mc_change_truncated(McChangeLog *log)
{
	static struct
	{
		int32 feed;
		TransactionId transaction;
		SubTransactionId subtransaction;
		TimestampTz statement;
	} latest;
	TransactionId transaction = GetTopTransactionId();
	SubTransactionId subtransaction = GetCurrentSubTransactionId();
	TimestampTz statement = GetCurrentStatementStartTimestamp();

	if ((latest.feed == log->feed && latest.transaction == transaction &&
	     latest.subtransaction == subtransaction && latest.statement == statement) ||
	    !any_instrument(log))
		return;
	change_append(log, NULL, "truncate", NULL, false);
	latest.feed = log->feed;
	latest.transaction = transaction;
	latest.subtransaction = subtransaction;
	latest.statement = statement;
}
