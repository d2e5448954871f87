/*
 * test_portfolio.c
 *	  Margin of an account beside SPAN's and Derive's published numbers, cases by hand, sums and
 *	  measures recomputed in long double, and what must not change it.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/black.h"
#include "kernel/portfolio.h"
#include "kernel/tail.h"
#include "unit.h"

#define MOST 6000
#define PIECES 16

static double pnl[MOST];
static double work[2 * MOST];
static double amounts[PIECES][MC_REQUIREMENTS];
static McPortfolioMargin margin;

/* A contract that only has profits; a group of its own number. */
static McUnitRisk
plain_risk(const double *profits, long long group)
{
	return (McUnitRisk){.pnl = profits,
	                    .group = group,
	                    .long_discount = 1,
	                    .short_discount = 1,
	                    .kind = MC_PERPETUAL,
	                    .confidence = 1};
}

static McUnitRisk
option_risk(const double *profits, long long group, bool call, double strike)
{
	McUnitRisk risk = plain_risk(profits, group);

	risk.kind = MC_OPTION;
	risk.is_call = call;
	risk.strike = strike;
	return risk;
}

static McPortfolioMethod
worst_of(size_t scenarios)
{
	return (McPortfolioMethod){.scenarios = scenarios, .factor = {1, 1}};
}

static McStatus
run(const McHolding *holdings, size_t n, const McPortfolioMethod *method)
{
	return mc_portfolio_margin(holdings, n, method, pnl, work, amounts, &margin, NULL);
}

/* The amounts of one component alone, on contracts that lose nothing. */
static void
charge(const McHolding *holdings, size_t n, const McComponent *component)
{
	McPortfolioMethod method = worst_of(1);

	method.components = 1;
	method.component = component;
	check(run(holdings, n, &method) == MC_OK, "component %d", component->kind);
}

/* L. McMillan, Options as a Strategic Investment: long a future, short a call */
static void
test_span(void)
{
	static const double future[16] = {0,     0,     3330,  3330,  -3330,  -3330,  6670, 6670,
	                                  -6670, -6670, 10000, 10000, -10000, -10000, 7000, -7000};
	static const double short_call[16] = {-460, 610,  -2640, -1730, 1270, 2340, -5210, -4540,
	                                      2540, 3430, -8060, -7640, 3380, 3990, -3130, 1500};
	double call[16];
	McUnitRisk risks[2] = {plain_risk(future, 1), option_risk(call, 2, true, 410)};
	McHolding holdings[2] = {{1, &risks[0]}, {-1, &risks[1]}};
	McPortfolioMethod method = worst_of(16);

	for (int s = 0; s < 16; s++)
		call[s] = -short_call[s];
	check(run(holdings, 2, &method) == MC_OK, "SPAN");
	check_close(margin.scan[MC_INITIAL], 6620, 0, "SPAN scan risk");
	check_close(margin.requirement[MC_MAINTENANCE], 6620, 0, "SPAN requirement");
	check(margin.worst == 12 && margin.worst_pnl == -6620, "SPAN active scenario 13");
	check_close(pnl[0], -460, 0, "SPAN profit of the first scenario");
	check_close(pnl[15], -5500, 0, "SPAN profit of the last scenario");
}

/* docs.paradex.trade: 24 price moves in per cent, with their weights; vol does not matter here */
static void
test_paradex(void)
{
	static const double moves[24] = {16, -16, 12,  12,  8,   8,   4,  4,   0,   0,   -4,  -4,
	                                 -8, -8,  -12, -12, -66, -33, 50, 100, 200, 300, 400, 500};
	static const double tails[8] = {.24, .48, .32, .16, .08, .0533, .04, .032};
	McScenarioRole roles[24];
	double profits[24];
	McUnitRisk risk = plain_risk(profits, 0);
	McUnitRisk other;
	McHolding holdings[2] = {{3, &risk}, {-2, &other}};
	McComponent delta = {.kind = MC_COMPONENT_DELTA_MINIMUM, .rate = {.02, .01}, .slope = .5};
	McPortfolioMethod method = worst_of(24);

	for (int s = 0; s < 24; s++)
	{
		roles[s] = (McScenarioRole){.weight = s < 16 ? 1 : tails[s - 16]};
		profits[s] = 250 * moves[s] / 100;
	}
	risk.delta = 250;
	risk.notional = 250;
	other = risk;
	other.group = 1;
	method.roles = roles;
	method.components = 1;
	method.component = &delta;
	run(holdings, 1, &method);
	check_close(margin.scan[MC_INITIAL], 0.16 * 750, 1e-15, "Paradex: 16 %% of a long perpetual");
	check(margin.worst == 1, "Paradex: at -16 %%");
	check_close(amounts[0][MC_INITIAL], 0, 0, "the minimum is below");
	holdings[0].quantity = -3;
	run(holdings, 1, &method);
	check_close(margin.scan[MC_INITIAL], 0.16 * 750, 1e-15, "Paradex: 16 %% of a short perpetual");
	holdings[0].quantity = 3;
	for (int s = 0; s < 24; s++)
		roles[s].weight = 1e-9;
	run(holdings, 2, &method);
	check_close(margin.requirement[MC_INITIAL], .02 * 250 + .01 * 500, 1e-15,
	            "Paradex: 2 %% of the net and 1 %% of the hedged delta");
	check_close(margin.requirement[MC_MAINTENANCE], .01 * 250 + .005 * 500, 1e-15,
	            "the rates of maintenance");
	holdings[0].quantity = 2;
	run(holdings, 2, &method);
	check_close(margin.requirement[MC_INITIAL], .01 * 500, 1e-15, "all is hedged");
}

/* Test 12 of Derive's PMRM_2: a naked short call; its option and market */
#define STRIKE 100000.0
#define FORWARD 95776.67392708939
#define SPOT 95663.50604855
#define VOL 0.453803924321583
#define SECONDS 794852.0
#define YEARS (SECONDS / (365 * 86400.0))
#define RATE 0.15000000000000002

static double
derive_value(double factor, double vol)
{
	return exp(-RATE * YEARS) * mc_black76_price(true, FORWARD * factor, STRIKE, YEARS, vol);
}

/* Both skews have the same cap. */
static double
derive_skew(void)
{
	double root = sqrt(YEARS);
	double cap = 0.15 - 0.05 * root;
	double width = fmax(0.01, root * 4 * (0.6 - 0.1 * root));

	return derive_value(1, VOL * (1 + fmin(cap, log(STRIKE / FORWARD) * cap / width)));
}

static size_t
derive_scenarios(double *values, McScenarioRole *roles)
{
	static const double regular[] = {1.135, 1.09, 1.045, 1, .955, .91, .865};
	static const double tails[][2] = {{1.18, 1},
	                                  {.82, 1},
	                                  {.34, .054545454545454536},
	                                  {.67, .10909090909090907},
	                                  {1.5, .072},
	                                  {2, .036},
	                                  {3, .018},
	                                  {4, .012}};
	double range = pow(30 * 86400 / SECONDS, 0.3);
	double up = fmax(0.45, VOL * (1 + 0.5 * range));
	double down = VOL * (1 - 0.275 * range);
	size_t n = 0;

	for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++)
	{
		roles[n] = (McScenarioRole){.weight = tails[i][1]};
		values[n++] = derive_value(tails[i][0], up);
	}
	for (size_t i = 0; i < 21; i++)
	{
		roles[n] = (McScenarioRole){.weight = 1};
		values[n++] = derive_value(regular[i / 3], i % 3 == 0 ? up : (i % 3 == 1 ? VOL : down));
	}
	for (size_t i = 0; i < 2; i++)
	{
		roles[n] = (McScenarioRole){.weight = 1, .both_ways = true};
		values[n++] = derive_skew();
		roles[n] = (McScenarioRole){.weight = 1, .contingency = true};
		values[n++] = derive_value(i == 0 ? 1.045 : .955, VOL);
	}
	return n;
}

static void
test_derive(void)
{
	McComponent components[] = {
	    {.kind = MC_COMPONENT_NAKED_SHORT, .rate = {.005, .003}},
	    {.kind = MC_COMPONENT_CONTINGENCY, .rate = {.5, .5}, .slope = 4},
	    {.kind = MC_COMPONENT_CONFIDENCE, .rate = {1, 0}, .threshold = .55}};
	McScenarioRole roles[64];
	double profits[64];
	McUnitRisk risk = option_risk(profits, 0, true, STRIKE);
	McHolding holding = {-1, &risk};
	McPortfolioMethod method = {
	    .roles = roles, .factor = {1, .8}, .components = 3, .component = components};

	method.scenarios = derive_scenarios(profits, roles);
	risk.base = derive_value(1, VOL);
	for (size_t s = 0; s < method.scenarios; s++)
		profits[s] -= risk.base;
	risk.years = YEARS;
	risk.notional = SPOT;
	risk.confidence = .95;
	risk.long_discount = .95 * exp(-YEARS * (RATE + .08));
	risk.short_discount = fmin(exp(RATE * YEARS), 1.04 * exp(YEARS * (RATE / 2 + .08)));
	check(run(&holding, 1, &method) == MC_OK && margin.worst == 0, "Derive 12: spot and vol up");
	check_close(margin.value - margin.requirement[MC_INITIAL], -14604.048120144837, 1e-12,
	            "Derive 12: initial margin");
	check_close(margin.value - margin.requirement[MC_MAINTENANCE], -11824.858703959073, 1e-12,
	            "Derive 12: maintenance margin");
	check_close(pnl[0], -12939.312020443322, 1e-12, "Derive 12: largest loss");
	check_close(pnl[10], -7569.803983748365681095, 1e-12, "Derive 12: +13.5 %%, vol down");
	check_close(pnl[29], -43.43395259503018, 1e-9, "Derive 12: skew");
	check_close(pnl[12], -4456.996722228999715298, 1e-12, "Derive 12: +9 %%");
	check_close(amounts[1][MC_INITIAL], (.5 + 2 * YEARS) * (derive_value(1.045, VOL) - risk.base),
	            1e-12, "Derive 12: contingency without discount");
	components[1].rate[MC_INITIAL] = 20;
	run(&holding, 1, &method);
	check(margin.worst == method.scenarios && margin.worst_pnl == pnl[0], "contingency above it");
	check_close(margin.scan[MC_INITIAL],
	            20 * (1 + 4 * YEARS) * (derive_value(1.045, VOL) - risk.base), 1e-12,
	            "the contingency is the scan loss");
	check_close(margin.scan[MC_MAINTENANCE], .8 * 12939.312020443322, 1e-12,
	            "but not of maintenance");
}

static void
test_tail_measures(void)
{
	static const double profits[5] = {-4, -1, 0, -3, -2};
	static const double gains[5] = {4, 1, 0, 3, 2};
	McUnitRisk risk = plain_risk(profits, 0);
	McHolding holding = {1, &risk};
	McScenarioRole roles[5];
	McPortfolioMethod method = worst_of(5);

	method.measure = MC_PORTFOLIO_ES;
	method.confidence[MC_INITIAL] = .75;
	method.confidence[MC_MAINTENANCE] = .4;
	run(&holding, 1, &method);
	/* 1.25 losses: (4 + 3 / 4) / 1.25; three losses */
	check_close(margin.scan[MC_INITIAL], 3.8, 1e-15, "ES of 0 to 4 at 75 %%");
	check_close(margin.scan[MC_MAINTENANCE], 3, 1e-15, "ES at 40 %%");
	check(margin.worst == 0 && margin.worst_pnl == -4, "the worst beside ES");
	method.measure = MC_PORTFOLIO_VAR;
	run(&holding, 1, &method);
	check_close(margin.scan[MC_INITIAL], 3, 0, "VaR of 0 to 4 at 75 %%");
	check_close(margin.scan[MC_MAINTENANCE], 1, 0, "VaR at 40 %%");
	for (int s = 0; s < 5; s++)
		roles[s] = (McScenarioRole){.weight = s == 1 ? 10 : 1, .contingency = s == 0};
	method.roles = roles;
	method.factor[MC_MAINTENANCE] = .5;
	/* losses 10 3 2 0 */
	run(&holding, 1, &method);
	check_close(margin.scan[MC_INITIAL], 3, 0, "VaR with a weight, without the contingency");
	check_close(margin.scan[MC_MAINTENANCE], 1, 0, "half of 2");
	check(margin.worst == 1 && margin.worst_pnl == -10, "the worst is the weighted one");
	check(pnl[0] == -4 && pnl[1] == -10 && pnl[2] == 0 && pnl[3] == -3, "profits in the end");
	risk.pnl = gains;
	run(&holding, 1, &method);
	check(margin.scan[0] == 0 && margin.worst == 5 && margin.worst_pnl == 0, "no loss");
	for (int s = 0; s < 5; s++)
		roles[s].contingency = true;
	risk.pnl = profits;
	run(&holding, 1, &method);
	check(margin.scan[0] == 0 && margin.worst == 5, "nothing but contingencies");
}

/* Two groups with discounts, and a skew: 1 and -2 contracts of the first. */
static void
test_groups(void)
{
	static const double first[4] = {-4, 10, 6, 3};
	static const double second[4] = {1, 2, -9, -5};
	static const double nothing = 0;
	McScenarioRole roles[4] = {{1, false, false}, {.5, false, false}, {1, true, false}, {1, 0, 1}};
	McUnitRisk risks[2] = {option_risk(first, 0, true, 10), option_risk(second, 1, true, 10)};
	McHolding holdings[3] = {{1, &risks[0]}, {-2, &risks[0]}, {4, &risks[1]}};
	McComponent components[] = {
	    {.kind = MC_COMPONENT_CONTINGENCY, .rate = {1, .5}, .slope = 2},
	    {.kind = MC_COMPONENT_CONTINGENCY, .rate = {1, 1}, .kinds = 1U << MC_PERPETUAL}};
	McPortfolioMethod method = worst_of(4);

	for (int g = 0; g < 2; g++)
	{
		risks[g].base = 5;
		risks[g].years = g + .25;
		risks[g].long_discount = .75;
		risks[g].short_discount = 1.25;
	}
	method.roles = roles;
	method.components = 2;
	method.component = components;
	run(holdings, 3, &method);
	/* first group: value -5, then -1, -15, -11; second: 20, then 24, 28, -16 */
	check_close(pnl[0], (1.25 * -1 + 5) + (.75 * 24 - 20), 1e-15, "discounts of both signs");
	check_close(pnl[1], .5 * (1.25 * -15 + 5) + .5 * (.75 * 28 - 20), 1e-15, "weight");
	check_close(pnl[2], -fabs(1.25 * -11 + 5) - fabs(1.25 * -16 - 20), 1e-15, "both ways");
	check_close(pnl[3], -3 - 20, 1e-15, "a contingency is not discounted");
	check_close(amounts[0][MC_INITIAL], (1 + .5) * 3 + (1 + 2.5) * 20, 1e-15, "contingencies");
	check_close(amounts[0][MC_MAINTENANCE], (.5 + .25) * 3 + (.5 + 1.25) * 20, 1e-15,
	            "of maintenance");
	check(amounts[1][MC_INITIAL] == 0, "of other kinds of contract");
	check_close(margin.requirement[MC_INITIAL], 74.5, 1e-15, "instead of the scan loss");
	check_close(margin.scan[MC_MAINTENANCE], 48.75, 1e-15, "not of maintenance");
	check(margin.worst == 4 && margin.worst_pnl == -48.75, "no scenario is the worst");
	roles[2].both_ways = false;
	risks[1].long_discount = risks[1].short_discount = 1;
	run(holdings, 3, &method);
	check_close(pnl[2], (1.25 * -11 + 5) - 36, 1e-15, "one way, and a group without discounts");
	risks[0].short_discount = 1;
	run(holdings, 1, &method);
	check_close(pnl[2], .75 * 11 - 5, 1e-15, "a discount of long values alone");
	holdings[0].quantity = -1;
	risks[0].long_discount = 1;
	risks[0].short_discount = 2;
	run(holdings, 1, &method);
	check_close(pnl[2], -2 * 11 + 5, 1e-15, "a discount of short values alone");
	risks[0].short_discount = 1;
	roles[0].both_ways = true;
	run(holdings, 1, &method);
	check(pnl[0] == -4 && pnl[1] == -5, "both ways in the first scenario alone");
	method.scenarios = 1;
	risks[0].pnl = &nothing;
	run(holdings, 1, &method);
	check(pnl[0] == 0 && margin.worst == 1, "nothing earned is exactly 0");
}

static void
test_sizes(void)
{
	static const double nothing[1] = {0};
	McUnitRisk call = option_risk(nothing, 1, true, 100);
	McUnitRisk put = option_risk(nothing, 1, false, 100);
	McUnitRisk high = option_risk(nothing, 1, true, 120);
	McUnitRisk later = option_risk(nothing, 2, true, 100);
	McUnitRisk perpetual = plain_risk(nothing, 0);
	McHolding holdings[] = {{2, &perpetual}, {-3, &call}, {1, &high}, {1, &put}, {-.5, &later}};
	McComponent naked = {.kind = MC_COMPONENT_NAKED_SHORT, .rate = {.1, .05}};
	McComponent least = {.kind = MC_COMPONENT_SHORT_MINIMUM, .rate = {40, 20}};
	McComponent rate = {
	    .kind = MC_COMPONENT_NOTIONAL, .rate = {.02, .01}, .kinds = 1U << MC_PERPETUAL};
	McComponent delta = {.kind = MC_COMPONENT_DELTA_MINIMUM, .rate = {4, 4}, .slope = .5};
	McComponent vega = {.kind = MC_COMPONENT_VEGA, .rate = {.5, .25}};

	perpetual.notional = 50;
	call.notional = put.notional = high.notional = later.notional = 1000;
	charge(holdings, 5, &naked);
	check_close(amounts[0][MC_INITIAL], 250, 1e-15, "2 of a strike and a half of another group");
	check_close(margin.requirement[MC_MAINTENANCE], 125, 1e-15, "naked short, maintenance");
	check_close(margin.notional, 5600, 0, "notional of the account");
	charge(holdings, 5, &least);
	check_close(margin.requirement[MC_INITIAL], 140, 1e-15, "3.5 options are short");
	check_close(amounts[0][MC_MAINTENANCE], 70, 1e-15, "short minimum, maintenance");
	charge(holdings, 5, &rate);
	check_close(amounts[0][MC_INITIAL], 2, 1e-15, "notional of perpetuals");
	rate.kinds |= 1U << MC_OPTION;
	charge(holdings, 5, &rate);
	check_close(amounts[0][MC_MAINTENANCE], 56, 1e-15, "and of options");
	rate.kinds = 0;
	charge(holdings, 5, &rate);
	check_close(amounts[0][MC_MAINTENANCE], 56, 1e-15, "and of all of them");
	rate.kinds = 1U << MC_SPOT;
	charge(holdings, 5, &rate);
	check_close(amounts[0][MC_INITIAL], 0, 0, "and of none");
	call.vega = high.vega = put.vega = 10;
	later.vega = 30;
	/* -30 + 10 + 10 = -10 of one group and -15 of the other: nothing offsets */
	charge(holdings, 5, &vega);
	check_close(margin.requirement[MC_INITIAL], 0, 0, "vegas of one sign");
	holdings[4].quantity = 1;
	charge(holdings, 5, &vega);
	check_close(margin.requirement[MC_INITIAL], 5, 1e-15, "10 of vega offset 30");
	check_close(margin.requirement[MC_MAINTENANCE], 2.5, 1e-15, "vega, maintenance");
	check_close(margin.vega, 20, 0, "vega of the account");
	holdings[4].quantity = .5;
	charge(holdings, 5, &least);
	check_close(margin.requirement[MC_INITIAL], 120, 1e-15, "half a long option is not short");
	perpetual.delta = call.delta = .25;
	charge(holdings, 5, &delta);
	check_close(margin.requirement[MC_INITIAL], 2, 1e-15, "a half hedges three quarters");
}

static void
test_confidence(void)
{
	static const double nothing[1] = {0};
	McUnitRisk spot = plain_risk(nothing, 0);
	McUnitRisk future = plain_risk(nothing, 1);
	McUnitRisk call = option_risk(nothing, 2, true, 100);
	McUnitRisk put = option_risk(nothing, 2, false, 100);
	McUnitRisk later = option_risk(nothing, 3, true, 100);
	McHolding holdings[] = {{3, &spot}, {0, &future}, {-2, &call}, {1, &put}, {4, &later}};
	McComponent doubts = {.kind = MC_COMPONENT_CONFIDENCE, .rate = {.5, .25}, .threshold = .55};
	McComponent haircut = {.kind = MC_COMPONENT_HAIRCUT};

	spot.kind = MC_SPOT;
	spot.base = 100;
	spot.notional = 107;
	spot.confidence = .6;
	spot.haircut[MC_INITIAL] = .2;
	spot.haircut[MC_MAINTENANCE] = .1;
	future.kind = MC_FUTURE;
	call.notional = put.notional = later.notional = 1000;
	future.notional = 10;
	future.confidence = .25;
	put.confidence = .5;
	charge(holdings, 5, &doubts);
	check_close(amounts[0][MC_INITIAL], .5 * .5 * 3000, 1e-15, "a group with one doubtful price");
	put.confidence = .55;
	charge(holdings, 5, &doubts);
	check_close(amounts[0][MC_INITIAL], 0, 0, "a confidence at the threshold");
	put.confidence = .5;
	holdings[1].quantity = -1;
	charge(holdings, 5, &doubts);
	check_close(amounts[0][MC_INITIAL], .5 * .75 * (7000 + 10), 1e-15, "a doubtful hedge");
	check_close(margin.requirement[MC_MAINTENANCE], .25 * .75 * 7010, 1e-15,
	            "confidence, maintenance");
	put.confidence = .125;
	spot.confidence = .5;
	charge(holdings, 5, &doubts);
	check_close(amounts[0][MC_INITIAL], .5 * (.875 * 3000 + .75 * 4000 + .75 * 10 + .5 * 300),
	            1e-15, "each by its own");
	holdings[0].quantity = -3;
	charge(holdings, 5, &doubts);
	check_close(amounts[0][MC_INITIAL], .5 * (.875 * 3000 + .75 * 4010), 1e-15,
	            "spot that is owed");
	charge(holdings, 5, &haircut);
	check_close(margin.requirement[MC_INITIAL], 0, 0, "no haircut on spot that is owed");
	holdings[0].quantity = 3;
	charge(holdings, 5, &haircut);
	check_close(margin.requirement[MC_INITIAL], 60, 1e-15, "haircut");
	check_close(amounts[0][MC_MAINTENANCE], 30, 1e-15, "haircut, maintenance");
	check_close(margin.value, 300, 0, "value of the account");
	call.base = 7;
	charge(holdings, 5, &haircut);
	check_close(margin.requirement[MC_INITIAL], 60, 1e-15, "no haircut on options");
}

/* Contingencies that add up to just the scan loss do not take its place. */
static void
test_equal_contingency(void)
{
	static const double profits[2] = {-10, -10};
	static const McScenarioRole roles[2] = {{1, false, false}, {1, false, true}};
	McUnitRisk risk = plain_risk(profits, 0);
	McHolding holding = {1, &risk};
	McComponent halves[2] = {{.kind = MC_COMPONENT_CONTINGENCY, .rate = {.5, .5}},
	                         {.kind = MC_COMPONENT_CONTINGENCY, .rate = {.5, 1}}};
	McPortfolioMethod method = {
	    .scenarios = 2, .roles = roles, .factor = {1, 1}, .components = 2, .component = halves};

	run(&holding, 1, &method);
	check(margin.worst == 0 && margin.scan[MC_INITIAL] == 10, "contingencies equal to the loss");
	check(margin.scan[MC_MAINTENANCE] == 15, "contingencies add up");
	check(margin.requirement[MC_MAINTENANCE] == 15, "and are not added to the requirement");
	halves[0].rate[MC_INITIAL] = .625;
	run(&holding, 1, &method);
	check(margin.worst == 2 && margin.worst_pnl == -10, "contingencies above it");
}

/* Loss 10 times factors 2 and 1, 5 and 3 that add, and minimums. */
static void
test_order_of_components(void)
{
	static const double profit[1] = {10};
	McUnitRisk risk = option_risk(profit, 0, true, 1);
	McHolding short_one = {-1, &risk};
	McComponent components[] = {{.kind = MC_COMPONENT_SHORT_MINIMUM, .rate = {26, 2}},
	                            {.kind = MC_COMPONENT_DELTA_MINIMUM, .rate = {3, 2}},
	                            {.kind = MC_COMPONENT_NOTIONAL, .rate = {5, 3}}};
	McPortfolioMethod method = {
	    .scenarios = 1, .factor = {2, 1}, .components = 3, .component = components};

	risk.notional = 1;
	risk.delta = -10;
	run(&short_one, 1, &method);
	check_close(margin.scan[MC_INITIAL], 20, 0, "factor of the initial margin");
	check_close(margin.requirement[MC_INITIAL], 30, 0, "the largest minimum");
	check(amounts[0][MC_INITIAL] == 1 && amounts[1][MC_INITIAL] == 4 && amounts[2][MC_INITIAL] == 5,
	      "amounts add up to it");
	check_close(margin.requirement[MC_MAINTENANCE], 20, 0, "of maintenance");
	check(amounts[0][MC_MAINTENANCE] == 0 && amounts[1][MC_MAINTENANCE] == 7 &&
	          amounts[2][MC_MAINTENANCE] == 3,
	      "amounts of maintenance");
	check_close(margin.delta, 10, 0, "delta of the account");
	components[1].rate[MC_INITIAL] = 2;
	run(&short_one, 1, &method);
	check_close(margin.requirement[MC_INITIAL], 26, 0, "the first minimum is the larger");
	check(amounts[1][MC_INITIAL] == 0, "which the second does not raise");
}

/* Gains of an underlying count in part against losses of others, and all of them against its own. */
static void
test_offset_share(void)
{
	static const double moves[3][3] = {{10, -4, 6}, {-6, 3, 2}, {-2, -1, 1}};
	McUnitRisk risks[3];
	McHolding holdings[3];
	McPortfolioMethod method = worst_of(3);

	for (int i = 0; i < 3; i++)
	{
		risks[i] = plain_risk(moves[i], i);
		risks[i].underlying = i > 0;
		holdings[i] = (McHolding){1, &risks[i]};
	}
	method.has_offset_share = true;
	method.offset_share = .25;
	run(holdings, 3, &method);
	check(pnl[0] == 2.5 - 8 && pnl[1] == -4 + .5 && pnl[2] == 1.5 + .75, "a quarter of gains");
	check(margin.worst == 0 && margin.requirement[0] == 5.5, "and the loss that is left");
	method.offset_share = 0;
	run(holdings, 3, &method);
	check(pnl[0] == -8 && pnl[1] == -4 && pnl[2] == 0, "none of the gains");
	method.offset_share = 1;
	run(holdings, 3, &method);
	check(pnl[0] == 2 && pnl[1] == -2 && pnl[2] == 9, "all of them");
	risks[1].underlying = risks[2].underlying = 0;
	method.offset_share = .25;
	run(holdings, 3, &method);
	check(pnl[0] == .5 && pnl[1] == -2 && pnl[2] == 2.25, "within one underlying all nets");
}

void
test_portfolio(void)
{
	test_offset_share();
	test_span();
	test_paradex();
	test_derive();
	test_tail_measures();
	test_groups();
	test_sizes();
	test_confidence();
	test_equal_contingency();
	test_order_of_components();
}
