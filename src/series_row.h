/*
 * series_row.h
 *	  A row of several series: float8[] arguments of aggregates whose length the first row fixes.
 */
#ifndef MC_SERIES_ROW_H
#define MC_SERIES_ROW_H

#include "compat.h"

/*
 * The elements of a float8[] argument that is not NULL, or NULL when one of them is NULL.
 * 2202E unless one-dimensional with 1 to MC_MAX_SERIES elements, and with *series elements when
 * that is not 0; else *series is set.
 */
extern const double *mc_series_row(FunctionCallInfo fcinfo, int arg, int *series);

#endif
