/*
 * vix.c
 *	  The variance that the prices of one expiry imply without a model, and the index of two of them.
 */
#include "vix.h"

#include <math.h>

#include <gsl/gsl_heapsort.h>

/* Strikes without a bid that end the walk away from K0. */
#define BIDLESS_STRIKES 2

static int
by_strike_and_kind(const void *a, const void *b)
{
	const McVixQuote *x = a;
	const McVixQuote *y = b;

	if (x->strike != y->strike)
		return x->strike < y->strike ? -1 : 1;
	return (int) y->is_call - (int) x->is_call;
}

static bool
has_middle(const McVixQuote *quote)
{
	return quote->bid > 0 && quote->ask >= quote->bid;
}

/* not (bid + ask) / 2, which may overflow */
static double
middle(const McVixQuote *quote)
{
	return quote->bid / 2 + quote->ask / 2;
}

/* Is quote i a call, and i + 1 the put of the same strike, both with middle prices? */
static bool
is_pair(const McVixQuote *quotes, size_t n, size_t i)
{
	return i + 1 < n && quotes[i].strike == quotes[i + 1].strike && has_middle(&quotes[i]) &&
	       has_middle(&quotes[i + 1]);
}

/* The forward, from the pair of the least difference, the lowest of equals; NaN without a pair. */
static double
find_forward(const McVixQuote *quotes, size_t n, double growth)
{
	double least = INFINITY;
	double forward = NAN;

	for (size_t i = 0; i < n; i++)
		if (is_pair(quotes, n, i))
		{
			double difference = middle(&quotes[i]) - middle(&quotes[i + 1]);

			if (fabs(difference) < least)
			{
				least = fabs(difference);
				forward = quotes[i].strike + growth * difference;
			}
		}
	return forward;
}

/* The call of K0; n: none. */
static size_t
find_k0(const McVixQuote *quotes, size_t n, double forward)
{
	size_t found = n;

	for (size_t i = 0; i < n && quotes[i].strike <= forward; i++)
		if (is_pair(quotes, n, i))
			found = i;
	return found;
}

/*
 * The next quote of its kind with a middle price, outwards from place i (which it does not look at): its
 * place, or n at the end of the quotes or after two strikes of the kind without a bid.
 */
static size_t
next_used(const McVixQuote *quotes, size_t n, size_t i, bool calls)
{
	int bidless = 0;

	while (bidless < BIDLESS_STRIKES)
	{
		if (calls ? i + 1 >= n : i == 0)
			return n;
		i = calls ? i + 1 : i - 1;
		if (quotes[i].is_call != calls)
			continue;
		if (has_middle(&quotes[i]))
			return i;
		bidless++;
	}
	return n;
}

/*
 * Half of dK / K^2 Q, summed over one side of K0 from the strike next to it outwards.  A strike's dK needs
 * the next one; *nearest is the strike beside K0.  Returns how many strikes there are.
 */
static size_t
add_side(const McVixQuote *quotes, size_t n, size_t start, bool calls, double *sum, double *nearest,
         double *farthest)
{
	double inner = quotes[start].strike;
	size_t i = next_used(quotes, n, start, calls);
	size_t strikes = 0;

	*nearest = i < n ? quotes[i].strike : NAN;
	while (i < n)
	{
		double strike = quotes[i].strike;
		size_t next = next_used(quotes, n, i, calls);
		double width = next < n ? fabs(quotes[next].strike - inner) / 2 : fabs(strike - inner);

		*sum += width / strike / strike * middle(&quotes[i]);
		*farthest = strike;
		inner = strike;
		strikes++;
		i = next;
	}
	return strikes;
}

McVixStatus
mc_vix_variance(McVixQuote *quotes, size_t n, double t, double rate, McVixTerm *term)
{
	McVixTerm nothing = {NAN, NAN, NAN, NAN, NAN, 0};
	double growth = exp(rate * t);
	double sum = 0;
	double below;
	double above;
	size_t puts;
	size_t calls;
	size_t at;
	double excess;

	*term = nothing;
	gsl_heapsort(quotes, n, sizeof(McVixQuote), by_strike_and_kind);
	for (size_t i = 1; i < n; i++)
		if (by_strike_and_kind(&quotes[i - 1], &quotes[i]) == 0)
			return MC_VIX_DUPLICATE;
	term->forward = find_forward(quotes, n, growth);
	if (isnan(term->forward))
		return MC_VIX_NO_FORWARD;
	at = find_k0(quotes, n, term->forward);
	if (at == n)
		return MC_VIX_NO_K0;
	term->k0 = quotes[at].strike;
	puts = add_side(quotes, n, at, false, &sum, &below, &term->lowest);
	calls = add_side(quotes, n, at + 1, true, &sum, &above, &term->highest);
	if (puts == 0 || calls == 0)
		return MC_VIX_TOO_FEW;
	term->strikes = puts + calls + 1;
	sum += (above - below) / 2 / term->k0 / term->k0 *
	       (middle(&quotes[at]) / 2 + middle(&quotes[at + 1]) / 2);
	excess = (term->forward - term->k0) / term->k0;
	term->variance = (2 * growth * sum - excess * excess) / t;
	if (!isfinite(term->variance))
		return MC_VIX_OVERFLOW;
	return term->variance > 0 ? MC_VIX_OK : MC_VIX_NOT_POSITIVE;
}

double
mc_vix_index(double t1, double variance1, double t2, double variance2, double horizon)
{
	double near = (t2 - horizon) / (t2 - t1);
	double next = (horizon - t1) / (t2 - t1);

	return 100 * sqrt((near * t1 * variance1 + next * t2 * variance2) / horizon);
}
