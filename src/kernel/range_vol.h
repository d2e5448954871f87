/*
 * range_vol.h
 *	  Volatility over a sliding window of bars with open, high, low and close.
 *
 * With the log returns of one bar
 *
 *	  o = ln(open / previous close), c = ln(close / open), w = ln(high / low),
 *	  q = ln(high / close) ln(high / open) + ln(low / close) ln(low / open),
 *
 * and g = w^2 / 2 - (2 ln 2 - 1) c^2, the variance per bar over n bars is
 *
 *	  close to close             sample variance (n - 1) of ln(close / previous close)
 *	  close to close, zero mean  sum of ln(close / previous close)^2 / (n - 1)
 *	  Parkinson                  mean of w^2 / (4 ln 2)
 *	  Garman-Klass               mean of g
 *	  Garman-Klass-Yang-Zhang    mean of o^2 + g
 *	  Rogers-Satchell            mean of q
 *	  Yang-Zhang                 var(o) + k var(c) + (1 - k) mean of q
 *	                             k = 0.34 / (1.34 + (n + 1) / (n - 1))
 *
 * (M. Parkinson, J. Business 53, 1980, 61; M. B. Garman, M. J. Klass, ibid. 67; L. C. G. Rogers,
 * S. E. Satchell, Ann. Appl. Probab. 1, 1991, 504; D. Yang, Q. Zhang, J. Business 73, 2000, 477.)
 *
 * A bar whose high is the highest and whose low is the lowest of its prices makes no term negative.
 * The terms are 0 or between 2^-110 and 2^23, so their sum is an integer of 256 bits: adding and
 * removing are exact, what has left the window leaves no trace, and constant bars give exactly 0.
 * Variances come from rolling_vol.h, which is exact in the same way.
 *
 * Accuracy: relative error of the result below 1e-14 (test/unit/test_range_vol.c); that of close to
 * close is as in rolling_vol.h.
 */
#ifndef MC_RANGE_VOL_H
#define MC_RANGE_VOL_H

#include "rolling_vol.h"

typedef enum McRangeEstimator
{
	MC_CLOSE_TO_CLOSE,
	MC_CLOSE_TO_CLOSE_ZERO_MEAN,
	MC_PARKINSON,
	MC_GARMAN_KLASS,
	MC_GARMAN_KLASS_YANG_ZHANG,
	MC_ROGERS_SATCHELL,
	MC_YANG_ZHANG
} McRangeEstimator;

typedef struct McBar
{
	double open;
	double high;
	double low;
	double close;
} McBar;

typedef struct McRangeVol
{
	McRangeEstimator estimator;
	size_t bars;
	double *terms; /* ring of the last terms; NaN for a bar that is not finite */
	size_t next;
	size_t count;
	size_t not_finite;
	uint64_t sum[4]; /* of the finite terms, lowest word first */
	double previous_close;
	bool has_previous;
	double scale;           /* from the sum to the mean term */
	double weight;          /* k */
	double annual;          /* sqrt(periods_per_year) */
	McRollingVol overnight; /* of o; for close to close of the closes */
	McRollingVol intraday;  /* of c */
} McRangeVol;

/* 2 where a variance with divisor n - 1 is asked for, else 1. */
extern size_t mc_range_vol_min_bars(McRangeEstimator estimator);

/* Bytes of work space for a window. */
extern size_t mc_range_vol_worksize(McRangeEstimator estimator, size_t bars);

/*
 * bars within mc_range_vol_min_bars .. MC_MAX_BARS, periods_per_year > 0 and finite; work is aligned as
 * malloc aligns.
 */
extern void mc_range_vol_init(McRangeVol *window, McRangeEstimator estimator, size_t bars,
                              double periods_per_year, void *work);

/* Is high the highest and low the lowest of the four?  A NaN anywhere passes. */
extern bool mc_bar_is_consistent(const McBar *bar);

/*
 * Take the next bar: prices above 0 or NaN, and consistent.  MC_OK: *vol is the volatility of the last
 * `bars` bars, NaN when one of their returns touches a bar with a NaN or infinite price.  MC_TOO_FEW:
 * fewer bars so far, or (with o and with close to close) no close before the first.  O(1).
 */
extern McStatus mc_range_vol_add(McRangeVol *window, const McBar *bar, double *vol);

#endif
