/*
 * moments.h
 *	  Count, sum and sum of squares of doubles, without any rounding.
 *
 * The sums are long integers in limbs of 32 bits, wide enough for the range of the values seen so far (a
 * "small superaccumulator": R. M. Neal, arXiv:1505.05571, 2015).  So adding, removing and merging
 * are exact in any order: a moving window never drifts and never has to be rebuilt, whatever
 * passes through it, parallel workers agree with a serial scan to the last bit, and a constant
 * window has a variance of exactly 0.  The only rounding is that of the result, below 4 * 2^-53
 * relative (test/unit/test_moments.c).
 *
 * NaN and infinities are counted apart: while one is inside, the result is NaN.
 *
 * The state is an array of doubles that all hold whole numbers, so that it can travel as float8[] in text or
 * binary without loss:
 *
 *	  [0] format  [1] finite values  [2] NaN and infinite values  [3] steps since carries were
 *	  propagated  [4] first limb  [5] limbs L  [6] free for the caller
 *	  then L + 2 limbs of the sum and 2 L + 2 limbs of the sum of squares
 *
 * Limb i of the sum counts units of 2^(32 (first + i) - 1074), of the squares 2^(32 (2 first + i) - 2148).
 * A limb is below 2^53 in magnitude; values of one scale need 3 or 4 limbs.
 */
#ifndef MC_MOMENTS_H
#define MC_MOMENTS_H

#include "status.h"

#define MC_MOMENTS_FORMAT 1
#define MC_MOMENTS_EMPTY 11    /* doubles of a state without limbs */
#define MC_MOMENTS_LARGEST 209 /* doubles of a state that spans the whole range of a double */

enum
{
	MC_MOMENTS_VERSION,
	MC_MOMENTS_COUNT,
	MC_MOMENTS_NOT_FINITE,
	MC_MOMENTS_STEPS,
	MC_MOMENTS_FIRST,
	MC_MOMENTS_LIMBS,
	MC_MOMENTS_TAG,
	MC_MOMENTS_HEADER
};

/* An empty state, MC_MOMENTS_EMPTY doubles. */
extern void mc_moments_init(double *state);

/* The number of doubles in a state. */
extern size_t mc_moments_size(const double *state);

/* Is this what the functions here make?  For states from outside; n is the length of the array. */
extern bool mc_moments_valid(const double *state, size_t n);

/* Add a value.  false, and nothing done: x lies outside the range of the limbs, widen first. */
extern bool mc_moments_add(double *state, double x);

/* The size of a state that can also hold x, and such a copy of the state. */
extern size_t mc_moments_wider_size(const double *state, double x);
extern void mc_moments_widen(const double *state, double x, double *wider);

/* Take away a value that was added before, or a state that was merged with it.  Exact. */
extern void mc_moments_remove(double *state, double x);

/* The union of two states, in a third one of mc_moments_merged_size doubles; the tag is that of a. */
extern size_t mc_moments_merged_size(const double *a, const double *b);
extern void mc_moments_merge(const double *a, const double *b, double *merged);

/*
 * *sd = sqrt(variance with divisor n - 1), NaN with a NaN or infinity inside, never negative.
 * MC_TOO_FEW with fewer than two values; MC_OVERFLOW when it exceeds the largest double (only
 * values above 1e308 / sqrt(2) can do that: squares cannot overflow here, nor underflow).
 * Does not change the state.  O(L^2) with L the limbs in use.
 */
extern McStatus mc_moments_sd(const double *state, double *sd);

#endif
