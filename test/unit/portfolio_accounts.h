/*
 * portfolio_accounts.h
 *	  Random accounts of every kind of contract, with a random method and all components.
 */
#ifndef MC_PORTFOLIO_ACCOUNTS_H
#define MC_PORTFOLIO_ACCOUNTS_H

#include <math.h>

#include "kernel/portfolio.h"
#include "unit.h"

#define INSTRUMENTS 24
#define GROUPS 5
#define UNDERLYINGS 2
#define CELLS (UNDERLYINGS * GROUPS) /* groups of all underlyings */
#define SCENARIOS 10000

typedef struct Account
{
	size_t n;
	McHolding holdings[INSTRUMENTS];
	McUnitRisk risks[INSTRUMENTS];
	McScenarioRole roles[SCENARIOS];
	McComponent components[MC_COMPONENT_KINDS + 1];
	McPortfolioMethod method;
} Account;

static Account account;
static double profits[INSTRUMENTS][SCENARIOS];
static double pnl[SCENARIOS];
static double work[2 * SCENARIOS];
static double amounts[MC_COMPONENT_KINDS + 1][MC_REQUIREMENTS];

static inline size_t
below(UnitRandom *random, size_t n)
{
	return (size_t) (unit_uniform(random) * (double) n);
}

/* One of a few steps, so that ties, zeros and equal strikes come up. */
static inline double
step(UnitRandom *random, double size)
{
	return size * (double) (below(random, 21) - 10.0) / 4;
}

static inline void
make_risk(UnitRandom *random, Account *account, size_t i, bool plain)
{
	McUnitRisk *risk = &account->risks[i];

	for (size_t s = 0; s < account->method.scenarios; s++)
		profits[i][s] = unit_uniform(random) < .2 ? step(random, 4) : 3 * unit_normal(random);
	/* who reads behind the end does not read 0 */
	if (account->method.scenarios < SCENARIOS)
		profits[i][account->method.scenarios] = 1e9;
	*risk = (McUnitRisk){.pnl = profits[i],
	                     .underlying = (long long) (i * UNDERLYINGS / INSTRUMENTS),
	                     .group = (long long) (i * GROUPS / INSTRUMENTS) - 2,
	                     .kind = (McContractKind) below(random, 4),
	                     .is_call = unit_uniform(random) < .5,
	                     .strike = 100 + (double) below(random, 3),
	                     .notional = 5 * unit_uniform(random),
	                     .delta = step(random, 1),
	                     .vega = unit_normal(random),
	                     .confidence = unit_uniform(random),
	                     .haircut = {unit_uniform(random), unit_uniform(random)}};
	risk->base = risk->kind == MC_OPTION || risk->kind == MC_SPOT ? 9 * unit_uniform(random) : 0;
	risk->years = .5 * (double) (risk->group + 3);
	risk->long_discount = plain ? 1 : 1 - .1 * (double) (risk->group + 2);
	risk->short_discount = plain ? 1 : 1 + .05 * (double) (risk->group + 2);
	account->holdings[i] = (McHolding){step(random, 1), risk};
}

/* Is it in this group of this underlying? */
static inline bool
in_cell(const McUnitRisk *risk, int cell)
{
	return risk->underlying == cell / GROUPS && risk->group == cell % GROUPS - 2;
}

static inline void
make_account(UnitRandom *random, Account *account, size_t scenarios, bool plain)
{
	McPortfolioMethod *method = &account->method;

	*method = (McPortfolioMethod){.scenarios = scenarios,
	                              .roles = unit_uniform(random) < .7 ? account->roles : NULL,
	                              .measure = (McPortfolioMeasure) below(random, 3),
	                              .confidence = {.75 + .24 * unit_uniform(random), .75},
	                              .factor = {1.5, .75},
	                              .has_offset_share = unit_uniform(random) < .5,
	                              .offset_share = .25 * (double) below(random, 4),
	                              .components = MC_COMPONENT_KINDS + 1,
	                              .component = account->components};
	account->n = below(random, INSTRUMENTS + 1);
	for (size_t i = 0; i < account->n; i++)
		make_risk(random, account, i, plain);
	for (size_t s = 0; s < scenarios; s++)
		account->roles[s] =
		    (McScenarioRole){.5 + unit_uniform(random), !plain && unit_uniform(random) < .2,
		                     unit_uniform(random) < .2};
	for (size_t c = 0; c <= MC_COMPONENT_KINDS; c++)
		account->components[c] = (McComponent){.kind = (McComponentKind) (c % MC_COMPONENT_KINDS),
		                                       .rate = {unit_uniform(random), unit_uniform(random)},
		                                       .slope = unit_uniform(random),
		                                       .threshold = .6,
		                                       .kinds = (unsigned) below(random, 16)};
}

static inline McStatus
run(const Account *account, McPortfolioMargin *margin)
{
	return mc_portfolio_margin(account->holdings, account->n, &account->method, pnl, work, amounts,
	                           margin, NULL);
}

static inline bool
near(double got, long double want)
{
	return fabsl(got - want) <= 1e-12L * (1 + fabsl(want));
}

#endif
