/*
 * dynamic_quantile.h
 *	  Dynamic quantile test of value at risk: can exceptions be predicted?
 *
 *	  Hit_t = 1{exception} - p, regressed on 1, Hit_(t-1) .. Hit_(t-lags) and VaR_t;
 *	  DQ = b' X'X b / (p (1 - p)), chi-squared with rank(X) degrees of freedom
 */
#ifndef MC_DYNAMIC_QUANTILE_H
#define MC_DYNAMIC_QUANTILE_H

#include "hypothesis.h"
#include "status.h"

/* Doubles of work space. */
extern size_t mc_dynamic_quantile_worksize(size_t n, size_t lags);

/*
 * The test of n observations in order of time.  test->observations is n - lags.  MC_TEST_SINGULAR
 * when the regressors depend on each other (constant VaR, no exceptions), MC_TEST_TOO_FEW unless
 * n - lags > lags + 2.  MC_OK, MC_STOPPED, or MC_OVERFLOW with a confidence near 0.
 */
extern McStatus mc_dynamic_quantile_test(const double *pnl, const double *value_at_risk, size_t n,
                                         double confidence, size_t lags, double *work,
                                         const McPoll *poll, McTest *test);

#endif
