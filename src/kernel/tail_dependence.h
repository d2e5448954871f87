/*
 * tail_dependence.h
 *	  How often two series are in their tails together.
 *
 *	  lower: C / sqrt(Nx Ny),  Nx = #{x <= x_(k)},  Ny = #{y <= y_(k)},  C = #{both}
 *
 * with k = the whole part of n (1 - confidence) and x_(k) the k-th smallest value; the upper tail has >= and the
 * k-th largest.  Without ties at the thresholds Nx = Ny = k and this is the empirical estimate C / k of
 * P(Y in its tail | X in its tail): R. Schmidt, U. Stadtmueller, Scand. J. Stat. 33 (2006) 307-335,
 * equation 12.  Independent series have 1 - confidence, comonotone ones 1.
 */
#ifndef MC_TAIL_DEPENDENCE_H
#define MC_TAIL_DEPENDENCE_H

#include "pairs.h"

/* Doubles of work space. */
extern size_t mc_tail_dependence_worksize(size_t n);

/*
 * Both coefficients of n pairs without NaN, 0 < confidence < 1.  MC_TOO_FEW when k is 0 or all x or all y
 * are equal.  O(n log n) at worst; the order of the rows does not matter.
 */
extern McStatus mc_tail_dependence(const McPair *pairs, size_t n, double confidence, double *work,
                                   double *lower, double *upper, const McPoll *poll);

#endif
