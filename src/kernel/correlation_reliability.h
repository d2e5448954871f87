/*
 * correlation_reliability.h
 *	  May the correlation of two series of returns be relied on, and how much of it?
 *
 * Pearson's r of n rows in time order, in the whole window, in each of s consecutive sub-periods (rows
 * p n / s to (p + 1) n / s - 1, whole parts) and in the most volatile stretch of n / s rows: the one
 * with the largest sum of (x / sx)^2 + (y / sy)^2, the latest on a tie, sx and sy the deviations of the whole
 * window.  Fisher's one-sided lower bound of the magnitude is
 *
 *	  tanh(atanh |r| - z / sqrt(n - 3)),  z the normal quantile of the confidence
 *
 * (R. A. Fisher, Metron 1 (1921) 3-32).  The smallest of the bound, the sub-periods and the stretch, in
 * the direction of r, is what may be offset; nothing when it is not positive in that direction.
 */
#ifndef MC_CORRELATION_RELIABILITY_H
#define MC_CORRELATION_RELIABILITY_H

#include "status.h"

#define MC_RETURNS_PER_SUBPERIOD 20
#define MC_MOST_SUBPERIODS 50

typedef enum McReliability
{
	MC_RELIABLE,
	MC_CONSTANT_SERIES,    /* in the whole window */
	MC_TOO_FEW_RETURNS,    /* below MC_RETURNS_PER_SUBPERIOD a sub-period */
	MC_NOT_SIGNIFICANT,    /* the bound is not above 0 */
	MC_CONSTANT_SUBPERIOD, /* a correlation of a part does not exist */
	MC_SIGN_CHANGES /* a sub-period or the stressed stretch has none, or one of the other sign */
} McReliability;

typedef struct McCorrelationEvidence
{
	double correlation; /* whole window; NaN where a number does not exist, here and below */
	double lower_bound; /* signed as the correlation; 0 when the bound is not above 0 */
	double stressed;
	double smallest;
	double offset; /* 0 unless reliable */
	McReliability verdict;
} McCorrelationEvidence;

/*
 * n finite rows, 0.5 <= confidence < 1, 1 <= subperiods <= MC_MOST_SUBPERIODS.  parts gets the
 * correlations of the sub-periods, NaN where they do not exist; work has room for 2 n doubles.  O(n).  MC_OK or
 * MC_STOPPED.
 */
extern McStatus mc_correlation_reliability(const double *x, const double *y, size_t n,
                                           double confidence, size_t subperiods, double *parts,
                                           double *work, McCorrelationEvidence *evidence,
                                           const McPoll *poll);

#endif
