/*
 * test_option_chain.c
 *	  Every problem of a quote, forwards by parity from consistent prices, carried forwards, the side that is
 *	  used, and scales.
 */
#include <math.h>
#include <string.h>

#include "kernel/black.h"
#include "kernel/option_chain.h"
#include "unit.h"

static const McChainSettings coin = {true, 0, 1, 0.0005, 0, 0};
static const McChainSettings currency = {false, 0.04, 1, 0, 0, 0};

static McOptionQuote
quote(double strike, bool call, double bid, double ask, double mark)
{
	McOptionQuote q = {.strike = strike,
	                   .call = call,
	                   .bid = bid,
	                   .ask = ask,
	                   .mark = mark,
	                   .forward = NAN,
	                   .bid_size = NAN,
	                   .ask_size = NAN,
	                   .open_interest = NAN};

	return q;
}

static McQuoteProblem
judged(double bid, double ask, double mark)
{
	McOptionQuote q = quote(100, true, bid, ask, mark);

	mc_chain_judge(&q, 1, &coin);
	return q.problem;
}

static void
test_sizes(void)
{
	const struct
	{
		double bid_size, ask_size, open_interest;
		McQuoteProblem problem;
	} cases[] = {{NAN, NAN, NAN, MC_QUOTE_USED},    {2, 2, 10, MC_QUOTE_USED},
	             {NAN, 2, NAN, MC_QUOTE_USED},      {0, 2, 10, MC_QUOTE_NO_BID},
	             {2, 0, 10, MC_QUOTE_NO_ASK},       {0, 0, 10, MC_QUOTE_USED}, /* by its mark */
	             {1.99, 2, 10, MC_QUOTE_TOO_SMALL}, {2, 1.99, NAN, MC_QUOTE_TOO_SMALL},
	             {2, 2, 9.99, MC_QUOTE_TOO_QUIET},  {2, 2, 0, MC_QUOTE_TOO_QUIET},
	             {-1, 2, 10, MC_QUOTE_BAD_SIZE},    {2, INFINITY, 10, MC_QUOTE_BAD_SIZE},
	             {2, 2, -1, MC_QUOTE_BAD_SIZE}};
	McChainSettings settings = coin;

	settings.minimum_size = 2;
	settings.minimum_open_interest = 10;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		McOptionQuote q = quote(100, true, 0.01, 0.012, 0.0111);

		q.bid_size = cases[i].bid_size;
		q.ask_size = cases[i].ask_size;
		q.open_interest = cases[i].open_interest;
		mc_chain_judge(&q, 1, &settings);
		check(q.problem == cases[i].problem, "sizes %g and %g, open interest %g: %s",
		      cases[i].bid_size, cases[i].ask_size, cases[i].open_interest,
		      q.problem == MC_QUOTE_USED ? "used" : mc_quote_problem_text(q.problem));
	}
}

static void
test_judge(void)
{
	const struct
	{
		double bid, ask, mark;
		McQuoteProblem problem;
	} cases[] = {{0.01, 0.012, NAN, MC_QUOTE_USED},
	             {0.01, 0.01, NAN, MC_QUOTE_USED},
	             {NAN, NAN, 0.01, MC_QUOTE_USED},
	             {0, 0, 0.01, MC_QUOTE_USED},
	             {0.01, 0.012, 0, MC_QUOTE_USED},
	             {NAN, NAN, NAN, MC_QUOTE_NO_PRICE},
	             {0, 0, 0, MC_QUOTE_NO_PRICE},
	             {NAN, 0.01, 0.01, MC_QUOTE_NO_BID},
	             {0, 0.01, NAN, MC_QUOTE_NO_BID},
	             {0.01, NAN, 0.01, MC_QUOTE_NO_ASK},
	             {0.01, 0, NAN, MC_QUOTE_NO_ASK},
	             {0.012, 0.01, NAN, MC_QUOTE_CROSSED},
	             {0.0004, 0.0006, NAN, MC_QUOTE_TOO_LOW},
	             {0.0005, 0.0006, NAN, MC_QUOTE_USED},
	             {0.01, 0.031, NAN, MC_QUOTE_TOO_WIDE},
	             {0.01, 0.0299, NAN, MC_QUOTE_USED},
	             {-0.01, 0.01, NAN, MC_QUOTE_BAD_PRICE},
	             {0.01, -0.01, NAN, MC_QUOTE_BAD_PRICE},
	             {INFINITY, 0.01, NAN, MC_QUOTE_BAD_PRICE},
	             {0.01, INFINITY, NAN, MC_QUOTE_BAD_PRICE},
	             {NAN, NAN, -1, MC_QUOTE_BAD_PRICE},
	             {NAN, NAN, INFINITY, MC_QUOTE_BAD_PRICE}};
	McOptionQuote known = quote(100, true, 0.01, 0.012, NAN);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		McQuoteProblem got = judged(cases[i].bid, cases[i].ask, cases[i].mark);

		check(got == cases[i].problem, "bid %g, ask %g, mark %g: %s", cases[i].bid, cases[i].ask,
		      cases[i].mark, got == MC_QUOTE_USED ? "used" : mc_quote_problem_text(got));
	}
	test_sizes();
	known.problem = MC_QUOTE_STALE;
	mc_chain_judge(&known, 1, &coin);
	check(known.problem == MC_QUOTE_STALE, "a known problem stays");
}

static void
test_texts(void)
{
	bool good = mc_quote_problem_text(MC_QUOTE_USED) == NULL;

	for (int i = MC_QUOTE_USED + 1; i < MC_QUOTE_PROBLEMS; i++)
	{
		const char *text = mc_quote_problem_text((McQuoteProblem) i);

		good &= text != NULL && strlen(text) > 4;
		for (int j = MC_QUOTE_USED + 1; j < i; j++)
			good &= strcmp(text, mc_quote_problem_text((McQuoteProblem) j)) != 0;
	}
	check(good, "every problem has a text of its own");
}

/* calls and puts at `n` strikes under a forward, by Black's formula; half is the spread of the price */
static void
fill(McOptionQuote *q, size_t n, double forward, double t, const McChainSettings *settings,
     double half)
{
	for (size_t i = 0; i < 2 * n; i++)
	{
		double strike = 70 + 60 * (double) (i / 2) / (double) n;
		double price = mc_black76_price(i % 2, forward, strike, t, 0.6);

		price = settings->coin ? price / forward : price * exp(-settings->rate * t);
		q[i] = quote(strike, i % 2, price * (1 - half), price * (1 + half), NAN);
	}
}

static void
test_parity(const McChainSettings *settings)
{
	McOptionQuote q[40];
	double work[80];
	double forward = NAN;

	for (int n = 1; n <= 20; n += 3)
	{
		McForwardSource source;

		fill(q, (size_t) n, 98.7654321, 0.4, settings, 0.01);
		source = mc_chain_forward(q, (size_t) (2 * n), 0.4, settings, work, &forward);
		check(source == MC_FORWARD_PARITY, "parity of %d strikes", n);
		check_close(forward, 98.7654321, 1e-13, "gives the forward%s",
		            settings->coin ? " in coin" : "");
	}
	/* the mark counts where neither side is quoted */
	for (int i = 0; i < 40; i++)
	{
		q[i].mark = (q[i].bid + q[i].ask) / 2;
		q[i].bid = q[i].ask = NAN;
	}
	check(mc_chain_forward(q, 38, 0.4, settings, work, &forward) == MC_FORWARD_PARITY, "of marks");
	check_close(forward, 98.7654321, 1e-13, "too");
	/* an absurd pair among many, and one with a problem */
	fill(q, 20, 98.7654321, 0.4, settings, 0.01);
	q[6].bid *= 3;
	q[6].ask *= 3;
	q[11].problem = MC_QUOTE_CROSSED;
	q[11].bid = 50;
	mc_chain_forward(q, 40, 0.4, settings, work, &forward);
	check_close(forward, 98.7654321, 1e-13, "the median does not mind an absurd pair");
	/* quoted forwards go first, by their median */
	q[0].forward = 91;
	q[5].forward = 90;
	q[9].forward = 1e9;
	q[11].forward = 1;
	q[12].forward = -5;
	check(mc_chain_forward(q, 40, 0.4, settings, work, &forward) == MC_FORWARD_QUOTED,
	      "quoted forwards go first");
	check(forward == 91, "their median, without nonsense and quotes with a problem: %g", forward);
	/* nothing to go by */
	for (int i = 0; i < 40; i++)
		q[i] = quote(70 + i, i % 2, 0.01, 0.02, NAN);
	check(mc_chain_forward(q, 40, 0.4, settings, work, &forward) == MC_FORWARD_NONE,
	      "no strike with both: none");
	check(mc_chain_forward(q, 0, 0.4, settings, work, &forward) == MC_FORWARD_NONE,
	      "no quote: none");
}

/* of two estimates the one with the smaller spread wins */
static void
test_weights(void)
{
	McOptionQuote q[4] = {quote(100, true, 10, 10.02, NAN), quote(100, false, 5, 5.02, NAN),
	                      quote(110, true, 8, 12, NAN), quote(110, false, 6, 10, NAN)};
	double work[8];
	double forward;
	const McChainSettings plain = {false, 0, 1, 0, 0, 0};

	mc_chain_forward(q, 4, 1, &plain, work, &forward);
	check_close(forward, 105, 1e-14, "the tighter pair gives the forward");
	q[0].bid = 8;
	q[0].ask = 12;
	q[1].bid = 3;
	q[1].ask = 7;
	q[2].bid = 9.99;
	q[2].ask = 10.01;
	q[3].bid = 7.99;
	q[3].ask = 8.01;
	mc_chain_forward(q, 4, 1, &plain, work, &forward);
	check_close(forward, 112, 1e-14, "or the other");
}

static void
test_carry(void)
{
	const double t[6] = {0.1, 0.2, 0.4, 0.5, 0.9, 1.5};
	double f[6] = {NAN, 100, NAN, 120, NAN, NAN};
	McForwardSource s[6] = {MC_FORWARD_NONE,   MC_FORWARD_QUOTED, MC_FORWARD_NONE,
	                        MC_FORWARD_PARITY, MC_FORWARD_NONE,   MC_FORWARD_NONE};
	double extreme[3] = {1e-300, NAN, 1e300};
	McForwardSource known[3] = {MC_FORWARD_QUOTED, MC_FORWARD_NONE, MC_FORWARD_QUOTED};
	McForwardSource none[2] = {MC_FORWARD_NONE, MC_FORWARD_NONE};

	mc_chain_carry(t, f, s, 6);
	check(f[0] == 100 && f[4] == 120 && f[5] == 120, "outside: that of the nearest");
	check_close(f[2], 100 * pow(1.2, 2.0 / 3), 1e-14, "between: constant carry");
	check(s[0] == MC_FORWARD_CARRIED && s[1] == MC_FORWARD_QUOTED && s[2] == MC_FORWARD_CARRIED &&
	          s[3] == MC_FORWARD_PARITY && s[5] == MC_FORWARD_CARRIED,
	      "and they say so");
	mc_chain_carry(t, extreme, known, 3);
	check_close(extreme[1], 1e-100, 1e-13, "between the smallest and the largest");
	mc_chain_carry(t, f, none, 2);
	check(none[0] == MC_FORWARD_NONE && none[1] == MC_FORWARD_NONE, "none to carry");
	mc_chain_carry(t, f, none, 0);
}

static void
test_vols(const McChainSettings *settings)
{
	McOptionQuote q[40];
	double off = 0;
	double inside = 1;
	bool sides = true;
	size_t used;
	size_t counted = 0;

	fill(q, 20, 98.7654321, 0.4, settings, 0.01);
	used = mc_chain_vols(q, 40, 0.4, 98.7654321, settings);
	for (int i = 0; i < 40; i++)
	{
		off = fmax(off, fabs(q[i].vol - 0.6));
		off = fmax(off, fabs(q[i].k - log(q[i].strike / 98.7654321)));
		if (q[i].problem != MC_QUOTE_USED)
		{
			sides &= q[i].problem == MC_QUOTE_OTHER_SIDE || q[i].problem == MC_QUOTE_OUTSIDE;
			continue;
		}
		counted++;
		inside = fmin(inside, fmin(q[i].ask_vol - q[i].vol, q[i].vol - q[i].bid_vol));
		sides &= q[i].call == (q[i].strike > 98.7654321);
	}
	check(used == 20 && counted == 20, "one quote of each strike");
	check(off < 1e-12, "vols of the prices: %g", off);
	check(inside > 0, "between those of bid and ask");
	check(sides, "1 %% of a price is tighter out of the money");
	/* the side in the money may be the tighter one */
	fill(q, 20, 98.7654321, 0.4, settings, 0.01);
	q[0].bid *= 0.8;
	q[0].ask *= 1.2;
	q[1].bid = q[1].ask = (q[1].bid + q[1].ask) / 2;
	mc_chain_vols(q, 40, 0.4, 98.7654321, settings);
	check(q[1].problem == MC_QUOTE_USED && q[0].problem == MC_QUOTE_OTHER_SIDE,
	      "the tighter side, in the money too");
	/* beyond the bounds */
	fill(q, 20, 98.7654321, 0.4, settings, 0.01);
	q[5].bid = q[5].ask =
	    0.5 * (settings->coin ? 1 - q[5].strike / 98.7654321 : 98.7654321 - q[5].strike);
	q[8].bid = q[8].ask = 1e6;
	q[12].problem = MC_QUOTE_STALE;
	mc_chain_vols(q, 40, 0.4, 98.7654321, settings);
	check(q[5].problem == MC_QUOTE_OUTSIDE, "below the intrinsic value");
	check(q[8].problem == MC_QUOTE_OUTSIDE, "above the upper bound");
	check(q[12].problem == MC_QUOTE_STALE && q[13].problem == MC_QUOTE_USED,
	      "a problem stays, the other side is used");
}

static void
test_absurd(void)
{
	McOptionQuote q = quote(100, true, 0.9, 0.9, NAN);

	check(mc_chain_vols(&q, 1, 1.0 / 365, 100, &coin) == 0 && q.problem == MC_QUOTE_ABSURD,
	      "a vol of %g is absurd", q.vol);
	/* a forward as small as they come */
	q = quote(24.8, true, 0.5, 0.5, NAN);
	mc_chain_vols(&q, 1, 10, 3e-308, &coin);
	check_close(q.k, log(24.8) - log(3e-308), 1e-14,
	            "ln(strike / forward) where the quotient is no double");
	q = quote(1e300, false, 0.5, 0.5, NAN);
	mc_chain_vols(&q, 1, 10, 1e-300, &coin);
	check(isfinite(q.k), "the other way too");
}

/* half the median half spread; with the fourth root of wider ones */
static void
test_scales(void)
{
	const double half[7] = {0.01, 0.02, 0.02, 0.001, 0.02, 0.5, NAN};
	const double marks[3] = {NAN, NAN, NAN};
	double work[7];
	double scales[7];
	double median = mc_chain_scales(half, 7, work, scales);

	check_close(median, 0.02, 1e-15, "the median half spread");
	for (int i = 0; i < 6; i++)
		check_close(pow(scales[i] / 0.01, 8), 1 + pow(half[i] / 0.01, 2), 1e-14, "the scale");
	check(scales[3] >= 0.01, "no scale below half the median: %g", scales[3]);
	check_close(scales[5] / 0.01, pow(50, 0.25), 1e-3, "a wide one counts by its fourth root");
	check(scales[6] > 0 && isfinite(scales[6]), "a mark has one: %g", scales[6]);
	check(isnan(mc_chain_scales(marks, 3, work, scales)) && scales[0] > 0 && scales[0] == scales[2],
	      "marks alone: equal scales");
	check(isnan(mc_chain_scales(marks, 0, work, scales)), "no quote");
	check(mc_chain_scales((const double[]){0, 0, 0}, 3, work, scales) == 0 && scales[0] > 0,
	      "locked markets have scales too: %g", scales[0]);
}

void
test_option_chain(void)
{
	test_judge();
	test_texts();
	test_parity(&coin);
	test_parity(&currency);
	test_weights();
	test_carry();
	test_vols(&coin);
	test_vols(&currency);
	test_absurd();
	test_scales();
}
