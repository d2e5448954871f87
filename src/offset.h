/*
 * offset.h
 *	  Correlation matrices for offsets.
 */
#ifndef MC_OFFSET_H
#define MC_OFFSET_H

/*
 * Make a packed triangle of k (at most MC_EIGEN_MAX) series, elements in [-1, 1] and 1 on the diagonal,
 * positive semidefinite without raising an element (kernel/bounded_correlation.h); serves cancels.
 */
extern void mc_bound_triangle(double *triangle, int k);

#endif
