/*
 * test_tail_dependence.c
 *	  Joint tails against counting by ranks.
 */
#include <math.h>

#include "kernel/tail_dependence.h"
#include "unit.h"

#define MOST 500

static McPair pairs[MOST];
static double work[MOST];

/* values that fewer than k others lie beyond */
static bool
in_tail(size_t n, size_t k, size_t i, bool of_y, double side)
{
	size_t beyond = 0;

	for (size_t j = 0; j < n; j++)
		beyond += side * (of_y ? pairs[j].y : pairs[j].x) > side * (of_y ? pairs[i].y : pairs[i].x);
	return beyond < k;
}

static double
brute(size_t n, size_t k, double side)
{
	double x = 0;
	double y = 0;
	double both = 0;

	for (size_t i = 0; i < n; i++)
	{
		x += in_tail(n, k, i, false, side);
		y += in_tail(n, k, i, true, side);
		both += in_tail(n, k, i, false, side) && in_tail(n, k, i, true, side);
	}
	return both / sqrt(x * y);
}

static bool
stop(void *arg __attribute__((unused)))
{
	return true;
}

void
test_tail_dependence(void)
{
	const McPoll poll = {stop, NULL};
	UnitRandom random = {12};
	double lower;
	double upper;
	double worst = 0;

	for (size_t n = 20; n <= MOST; n += 31)
		for (int ties = 0; ties < 2; ties++)
		{
			for (size_t i = 0; i < n; i++)
			{
				double common = unit_normal(&random);

				pairs[i].x = common + unit_normal(&random);
				pairs[i].y = common < 0 ? common : unit_normal(&random);
				if (ties)
					pairs[i].x = floor(pairs[i].x);
			}
			mc_tail_dependence(pairs, n, 0.9, work, &lower, &upper, NULL);
			worst = fmax(worst, fabs(lower - brute(n, n / 10, -1)));
			worst = fmax(worst, fabs(upper - brute(n, n / 10, 1)));
		}
	check(worst < 1e-15, "as counted: error %.2g", worst);
	for (size_t i = 0; i < 100; i++)
	{
		pairs[i].x = (double) i;
		pairs[i].y = i < 10 ? (double) (100 + i) : (double) i;
	}
	check(mc_tail_dependence(pairs, 100, 0.95, work, &lower, &upper, NULL) == MC_OK && lower == 0 &&
	          upper == 0,
	      "tails that never meet");
	for (size_t i = 0; i < 100; i++)
		pairs[i].y = exp(pairs[i].x / 10);
	check(mc_tail_dependence(pairs, 100, 0.99, work, &lower, &upper, NULL) == MC_OK && lower == 1 &&
	          upper == 1,
	      "one row in the tail: 100 (1 - 0.99) counts as 1");
	check(mc_tail_dependence(pairs, 99, 0.99, work, &lower, &upper, NULL) == MC_TOO_FEW,
	      "no whole row in the tail");
	check(mc_tail_dependence(pairs, 2, 1e-9, work, &lower, &upper, NULL) == MC_OK && lower == 1,
	      "almost all rows in the tail");
	check(mc_tail_dependence(pairs, 1, 0.5, work, &lower, &upper, NULL) == MC_TOO_FEW &&
	          mc_tail_dependence(pairs, 0, 0.5, work, &lower, &upper, NULL) == MC_TOO_FEW,
	      "too few rows");
	check(mc_tail_dependence(pairs, 100, 0.9, work, &lower, &upper, &poll) == MC_STOPPED,
	      "a cancel stops");
	for (size_t i = 0; i < 100; i++)
		pairs[i].y = 3;
	check(mc_tail_dependence(pairs, 100, 0.9, work, &lower, &upper, NULL) == MC_TOO_FEW,
	      "a constant has no tail");
	for (size_t i = 0; i < 100; i++)
	{
		pairs[i].y = (double) i;
		pairs[i].x = 3;
	}
	check(mc_tail_dependence(pairs, 100, 0.9, work, &lower, &upper, NULL) == MC_TOO_FEW,
	      "nor has the other");
	check(mc_tail_dependence_worksize(7) == 7, "work space");
}
