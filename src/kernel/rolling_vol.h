/*
 * rolling_vol.h
 *	  Volatility over a sliding window of a fixed number of log returns.
 *
 *	  vol = sqrt(periods_per_year * (n Q - S^2) / (n (n - 1))),  S = sum of r, Q = sum of r^2
 *
 * The textbook formula, which floating point ruins twice: by cancellation in n Q - S^2, and by the
 * dust that a large return leaves in Q after it has left the window.  Here S and Q are integers.
 * A log return of two doubles is 0 or between 2^-53 and 1455 in magnitude, so all are multiples of
 * 2^-105 below 2^11: S fits 128 bits and Q 256, adding and removing are exact, and the only
 * rounding is that of the result.  No drift, no rebuild, exactly 0 for equal returns, and digits
 * that depend on nothing but the returns inside the window.
 *
 * Accuracy: relative error of the result below 2e-15 (test/unit/test_rolling_vol.c), given the
 * returns of log_return.h, each of which is right to 4 * 2^-53.
 */
#ifndef MC_ROLLING_VOL_H
#define MC_ROLLING_VOL_H

#include <stdint.h>

#include "status.h"

#ifndef __SIZEOF_INT128__
#error "margin_calib needs a compiler with 128-bit integers (any 64-bit gcc or clang)"
#endif

#define MC_MIN_BARS 2
/* 2^24 squares below 2^22 stay below 2^46: Q cannot leave its 256 bits */
#define MC_MAX_BARS 16777216

/* A 128-bit integer in two's complement that may stand at any multiple of eight bytes. */
typedef struct McFixed
{
	uint64_t low;
	int64_t high;
} McFixed;

typedef struct McRollingVol
{
	McFixed *ring; /* the caller's: the last `bars` returns, in units of 2^-105 */
	size_t bars;
	size_t next;       /* where the next return goes */
	size_t count;      /* returns seen, at most bars */
	size_t not_finite; /* returns inside that touch a NaN or infinite price */
	double previous;
	bool has_previous;
	McFixed sum;         /* S, in units of 2^-105 */
	uint64_t squares[4]; /* Q, in units of 2^-210, lowest word first */
	double scale;        /* 2^-210 / (n (n - 1)) */
	double annual;       /* sqrt(periods_per_year) */
} McRollingVol;

/*
 * bars within MC_MIN_BARS .. MC_MAX_BARS, periods_per_year > 0 and finite, room for `bars`
 * elements in ring.
 */
extern void mc_rolling_vol_init(McRollingVol *window, McFixed *ring, size_t bars,
                                double periods_per_year);

/*
 * Take the next price, which is above 0 or NaN.  MC_OK: *vol is the volatility of the last `bars`
 * returns, NaN when one of them touches a NaN or infinite price.  MC_TOO_FEW: fewer returns so
 * far.  MC_OVERFLOW: the annualised value is too large for a double.  O(1).
 */
extern McStatus mc_rolling_vol_add(McRollingVol *window, double price, double *vol);

/*
 * Take n prices: the same digits as n calls of mc_rolling_vol_add, in less time.  vols[i] is set for
 * i >= *absent; the first *absent results were MC_TOO_FEW.  vols may be prices.  MC_OVERFLOW when any
 * value is too large for a double.
 */
extern McStatus mc_rolling_vol_add_many(McRollingVol *window, const double *prices, size_t n,
                                        double *vols, size_t *absent);

#endif
