/*
 * test_portfolio_contributions.c
 *	  Contributions to the margin of an account: they add up, are the derivatives by central differences
 *	  where there is one, grow with the account, and are what the header says at ties.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "kernel/portfolio_contributions.h"
#include "portfolio_accounts.h"

static double shares[INSTRUMENTS][MC_REQUIREMENTS];
static McPortfolioMargin margin;

static McStatus
contribute(const Account *a)
{
	return mc_portfolio_contributions(a->holdings, a->n, &a->method, pnl, work, amounts, &margin,
	                                  shares, NULL);
}

/* Sum, and the size of what was added up. */
static long double
total(size_t n, int r, long double *size)
{
	long double sum = 0;

	*size = 0;
	for (size_t i = 0; i < n; i++)
	{
		sum += shares[i][r];
		*size += fabsl((long double) shares[i][r]);
	}
	return sum;
}

/* Only some components, so that each of them, minimums too, is the margin of some account. */
static void
choose_components(UnitRandom *random, Account *a)
{
	size_t kept = 0;

	for (size_t c = 0; c < a->method.components; c++)
		if (unit_uniform(random) < .4)
			a->components[kept++] = a->components[c];
	a->method.components = kept;
	for (size_t c = 0; c < kept; c++)
		if (unit_uniform(random) < .2)
			a->components[c].rate[0] *= 50;
}

static void
test_sums(void)
{
	UnitRandom random = {77};
	size_t accounts = unit_repeats(20000, 500);
	size_t wrong = 0;
	size_t unlike = 0;
	McPortfolioMargin alone;

	for (size_t k = 0; k < accounts; k++)
	{
		make_account(&random, &account, 1 + below(&random, 60), unit_uniform(&random) < .4);
		choose_components(&random, &account);
		if (run(&account, &alone) != MC_OK || contribute(&account) != MC_OK)
		{
			wrong++;
			continue;
		}
		unlike += memcmp(&alone, &margin, sizeof(margin)) != 0;
		for (int r = 0; r < MC_REQUIREMENTS; r++)
		{
			long double size;
			long double sum = total(account.n, r, &size);

			wrong += fabsl(sum - margin.requirement[r]) > 1e-13L * (size + margin.requirement[r]);
		}
	}
	check(unlike == 0, "the margin beside contributions is the margin, %zu are not", unlike);
	check(wrong == 0, "contributions of %zu accounts add up, %zu do not", accounts, wrong);
}

static double
margin_at(Account *a, size_t i, double quantity, int r)
{
	McPortfolioMargin moved;
	double before = a->holdings[i].quantity;

	a->holdings[i].quantity = quantity;
	run(a, &moved);
	a->holdings[i].quantity = before;
	return moved.requirement[r];
}

typedef struct Differences
{
	size_t smooth;
	size_t kinks;
	size_t wrong;
} Differences;

/* Margin is piecewise linear: no second difference, no kink between. */
static void
compare_slopes(Account *a, Differences *found)
{
	const double step = 0x1p-18;

	for (size_t i = 0; i < a->n; i++)
		for (int r = 0; r < MC_REQUIREMENTS; r++)
		{
			double q = a->holdings[i].quantity;
			double up = (margin_at(a, i, q * (1 + step), r) - margin.requirement[r]) / step;
			double down = (margin.requirement[r] - margin_at(a, i, q * (1 - step), r)) / step;

			if (fabs(up - down) > 1e-8 * (1 + margin.requirement[r]))
				found->kinks++;
			else
			{
				found->smooth++;
				found->wrong +=
				    fabs(shares[i][r] - (up + down) / 2) > 1e-8 * (1 + margin.requirement[r]);
			}
		}
}

static void
test_differences(void)
{
	UnitRandom random = {78};
	size_t accounts = unit_repeats(4000, 100);
	Differences found = {0, 0, 0};

	for (size_t k = 0; k < accounts; k++)
	{
		make_account(&random, &account, 1 + below(&random, 60), unit_uniform(&random) < .4);
		choose_components(&random, &account);
		contribute(&account);
		compare_slopes(&account, &found);
	}
	check(found.wrong == 0, "central differences: %zu of %zu differ", found.wrong, found.smooth);
	check(found.kinks < found.smooth / 10, "and %zu kinks", found.kinks);
}

/* Each kind of component alone, which no other hides. */
static void
test_components(void)
{
	UnitRandom random = {79};
	size_t accounts = unit_repeats(500, 20);

	for (int kind = 0; kind < MC_COMPONENT_KINDS; kind++)
	{
		Differences found = {0, 0, 0};

		for (size_t k = 0; k < accounts; k++)
		{
			make_account(&random, &account, 20, false);
			account.method.components = 1;
			account.components[0] = account.components[kind];
			account.method.roles = account.roles;
			/* a contingency needs a factor to count; the others are looked at without a loss */
			account.components[0].rate[0] += 1;
			if (kind != MC_COMPONENT_CONTINGENCY)
				account.method.factor[0] = account.method.factor[1] = 0;
			contribute(&account);
			compare_slopes(&account, &found);
		}
		check(found.wrong == 0 && found.smooth > 0, "component %d: %zu of %zu differ, %zu kinks",
		      kind, found.wrong, found.smooth, found.kinks);
	}
}

static void
test_scaling(void)
{
	UnitRandom random = {80};
	size_t accounts = unit_repeats(3000, 100);
	size_t wrong = 0;
	static double first[INSTRUMENTS][MC_REQUIREMENTS];

	for (size_t k = 0; k < accounts; k++)
	{
		make_account(&random, &account, 1 + below(&random, 60), unit_uniform(&random) < .4);
		contribute(&account);
		memcpy(first, shares, sizeof(first));
		for (size_t i = 0; i < account.n; i++)
			account.holdings[i].quantity *= 4;
		contribute(&account);
		for (size_t i = 0; i < account.n; i++)
			for (int r = 0; r < MC_REQUIREMENTS; r++)
				wrong += shares[i][r] != 4 * first[i][r];
	}
	check(wrong == 0, "contributions to four times the account, %zu are not four times", wrong);
}

/* Losses and quantities of few values, so that most margins are at kinks: of a convex one the contributions lie
 * between the slopes of both sides. */
static void
test_subgradients(void)
{
	UnitRandom random = {81};
	size_t accounts = unit_repeats(3000, 100);
	const double step = 0x1p-20;
	size_t kinks = 0;
	size_t wrong = 0;

	for (size_t k = 0; k < accounts; k++)
	{
		make_account(&random, &account, 1 + below(&random, 20), true);
		account.method.components = 0;
		account.method.measure = k % 2 ? MC_PORTFOLIO_ES : MC_PORTFOLIO_WORST;
		for (size_t s = 0; s < account.method.scenarios; s++)
		{
			account.roles[s] = (McScenarioRole){1, below(&random, 4) == 0, false};
			for (size_t i = 0; i < account.n; i++)
				profits[i][s] = (double) below(&random, 5) - 2;
		}
		for (size_t i = 0; i < account.n; i++)
			account.holdings[i].quantity = (double) below(&random, 5) - 2;
		contribute(&account);
		for (size_t i = 0; i < account.n; i++)
		{
			double q = account.holdings[i].quantity;
			double now = margin.requirement[0];
			double up = (margin_at(&account, i, q * (1 + step), 0) - now) / step;
			double down = (now - margin_at(&account, i, q * (1 - step), 0)) / step;

			kinks += up - down > 1e-6;
			wrong += shares[i][0] < down - 1e-7 || shares[i][0] > up + 1e-7;
		}
	}
	check(kinks > accounts, "%zu kinks", kinks);
	check(wrong == 0, "between the slopes of both sides, %zu are not", wrong);
}

/* n positions of one contract each, of their own groups and of one underlying. */
static void
hold(Account *a, size_t n, size_t scenarios)
{
	memset(a, 0, sizeof(*a));
	a->n = n;
	a->method =
	    (McPortfolioMethod){.scenarios = scenarios, .factor = {1, 2}, .component = a->components};
	for (size_t i = 0; i < n; i++)
	{
		a->risks[i] = (McUnitRisk){.pnl = profits[i],
		                           .group = (long long) i,
		                           .long_discount = 1,
		                           .short_discount = 1,
		                           .kind = MC_PERPETUAL,
		                           .confidence = 1};
		a->holdings[i] = (McHolding){1, &a->risks[i]};
		memset(profits[i], 0, scenarios * sizeof(double));
	}
}

/* A loss of 10 of the first in one scenario, of the second in another; the third gains in one. */
static void
test_worst_ties(void)
{
	hold(&account, 3, 3);
	profits[0][1] = profits[1][2] = -10;
	profits[2][0] = 5;
	contribute(&account);
	check(shares[0][0] == 5 && shares[1][0] == 5 && shares[2][0] == 0, "two worst scenarios");
	check(shares[0][1] == 10 && shares[1][1] == 10, "times the factor");
	profits[0][2] = 1;
	contribute(&account);
	check(shares[0][0] == 10 && shares[1][0] == 0, "one of them is worse");
	profits[0][1] = profits[1][2] = 3;
	contribute(&account);
	check(shares[0][0] == 0 && shares[2][0] == 0 && margin.requirement[0] == 0, "no loss");
	memset(profits[0], 0, 3 * sizeof(double));
	memset(profits[1], 0, 3 * sizeof(double));
	contribute(&account);
	check(shares[0][0] == 0 && shares[2][0] == 0, "a worst of 0 is no loss");
}

/* Losses 8 6 6 6 2 0 0 0 0 0: of ES at 75 % two and a half count, of which one and a half are of the three 6. */
static void
test_tail_ties(void)
{
	static const double loss[10] = {6, 0, 8, 0, 6, 2, 0, 0, 6, 0};
	size_t order[3] = {0, 4, 8};

	hold(&account, 4, 10);
	account.method.measure = MC_PORTFOLIO_ES;
	account.method.confidence[0] = .75;
	account.method.confidence[1] = .85;
	profits[3][2] = -8;
	for (int i = 0; i < 3; i++)
		profits[i][order[i]] = -6;
	profits[0][5] = -2;
	for (size_t s = 0; s < 10; s++)
		check(-(profits[0][s] + profits[1][s] + profits[2][s] + profits[3][s]) == loss[s],
		      "loss %zu", s);
	contribute(&account);
	check_close(margin.requirement[0], (8 + 1.5 * 6) / 2.5, 1e-15, "ES");
	check_close(shares[3][0], 8 / 2.5, 1e-15, "what is wholly in the tail");
	for (int i = 0; i < 3; i++)
	{
		check_close(shares[i][0], .5 * 6 / 2.5, 1e-15, "equals at the end of the tail count alike");
		check_close(shares[i][1], 2 * .5 / 3 * 6 / 1.5, 1e-14, "half a loss divided by three");
	}
	account.method.measure = MC_PORTFOLIO_VAR;
	contribute(&account);
	check(margin.requirement[0] == 6 && shares[3][0] == 0, "VaR is none of the larger losses");
	check_close(shares[1][0], 2, 1e-15, "it is of the equal ones");
	account.method.confidence[0] = .95;
	account.method.measure = MC_PORTFOLIO_ES;
	contribute(&account);
	check_close(shares[3][0], 8, 1e-15, "half a scenario in the tail");
	check(shares[0][0] == 0, "and no other");
	account.method.confidence[0] = .6;
	contribute(&account);
	check_close(shares[0][0], 6. / 4, 1e-15, "a tail that ends behind the equals");
	account.method.confidence[0] = .5;
	contribute(&account);
	check_close(shares[0][0], 8. / 5, 1e-15, "and one that ends with a single loss");
}

static void
test_skews_and_shares(void)
{
	McScenarioRole roles[2] = {{2, true, false}, {1, false, true}};

	hold(&account, 2, 2);
	account.method.roles = roles;
	profits[0][0] = 5;
	profits[1][0] = -3;
	profits[0][1] = -100;
	contribute(&account);
	check(shares[0][0] == 10 && shares[1][0] == 6, "both ways, each of its own group");
	account.risks[1].group = 0;
	contribute(&account);
	check(shares[0][0] == 10 && shares[1][0] == -6, "both ways, netted first");
	roles[0] = (McScenarioRole){1, false, false};
	account.method.has_offset_share = true;
	account.method.offset_share = .25;
	account.holdings[1].quantity = 3;
	account.risks[1].underlying = 1;
	contribute(&account);
	check(shares[0][0] == -1.25 && shares[1][0] == 9, "gains of another underlying in part");
	account.holdings[0].quantity = 3;
	account.holdings[1].quantity = 1;
	contribute(&account);
	check(margin.requirement[0] == 0 && shares[0][0] == 0, "gains that are larger in part");
	account.method.components = 1;
	account.components[0] =
	    (McComponent){.kind = MC_COMPONENT_CONTINGENCY, .rate = {1, .5}, .slope = 2};
	account.risks[0].years = .5;
	account.method.has_offset_share = false;
	account.risks[0].pnl = profits[0];
	contribute(&account);
	check(shares[0][0] == 600 && shares[1][0] == 0, "contingencies above the loss");
	check(shares[0][1] == 600, "times the factor");
	profits[0][0] = -200;
	contribute(&account);
	check(margin.requirement[0] == 603 && shares[0][0] == 600 && shares[1][0] == 3, "or below");
	profits[0][1] = -100.5;
	contribute(&account);
	check(margin.requirement[0] == 603 && shares[1][0] == 3, "just the loss: that stands");
	roles[1].both_ways = true;
	profits[0][0] = 5;
	profits[0][1] = 100;
	contribute(&account);
	check(shares[0][0] == 600, "one that goes both ways");
}

/* Where a group or an underlying is just at 0 and another loses. */
static void
test_kinks(void)
{
	McScenarioRole role = {1, true, false};

	hold(&account, 3, 1);
	account.holdings[1].quantity = -1;
	account.risks[1].group = 0;
	profits[0][0] = profits[1][0] = 5;
	profits[2][0] = -1;
	account.method.roles = &role;
	contribute(&account);
	check(shares[0][0] == 0 && shares[1][0] == 0 && shares[2][0] == 1, "both ways of nothing");
	role.both_ways = false;
	contribute(&account);
	check(shares[0][0] == -5 && shares[1][0] == 5, "one way");
	account.risks[2].underlying = 1;
	account.method.has_offset_share = true;
	account.method.offset_share = .25;
	contribute(&account);
	check(shares[0][0] == -1.25 && shares[1][0] == 1.25 && shares[2][0] == 1, "an underlying at 0");
	account.method.has_offset_share = false;
	account.risks[0].base = 10;
	account.risks[1].base = 3;
	profits[0][0] = -4;
	profits[1][0] = 3;
	account.risks[0].long_discount = account.risks[1].long_discount = .5;
	contribute(&account);
	check(shares[0][0] == 7 && shares[1][0] == 0, "a group that is worth 0");
	for (int i = 0; i < 2; i++)
	{
		account.risks[i].kind = MC_OPTION;
		account.risks[i].notional = 4;
	}
	account.method.components = 1;
	account.components[0] = (McComponent){.kind = MC_COMPONENT_NAKED_SHORT, .rate = {1, 1}};
	contribute(&account);
	check(shares[0][0] == 7 && shares[1][0] == 0, "a strike that is not short");
}

/* A minimum is the margin of those that cause it, whatever the losses; the last that raised it counts. */
static void
test_minimums(void)
{
	hold(&account, 3, 1);
	profits[0][0] = -7;
	account.risks[1].kind = account.risks[2].kind = MC_OPTION;
	account.holdings[1].quantity = -2;
	account.holdings[2].quantity = 5;
	account.risks[0].delta = 10;
	account.risks[1].delta = 3;
	account.method.components = 2;
	account.components[0] = (McComponent){.kind = MC_COMPONENT_SHORT_MINIMUM, .rate = {10, 1}};
	account.components[1] =
	    (McComponent){.kind = MC_COMPONENT_DELTA_MINIMUM, .rate = {1, 1}, .slope = .5};
	contribute(&account);
	check(margin.requirement[0] == 20, "a minimum");
	check(shares[0][0] == 0 && shares[1][0] == 20 && shares[2][0] == 0,
	      "of the options that are short");
	check(shares[0][1] == 14 && shares[1][1] == 0, "below the loss it is nothing");
	account.components[0].rate[0] = 3.5;
	contribute(&account);
	check(shares[0][0] == 7 && shares[1][0] == 0, "nor when it is just the loss");
	account.components[1].rate[0] = 8;
	contribute(&account);
	check(margin.requirement[0] == 8 * (4 + 3), "a minimum of deltas");
	check(shares[0][0] == 80 && shares[1][0] == -8 * 6 + 8 * .5 * 6, "net, and the hedge in part");
	account.holdings[0].quantity = .6;
	contribute(&account);
	check_close(shares[0][0], 8 * .5 * 6 / 2, 1e-15, "all is hedged: half of it each");
	check_close(shares[1][0], 8 * .5 * 6 / 2, 1e-15, "on both sides");
}

static void
test_ends(void)
{
	hold(&account, 2, 1);
	profits[0][0] = -1e308;
	profits[1][0] = 1e308;
	check(contribute(&account) == MC_OK && shares[0][0] == 0, "no loss at the end of the range");
	profits[1][0] = .5e308;
	check(contribute(&account) == MC_OVERFLOW,
	      "a margin that is finite, of contributions that are not");
	account.method.factor[1] = 1;
	check(contribute(&account) == MC_OK && shares[0][0] == 1e308, "of contributions that are");
	profits[1][0] = -1e308;
	check(contribute(&account) == MC_OVERFLOW, "a margin that is not");
	account.n = 0;
	check(contribute(&account) == MC_OK && margin.requirement[0] == 0, "no positions");
}

typedef struct Countdown
{
	int left;
	int asked;
} Countdown;

static bool
count_down(void *arg)
{
	Countdown *countdown = arg;

	countdown->asked++;
	return --countdown->left < 0;
}

static void
test_stop(void)
{
	UnitRandom random = {4};
	Countdown countdown = {1000000, 0};
	McPoll poll = {count_down, &countdown};
	int of_margin;
	int all;
	int stopped = 0;

	make_account(&random, &account, SCENARIOS, false);
	account.n = INSTRUMENTS;
	for (size_t i = 0; i < INSTRUMENTS; i++)
		make_risk(&random, &account, i, false);
	account.method.measure = MC_PORTFOLIO_ES;
	account.method.confidence[0] = account.method.confidence[1] = .01;
	account.method.components = 0;
	mc_portfolio_margin(account.holdings, account.n, &account.method, pnl, work, amounts, &margin,
	                    &poll);
	of_margin = countdown.asked;
	countdown = (Countdown){1000000, 0};
	mc_portfolio_contributions(account.holdings, account.n, &account.method, pnl, work, amounts,
	                           &margin, shares, &poll);
	all = countdown.asked;
	check(all >= of_margin + 2, "polled %d times, of which %d for the margin", all, of_margin);
	for (int i = 0; i < all; i++)
	{
		countdown.left = i;
		stopped += mc_portfolio_contributions(account.holdings, account.n, &account.method, pnl,
		                                      work, amounts, &margin, shares, &poll) == MC_STOPPED;
	}
	check(stopped == all, "stopped by each of them: %d", stopped);
}

void
test_portfolio_contributions(void)
{
	test_sums();
	test_differences();
	test_components();
	test_scaling();
	test_subgradients();
	test_worst_ties();
	test_tail_ties();
	test_skews_and_shares();
	test_kinks();
	test_minimums();
	test_ends();
	test_stop();
}
