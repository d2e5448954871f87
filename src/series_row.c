/*
 * series_row.c
 *	  A row of several series: float8[] arguments of aggregates whose length the first row fixes.
 */
#include "compat.h"

#include "catalog/pg_type.h"
#include "utils/array.h"

#include "series_row.h"
#include "triangle.h"

static void
bad_shape(const ArrayType *array)
{
	ereport(ERROR,
	        (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
	         errmsg("values must be a one-dimensional array of 1 to %d elements", MC_MAX_SERIES),
	         errdetail("The array given has %d dimensions and %d elements.", ARR_NDIM(array),
	                   ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array))),
	         errhint("Give the values of all series at one time, as array_agg(x ORDER BY "
	                 "instrument) or margin_calib.align_returns make them.")));
}

static void
other_length(int given, int series)
{
	ereport(
	    ERROR,
	    (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
	     errmsg("every row must have a value for every series"),
	     errdetail("This row has %d values, the rows before have %d.", given, series),
	     errhint("Use margin_calib.align_returns to give every row the same series, or leave out "
	             "times at which one has no value.")));
}

const double *
mc_series_row(FunctionCallInfo fcinfo, int arg, int *series)
{
	ArrayType *array = PG_GETARG_ARRAYTYPE_P(arg);
	int n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));

	if (ARR_NDIM(array) != 1 || n > MC_MAX_SERIES)
		bad_shape(array);
	if (*series == 0)
		*series = n;
	else if (n != *series)
		other_length(n, *series);
	if (ARR_HASNULL(array) && array_contains_nulls(array))
		return NULL;
	return (const double *) ARR_DATA_PTR(array);
}
