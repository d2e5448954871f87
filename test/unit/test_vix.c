/*
 * test_vix.c
 *	  The model-free variance beside its definition in wide arithmetic, and at volatilities that are known.
 */
#include <math.h>
#include <stdlib.h>

#include "kernel/vix.h"
#include "unit.h"
#include "wide.h"

#define MOST 4000

static McVixQuote quotes[MOST];

static double
normal(double x)
{
	return erfc(-x / sqrt(2)) / 2;
}

/* call and put of Black (1976), discounted, with a spread of a share of the price */
static size_t
add_pair(size_t n, double forward, double strike, double vol, double t, double rate, double spread)
{
	double deviation = vol * sqrt(t);
	double d1 = log(forward / strike) / deviation + deviation / 2;
	double d2 = d1 - deviation;
	double call = exp(-rate * t) * (forward * normal(d1) - strike * normal(d2));
	double put = exp(-rate * t) * (strike * normal(-d2) - forward * normal(-d1));
	McVixQuote c = {strike, call * (1 - spread), call * (1 + spread), true};
	McVixQuote p = {strike, put * (1 - spread), put * (1 + spread), false};

	quotes[n] = c;
	quotes[n + 1] = p;
	return n + 2;
}

static void
shuffle(size_t n, unsigned seed)
{
	UnitRandom random = {seed};

	for (size_t i = n - 1; i > 0; i--)
	{
		size_t j = (size_t) (unit_uniform(&random) * (double) (i + 1));
		McVixQuote held = quotes[i];

		quotes[i] = quotes[j];
		quotes[j] = held;
	}
}

/* a dense and wide strip of Black's prices gives back their volatility and forward */
static void
test_flat(double vol, double t, double rate)
{
	McVixTerm term;
	double deviation = vol * sqrt(t);
	size_t n = 0;

	for (int i = -900; i <= 900; i++)
		n = add_pair(n, 100, 100 * exp(deviation * i / 100), vol, t, rate, 0.01);
	shuffle(n, 5);
	check(mc_vix_variance(quotes, n, t, rate, &term) == MC_VIX_OK, "flat vol %g", vol);
	check_close(term.forward, 100, 1e-12, "forward");
	check_close(term.k0, 100, 1e-3 + deviation / 100, "K0");
	/* the trapezoid over steps of h = 0.01 sd errs by about h^2 */
	check_close(term.variance, vol * vol, 2e-4, "variance of flat vol %g over %g years", vol, t);
}

/* The nth strike from K0 outwards by the definition, with everything written out once more. */
typedef struct Used
{
	double strike;
	Wide price;
} Used;

static const McVixQuote *
find(size_t n, double strike, bool call)
{
	for (size_t i = 0; i < n; i++)
		if (quotes[i].strike == strike && quotes[i].is_call == call)
			return &quotes[i];
	return NULL;
}

static bool
live(const McVixQuote *quote)
{
	return quote != NULL && quote->bid > 0 && quote->ask >= quote->bid;
}

/* strikes are the integers 1..top */
static size_t
by_definition(size_t n, int top, double k0, Used *used)
{
	size_t count = 0;
	int zeros = 0;
	int lowest = 0;

	for (int k = (int) k0 - 1; k >= 1 && zeros < 2; k--)
		if (find(n, k, false) != NULL)
		{
			zeros = live(find(n, k, false)) ? 0 : zeros + 1;
			lowest = k;
		}
	zeros = 0;
	for (int k = lowest; k <= top && zeros < 2; k++)
	{
		const McVixQuote *call = find(n, k, true);
		const McVixQuote *put = find(n, k, false);
		const McVixQuote *quote = k < k0 ? put : call;

		if (k > k0 && quote != NULL)
			zeros = live(quote) ? 0 : zeros + 1;
		if (!live(quote))
			continue;
		used[count].strike = k;
		used[count].price = ((Wide) quote->bid + quote->ask) / 2;
		if (k == k0)
			used[count].price = (used[count].price + ((Wide) put->bid + put->ask) / 2) / 2;
		count++;
	}
	return count;
}

static void
test_definition(unsigned seed)
{
	static Used used[MOST];
	UnitRandom random = {seed};
	double t = 0.1;
	double rate = 0.03;
	McVixTerm term;
	McVixStatus status;
	Wide sum = 0;
	Wide excess;
	size_t n = 0;
	size_t count;

	for (int k = 1; k <= 120; k++)
	{
		n = add_pair(n, 61.3, k, 0.8, t, rate, 0.05 * unit_uniform(&random));
		for (size_t i = n - 2; i < n; i++)
		{
			double dice = unit_uniform(&random);

			if (dice < 0.15 && abs(k - 61) > 3)
				quotes[i].bid = 0;
			else if (dice < 0.2 && abs(k - 61) > 3)
				quotes[i].ask = quotes[i].bid / 2;
		}
		/* a strike without its put */
		if (k % 11 == 0)
			n--;
	}
	shuffle(n, seed);
	status = mc_vix_variance(quotes, n, t, rate, &term);
	check(status == MC_VIX_OK, "quotes with holes %u", seed);
	count = by_definition(n, 120, term.k0, used);
	check(term.strikes == count && term.lowest == used[0].strike &&
	          term.highest == used[count - 1].strike,
	      "%zu strikes used, %g to %g", term.strikes, term.lowest, term.highest);
	for (size_t i = 0; i < count; i++)
	{
		Wide high = used[i + 1 < count ? i + 1 : i].strike;
		Wide low = used[i > 0 ? i - 1 : i].strike;
		Wide width = i > 0 && i + 1 < count ? (high - low) / 2 : high - low;

		sum += width / used[i].strike / used[i].strike * used[i].price;
	}
	excess = (Wide) term.forward / term.k0 - 1;
	check_close(term.variance, (double) ((2 * exp(rate * t) * sum - excess * excess) / t), 1e-13,
	            "variance by its definition %u", seed);
}

static void
set(size_t i, double strike, bool call, double bid, double ask)
{
	McVixQuote quote = {strike, bid, ask, call};

	quotes[i] = quote;
}

static void
test_statuses(void)
{
	McVixTerm term;

	check(mc_vix_variance(quotes, 0, 1, 0, &term) == MC_VIX_NO_FORWARD && isnan(term.forward),
	      "none");
	set(0, 10, true, 2, 3);
	set(1, 10, true, 2, 3);
	check(mc_vix_variance(quotes, 2, 1, 0, &term) == MC_VIX_DUPLICATE, "one call twice");
	set(1, 10, false, 0, 3);
	check(mc_vix_variance(quotes, 2, 1, 0, &term) == MC_VIX_NO_FORWARD, "a put without a bid");
	set(1, 10, false, 3, 2.9);
	check(mc_vix_variance(quotes, 2, 1, 0, &term) == MC_VIX_NO_FORWARD, "crossed");
	set(1, 10, false, 4, 6);
	check(mc_vix_variance(quotes, 2, 1, 0, &term) == MC_VIX_NO_K0 && term.forward == 7.5,
	      "the forward below every strike");
	set(1, 10, false, 2, 2.5);
	check(mc_vix_variance(quotes, 2, 1, 0, &term) == MC_VIX_TOO_FEW && term.k0 == 10 &&
	          term.forward == 10.25,
	      "K0 alone");
	set(2, 9, false, 1, 1);
	check(mc_vix_variance(quotes, 3, 1, 0, &term) == MC_VIX_TOO_FEW, "no call above");
	set(3, 11, true, 1, 1);
	check(mc_vix_variance(quotes, 4, 1, 0, &term) == MC_VIX_OK && term.strikes == 3, "the least");
	check_close(term.variance, 2 * (1.0 / 81 + 2.375 / 100 + 1.0 / 121) - 0.025 * 0.025, 1e-14,
	            "by hand");
	/* two strikes without a bid shut out the next; one does not */
	set(4, 12, true, 0, 1);
	set(5, 13, true, 0, 1);
	set(6, 14, true, 1, 1);
	check(mc_vix_variance(quotes, 7, 1, 0, &term) == MC_VIX_OK && term.strikes == 3 &&
	          term.highest == 11,
	      "two without a bid");
	check(mc_vix_variance(quotes, 4, 1, 0, &term) == MC_VIX_OK, "again");
	set(4, 12, true, 0, 1);
	set(5, 14, true, 1, 1);
	check(mc_vix_variance(quotes, 6, 1, 0, &term) == MC_VIX_OK && term.strikes == 4 &&
	          term.highest == 14,
	      "one without a bid");
	set(0, 10, true, 20, 20);
	set(1, 10, false, 1, 1);
	set(2, 9, false, 1e-3, 1e-3);
	set(3, 11, true, 1e-3, 1e-3);
	check(mc_vix_variance(quotes, 4, 1, 0, &term) == MC_VIX_NOT_POSITIVE, "prices that contradict");
	set(3, 11, true, 1e308, 1e308);
	check(mc_vix_variance(quotes, 4, 1e-9, 0, &term) == MC_VIX_OVERFLOW, "beyond a double");
}

/* the lowest of equal differences gives the forward, and a strike at the forward is K0 */
static void
test_ties(void)
{
	McVixTerm term;

	set(0, 10, true, 3, 3);
	set(1, 10, false, 2, 2);
	set(2, 12, true, 1, 1);
	set(3, 12, false, 2, 2);
	mc_vix_variance(quotes, 4, 1, 0, &term);
	check(term.forward == 11 && term.k0 == 10, "equal differences");
	set(0, 10, true, 2, 2);
	set(1, 10, false, 2, 2);
	set(2, 9, true, 3, 3);
	set(3, 9, false, 1, 1);
	set(4, 11, true, 1, 1);
	check(mc_vix_variance(quotes, 5, 1, 0, &term) == MC_VIX_OK && term.forward == 10 &&
	          term.k0 == 10,
	      "K0 at the forward");
	check_close(term.variance, 2 * (1.0 / 81 + 2.0 / 100 + 1.0 / 121), 1e-14, "and no correction");
}

static void
test_index(void)
{
	/* Cboe white paper (2009), p. 9 */
	double index =
	    mc_vix_index(12960 / 525600.0, 0.4727679, 53280 / 525600.0, 0.3668180, 30 / 365.0);

	check(fabs(index - 61.22) < 0.005, "61.22 as published");
	check_close(mc_vix_index(0.1, 0.04, 0.2, 0.09, 0.1), 20, 1e-14, "the near term itself");
	check_close(mc_vix_index(0.1, 0.04, 0.2, 0.09, 0.2), 30, 1e-14, "the next term itself");
	check_close(mc_vix_index(0.1, 0.04, 0.2, 0.04, 0.9), 20, 1e-14, "flat beyond both");
	check(isnan(mc_vix_index(0.1, 0.01, 0.2, 0.09, 0.01)), "a negative line");
}

void
test_vix(void)
{
	test_flat(0.2, 30 / 365.0, 0.05);
	test_flat(0.9, 1, 0);
	test_flat(0.01, 7 / 365.0, -0.01);
	for (unsigned seed = 1; seed <= 20; seed++)
		test_definition(seed);
	test_statuses();
	test_ties();
	test_index();
}
