/*
 * surface_rows.h
 *	  A margin_calib.vol_surface as arrays in C.
 */
#ifndef MC_SURFACE_ROWS_H
#define MC_SURFACE_ROWS_H

#include "compat.h"

#include "access/htup.h"
#include "datatype/timestamp.h"

#include "kernel/svi.h"

/* NaN stands for a NULL number, NULL for a NULL text. */
typedef struct McSliceRow
{
	TimestampTz expiry;
	double t;
	double forward;
	McSvi smile; /* valid if has_smile */
	bool has_smile;
	double strikes;
	double left_out;
	double lowest_k;
	double highest_k;
	bool has_fitted_as_of;
	TimestampTz fitted_as_of;
	const char *status;
	const char *reason;
} McSliceRow;

typedef struct McPointRow
{
	TimestampTz expiry;
	double strike;
	double k;
	double bid_vol;
	double ask_vol;
	double vol;
	bool left_out; /* a problem is told */
} McPointRow;

typedef struct McSurfaceRows
{
	bool has_as_of;
	TimestampTz as_of;
	McSliceRow
	    *slices; /* in the order of the array; without those that are NULL or have no expiry */
	int slice_count;
	McPointRow *points; /* the same */
	int point_count;
} McSurfaceRows;

/* Every value that a surface can hold is read; nothing is checked but the smiles. */
extern void mc_read_surface(HeapTupleHeader row, bool with_points, McSurfaceRows *surface);

#endif
