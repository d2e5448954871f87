/*
 * garch_fit.h
 *	  GARCH(1,1) and GJR(1,1) models fitted by maximum likelihood.
 *
 * Variances are kept positive (omega > 0, reactions and beta not negative) and beta at most 1, so that the
 * filter forgets where it began.  Stationarity is not asked for: alpha + gamma / 2 + beta may exceed 1.
 */
#ifndef MC_GARCH_FIT_H
#define MC_GARCH_FIT_H

#include "garch_series.h"

#define MC_GARCH_STARTS 4

/* Bounds in the coordinates of garch.h. */
extern void mc_garch_bounds(const McGarchSeries *series, double *lower, double *upper);

typedef struct McGarchFit
{
	McFit fit; /* what follows has a meaning when it is usable */
	double theta[MC_GARCH_DIM];
	bool held[MC_GARCH_DIM];                       /* by a bound, or not of this model */
	double curvature[MC_GARCH_DIM * MC_GARCH_DIM]; /* about the second derivatives at theta */
	McGarchParameters parameters;
	double log_likelihood; /* of the returns, with its constant */
	double next_variance;
	int evaluations; /* of likelihood and gradient */
} McGarchFit;

/* Start number i, from 0: one of several pairs of reaction and persistence with the sample's variance. */
extern void mc_garch_start(const McGarchSeries *series, int i, double *theta);

/*
 * Twice minus the log-likelihood of each of the MC_GARCH_STARTS starts, all but for the same constant, in
 * one pass.
 */
extern void mc_garch_rate_starts(const McGarchSeries *series, double *rates);

/*
 * Fit a prepared series: the best of the starts, and from the next ones too when the optimum lies on a bound or is
 * not reached.  The likelihood is at least that of every start.  MC_OK or MC_STOPPED.
 */
extern McStatus mc_garch_fit(const McGarchSeries *series, McGarchFit *fit, const McPoll *poll);

#endif
