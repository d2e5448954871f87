/*
 * price_series.h
 *	  From rows as they arrive to a clean price series, its log returns and its defects
 *	  (doc/calibration.md, section 1).
 */
#ifndef MC_PRICE_SERIES_H
#define MC_PRICE_SERIES_H

#include <float.h>
#include <stdint.h>

#include "status.h"

typedef struct McPriceSeries
{
	const int64_t *ts; /* bars in microseconds, strictly ascending */
	const double *price;
	size_t n;        /* bars kept */
	double *returns; /* of bars 1 to n - 1; returns[i] ends at ts[i + 1] */
	size_t duplicates;
	size_t gaps;
	size_t stale;
	size_t jumps;
	size_t idle;          /* returns of zero at the end */
	size_t restarts;      /* listings that ended before this one */
	int64_t bar_interval; /* 0: unknown */
	int64_t last_jump;    /* its bar; only when there are jumps */
} McPriceSeries;

/* Is this row used?  Infinite times are the ends of int64. */
static inline bool
mc_price_row_usable(int64_t ts, double price)
{
	return price > 0 && price <= DBL_MAX && ts != INT64_MIN && ts != INT64_MAX;
}

/* Take rows that are not used out of the arrays; returns how many are left. */
extern size_t mc_price_rows_compact(int64_t *ts, double *price, size_t n);

/* Ascending without duplicates: such rows need neither sorting nor work space. */
extern bool mc_price_rows_ascending(const int64_t *ts, size_t n);

/*
 * Sort usable rows in place by (ts, price), and put the kept ones into the work
 * arrays of n elements each.  Of several prices at one ts the one farther from
 * the previous kept price in absolute log ratio is kept; the lower one on a tie
 * and at the first ts.  *kept of them are left.
 */
extern McStatus mc_price_rows_order(int64_t *ts, double *price, size_t n, int64_t *ts_work,
                                    double *price_work, size_t *kept, const McPoll *poll);

/* Bars of the listing that begins with bar `start`: up to the next step longer than `gap`; 0: to the end. */
extern size_t mc_price_series_listing(const McPriceSeries *series, size_t start, int64_t gap);

/* Leave out the bars before the last step longer than `gap`, above 0, and count such steps. */
extern void mc_price_series_restart(McPriceSeries *series, int64_t gap);

/*
 * Returns, bar interval, gaps, stale prices, idle end and jumps of kept bars: fills the series
 * from its ts, price and n.  `bar_interval` of 0 asks for the lower median step,
 * a `jump_bound` of INFINITY flags nothing.  returns and scratch have room for n doubles.
 */
extern McStatus mc_price_series_measure(McPriceSeries *series, int64_t bar_interval,
                                        double jump_bound, double *scratch, const McPoll *poll);

#endif
