/*
 * option_chain.c
 *	  From the quotes of one expiry to its forward and to the vols that a smile is fitted to.
 */
#include "option_chain.h"

#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>

#include "implied_vol.h"
#include "vol_surface.h"

#define LEAST_TIME_VALUE 1e-9 /* of the price of an option in the money */
#define MOST_VOL 20.0         /* 2,000 % a year: more than any market has shown */
#define MARK_ERROR 0.005      /* of vols of marks, where there are no spreads */
#define LEAST_SCALE 0.001     /* of vols */
#define LEAST_ERROR 1e-6 /* half the spread of an estimate of the forward, relative, at least */

static const char *const texts[MC_QUOTE_PROBLEMS] = {
    [MC_QUOTE_NO_EXPIRY] = "no expiry",
    [MC_QUOTE_BAD_STRIKE] = "strike is not a positive number",
    [MC_QUOTE_BAD_KIND] = "kind is neither call nor put",
    [MC_QUOTE_EXPIRED] = "expired",
    [MC_QUOTE_FUTURE] = "later than as_of",
    [MC_QUOTE_STALE] = "older than maximum_age",
    [MC_QUOTE_REPLACED] = "a later quote of the same option counts",
    [MC_QUOTE_BAD_PRICE] = "a price is negative or not finite",
    [MC_QUOTE_BAD_SIZE] = "a size or the open interest is negative or not finite",
    [MC_QUOTE_NO_PRICE] = "no price",
    [MC_QUOTE_NO_BID] = "no bid",
    [MC_QUOTE_NO_ASK] = "no ask",
    [MC_QUOTE_CROSSED] = "bid above ask",
    [MC_QUOTE_TOO_LOW] = "bid below minimum_price",
    [MC_QUOTE_TOO_WIDE] = "ask too far above bid",
    [MC_QUOTE_TOO_SMALL] = "size below minimum_size",
    [MC_QUOTE_TOO_QUIET] = "open interest below minimum_open_interest",
    [MC_QUOTE_NO_FORWARD] = "no forward for its expiry",
    [MC_QUOTE_OUTSIDE] = "price outside the bounds of arbitrage",
    [MC_QUOTE_ABSURD] = "implied vol above 2000 %",
    [MC_QUOTE_OTHER_SIDE] = "the other side of the strike is quoted tighter"};

const char *
mc_quote_problem_text(McQuoteProblem problem)
{
	return texts[problem];
}

/* of prices, sizes and open interest, which may be unknown */
static bool
is_bad(double value)
{
	return value < 0 || isinf(value);
}

/* A price of 0 is no price: venues write it for a side that is empty. */
static bool
is_quoted(double price)
{
	return price > 0;
}

static double
middle_price(const McOptionQuote *q)
{
	return is_quoted(q->bid) && is_quoted(q->ask) ? q->bid + (q->ask - q->bid) / 2 : q->mark;
}

static McQuoteProblem
judge(const McOptionQuote *q, const McChainSettings *settings)
{
	if (!(q->strike > 0 && isfinite(q->strike)))
		return MC_QUOTE_BAD_STRIKE;
	if (is_bad(q->bid) || is_bad(q->ask) || is_bad(q->mark))
		return MC_QUOTE_BAD_PRICE;
	if (is_bad(q->bid_size) || is_bad(q->ask_size) || is_bad(q->open_interest))
		return MC_QUOTE_BAD_SIZE;
	if (q->open_interest < settings->minimum_open_interest)
		return MC_QUOTE_TOO_QUIET;
	if (!is_quoted(q->bid) && !is_quoted(q->ask))
		return is_quoted(q->mark) ? MC_QUOTE_USED : MC_QUOTE_NO_PRICE;
	if (!is_quoted(q->bid))
		return MC_QUOTE_NO_BID;
	if (!is_quoted(q->ask))
		return MC_QUOTE_NO_ASK;
	if (q->bid > q->ask)
		return MC_QUOTE_CROSSED;
	if (q->bid < settings->minimum_price)
		return MC_QUOTE_TOO_LOW;
	if (q->ask - q->bid > settings->maximum_spread * middle_price(q))
		return MC_QUOTE_TOO_WIDE;
	if (q->bid_size < settings->minimum_size || q->ask_size < settings->minimum_size)
		return MC_QUOTE_TOO_SMALL;
	return MC_QUOTE_USED;
}

/* Nobody stands behind a price of size 0. */
static void
drop_empty_sides(McOptionQuote *q)
{
	if (q->bid_size == 0)
		q->bid = NAN;
	if (q->ask_size == 0)
		q->ask = NAN;
}

void
mc_chain_judge(McOptionQuote *quotes, size_t n, const McChainSettings *settings)
{
	for (size_t i = 0; i < n; i++)
		if (quotes[i].problem == MC_QUOTE_USED)
		{
			drop_empty_sides(&quotes[i]);
			quotes[i].problem = judge(&quotes[i], settings);
		}
}

/* The weighted median: the least value that at least half of the weight does not exceed. */
static double
weighted_median(double *values, double *weights, size_t n)
{
	double total = 0;
	double sum = 0;
	size_t i = 0;

	gsl_sort2(values, 1, weights, 1, n);
	for (size_t j = 0; j < n; j++)
		total += weights[j];
	while (i < n - 1 && sum + weights[i] < total / 2)
		sum += weights[i++];
	return values[i];
}

static bool
quoted_forward(const McOptionQuote *quotes, size_t n, double *work, double *forward)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		if (quotes[i].problem == MC_QUOTE_USED && quotes[i].forward > 0 &&
		    isfinite(quotes[i].forward))
		{
			work[count] = quotes[i].forward;
			work[n + count++] = 1;
		}
	if (count > 0)
		*forward = weighted_median(work, work + n, count);
	return count > 0;
}

static double
price_error(const McOptionQuote *q)
{
	return is_quoted(q->bid) && is_quoted(q->ask) ? (q->ask - q->bid) / 2 : 0;
}

/* What call and put of one strike say about the forward, and half the spread of that. */
static double
parity_forward(const McOptionQuote *call, const McOptionQuote *put, double growth, bool coin,
               double *error)
{
	double difference = middle_price(call) - middle_price(put);
	double estimate = coin ? call->strike / (1 - difference) : call->strike + difference * growth;

	*error = price_error(call) + price_error(put);
	*error *= coin ? estimate * estimate / call->strike : growth;
	return estimate;
}

McForwardSource
mc_chain_forward(const McOptionQuote *quotes, size_t n, double t, const McChainSettings *settings,
                 double *work, double *forward)
{
	const McOptionQuote *sides[2] = {NULL, NULL};
	double growth = exp(settings->rate * t);
	size_t count = 0;

	if (quoted_forward(quotes, n, work, forward))
		return MC_FORWARD_QUOTED;
	for (size_t i = 0; i < n; i++)
	{
		double estimate;
		double error;

		if (quotes[i].problem != MC_QUOTE_USED)
			continue;
		for (int side = 0; side < 2; side++)
			if (sides[side] != NULL && sides[side]->strike != quotes[i].strike)
				sides[side] = NULL;
		sides[quotes[i].call] = &quotes[i];
		if (sides[0] == NULL || sides[1] == NULL)
			continue;
		estimate = parity_forward(sides[1], sides[0], growth, settings->coin, &error);
		if (!(estimate > 0 && isfinite(estimate)))
			continue;
		error = fmax(error, LEAST_ERROR * estimate);
		work[count] = estimate;
		work[n + count++] = 1 / (error * error);
	}
	if (count == 0)
		return MC_FORWARD_NONE;
	*forward = weighted_median(work, work + n, count);
	return MC_FORWARD_PARITY;
}

static bool
is_known(McForwardSource source)
{
	return source == MC_FORWARD_QUOTED || source == MC_FORWARD_PARITY;
}

void
mc_chain_carry(const double *t, double *forwards, McForwardSource *sources, size_t n)
{
	for (size_t i = 0; i < n; i++)
	{
		size_t before = i;
		size_t after = i;

		if (is_known(sources[i]))
			continue;
		while (before > 0 && !is_known(sources[before]))
			before--;
		while (after < n - 1 && !is_known(sources[after]))
			after++;
		if (!is_known(sources[before]))
			before = after;
		if (!is_known(sources[after]))
			after = before;
		if (!is_known(sources[before]))
			return;
		forwards[i] = forwards[before];
		if (after != before)
			forwards[i] = mc_forward_between(forwards[before], forwards[after],
			                                 (t[i] - t[before]) / (t[after] - t[before]));
		sources[i] = MC_FORWARD_CARRIED;
	}
}

/* The vol of a premium, NaN where there is none, or where so little of the price is time value that rounding decides. */
static double
vol_of(const McOptionQuote *q, double premium, double t, double forward,
       const McChainSettings *settings)
{
	double price = premium * (settings->coin ? forward : exp(settings->rate * t));
	double intrinsic = q->call ? forward - q->strike : q->strike - forward;
	double vol;

	if (!is_quoted(premium) || (intrinsic > 0 && price - intrinsic < LEAST_TIME_VALUE * price) ||
	    mc_implied_vol(q->call, price, forward, q->strike, t, &vol) != MC_IV_OK)
		return NAN;
	return vol;
}

double
mc_chain_half_spread(const McOptionQuote *q)
{
	return (q->ask_vol - q->bid_vol) / 2;
}

static void
set_vols(McOptionQuote *q, double t, double forward, const McChainSettings *settings)
{
	q->k = log(q->strike / forward);
	if (!isfinite(q->k)) /* the quotient of extremes is no double */
		q->k = log(q->strike) - log(forward);
	q->vol = vol_of(q, middle_price(q), t, forward, settings);
	q->bid_vol = vol_of(q, q->bid, t, forward, settings);
	q->ask_vol = vol_of(q, q->ask, t, forward, settings);
	if (!(q->vol > 0 && isfinite(q->vol)) || (is_quoted(q->bid) && !isfinite(q->bid_vol)) ||
	    (is_quoted(q->ask) && !isfinite(q->ask_vol)))
		q->problem = MC_QUOTE_OUTSIDE;
	else if (q->vol > MOST_VOL)
		q->problem = MC_QUOTE_ABSURD;
}

/* Which of call and put at one strike to use: the tighter; of two marks, or of equals, the one out of the money. */
static bool
is_better(const McOptionQuote *a, const McOptionQuote *b)
{
	double spread_a = mc_chain_half_spread(a);
	double spread_b = mc_chain_half_spread(b);

	if (isnan(spread_a) != isnan(spread_b))
		return isnan(spread_b);
	if (spread_a != spread_b && !isnan(spread_a))
		return spread_a < spread_b;
	return a->call == (a->k > 0);
}

size_t
mc_chain_vols(McOptionQuote *quotes, size_t n, double t, double forward,
              const McChainSettings *settings)
{
	McOptionQuote *best = NULL;
	size_t used = 0;

	for (size_t i = 0; i < n; i++)
	{
		McOptionQuote *q = &quotes[i];

		if (q->problem != MC_QUOTE_USED)
			continue;
		if (!(forward > 0))
		{
			q->problem = MC_QUOTE_NO_FORWARD;
			continue;
		}
		set_vols(q, t, forward, settings);
		if (q->problem != MC_QUOTE_USED)
			continue;
		if (best == NULL || best->strike != q->strike)
		{
			best = q;
			used++;
		}
		else if (is_better(q, best))
		{
			best->problem = MC_QUOTE_OTHER_SIDE;
			best = q;
		}
		else
			q->problem = MC_QUOTE_OTHER_SIDE;
	}
	return used;
}

double
mc_chain_scales(const double *half_spreads, size_t n, double *work, double *scales)
{
	double median = NAN;
	double floor = MARK_ERROR;
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		if (!isnan(half_spreads[i]))
			work[count++] = half_spreads[i];
	if (count > 0)
	{
		gsl_sort(work, 1, count);
		median = gsl_stats_median_from_sorted_data(work, 1, count);
		floor = fmax(median / 2, LEAST_SCALE);
	}
	for (size_t i = 0; i < n; i++)
		scales[i] =
		    isnan(half_spreads[i]) ? floor : floor * sqrt(sqrt(hypot(1, half_spreads[i] / floor)));
	return median;
}
