/*
 * stress_axes.h
 *	  Moves of factors from independent moves of variance 1, and the other way.
 *
 * A book knows some of the factors only, with covariance S and correlations R = V L V'.  Their moves are
 * x = D V L^(1/2) z, D the standard deviations, and x' S^-1 x = z' z: the distance of Mahalanobis.  Directions
 * whose variance is 0, within the rounding of a correlation matrix, do not move.  The other factors move as
 * the first ones make it most likely, S_oh D^-1 V L^(-1/2) z, which adds nothing to the distance: z' z is
 * that of all factors together.
 */
#ifndef MC_STRESS_AXES_H
#define MC_STRESS_AXES_H

#include <stdbool.h>
#include <stddef.h>

/* Doubles of work space for n factors. */
extern size_t mc_stress_axes_worksize(size_t n);

/*
 * axes[factor * rank + i]: the move of each of n factors for a z of 1 along axis i; room for n * n.  covariance:
 * a packed lower triangle, positive semidefinite; held: what the book knows.  false: out of memory.
 */
extern bool mc_stress_axes(const double *covariance, size_t n, const bool *held, double *axes,
                           size_t *rank, double *work);

#endif
