/*
 * holding_rows.c
 *	  Net holdings of one account: sums of the rows of an instrument, NULL where none says anything.
 */
#include "holding_rows.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/datum.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

#include "errors.h"
#include "sample.h"

#define FIRST_CAPACITY 16

static const int SUMMED[] = {HOLDING_QUANTITY, HOLDING_ENTRY_QUANTITY, HOLDING_ENTRY_VALUE,
                             HOLDING_ENTRY_INVERSE};

void
mc_net_holdings_init(McNetHoldings *net, MemoryContext context)
{
	*net = (McNetHoldings){.context = context, .capacity = FIRST_CAPACITY};
	net->rows = MemoryContextAlloc(context, FIRST_CAPACITY * sizeof(McHeldRow));
	mc_key_table_init(&net->instruments, TEXTOID, context);
}

static void
make_room(McNetHoldings *net)
{
	if (net->instruments.count < net->capacity)
		return;
	net->capacity = mc_grown_capacity(net->capacity, net->instruments.count + 1, sizeof(McHeldRow));
	net->rows = repalloc_huge(net->rows, net->capacity * sizeof(McHeldRow));
}

/* Adds a column of a row to the sum so far. */
static void
add_column(McHeldRow *sum, const McHeldRow *row, int column)
{
	Datum before = sum->values[column];

	if (row->nulls[column])
		return;
	if (sum->nulls[column])
		sum->values[column] = datumCopy(row->values[column], false, -1);
	else
	{
		sum->values[column] = DirectFunctionCall2(numeric_add, before, row->values[column]);
		pfree(DatumGetPointer(before));
	}
	sum->nulls[column] = false;
}

void
mc_net_holdings_add(McNetHoldings *net, const McHeldRow *row)
{
	MemoryContext before = MemoryContextSwitchTo(net->context);
	uint32 known = net->instruments.count;
	uint32 number;
	McHeldRow *sum;

	make_room(net);
	number = mc_key_number(&net->instruments, row->values[HOLDING_INSTRUMENT],
	                       row->nulls[HOLDING_INSTRUMENT]);
	sum = &net->rows[number];
	if (number == known)
	{
		memset(sum->nulls, true, sizeof(sum->nulls));
		sum->values[HOLDING_UNUSABLE] = Int64GetDatum(0);
		sum->nulls[HOLDING_UNUSABLE] = false;
	}
	for (int i = 0; i < lengthof(SUMMED); i++)
		add_column(sum, row, SUMMED[i]);
	if (row->nulls[HOLDING_QUANTITY])
		sum->values[HOLDING_UNUSABLE] =
		    Int64GetDatum(DatumGetInt64(sum->values[HOLDING_UNUSABLE]) + 1);
	MemoryContextSwitchTo(before);
}

Datum
mc_net_holdings_array(const McNetHoldings *net, Datum account, Oid row_type, bool *isnull)
{
	uint32 count = net->instruments.count;
	TupleDesc desc;
	Datum *rows;
	ArrayType *array;

	*isnull = count == 0;
	if (count == 0)
		return (Datum) 0;
	desc = lookup_rowtype_tupdesc(row_type, -1);
	if (desc->natts != HOLDING_COLUMNS)
		elog(ERROR, "margin_calib.engine_holding has an unexpected shape");
	rows = mc_work_space(count, sizeof(Datum));
	for (uint32 i = 0; i < count; i++)
	{
		McHeldRow *row = &net->rows[i];

		row->values[HOLDING_ACCOUNT] = account;
		row->nulls[HOLDING_ACCOUNT] = false;
		row->values[HOLDING_INSTRUMENT] = PointerGetDatum(mc_key_text(&net->instruments, i));
		row->nulls[HOLDING_INSTRUMENT] = false;
		rows[i] = HeapTupleGetDatum(heap_form_tuple(desc, row->values, row->nulls));
	}
	array = construct_array(rows, count, row_type, -1, false, TYPALIGN_DOUBLE);
	ReleaseTupleDesc(desc);
	return PointerGetDatum(array);
}
