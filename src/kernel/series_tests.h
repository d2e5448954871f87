/*
 * series_tests.h
 *	  Tests of a series: normality (Jarque-Bera), autocorrelation (Ljung-Box), ARCH effects (Engle).
 */
#ifndef MC_SERIES_TESTS_H
#define MC_SERIES_TESTS_H

#include "hypothesis.h"
#include "status.h"

/*
 * n / 6 (S^2 + (K - 3)^2 / 4) with population moments, chi-squared (2).  Sorts x, so the order of
 * the rows does not matter to the last bit.  MC_TEST_TOO_FEW below 2, MC_TEST_CONSTANT without
 * variation.
 */
extern McStatus mc_jarque_bera_test(double *x, size_t n, const McPoll *poll, McTest *test);

/*
 * n (n + 2) sum_(k = 1..lags) r_k^2 / (n - k), chi-squared (lags - fitted).  work holds n doubles;
 * fitted < lags; MC_TEST_TOO_FEW unless n > lags.
 */
extern McStatus mc_ljung_box_test(const double *x, size_t n, size_t lags, size_t fitted,
                                  double *work, const McPoll *poll, McTest *test);

extern size_t mc_arch_lm_worksize(size_t n, size_t lags);

/*
 * Lagrange multiplier test: (n - lags) R^2 of the squares on a constant and `lags` lags of them,
 * chi-squared (rank - 1).  The series is taken as it is, a residual of mean 0.  MC_TEST_TOO_FEW
 * unless n - lags > lags + 1; MC_TEST_CONSTANT when the squares do not vary.
 */
extern McStatus mc_arch_lm_test(const double *x, size_t n, size_t lags, double *work,
                                const McPoll *poll, McTest *test);

#endif
