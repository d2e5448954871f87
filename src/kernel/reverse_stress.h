/*
 * reverse_stress.h
 *	  Reverse stress test: of all moves of the market that lose so much, the most likely one.
 *
 *	  minimise  d^2 = x' S^-1 x   over the log moves x of the factors with  index(x) >= 0
 *
 * S is their covariance over the horizon of the question, index that of stress_book.h.  x is the most likely move
 * under a normal law with mean 0, d its distance of Mahalanobis, the "design point" of structural
 * reliability (A. M. Hasofer, N. C. Lind, J. Eng. Mech. Div. ASCE 100 (1974) 111-121).
 *
 * Options make the question one with several answers, each the nearest of its neighbourhood.  The search looks
 * along many directions, climbs from the best of them, follows the surface of index 0 to its nearest point, and tries
 * whether a mirrored move does as well; a nearer point ends no search but narrows the others.  What it returns is
 * a local minimum always, and the global one as far as these starts reach it.
 */
#ifndef MC_REVERSE_STRESS_H
#define MC_REVERSE_STRESS_H

#include "stress_book.h"

typedef enum McStressOutcome
{
	MC_STRESS_REACHED,
	MC_STRESS_EXHAUSTED,  /* where nothing moves: all moves are 0 */
	MC_STRESS_NOT_REACHED /* within the reach: the moves are those of the largest index found */
} McStressOutcome;

typedef struct McReverseStress
{
	McStressOutcome outcome;
	size_t rank;     /* independent moves that the book is exposed to */
	double distance; /* of the moves */
	double index;
	size_t foremost; /* the account whose index is largest, or MC_STRESS_NONE */

	/* of the caller */
	double *moves;    /* [factors] */
	double *unit_pnl; /* [instruments] */
	double *losses;   /* [accounts] */
} McReverseStress;

/* Doubles of work space. */
extern size_t mc_reverse_stress_worksize(const McStressBook *book, size_t factors);

/*
 * covariance: packed lower triangle of the factors, finite and positive semidefinite; reach: the largest distance
 * looked at, positive; GSL's error handler is off.  MC_OVERFLOW: a loss within the reach is beyond a double.
 * *enough is false when there was no memory for the axes.
 */
extern McStatus mc_reverse_stress(const McStressBook *book, const double *covariance,
                                  size_t factors, double reach, double *work, bool *enough,
                                  McReverseStress *result, const McPoll *poll);

#endif
