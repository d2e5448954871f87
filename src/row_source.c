/*
 * row_source.c
 *	  The rows of a table or a query.
 */
#include "compat.h"

#include "access/relation.h"
#include "access/tableam.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "tcop/dest.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/varlena.h"

#include "row_source.h"
#include "series_columns.h"

/* a receiver for the rows of an SPI query */
typedef struct Receiver
{
	DestReceiver pub;
	const McRowSource *source;
	MemoryContext scratch;
	int attno[MC_SOURCE_COLUMNS];
} Receiver;

static inline void
give_row(const McRowSource *source, MemoryContext scratch, TupleTableSlot *slot, const int *attno)
{
	Datum values[MC_SOURCE_COLUMNS];
	bool nulls[MC_SOURCE_COLUMNS];
	MemoryContext before = MemoryContextSwitchTo(scratch);

	for (int i = 0; i < source->columns; i++)
	{
		values[i] = slot->tts_values[attno[i] - 1];
		nulls[i] = slot->tts_isnull[attno[i] - 1];
	}
	source->row(source->arg, values, nulls);
	MemoryContextSwitchTo(before);
	if (!scratch->isReset)
		MemoryContextReset(scratch);
}

/* ---- a plain table ---- */

static void
scan_table(const McRowSource *source, Relation rel, const McColumn *columns, MemoryContext scratch)
{
	TableScanDesc scan = table_beginscan_strat(rel, GetActiveSnapshot(), 0, NULL, true, false);
	TupleTableSlot *slot = table_slot_create(rel, NULL);
	int attno[MC_SOURCE_COLUMNS];
	int last = 0;

	for (int i = 0; i < source->columns; i++)
	{
		attno[i] = columns[i].attno;
		last = Max(last, attno[i]);
	}
	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		CHECK_FOR_INTERRUPTS();
		slot_getsomeattrs(slot, last);
		give_row(source, scratch, slot, attno);
	}
	ExecDropSingleTupleTableSlot(slot);
	table_endscan(scan);
}

/* ---- a query ---- */

static int
result_column(const McRowSource *source, TupleDesc desc, const char *name)
{
	int found = 0;

	for (int i = 0; i < desc->natts; i++)
	{
		if (strcmp(NameStr(TupleDescAttr(desc, i)->attname), name) != 0)
			continue;
		if (found != 0)
			ereport(ERROR, (errcode(ERRCODE_AMBIGUOUS_COLUMN),
			                errmsg("the query of %s has two columns \"%s\"", source->what, name),
			                errhint("Give each column a name of its own.")));
		found = i + 1;
	}
	if (found == 0)
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN),
		                errmsg("the query of %s has no column \"%s\"", source->what, name),
		                errhint("Name its columns as the arguments say: SELECT ... AS %s.",
		                        quote_identifier(name))));
	return found;
}

static void
receive_startup(DestReceiver *self, int operation, TupleDesc desc)
{
	Receiver *receiver = (Receiver *) self;
	const McRowSource *source = receiver->source;
	Oid types[MC_SOURCE_COLUMNS];

	for (int i = 0; i < source->columns; i++)
	{
		receiver->attno[i] = result_column(source, desc, source->names[i]);
		types[i] = getBaseType(TupleDescAttr(desc, receiver->attno[i] - 1)->atttypid);
	}
	source->start(source->arg, types);
}

static bool
receive_slot(TupleTableSlot *slot, DestReceiver *self)
{
	Receiver *receiver = (Receiver *) self;

	slot_getallattrs(slot);
	give_row(receiver->source, receiver->scratch, slot, receiver->attno);
	return true;
}

static void
receive_nothing(DestReceiver *self)
{
}

static void
scan_query(const McRowSource *source, const char *query, MemoryContext scratch)
{
	/* a kind of receiver other than DestNone, for which SPI reports no SELECT */
	Receiver receiver = {
	    {receive_slot, receive_startup, receive_nothing, receive_nothing, DestTuplestore},
	    source,
	    scratch};
	SPIExecuteOptions options = {.read_only = true, .dest = &receiver.pub};
	SPIPlanPtr plan;

	SPI_connect();
	plan = SPI_prepare(query, 0, NULL);
	if (plan == NULL || !SPI_is_cursor_plan(plan))
		ereport(
		    ERROR,
		    (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		     errmsg("%s must be the name of a table or view, or one query with rows", source->what),
		     errdetail("It is: %s.", pnstrdup(source->text, Min(strlen(source->text), 200))),
		     errhint("Write 'book', or 'SELECT ... FROM book WHERE ...'.")));
	/* a receiver of an unknown kind counts as a utility command */
	if (SPI_execute_plan_extended(plan, &options) < 0)
		elog(ERROR, "could not read %s", source->what);
	SPI_finish();
}

/* ---- either ---- */

static void
scan_relation(const McRowSource *source, List *names, MemoryContext scratch)
{
	Oid relid = RangeVarGetRelid(makeRangeVarFromNameList(names), AccessShareLock, false);
	Relation rel = relation_open(relid, NoLock);
	McColumn columns[MC_SOURCE_COLUMNS];
	Oid types[MC_SOURCE_COLUMNS];
	StringInfoData query;

	mc_check_series_relation(rel);
	initStringInfo(&query);
	for (int i = 0; i < source->columns; i++)
	{
		mc_find_column(rel, source->names[i], &columns[i]);
		types[i] = columns[i].type;
		appendStringInfo(&query, "%s%s", i == 0 ? "SELECT " : ", ",
		                 quote_identifier(source->names[i]));
	}
	if (mc_is_plain_relation(rel, columns, source->columns))
	{
		source->start(source->arg, types);
		scan_table(source, rel, columns, scratch);
	}
	else
	{
		appendStringInfo(&query, " FROM %s",
		                 quote_qualified_identifier(get_namespace_name(RelationGetNamespace(rel)),
		                                            RelationGetRelationName(rel)));
		scan_query(source, query.data, scratch);
	}
	relation_close(rel, NoLock);
}

void
mc_row_source_read(const McRowSource *source)
{
	MemoryContext scratch =
	    AllocSetContextCreate(CurrentMemoryContext, "margin_calib row", ALLOCSET_DEFAULT_SIZES);
	List *identifiers;
	List *names = NIL;
	ListCell *cell;

	/* a name is no query, and no query is a name */
	if (SplitIdentifierString(pstrdup(source->text), '.', &identifiers) && identifiers != NIL)
	{
		foreach (cell, identifiers)
			names = lappend(names, makeString(lfirst(cell)));
		scan_relation(source, names, scratch);
	}
	else
		scan_query(source, source->text, scratch);
	MemoryContextDelete(scratch);
}

void
mc_check_number_type(const McRowSource *source, int column, Oid type)
{
	if (mc_is_integer_type(type) || type == FLOAT8OID || type == FLOAT4OID || type == NUMERICOID)
		return;
	ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
	                errmsg("the column \"%s\" of %s must be a number", source->names[column],
	                       source->what),
	                errdetail("It is of type %s.", format_type_be(type)),
	                errhint("Name another column, or give a query that casts this one.")));
}
