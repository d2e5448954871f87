/*
 * input_change.h
 *	  What changes in prices that a calibration may have used: rows of margin_calib.input_change.
 */
#ifndef MC_INPUT_CHANGE_H
#define MC_INPUT_CHANGE_H

#include "compat.h"

#include "executor/tuptable.h"
#include "nodes/execnodes.h"
#include "utils/relcache.h"

#include "capture_keys.h"
#include "row_lookup.h"

/* The log of one statement on a price feed. Relations are opened when they are needed first. */
typedef struct McChangeLog
{
	int32 feed;

	/* columns of the user's table */
	AttrNumber ts_column;
	AttrNumber price_column;
	Oid ts_type; /* base types */
	Oid price_type;

	McLookup instruments; /* its table is NULL until the first one */

	/* margin_calib.input_change */
	Relation changes;
	ResultRelInfo *indexes;
	EState *estate;
	TupleTableSlot *change;
	Oid sequence;
	Datum login;
} McChangeLog;

/*
 * Start the log of a statement on a table with this row type.  False when the ts or the price column
 * is gone or has become another type than a price feed's: then nothing can be told.
 */
extern bool mc_change_log_start(McChangeLog *log, int32 feed, TupleDesc desc, const char *ts_column,
                                const char *price_column);

/*
 * A row was inserted, removed (`change` says how), or updated; the table was truncated.  A key is
 * NULL for a row without one.  A row inserted in time is noted in its key's from_ts and to_ts.
 */
extern void mc_change_inserted(McChangeLog *log, McCaptureKey *key, TupleTableSlot *row);
extern void mc_change_removed(McChangeLog *log, McCaptureKey *key, TupleTableSlot *row,
                              const char *change);
extern void mc_change_updated(McChangeLog *log, McCaptureKey *old_key, TupleTableSlot *old_row,
                              McCaptureKey *new_key, TupleTableSlot *new_row);
extern void mc_change_truncated(McChangeLog *log);

/* Close what was opened; locks stay to the end of the transaction. */
extern void mc_change_log_end(McChangeLog *log);

#endif
