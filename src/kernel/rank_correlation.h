/*
 * rank_correlation.h
 *	  Spearman's rho and Kendall's tau-b.
 *
 *	  rho = Pearson's correlation of the ranks, ties with the mean of their ranks
 *	  tau-b = (C - D) / sqrt((P - Tx) (P - Ty)),	P = n (n - 1) / 2
 *
 * C and D are the numbers of concordant and discordant pairs of rows, Tx and Ty of those tied in x and
 * in y (M. G. Kendall, Biometrika 33 (1945) 239-251).  Counting takes n log n steps: D is what a sort
 * by y exchanges in rows sorted by x (W. R. Knight, J. Amer. Stat. Assoc. 61 (1966) 436-439).
 *
 * All sums are whole numbers, so the order of the rows does not change a digit; relative error below
 * 4 * 2^-53.  n up to 2^31.
 */
#ifndef MC_RANK_CORRELATION_H
#define MC_RANK_CORRELATION_H

#include "pairs.h"

/*
 * MC_TOO_FEW with fewer than two rows, or when all x or all y are equal.  The pairs, of which no value may
 * be NaN, are spoiled; `work` has room for n pairs.
 */
extern McStatus mc_spearman(McPair *pairs, size_t n, McPair *work, double *rho, const McPoll *poll);
extern McStatus mc_kendall(McPair *pairs, size_t n, McPair *work, double *tau, const McPoll *poll);

#endif
