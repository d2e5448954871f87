/*
 * exact_sum.h
 *	  Sums, means and root mean squares of doubles that do not depend on the order of the terms.
 *
 * A fixed space over the long integers of moments.h: for kernels that have the whole sample at hand and
 * whose answer must be the same whatever the order of the rows.  Exact but for the rounding of
 * the result, relative error below 1e-15 (test/unit/test_exact_sum.c); no overflow in between.
 */
#ifndef MC_EXACT_SUM_H
#define MC_EXACT_SUM_H

#include "double_double.h"
#include "moments.h"

typedef struct McExactSum
{
	double state[MC_MOMENTS_LARGEST];
} McExactSum;

extern void mc_exact_sum_init(McExactSum *sum);

/* Add a term; NaN and infinities are counted apart. */
extern void mc_exact_sum_add(McExactSum *sum, double x);

/* The sum of the finite terms, rounded to a double-double; infinite beyond its range. */
extern McDD mc_exact_sum_value(const McExactSum *sum);

/* sqrt(sum of squares / n) of the finite terms for an n > 0, which may exceed their number */
extern double mc_exact_sum_root_mean_square(const McExactSum *sum, double n);

/* Was there a NaN or an infinity among the terms? */
static inline bool
mc_exact_sum_not_finite(const McExactSum *sum)
{
	return sum->state[MC_MOMENTS_NOT_FINITE] > 0;
}

#endif
