/*
 * parametric_tail.h
 *	  Value at risk and expected shortfall of P&L from a distribution instead of a sample.
 *
 * With the quantile q of the standardised P&L at probability 1 - c (negative for a large confidence
 * c) and its mean e below q:	 VaR = -mean - deviation q,	 ES = -mean - deviation e.
 *
 *	  normal          q = Phi^-1(1 - c),  e = -phi(q) / (1 - c)
 *	  Student t       q = T^-1(1 - c; nu),  e = -f(q; nu) (nu + q^2) / ((nu - 1) (1 - c)), with
 *	                  location and scale for mean and deviation; ES is infinite at nu <= 1
 *	  Cornish-Fisher  see mc_cornish_fisher; e is the mean of an Edgeworth density below q
 *
 * Relative errors of q and e: normal 1e-15 and 2e-14, Student t up to nu = 10,000 1e-13 and 1e-12
 * (test/unit/test_parametric_tail.c).
 * A. J. McNeil, R. Frey, P. Embrechts, "Quantitative Risk Management", 2.3.4 and 2.3.5 (2015).
 */
#ifndef MC_PARAMETRIC_TAIL_H
#define MC_PARAMETRIC_TAIL_H

#include "status.h"

/* Either pointer may be NULL.  0 < confidence < 1; NaN in, NaN out. */
extern void mc_normal_measures(double mean, double deviation, double confidence, double *var,
                               double *es);

/* degrees_of_freedom above 0; infinity is the normal distribution. */
extern void mc_student_t_measures(double location, double scale, double degrees_of_freedom,
                                  double confidence, double *var, double *es);

/*
 * The quantile of a standardised variable with this skewness S and excess kurtosis K, to fourth
 * order in the normal quantile z:
 *
 *	  h(z) = z + (z^2 - 1) S / 6 + (z^3 - 3 z) K / 24 - (2 z^3 - 5 z) S^2 / 36
 *
 * E. A. Cornish and R. A. Fisher (1938); as AS 269 to this order.
 */
extern double mc_cornish_fisher(double probability, double skewness, double excess_kurtosis);

/* Does h increase everywhere, so that it is the quantile function of a distribution? */
extern bool mc_cornish_fisher_monotone(double skewness, double excess_kurtosis);

/*
 * Modified VaR and ES (K. Boudt, B. Peterson and C. Croux, J. Risk 11 (2008)): with g = h(z),
 *
 *	  e = -phi(g) (1 + g^3 S / 6 + (g^4 - 2 g^2 - 1) K / 24
 *	               + (g^6 - 9 g^4 + 9 g^2 + 3) S^2 / 72) / (1 - c)
 *
 * and, as PerformanceAnalytics has it, ES = VaR where that would be less.
 */
extern void mc_cornish_fisher_measures(double mean, double deviation, double skewness,
                                       double excess_kurtosis, double confidence, double *var,
                                       double *es);

/*
 * Normal VaR of the sum of n positions, split by Euler into parts that add up to it:
 * components[i] = w_i (z (C w)_i / sqrt(w' C w) - m_i).  means may be NULL for 0; covariance C row
 * by row, symmetric.  false when w' C w is negative beyond rounding.
 */
extern bool mc_component_var(const double *weights, const double *covariance, const double *means,
                             size_t n, double confidence, double *components);

#endif
