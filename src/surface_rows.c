/*
 * surface_rows.c
 *	  A margin_calib.vol_surface as arrays in C.
 */
#include "surface_rows.h"

#include <math.h>

#include "access/htup_details.h"
#include "executor/executor.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "surface_columns.h"

typedef struct Columns
{
	Datum values[S_COLUMNS];
	bool nulls[S_COLUMNS];
} Columns;

/* The columns of one element of an array of rows. */
static void
read_columns(Datum element, int expected, Columns *columns)
{
	HeapTupleHeader row = DatumGetHeapTupleHeader(element);
	TupleDesc descriptor =
	    lookup_rowtype_tupdesc(HeapTupleHeaderGetTypeId(row), HeapTupleHeaderGetTypMod(row));
	HeapTupleData tuple = {.t_len = HeapTupleHeaderGetDatumLength(row), .t_data = row};

	if (descriptor->natts != expected)
		elog(ERROR, "a row of a volatility surface has %d columns", descriptor->natts);
	heap_deform_tuple(&tuple, descriptor, columns->values, columns->nulls);
	ReleaseTupleDesc(descriptor);
}

static double
number(const Columns *columns, int i)
{
	return columns->nulls[i] ? NAN : DatumGetFloat8(columns->values[i]);
}

static double
integer(const Columns *columns, int i)
{
	return columns->nulls[i] ? NAN : DatumGetInt32(columns->values[i]);
}

static const char *
string(const Columns *columns, int i)
{
	return columns->nulls[i] ? NULL : TextDatumGetCString(columns->values[i]);
}

static void
read_slice(const Columns *columns, McSliceRow *slice)
{
	slice->expiry = DatumGetTimestampTz(columns->values[S_EXPIRY]);
	slice->t = number(columns, S_T);
	slice->forward = number(columns, S_FORWARD);
	slice->smile.a = number(columns, S_A);
	slice->smile.b = number(columns, S_B);
	slice->smile.rho = number(columns, S_RHO);
	slice->smile.m = number(columns, S_M);
	slice->smile.sigma = number(columns, S_SIGMA);
	slice->has_smile = mc_svi_is_valid(&slice->smile) && slice->t > 0 && isfinite(slice->t);
	slice->strikes = integer(columns, S_STRIKES);
	slice->left_out = integer(columns, S_LEFT_OUT);
	slice->lowest_k = number(columns, S_LOWEST_K);
	slice->highest_k = number(columns, S_HIGHEST_K);
	slice->has_fitted_as_of = !columns->nulls[S_FITTED_AS_OF];
	slice->fitted_as_of =
	    slice->has_fitted_as_of ? DatumGetTimestampTz(columns->values[S_FITTED_AS_OF]) : 0;
	slice->status = string(columns, S_STATUS);
	slice->reason = string(columns, S_REASON);
}

static void
read_point(const Columns *columns, McPointRow *point)
{
	point->expiry = DatumGetTimestampTz(columns->values[P_EXPIRY]);
	point->strike = number(columns, P_STRIKE);
	point->k = number(columns, P_K);
	point->bid_vol = number(columns, P_BID_VOL);
	point->ask_vol = number(columns, P_ASK_VOL);
	point->vol = number(columns, P_VOL);
	point->left_out = !columns->nulls[P_PROBLEM];
}

/* The elements of an array in the surface, NULL ones left out. */
static int
elements(HeapTupleHeader row, const char *column, Datum **datums)
{
	bool is_null;
	Datum value = GetAttributeByName(row, column, &is_null);
	ArrayType *array;
	int16 length;
	bool by_value;
	char alignment;
	bool *nulls;
	int count;
	int kept = 0;

	if (is_null)
		return 0;
	array = DatumGetArrayTypeP(value);
	get_typlenbyvalalign(ARR_ELEMTYPE(array), &length, &by_value, &alignment);
	deconstruct_array(array, ARR_ELEMTYPE(array), length, by_value, alignment, datums, &nulls,
	                  &count);
	for (int i = 0; i < count; i++)
		if (!nulls[i])
			(*datums)[kept++] = (*datums)[i];
	return kept;
}

void
mc_read_surface(HeapTupleHeader row, bool with_points, McSurfaceRows *surface)
{
	bool no_as_of;
	Datum as_of = GetAttributeByName(row, "as_of", &no_as_of);
	Datum *datums = NULL;
	Columns columns;
	int count = elements(row, "slices", &datums);

	surface->has_as_of = !no_as_of;
	surface->as_of = no_as_of ? 0 : DatumGetTimestampTz(as_of);
	surface->slices = palloc(Max(count, 1) * sizeof(McSliceRow));
	surface->slice_count = 0;
	for (int i = 0; i < count; i++)
	{
		read_columns(datums[i], S_COLUMNS, &columns);
		if (!columns.nulls[S_EXPIRY])
			read_slice(&columns, &surface->slices[surface->slice_count++]);
	}
	count = with_points ? elements(row, "points", &datums) : 0;
	surface->points = palloc_extended(Max(count, 1) * sizeof(McPointRow), MCXT_ALLOC_HUGE);
	surface->point_count = 0;
	for (int i = 0; i < count; i++)
	{
		read_columns(datums[i], P_COLUMNS, &columns);
		if (!columns.nulls[P_EXPIRY])
			read_point(&columns, &surface->points[surface->point_count++]);
	}
}
