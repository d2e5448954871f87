/*
 * portfolio.c
 *	  Fuzz target: margin of an account of any finite numbers beside sums in long double, the amounts that
 *	  make the requirement, contributions that add up to it, and no NaN anywhere.
 */
#include "fuzz.h"
#include "kernel/portfolio_contributions.h"

#define MOST 12
#define PIECES 9

typedef struct Case
{
	size_t n;
	size_t scenarios;
	McHolding holdings[MOST];
	McUnitRisk risks[MOST];
	double *profits[MOST];
	McScenarioRole *roles;
	McComponent components[PIECES];
	McPortfolioMethod method;
	bool mild; /* no number near the ends of the range */
} Case;

static double
take_size(Bytes *b, int kind)
{
	return fabs(take_finite(b, kind));
}

static double
take_share(Bytes *b)
{
	return (double) take(b, 1) / 255;
}

static void
take_account(Bytes *b, Case *c, int kind)
{
	long long underlying = 0;
	long long group = -1;

	c->n = take(b, 1) % (MOST + 1);
	for (size_t i = 0; i < c->n; i++)
	{
		McUnitRisk *risk = &c->risks[i];
		unsigned form = (unsigned) take(b, 1);

		*risk = (McUnitRisk){.pnl = c->profits[i] = array(c->scenarios, sizeof(double)),
		                     .kind = (McContractKind) (form & 3),
		                     .is_call = form & 4,
		                     .strike = form & 8 ? 100 : 110,
		                     .confidence = take_share(b),
		                     .haircut = {take_share(b), take_share(b)}};
		if (i == 0 || form & 16)
		{
			group++;
			risk->years = (double) take(b, 1) / 64;
			risk->long_discount = form & 32 ? 1 : take_share(b) + .5;
			risk->short_discount = form & 32 ? 1 : take_share(b) + .5;
		}
		else
		{
			risk->years = c->risks[i - 1].years;
			risk->long_discount = c->risks[i - 1].long_discount;
			risk->short_discount = c->risks[i - 1].short_discount;
		}
		/* groups of one underlying may have the number that one of another has */
		if (form & 64)
		{
			underlying++;
			group = 0;
		}
		risk->underlying = underlying;
		risk->group = group;
		risk->base = take_finite(b, kind);
		if (risk->kind == MC_SPOT)
			risk->base = fabs(risk->base);
		risk->notional = take_size(b, kind);
		risk->delta = take_finite(b, kind);
		risk->vega = take_finite(b, kind);
		for (size_t s = 0; s < c->scenarios; s++)
			c->profits[i][s] = take_finite(b, kind);
		c->holdings[i] = (McHolding){take_finite(b, kind), risk};
	}
}

static void
take_method(Bytes *b, Case *c)
{
	unsigned form = (unsigned) take(b, 1);
	long basis;

	c->method = (McPortfolioMethod){.scenarios = c->scenarios,
	                                .roles = form & 4 ? c->roles : NULL,
	                                .measure = (McPortfolioMeasure) (form & 3) % 3,
	                                .factor = {2 * take_share(b), 2 * take_share(b)},
	                                .has_offset_share = form & 8,
	                                .offset_share = take_share(b),
	                                .components = PIECES,
	                                .component = c->components};
	for (int r = 0; r < MC_REQUIREMENTS; r++)
		c->method.confidence[r] = take_confidence(b, &basis);
	for (size_t s = 0; s < c->scenarios; s++)
	{
		unsigned role = (unsigned) take(b, 1);

		c->roles[s] = (McScenarioRole){(role >> 2) * .125 + .125, role & 1, (role & 3) == 2};
	}
	for (size_t i = 0; i < PIECES; i++)
	{
		c->components[i].kind = (McComponentKind) (i % MC_COMPONENT_KINDS);
		c->components[i].rate[0] = take_share(b);
		c->components[i].rate[1] = take_share(b);
		c->components[i].slope = take_share(b);
		c->components[i].threshold = take_share(b);
		c->components[i].kinds = (unsigned) take(b, 1) & 15;
	}
}

static bool
is_same_group(const McUnitRisk *a, const McUnitRisk *b)
{
	return a->underlying == b->underlying && a->group == b->group;
}

/* The magnitude of what a holding adds to any sum. */
static long double
sized(const Case *c, size_t i)
{
	const McUnitRisk *risk = &c->risks[i];
	long double size = fabsl((long double) risk->base) + risk->notional +
	                   fabsl((long double) risk->delta) + fabsl((long double) risk->vega);

	for (size_t s = 0; s < c->scenarios; s++)
		size += fabsl((long double) risk->pnl[s]) * 64;
	return size * fabsl((long double) c->holdings[i].quantity);
}

/* What a profit on one underlying counts. */
static long double
counted(const Case *c, long double profit)
{
	return profit > 0 && c->method.has_offset_share ? profit * c->method.offset_share : profit;
}

/* P of the account; *size gets the magnitude of what was added up. */
static long double
brute_profit(const Case *c, size_t s, long double *size)
{
	const McScenarioRole *role = c->method.roles ? &c->method.roles[s] : NULL;
	long double weight = role ? role->weight : 1;
	long double sum = 0;
	long double of_underlying = 0;

	*size = 0;
	for (size_t i = 0; i < c->n; i++)
	{
		const McUnitRisk *first = &c->risks[i];
		long double before = 0;
		long double after = 0;
		long double discount;
		long double profit;

		if (i > 0 && is_same_group(first, &c->risks[i - 1]))
			continue;
		for (size_t j = i; j < c->n && is_same_group(first, &c->risks[j]); j++)
		{
			long double q = c->holdings[j].quantity;

			before += q * c->risks[j].base;
			after += q * ((long double) c->risks[j].base + c->risks[j].pnl[s]);
			*size +=
			    weight * fabsl(q) *
			    (fabsl((long double) c->risks[j].base) + fabsl((long double) c->risks[j].pnl[s]));
		}
		discount = after >= 0 ? first->long_discount : first->short_discount;
		if (role && role->contingency)
			discount = 1;
		profit = weight * (discount * after - before);
		if (i > 0 && first->underlying != c->risks[i - 1].underlying)
		{
			sum += counted(c, of_underlying);
			of_underlying = 0;
		}
		of_underlying += role && role->both_ways ? -fabsl(profit) : profit;
	}
	return sum + counted(c, of_underlying);
}

/* The least P and its scenario; the loss that no measure is above. */
static void
check_profits(const Case *c, const double *pnl, const McPortfolioMargin *margin)
{
	double least = 0;
	size_t worst = c->scenarios;

	for (size_t s = 0; s < c->scenarios; s++)
	{
		long double size;
		long double want = brute_profit(c, s, &size);

		CHECK(isfinite(pnl[s]), "profit %g", pnl[s]);
		CHECK(!c->mild || close_to(pnl[s], want, size, 1e-13), "profit %zu %.17g, brute %.17Lg", s,
		      pnl[s], want);
		if (c->method.roles && c->method.roles[s].contingency)
			continue;
		if (pnl[s] < least)
		{
			least = pnl[s];
			worst = s;
		}
	}
	CHECK(margin->worst_pnl == least, "worst %g %g", margin->worst_pnl, least);
	CHECK(margin->worst == worst || margin->worst == c->scenarios, "scenario %zu", margin->worst);
}

static void
check_amounts(const Case *c, const McPortfolioMargin *margin, double (*amounts)[MC_REQUIREMENTS])
{
	for (int r = 0; r < MC_REQUIREMENTS; r++)
	{
		long double contingency = 0;
		long double sum = margin->scan[r];
		long double most = fmaxl(0, -(long double) margin->worst_pnl);

		for (size_t i = 0; i < PIECES; i++)
		{
			CHECK(isfinite(amounts[i][r]) && amounts[i][r] >= 0, "amount %zu: %g", i,
			      amounts[i][r]);
			if (c->components[i].kind == MC_COMPONENT_CONTINGENCY)
				contingency += amounts[i][r];
			else
				sum += amounts[i][r];
		}
		CHECK(isfinite(margin->requirement[r]) && close_to(margin->requirement[r], sum, sum, 1e-14),
		      "requirement %g, of amounts %Lg", margin->requirement[r], sum);
		most = fmaxl(most, contingency) * c->method.factor[r];
		CHECK(margin->scan[r] >= 0 && margin->scan[r] <= most * (1 + 1e-14L) + 1e-320L,
		      "scan %g of %Lg", margin->scan[r], most);
		CHECK(margin->scan[r] >= contingency * c->method.factor[r] * (1 - 1e-14L) - 1e-320L,
		      "scan %g below the contingency", margin->scan[r]);
		if (c->method.measure == MC_PORTFOLIO_WORST)
			CHECK(close_to(margin->scan[r], most, most, 1e-14), "worst %g of %Lg", margin->scan[r],
			      most);
	}
}

/* Contributions make the requirement, but for rounding of what was added up. */
static void
check_contributions(const Case *c, const McPortfolioMargin *margin, double *pnl, double *work)
{
	double contributions[MOST][MC_REQUIREMENTS];
	double amounts[PIECES][MC_REQUIREMENTS];
	McPortfolioMargin again;
	McStatus status = mc_portfolio_contributions(c->holdings, c->n, &c->method, pnl, work, amounts,
	                                             &again, contributions, NULL);

	CHECK(status == MC_OK || (status == MC_OVERFLOW && !c->mild), "contributions: %d", status);
	for (int r = 0; r < MC_REQUIREMENTS && status == MC_OK; r++)
	{
		long double sum = 0;
		long double size = margin->requirement[r];

		CHECK(again.requirement[r] == margin->requirement[r], "requirement beside contributions");
		for (size_t i = 0; i < c->n; i++)
		{
			CHECK(isfinite(contributions[i][r]), "contribution %g", contributions[i][r]);
			sum += contributions[i][r];
			size += fabsl((long double) contributions[i][r]) + sized(c, i);
		}
		CHECK(!c->mild || close_to((double) sum, margin->requirement[r], size, 1e-12),
		      "contributions %.17Lg of %.17g", sum, margin->requirement[r]);
	}
}

/* All quantities times 2 or 1/2, exactly, unless that leaves the range. */
static void
check_doubled(Case *c, const McPortfolioMargin *margin, double *pnl, double *work)
{
	McPortfolioMargin twice;

	for (size_t i = 0; i < c->n; i++)
		c->holdings[i].quantity *= 2;
	CHECK(mc_portfolio_margin(c->holdings, c->n, &c->method, pnl, work, NULL, &twice, NULL) ==
	          MC_OK,
	      "doubled");
	for (int r = 0; r < MC_REQUIREMENTS; r++)
		CHECK(twice.requirement[r] == 2 * margin->requirement[r], "doubled: %.17g of %.17g",
		      twice.requirement[r], margin->requirement[r]);
	CHECK(twice.worst == margin->worst, "worst when doubled");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static Case c;
	Bytes b = {data, size};
	int kind = (int) take(&b, 1) & 3;
	double amounts[PIECES][MC_REQUIREMENTS];
	McPortfolioMargin margin;
	McStatus status;
	double *pnl;
	double *work;

	c.mild = kind < 2;
	c.scenarios = take(&b, 1) % 70 + 1;
	pnl = array(c.scenarios, sizeof(double));
	c.roles = array(c.scenarios, sizeof(McScenarioRole));
	take_method(&b, &c);
	work = array((c.method.has_offset_share ? 2 : 1) * c.scenarios, sizeof(double));
	take_account(&b, &c, kind);
	status = mc_portfolio_margin(c.holdings, c.n, &c.method, pnl, work, amounts, &margin, NULL);
	CHECK(status == MC_OK || (status == MC_OVERFLOW && !c.mild), "status %d", status);
	if (status == MC_OK)
	{
		check_profits(&c, pnl, &margin);
		check_amounts(&c, &margin, amounts);
		check_contributions(&c, &margin, pnl, work);
		if (c.mild)
			check_doubled(&c, &margin, pnl, work);
	}
	for (size_t i = 0; i < c.n; i++)
		free(c.profits[i]);
	free(c.roles);
	free(work);
	free(pnl);
	return 0;
}
