/*
 * row_source.h
 *	  The rows of a table or a query, some columns of each, for set paths.
 *
 * A source is a text: the name of a table or view, or a query.  A plain table is read directly; a partitioned,
 * inherited, foreign or distributed table and a view through SPI, as the query is.
 */
#ifndef MC_ROW_SOURCE_H
#define MC_ROW_SOURCE_H

#include "compat.h"

#define MC_SOURCE_COLUMNS 4

typedef struct McRowSource
{
	const char *what; /* the argument's name: 'positions' */
	const char *text;
	int columns;
	const char *names[MC_SOURCE_COLUMNS];
	/* the types of the columns, of domains the base types; may refuse them */
	void (*start)(void *arg, const Oid *types);
	/* a row; what it allocates in the current context is gone after it */
	void (*row)(void *arg, const Datum *values, const bool *nulls);
	void *arg;
} McRowSource;

/*
 * Reads with the active snapshot.  Errors: 42501 no SELECT on one of the columns, 0A000 row-level security applies
 * to the table, or the query changes something, 42P01 and 42809 not a table, 42703 no such column, 42702 two of them,
 * 22023 neither a name nor one query with rows; and whatever the query raises.
 */
extern void mc_row_source_read(const McRowSource *source);

/* 42804 unless it is float8, float4, numeric or an integer, which mc_number_value (series_columns.h) reads. */
extern void mc_check_number_type(const McRowSource *source, int column, Oid type);

#endif
