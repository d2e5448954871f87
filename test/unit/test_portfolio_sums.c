/*
 * test_portfolio_sums.c
 *	  The bits of sums and tails of an account whatever their length, what must not change its margin,
 *	  polls, and the ends of the range of doubles.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "kernel/tail.h"
#include "portfolio_accounts.h"

/* Sums one product after the other, and ES of all losses, to the bit. */
static bool
same_bits(const Account *a, const McPortfolioMargin *margin)
{
	static double plain[SCENARIOS];
	static double largest[5 * SCENARIOS];
	size_t scenarios = a->method.scenarios;
	bool good = true;

	for (size_t s = 0; s < scenarios; s++)
	{
		plain[s] = 0;
		for (size_t i = 0; i < a->n; i++)
			plain[s] += a->holdings[i].quantity * a->risks[i].pnl[s];
	}
	good = memcmp(plain, pnl, scenarios * sizeof(double)) == 0;
	for (int r = 0; r < MC_REQUIREMENTS; r++)
	{
		McTailRank rank = mc_tail_rank(scenarios, a->method.confidence[r]);
		double var;
		double es;

		mc_tail_largest(plain, scenarios, -1, mc_tail_depth(&rank), largest, NULL);
		mc_tail_measures(largest, &rank, &var, &es);
		good &= margin->scan[r] == fmax(0, a->method.measure == MC_PORTFOLIO_ES ? es : var);
	}
	return good;
}

static void
test_bits(void)
{
	static const size_t lengths[] = {1,  2,  15,  16,  17,   31,   32,   33,   63,   64,
	                                 65, 99, 250, 999, 1000, 4095, 4096, 4097, 10000};
	static const double confidences[] = {.3, .5, .9, .97, .975, .99, .999};
	UnitRandom random = {7};
	McPortfolioMargin margin;
	size_t wrong = 0;
	size_t done = 0;

	for (size_t l = 0; l < sizeof(lengths) / sizeof(lengths[0]); l++)
		for (size_t c = 0; c < 7; c++)
			for (size_t n = 0; n <= 9; n++)
			{
				make_account(&random, &account, lengths[l], true);
				account.n = n;
				for (size_t i = 0; i < n; i++)
					make_risk(&random, &account, i, true);
				account.method.components = 0;
				account.method.roles = NULL;
				account.method.has_offset_share = false;
				account.method.measure = n % 2 ? MC_PORTFOLIO_ES : MC_PORTFOLIO_VAR;
				account.method.confidence[MC_INITIAL] = confidences[c];
				account.method.factor[0] = account.method.factor[1] = 1;
				/* what lies behind the arrays */
				if (lengths[l] < SCENARIOS)
					pnl[lengths[l]] = work[lengths[l]] = 12345;
				run(&account, &margin);
				wrong += !same_bits(&account, &margin);
				if (lengths[l] < SCENARIOS)
					wrong += pnl[lengths[l]] != 12345 || work[lengths[l]] != 12345;
				done++;
			}
	check(wrong == 0, "bits of sums and tails of %zu accounts, %zu differ", done, wrong);
}

/* Is every number of the second margin the first one times the factor? */
static bool
is_multiple(const McPortfolioMargin *a, const McPortfolioMargin *b, double factor)
{
	bool good = b->value == factor * a->value && b->notional == factor * a->notional &&
	            b->delta == factor * a->delta && b->vega == factor * a->vega &&
	            b->worst_pnl == factor * a->worst_pnl && b->worst == a->worst;

	for (int r = 0; r < MC_REQUIREMENTS; r++)
		good &=
		    b->scan[r] == factor * a->scan[r] && b->requirement[r] == factor * a->requirement[r];
	return good;
}

static void
scale(Account *a, double factor)
{
	for (size_t i = 0; i < a->n; i++)
		a->holdings[i].quantity *= factor;
}

/* Put a holding of quantity 0 of its own terms among the others. */
static void
add_nothing(Account *a, UnitRandom *random)
{
	static McUnitRisk extra;
	size_t at = below(random, a->n + 1);

	extra = a->risks[at < a->n ? at : a->n - 1];
	extra.confidence = 0;
	extra.group = at < a->n ? extra.group : 99; /* of the last underlying */
	extra.long_discount = at < a->n ? extra.long_discount : .5;
	memmove(&a->holdings[at + 1], &a->holdings[at], (a->n - at) * sizeof(McHolding));
	a->holdings[at] = (McHolding){0, &extra};
	a->n++;
}

/* Two halves of the first holding. */
static void
split_first(Account *a)
{
	memmove(&a->holdings[1], &a->holdings[0], a->n * sizeof(McHolding));
	a->holdings[0].quantity /= 2;
	a->holdings[1].quantity /= 2;
	a->n++;
}

/* Turn the holdings of every group around. */
static void
reverse_groups(Account *a)
{
	for (size_t start = 0, end; start < a->n; start = end)
	{
		for (end = start; end < a->n &&
		                  a->holdings[end].risk->group == a->holdings[start].risk->group &&
		                  a->holdings[end].risk->underlying == a->holdings[start].risk->underlying;)
			end++;
		for (size_t i = start, j = end; i + 1 < j; i++)
		{
			McHolding h = a->holdings[i];

			a->holdings[i] = a->holdings[--j];
			a->holdings[j] = h;
		}
	}
}

static bool
close_margins(const McPortfolioMargin *a, const McPortfolioMargin *b)
{
	return near(a->requirement[0], b->requirement[0]) &&
	       near(a->requirement[1], b->requirement[1]) && near(a->scan[0], b->scan[0]) &&
	       near(a->scan[1], b->scan[1]);
}

static void
test_invariances(void)
{
	UnitRandom random = {99};
	size_t accounts = unit_repeats(5000, 200);
	size_t wrong[5] = {0};

	for (size_t k = 0; k < accounts; k++)
	{
		McPortfolioMargin first;
		McPortfolioMargin other;

		make_account(&random, &account, 1 + below(&random, 50), unit_uniform(&random) < .5);
		if (account.n == 0 || account.n >= INSTRUMENTS - 1)
			continue;
		run(&account, &first);
		scale(&account, -1);
		scale(&account, -1);
		run(&account, &other);
		wrong[0] += !is_multiple(&first, &other, 1);
		scale(&account, 2);
		run(&account, &other);
		wrong[1] += !is_multiple(&first, &other, 2);
		scale(&account, .5);
		add_nothing(&account, &random);
		run(&account, &other);
		wrong[2] += !is_multiple(&first, &other, 1);
		split_first(&account);
		run(&account, &other);
		wrong[3] += !close_margins(&first, &other);
		reverse_groups(&account);
		run(&account, &other);
		wrong[4] += !close_margins(&first, &other);
	}
	check(wrong[0] == 0, "negated twice, %zu changed", wrong[0]);
	check(wrong[1] == 0, "doubled, %zu are not twice", wrong[1]);
	check(wrong[2] == 0, "a quantity of 0 more, %zu changed", wrong[2]);
	check(wrong[3] == 0, "one instrument in two halves, %zu changed", wrong[3]);
	check(wrong[4] == 0, "in another order, %zu changed", wrong[4]);
}

/* The worst loss and ES of a sum are not above the sum of those of its parts. */
static void
test_subadditive(void)
{
	UnitRandom random = {5};
	size_t accounts = unit_repeats(5000, 200);
	size_t wrong = 0;

	for (size_t k = 0; k < accounts; k++)
	{
		McPortfolioMargin whole;
		McPortfolioMargin parts[2];
		size_t n;

		make_account(&random, &account, 1 + below(&random, 50), true);
		if (account.method.measure == MC_PORTFOLIO_VAR)
			account.method.measure = MC_PORTFOLIO_ES;
		account.method.components = 0;
		run(&account, &whole);
		n = account.n;
		account.n = below(&random, n + 1);
		run(&account, &parts[0]);
		memmove(account.holdings, account.holdings + account.n,
		        (n - account.n) * sizeof(McHolding));
		account.n = n - account.n;
		run(&account, &parts[1]);
		wrong += whole.scan[0] > (parts[0].scan[0] + parts[1].scan[0]) * (1 + 1e-12);
	}
	check(wrong == 0, "subadditive, %zu are not", wrong);
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
	UnitRandom random = {3};
	Countdown countdown = {1000000, 0};
	McPoll poll = {count_down, &countdown};
	McHolding many[200];
	McPortfolioMargin margin;
	int all;
	int stopped = 0;

	make_account(&random, &account, SCENARIOS, true);
	account.n = INSTRUMENTS;
	for (size_t i = 0; i < INSTRUMENTS; i++)
		make_risk(&random, &account, i, i % 2 == 0);
	account.method.roles = account.roles;
	for (size_t s = 0; s < SCENARIOS; s++)
		account.roles[s] = (McScenarioRole){1, true, s % 2 == 0};
	check(mc_portfolio_margin(account.holdings, account.n, &account.method, pnl, work, NULL,
	                          &margin, &poll) == MC_OK,
	      "polled, without amounts");
	all = countdown.asked;
	check(all >= 4, "polled %d times", all);
	for (int i = 0; i < all; i++)
	{
		countdown.left = i;
		stopped += mc_portfolio_margin(account.holdings, account.n, &account.method, pnl, work,
		                               amounts, &margin, &poll) == MC_STOPPED;
	}
	check(stopped == all, "stopped by each of them: %d", stopped);
	/* 200 holdings of 4,000 scenarios are 800,000 steps */
	for (size_t i = 0; i < 200; i++)
		many[i] = (McHolding){1, &account.risks[0]};
	account.method.scenarios = 4000;
	account.method.components = 0;
	account.method.roles = NULL;
	countdown = (Countdown){1000000, 0};
	mc_portfolio_margin(many, 200, &account.method, pnl, work, NULL, &margin, &poll);
	check(countdown.asked >= 10, "polled while holdings pass: %d times", countdown.asked);
}

/* An infinite profit that a share of 0 leaves out. */
static void
test_ends_of_shares(void)
{
	static const double huge[2] = {10, -10};
	static const double small[2] = {-1, 1};
	McUnitRisk risks[2] = {
	    {.pnl = huge, .long_discount = 1, .short_discount = 1},
	    {.pnl = small, .underlying = 1, .long_discount = 1, .short_discount = 1}};
	McHolding holdings[2] = {{1e307, &risks[0]}, {1e306, &risks[1]}};
	McPortfolioMethod method = {.scenarios = 2, .factor = {1, 1}, .has_offset_share = true};
	McPortfolioMargin margin;

	check(mc_portfolio_margin(holdings, 2, &method, pnl, work, NULL, &margin, NULL) == MC_OK &&
	          margin.scan[0] == 1e308 && pnl[0] == -1e306,
	      "no offset at the end of the range");
	holdings[0].quantity = 1e308;
	check(mc_portfolio_margin(holdings, 2, &method, pnl, work, NULL, &margin, NULL) == MC_OVERFLOW,
	      "an infinite profit without offset");
	method.scenarios = 1;
	check(mc_portfolio_margin(holdings, 2, &method, pnl, work, NULL, &margin, NULL) == MC_OVERFLOW,
	      "though it would not count");
}

static void
test_ends(void)
{
	static const double huge[2] = {10, -10};
	static const double tiny[2] = {-1e-300, 1e-300};
	McUnitRisk risk = {.pnl = huge, .long_discount = 1, .short_discount = 1, .kind = MC_OPTION};
	McHolding holdings[2] = {{1e308, &risk}, {-1e308, &risk}};
	McComponent component = {.kind = MC_COMPONENT_DELTA_MINIMUM, .rate = {1, 1}};
	McScenarioRole roles[2] = {{1, false, true}, {1, false, false}};
	McPortfolioMethod method = {.scenarios = 2, .factor = {1, 1}, .component = &component};
	McPortfolioMargin margin;

#define RUN(n) mc_portfolio_margin(holdings, n, &method, pnl, work, amounts, &margin, NULL)
	check(RUN(1) == MC_OVERFLOW, "a product that is infinite");
	check(RUN(2) == MC_OVERFLOW, "a difference of infinite ones");
	method.roles = roles;
	holdings[0].quantity = 1e307;
	check(RUN(1) == MC_OVERFLOW || margin.scan[0] == 1e308, "near the end of the range");
	holdings[0].quantity = 1e308;
	check(RUN(1) == MC_OVERFLOW, "with roles");
	method.roles = NULL;
	risk.pnl = tiny;
	check(RUN(1) == MC_OK && margin.scan[0] == 1e308 * 1e-300, "large times small");
	risk.base = 10;
	check(RUN(1) == MC_OVERFLOW, "a value that is infinite");
	risk.base = 0;
	risk.delta = 10;
	check(RUN(1) == MC_OVERFLOW, "a delta that is infinite");
	risk.delta = 0;
	risk.notional = 10;
	check(RUN(1) == MC_OVERFLOW, "a notional that is infinite");
	risk.notional = 0;
	risk.vega = 10;
	check(RUN(1) == MC_OVERFLOW, "a vega that is infinite");
	risk.vega = 0;
	risk.delta = 1;
	component.rate[MC_MAINTENANCE] = 10;
	method.components = 1;
	check(RUN(1) == MC_OVERFLOW, "a component that is infinite");
	component.rate[MC_MAINTENANCE] = 1;
	check(RUN(1) == MC_OK && margin.requirement[0] == 1e308, "a component at the end of the range");
	method.factor[MC_MAINTENANCE] = INFINITY;
	check(RUN(1) == MC_OVERFLOW, "a scan that is infinite");
	method.factor[MC_MAINTENANCE] = 1;
	check(RUN(0) == MC_OK && margin.requirement[0] == 0 && margin.requirement[1] == 0 &&
	          margin.scan[0] == 0 && margin.worst == 2 && margin.worst_pnl == 0 &&
	          margin.value == 0 && margin.notional == 0 && margin.delta == 0 && margin.vega == 0 &&
	          amounts[0][0] == 0 && pnl[0] == 0 && pnl[1] == 0,
	      "no holdings");
#undef RUN
}

/* A profit or a sum of one side that is infinite, where the answer would not show it. */
static void
test_hidden_infinities(void)
{
	static double zeros[40];
	McUnitRisk risk = {.pnl = zeros, .long_discount = 1, .short_discount = 1, .delta = 1};
	McHolding holdings[4] = {{1e308, &risk}, {-1e308, &risk}, {1e308, &risk}, {-1e308, &risk}};
	McComponent component = {.kind = MC_COMPONENT_DELTA_MINIMUM, .rate = {1, 1}};
	McScenarioRole roles[40];
	McPortfolioMethod method = {
	    .scenarios = 40, .factor = {1, 1}, .components = 1, .component = &component};
	McPortfolioMargin margin;
	int found = 0;

	check(mc_portfolio_margin(holdings, 4, &method, pnl, work, amounts, &margin, NULL) ==
	          MC_OVERFLOW,
	      "infinite deltas of both sides");
	for (int s = 0; s < 40; s++)
		roles[s] = (McScenarioRole){1, false, s % 2 == 0};
	method.components = 0;
	for (int s = 0; s < 80; s++)
	{
		method.roles = s < 40 ? NULL : roles;
		zeros[s % 40] = 10;
		found += mc_portfolio_margin(holdings, 1, &method, pnl, work, amounts, &margin, NULL) ==
		         MC_OVERFLOW;
		zeros[s % 40] = 0;
	}
	check(found == 80, "an infinite profit in any scenario: %d", found);
}

void
test_portfolio_sums(void)
{
	test_bits();
	test_invariances();
	test_subadditive();
	test_stop();
	test_ends();
	test_ends_of_shares();
	test_hidden_infinities();
}
