/*
 * row_argument.h
 *	  The columns of a composite argument, by number, with errors that name them.
 */
#ifndef MC_ROW_ARGUMENT_H
#define MC_ROW_ARGUMENT_H

#include "compat.h"

#include "access/tupdesc.h"

#define MC_ROW_MOST_COLUMNS 24

typedef struct McRow
{
	const char *what; /* what an error calls it: 'a scenario' */
	Datum values[MC_ROW_MOST_COLUMNS];
	bool nulls[MC_ROW_MOST_COLUMNS];
	char names[MC_ROW_MOST_COLUMNS][NAMEDATALEN];
} McRow;

/* Of a type that this extension made with so many columns; XX000 for another. */
extern void mc_row_read(Datum row, int columns, const char *what, McRow *read);

/* A column that is a finite number of at least `least` and at most `most`, `fallback` for NULL (NaN: NULL is an error); 22023 that
 * names it. */
extern double mc_row_number(const McRow *row, int column, double least, double most,
                            double fallback);

/* The place of a text among names, a list that NULL ends; `fallback` for NULL; 22023 that lists the names. */
extern int mc_row_choice(const McRow *row, int column, const char *const *names, int fallback);

/* The elements of an array column of values of varying length, aligned as typalign says; none for NULL. */
extern int mc_row_elements(const McRow *row, int column, char align, Datum **elements,
                           bool **nulls);

static inline bool
mc_row_flag(const McRow *row, int column)
{
	return !row->nulls[column] && DatumGetBool(row->values[column]);
}

#endif
