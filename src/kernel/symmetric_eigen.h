/*
 * symmetric_eigen.h
 *	  Eigenvalues and eigenvectors of a symmetric matrix, by GSL (Householder tridiagonalisation and
 *	  implicit QR: G. H. Golub, C. F. van Loan, "Matrix Computations", 3rd ed. 1996, section 8.3).
 *
 * One call cannot be stopped, so the size is bounded: 800 rows take about a second.
 */
#ifndef MC_SYMMETRIC_EIGEN_H
#define MC_SYMMETRIC_EIGEN_H

#include "status.h"

#define MC_EIGEN_MAX 800

/* Doubles of work space for k rows. */
static inline size_t
mc_eigen_worksize(size_t k)
{
	return k * k;
}

/*
 * Of a packed lower triangle of finite elements: values[0..k) in descending order and vectors, value
 * v's in vectors[v * k ..], of length 1; the largest element in magnitude, the first of equal ones, is
 * positive.  A value beyond the range of a double is infinite.  false when GSL has no memory.
 */
extern bool mc_symmetric_eigen(const double *triangle, size_t k, double *values, double *vectors,
                               double *work);

#endif
