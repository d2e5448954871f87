/*
 * series_scan.h
 *	  The price series of every instrument of a relation, read in one pass.
 *
 * The engine of the set paths: rows are scattered in physical order to one growing array per
 * instrument, which costs a hash look-up a row instead of a sort or a hash aggregate's executor
 * overhead.
 */
#ifndef MC_SERIES_SCAN_H
#define MC_SERIES_SCAN_H

#include "compat.h"

#include "datatype/timestamp.h"
#include "kernel/series_sort.h"

typedef struct McSeries
{
	char *instrument; /* as text; NULL for the rows whose instrument is NULL */
	size_t n;         /* rows with a ts, in physical order until mc_series_order */
	TimestampTz *ts;  /* may be infinite */
	double *price;    /* as stored, any double; SQL NULL is mc_null_price() (series_sort.h) */
	size_t null_ts;   /* rows without a ts: counted here, not in the arrays */
	bool sorted;      /* ts grows strictly: in order and without duplicates */

	/* for the hash table that fills it */
	size_t capacity;
	uint64 hash;
	int64 number; /* instrument of an integer type */
	char *bytes;  /* of another type */
	size_t length;
} McSeries;

typedef struct McSeriesSet
{
	MemoryContext context; /* holds everything; deleted by mc_series_free */
	size_t n;
	McSeries **series; /* in the order of the instruments, NULL last */
	size_t rows;       /* rows read in total */
} McSeriesSet;

/*
 * Read the columns `instrument` (any type), `ts` (timestamptz, timestamp or date, converted as by
 * a cast to timestamptz) and `price` (float8, float4, numeric or an integer, converted as by a
 * cast to float8) with the active snapshot.  A plain heap table is read directly; a partitioned,
 * inherited, foreign or distributed table, a view or another access method through SPI, with the
 * same result.
 *
 * Instruments are equal when their integer value, their bytes (character types) or their output
 * text (other types) is equal; integers come in numeric order, others in byte order.
 *
 * Errors: 42501 no SELECT on one of the columns, 0A000 row-level security applies, 42703 no such
 * column, 42804 column type, 42809 not a table, 54000 beyond margin_calib.max_state_mb.
 * The set lives in a child of CurrentMemoryContext.  SPI must not be needed by the caller in
 * between: the function connects and disconnects by itself.
 */
extern McSeriesSet *mc_series_scan(Oid relid, const char *instrument, const char *ts,
                                   const char *price);

/*
 * Sort by ts, ties by price, NaN and NULL prices last among ties, unless series->sorted; serves
 * cancels.  Afterwards series->sorted still tells whether ts grew strictly when it was read.
 */
extern void mc_series_order(McSeriesSet *set, McSeries *series);

/* Release the arrays of one series that has been consumed. */
extern void mc_series_discard(McSeries *series);

extern void mc_series_free(McSeriesSet *set);

#endif
