/*
 * bootstrap_sample.h
 *	  What bootstrap.c and bootstrap_interval.c share.
 */
#ifndef MC_BOOTSTRAP_SAMPLE_H
#define MC_BOOTSTRAP_SAMPLE_H

#include "bootstrap.h"
#include "tail.h"

/* The sample in descending order, and what the statistics need of it. */
typedef struct McBootstrapSample
{
	const McBootstrap *settings;
	size_t n;
	double *sorted;   /* scaled by 2^-exponent; for volatility also less their mean */
	uint32_t *counts; /* of a resample, for each place in the order */
	uint32_t *places; /* of the rows in the order, for blocks */
	int exponent;
	McTailRank rank; /* of the tail measures */
	const McPoll *poll;
	uint32_t steps;
} McBootstrapSample;

/* Call it once a step: it asks the poll now and then. */
static inline bool
mc_bootstrap_must_stop(McBootstrapSample *sample)
{
	if (++sample->steps < MC_POLL_STEPS)
		return false;
	sample->steps = 0;
	return mc_poll_stop(sample->poll);
}

/*
 * Standard error, bias and bounds of *result, whose estimate is there, from the replications of the scaled
 * sample, which are sorted.
 */
extern McStatus mc_bootstrap_interval(McBootstrapSample *sample, double *replicates,
                                      McBootstrapResult *result);

#endif
