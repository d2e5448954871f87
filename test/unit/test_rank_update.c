/*
 * test_rank_update.c
 *	  The inner loop: against its formula, and every instruction set against every other.
 */
#include <string.h>

#include "kernel/rank_update.h"
#include "unit.h"

#define MOST 67

static double u[MC_RANK * 80 + 8];
static double a[MC_RANK];

static void
fill(UnitRandom *random)
{
	for (size_t i = 0; i < sizeof(u) / sizeof(u[0]); i++)
		u[i] = unit_normal(random);
	for (size_t q = 0; q < MC_RANK; q++)
		a[q] = unit_normal(random);
}

/* the formula of rank_update.h for element j */
static double
formula(double row, size_t stride, size_t j)
{
	double p[MC_RANK];

	for (size_t q = 0; q < MC_RANK; q++)
		p[q] = a[q] * u[q * stride + j];
	return row + (((p[0] + p[1]) + (p[2] + p[3])) + ((p[4] + p[5]) + (p[6] + p[7])));
}

void
test_rank_update(void)
{
	McRankUpdate variants[MC_RANK_VARIANTS];
	UnitRandom random = {7};
	size_t count = 0;
	size_t wrong = 0;
	size_t outside = 0;

	mc_rank_update_variants(variants);
	for (; variants[count] != NULL; count++)
		for (size_t n = 0; n <= MOST; n++)
			for (size_t stride = n; stride <= 80; stride += 13)
			{
				double row[MOST + 2];
				double before[MOST + 2];

				fill(&random);
				for (size_t j = 0; j < MOST + 2; j++)
					before[j] = row[j] = unit_normal(&random);
				/* from an odd place */
				variants[count](row + 1, u, stride, n, a);
				for (size_t j = 0; j < n; j++)
					wrong += row[1 + j] != formula(before[1 + j], stride, j);
				outside += row[0] != before[0] || row[n + 1] != before[n + 1];
			}
	check(count >= 1 && wrong == 0, "%zu variants give the digits of the formula, any length",
	      count);
	check(outside == 0, "nothing around the row is touched");
	check(mc_rank_update() == variants[0], "the widest variant is chosen");
	check(mc_rank_stride(0) == 0 && mc_rank_stride(1) == 8 && mc_rank_stride(8) == 8 &&
	          mc_rank_stride(9) == 16,
	      "strides are multiples of eight");
	check(mc_rank_size(8, 9) == 8 * 16 + 8 &&
	          (uintptr_t) mc_rank_aligned(u + 1) % MC_RANK_ALIGN == 0 &&
	          mc_rank_aligned(u + 1) >= u + 1 && mc_rank_aligned(u + 1) < u + 9,
	      "aligned space");
	check(mc_triangle_row(0) == 0 && mc_triangle_row(3) == 6, "rows of a triangle");
}
