/*
 * hill.h
 *	  Hill's estimator of the tail index, and mean excesses over thresholds.
 *
 * With positive losses L_1 >= L_2 >= ...
 *
 *	  H(k) = mean over i <= k of log(L_i / L_(k+1))
 *
 * estimates the shape of a heavy tail (1 / H the tail index): B. M. Hill, Ann. Statist. 3 (1975)
 * 1163.  It is summed as k H(k) = sum of j log(L_j / L_(j+1)), so that no digits cancel: relative
 * error below 1e-13 (test/unit/test_hill.c).  Others count the threshold as one of the k values:
 * fExtremes' hillPlot has (k - 1) / k H(k - 1) at k.
 */
#ifndef MC_HILL_H
#define MC_HILL_H

#include "status.h"

/*
 * H(1) ... H(k) into series, from k + 1 losses in descending order, all positive.  MC_OK or
 * MC_STOPPED.
 */
extern McStatus mc_hill_series(const double *losses, size_t k, double *series, const McPoll *poll);

/* The mean of the excesses over one threshold; NaN stands for "none". */
typedef struct McMeanExcess
{
	size_t exceedances;
	double mean;           /* NaN without exceedances */
	double standard_error; /* sample deviation / sqrt(exceedances); NaN with fewer than two */
} McMeanExcess;

/* From n losses in descending order.  O(exceedances); MC_OVERFLOW beyond the range of a double. */
extern McStatus mc_mean_excess(const double *losses, size_t n, double threshold,
                               McMeanExcess *result, const McPoll *poll);

#endif
