/*
 * rank_update.c
 *	  A row of a matrix takes in eight outer products at once.
 *
 * The body is written with vectors of eight doubles; the compiler splits them into what the
 * instruction set of each variant has (1 of 8, 2 of 4 or 4 of 2).
 */
#include "rank_update.h"

#define LANES 8

/* eight doubles anywhere in memory */
typedef double Lanes __attribute__((vector_size(LANES * sizeof(double)), aligned(8), may_alias));

#define LOAD(p) (*(const Lanes *) (p))

static inline __attribute__((always_inline)) void
update(double *restrict row, const double *restrict u, size_t stride, size_t n,
       const double *restrict a)
{
	const double *u1 = u + stride;
	const double *u2 = u1 + stride;
	const double *u3 = u2 + stride;
	const double *u4 = u3 + stride;
	const double *u5 = u4 + stride;
	const double *u6 = u5 + stride;
	const double *u7 = u6 + stride;
	size_t j = 0;

	for (; j + LANES <= n; j += LANES)
		*(Lanes *) (row + j) = LOAD(row + j) + (((a[0] * LOAD(u + j) + a[1] * LOAD(u1 + j)) +
		                                         (a[2] * LOAD(u2 + j) + a[3] * LOAD(u3 + j))) +
		                                        ((a[4] * LOAD(u4 + j) + a[5] * LOAD(u5 + j)) +
		                                         (a[6] * LOAD(u6 + j) + a[7] * LOAD(u7 + j))));
	for (; j < n; j++)
		row[j] += ((a[0] * u[j] + a[1] * u1[j]) + (a[2] * u2[j] + a[3] * u3[j])) +
		          ((a[4] * u4[j] + a[5] * u5[j]) + (a[6] * u6[j] + a[7] * u7[j]));
}

static void
update_portable(double *restrict row, const double *restrict u, size_t stride, size_t n,
                const double *restrict a)
{
	update(row, u, stride, n, a);
}

#ifdef __x86_64__
__attribute__((target("avx2"))) static void
update_avx2(double *restrict row, const double *restrict u, size_t stride, size_t n,
            const double *restrict a)
{
	update(row, u, stride, n, a);
}

__attribute__((target("avx512f"))) static void
update_avx512(double *restrict row, const double *restrict u, size_t stride, size_t n,
              const double *restrict a)
{
	update(row, u, stride, n, a);
}
#endif

void
mc_rank_update_variants(McRankUpdate *variants)
{
#ifdef __x86_64__
	if (__builtin_cpu_supports("avx512f"))
		*variants++ = update_avx512;
	if (__builtin_cpu_supports("avx2"))
		*variants++ = update_avx2;
#endif
	*variants++ = update_portable;
	*variants = NULL;
}

McRankUpdate
mc_rank_update(void)
{
	McRankUpdate variants[MC_RANK_VARIANTS];

	mc_rank_update_variants(variants);
	return variants[0];
}
