/*
 * moments_state.c
 *	  States of moments.h that travel: one form for each set of values, and a check of what arrives.
 */
#include "moments_state.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

__extension__ typedef unsigned __int128 U128;

#define LIMB_BITS 32
#define LIMB 0x1p32
#define BIAS 1074
#define MOST_LIMBS 66
/* n Q and S^2 of a state with all limbs */
#define MOST_WORDS (2 * MOST_LIMBS + 4)

typedef struct Sums
{
	int limbs; /* L */
	const double *sum;
	const double *squares;
} Sums;

static Sums
sums_of(const double *state)
{
	int limbs = (int) state[MC_MOMENTS_LIMBS];
	Sums sums = {limbs, state + MC_MOMENTS_HEADER, state + MC_MOMENTS_HEADER + limbs + 2};

	return sums;
}

void
mc_moments_canonical(const double *state, double *copy)
{
	double empty[MC_MOMENTS_EMPTY];

	mc_moments_init(empty);
	mc_moments_merge(state, empty, copy);
	copy[MC_MOMENTS_TAG] = 0;
}

/* every limb but the last in [0, 2^32), the last within it in magnitude */
static bool
limbs_are_canonical(const double *limbs, int count)
{
	for (int i = 0; i < count - 1; i++)
		if (!(limbs[i] >= 0 && limbs[i] < LIMB))
			return false;
	return fabs(limbs[count - 1]) < LIMB;
}

/* the magnitude of canonical limbs, lowest word first; true when it is negative */
static bool
magnitude(const double *limbs, int count, uint32_t *words)
{
	bool negative = limbs[count - 1] < 0;
	int64_t carry = 0;

	for (int i = 0; i < count; i++)
	{
		carry += negative ? -(int64_t) limbs[i] : (int64_t) limbs[i];
		words[i] = (uint32_t) carry;
		carry = (carry - (int64_t) words[i]) / (INT64_C(1) << LIMB_BITS);
	}
	return negative;
}

/* product[0 .. 2 count) = a[0 .. count)^2 */
static void
square(const uint32_t *a, int count, uint32_t *product)
{
	memset(product, 0, 2 * count * sizeof(uint32_t));
	for (int i = 0; i < count; i++)
	{
		uint64_t carry = 0;

		for (int j = 0; j < count; j++)
		{
			carry += (uint64_t) a[i] * a[j] + product[i + j];
			product[i + j] = (uint32_t) carry;
			carry >>= LIMB_BITS;
		}
		product[i + count] = (uint32_t) carry;
	}
}

/* words[0 .. count + 2) = words[0 .. count) * factor */
static void
multiply(uint32_t *words, int count, uint64_t factor)
{
	U128 carry = 0;

	words[count] = words[count + 1] = 0;
	for (int i = 0; i < count + 2; i++)
	{
		carry += (U128) words[i] * factor;
		words[i] = (uint32_t) carry;
		carry >>= LIMB_BITS;
	}
}

/* a <= b? */
static bool
at_most(const uint32_t *a, const uint32_t *b, int count)
{
	while (count > 1 && a[count - 1] == b[count - 1])
		count--;
	return a[count - 1] <= b[count - 1];
}

/* what stands above the words that one value can fill: at most n */
static bool
top_is_at_most(const uint32_t *top, double n)
{
	return top[1] * LIMB + top[0] <= n;
}

static bool
is_possible(const double *state)
{
	uint32_t sum[MOST_LIMBS + 2];
	uint32_t squares[MOST_WORDS];
	uint32_t product[MOST_WORDS];
	Sums sums = sums_of(state);
	int limbs = sums.limbs;
	double n = state[MC_MOMENTS_COUNT];

	magnitude(sums.sum, limbs + 2, sum);
	if (magnitude(sums.squares, 2 * limbs + 2, squares))
		return false;
	if (!top_is_at_most(sum + limbs, n) || !top_is_at_most(squares + 2 * limbs, n))
		return false;
	square(sum, limbs + 2, product);
	/* without limbs all values are 0 */
	multiply(squares, 2 * limbs + 2, limbs > 0 ? (uint64_t) n : 1);
	if (limbs == 0 && (squares[0] | squares[1]) != 0)
		return false;
	return at_most(product, squares, 2 * limbs + 4) && (n > 0 || limbs == 0);
}

bool
mc_moments_plausible(const double *state, size_t n)
{
	Sums sums;

	if (!mc_moments_valid(state, n) || state[MC_MOMENTS_STEPS] != 0 || state[MC_MOMENTS_TAG] != 0)
		return false;
	if (state[MC_MOMENTS_LIMBS] == 0 && state[MC_MOMENTS_FIRST] != 0)
		return false;
	if (state[MC_MOMENTS_COUNT] + state[MC_MOMENTS_NOT_FINITE] >= 0x1p53)
		return false;
	sums = sums_of(state);
	return limbs_are_canonical(sums.sum, sums.limbs + 2) &&
	       limbs_are_canonical(sums.squares, 2 * sums.limbs + 2) && is_possible(state);
}

McStatus
mc_moments_mean(const double *state, double *mean)
{
	uint32_t words[MOST_LIMBS + 2];
	Sums sums = sums_of(state);
	double n = state[MC_MOMENTS_COUNT];
	int top = sums.limbs + 2;
	bool negative = magnitude(sums.sum, top, words);
	U128 value = 0;

	if (n + state[MC_MOMENTS_NOT_FINITE] == 0)
		return MC_TOO_FEW;
	*mean = NAN;
	if (state[MC_MOMENTS_NOT_FINITE] > 0)
		return MC_OK;
	while (top > 1 && words[top - 1] == 0)
		top--;
	/* at least 65 bits, if there are so many */
	for (int i = top - 1; i >= 0 && i >= top - 3; i--)
		value = value << LIMB_BITS | words[i];
	*mean = ldexp((negative ? -1 : 1) * ((double) value / n),
	              LIMB_BITS * ((top > 3 ? top - 3 : 0) + (int) state[MC_MOMENTS_FIRST]) - BIAS);
	return MC_OK;
}
