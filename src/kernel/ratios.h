/*
 * ratios.h
 *	  Performance ratios of simple period returns.
 *
 *	  Sharpe   = mean(e) / sd(e), e = return - risk-free return, divisor n - 1
 *	  Sortino  = mean(r - t) / sqrt(mean(min(r - t, 0)^2)), t the target
 *	  omega    = mean(max(r - t, 0)) / mean(max(t - r, 0))
 *
 * W. F. Sharpe, J. Portfolio Management 21 (1994) 49; F. A. Sortino, R. van der Meer, ibid. 17 (1991) 27;
 * C. Keating, W. F. Shadwick, J. Performance Measurement 6 (2002) 59; C. R. Bacon, Practical Portfolio
 * Performance Measurement and Attribution (2008).  Errors of the Sharpe ratio: A. W. Lo, Financial
 * Analysts J. 58 (2002) 36; E. Mertens (2002); D. H. Bailey, M. Lopez de Prado, J. Risk 15 (2012) 3.
 *
 * Sums are exact (exact_sum.h): the order of the returns changes no digit, and returns that do not vary
 * have a deviation of exactly 0.  Relative error of every result below 1e-14 of its terms
 * (test/unit/test_ratios.c, test/oracle/ratios.py).
 */
#ifndef MC_RATIOS_H
#define MC_RATIOS_H

#include "status.h"

/* mean(e) / sd(e); MC_TOO_FEW with fewer than two or when they do not vary; MC_OVERFLOW. */
extern McStatus mc_sharpe_ratio(const double *excess, size_t n, double *ratio, const McPoll *poll);

typedef enum McSharpeError
{
	MC_SHARPE_MERTENS, /* returns of any distribution, one after the other independent */
	MC_SHARPE_LO       /* normal returns */
} McSharpeError;

typedef struct McSharpeTest
{
	double ratio;
	double standard_error;
	double lower; /* normal confidence interval */
	double upper;
	double skewness; /* m3 / m2^1.5, divisor n */
	double kurtosis; /* m4 / m2^2: 3 for normal returns */
	double probability_positive;
} McSharpeTest;

/* Standard error of a Sharpe ratio: sqrt((1 - skewness S + (kurtosis - 1) S^2 / 4) / (n - 1)), or Lo's
 * sqrt((1 + S^2 / 2) / n). */
extern double mc_sharpe_error(double ratio, double skewness, double kurtosis, double n,
                              McSharpeError method);

/*
 * The ratio with its error, and the probability that the true ratio is positive (the probabilistic
 * Sharpe ratio for a benchmark of 0).  As mc_sharpe_ratio.
 */
extern McStatus mc_sharpe_test(const double *excess, size_t n, McSharpeError method,
                               double confidence, McSharpeTest *test, const McPoll *poll);

typedef struct McDownside
{
	double mean;      /* mean(r - t) */
	double deviation; /* sqrt(mean(min(r - t, 0)^2)) */
	double potential; /* mean(max(t - r, 0)) */
	double upside;    /* mean(max(r - t, 0)) */
} McDownside;

/* MC_TOO_FEW without returns, MC_OVERFLOW. */
extern McStatus mc_downside(const double *returns, size_t n, double target, McDownside *downside,
                            const McPoll *poll);

#endif
