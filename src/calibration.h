/*
 * calibration.h
 *	  From price rows and a policy to a margin_calib.margin_calibration.
 */
#ifndef MC_CALIBRATION_H
#define MC_CALIBRATION_H

#include "compat.h"

#include "access/tupdesc.h"

#include "kernel/calibrate.h"
#include "kernel/price_series.h"
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
 * Calibrate one instrument, as the start of a path, or along `path` when that is not NULL (a
 * margin_calib.margin_path).  Sorts the rows in place, which changes no later answer.  `desc` is
 * the row type margin_calibration; the result stands in the current memory context.  Serves cancels.
 */
extern Datum mc_calibration_build(McPriceRows *rows, const McNamedPolicy *named,
                                  HeapTupleHeader path, TupleDesc desc);

/* The bars of rows under a policy, all listings: in order, and measured. Allocates. */
extern void mc_calibration_series(McPriceRows *rows, const McPolicy *policy, McPriceSeries *series);

/* k rounding steps of a policy, exactly, as numeric. */
extern Datum mc_rate_numeric(int64 steps, double step);

/* 'tail', 'floor', ... */
extern const char *mc_term_name(McTerm term);

/* The alternative that answered, as the policy writes it, as text; only when one did. */
extern Datum mc_alternative_text(const McNamedPolicy *named, int alternative);

/* An error unless `desc` is the row type that mc_calibration_build fills. */
extern void mc_calibration_check_type(TupleDesc desc);

#endif
