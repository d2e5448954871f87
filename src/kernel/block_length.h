/*
 * block_length.h
 *	  The block length that suits the dependence of a series.
 *
 * D. N. Politis and H. White, "Automatic block-length selection for the dependent bootstrap", Econometric
 * Reviews 23 (2004), with the correction of A. Patton, D. N. Politis and H. White, Econometric Reviews
 * 28 (2009): the length that minimises the mean squared error of the variance of the mean is
 *
 *	  b = (2 G^2 / D)^(1/3) n^(1/3),  G = sum |k| R(k),  g = sum R(k) over |k| <= M, tapered,
 *	  D = 2 g^2 (stationary), 4/3 g^2 (circular, moving)
 *
 * with R the autocovariances, the taper 1 up to M / 2 and 2 (1 - k / M) from there.  M is twice the
 * smallest lag m >= 1 after which five autocorrelations in a row lie within 2 sqrt(log10(n) / n), or after
 * the last significant one when there is no such lag up to sqrt(n) + 5; and no more than that.
 */
#ifndef MC_BLOCK_LENGTH_H
#define MC_BLOCK_LENGTH_H

#include "status.h"

/* Doubles of work space for n values. */
extern size_t mc_block_length_worksize(size_t n);

/*
 * Both lengths, from 1 to min(3 sqrt(n), n / 3), of n finite values in order.  MC_TOO_FEW below 9 values or
 * when all are equal; MC_STOPPED.  O(n) a lag, about 2 m + 5 lags.
 */
extern McStatus mc_block_length(const double *x, size_t n, double *work, double *stationary,
                                double *circular, const McPoll *poll);

#endif
