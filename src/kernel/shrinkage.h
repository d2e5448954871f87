/*
 * shrinkage.h
 *	  Covariance matrices shrunk towards a multiple of the identity.
 *
 *	  (1 - w) S + w m I,	m = trace(S) / k
 *
 * with S of divisor n, its mean taken out.  The weight w is
 *
 *	  Ledoit-Wolf	min(b, d) / d,	d = (||S||^2 - k m^2) / k,	b = (sum_t |x_t|^4 / n - ||S||^2) / (k n)
 *	  OAS			min(1, (||S||^2 + trace(S)^2) / ((n + 1) (||S||^2 - trace(S)^2 / k)))
 *
 * O. Ledoit, M. Wolf, "A well-conditioned estimator for large-dimensional covariance matrices", J. Multivariate
 * Analysis 88 (2004) 365-411, lemma 3.2 and 3.3; Y. Chen, A. Wiesel, Y. C. Eldar, A. O. Hero, "Shrinkage
 * algorithms for MMSE covariance estimation", IEEE Trans. Signal Processing 58 (2010) 5016-5029,
 * equation 23 without its terms 2 / k, as scikit-learn has it.
 */
#ifndef MC_SHRINKAGE_H
#define MC_SHRINKAGE_H

#include "status.h"

/*
 * The weight for a triangle S of k series and n rows; `fourth` is the sum over the rows of the
 * squared squared length of scale (x_t - mean).  One series, and no variance at all, have weight 0;
 * S = m I has 0 by Ledoit-Wolf and 1 by OAS, which makes no difference.  NaN when S is not finite.
 *
 * Squares of variances are taken of rows times mc_shrinkage_scale, a power of two, which `fourth` has to be
 * told of: so they are doubles wherever the variances are, and the weight does not depend on the unit.
 */
extern double mc_shrinkage_scale(const double *s, size_t k);
extern double mc_ledoit_wolf_weight(const double *s, size_t k, double n, double fourth);
extern double mc_oas_weight(const double *s, size_t k, double n);

/* |scale (x - mean)|^4, where the mean of series i is mean[i] + rest[i] */
extern double mc_fourth_power(const double *x, const double *mean, const double *rest, size_t k,
                              double scale);

/* S becomes (1 - w) S + w m I. */
extern void mc_shrink(double *s, size_t k, double weight);

#endif
