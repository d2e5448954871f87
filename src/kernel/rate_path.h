/*
 * rate_path.h
 *	  The path of a rate: buffer and limits of speed, which remember the rate that was in force
 *	  (doc/calibration.md, section 8).
 */
#ifndef MC_RATE_PATH_H
#define MC_RATE_PATH_H

#include "calibrate.h"

/* Where a path stands after a bar. */
typedef struct McRatePoint
{
	bool known; /* false: there is no such bar, the next one starts a path */
	bool anew;  /* a fallback: the next calibration that is none starts anew */
	int64_t ts;
	double price;
	double rate[MC_SIDES];
	double day_rate[MC_SIDES]; /* of the last bar of an earlier UTC day */
} McRatePoint;

typedef struct McRatePath
{
	McRatePoint now;
	McRatePoint before; /* the bar before, for when the latest is corrected */
} McRatePath;

/*
 * The point from which a series of n >= 1 bars goes on along a path: after the path's latest bar when the series
 * has it as it was, with bars after it; else after the bar before, so that a corrected or missing latest bar has
 * its step taken again.
 */
extern McRatePoint mc_rate_path_resume(const McRatePath *path, const int64_t *ts,
                                       const double *price, size_t n);

/*
 * One step: from the point after a bar to that after the next one, at `ts` with its price and the calibration of
 * all bars up to it, whose rates, terms, buffer_used and publication become those of the path.
 */
extern McRatePoint mc_rate_path_step(const McPolicy *policy, const McRatePoint *prev, int64_t ts,
                                     double price, McCalibration *calibration);

#endif
