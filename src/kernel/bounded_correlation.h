/*
 * bounded_correlation.h
 *	  A correlation matrix near a given one that nowhere claims more than it.
 *
 * Correlations that were judged and cut down pair by pair need not fit together.  The nearest correlation
 * matrix (nearest_correlation.h) raises some of them to repair that, and makes something of a pair that
 * was found unreliable.  So what it raised is taken back: element by element the smaller magnitude of both,
 * 0 where the signs differ; and if the outcome B has an eigenvalue below 0, everything off the diagonal is
 * multiplied by 1 / (1 - smallest eigenvalue), which makes that eigenvalue 0.  The identity shows that this always
 * ends, and no element is ever larger in magnitude, or of another sign, than it was.
 */
#ifndef MC_BOUNDED_CORRELATION_H
#define MC_BOUNDED_CORRELATION_H

#include "status.h"

/* Doubles of work space for k rows, at most MC_EIGEN_MAX of them. */
extern size_t mc_bounded_worksize(size_t k);

/*
 * In place on a packed lower triangle with unit diagonal and elements in [-1, 1]; one that is positive
 * semidefinite stays as it is.  The answer is so within rounding: mc_make_definite (definite.h) shrinks
 * away the rest.  MC_OK or MC_STOPPED; MC_TOO_FEW when GSL has no memory.
 */
extern McStatus mc_bounded_correlation(double *matrix, size_t k, double *work, const McPoll *poll);

#endif
