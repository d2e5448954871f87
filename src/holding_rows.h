/*
 * holding_rows.h
 *	  Net holdings of one account, rows of margin_calib.engine_holding.
 */
#ifndef MC_HOLDING_ROWS_H
#define MC_HOLDING_ROWS_H

#include "compat.h"

#include "access/tupdesc.h"

#include "key_table.h"

/* columns of margin_calib.engine_holding */
enum
{
	HOLDING_ACCOUNT,
	HOLDING_INSTRUMENT,
	HOLDING_QUANTITY,
	HOLDING_UNUSABLE,
	HOLDING_ENTRY_QUANTITY,
	HOLDING_ENTRY_VALUE,
	HOLDING_ENTRY_INVERSE,
	HOLDING_COLUMNS
};

/* What one row of a feed says of an account; NULL for what it does not say. */
typedef struct McHeldRow
{
	Datum values[HOLDING_COLUMNS]; /* of the instrument, the quantity and the entry columns */
	bool nulls[HOLDING_COLUMNS];   /* without a quantity it is not usable */
} McHeldRow;

typedef struct McNetHoldings
{
	MemoryContext context;
	McKeyTable instruments;
	McHeldRow *rows; /* one of each instrument */
	int64 *unusable;
	Size capacity;
} McNetHoldings;

extern void mc_net_holdings_init(McNetHoldings *net, MemoryContext context);

extern void mc_net_holdings_add(McNetHoldings *net, const McHeldRow *row);

/* The sums of an account, an array of this composite type in the current context; NULL without any. */
extern Datum mc_net_holdings_array(const McNetHoldings *net, Datum account, Oid row_type,
                                   bool *isnull);

#endif
