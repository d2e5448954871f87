/*
 * test_allocation.c
 *	  The cheapest allocation of collateral: by hand, by a search over a grid, and in units from 1e-300 to 1e300.
 */
#include <math.h>
#include <string.h>

#include "kernel/allocation.h"
#include "unit.h"

static double work[4096];
static size_t indexes[512];
static double given[64];
static double unmet[8];
static double prices[8];
static double gains[8];

static McStatus
allocate(size_t assets, size_t requirements, const double *values, const double *costs,
         const double *amounts, const double *worth, const double *limits, McAllocated *result)
{
	McAllocation problem = {assets, requirements, values, costs, amounts, worth, limits};

	*result = (McAllocated){.given = given, .unmet = unmet, .prices = prices, .asset_gains = gains};
	work[mc_allocation_worksize(assets, requirements)] = 12345;
	return mc_allocate(&problem, work, indexes, NULL, result);
}

/* A takes both assets, B only the second: so A gets what B leaves of the second, which is the cheaper one, and the first. */
static void
test_by_hand(void)
{
	const double values[] = {100, 50};
	const double costs[] = {0.05, 0.01};
	const double amounts[] = {40, 36};
	const double worth[] = {0.8, 0, 0.9, 0.9};
	const double limits[] = {INFINITY, INFINITY, INFINITY, INFINITY};
	McAllocated result;

	check(allocate(2, 2, values, costs, amounts, worth, limits, &result) == MC_OK && result.all_met,
	      "all are met");
	check(work[mc_allocation_worksize(2, 2)] == 12345, "stays inside its work space");
	check(fabs(given[0] - 38.75) < 1e-9 && given[1] == 0 && fabs(given[2] - 10) < 1e-9 &&
	          fabs(given[3] - 40) < 1e-9,
	      "38.75 and 10 to A, 40 of the second to B");
	check_close(result.cost, 2.4375, 1e-12, "cost");
	check_close(prices[0], 0.0625, 1e-12, "one more for A costs 0.05 / 0.8");
	/* one more of the second saves 0.9 / 0.8 of the first, for 0.05, and costs 0.01 */
	check_close(gains[1], 0.9 * 0.0625 - 0.01, 1e-12, "gain of the second asset");
	check(gains[0] == 0, "there is enough of the first");
}

static void
test_limits(void)
{
	const double values[] = {100, 100};
	const double costs[] = {0, 1};
	const double amounts[] = {60};
	const double worth[] = {1, 0.5};
	const double limits[] = {20, 30};
	McAllocated result;

	check(allocate(2, 1, values, costs, amounts, worth, limits, &result) == MC_OK, "limits");
	check(fabs(given[0] - 20) < 1e-9 && fabs(given[1] - 30) < 1e-9, "are reached");
	check(!result.all_met && fabs(unmet[0] - 25) < 1e-9, "what is beyond them is not met");
}

/* what is not met is as little as possible, whatever it costs */
static void
test_scarce(void)
{
	const double values[] = {10};
	const double costs[] = {1};
	const double amounts[] = {100, 100};
	const double worth[] = {0.5, 0.9};
	const double limits[] = {INFINITY, INFINITY};
	McAllocated result;

	check(allocate(1, 2, values, costs, amounts, worth, limits, &result) == MC_OK, "too little");
	check(given[0] == 0 && fabs(given[1] - 10) < 1e-9 && fabs(unmet[1] - 91) < 1e-9 &&
	          fabs(unmet[0] - 100) < 1e-9,
	      "goes where it counts most");
}

/* two assets, two requirements: every allocation of a grid is no cheaper */
static void
test_grid(void)
{
	size_t trials = unit_repeats(200, 10);
	size_t right_ones = 0;

	for (size_t trial = 0; trial < trials; trial++)
	{
		UnitRandom random = {trial + 77};
		double values[2];
		double costs[2];
		double amounts[2];
		double worth[4];
		double limits[4];
		double best = INFINITY;
		McAllocated result;

		for (int i = 0; i < 2; i++)
		{
			values[i] = 20 + 80 * unit_uniform(&random);
			costs[i] = unit_uniform(&random);
			amounts[i] = 5 + 25 * unit_uniform(&random);
		}
		for (int i = 0; i < 4; i++)
		{
			worth[i] = 0.5 + 0.5 * unit_uniform(&random);
			limits[i] = 10 + 60 * unit_uniform(&random);
		}
		allocate(2, 2, values, costs, amounts, worth, limits, &result);
		/* given the first asset's share of each, the second covers the rest */
		for (int p = 0; p <= 200; p++)
			for (int q = 0; q <= 200; q++)
			{
				double x0 = amounts[0] * p / 200 / worth[0];
				double x1 = amounts[1] * q / 200 / worth[1];
				double y0 = amounts[0] * (200 - p) / 200 / worth[2];
				double y1 = amounts[1] * (200 - q) / 200 / worth[3];

				if (x0 + x1 <= values[0] && y0 + y1 <= values[1] && x0 <= limits[0] &&
				    x1 <= limits[1] && y0 <= limits[2] && y1 <= limits[3])
					best = fmin(best, costs[0] * (x0 + x1) + costs[1] * (y0 + y1));
			}
		/* a grid point may be dearer by a cell */
		right_ones += isinf(best) || (result.all_met && result.cost <= best + 1e-9 &&
		                              result.cost >= best - 60.0 / 200 * 2 * 2);
	}
	check(right_ones == trials, "%zu allocations beside a grid", trials);
}

static void
test_units(void)
{
	const double units[] = {1e-300, 1e-9, 1, 1e12, 1e300};
	size_t right_ones = 0;

	for (int u = 0; u < 5; u++)
	{
		const double values[] = {100 * units[u], 50 * units[u]};
		const double costs[] = {0.05, 0.01};
		const double amounts[] = {40 * units[u], 45 * units[u]};
		const double worth[] = {0.8, 0, 0.9, 0.9};
		const double limits[] = {INFINITY, INFINITY, INFINITY, INFINITY};
		McAllocated result;

		right_ones += allocate(2, 2, values, costs, amounts, worth, limits, &result) == MC_OK &&
		              result.all_met && is_close(given[0], 50 * units[u], 1e-12) &&
		              is_close(given[3], 50 * units[u], 1e-12);
	}
	check(right_ones == 5, "the same in any unit");
}

static void
test_nothing(void)
{
	const double zero[] = {0, 0};
	const double worth[] = {1, 1};
	const double limits[] = {INFINITY, INFINITY};
	McAllocated result;

	check(allocate(1, 2, zero, zero, zero, worth, limits, &result) == MC_OK && result.all_met &&
	          result.cost == 0,
	      "nothing for nothing");
}

void
test_allocation(void)
{
	test_by_hand();
	test_limits();
	test_scarce();
	test_grid();
	test_units();
	test_nothing();
}
