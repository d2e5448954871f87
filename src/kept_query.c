/*
 * kept_query.c
 *	  Holdings of one account by a query that the session keeps, with its plan: to write it anew from the catalogues and
 *	  to plan it takes longer than to read the holdings.
 */
#include "compat.h"

#include "access/sysattr.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "holding_rows.h"
#include "row_lookup.h"

/* The query of one kind of feeds: it holds as long as their rows and all relations are as they were. */
typedef struct McKeptQuery
{
	const char *kind;
	char *feeds; /* which versions of rows of margin_calib.feed it was written from */
	int feeds_bytes;
	uint64 changes; /* of relations, when the query was written */
	SPIPlanPtr plan;
	int running;
} McKeptQuery;

static McKeptQuery kept[] = {{"positions"}, {"collateral"}};
static bool watching = false;
static uint64 changes = 0;

static void
relation_changed(Datum argument, Oid relation)
{
	changes++;
}

static SPIPlanPtr
prepared(const char *query)
{
	Oid type = TEXTOID;
	/* accounts and kinds are much alike: one plan for all of them */
	SPIPlanPtr plan = SPI_prepare_cursor(query, 1, &type, CURSOR_OPT_GENERIC_PLAN);

	if (plan == NULL)
		elog(ERROR, "a query of holdings cannot be prepared: %s",
		     SPI_result_code_string(SPI_result));
	return plan;
}

/* The one value of a query with one text argument. */
static Datum
value_of(SPIPlanPtr plan, Datum argument, bool *isnull)
{
	if (SPI_execute_plan(plan, &argument, NULL, true, 0) != SPI_OK_SELECT || SPI_processed != 1)
		elog(ERROR, "a query of holdings gives one row");
	return SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, isnull);
}

static McKeptQuery *
slot_of(const char *kind)
{
	for (int i = 0; i < lengthof(kept); i++)
		if (strcmp(kept[i].kind, kind) == 0)
			return &kept[i];
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
	                errmsg("feeds of kind %s have no accounts", kind),
	                errhint("Kinds that have are positions and collateral.")));
}

static void
forget(McKeptQuery *slot)
{
	SPIPlanPtr plan = slot->plan;

	slot->plan = NULL;
	/* a view that is being read may have asked for holdings itself: then its plan stays */
	if (plan != NULL && slot->running == 0)
		SPI_freeplan(plan);
	if (slot->feeds != NULL)
		pfree(slot->feeds);
	slot->feeds = NULL;
}

/* Writes and plans the query of the feeds of a kind. */
static void
renew(McKeptQuery *slot, Datum kind, const StringInfoData *feeds)
{
	uint64 seen = changes;
	bool isnull;
	Datum written =
	    value_of(prepared("SELECT margin_calib.holdings_query($1, NULL)"), kind, &isnull);
	SPIPlanPtr plan = prepared(TextDatumGetCString(written));

	forget(slot);
	slot->feeds = MemoryContextAlloc(TopMemoryContext, feeds->len);
	memcpy(slot->feeds, feeds->data, feeds->len);
	slot->feeds_bytes = feeds->len;
	SPI_keepplan(plan);
	slot->plan = plan;
	slot->changes = seen;
}

/* Which row it is, and in which version. */
typedef struct McRowVersion
{
	TransactionId made;
	BlockNumber block;
	uint32 offset;
} McRowVersion;

/* The versions of the rows of the feeds of a kind: as long as they are the same, so is all that is in them. */
static void
feeds_of(const char *kind, StringInfo versions)
{
	Relation table = mc_table_open("feed");
	AttrNumber column = SPI_fnumber(RelationGetDescr(table), "kind");
	TupleTableSlot *slot = table_slot_create(table, NULL);
	TableScanDesc scan = table_beginscan(table, GetActiveSnapshot(), 0, NULL);
	bool isnull;

	initStringInfo(versions);
	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		Datum found = slot_getattr(slot, column, &isnull);
		Datum made = slot_getsysattr(slot, MinTransactionIdAttributeNumber, &isnull);
		McRowVersion version = {DatumGetTransactionId(made),
		                        ItemPointerGetBlockNumber(&slot->tts_tid),
		                        ItemPointerGetOffsetNumber(&slot->tts_tid)};

		if (strcmp(TextDatumGetCString(found), kind) == 0)
			appendBinaryStringInfo(versions, (char *) &version, sizeof(version));
	}
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	table_close(table, NoLock);
}

/* The query of a kind, up to date; NULL when there are no feeds. */
static McKeptQuery *
query_of(Datum kind)
{
	McKeptQuery *slot = slot_of(TextDatumGetCString(kind));
	StringInfoData feeds;

	feeds_of(slot->kind, &feeds);
	if (!watching)
	{
		CacheRegisterRelcacheCallback(relation_changed, (Datum) 0);
		watching = true;
	}
	if (feeds.len == 0)
		return NULL;
	if (slot->plan == NULL || slot->changes != changes || slot->feeds_bytes != feeds.len ||
	    memcmp(slot->feeds, feeds.data, feeds.len) != 0)
		renew(slot, kind, &feeds);
	return slot;
}

/* ---- its rows ---- */

/* columns of the query */
static const int COLUMNS[] = {HOLDING_INSTRUMENT, HOLDING_QUANTITY, HOLDING_ENTRY_QUANTITY,
                              HOLDING_ENTRY_VALUE, HOLDING_ENTRY_INVERSE};

typedef struct McReceiver
{
	DestReceiver base;
	McNetHoldings net;
} McReceiver;

static void
receive_start(DestReceiver *self, int operation, TupleDesc desc)
{
	if (desc->natts != lengthof(COLUMNS))
		elog(ERROR, "a query of holdings has unexpected columns");
}

static bool
receive_row(TupleTableSlot *slot, DestReceiver *self)
{
	McHeldRow row;

	slot_getallattrs(slot);
	for (int i = 0; i < lengthof(COLUMNS); i++)
	{
		row.values[COLUMNS[i]] = slot->tts_values[i];
		row.nulls[COLUMNS[i]] = slot->tts_isnull[i];
	}
	mc_net_holdings_add(&((McReceiver *) self)->net, &row);
	return true;
}

static void
receive_end(DestReceiver *self)
{
}

/* Adds up what the query finds of an account. */
static void
run(McKeptQuery *slot, Datum account, McNetHoldings *net)
{
	McReceiver receiver = {{receive_row, receive_start, receive_end, receive_end, DestTuplestore}};
	SPIExecuteOptions options = {
	    .params = makeParamList(1), .read_only = true, .dest = &receiver.base};

	options.params->params[0] = (ParamExternData){account, false, PARAM_FLAG_CONST, TEXTOID};
	mc_net_holdings_init(&receiver.net, CurrentMemoryContext);
	slot->running++;
	PG_TRY();
	{
		if (SPI_execute_plan_extended(slot->plan, &options) != SPI_OK_SELECT)
			elog(ERROR, "a query of holdings gives rows");
	}
	PG_FINALLY();
	{
		slot->running--;
	}
	PG_END_TRY();
	*net = receiver.net;
}

/* margin_calib.holdings_of(kind text, account text) -> margin_calib.engine_holding[], NULL when there are none */
MC_FUNCTION(mc_holdings_of)
{
	MemoryContext caller = CurrentMemoryContext;
	Datum kind = PointerGetDatum(PG_GETARG_TEXT_PP(0));
	Oid type = get_element_type(get_fn_expr_rettype(fcinfo->flinfo));
	McKeptQuery *slot;
	Datum result = (Datum) 0;
	bool isnull = true;

	SPI_connect();
	slot = query_of(kind);
	if (slot != NULL)
	{
		McNetHoldings net;
		MemoryContext inner;

		run(slot, PG_GETARG_DATUM(1), &net);
		inner = MemoryContextSwitchTo(caller);
		result = mc_net_holdings_array(&net, PG_GETARG_DATUM(1), type, &isnull);
		MemoryContextSwitchTo(inner);
	}
	SPI_finish();
	if (isnull)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(result);
}
