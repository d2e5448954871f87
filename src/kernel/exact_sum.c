/*
 * exact_sum.c
 *	  Sums that do not depend on the order of the terms.
 */
#include "exact_sum.h"

#include <math.h>
#include <string.h>

#define LIMB 0x1p32
#define LIMB_BITS 32
#define BIAS 1074 /* moments.h: the unit of the lowest limb of a sum is 2^-1074 */
#define MOST_LIMBS 140

void
mc_exact_sum_init(McExactSum *sum)
{
	mc_moments_init(sum->state);
}

void
mc_exact_sum_add(McExactSum *sum, double x)
{
	McExactSum wider;

	if (mc_moments_add(sum->state, x))
		return;
	mc_moments_widen(sum->state, x, wider.state);
	memcpy(sum->state, wider.state, mc_moments_size(wider.state) * sizeof(double));
	mc_moments_add(sum->state, x);
}

/*
 * A long integer in signed limbs as value * 2^exponent; the exponent is even, the value below 2^140
 * in magnitude.
 */
static McDD
limbs_value(const double *limbs, int count, int unit, int *exponent)
{
	double work[MOST_LIMBS];
	McDD value = {0, 0};
	double sign = 1;
	int top = count;
	int low;

	memcpy(work, limbs, (size_t) count * sizeof(double));
	for (int pass = 0; pass < 2; pass++)
	{
		for (int i = 0; i + 1 < count; i++)
		{
			double carry = floor(work[i] / LIMB);

			work[i] -= carry * LIMB;
			work[i + 1] += carry;
		}
		if (work[count - 1] >= 0)
			break;
		/* negative: the same for the magnitude */
		sign = -1;
		for (int i = 0; i < count; i++)
			work[i] = -work[i];
	}
	while (top > 0 && work[top - 1] == 0)
		top--;
	low = top > 4 ? top - 4 : 0;
	for (int i = top - 1; i >= low; i--)
	{
		value.hi *= LIMB;
		value.lo *= LIMB;
		value = mc_dd_add_double(value, sign * work[i]);
	}
	*exponent = LIMB_BITS * low + unit;
	return value;
}

McDD
mc_exact_sum_value(const McExactSum *sum)
{
	int limbs = (int) sum->state[MC_MOMENTS_LIMBS];
	int unit = LIMB_BITS * (int) sum->state[MC_MOMENTS_FIRST] - BIAS;
	int exponent;
	McDD value = limbs_value(sum->state + MC_MOMENTS_HEADER, limbs + 2, unit, &exponent);

	value.hi = ldexp(value.hi, exponent);
	value.lo = isfinite(value.hi) ? ldexp(value.lo, exponent) : 0;
	return value;
}

double
mc_exact_sum_root_mean_square(const McExactSum *sum, double n)
{
	int limbs = (int) sum->state[MC_MOMENTS_LIMBS];
	int unit = 2 * (LIMB_BITS * (int) sum->state[MC_MOMENTS_FIRST] - BIAS);
	int exponent;
	McDD value =
	    limbs_value(sum->state + MC_MOMENTS_HEADER + limbs + 2, 2 * limbs + 2, unit, &exponent);

	return ldexp(sqrt(mc_dd_value(value) / n), exponent / 2);
}
