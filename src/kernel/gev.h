/*
 * gev.h
 *	  The generalised extreme value distribution of block maxima, by maximum likelihood.
 *
 *	  P(X <= x) = exp(-(1 + shape w)^(-1/shape)),  w = (x - location) / scale
 *
 * and exp(-exp(-w)) for shape 0 (Gumbel).  A shape above 0 is a heavy upper tail (Frechet), below 0 an
 * end of the law (Weibull): the sign of McNeil, Frey and Embrechts, opposite to Hosking's k.
 *
 * Newton's method with exact derivatives, started from L-moments (J. R. M. Hosking, J. R. Wallis, E. F. Wood,
 * Technometrics 27 (1985) 251) and from the Gumbel law.  Errors from the observed information, for a
 * shape above -1/2 (R. L. Smith, Biometrika 72 (1985) 67).
 *
 * Accuracy: the likelihood equations hold to rounding (test/unit/test_gev.c, test/oracle/evt.py).
 */
#ifndef MC_GEV_H
#define MC_GEV_H

#include "fit.h"
#include "status.h"

#define MC_GEV_MIN_MAXIMA 5

typedef struct McGev
{
	McFit fit;
	double location;
	double location_error; /* standard errors: NaN where the asymptotic theory has none */
	double scale;
	double scale_error;
	double shape;
	double shape_error;
	double log_likelihood;
} McGev;

/*
 * Fit n finite maxima, in descending order; work: n doubles.  fit: TOO_FEW below
 * MC_GEV_MIN_MAXIMA, CONSTANT when all are equal, CONVERGED at a local maximum with -1 < shape < 5 (the
 * likelihood has no bound beyond either end), BOUNDARY with shape -1 and end x_max when that is
 * better, FAILED without a local maximum, which happens with a dozen maxima or fewer, or beyond the
 * range of a double.  MC_OK or MC_STOPPED.  O(n) a step, mostly about ten steps.
 */
extern McStatus mc_gev_fit(const double *x, size_t n, double *work, McGev *model,
                           const McPoll *poll);

/* The level that the maximum of a block exceeds with probability 1 / blocks; blocks > 1. */
extern McStatus mc_gev_return_level(const McGev *model, double blocks, double *level);

#endif
