/*
 * nearest_correlation.h
 *	  The correlation matrix nearest to a symmetric matrix in the Frobenius norm.
 *
 * Alternating projections on the positive semidefinite matrices and on those with a unit diagonal,
 * with Dykstra's correction of the first (N. J. Higham, "Computing the nearest correlation matrix - a
 * problem from finance", IMA J. Numer. Anal. 22 (2002) 329-343, algorithm 3.3):
 *
 *	  R = Y - D,  X = R with its negative eigenvalues set to 0,  D = X - R,  Y = X with diagonal 1
 *
 * until X, Y and their difference move by less than the tolerance, relative to Y.  Convergence is linear:
 * the distance to the limit is some multiple of the tolerance.  The answer is X scaled to a unit
 * diagonal.
 */
#ifndef MC_NEAREST_CORRELATION_H
#define MC_NEAREST_CORRELATION_H

#include "status.h"

#define MC_NEAREST_ITERATIONS 10000

/* Doubles of work space for k rows. */
extern size_t mc_nearest_worksize(size_t k);

/*
 * In place on a packed lower triangle of elements of at most 1e6 in magnitude.  *iterations is 0
 * when they did not suffice: then the matrix is as it was.  MC_OK or MC_STOPPED; asks the poll once an
 * iteration, which is one decomposition (symmetric_eigen.h).
 */
extern McStatus mc_nearest_correlation(double *matrix, size_t k, double tolerance, double *work,
                                       int *iterations, const McPoll *poll);

#endif
