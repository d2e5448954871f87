/*
 * range_vol.c
 *	  Volatility over a sliding window of bars, in exact integer sums.
 */
#include "range_vol.h"

#include <math.h>
#include <string.h>

#include "log_return.h"

__extension__ typedef unsigned __int128 U128;

#define LN2 0.693147180559945309417232121458
#define SIGNIFICAND_BITS 52
/* of the last bit of the significand of 1.0, counted from the unit of the sum, 2^-170 */
#define FRACTION_BITS 170
#define EXPONENT_BIAS (1075 - FRACTION_BITS)

/* alpha of Yang and Zhang (2000), the value they recommend */
#define ALPHA 1.34

size_t
mc_range_vol_min_bars(McRangeEstimator estimator)
{
	switch (estimator)
	{
		case MC_CLOSE_TO_CLOSE:
		case MC_CLOSE_TO_CLOSE_ZERO_MEAN:
		case MC_YANG_ZHANG:
			return MC_MIN_BARS;
		default:
			return 1;
	}
}

static size_t
count_rings(McRangeEstimator estimator)
{
	return estimator == MC_YANG_ZHANG ? 2 : estimator == MC_CLOSE_TO_CLOSE ? 1 : 0;
}

size_t
mc_range_vol_worksize(McRangeEstimator estimator, size_t bars)
{
	size_t terms = estimator == MC_CLOSE_TO_CLOSE ? 0 : sizeof(double);

	return bars * (count_rings(estimator) * sizeof(McFixed) + terms);
}

static bool
needs_previous(McRangeEstimator estimator)
{
	return estimator == MC_CLOSE_TO_CLOSE || estimator == MC_CLOSE_TO_CLOSE_ZERO_MEAN ||
	       estimator == MC_GARMAN_KLASS_YANG_ZHANG || estimator == MC_YANG_ZHANG;
}

/* of the sum of terms */
static double
divisor(McRangeEstimator estimator, double n)
{
	switch (estimator)
	{
		case MC_CLOSE_TO_CLOSE_ZERO_MEAN:
			return n - 1;
		case MC_PARKINSON:
			return 4 * LN2 * n;
		default:
			return n;
	}
}

void
mc_range_vol_init(McRangeVol *window, McRangeEstimator estimator, size_t bars,
                  double periods_per_year, void *work)
{
	McFixed *rings = work;
	double n = (double) bars;

	memset(window, 0, sizeof(*window));
	window->estimator = estimator;
	window->bars = bars;
	window->terms = (double *) (rings + count_rings(estimator) * bars);
	window->scale = ldexp(1, -FRACTION_BITS) / divisor(estimator, n);
	/* of Yang and Zhang, who need two bars */
	window->weight = n > 1 ? (ALPHA - 1) / (ALPHA + (n + 1) / (n - 1)) : 0;
	window->annual = sqrt(periods_per_year);
	if (count_rings(estimator) > 0)
		mc_rolling_vol_init(&window->overnight, rings, bars, 1);
	if (count_rings(estimator) > 1)
		mc_rolling_vol_init(&window->intraday, rings + bars, bars, 1);
}

bool
mc_bar_is_consistent(const McBar *bar)
{
	return !(bar->high < bar->open || bar->high < bar->close || bar->high < bar->low ||
	         bar->low > bar->open || bar->low > bar->close);
}

static inline double
squared_return(double previous, double price)
{
	double r = mc_log_return(previous, price);

	return r * r;
}

/* q: both products are those of two numbers of one sign */
static inline double
rogers_satchell_term(const McBar *bar)
{
	return mc_log_return(bar->close, bar->high) * mc_log_return(bar->open, bar->high) +
	       mc_log_return(bar->close, bar->low) * mc_log_return(bar->open, bar->low);
}

/* g: at least (3 / 2 - 2 ln 2) w^2 = 0.11 w^2, since |c| <= w */
static inline double
garman_klass_term(const McBar *bar)
{
	return 0.5 * squared_return(bar->low, bar->high) -
	       (2 * LN2 - 1) * squared_return(bar->open, bar->close);
}

static double
bar_term(const McRangeVol *window, const McBar *bar)
{
	switch (window->estimator)
	{
		case MC_CLOSE_TO_CLOSE_ZERO_MEAN:
			return squared_return(window->previous_close, bar->close);
		case MC_PARKINSON:
			return squared_return(bar->low, bar->high);
		case MC_GARMAN_KLASS:
			return garman_klass_term(bar);
		case MC_GARMAN_KLASS_YANG_ZHANG:
			return squared_return(window->previous_close, bar->open) + garman_klass_term(bar);
		default:
			return rogers_satchell_term(bar);
	}
}

/* A term that is 0 or between 2^-110 and 2^23, in units of 2^-170: where its 53 bits go. */
static inline U128
fixed_term(double term, unsigned *word)
{
	uint64_t bits;
	unsigned shift;

	*word = 0;
	if (term == 0)
		return 0;
	memcpy(&bits, &term, sizeof(bits));
	shift = (unsigned) (bits >> SIGNIFICAND_BITS) - EXPONENT_BIAS;
	bits &= (UINT64_C(1) << SIGNIFICAND_BITS) - 1;
	bits |= UINT64_C(1) << SIGNIFICAND_BITS;
	*word = shift / 64;
	return (U128) bits << (shift % 64);
}

static void
add_to_sum(uint64_t sum[4], double term)
{
	unsigned word;
	U128 carry = fixed_term(term, &word);

	for (; word < 4; word++)
	{
		uint64_t high = (uint64_t) (carry >> 64);

		carry = (U128) sum[word] + (uint64_t) carry;
		sum[word] = (uint64_t) carry;
		carry = (carry >> 64) + high;
	}
}

static void
take_from_sum(uint64_t sum[4], double term)
{
	unsigned word;
	U128 borrow = fixed_term(term, &word);

	for (; word < 4; word++)
	{
		uint64_t low = (uint64_t) borrow;

		borrow = (borrow >> 64) + (sum[word] < low);
		sum[word] -= low;
	}
}

/* the sum in units of 2^-170, to within 2^-52 */
static inline double
sum_value(const uint64_t sum[4])
{
	double low = (double) sum[1] * 0x1p64 + (double) sum[0];

	return ((double) sum[3] * 0x1p64 + (double) sum[2]) * 0x1p128 + low;
}

static void
take_term(McRangeVol *window, double term)
{
	double *slot = &window->terms[window->next];

	if (window->count < window->bars)
		window->count++;
	else if (isnan(*slot))
		window->not_finite--;
	else
		take_from_sum(window->sum, *slot);
	*slot = term;
	if (isnan(term))
		window->not_finite++;
	else
		add_to_sum(window->sum, term);
	if (++window->next == window->bars)
		window->next = 0;
}

/* the variance of the last returns, of which the next is that from one price to another */
static McStatus
add_return(McRollingVol *returns, double from, double to, double *variance)
{
	McStatus status;

	returns->previous = from;
	returns->has_previous = true;
	status = mc_rolling_vol_add(returns, to, variance);
	*variance *= *variance;
	return status;
}

/* the variance per bar */
static McStatus
add_bar(McRangeVol *window, const McBar *bar, double *variance)
{
	double overnight = 0;
	double intraday = 0;

	if (window->estimator == MC_CLOSE_TO_CLOSE)
		return add_return(&window->overnight, window->previous_close, bar->close, variance);
	if (window->estimator == MC_YANG_ZHANG)
	{
		add_return(&window->overnight, window->previous_close, bar->open, &overnight);
		add_return(&window->intraday, bar->open, bar->close, &intraday);
	}
	take_term(window, bar_term(window, bar));
	if (window->count < window->bars)
		return MC_TOO_FEW;
	*variance = window->not_finite > 0 ? NAN : sum_value(window->sum) * window->scale;
	if (window->estimator == MC_YANG_ZHANG)
		*variance = overnight + (window->weight * intraday + (1 - window->weight) * *variance);
	return MC_OK;
}

McStatus
mc_range_vol_add(McRangeVol *window, const McBar *bar, double *vol)
{
	const McBar unknown = {NAN, NAN, NAN, NAN};
	double variance = 0;
	McStatus status = MC_TOO_FEW;

	if (!isfinite(bar->open) || !isfinite(bar->high) || !isfinite(bar->low) ||
	    !isfinite(bar->close))
		bar = &unknown;
	if (window->has_previous || !needs_previous(window->estimator))
		status = add_bar(window, bar, &variance);
	window->previous_close = bar->close;
	window->has_previous = true;
	if (status == MC_OK)
		*vol = sqrt(variance) * window->annual;
	return status;
}
