/*
 * rank_update.h
 *	  A row of a matrix takes in eight outer products at once: the inner loop of covariance and
 *	  Cholesky.
 *
 *	  row[j] += (a0 u0[j] + a1 u1[j] + a2 u2[j] + a3 u3[j]) + (a4 u4[j] + ... + a7 u7[j])
 *
 * with every pair of products added first.  Eight products for one load and one store of the row;
 * the vectors are as wide as the processor has them.  All widths give the same digits: an element
 * is computed by the same operations in the same order, without contraction.
 */
#ifndef MC_RANK_UPDATE_H
#define MC_RANK_UPDATE_H

#include <stddef.h>
#include <stdint.h>

#define MC_RANK 8

/*
 * u holds MC_RANK rows, `stride` apart; n elements of each are used.  Fastest when u starts at a multiple
 * of MC_RANK_ALIGN bytes and stride is one of mc_rank_stride.
 */
typedef void (*McRankUpdate)(double *restrict row, const double *restrict u, size_t stride,
                             size_t n, const double *restrict a);

/* The variant for this processor: ask once, call for many rows. */
extern McRankUpdate mc_rank_update(void);

/* The variants that this processor can run, NULL at the end: for tests. */
#define MC_RANK_VARIANTS 4
extern void mc_rank_update_variants(McRankUpdate *variants);

#define MC_RANK_ALIGN 64

/* The smallest good stride for n elements. */
static inline size_t
mc_rank_stride(size_t n)
{
	return (n + 7) / 8 * 8;
}

/* Doubles to ask for so that so many rows of n elements fit behind mc_rank_aligned. */
static inline size_t
mc_rank_size(size_t rows, size_t n)
{
	return rows * mc_rank_stride(n) + MC_RANK_ALIGN / sizeof(double);
}

static inline double *
mc_rank_aligned(double *space)
{
	return (double *) (((uintptr_t) space + MC_RANK_ALIGN - 1) / MC_RANK_ALIGN * MC_RANK_ALIGN);
}

/* Row i of a packed lower triangle has i + 1 elements. */
static inline size_t
mc_triangle_row(size_t i)
{
	return i * (i + 1) / 2;
}

#endif
