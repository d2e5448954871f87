/*
 * fit.h
 *	  How a fit ended.  A fit never fails without saying so, and never answers with NaN: the caller
 *	  looks at the status before it uses the parameters.
 */
#ifndef MC_FIT_H
#define MC_FIT_H

typedef enum McFit
{
	MC_FIT_CONVERGED,  /* the optimum, by the criterion of the fit */
	MC_FIT_BOUNDARY,   /* the optimum lies on the edge of the parameter space */
	MC_FIT_ITERATIONS, /* the best point found when the allowance was used up */
	MC_FIT_TOO_FEW,    /* not enough observations: no parameters */
	MC_FIT_CONSTANT,   /* no variation to fit: no parameters */
	MC_FIT_NOT_FINITE, /* a NaN or infinite observation: no parameters */
	MC_FIT_FAILED      /* no usable point was found: no parameters */
} McFit;

/* Are there parameters? */
static inline int
mc_fit_usable(McFit fit)
{
	return fit <= MC_FIT_ITERATIONS;
}

/* 'converged', 'boundary', 'iterations', 'too_few', 'constant', 'not_finite', 'failed' */
static inline const char *
mc_fit_name(McFit fit)
{
	static const char *const names[] = {"converged", "boundary",   "iterations", "too_few",
	                                    "constant",  "not_finite", "failed"};

	return names[fit];
}

#endif
