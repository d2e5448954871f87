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

/* A row of a feed, of which the instrument, the quantity (NULL: it is not usable) and the entry columns are looked at; or a sum of such rows. */
typedef struct McHeldRow
{
	Datum values[HOLDING_COLUMNS];
	bool nulls[HOLDING_COLUMNS];
} McHeldRow;

typedef struct McNetHoldings
{
	MemoryContext context;
	McKeyTable instruments;
	McHeldRow *rows; /* sums, one of each instrument */
	Size capacity;
} McNetHoldings;

extern void mc_net_holdings_init(McNetHoldings *net, MemoryContext context);

extern void mc_net_holdings_add(McNetHoldings *net, const McHeldRow *row);

/* The sums of an account, an array of this composite type in the current context; NULL without any. */
extern Datum mc_net_holdings_array(const McNetHoldings *net, Datum account, Oid row_type,
                                   bool *isnull);

#endif
