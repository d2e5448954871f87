/*
 * kept_query.c
 *	  Holdings of one account by a query that the session keeps, with its plan: to write it anew from the catalogues and
 *	  to plan it takes longer than to read the holdings.
 */
#include "compat.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/inval.h"
#include "utils/memutils.h"

/* The query of one kind of feeds: it holds as long as their rows and all relations are as they were. */
typedef struct McKeptQuery
{
	const char *kind;
	Oid type;       /* of the result: another one once the extension is made anew */
	Datum feeds;    /* array of rows of margin_calib.feed */
	uint64 changes; /* of relations, when the query was written */
	SPIPlanPtr plan;
	int running;
} McKeptQuery;

static McKeptQuery kept[] = {{"positions"}, {"collateral"}};
static SPIPlanPtr feeds_plan = NULL;
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
	if (DatumGetPointer(slot->feeds) != NULL)
		pfree(DatumGetPointer(slot->feeds));
	slot->feeds = PointerGetDatum(NULL);
}

/* Writes and plans the query of the feeds of a kind. */
static void
renew(McKeptQuery *slot, Datum kind, Datum feeds, Oid type)
{
	MemoryContext before;
	uint64 seen = changes;
	bool isnull;
	Datum written =
	    value_of(prepared("SELECT margin_calib.holdings_query($1, NULL)"), kind, &isnull);
	SPIPlanPtr plan = prepared(TextDatumGetCString(written));

	forget(slot);
	before = MemoryContextSwitchTo(TopMemoryContext);
	slot->feeds = datumCopy(feeds, false, -1);
	MemoryContextSwitchTo(before);
	SPI_keepplan(plan);
	slot->plan = plan;
	slot->type = type;
	slot->changes = seen;
}

/* The rows of the feeds of a kind, as an array. */
static Datum
feeds_of(Datum kind, bool *isnull)
{
	if (feeds_plan == NULL)
	{
		SPIPlanPtr plan =
		    prepared("SELECT pg_catalog.array_agg(f ORDER BY f.id) "
		             "FROM margin_calib.feed AS f WHERE f.kind OPERATOR(pg_catalog.=) $1");

		SPI_keepplan(plan);
		feeds_plan = plan;
	}
	return value_of(feeds_plan, kind, isnull);
}

/* The query of a kind, up to date; NULL when there are no feeds. */
static McKeptQuery *
query_of(Datum kind, Oid type)
{
	McKeptQuery *slot = slot_of(TextDatumGetCString(kind));
	bool isnull;
	Datum feeds = feeds_of(kind, &isnull);

	if (!watching)
	{
		CacheRegisterRelcacheCallback(relation_changed, (Datum) 0);
		watching = true;
	}
	if (isnull)
		return NULL;
	if (slot->plan == NULL || slot->type != type || slot->changes != changes ||
	    !datumIsEqual(slot->feeds, feeds, false, -1))
		renew(slot, kind, feeds, type);
	return slot;
}

/* margin_calib.holdings_of(kind text, account text) -> margin_calib.engine_holding[], NULL when there are none */
MC_FUNCTION(mc_holdings_of)
{
	Oid type = get_fn_expr_rettype(fcinfo->flinfo);
	Datum kind = PointerGetDatum(PG_GETARG_TEXT_PP(0));
	McKeptQuery *slot;
	Datum result = (Datum) 0;
	bool isnull = true;

	SPI_connect();
	slot = query_of(kind, type);
	if (slot != NULL)
	{
		slot->running++;
		PG_TRY();
		{
			result = value_of(slot->plan, PG_GETARG_DATUM(1), &isnull);
		}
		PG_FINALLY();
		{
			slot->running--;
		}
		PG_END_TRY();
		if (SPI_gettypeid(SPI_tuptable->tupdesc, 1) != type)
			elog(ERROR, "a query of holdings gives one array");
		if (!isnull)
			result = SPI_datumTransfer(result, false, -1);
	}
	SPI_finish();
	if (isnull)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(result);
}
