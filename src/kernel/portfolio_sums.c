/*
 * portfolio_sums.c
 *	  What an account earns in each scenario.
 *
 * Four holdings are added in a pass over the scenarios, which is what memory asks for; each sum is
 * still taken one product after the other, so that no digit depends on the width of a pass.
 */
#include <string.h>

#include "add_rows.h"
#include "portfolio_parts.h"

/* scenarios whose sums stay in the cache while the holdings pass */
#define CHUNK 4096

/* sum[s] = sum q p_s */
static McStatus
sum_products(const McHolding *holdings, size_t n, size_t scenarios, double *sum,
             McProgress *progress)
{
	McAddRows add_rows = mc_add_rows();

	for (size_t from = 0; from < scenarios; from += CHUNK)
	{
		size_t count = scenarios - from < CHUNK ? scenarios - from : CHUNK;

		memset(sum + from, 0, count * sizeof(double));
		for (size_t i = 0; i < n; i += MC_ADD_ROWS)
		{
			McRowTerm terms[MC_ADD_ROWS];
			size_t rows = n - i < MC_ADD_ROWS ? n - i : MC_ADD_ROWS;

			for (size_t k = 0; k < rows; k++)
				terms[k] = (McRowTerm){holdings[i + k].risk->pnl + from, holdings[i + k].quantity};
			add_rows(terms, rows, count, sum + from);
			if (mc_progress_stopped(progress, MC_ADD_ROWS * count))
				return MC_STOPPED;
		}
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
