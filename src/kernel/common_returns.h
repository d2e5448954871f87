/*
 * common_returns.h
 *	  Returns of two price series between the times at which both have a price.
 */
#ifndef MC_COMMON_RETURNS_H
#define MC_COMMON_RETURNS_H

#include "align.h"
#include "status.h"

/*
 * The latest `most` of them, in time order, to x and y, which have room for most; returns how many
 * there are.  Both returns of a row span the same time: from one common time to the next, however long.
 * Reads the series from their ends and no further than it needs; prices are positive and finite.
 */
extern size_t mc_common_returns(const McAlignSeries *a, const McAlignSeries *b, size_t most,
                                double *x, double *y);

#endif
