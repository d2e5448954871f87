/*
 * pairs.h
 *	  Pairs (x, y) and their order: what rank statistics are made of.
 */
#ifndef MC_PAIRS_H
#define MC_PAIRS_H

#include "status.h"

typedef struct McPair
{
	double x;
	double y;
} McPair;

/*
 * Sort by x, ties by y; no value may be NaN.  `work` has room for n pairs.  Merge sort: n log n at
 * worst.  When `exchanges` is not NULL it counts the neighbours that a bubble sort would exchange.
 * MC_OK or MC_STOPPED.
 */
extern McStatus mc_pairs_sort(McPair *pairs, size_t n, McPair *work, long long *exchanges,
                              const McPoll *poll);

/* x <-> y in every pair */
extern void mc_pairs_swap(McPair *pairs, size_t n);

#endif
