/*
 * covariance.h
 *	  Means and comoments of many series in one pass, as sums that merge.
 *
 * A row x holds the values of all series at one time.  With the mean m of the n - 1 rows before it
 * (B. P. Welford, Technometrics 4 (1962) 419-420)
 *
 *	  d = x - m,	m += d / n,	 M += (n - 1) / n d d'
 *
 * so the matrix of comoments M = sum (x - mean)(x - mean)' is a sum of outer products: nothing is ever
 * subtracted, a constant series has a variance of exactly 0 and M is a Gram matrix.  Two parts
 * merge by one more outer product, na nb / n d d' with d = mb - ma (T. F. Chan, G. H. Golub,
 * R. J. LeVeque, The American Statistician 37 (1983) 242-247).
 *
 * Accuracy: d loses nothing to the level of a series, since the mean is kept in two doubles and x
 * is subtracted from the first.  Products are added eight at a time, 64 blocks of eight into one
 * triangle, and those into a sum of two doubles: the additions contribute an error of at most
 * 80 * 2^-53 sqrt(M_ii M_jj) whatever the number of rows, their order and the way of merging.
 * Measured 1e-14 (test/unit/test_covariance.c).
 *
 * A NaN or infinity makes the row and column of its series NaN and leaves the others as they are.
 * The matrices are packed lower triangles: element (i, j <= i) at i (i + 1) / 2 + j.
 */
#ifndef MC_COVARIANCE_H
#define MC_COVARIANCE_H

#include "rank_update.h"
#include "status.h"

#define MC_COVARIANCE_BLOCKS 64 /* of MC_RANK rows, until pending outer products are folded */
#define MC_COVARIANCE_WAIT 32   /* rows until the triangle is visited: it may not fit the cache */

typedef struct McCovariance
{
	size_t series;
	double rows;
	double *mean;  /* of series i: mean[i] + rest[i]; NaN when a value was not finite */
	double *rest;  /* series of them, zeroed */
	double *block; /* vectors d that wait, the others are 0; MC_COVARIANCE_WAIT of stride
	                    mc_rank_stride(series), best at mc_rank_aligned */
	double weight[MC_COVARIANCE_WAIT];
	size_t filled;   /* of them */
	double *pending; /* triangle: outer products since the last fold, zeroed */
	size_t blocks;   /* of them */
	double *high;    /* triangle pairs high + low: what was folded; needed by mc_covariance_fold, */
	double *low;     /* NULL or zeroed before */
} McCovariance;

/* Elements of a triangle. */
static inline size_t
mc_triangle_size(size_t series)
{
	return mc_triangle_row(series);
}

/* Is there no room for a row before mc_covariance_flush? */
static inline bool
mc_covariance_full(const McCovariance *c)
{
	return c->filled == MC_COVARIANCE_WAIT;
}

/* Must high and low be there at the next flush? */
static inline bool
mc_covariance_must_fold(const McCovariance *c)
{
	return c->blocks + MC_COVARIANCE_WAIT / MC_RANK >= MC_COVARIANCE_BLOCKS;
}

/* Add a row; not when full.  O(series). */
extern void mc_covariance_add(McCovariance *c, const double *x);

/* Take the waiting vectors into the triangle.  O(series^2). */
extern void mc_covariance_flush(McCovariance *c);

/*
 * Merge with a part of `rows` rows, of which means and comoments are known; not when full, and high
 * and low must be there unless c is empty.
 */
extern void mc_covariance_merge(McCovariance *c, double rows, const double *mean,
                                const double *rest, const double *comoments);

/* The comoments so far as one triangle; c is as before. */
extern void mc_covariance_comoments(const McCovariance *c, double *comoments);

/*
 * comoments / divisor in place: the covariance matrix for rows - 1, the maximum likelihood one for
 * rows.  MC_OVERFLOW when an element of series whose mean is not NaN is infinite or NaN.
 */
extern McStatus mc_covariance_scale(double *comoments, const double *mean, size_t series,
                                    double divisor);

/*
 * From covariances to correlations in place: the diagonal is 1, the others lie in [-1, 1], and those of
 * series that are multiples of each other are exactly 1 or -1.  `deviation` gets the standard
 * deviations; a series where it is 0 has no correlations: 0 stands in its row and column.
 */
extern void mc_covariance_correlate(double *matrix, size_t series, double *deviation);

#endif
