/*
 * select.h
 *	  Selection and sorting of doubles in descending order, in place.
 *
 * No value may be NaN.  Linear time for selection and n log n for sorting on
 * average, n log n at worst whatever the order and however many ties.  Both
 * poll; after MC_STOPPED the array is still a permutation of what it was.
 */
#ifndef MC_SELECT_H
#define MC_SELECT_H

#include "status.h"

/* Permute x so that none of x[0..k) is below any of x[k..n), and x[k-1] is the least of the
 * first; 1 <= k <= n. */
extern McStatus mc_select_largest(double *x, size_t n, size_t k, const McPoll *poll);

extern McStatus mc_sort_descending(double *x, size_t n, const McPoll *poll);

#endif
