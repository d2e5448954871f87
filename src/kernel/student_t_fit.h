/*
 * student_t_fit.h
 *	  Student's distribution with location, scale and degrees of freedom, by maximum likelihood.
 *
 *	  f(x) = Gamma((nu+1)/2) / (Gamma(nu/2) sqrt(nu pi) s) (1 + ((x - m) / s)^2 / nu)^(-(nu+1)/2)
 *
 * The scale s is not the standard deviation, which is s sqrt(nu / (nu - 2)).
 *
 * nu lies between 1 and 10,000.  Below 1 the likelihood has no maximum (it grows without bound as s
 * shrinks around one observation), above 10,000 the best fit is taken to be its limit, the normal
 * distribution: nu = infinity, m the mean and s the standard deviation with divisor n.
 *
 *	  MC_FIT_CONVERGED   the gradient is 0
 *	  MC_FIT_BOUNDARY    nu is 1 or infinite
 *	  MC_FIT_ITERATIONS  the best point found
 *	  MC_FIT_TOO_FEW     fewer than 4 values, 3 when nu is given
 *	  MC_FIT_CONSTANT    all values are equal
 *	  MC_FIT_FAILED      no maximum: nu / (nu + 1) of the values (half of them when nu is fitted
 *	                     too) or more are equal; or distances lie 1e150 apart
 *
 * Parameters satisfy the likelihood equations to 1e-10 an observation, as far as the doubles at the
 * level of the values do (test/unit/test_student_t_fit.c, which has 40-digit optima too).
 */
#ifndef MC_STUDENT_T_FIT_H
#define MC_STUDENT_T_FIT_H

#include "fit.h"
#include "status.h"

#define MC_STUDENT_T_LEAST_NU 1.0
#define MC_STUDENT_T_MOST_NU 1e4

typedef struct McStudentT
{
	McFit fit;
	double location;
	double scale;
	double degrees_of_freedom;
	double log_likelihood;
} McStudentT;

/*
 * Fit n finite values in descending order.  degrees_of_freedom: 0 to fit them too, else at least 1,
 * or infinity.  work: n doubles.  MC_OK (with a fit in `t`) or MC_STOPPED.  O(n) a pass, some
 * hundred passes.
 */
extern McStatus mc_student_t_fit(const double *x, size_t n, double degrees_of_freedom, double *work,
                                 McStudentT *t, const McPoll *poll);

#endif
