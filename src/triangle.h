/*
 * triangle.h
 *	  Symmetric matrices between SQL (float8[][]) and kernels (packed lower triangles).
 */
#ifndef MC_TRIANGLE_H
#define MC_TRIANGLE_H

#include "compat.h"

#define MC_MAX_SERIES 5000

/* A float8[][]; elements in row or column i are NULL where undefined[i] (which may be NULL). */
extern Datum mc_triangle_datum(const double *triangle, int k, const bool *undefined);

/*
 * The lower triangle of a square float8[][] argument of at most max_size rows, to be changed at
 * will.  2202E, 22004 and 54000 as mc_float8_square; 22023 that names the element unless all are
 * finite and the matrix is symmetric (within 1e-10 relative: the mean of both is taken).
 */
extern double *mc_triangle_argument(FunctionCallInfo fcinfo, int arg, int max_size, int *k);

/* Room for the triangle of k series: 54000 above margin_calib.max_state_mb. */
extern double *mc_triangle_space(int k);

/*
 * Make a covariance or correlation matrix of series of which some are NaN positive semidefinite
 * (kernel/definite.h); serves cancels.
 */
extern void mc_triangle_make_definite(double *triangle, int k);

#endif
