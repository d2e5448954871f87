/*
 * model_scenarios.h
 *	  Scenarios of the next bar from the returns of a lookback, by the filter of a model
 *	  (doc/calibration.md, section 2, point 8).
 */
#ifndef MC_MODEL_SCENARIOS_H
#define MC_MODEL_SCENARIOS_H

#include <stdint.h>

#include "garch.h"
#include "model.h"

/*
 * The end of a series of n returns: the lookback is its last m, the window of a GARCH fit the k that
 * end with return `fitted`.
 */
typedef struct McLookback
{
	const double *returns; /* the whole series */
	size_t n;
	size_t m;
	size_t fitted; /* 0: too few returns for the first fit */
	size_t k;
} McLookback;

/*
 * A GARCH model between two fits: parameters and standardised residuals of its window, and how far the
 * variance has run on. Forgotten when the window is another, so a caller who walks along a series
 * keeps it, and one who does not starts with `known` false: the digits are the same.
 */
typedef struct McGarchMemory
{
	bool known;
	size_t fitted;
	size_t k;
	McFit fit;
	McGarchParameters parameters;
	double *residuals; /* room for k */
	size_t through;    /* returns that the variance has seen */
	double next_variance;
} McGarchMemory;

/* What a filter made. The law of its own innovations is there for GARCH. */
typedef struct McScenarios
{
	McFit fit;       /* MC_FIT_CONVERGED, or why there is no answer; a usable fit is an answer */
	const double *y; /* the scenarios, n of them */
	size_t n;
	double vol;
	McGarchParameters parameters; /* of a GARCH filter */
} McScenarios;

/* Doubles of work space for a fit window of k. */
extern size_t mc_model_scenarios_worksize(size_t k);

/*
 * Scenarios into y, which has room for max(m, k) values, m >= 1. memory: of this filter, NULL for those
 * that are not GARCH. MC_OK (with the answer or its lack in `scenarios`) or MC_STOPPED.
 */
extern McStatus mc_model_scenarios(const McLookback *lookback, McModelFilter filter, double lambda,
                                   McGarchMemory *memory, double *work, double *y,
                                   McScenarios *scenarios, const McPoll *poll);

#endif
