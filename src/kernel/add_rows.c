/*
 * add_rows.c
 *	  Up to four rows times a factor each, added to a sum.
 *
 * As in rank_update.c the body has vectors of eight doubles, which the compiler splits into what the
 * instruction set of each variant has.
 */
#include "add_rows.h"

#define LANES 8

/* eight doubles anywhere in memory */
typedef double Lanes __attribute__((vector_size(LANES * sizeof(double)), aligned(8), may_alias));

#define LOAD(p) (*(const Lanes *) (p))
#define INLINE static inline __attribute__((always_inline))

/* `rows` is a constant of every call: the branches go away */
INLINE void
add(const McRowTerm *t, size_t rows, size_t n, double *restrict sum)
{
	const double *restrict a = t[0].row;
	const double *restrict b = t[rows > 1 ? 1 : 0].row;
	const double *restrict c = t[rows > 2 ? 2 : 0].row;
	const double *restrict d = t[rows > 3 ? 3 : 0].row;
	double qa = t[0].factor;
	double qb = t[rows > 1 ? 1 : 0].factor;
	double qc = t[rows > 2 ? 2 : 0].factor;
	double qd = t[rows > 3 ? 3 : 0].factor;
	size_t j = 0;

	for (; j + LANES <= n; j += LANES)
	{
		Lanes x = LOAD(sum + j) + qa * LOAD(a + j);

		if (rows > 1)
			x += qb * LOAD(b + j);
		if (rows > 2)
			x += qc * LOAD(c + j);
		if (rows > 3)
			x += qd * LOAD(d + j);
		*(Lanes *) (sum + j) = x;
	}
	for (; j < n; j++)
	{
		double x = sum[j] + qa * a[j];

		if (rows > 1)
			x += qb * b[j];
		if (rows > 2)
			x += qc * c[j];
		if (rows > 3)
			x += qd * d[j];
		sum[j] = x;
	}
}

INLINE void
add_any(const McRowTerm *terms, size_t rows, size_t n, double *restrict sum)
{
	switch (rows)
	{
		case 1:
			add(terms, 1, n, sum);
			break;
		case 2:
			add(terms, 2, n, sum);
			break;
		case 3:
			add(terms, 3, n, sum);
			break;
		default:
			add(terms, 4, n, sum);
	}
}

static void
add_portable(const McRowTerm *terms, size_t rows, size_t n, double *restrict sum)
{
	add_any(terms, rows, n, sum);
}

#ifdef __x86_64__
__attribute__((target("avx2"))) static void
add_avx2(const McRowTerm *terms, size_t rows, size_t n, double *restrict sum)
{
	add_any(terms, rows, n, sum);
}

__attribute__((target("avx512f"))) static void
add_avx512(const McRowTerm *terms, size_t rows, size_t n, double *restrict sum)
{
	add_any(terms, rows, n, sum);
}
#endif

void
mc_add_rows_variants(McAddRows *variants)
{
#ifdef __x86_64__
	if (__builtin_cpu_supports("avx512f"))
		*variants++ = add_avx512;
	if (__builtin_cpu_supports("avx2"))
		*variants++ = add_avx2;
#endif
	*variants++ = add_portable;
	*variants = NULL;
}

McAddRows
mc_add_rows(void)
{
	McAddRows variants[MC_ADD_ROWS_VARIANTS];

	mc_add_rows_variants(variants);
	return variants[0];
}
