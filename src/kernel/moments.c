/*
 * moments.c
 *	  Count, sum and sum of squares of doubles in exact long integers.
 */
#include "moments.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

__extension__ typedef unsigned __int128 U128;

#define LIMB_BITS 32
#define LIMB_MASK UINT32_MAX
#define LIMB 0x1p32
#define BIAS 1074           /* 2^-1074 is the unit of the lowest limb of a sum */
#define ALL_LIMBS 66        /* bits 0 .. 2097 of a finite double */
#define CARRY_AFTER 1048576 /* 2^20 limbs below 2^32 stay below 2^52 */
#define SUM_WORDS (ALL_LIMBS + 2)
#define SQUARE_WORDS (2 * ALL_LIMBS + 6)

/* |x| = significand * 2^(bit - BIAS) */
typedef struct Parts
{
	uint64_t significand;
	int bit;
	double sign;
} Parts;

/* limbs [first, first + count) */
typedef struct Range
{
	int first;
	int count;
} Range;

static inline Parts
split_double(double x)
{
	Parts parts;
	uint64_t bits;
	int exponent;

	memcpy(&bits, &x, sizeof(bits));
	exponent = (int) ((bits >> 52) & 0x7ff);
	parts.significand = bits & ((UINT64_C(1) << 52) - 1);
	parts.sign = bits >> 63 ? -1.0 : 1.0;
	if (exponent > 0)
		parts.significand |= UINT64_C(1) << 52;
	parts.bit = exponent > 0 ? exponent - 1 : 0;
	return parts;
}

static inline Range
state_range(const double *state)
{
	Range range = {(int) state[MC_MOMENTS_FIRST], (int) state[MC_MOMENTS_LIMBS]};

	return range;
}

/* where a value other than 0 lies; as if it had all 53 bits */
static inline Range
value_range(int bit)
{
	Range range = {bit / LIMB_BITS, (bit + 52) / LIMB_BITS - bit / LIMB_BITS + 1};

	return range;
}

static Range
union_range(Range a, Range b)
{
	Range both;
	int end = a.first + a.count > b.first + b.count ? a.first + a.count : b.first + b.count;

	if (a.count == 0 || b.count == 0)
		return a.count == 0 ? b : a;
	both.first = a.first < b.first ? a.first : b.first;
	both.count = end - both.first;
	return both;
}

static size_t
range_size(Range range)
{
	return MC_MOMENTS_EMPTY + 3 * (size_t) range.count;
}

static double *
sum_limbs(const double *state)
{
	return (double *) state + MC_MOMENTS_HEADER;
}

static double *
square_limbs(const double *state)
{
	return (double *) state + MC_MOMENTS_HEADER + (int) state[MC_MOMENTS_LIMBS] + 2;
}

void
mc_moments_init(double *state)
{
	memset(state, 0, MC_MOMENTS_EMPTY * sizeof(double));
	state[MC_MOMENTS_VERSION] = MC_MOMENTS_FORMAT;
}

size_t
mc_moments_size(const double *state)
{
	return range_size(state_range(state));
}

/* bring every limb but the last into [0, 2^32) */
static void
propagate(double *limbs, int count)
{
	for (int i = 0; i + 1 < count; i++)
	{
		double carry = floor(limbs[i] / LIMB);

		limbs[i] -= carry * LIMB;
		limbs[i + 1] += carry;
	}
}

static void
propagate_carries(double *state)
{
	int limbs = (int) state[MC_MOMENTS_LIMBS];

	propagate(sum_limbs(state), limbs + 2);
	propagate(square_limbs(state), 2 * limbs + 2);
	state[MC_MOMENTS_STEPS] = 0;
}

/* add (weight 1) or take away (-1) a finite value other than 0 that lies inside the range */
static void
accumulate(double *state, Parts parts, double weight)
{
	int first = (int) state[MC_MOMENTS_FIRST];
	double *sum = sum_limbs(state) + parts.bit / LIMB_BITS - first;
	double *square = square_limbs(state) + 2 * parts.bit / LIMB_BITS - 2 * first;
	U128 low = (U128) parts.significand << (parts.bit % LIMB_BITS);
	U128 product = (U128) parts.significand * parts.significand;
	int shift = 2 * parts.bit % LIMB_BITS;
	double sign = weight * parts.sign;

	/* 53 bits shifted by less than 32 fill three limbs, 106 bits five */
	sum[0] += sign * (double) (uint32_t) low;
	sum[1] += sign * (double) (uint32_t) (low >> 32);
	sum[2] += sign * (double) (uint32_t) (low >> 64);
	low = (product & UINT64_MAX) << shift;
	product = (low >> 64) + (product >> 64 << shift);
	square[0] += weight * (double) (uint32_t) low;
	square[1] += weight * (double) (uint32_t) (low >> 32);
	square[2] += weight * (double) (uint32_t) product;
	square[3] += weight * (double) (uint32_t) (product >> 32);
	square[4] += weight * (double) (uint32_t) (product >> 64);
	if (++state[MC_MOMENTS_STEPS] >= CARRY_AFTER)
		propagate_carries(state);
}

bool
mc_moments_add(double *state, double x)
{
	Parts parts;
	Range have;
	Range need;

	if (!isfinite(x))
	{
		state[MC_MOMENTS_NOT_FINITE]++;
		return true;
	}
	if (x != 0)
	{
		parts = split_double(x);
		have = state_range(state);
		need = value_range(parts.bit);
		if (need.first < have.first || need.first + need.count > have.first + have.count)
			return false;
		accumulate(state, parts, 1);
	}
	state[MC_MOMENTS_COUNT]++;
	return true;
}

void
mc_moments_remove(double *state, double x)
{
	if (!isfinite(x))
	{
		state[MC_MOMENTS_NOT_FINITE]--;
		return;
	}
	if (x != 0)
		accumulate(state, split_double(x), -1);
	state[MC_MOMENTS_COUNT]--;
}

/* copy a state into one of another range that contains its own */
static void
copy_into_range(const double *state, Range range, double *wider)
{
	Range have = state_range(state);
	int up = have.count == 0 ? 0 : have.first - range.first;

	memset(wider, 0, range_size(range) * sizeof(double));
	memcpy(wider, state, MC_MOMENTS_HEADER * sizeof(double));
	wider[MC_MOMENTS_FIRST] = range.first;
	wider[MC_MOMENTS_LIMBS] = range.count;
	memcpy(sum_limbs(wider) + up, sum_limbs(state), (have.count + 2) * sizeof(double));
	memcpy(square_limbs(wider) + 2 * up, square_limbs(state),
	       (2 * have.count + 2) * sizeof(double));
	/* what stood in the last limb may be large and signed: spread it over the new ones */
	propagate_carries(wider);
}

size_t
mc_moments_wider_size(const double *state, double x)
{
	return range_size(union_range(state_range(state), value_range(split_double(x).bit)));
}

void
mc_moments_widen(const double *state, double x, double *wider)
{
	copy_into_range(state, union_range(state_range(state), value_range(split_double(x).bit)),
	                wider);
}

size_t
mc_moments_merged_size(const double *a, const double *b)
{
	return range_size(union_range(state_range(a), state_range(b)));
}

void
mc_moments_merge(const double *a, const double *b, double *merged)
{
	Range range = union_range(state_range(a), state_range(b));
	int limbs = (int) b[MC_MOMENTS_LIMBS];
	int up = limbs == 0 ? 0 : (int) b[MC_MOMENTS_FIRST] - range.first;

	copy_into_range(a, range, merged);
	for (int i = 0; i < limbs + 2; i++)
		sum_limbs(merged)[up + i] += sum_limbs(b)[i];
	for (int i = 0; i < 2 * limbs + 2; i++)
		square_limbs(merged)[2 * up + i] += square_limbs(b)[i];
	propagate_carries(merged);
	merged[MC_MOMENTS_COUNT] += b[MC_MOMENTS_COUNT];
	merged[MC_MOMENTS_NOT_FINITE] += b[MC_MOMENTS_NOT_FINITE];
}

static bool
is_whole(double x, double low, double high)
{
	return x >= low && x <= high && x == floor(x);
}

bool
mc_moments_valid(const double *state, size_t n)
{
	if (n < MC_MOMENTS_EMPTY || state[MC_MOMENTS_VERSION] != MC_MOMENTS_FORMAT)
		return false;
	if (!is_whole(state[MC_MOMENTS_COUNT], 0, 0x1p53) ||
	    !is_whole(state[MC_MOMENTS_NOT_FINITE], 0, 0x1p53) ||
	    !is_whole(state[MC_MOMENTS_STEPS], 0, CARRY_AFTER) ||
	    !is_whole(state[MC_MOMENTS_FIRST], 0, ALL_LIMBS) ||
	    !is_whole(state[MC_MOMENTS_LIMBS], 0, ALL_LIMBS - state[MC_MOMENTS_FIRST]) ||
	    n != mc_moments_size(state))
		return false;
	for (size_t i = MC_MOMENTS_HEADER; i < n; i++)
		if (!is_whole(state[i], -0x1p53, 0x1p53))
			return false;
	return true;
}

/*
 * The magnitude of a long integer in limbs of 32 bits, lowest first; returns how many there are
 * without leading zeros.
 */
static int
magnitude_words(const double *limbs, int count, uint32_t *words)
{
	double work[SQUARE_WORDS];
	int top = count;

	memcpy(work, limbs, count * sizeof(double));
	propagate(work, count);
	if (work[count - 1] < 0)
	{
		for (int i = 0; i < count; i++)
			work[i] = -work[i];
		propagate(work, count);
	}
	for (int i = 0; i < count; i++)
		words[i] = (uint32_t) (uint64_t) work[i];
	while (top > 0 && words[top - 1] == 0)
		top--;
	return top;
}

/* words -= a[0..n)^2; length is where words end */
static void
subtract_square(uint32_t *words, int length, const uint32_t *a, int n)
{
	int zeros = 0;

	while (zeros < n && a[zeros] == 0)
		zeros++;
	for (int i = zeros; i < n; i++)
	{
		uint64_t borrow = 0;
		int k = i + zeros;

		for (int j = zeros; j < n; j++, k++)
		{
			uint64_t product = (uint64_t) a[i] * a[j] + borrow;

			borrow = (product >> LIMB_BITS) + (words[k] < (uint32_t) product);
			words[k] -= (uint32_t) product;
		}
		for (; borrow != 0 && k < length; k++)
		{
			uint32_t before = words[k];

			words[k] -= (uint32_t) borrow;
			borrow = before < (uint32_t) borrow;
		}
	}
}

/* words *= factor below 2^53; returns the new length */
static int
multiply(uint32_t *words, int length, uint64_t factor)
{
	U128 carry = 0;

	for (int i = 0; i < length + 2; i++)
	{
		carry += (U128) (i < length ? words[i] : 0) * factor;
		words[i] = (uint32_t) carry;
		carry >>= LIMB_BITS;
	}
	return length + 2;
}

McStatus
mc_moments_sd(const double *state, double *sd)
{
	uint32_t sum[SUM_WORDS];
	uint32_t words[SQUARE_WORDS] = {0};
	int limbs = (int) state[MC_MOMENTS_LIMBS];
	double n = state[MC_MOMENTS_COUNT];
	double value = 0;
	int exponent;
	int top;

	if (n + state[MC_MOMENTS_NOT_FINITE] < 2)
		return MC_TOO_FEW;
	*sd = NAN;
	if (state[MC_MOMENTS_NOT_FINITE] > 0)
		return MC_OK;
	top = magnitude_words(square_limbs(state), 2 * limbs + 2, words);
	top = multiply(words, top, (uint64_t) n);
	/* n Q - S^2 is not negative (Cauchy and Schwarz), and nothing was rounded */
	subtract_square(words, top, sum, magnitude_words(sum_limbs(state), limbs + 2, sum));
	while (top > 0 && words[top - 1] == 0)
		top--;
	for (int i = top - 1; i >= 0 && i >= top - 3; i--)
		value = value * LIMB + words[i];
	exponent = LIMB_BITS * ((top > 3 ? top - 3 : 0) + 2 * (int) state[MC_MOMENTS_FIRST]) - 2 * BIAS;
	*sd = ldexp(sqrt(value / n / (n - 1)), exponent / 2);
	return isinf(*sd) ? MC_OVERFLOW : MC_OK;
}
