/*
 * ewma_covariance.h
 *	  Exponentially weighted covariances of many series, around a mean of zero.
 *
 *	  C = sum_(s=0..n-1) lambda^s r_(n-s) r_(n-s)' / sum_(s=0..n-1) lambda^s
 *
 * (J.P. Morgan, RiskMetrics Technical Document, 4th ed. 1996, section 5.2, with the weights of the n rows
 * at hand made to add up to 1).  A sum of outer products with positive weights: a Gram matrix.
 * Rows wait in a block of eight, so the triangle is visited once for eight rows; the error of an
 * element stays below (16 / (1 - lambda) + 16) 2^-53 sqrt(C_ii C_jj).
 */
#ifndef MC_EWMA_COVARIANCE_H
#define MC_EWMA_COVARIANCE_H

#include "rank_update.h"
#include "status.h"

typedef struct McEwmaCovariance
{
	size_t series;
	double lambda; /* 0 < lambda < 1 */
	double rows;
	double *block;    /* MC_RANK rows that wait, of stride mc_rank_stride, zeroed */
	size_t filled;    /* of them */
	double *triangle; /* weighted sum of the rows before, zeroed */
	double weights;   /* sum of their weights */
	bool *not_finite; /* series with a NaN or infinity, zeroed */
} McEwmaCovariance;

/* Add a row, which is newer than all before.  O(series^2 / 8) on average. */
extern void mc_ewma_covariance_add(McEwmaCovariance *e, const double *x);

/*
 * The matrix so far; e is as before.  NaN in the rows and columns of series that are not finite.
 * MC_TOO_FEW without rows, MC_OVERFLOW.
 */
extern McStatus mc_ewma_covariance_matrix(const McEwmaCovariance *e, double *matrix);

/* Correlation and slope of y on x: sums of two series, weighted alike, around zero. */
typedef struct McEwmaPair
{
	double xx;
	double xy;
	double yy;
} McEwmaPair;

extern McStatus mc_ewma_pair(const double *x, const double *y, size_t n, double lambda,
                             McEwmaPair *pair, const McPoll *poll);

#endif
