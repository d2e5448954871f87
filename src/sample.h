/*
 * sample.h
 *	  The state of aggregates over a whole sample: its rows, in the order they came, and settings.
 *
 * sample1_accum, sample2_accum and sample3_accum are the transition functions of every aggregate
 * whose answer needs all values: 1 to 3 columns of float8, then settings of any type
 * (settings.h).  So a new statistic is a kernel and a final function, and several statistics of the
 * same arguments share one state.  Settings are checked by the final functions.
 *
 * Aggregates that depend on the order of rows have no combine function.  The others may use
 * sample_combine, sample_serialize and sample_deserialize; what they compute must then not depend on
 * the order in which rows arrive.
 */
#ifndef MC_SAMPLE_H
#define MC_SAMPLE_H

#include "compat.h"
#include "settings.h"

typedef struct McSample
{
	double *values; /* rows x width, row by row; finite values only */
	Size rows;
	Size capacity; /* in rows */
	int width;
	Size not_finite; /* rows left out because a value is NaN or infinite */
	McSettings settings;
} McSample;

/* The state of a final function; NULL when no row without NULL has come. */
static inline const McSample *
mc_sample(FunctionCallInfo fcinfo)
{
	return PG_ARGISNULL(0) ? NULL : (const McSample *) PG_GETARG_POINTER(0);
}

/* Column number `column` (from 0) as an array of its own, in the current context. */
extern double *mc_sample_column(const McSample *sample, int column);

/* palloc for work space of any size: 54000 above margin_calib.max_state_mb. */
extern void *mc_work_space(Size count, Size size);

#endif
