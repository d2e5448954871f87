/*
 * rolling_vol.c
 *	  Volatility over a sliding window of log returns, in exact integer sums.
 */
#include "rolling_vol.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "log_return.h"

__extension__ typedef unsigned __int128 U128;
__extension__ typedef __int128 I128;

#define SIGNIFICAND_BITS 52
#define EXPONENT_BIAS 1075 /* of the last bit of the significand */
#define FRACTION_BITS 105

/* prices that mc_rolling_vol_add_many works on at a time */
#define BLOCK 128

/* an element of the ring that stands for a return that is not finite */
#define NOT_FINITE INT64_MIN

void
mc_rolling_vol_init(McRollingVol *window, McFixed *ring, size_t bars, double periods_per_year)
{
	double n = (double) bars;

	memset(window, 0, sizeof(*window));
	window->ring = ring;
	window->bars = bars;
	window->scale = ldexp(1.0, -2 * FRACTION_BITS) / (n * (n - 1));
	window->annual = sqrt(periods_per_year);
}

static inline U128
join(McFixed x)
{
	return (U128) (uint64_t) x.high << 64 | x.low;
}

static inline McFixed
split(U128 x)
{
	McFixed fixed = {(uint64_t) x, (int64_t) (uint64_t) (x >> 64)};

	return fixed;
}

static inline U128
magnitude(U128 x)
{
	U128 sign = -(x >> 127);

	return (x ^ sign) - sign;
}

/*
 * A log return r in units of 2^-105: exact, since 2^-53 <= |r| < 2^11 unless r = 0.  The signs of
 * returns are random, so no branch may depend on one.
 */
static inline U128
fixed_return(double r)
{
	uint64_t bits;
	uint64_t significand;
	unsigned shift;
	U128 sign;

	memcpy(&bits, &r, sizeof(bits));
	shift = (unsigned) ((bits >> SIGNIFICAND_BITS) & 0x7ff) - (EXPONENT_BIAS - FRACTION_BITS);
	/* 0, or not finite */
	if (shift >= 64)
		return 0;
	significand = (bits & ((UINT64_C(1) << SIGNIFICAND_BITS) - 1)) | UINT64_C(1)
	                                                                     << SIGNIFICAND_BITS;
	sign = -(U128) (bits >> 63);
	return (((U128) (significand >> 1 >> (63 - shift)) << 64 | significand << shift) ^ sign) - sign;
}

/*
 * Replace one return by another: S += d and Q += d s with d = in - out, s = in + out.  The product
 * is signed; the wrap-around of unsigned words is what makes a subtraction of it.
 */
static inline void
replace_return(McRollingVol *window, U128 out, U128 in)
{
	McFixed d = split(in - out);
	McFixed s = split(in + out);
	U128 low = (U128) d.low * s.low;
	I128 cross = (I128) d.high * s.low + (I128) s.high * d.low; /* below 2^119 */
	I128 high = (I128) d.high * s.high + (cross >> 64);
	U128 before = window->squares[0] | (U128) window->squares[1] << 64;
	U128 after;

	window->sum = split(join(window->sum) + in - out);
	after = low + ((U128) cross << 64);
	high += after < low;
	after += before;
	high += after < before;
	window->squares[0] = (uint64_t) after;
	window->squares[1] = (uint64_t) (after >> 64);
	after = (window->squares[2] | (U128) window->squares[3] << 64) + (U128) high;
	window->squares[2] = (uint64_t) after;
	window->squares[3] = (uint64_t) (after >> 64);
}

/* the value of five words, lowest first, to within 2^-52 */
static double
words_value(const uint64_t words[5])
{
	double value = 0;
	int top = 4;

	while (top > 0 && words[top] == 0)
		top--;
	for (int i = top; i >= 0 && i >= top - 1; i--)
		value = value * 0x1p64 + (double) words[i];
	return ldexp(value, 64 * (top > 0 ? top - 1 : 0));
}

/* n Q, five words */
static void
multiply_squares(const McRollingVol *window, uint64_t words[5])
{
	U128 carry = 0;

	for (int i = 0; i < 4; i++)
	{
		carry += (U128) window->squares[i] * window->bars;
		words[i] = (uint64_t) carry;
		carry >>= 64;
	}
	words[4] = (uint64_t) carry;
}

/* n Q - S^2 exactly, then rounded; never negative (Cauchy and Schwarz) */
static double
exact_dispersion(const McRollingVol *window)
{
	McFixed s = split(magnitude(join(window->sum)));
	uint64_t high = (uint64_t) s.high; /* below 2^53: the returns sum up to one log return */
	U128 cross = (U128) s.low * high * 2;
	U128 low = (U128) s.low * s.low;
	U128 square[2] = {low + (cross << 64), (U128) high * high + (cross >> 64)};
	uint64_t words[5];
	uint64_t borrow = 0;

	square[1] += square[0] < low;
	multiply_squares(window, words);
	for (int i = 0; i < 5; i++)
	{
		uint64_t subtract = i < 4 ? (uint64_t) (square[i / 2] >> (64 * (i % 2))) : 0;
		U128 difference = (U128) words[i] - subtract - borrow;

		words[i] = (uint64_t) difference;
		borrow = (uint64_t) (difference >> 64) & 1;
	}
	return words_value(words);
}

/*
 * S and Q as doubles, to within 2^-52, without a branch: cut into pieces of 63 bits, since the
 * conversion of an unsigned integer branches on its top bit, which is random.
 */
static inline double
sum_value(const McRollingVol *window)
{
	McFixed s = split(magnitude(join(window->sum)));

	return (double) (int64_t) ((uint64_t) s.high << 1 | s.low >> 63) * 0x1p63 +
	       (double) (int64_t) (s.low & INT64_MAX);
}

static inline double
squares_value(const McRollingVol *window)
{
	const uint64_t *q = window->squares;
	double top = (double) (int64_t) (q[3] >> 1) * 0x1p193 +
	             (double) (int64_t) ((q[3] & 1) << 62 | q[2] >> 2) * 0x1p130;

	/* what is cut off at the end is below 2^4, and Q is 0 or at least 2^104 */
	return top + ((double) (int64_t) ((q[2] & 3) << 61 | q[1] >> 3) * 0x1p67 +
	              (double) (int64_t) ((q[1] & 7) << 60 | q[0] >> 4) * 0x1p4);
}

/* n (n - 1) times the variance, in units of 2^-210 */
static inline double
dispersion(const McRollingVol *window)
{
	double ss = sum_value(window);
	double nq = squares_value(window) * (double) (int64_t) window->bars;

	ss *= ss;
	/* little cancels when the mean is small beside the volatility: the roundings stay below 2e-15 */
	return ss <= 0.5 * nq ? nq - ss : exact_dispersion(window);
}

static inline double
window_vol(const McRollingVol *window, double squares)
{
	return sqrt(squares * window->scale) * window->annual;
}

/* r is not finite exactly when one of its prices is not, and then fixed_return gives 0 */
static inline void
take_return(McRollingVol *window, double r)
{
	McFixed *slot = &window->ring[window->next];
	U128 in = fixed_return(r);
	U128 out = 0;

	if (window->count < window->bars)
		window->count++;
	else if (slot->high == NOT_FINITE)
		window->not_finite--;
	else
		out = join(*slot);
	replace_return(window, out, in);
	*slot = split(in);
	if (in == 0 && !isfinite(r))
	{
		slot->high = NOT_FINITE;
		window->not_finite++;
	}
	if (++window->next == window->bars)
		window->next = 0;
}

McStatus
mc_rolling_vol_add(McRollingVol *window, double price, double *vol)
{
	double previous = window->previous;

	window->previous = price;
	if (!window->has_previous)
	{
		window->has_previous = true;
		return MC_TOO_FEW;
	}
	take_return(window, mc_log_return(previous, price));
	if (window->count < window->bars)
		return MC_TOO_FEW;
	*vol = window->not_finite > 0 ? NAN : window_vol(window, dispersion(window));
	return *vol > DBL_MAX ? MC_OVERFLOW : MC_OK;
}

/* At most BLOCK prices, all after the first.  Three short loops: each return depends on long chains of
 * operations, and a processor works on several of them at a time only where the loop is short. */
static bool
add_block(McRollingVol *window, const double *prices, size_t n, double *vols)
{
	double returns[BLOCK];
	bool overflow = false;

	for (size_t i = 0; i < n; i++)
	{
		returns[i] = mc_log_return(window->previous, prices[i]);
		window->previous = prices[i];
	}
	for (size_t i = 0; i < n; i++)
	{
		take_return(window, returns[i]);
		vols[i] = window->not_finite > 0 ? NAN : 0;
		if (window->count == window->bars && window->not_finite == 0)
			vols[i] = dispersion(window);
	}
	for (size_t i = 0; i < n; i++)
	{
		vols[i] = window_vol(window, vols[i]);
		overflow |= vols[i] > DBL_MAX;
	}
	return overflow;
}

McStatus
mc_rolling_vol_add_many(McRollingVol *window, const double *prices, size_t n, double *vols,
                        size_t *absent)
{
	size_t returns = window->bars - window->count;
	size_t done = 0;
	bool overflow = false;

	/* the results without a vol: the first price, and the returns before the window is full */
	*absent = (returns > 0 ? returns - 1 : 0) + !window->has_previous;
	if (*absent > n)
		*absent = n;
	if (!window->has_previous && n > 0)
	{
		window->has_previous = true;
		window->previous = prices[done++];
	}
	while (done < n)
	{
		size_t block = n - done < BLOCK ? n - done : BLOCK;

		overflow |= add_block(window, prices + done, block, vols + done);
		done += block;
	}
	return overflow ? MC_OVERFLOW : MC_OK;
}
