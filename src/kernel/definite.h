/*
 * definite.h
 *	  Positive semidefinite matrices: certificate, repair, and the Cholesky factor.
 *
 * Matrices are packed lower triangles (rank_update.h).  Everything is relative to the diagonal: a
 * matrix A = D H D is judged by H, which has the diagonal 1.
 *
 * In exact arithmetic a covariance matrix is positive semidefinite.  One that has been rounded need not
 * be, when a series is a combination of others or there are fewer rows than series.  The certificate is
 * Demmel's theorem (N. J. Higham, "Accuracy and Stability of Numerical Algorithms", 2nd ed. 2002,
 * theorem 10.7; S. M. Rump, BIT 46 (2006) 433-452): when Cholesky in floating point succeeds for A with its
 * diagonal multiplied by 1 - t, t = (k + 3)^2 2^-53, then A is positive definite.  The repair
 * multiplies what is off the diagonal by 1 - s, with s = 2.5 t, and then again with four times the s
 * before until the certificate accepts it: H becomes (1 - s) H + s I, so the variances stay, and all correlations shrink
 * alike.  For 3 series 2.5 t is 1e-14, for 500 it is 7e-11.
 */
#ifndef MC_DEFINITE_H
#define MC_DEFINITE_H

#include "rank_update.h"
#include "status.h"

/* Doubles of work space for k rows. */
extern size_t mc_definite_worksize(size_t k);

/*
 * Make a symmetric matrix with a diagonal >= 0 positive semidefinite, all elements finite.  One that
 * passes the certificate is not touched.  Rows that are an earlier one times a power of two, of
 * either sign, stay so, and rows of a series without variance stay 0.  *shrunk: s in total, or 0.  O(k^3 / 6) a certificate; MC_OK or
 * MC_STOPPED.
 */
extern McStatus mc_make_definite(double *matrix, size_t k, double *work, double *shrunk,
                                 const McPoll *poll);

/*
 * Is there no eigenvalue of H below -k (k + 3) 2^-52?  That is what rounding can leave of a
 * matrix that has none below 0.  A diagonal element of 0 needs a row of 0.
 */
extern McStatus mc_is_semidefinite(const double *matrix, size_t k, double *work, bool *answer,
                                   const McPoll *poll);

/*
 * The lower triangular L with L L' = matrix, in place.  Pivots that are 0 within rounding give a column of 0,
 * as in a matrix that is only semidefinite.  *answer is false when the matrix is not.
 */
extern McStatus mc_cholesky(double *matrix, size_t k, double *work, bool *answer,
                            const McPoll *poll);

#endif
