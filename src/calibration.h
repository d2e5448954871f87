/*
 * calibration.h
 *	  From price rows and a policy to a margin_calib.margin_calibration.
 */
#ifndef MC_CALIBRATION_H
#define MC_CALIBRATION_H

#include "compat.h"

#include "access/tupdesc.h"

#include "policy.h"

/* Rows that can be used, in any order, and how many could not. */
typedef struct McPriceRows
{
	int64 *ts;
	double *price;
	Size n;
	int64 rejected;
} McPriceRows;

/*
 * Calibrate one instrument.  Sorts the rows in place, which changes no later
 * answer.  `desc` is the row type margin_calibration; the result stands in the
 * current memory context.  Serves cancels.
 */
extern Datum mc_calibration_build(McPriceRows *rows, const McNamedPolicy *named, TupleDesc desc);

/* An error unless `desc` is the row type that mc_calibration_build fills. */
extern void mc_calibration_check_type(TupleDesc desc);

#endif
