/*
 * portfolio_sums.c
 *	  What an account earns in each scenario.
 *
 * Four holdings are added in a pass over the scenarios, which is what memory asks for; each sum is
 * still taken one product after the other, so that no digit depends on the width of a pass.
 */
#include <string.h>

#include "portfolio_parts.h"

/* gcc vectorises a loop of known length at -O2 already */
#define BLOCK 16

/* scenarios whose sums stay in the cache while the holdings pass */
#define CHUNK 4096

static void
add_four(const McHolding *h, size_t from, size_t count, double *restrict sum)
{
	const double *restrict a = h[0].risk->pnl + from;
	const double *restrict b = h[1].risk->pnl + from;
	const double *restrict c = h[2].risk->pnl + from;
	const double *restrict d = h[3].risk->pnl + from;
	double qa = h[0].quantity;
	double qb = h[1].quantity;
	double qc = h[2].quantity;
	double qd = h[3].quantity;
	size_t whole = count - count % BLOCK;

	for (size_t s = 0; s < whole; s += BLOCK)
	{
		for (size_t j = s; j < s + BLOCK; j++)
			sum[j] = (((sum[j] + qa * a[j]) + qb * b[j]) + qc * c[j]) + qd * d[j];
	}
	for (size_t s = whole; s < count; s++)
		sum[s] = (((sum[s] + qa * a[s]) + qb * b[s]) + qc * c[s]) + qd * d[s];
}

static void
add_one(const McHolding *holding, size_t from, size_t count, double *restrict sum)
{
	const double *restrict p = holding->risk->pnl + from;
	double q = holding->quantity;
	size_t whole = count - count % BLOCK;

	for (size_t s = 0; s < whole; s += BLOCK)
	{
		for (size_t j = s; j < s + BLOCK; j++)
			sum[j] += q * p[j];
	}
	for (size_t s = whole; s < count; s++)
		sum[s] += q * p[s];
}

/* sum[s] = sum q p_s */
static McStatus
sum_products(const McHolding *holdings, size_t n, size_t scenarios, double *sum,
             McProgress *progress)
{
	for (size_t from = 0; from < scenarios; from += CHUNK)
	{
		size_t count = scenarios - from < CHUNK ? scenarios - from : CHUNK;
		size_t i = 0;

		memset(sum + from, 0, count * sizeof(double));
		for (; i + 4 <= n; i += 4)
		{
			add_four(holdings + i, from, count, sum + from);
			if (mc_progress_stopped(progress, 4 * count))
				return MC_STOPPED;
		}
		for (; i < n; i++)
			add_one(holdings + i, from, count, sum + from);
		if (mc_progress_stopped(progress, 4 * count))
			return MC_STOPPED;
	}
	return MC_OK;
}

/* Is the profit of every group its sum of products, but for the weight? */
static bool
is_plain(const McHolding *holdings, size_t n, const McPortfolioMethod *method)
{
	for (size_t i = 0; i < n; i++)
	{
		const McUnitRisk *risk = holdings[i].risk;

		if ((risk->long_discount != 1 || risk->short_discount != 1) && holdings[i].quantity != 0)
			return false;
	}
	for (size_t s = 0; method->roles && s < method->scenarios; s++)
	{
		if (method->roles[s].both_ways)
			return false;
	}
	return true;
}

/* Adds P of one group, from its value and its sums of products. */
static void
add_group(const McUnitRisk *terms, double value, const double *products,
          const McPortfolioMethod *method, double *pnl)
{
	static const McScenarioRole no_role = {.weight = 1};

	for (size_t s = 0; s < method->scenarios; s++)
	{
		const McScenarioRole *role = method->roles ? &method->roles[s] : &no_role;
		double shocked = value + products[s];
		double discount = shocked >= 0 ? terms->long_discount : terms->short_discount;
		double profit = products[s];

		if (discount != 1 && !role->contingency)
			profit += (discount - 1) * shocked;
		profit *= role->weight;
		if (role->both_ways && profit > 0)
			profit = -profit;
		pnl[s] += profit;
	}
}

McStatus
mc_portfolio_profits(const McHolding *holdings, size_t n, const McPortfolioMethod *method,
                     double *pnl, double *work, McProgress *progress)
{
	size_t end;

	if (is_plain(holdings, n, method))
	{
		if (sum_products(holdings, n, method->scenarios, pnl, progress) != MC_OK)
			return MC_STOPPED;
		for (size_t s = 0; method->roles && s < method->scenarios; s++)
			pnl[s] *= method->roles[s].weight;
		return MC_OK;
	}
	memset(pnl, 0, method->scenarios * sizeof(double));
	for (size_t start = 0; start < n; start = end)
	{
		double value = 0;

		end = mc_group_end(holdings, n, start);
		for (size_t i = start; i < end; i++)
			value += holdings[i].quantity * holdings[i].risk->base;
		if (sum_products(holdings + start, end - start, method->scenarios, work, progress) != MC_OK)
			return MC_STOPPED;
		add_group(holdings[start].risk, value, work, method, pnl);
	}
	return MC_OK;
}
