/*
 * weighted_tail.h
 *	  Value at risk and expected shortfall of losses that have weights.
 *
 * With the losses in descending order, L_(1) >= L_(2) >= ..., their weights w_(i) of total W, sums
 * S_j = w_(1) + ... + w_(j), confidence c and tail mass t = W (1 - c):
 *
 *	  VaR = L_(j+1), j the last with S_j <= t: the smallest loss x with F(x) >= c
 *	  ES  = (w_(1) L_(1) + ... + w_(j) L_(j) + (t - S_j) L_(j+1)) / t
 *
 * The unit of the weights does not matter.  S_j within rounding (4 W 2^-52) of t counts as t.
 * Equal weights give the digits of tail.h, whatever their size; a weight of 0 leaves the loss out.
 *
 * Weights are summed as integers, in units of 2^-88 of the largest (a smaller one counts as 0), and
 * losses in their order by double-double products: the digits do not depend on the order of
 * arrival, and are right to the last bit or the one before (test/unit/test_weighted_tail.c).
 */
#ifndef MC_WEIGHTED_TAIL_H
#define MC_WEIGHTED_TAIL_H

#include "status.h"

/*
 * Both measures of n finite losses with finite weights >= 0; either pointer may be NULL.  Permutes
 * and overwrites both arrays.  O(n + k log n) with k losses in the tail.  MC_OK, MC_TOO_FEW when no
 * weight is above 0, MC_STOPPED.
 */
extern McStatus mc_weighted_tail(double *losses, double *weights, size_t n, double confidence,
                                 double *var, double *es, const McPoll *poll);

/*
 * weights[n - 1 - age] = decay^age, the newest last, 0 < decay <= 1; relative error 2^-52, 0 once it
 * is below 2^-90.
 * J. Boudoukh, M. Richardson and R. Whitelaw, "The best of both worlds", Risk 11 (1998).
 */
extern void mc_age_weights(double *weights, size_t n, double decay);

#endif
