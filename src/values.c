/*
 * values.c
 *	  Arrays and rows between SQL and C.
 */
#include "compat.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/float.h"
#include "utils/typcache.h"

#include "values.h"

static void
check_no_nulls(ArrayType *array, const char *name)
{
	if (array_contains_nulls(array))
		ereport(ERROR,
		        (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("%s must not contain NULL", name),
		         errhint("Leave NULLs out: array_agg(x) FILTER (WHERE x IS NOT NULL), or "
		                 "array_remove(x, NULL).")));
}

const double *
mc_float8_array(FunctionCallInfo fcinfo, int arg, const char *name, int *n)
{
	ArrayType *array = PG_GETARG_ARRAYTYPE_P(arg);

	if (ARR_NDIM(array) > 1)
		ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
		                errmsg("%s must be a one-dimensional array", name),
		                errdetail("The array given has %d dimensions.", ARR_NDIM(array)),
		                errhint("Write array_agg(x ORDER BY ts) to make one.")));
	check_no_nulls(array, name);
	*n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	return (const double *) ARR_DATA_PTR(array);
}

void
mc_check_finite(const double *values, int n, const char *name)
{
	for (int i = 0; i < n; i++)
		if (!isfinite(values[i]))
			ereport(ERROR,
			        (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s must be finite", name),
			         errdetail("Element %d is %s.", i + 1, float8out_internal(values[i])),
			         errhint("Leave such values out.")));
}

static Datum
new_array(const double *values, int ndim, int *dims)
{
	int lower[2] = {1, 1};
	Size n = (Size) dims[0] * (ndim == 2 ? dims[1] : 1);
	Size bytes = ARR_OVERHEAD_NONULLS(ndim) + n * sizeof(float8);
	ArrayType *array;

	if (n == 0)
		return PointerGetDatum(construct_empty_array(FLOAT8OID));
	array = palloc0(bytes);
	SET_VARSIZE(array, bytes);
	array->ndim = ndim;
	array->elemtype = FLOAT8OID;
	memcpy(ARR_DIMS(array), dims, ndim * sizeof(int));
	memcpy(ARR_LBOUND(array), lower, ndim * sizeof(int));
	memcpy(ARR_DATA_PTR(array), values, n * sizeof(double));
	return PointerGetDatum(array);
}

Datum
mc_float8_array_datum(const double *values, int n)
{
	return new_array(values, 1, &n);
}

Datum
mc_float8_matrix_datum(const double *values, int rows, int columns)
{
	int dims[2] = {rows, columns};

	return new_array(values, 2, dims);
}

const double *
mc_float8_square(FunctionCallInfo fcinfo, int arg, const char *name, int max_size, int *n)
{
	ArrayType *array = PG_GETARG_ARRAYTYPE_P(arg);

	if (ARR_NDIM(array) != 2 || ARR_DIMS(array)[0] != ARR_DIMS(array)[1])
		ereport(ERROR,
		        (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR), errmsg("%s must be a square matrix", name),
		         errhint("Write a float8[][] with as many rows as columns, such as "
		                 "'{{1,0.5},{0.5,1}}'.")));
	if (ARR_DIMS(array)[0] > max_size)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("%s is too large", name),
		                errdetail("It has %d rows, the limit is %d.", ARR_DIMS(array)[0], max_size),
		                errhint("Split the series into groups.")));
	check_no_nulls(array, name);
	*n = ARR_DIMS(array)[0];
	return (const double *) ARR_DATA_PTR(array);
}

TupleDesc
mc_row_descriptor(FunctionCallInfo fcinfo)
{
	FmgrInfo *function = fcinfo->flinfo;

	if (function->fn_extra == NULL)
	{
		Oid type = get_fn_expr_rettype(function);
		MemoryContext before = MemoryContextSwitchTo(function->fn_mcxt);

		function->fn_extra = BlessTupleDesc(lookup_rowtype_tupdesc_copy(type, -1));
		MemoryContextSwitchTo(before);
	}
	return function->fn_extra;
}

Datum
mc_row_datum(FunctionCallInfo fcinfo, const Datum *values, const bool *nulls)
{
	return HeapTupleGetDatum(
	    heap_form_tuple(mc_row_descriptor(fcinfo), (Datum *) values, (bool *) nulls));
}
