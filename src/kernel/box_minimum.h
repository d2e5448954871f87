/*
 * box_minimum.h
 *	  A minimum of a smooth function of a few variables, each between two bounds.
 *
 * Projected quasi-Newton steps: variables that a bound holds back are left out, the others follow the
 * BFGS direction until the first bound.  Starts from second derivatives that the caller knows roughly: good
 * ones, such as a Fisher information, spare most of the steps.
 *
 * J. Nocedal, S. J. Wright, "Numerical Optimization" (2006), 3.1, 6.1, procedure 18.2 (damping) and 16.7.
 */
#ifndef MC_BOX_MINIMUM_H
#define MC_BOX_MINIMUM_H

#include "fit.h"
#include "status.h"

#define MC_BOX_MAX 8 /* variables */

typedef struct McBoxProblem
{
	int dim; /* at most MC_BOX_MAX */
	/* the function, with all derivatives; NaN or infinite where it has no value */
	double (*value)(void *arg, const double *x, double *gradient);
	void *arg;
	const double *lower; /* lower[i] = upper[i] keeps a variable where it is */
	const double *upper;
	double noise;       /* values this close are equal: the rounding of the function */
	double tolerance;   /* of the distance to the minimum, in units of sqrt(2 (value - minimum)) */
	int allowance;      /* evaluations */
	const McPoll *poll; /* asked before each evaluation */
} McBoxProblem;

typedef struct McBoxMinimum
{
	double x[MC_BOX_MAX];                      /* in: the start, within the bounds */
	double curvature[MC_BOX_MAX * MC_BOX_MAX]; /* in: rough second derivatives, row by row */
	double value;
	double gradient[MC_BOX_MAX];
	bool held[MC_BOX_MAX]; /* by a bound that the function falls beyond */
	int evaluations;
	McFit fit; /* CONVERGED, BOUNDARY (converged, with a variable held), ITERATIONS or FAILED */
} McBoxMinimum;

/*
 * Never a value above that of the start (but for noise), which must be finite: MC_FIT_FAILED otherwise.
 * MC_OK or MC_STOPPED.
 */
extern McStatus mc_box_minimise(const McBoxProblem *problem, McBoxMinimum *minimum);

/* Solve A x = b for the rows and columns of the list; false unless A is positive definite there. */
extern bool mc_box_solve(const double *matrix, int dim, const int *list, int count, double *b);

#endif
