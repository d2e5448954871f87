/*
 * align.h
 *	  One row of prices for all instruments out of series with times of their own.
 *
 *	  intersection   the times at which every instrument has a price
 *	  previous       every time at which one has a price, from the first at which all have had one; the
 *	                 others count with their latest price
 *	  refresh_time   the first time at which all have had a price, then the first at which all
 *	                 have had a new one, and so on; each counts with its latest price (O. E. Barndorff-Nielsen,
 *	                 P. R. Hansen, A. Lunde, N. Shephard, J. Econometrics 162 (2011) 149-169, section 2.2)
 *
 * A price is never taken from a later time.
 */
#ifndef MC_ALIGN_H
#define MC_ALIGN_H

#include <stdint.h>

#include "status.h"

typedef enum McAlignRule
{
	MC_ALIGN_INTERSECTION,
	MC_ALIGN_PREVIOUS,
	MC_ALIGN_REFRESH_TIME
} McAlignRule;

typedef struct McAlignSeries
{
	const int64_t *ts; /* strictly ascending */
	const double *price;
	size_t n;
	size_t next; /* the first that has not been passed yet, 0 at the start */
} McAlignSeries;

typedef struct McAlign
{
	McAlignRule rule;
	McAlignSeries *series;
	size_t count;
	int64_t maximum_age; /* rows with an older price are left out; INT64_MAX: any age */
} McAlign;

/*
 * The next row: its time and a price for each instrument.  MC_OK, MC_TOO_FEW at the end, MC_STOPPED.
 * O(count) a time passed.
 */
extern McStatus mc_align_next(McAlign *align, int64_t *ts, double *prices, const McPoll *poll);

/*
 * Make rows that are sorted by time, and by price within one time, strictly ascending: of several
 * prices at one time the one farther from the price kept before in absolute log ratio stays, the
 * lower one on a tie and at the start; one that is not finite stays always.  In place; returns how many
 * are left.
 */
extern size_t mc_align_compact(int64_t *ts, double *price, size_t n);

#endif
