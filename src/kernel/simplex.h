/*
 * simplex.h
 *	  Linear programmes with two objectives, one after the other.
 *
 *	  minimise first'x, and among those x second'x,   A x = b,   0 <= x <= upper
 *
 * by the simplex method with bounded variables on a dense tableau (G. B. Dantzig, "Upper bounds, secondary
 * constraints, and block triangularity in linear programming", Econometrica 23, 1955, 174-183).  It starts from
 * columns that are a unit matrix, so that slack and artificial variables are columns like the others, and phase one
 * is a first objective which counts the artificial ones.
 *
 * The entering column is the one with the steepest descent; after a step of length zero the one of the smallest
 * index (R. G. Bland, "New finite pivoting rules for the simplex method", Math. Oper. Res. 2, 1977, 103-107)
 * until a step makes progress.  So it always ends, and the same numbers take the same steps.
 *
 * Coefficients, bounds and costs are to be of the order of 1: what is below MC_SIMPLEX_ZERO counts as zero.
 */
#ifndef MC_SIMPLEX_H
#define MC_SIMPLEX_H

#include "status.h"

#define MC_SIMPLEX_ZERO 1e-10

typedef struct McSimplex
{
	size_t rows;
	size_t columns;
	double *a; /* rows x columns, row by row; becomes the tableau of the last basis */
	double
	    *basic; /* b, within the bounds of the basis; becomes the values of the basic variables */
	double *upper; /* of each column; INFINITY for none, 0 for a column that stays out */
	double *first; /* costs of each column; become reduced costs */
	double *second;
	size_t *basis;  /* column of each row: the unit matrix at first */
	bool *at_upper; /* of each column that is not basic; false at first */
	bool *is_basic; /* work space, columns */
} McSimplex;

/*
 * Solve in place, then x[columns].  MC_OVERFLOW when an objective has no lower bound, MC_STOPPED as polled.
 * O(rows columns) a step.
 */
extern McStatus mc_simplex_solve(McSimplex *lp, double *x, const McPoll *poll);

#endif
