/*
 * least_squares.h
 *	  Ordinary least squares: coefficients, their covariance, residuals and R squared.
 *
 * The regressors stand column after column: x[j * n + i] is regressor j of observation i, and the
 * intercept, if any, is a column of ones.  All inputs finite.
 */
#ifndef MC_LEAST_SQUARES_H
#define MC_LEAST_SQUARES_H

#include "status.h"

typedef struct McLeastSquares
{
	/* arrays of the caller; NULL for what is not wanted */
	double *coefficients; /* p */
	double *covariance;   /* p x p, sigma2 (X'X)^-1; NaN without degrees of freedom */
	double *residuals;    /* n */

	size_t rank;               /* p unless columns depend on each other */
	size_t degrees_of_freedom; /* n - rank */
	double rss;                /* residual sum of squares */
	double tss;                /* total: about the mean with an intercept, else about 0 */
	double sigma2;             /* rss / degrees_of_freedom; NaN without any */
	double r_squared;          /* 1 - rss / tss, 0 to 1; NaN when tss = 0 */
} McLeastSquares;

/* Doubles of work space. */
extern size_t mc_least_squares_worksize(size_t n, size_t p);

/*
 * Fit y on p columns.  Among columns that depend on each other, those that come first in the order
 * of pivoting stay; the others get coefficient 0 and covariance 0, and rank tells how many stayed.
 * `intercept` says that some combination of the columns is constant: it only decides tss.
 *
 * MC_OK; MC_TOO_FEW with n < p or p = 0; MC_OVERFLOW when a result is not a double; MC_STOPPED.
 * O(n p^2) time, polled every n p steps.
 */
extern McStatus mc_least_squares(const double *x, const double *y, size_t n, size_t p,
                                 bool intercept, double *work, const McPoll *poll,
                                 McLeastSquares *fit);

#endif
