/*
 * allocation.c
 *	  The cheapest allocation of collateral to requirements, as a linear programme.
 *
 * Columns: x_ij, then what covers a requirement beyond its amount, what is not met of it, and what is left of an asset.
 * Rows: requirements, then assets.  Amounts and costs are in units of the largest of each.
 */
#include "allocation.h"

#include <math.h>
#include <string.h>

#include "simplex.h"

typedef struct Layout
{
	size_t pairs;
	size_t excess; /* first column */
	size_t unmet;
	size_t left;
	size_t columns;
	size_t rows;
} Layout;

static Layout
layout(size_t assets, size_t requirements)
{
	Layout l;

	l.pairs = assets * requirements;
	l.excess = l.pairs;
	l.unmet = l.excess + requirements;
	l.left = l.unmet + requirements;
	l.columns = l.left + assets;
	l.rows = requirements + assets;
	return l;
}

size_t
mc_allocation_worksize(size_t assets, size_t requirements)
{
	Layout l = layout(assets, requirements);

	/* the tableau; upper bounds, two objectives and the solution; the right-hand side */
	return (l.rows + 4) * l.columns + l.rows;
}

size_t
mc_allocation_index_bytes(size_t assets, size_t requirements)
{
	Layout l = layout(assets, requirements);

	return l.rows * sizeof(size_t) + 2 * l.columns * sizeof(bool);
}

/* The power of two above the largest value, so that scaling is exact; 1 when all are zero. */
static double
unit_of(const double *values, size_t n)
{
	double largest = 0;
	int exponent;

	for (size_t i = 0; i < n; i++)
		largest = fmax(largest, values[i]);
	if (largest == 0)
		return 1;
	frexp(largest, &exponent);
	/* ldexp(1, 1024) is infinite, and of the smallest ones the inverse is */
	return ldexp(1, exponent > 1023 ? 1023 : exponent < -1000 ? -1000 : exponent);
}

static void
set_pair(const McAllocation *p, McSimplex *lp, size_t i, size_t j, double unit, double cost_unit)
{
	size_t pair = i * p->requirements + j;

	/* not the asset's value as well: it would take its price from the asset's row */
	lp->upper[pair] = p->worth[pair] > 0 ? p->limits[pair] / unit : 0;
	lp->a[j * lp->columns + pair] = p->worth[pair] > 0 ? p->worth[pair] : 0;
	lp->a[(p->requirements + i) * lp->columns + pair] = 1;
	lp->second[pair] = p->costs[i] / cost_unit;
}

static void
set_row(McSimplex *lp, size_t row, size_t column, double amount)
{
	lp->a[row * lp->columns + column] = 1;
	lp->basis[row] = column;
	lp->basic[row] = amount;
}

static McSimplex
set_up(const McAllocation *p, const Layout *l, double *work, void *indexes, double unit,
       double cost_unit)
{
	McSimplex lp = {.rows = l->rows, .columns = l->columns};

	memset(work, 0, mc_allocation_worksize(p->assets, p->requirements) * sizeof(double));
	memset(indexes, 0, mc_allocation_index_bytes(p->assets, p->requirements));
	lp.a = work;
	lp.upper = lp.a + l->rows * l->columns;
	lp.first = lp.upper + l->columns;
	lp.second = lp.first + l->columns;
	lp.basic = lp.second + 2 * l->columns; /* after the solution */
	lp.basis = indexes;
	lp.at_upper = (bool *) (lp.basis + l->rows);
	lp.is_basic = lp.at_upper + l->columns;
	for (size_t j = l->excess; j < l->columns; j++)
		lp.upper[j] = INFINITY;
	for (size_t i = 0; i < p->assets; i++)
		for (size_t j = 0; j < p->requirements; j++)
			set_pair(p, &lp, i, j, unit, cost_unit);
	for (size_t j = 0; j < p->requirements; j++)
	{
		lp.a[j * l->columns + l->excess + j] = -1;
		lp.first[l->unmet + j] = 1;
		set_row(&lp, j, l->unmet + j, p->amounts[j] / unit);
	}
	for (size_t i = 0; i < p->assets; i++)
		set_row(&lp, p->requirements + i, l->left + i, p->values[i] / unit);
	return lp;
}

/* The reduced cost of what exceeds a requirement is the price of the requirement, that of what is left of an asset its gain. */
static void
read_prices(const McAllocation *p, const Layout *l, const McSimplex *lp, double cost_unit,
            McAllocated *result)
{
	for (size_t j = 0; j < p->requirements; j++)
		result->prices[j] = fmax(lp->second[l->excess + j], 0) * cost_unit;
	for (size_t i = 0; i < p->assets; i++)
		result->asset_gains[i] = fmax(lp->second[l->left + i], 0) * cost_unit;
}

McStatus
mc_allocate(const McAllocation *p, double *work, void *indexes, const McPoll *poll,
            McAllocated *result)
{
	Layout l = layout(p->assets, p->requirements);
	/* not the values: of an asset there may be far more than all requirements ask for */
	double unit = unit_of(p->amounts, p->requirements);
	double cost_unit = unit_of(p->costs, p->assets);
	McSimplex lp;
	double *x;
	McStatus status;

	lp = set_up(p, &l, work, indexes, unit, cost_unit);
	x = lp.second + l.columns;
	status = mc_simplex_solve(&lp, x, poll);
	if (status != MC_OK)
		return status;
	result->cost = 0;
	result->all_met = true;
	for (size_t i = 0; i < p->assets; i++)
		for (size_t j = 0; j < p->requirements; j++)
		{
			size_t pair = i * p->requirements + j;

			result->given[pair] = x[pair] * unit;
			result->cost += p->costs[i] * result->given[pair];
		}
	for (size_t j = 0; j < p->requirements; j++)
	{
		double unmet = x[l.unmet + j];

		result->unmet[j] = unmet > MC_SIMPLEX_ZERO * p->requirements ? unmet * unit : 0;
		result->all_met = result->all_met && result->unmet[j] == 0;
	}
	read_prices(p, &l, &lp, cost_unit, result);
	return isfinite(result->cost) ? MC_OK : MC_OVERFLOW;
}
