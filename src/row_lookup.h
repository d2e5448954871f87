/*
 * row_lookup.h
 *	  Rows of the extension's tables by their primary keys of text columns: what an index scan of the executor does, without
 *	  the start of one, and without the index where a row stands where this session found it the last time.
 */
#ifndef MC_ROW_LOOKUP_H
#define MC_ROW_LOOKUP_H

#include "compat.h"

#include "access/genam.h"
#include "access/htup.h"
#include "executor/tuptable.h"
#include "utils/rel.h"
#include "utils/snapshot.h"

#define MC_LOOKUP_MOST_KEYS 3
#define MC_LOOKUP_MOST_COLUMNS 6

typedef struct McLookup
{
	Relation table;
	Snapshot snapshot;
	TupleTableSlot *slot;
	HeapTupleData tuple; /* what the slot may point to */
	Relation index;      /* NULL until it is needed */
	IndexScanDesc scan;
	int key_count;
	AttrNumber key_columns[MC_LOOKUP_MOST_KEYS];
	Datum keys[MC_LOOKUP_MOST_KEYS];
	int column_count;
	AttrNumber columns[MC_LOOKUP_MOST_COLUMNS];
	Datum values[MC_LOOKUP_MOST_COLUMNS]; /* of the row found, as long as no other is looked up */
	bool nulls[MC_LOOKUP_MOST_COLUMNS];   /* all when there is none */
} McLookup;

/* The OID of a relation of margin_calib; XX000 when it is missing. */
extern Oid mc_relation(const char *name);

/* A table of margin_calib whose rows name no account, to be read; 42501 unless the caller may. */
extern Relation mc_table_open(const char *name);

/* Rows of an open table, for values of columns; `keys` are the columns of its primary key.  NULL ends both lists. */
extern void mc_lookup_open(McLookup *lookup, Relation table, Snapshot snapshot,
                           const char *const *keys, const char *const *columns);

/* Is there a row with this text in the key's first column, and in the others what lookup->keys has? */
extern bool mc_lookup(McLookup *lookup, Datum key);

/* Takes the values from a row that was put into the slot by other means. */
extern void mc_lookup_read(McLookup *lookup);

/* Lets go of the table too. */
extern void mc_lookup_close(McLookup *lookup);

#endif
