/*
 * bootstrap.h
 *	  The distribution of a risk measure under resampling, and confidence intervals from it.
 *
 * A resample of n rows is, for these statistics, how often each row occurs in it: counts over the sorted
 * sample, of which value at risk and expected shortfall read the tail only.  Resamples are
 *
 *	  independent   n rows drawn with replacement (B. Efron, Ann. Statist. 7 (1979))
 *	  stationary    blocks of geometric length with a mean of block_length, the end joined to the
 *	                beginning (D. N. Politis and J. P. Romano, JASA 89 (1994))
 *	  circular      blocks of block_length rows, the end joined to the beginning (Politis and Romano 1992)
 *	  moving        blocks of block_length rows (H. R. Kuensch, Ann. Statist. 17 (1989))
 *
 * the last block cut where n is reached.  Replication j takes its random words from stream j of the seed
 * (random.h), so it does not depend on the others, nor on the machine.
 */
#ifndef MC_BOOTSTRAP_H
#define MC_BOOTSTRAP_H

#include <stdint.h>

#include "status.h"

typedef enum McResampling
{
	MC_RESAMPLE_INDEPENDENT,
	MC_RESAMPLE_STATIONARY,
	MC_RESAMPLE_CIRCULAR,
	MC_RESAMPLE_MOVING
} McResampling;

typedef enum McStatistic
{
	MC_STATISTIC_VALUE_AT_RISK, /* of values that are losses */
	MC_STATISTIC_EXPECTED_SHORTFALL,
	MC_STATISTIC_VOLATILITY /* sample standard deviation */
} McStatistic;

typedef enum McInterval
{
	MC_INTERVAL_PERCENTILE, /* quantiles of the replications (type 7) */
	MC_INTERVAL_BASIC,      /* twice the estimate minus them */
	MC_INTERVAL_BCA         /* corrected for bias and acceleration (B. Efron, JASA 82 (1987)) */
} McInterval;

typedef struct McBootstrap
{
	McStatistic statistic;
	double confidence; /* of the tail measures, in (0, 1) */
	McResampling resampling;
	double block_length; /* 1 to n; whole but for stationary */
	uint32_t replications;
	uint64_t seed;
	double level; /* of the interval, in (0, 1) */
	McInterval interval;
} McBootstrap;

typedef struct McBootstrapResult
{
	double estimate;
	double standard_error; /* with divisor replications - 1; 0 of a single one */
	double bias;           /* mean of the replications minus the estimate */
	double lower;
	double upper;
} McBootstrapResult;

/* Bytes of work space for n rows. */
extern size_t mc_bootstrap_worksize(size_t n);

/*
 * Estimate and interval of 1 <= n < 2^32 finite values (2 for volatility) in their order, all inside the
 * work space afterwards: `replicates` holds the replications in descending order, in units of *unit.
 * O(n log n + replications * n).  MC_OK, MC_TOO_FEW, MC_OVERFLOW or MC_STOPPED.
 */
extern McStatus mc_bootstrap(const McBootstrap *settings, const double *values, size_t n,
                             void *work, double *replicates, double *unit,
                             McBootstrapResult *result, const McPoll *poll);

#endif
