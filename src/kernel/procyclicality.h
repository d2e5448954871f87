/*
 * procyclicality.h
 *	  How a path of margins M(1) ... M(n) at times t(1) < ... < t(n) followed the market, and what it
 *	  covered.
 *
 *	  peak to trough     max M / min M, over the whole path and inside calendar years (UTC)
 *	  k-step increase    M(i) / M(i - k) - 1
 *	  d-day increase     M(i) / min { M(j) : t(i) - d <= t(j) < t(i) } - 1
 *	  log changes        ln(M(i) / M(i - 1)), their standard deviation with divisor n - 2
 *	  coverage           share of losses L(i) <= M(i); shortfall L - M of the others; excess (M - L)+
 *
 * D. Murphy, M. Vasios, N. Vause, "An investigation into the procyclicality of risk-based initial margin
 * models", Bank of England Financial Stability Paper 29 (2014): peak to trough and n-day measures;
 * BCBS, CPMI, IOSCO, "Transparency and responsiveness of initial margin in centrally cleared markets"
 * (2025).  An increase of a path that only falls is negative.
 *
 * Sums are exact before they are rounded; every ratio has two roundings (test/unit/test_procyclicality.c,
 * test/oracle/procyclicality.py).
 */
#ifndef MC_PROCYCLICALITY_H
#define MC_PROCYCLICALITY_H

#include <stdint.h>

#include "status.h"

#define MC_YEAR_OBSERVATIONS 100 /* a year with fewer has no peak to trough */
#define MC_RISE_HORIZONS 3       /* 1, 5 and 30 */

extern const size_t mc_rise_horizons[MC_RISE_HORIZONS];

typedef struct McMarginPath
{
	int64_t *ts;    /* microseconds since 2000-01-01 00:00 UTC */
	double *margin; /* positive and finite */
	double *loss;   /* finite, NaN where it is not known; NULL: a path without losses */
	size_t n;
} McMarginPath;

/* What is not defined is NaN. */
typedef struct McProcyclicality
{
	double average;
	double lowest;
	double highest;
	double peak_to_trough;
	size_t years;                          /* with MC_YEAR_OBSERVATIONS or more */
	double peak_to_trough_within_year;     /* mean over them */
	double rise[MC_RISE_HORIZONS];         /* largest over 1, 5 and 30 steps */
	double rise_in_days[MC_RISE_HORIZONS]; /* largest within 1, 5 and 30 days */
	double high_rise[2]; /* quantile 0.99 of type 7 of the increases over 1 and 5 steps */
	double log_change_deviation;
	size_t losses;
	size_t exceptions;
	double coverage;
	double average_shortfall; /* over the exceptions */
	double largest_shortfall;
	double average_excess;
} McProcyclicality;

/* Largest increase over a number of steps: from the margin at index `from` to that at `to`. */
typedef struct McMarginIncrease
{
	double rise;
	size_t from;
	size_t to;
} McMarginIncrease;

/* Bytes of work space that the functions below need for a path of n. */
extern size_t mc_margin_path_worksize(size_t n);

/* Put the path in the order of its times.  O(n) when it already is, else O(n log n).  MC_STOPPED leaves
 * times and margins apart: the path is lost. */
extern McStatus mc_margin_path_order(McMarginPath *path, void *work, const McPoll *poll);

/* The index of the first of an ordered path whose time is that of the one before; 0 when there is none. */
extern size_t mc_margin_path_duplicate(const McMarginPath *path);

/* All measures of an ordered path without duplicates, n > 0.  MC_OK, MC_OVERFLOW, MC_STOPPED.  O(n) on
 * average. */
extern McStatus mc_procyclicality(const McMarginPath *path, void *work, McProcyclicality *result,
                                  const McPoll *poll);

/* The largest increase over steps > 0, the earliest of equal ones; MC_TOO_FEW for a path of n <= steps. */
extern McStatus mc_margin_increase(const McMarginPath *path, size_t steps, McMarginIncrease *result,
                                   const McPoll *poll);

/* Calendar year of a time, Gregorian and UTC; the year before 1 is 0. */
extern int64_t mc_year_of(int64_t ts);

#endif
