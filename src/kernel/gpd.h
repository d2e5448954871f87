/*
 * gpd.h
 *	  The generalised Pareto distribution of losses beyond a threshold: fit and tail measures.
 *
 * Excesses y = loss - threshold > 0 follow
 *
 *	  P(Y > y) = (1 + shape y / scale)^(-1/shape),   shape = 0: exp(-y / scale)
 *
 * Fits by maximum likelihood (S. D. Grimshaw, Technometrics 35 (1993) 185: one dimension is left
 * when shape / scale is kept) and by probability-weighted moments (J. R. M. Hosking, J. R. Wallis,
 * Technometrics 29 (1987) 339).  Measures: A. J. McNeil, R. Frey, "Estimation of tail-related risk
 * measures", J. Empirical Finance 7 (2000) 271, equations 6 to 8.
 *
 * Accuracy: the likelihood equations hold to rounding, parameters to about 1e-12 of their standard
 * error (test/unit/test_gpd.c, test/oracle/evt.py).
 */
#ifndef MC_GPD_H
#define MC_GPD_H

#include "fit.h"
#include "status.h"

#define MC_GPD_MIN_EXCEEDANCES 5

typedef struct McGpd
{
	McFit fit;
	double shape;
	double shape_error; /* standard errors: NaN where the asymptotic theory has none */
	double scale;
	double scale_error;
	double log_likelihood; /* NaN when an excess lies beyond the end of the fitted law */
} McGpd;

/*
 * Losses above the threshold to the front as excesses in descending order; the rest of the array is
 * lost.  No value may be NaN.  MC_OK or MC_STOPPED.
 */
extern McStatus mc_gpd_excesses(double *losses, size_t n, double threshold, size_t *exceedances,
                                const McPoll *poll);

/*
 * Fit n excesses y > 0 in descending order.  fit: TOO_FEW below MC_GPD_MIN_EXCEEDANCES, CONSTANT when all
 * are equal, FAILED beyond the range of a double.  MC_OK or MC_STOPPED.
 *
 * By likelihood the shape is at least -1, since the likelihood has no bound below: BOUNDARY with shape -1
 * and scale y_max, the uniform law, when no stationary point is better.  Errors from the observed
 * information, for a shape above -1/2.  O(100 n).
 */
extern McStatus mc_gpd_fit_likelihood(const double *y, size_t n, McGpd *model, const McPoll *poll);

/* With plotting positions (i - 0.35) / n; errors for a shape below 1/2. */
extern McStatus mc_gpd_fit_moments(const double *y, size_t n, McGpd *model, const McPoll *poll);

/*
 * VaR and ES at a confidence, where tail = exceedances / observations.  MC_TOO_FEW when the level lies below the
 * threshold; ES is infinite for a shape of 1 or more.  Either pointer may be NULL.
 */
extern McStatus mc_gpd_measures(const McGpd *model, double threshold, double tail,
                                double confidence, double *var, double *es);

#endif
