/*
 * values.h
 *	  Arrays and rows between SQL and C.
 */
#ifndef MC_VALUES_H
#define MC_VALUES_H

#include "compat.h"

#include "access/tupdesc.h"

/*
 * The elements of a float8[] argument, in place: 2202E unless one-dimensional or empty, 22004 with a
 * NULL inside.  `name` is the argument's.
 */
extern const double *mc_float8_array(FunctionCallInfo fcinfo, int arg, const char *name, int *n);

/* 22023 that names the first element that is NaN or infinite */
extern void mc_check_finite(const double *values, int n, const char *name);

/* A float8[] of n elements, or of rows x columns. */
extern Datum mc_float8_array_datum(const double *values, int n);
extern Datum mc_float8_matrix_datum(const double *values, int rows, int columns);

/*
 * A square float8[][] argument of at most max_size rows: its order into *n.  2202E unless square, 22004
 * with a NULL inside, 54000 when larger.
 */
extern const double *mc_float8_square(FunctionCallInfo fcinfo, int arg, const char *name,
                                      int max_size, int *n);

/* The composite type that the running function returns, looked up once a query, and a row of it. */
extern TupleDesc mc_row_descriptor(FunctionCallInfo fcinfo);
extern Datum mc_row_datum(FunctionCallInfo fcinfo, const Datum *values, const bool *nulls);

#endif
