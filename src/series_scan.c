/*
 * series_scan.c
 *	  The price series of every instrument of a relation, read in one pass.
 *
 * A plain heap is read by heap_getnext, with the offsets of the columns worked out once where no
 * column before them varies in length.  Everything else goes through SPI into the same code.
 */
#include "compat.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/tableam.h"
#include "access/tupmacs.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "tcop/dest.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "series_columns.h"
#include "series_set.h"

typedef struct SeriesScan
{
	McSeriesBuilder builder;
	McColumn columns[MC_COLUMNS];
	bool fixed;            /* all three offsets are known */
	AttrNumber last;       /* the last of the three columns in the tuple */
	FmgrInfo output;       /* of an instrument that is neither a number nor a string */
	MemoryContext scratch; /* for conversions, reset after each row that used it */
	TupleDesc desc;
} SeriesScan;

/* a receiver for the rows of an SPI query, in the order instrument, ts, price */
typedef struct Receiver
{
	DestReceiver pub;
	SeriesScan *scan;
} Receiver;

/* ---- one row ---- */

static double
price_value(SeriesScan *scan, Datum value)
{
	double price;
	MemoryContext old;

	if (scan->columns[MC_PRICE].type != NUMERICOID)
		return mc_number_value(scan->columns[MC_PRICE].type, value);
	old = MemoryContextSwitchTo(scan->scratch);
	price = mc_number_value(NUMERICOID, value);
	MemoryContextSwitchTo(old);
	MemoryContextReset(scan->scratch);
	return price;
}

static TimestampTz
ts_value(const SeriesScan *scan, Datum value)
{
	switch (scan->columns[MC_TS].type)
	{
		case TIMESTAMPTZOID:
			return DatumGetTimestampTz(value);
		case TIMESTAMPOID:
			return DatumGetTimestampTz(DirectFunctionCall1(timestamp_timestamptz, value));
		default:
			return DatumGetTimestampTz(DirectFunctionCall1(date_timestamptz, value));
	}
}

/* a string, or the output text of another type */
static McSeries *
find_by_text(SeriesScan *scan, Datum value)
{
	McSeries *series;
	MemoryContext old = MemoryContextSwitchTo(scan->scratch);

	if (mc_is_string_type(scan->columns[MC_INSTRUMENT].type))
	{
		struct varlena *text = PG_DETOAST_DATUM_PACKED(value);
		int length = VARSIZE_ANY_EXHDR(text);

		/* as a cast to text: the blanks that pad a char(n) are no part of the name */
		if (scan->columns[MC_INSTRUMENT].type == BPCHAROID)
			length = bpchartruelen(VARDATA_ANY(text), length);
		series = mc_series_by_bytes(&scan->builder, VARDATA_ANY(text), length);
	}
	else
	{
		char *text = OutputFunctionCall(&scan->output, value);

		series = mc_series_by_bytes(&scan->builder, text, strlen(text));
	}
	MemoryContextSwitchTo(old);
	MemoryContextReset(scan->scratch);
	return series;
}

static inline McSeries *
find_series(SeriesScan *scan, Datum value)
{
	switch (scan->columns[MC_INSTRUMENT].type)
	{
		case INT2OID:
			return mc_series_by_number(&scan->builder, DatumGetInt16(value));
		case INT4OID:
			return mc_series_by_number(&scan->builder, DatumGetInt32(value));
		case INT8OID:
			return mc_series_by_number(&scan->builder, DatumGetInt64(value));
		case TEXTOID:
		case VARCHAROID:
			/* the usual short string, in place */
			if (VARATT_IS_SHORT(DatumGetPointer(value)) &&
			    !VARATT_IS_EXTERNAL(DatumGetPointer(value)))
				return mc_series_by_bytes(&scan->builder, VARDATA_SHORT(DatumGetPointer(value)),
				                          VARSIZE_SHORT(DatumGetPointer(value)) - VARHDRSZ_SHORT);
			/* FALLTHROUGH */
		default:
			return find_by_text(scan, value);
	}
}

static inline void
add_row(SeriesScan *scan, const Datum *values, const bool *nulls)
{
	McSeries *series;

	series = nulls[MC_INSTRUMENT] ? mc_series_unnamed(&scan->builder)
	                              : find_series(scan, values[MC_INSTRUMENT]);
	scan->builder.set->rows++;
	if (unlikely(nulls[MC_TS]))
		series->null_ts++;
	else
		mc_series_append(&scan->builder, series, ts_value(scan, values[MC_TS]),
		                 nulls[MC_PRICE] ? mc_null_price() : price_value(scan, values[MC_PRICE]));
}

/* ---- the heap ---- */

/* offsets of the columns in a tuple without NULLs, as far as no varying column stands before */
static void
find_offsets(SeriesScan *scan)
{
	int offset = 0;

	for (int attno = 1; attno <= scan->last; attno++)
	{
		Form_pg_attribute attribute = TupleDescAttr(scan->desc, attno - 1);

		if (attribute->attlen < 0 && attribute->attalign != TYPALIGN_CHAR)
			return;
		offset = att_align_nominal(offset, attribute->attalign);
		for (int i = 0; i < MC_COLUMNS; i++)
			if (scan->columns[i].attno == attno)
				scan->columns[i].offset = offset;
		if (attribute->attlen < 0)
			return;
		offset += attribute->attlen;
	}
	scan->fixed = true;
}

/* walk the tuple once, column by column, and stop at the last that is needed */
static void
deform(const SeriesScan *scan, HeapTuple tuple, Datum *values, bool *nulls)
{
	HeapTupleHeader header = tuple->t_data;
	char *data = (char *) header + header->t_hoff;
	bool has_nulls = HeapTupleHasNulls(tuple);
	uint32 offset = 0;

	for (int attno = 1; attno <= scan->last; attno++)
	{
		Form_pg_attribute attribute = TupleDescAttr(scan->desc, attno - 1);
		bool is_null = has_nulls && att_isnull(attno - 1, header->t_bits);

		if (!is_null)
			offset =
			    att_align_pointer(offset, attribute->attalign, attribute->attlen, data + offset);
		for (int i = 0; i < MC_COLUMNS; i++)
			if (scan->columns[i].attno == attno)
			{
				nulls[i] = is_null;
				values[i] = is_null
				                ? (Datum) 0
				                : fetch_att(data + offset, attribute->attbyval, attribute->attlen);
			}
		if (!is_null)
			offset = att_addlength_pointer(offset, attribute->attlen, data + offset);
	}
}

static inline void
add_tuple(SeriesScan *scan, HeapTuple tuple)
{
	Datum values[MC_COLUMNS];
	bool nulls[MC_COLUMNS] = {false, false, false};
	char *data = (char *) tuple->t_data + tuple->t_data->t_hoff;

	/* columns added to the table later come from the catalogue */
	if (unlikely(HeapTupleHeaderGetNatts(tuple->t_data) < scan->last))
		for (int i = 0; i < MC_COLUMNS; i++)
			values[i] = heap_getattr(tuple, scan->columns[i].attno, scan->desc, &nulls[i]);
	else if (scan->fixed && !HeapTupleHasNulls(tuple))
		for (int i = 0; i < MC_COLUMNS; i++)
			values[i] = fetch_att(data + scan->columns[i].offset, scan->columns[i].by_value,
			                      scan->columns[i].length);
	else
		deform(scan, tuple, values, nulls);
	add_row(scan, values, nulls);
}

static void
scan_heap(Relation rel, SeriesScan *scan)
{
	/* from block 0, so that a table in time order is read in time order */
	TableScanDesc heap = table_beginscan_strat(rel, GetActiveSnapshot(), 0, NULL, true, false);
	HeapTuple tuple;

	scan->desc = RelationGetDescr(rel);
	find_offsets(scan);
	while ((tuple = heap_getnext(heap, ForwardScanDirection)) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		add_tuple(scan, tuple);
	}
	table_endscan(heap);
}

/* ---- everything else ---- */

static bool
receive_slot(TupleTableSlot *slot, DestReceiver *self)
{
	slot_getallattrs(slot);
	add_row(((Receiver *) self)->scan, slot->tts_values, slot->tts_isnull);
	return true;
}

static void
receive_startup(DestReceiver *self, int operation, TupleDesc typeinfo)
{
}

static void
receive_nothing(DestReceiver *self)
{
}

static void
scan_query(Relation rel, SeriesScan *scan, const char *const *names)
{
	/* a kind of receiver other than DestNone, for which SPI reports no SELECT */
	Receiver receiver = {
	    {receive_slot, receive_startup, receive_nothing, receive_nothing, DestTuplestore}, scan};
	SPIExecuteOptions options = {.read_only = true, .dest = &receiver.pub};
	StringInfoData query;

	initStringInfo(&query);
	appendStringInfo(&query, "SELECT %s, %s, %s FROM %s", quote_identifier(names[MC_INSTRUMENT]),
	                 quote_identifier(names[MC_TS]), quote_identifier(names[MC_PRICE]),
	                 quote_qualified_identifier(get_namespace_name(RelationGetNamespace(rel)),
	                                            RelationGetRelationName(rel)));
	SPI_connect();
	/* a receiver of an unknown kind counts as a utility command */
	if (SPI_execute_extended(query.data, &options) < 0)
		elog(ERROR, "could not read relation \"%s\"", RelationGetRelationName(rel));
	SPI_finish();
}

McSeriesSet *
mc_series_scan(Oid relid, const char *instrument, const char *ts, const char *price)
{
	const char *names[MC_COLUMNS] = {instrument, ts, price};
	SeriesScan scan = {0};
	Relation rel = try_relation_open(relid, AccessShareLock);
	Oid function;
	bool is_varlena;
	Oid type;

	if (rel == NULL)
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
		                errmsg("relation with OID %u does not exist", relid),
		                errhint("Give the name of a table or view with prices.")));
	mc_check_series_relation(rel);
	mc_find_series_columns(rel, names, scan.columns);
	for (int i = 0; i < MC_COLUMNS; i++)
		scan.last = Max(scan.last, scan.columns[i].attno);
	type = scan.columns[MC_INSTRUMENT].type;
	mc_series_builder_init(&scan.builder, mc_is_integer_type(type));
	scan.scratch =
	    AllocSetContextCreate(scan.builder.set->context, "margin_calib row", ALLOCSET_SMALL_SIZES);
	getTypeOutputInfo(type, &function, &is_varlena);
	fmgr_info_cxt(function, &scan.output, scan.builder.set->context);
	if (rel->rd_tableam == GetHeapamTableAmRoutine() &&
	    mc_is_plain_relation(rel, scan.columns, MC_COLUMNS))
		scan_heap(rel, &scan);
	else
		scan_query(rel, &scan, names);
	relation_close(rel, NoLock);
	MemoryContextDelete(scan.scratch);
	return mc_series_builder_finish(&scan.builder);
}
