/*
 * row_argument.c
 *	  The columns of a composite argument, by number, with errors that name them.
 */
#include "row_argument.h"

#include <math.h>

#include "access/htup_details.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/typcache.h"

#include "settings.h"

void
mc_row_read(Datum row, int columns, const char *what, McRow *read)
{
	HeapTupleHeader header = DatumGetHeapTupleHeader(row);
	TupleDesc desc =
	    lookup_rowtype_tupdesc(HeapTupleHeaderGetTypeId(header), HeapTupleHeaderGetTypMod(header));
	HeapTupleData tuple = {.t_len = HeapTupleHeaderGetDatumLength(header), .t_data = header};

	if (desc->natts != columns || columns > MC_ROW_MOST_COLUMNS)
		elog(ERROR, "%s has an unexpected shape", what);
	read->what = what;
	heap_deform_tuple(&tuple, desc, read->values, read->nulls);
	for (int i = 0; i < columns; i++)
		strlcpy(read->names[i], NameStr(TupleDescAttr(desc, i)->attname), NAMEDATALEN);
	ReleaseTupleDesc(desc);
}

double
mc_row_number(const McRow *row, int column, double least, double most, double fallback)
{
	double value = fallback;

	if (!row->nulls[column])
		value = DatumGetFloat8(row->values[column]);
	else if (isnan(fallback))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("%s of %s is NULL", row->names[column], row->what)));
	if (!(isfinite(value) && value >= least && value <= most))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("%s of %s is out of range", row->names[column], row->what),
		                errdetail("The value given is %s; it lies between %s and %s.",
		                          float8out_internal(value), float8out_internal(least),
		                          float8out_internal(most))));
	return value;
}

int
mc_row_choice(const McRow *row, int column, const char *const *names, int fallback)
{
	if (row->nulls[column])
		return fallback;
	return mc_choice(DatumGetTextPP(row->values[column]), names, row->names[column]);
}

int
mc_row_elements(const McRow *row, int column, char align, Datum **elements, bool **nulls)
{
	ArrayType *array;
	int count;

	if (row->nulls[column])
		return 0;
	array = DatumGetArrayTypeP(row->values[column]);
	deconstruct_array(array, ARR_ELEMTYPE(array), -1, false, align, elements, nulls, &count);
	return count;
}
