/*
 * stress_window.h
 *	  The most volatile stretch of a history.
 */
#ifndef MC_STRESS_WINDOW_H
#define MC_STRESS_WINDOW_H

#include "status.h"

/* Sums this close to the largest, relatively, count as ties: rounding never moves the window. */
#define MC_STRESS_TIE 1e-12

/*
 * Of all windows of `width` consecutive returns, 1 <= width <= n, the start of the one with the
 * largest sum of squares, the latest on a tie.  scratch has room for n doubles.  O(n) whatever
 * the width; sums are only added up, never taken off, so a spike leaves nothing behind.
 */
extern McStatus mc_stress_window(const double *returns, size_t n, size_t width, double *scratch,
                                 size_t *start, const McPoll *poll);

#endif
