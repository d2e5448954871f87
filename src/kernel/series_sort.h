/*
 * series_sort.h
 *	  Put a price series in time order.
 */
#ifndef MC_SERIES_SORT_H
#define MC_SERIES_SORT_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "status.h"

/*
 * A price that is SQL NULL travels as a NaN of its own kind, so that one array of doubles can
 * hold a column.  Every other NaN must be stored as mc_plain_nan().
 */
#define MC_NULL_PRICE_BITS UINT64_C(0x7ff86e756c6c0001)

static inline double
mc_null_price(void)
{
	uint64_t bits = MC_NULL_PRICE_BITS;
	double price;

	memcpy(&price, &bits, sizeof(price));
	return price;
}

static inline bool
mc_is_null_price(double price)
{
	uint64_t bits;

	memcpy(&bits, &price, sizeof(bits));
	return bits == MC_NULL_PRICE_BITS;
}

static inline double
mc_plain_nan(void)
{
	return (double) NAN;
}

/*
 * Sort n pairs by ts, ties by price (-0 and 0 alike, then NaN, then NULL prices last), so that the
 * result does not depend on the order of arrival.  Needs work arrays of n elements each.
 * A natural merge sort: n log2(runs) steps, linear when the data already is in order.
 */
extern McStatus mc_series_sort(int64_t *ts, double *price, size_t n, int64_t *ts_work,
                               double *price_work, const McPoll *poll);

#endif
