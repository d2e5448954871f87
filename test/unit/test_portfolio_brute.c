/*
 * test_portfolio_brute.c
 *	  Margins of random accounts beside sums in long double that are made scenario by scenario from the
 *	  formulas: of each group a loop over all holdings, of ES the minimum, of VaR a count.
 */
#include <float.h>
#include <math.h>

#include "portfolio_accounts.h"

typedef bool (*Filter)(const McComponent *component, const McUnitRisk *risk);

static bool
any_kind(const McComponent *component, const McUnitRisk *risk)
{
	(void) component;
	(void) risk;
	return true;
}

static bool
named_kind(const McComponent *component, const McUnitRisk *risk)
{
	return component->kinds == 0 || (component->kinds & 1U << risk->kind) != 0;
}

static long double
brute_profit(const Account *account, size_t s, int cell, Filter filter,
             const McComponent *component)
{
	const McScenarioRole *role = account->method.roles ? &account->method.roles[s] : NULL;
	const McUnitRisk *any = NULL;
	long double before = 0;
	long double after = 0;
	long double discount;
	long double profit;

	for (size_t i = 0; i < account->n; i++)
	{
		const McUnitRisk *risk = account->holdings[i].risk;

		if (!in_cell(risk, cell) || !filter(component, risk))
			continue;
		any = risk;
		before += (long double) account->holdings[i].quantity * risk->base;
		after += account->holdings[i].quantity * ((long double) risk->base + risk->pnl[s]);
	}
	if (any == NULL)
		return 0;
	discount =
	    role && role->contingency ? 1 : (after >= 0 ? any->long_discount : any->short_discount);
	profit = (role ? role->weight : 1) * (discount * after - before);
	return role && role->both_ways ? -fabsl(profit) : profit;
}

static long double
brute_total(const Account *account, size_t s)
{
	long double sum = 0;

	for (int u = 0; u < UNDERLYINGS; u++)
	{
		long double profit = 0;

		for (int cell = u * GROUPS; cell < (u + 1) * GROUPS; cell++)
			profit += brute_profit(account, s, cell, any_kind, NULL);
		if (account->method.has_offset_share && profit > 0)
			profit *= account->method.offset_share;
		sum += profit;
	}
	return sum;
}

static long double
brute_contingency(const Account *account, const McComponent *component, int r)
{
	long double sum = 0;

	for (int cell = 0; account->method.roles && cell < CELLS; cell++)
	{
		long double least = 0;

		for (size_t s = 0; s < account->method.scenarios; s++)
		{
			long double p = brute_profit(account, s, cell, named_kind, component);

			if (account->method.roles[s].contingency && p < least)
				least = p;
		}
		sum -= least * component->rate[r] *
		       (1 + component->slope * .5L * (long double) (cell % GROUPS + 1));
	}
	return sum;
}

static long double
brute_naked(const Account *account)
{
	long double sum = 0;

	for (int cell = 0; cell < CELLS; cell++)
		for (double strike = 100; strike < 103; strike++)
		{
			long double net = 0;

			for (size_t i = 0; i < account->n; i++)
			{
				const McUnitRisk *risk = account->holdings[i].risk;

				if (risk->kind == MC_OPTION && in_cell(risk, cell) && risk->strike == strike)
					net += (long double) account->holdings[i].quantity * risk->notional;
			}
			sum += fmaxl(0, -net);
		}
	return sum;
}

/* Each holding by the least confidence of all that it goes with. */
static long double
brute_confidence(const Account *account, double threshold)
{
	long double sum = 0;

	for (size_t i = 0; i < account->n; i++)
	{
		const McUnitRisk *risk = account->holdings[i].risk;
		long double size = fabsl((long double) account->holdings[i].quantity) * risk->notional;
		double least = risk->confidence;

		for (size_t j = 0; j < account->n && risk->kind != MC_SPOT; j++)
		{
			const McUnitRisk *other = account->holdings[j].risk;
			bool hedges = other->kind == MC_FUTURE || other->kind == MC_PERPETUAL;
			bool beside =
			    risk->kind == MC_OPTION && other->kind == MC_OPTION && other->group == risk->group;

			if (account->holdings[j].quantity != 0 && other->underlying == risk->underlying &&
			    (hedges || beside))
				least = fmin(least, other->confidence);
		}
		if (risk->kind == MC_SPOT)
			size = fmaxl(0, (long double) account->holdings[i].quantity * risk->base);
		if (least < threshold)
			sum += (1 - (long double) least) * size;
	}
	return sum;
}

static long double
brute_vega(const Account *account)
{
	long double groups = 0;
	long double all = 0;

	for (int cell = 0; cell < CELLS; cell++)
	{
		long double vega = 0;

		for (size_t i = 0; i < account->n; i++)
			if (in_cell(account->holdings[i].risk, cell))
				vega +=
				    (long double) account->holdings[i].quantity * account->holdings[i].risk->vega;
		groups += fabsl(vega);
		all += vega;
	}
	return (groups - fabsl(all)) / 2;
}

/* What is a sum over holdings of one product each. */
static long double
brute_sum(const Account *account, const McComponent *component, int r)
{
	long double sum = 0;
	long double sides[UNDERLYINGS][2] = {{0, 0}, {0, 0}};

	for (size_t i = 0; i < account->n; i++)
	{
		const McUnitRisk *risk = account->holdings[i].risk;
		long double q = account->holdings[i].quantity;

		if (component->kind == MC_COMPONENT_NOTIONAL && named_kind(component, risk))
			sum += component->rate[r] * fabsl(q) * risk->notional;
		if (component->kind == MC_COMPONENT_SHORT_MINIMUM && risk->kind == MC_OPTION && q < 0)
			sum += component->rate[r] * -q;
		if (component->kind == MC_COMPONENT_HAIRCUT && risk->kind == MC_SPOT && q > 0)
			sum += risk->haircut[r] * q * risk->base;
		if (component->kind == MC_COMPONENT_DELTA_MINIMUM)
			sides[risk->underlying][q * risk->delta < 0] += fabsl(q * risk->delta);
	}
	for (int u = 0; u < UNDERLYINGS; u++)
		sum += component->rate[r] * (fabsl(sides[u][0] - sides[u][1]) +
		                             component->slope * fminl(sides[u][0], sides[u][1]));
	return sum;
}

static long double
brute_component(const Account *account, const McComponent *component, int r)
{
	switch (component->kind)
	{
		case MC_COMPONENT_CONTINGENCY:
			return brute_contingency(account, component, r);
		case MC_COMPONENT_NAKED_SHORT:
			return component->rate[r] * brute_naked(account);
		case MC_COMPONENT_CONFIDENCE:
			return component->rate[r] * brute_confidence(account, component->threshold);
		case MC_COMPONENT_VEGA:
			return component->rate[r] * brute_vega(account);
		default:
			return brute_sum(account, component, r);
	}
}

/* ES by its minimisation (Rockafellar and Uryasev), VaR by counting, over the scenarios that count. */
static long double
brute_scan(const Account *account, int r)
{
	static long double losses[SCENARIOS];
	const McPortfolioMethod *method = &account->method;
	double c = method->confidence[r];
	long double worst = 0;
	long double var = INFINITY;
	long double es = INFINITY;
	size_t n = 0;

	for (size_t s = 0; s < method->scenarios; s++)
		if (method->roles == NULL || !method->roles[s].contingency)
			losses[n++] = -brute_total(account, s);
	for (size_t i = 0; i < n; i++)
	{
		long double excess = 0;
		size_t at_or_below = 0;

		for (size_t j = 0; j < n; j++)
		{
			excess += fmaxl(0, losses[j] - losses[i]);
			at_or_below += losses[j] <= losses[i];
		}
		worst = fmaxl(worst, losses[i]);
		if ((double) at_or_below >= (double) n * c - 1e-9)
			var = fminl(var, losses[i]);
		es = fminl(es, losses[i] + excess / ((1 - (long double) c) * (long double) n));
	}
	if (n == 0 || method->measure == MC_PORTFOLIO_WORST)
		return worst;
	return fmaxl(0, method->measure == MC_PORTFOLIO_ES ? es : var);
}

static bool
is_minimum(McComponentKind kind)
{
	return kind == MC_COMPONENT_SHORT_MINIMUM || kind == MC_COMPONENT_DELTA_MINIMUM;
}

/* The requirement and what each component adds to it. */
static bool
requirement_agrees(const Account *account, const McPortfolioMargin *margin, int r)
{
	long double contingency = 0;
	long double total;
	bool good = true;

	for (size_t c = 0; c < account->method.components; c++)
	{
		const McComponent *component = &account->components[c];

		if (component->kind == MC_COMPONENT_CONTINGENCY)
			contingency += brute_component(account, component, r);
		if (!is_minimum(component->kind))
			good &= near(amounts[c][r], brute_component(account, component, r));
	}
	total = account->method.factor[r] * fmaxl(contingency, brute_scan(account, r));
	good &= near(margin->scan[r], total);
	for (int minimum = 0; minimum < 2; minimum++)
		for (size_t c = 0; c < account->method.components; c++)
		{
			const McComponent *component = &account->components[c];
			long double amount = brute_component(account, component, r);

			if (component->kind == MC_COMPONENT_CONTINGENCY ||
			    is_minimum(component->kind) != (minimum == 1))
				continue;
			if (minimum == 1)
			{
				amount = fmaxl(0, amount - total);
				good &= near(amounts[c][r], amount);
			}
			total += amount;
		}
	return good && near(margin->requirement[r], total);
}

static bool
contingency_is_worst(const Account *account)
{
	long double sum = 0;

	for (size_t c = 0; c < account->method.components; c++)
		if (account->components[c].kind == MC_COMPONENT_CONTINGENCY)
			sum += brute_contingency(account, &account->components[c], MC_INITIAL);
	return sum > brute_scan(account, MC_INITIAL);
}

static bool
profits_agree(const Account *account, const McPortfolioMargin *margin)
{
	const McScenarioRole *roles = account->method.roles;
	size_t worst = account->method.scenarios;
	bool good = true;

	for (size_t s = 0; s < account->method.scenarios; s++)
	{
		good &= near(pnl[s], brute_total(account, s));
		if (pnl[s] < 0 && !(roles && roles[s].contingency) &&
		    (worst == account->method.scenarios || pnl[s] < pnl[worst]))
			worst = s;
	}
	if (contingency_is_worst(account))
		good &= margin->worst == account->method.scenarios;
	else
		good &= margin->worst == worst;
	return good && margin->worst_pnl == (worst == account->method.scenarios ? 0 : pnl[worst]);
}

void
test_portfolio_brute(void)
{
	UnitRandom random = {20261};
	size_t accounts = unit_repeats(20000, 500);
	size_t profits_wrong = 0;
	size_t wrong[MC_REQUIREMENTS] = {0, 0};
	McPortfolioMargin margin;

	for (size_t k = 0; k < accounts; k++)
	{
		make_account(&random, &account, 1 + below(&random, 40), unit_uniform(&random) < .4);
		if (run(&account, &margin) != MC_OK)
			profits_wrong++;
		profits_wrong += !profits_agree(&account, &margin);
		for (int r = 0; r < MC_REQUIREMENTS; r++)
			wrong[r] += !requirement_agrees(&account, &margin, r);
	}
	check(profits_wrong == 0, "profits of %zu accounts, %zu wrong", accounts, profits_wrong);
	check(wrong[0] == 0, "initial requirements, %zu wrong", wrong[0]);
	check(wrong[1] == 0, "maintenance requirements, %zu wrong", wrong[1]);
}
