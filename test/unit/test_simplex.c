/*
 * test_simplex.c
 *	  Linear programmes: Beale's, which cycles under the textbook rule, assignments beside every permutation, and
 *	  random ones, each proven optimal by the value of its dual.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "kernel/simplex.h"
#include "unit.h"

#define MOST_ROWS 60
#define MOST_COLUMNS 200

static double a[MOST_ROWS * MOST_COLUMNS];
static double original[MOST_ROWS * MOST_COLUMNS];
static double basic[MOST_ROWS];
static double right[MOST_ROWS];
static double upper[MOST_COLUMNS];
static double first[MOST_COLUMNS];
static double second[MOST_COLUMNS];
static double costs[MOST_COLUMNS];
static double x[MOST_COLUMNS];
static size_t basis[MOST_ROWS];
static bool at_upper[MOST_COLUMNS];
static bool is_basic[MOST_COLUMNS];

/* an empty programme, with a slack for each row after `n` columns */
static McSimplex
programme(size_t rows, size_t n)
{
	McSimplex lp = {rows, n + rows, a, basic, upper, first, second, basis, at_upper, is_basic};

	memset(a, 0, sizeof(a));
	memset(first, 0, sizeof(first));
	memset(second, 0, sizeof(second));
	memset(at_upper, 0, sizeof(at_upper));
	for (size_t j = 0; j < lp.columns; j++)
		upper[j] = INFINITY;
	for (size_t i = 0; i < rows; i++)
	{
		a[i * lp.columns + n + i] = 1;
		basis[i] = n + i;
		basic[i] = 0;
	}
	return lp;
}

static McStatus
solve(McSimplex *lp, const McPoll *poll)
{
	memcpy(original, a, sizeof(a));
	memcpy(right, basic, sizeof(basic));
	memcpy(costs, second, sizeof(second));
	return mc_simplex_solve(lp, x, poll);
}

static double
cost_of(const McSimplex *lp)
{
	double sum = 0;

	for (size_t j = 0; j < lp->columns; j++)
		sum += costs[j] * x[j];
	return sum;
}

/* the largest violation of a row or a bound */
static double
violation(const McSimplex *lp)
{
	double worst = 0;

	for (size_t i = 0; i < lp->rows; i++)
	{
		double sum = -right[i];

		for (size_t j = 0; j < lp->columns; j++)
			sum += original[i * lp->columns + j] * x[j];
		worst = fmax(worst, fabs(sum));
	}
	for (size_t j = 0; j < lp->columns; j++)
		worst = fmax(worst, fmax(-x[j], x[j] - upper[j]));
	return worst;
}

/* b'y + sum of min(0, (c - A'y)_j upper_j), which no feasible x costs less than; y from the reduced costs of slacks */
static double
dual_value(const McSimplex *lp)
{
	size_t n = lp->columns - lp->rows;
	double value = 0;

	for (size_t i = 0; i < lp->rows; i++)
		value -= right[i] * second[n + i];
	for (size_t j = 0; j < lp->columns; j++)
	{
		double d = costs[j];

		for (size_t i = 0; i < lp->rows; i++)
			d += original[i * lp->columns + j] * second[n + i];
		if (d < -1e-9)
			value += d * upper[j];
	}
	return value;
}

static void
test_beale(void)
{
	static const double rows[3][4] = {{0.25, -8, -1, 9}, {0.5, -12, -0.5, 3}, {0, 0, 1, 0}};
	static const double prices[4] = {-0.75, 20, -0.5, 6};
	McSimplex lp = programme(3, 4);

	for (size_t i = 0; i < 3; i++)
		memcpy(a + i * lp.columns, rows[i], sizeof(rows[i]));
	memcpy(second, prices, sizeof(prices));
	basic[2] = 1;
	check(solve(&lp, NULL) == MC_OK, "Beale's programme ends");
	check_close(cost_of(&lp), -1.25, 1e-12, "at -5/4");
	check(x[0] == 1 && x[1] == 0 && x[2] == 1 && x[3] == 0, "in (1, 0, 1, 0)");
}

/* n! permutations by recursion */
static double
cheapest_assignment(const double *prices, size_t n, size_t row, unsigned taken)
{
	double best = INFINITY;

	if (row == n)
		return 0;
	for (size_t j = 0; j < n; j++)
		if (!(taken & 1u << j))
			best = fmin(best, prices[row * n + j] +
			                      cheapest_assignment(prices, n, row + 1, taken | 1u << j));
	return best;
}

/* rows and columns of an assignment sum to 1: every basis is degenerate, and artificials are a first objective */
static void
test_assignment(void)
{
	size_t n = 7;
	size_t trials = unit_repeats(40, 4);
	size_t right_ones = 0;

	for (size_t trial = 0; trial < trials; trial++)
	{
		UnitRandom random = {trial + 1};
		McSimplex lp = programme(2 * n, n * n);
		double prices[49];

		for (size_t i = 0; i < n; i++)
			for (size_t j = 0; j < n; j++)
			{
				size_t pair = i * n + j;

				/* few different prices: ties everywhere */
				prices[pair] = second[pair] = floor(unit_uniform(&random) * 6);
				a[i * lp.columns + pair] = a[(n + j) * lp.columns + pair] = 1;
			}
		for (size_t i = 0; i < 2 * n; i++)
		{
			basic[i] = 1;
			first[n * n + i] = 1;
		}
		right_ones += solve(&lp, NULL) == MC_OK && violation(&lp) < 1e-9 &&
		              fabs(cost_of(&lp) - cheapest_assignment(prices, n, 0, 0)) < 1e-9;
	}
	check(right_ones == trials, "%zu assignments as cheap as the best of all permutations", trials);
}

static void
test_random(size_t rows, size_t n)
{
	size_t trials = unit_repeats(60, 5);
	size_t right_ones = 0;
	double worst = 0;

	for (size_t trial = 0; trial < trials; trial++)
	{
		UnitRandom random = {trial * 1000 + rows};
		McSimplex lp = programme(rows, n);

		for (size_t i = 0; i < rows; i++)
		{
			for (size_t j = 0; j < n; j++)
				if (unit_uniform(&random) < 0.4)
					a[i * lp.columns + j] = unit_normal(&random);
			basic[i] = unit_uniform(&random) < 0.3 ? 0 : unit_uniform(&random);
		}
		for (size_t j = 0; j < n; j++)
		{
			second[j] = unit_normal(&random);
			upper[j] = unit_uniform(&random) < 0.1 ? 0 : 3 * unit_uniform(&random);
		}
		if (solve(&lp, NULL) != MC_OK)
			continue;
		worst = fmax(worst, violation(&lp));
		right_ones += fabs(cost_of(&lp) - dual_value(&lp)) <= 1e-9 * (1 + fabs(cost_of(&lp)));
	}
	check(right_ones == trials && worst < 1e-9,
	      "%zu programmes of %zu rows, %zu columns: cost = dual", trials, rows, n);
}

/* x1 + x2 + slack = 2 asks for nothing of u: minimise u first, then -x1; x1 + u = 3 */
static void
test_order(void)
{
	McSimplex lp = programme(2, 3);

	a[0] = a[1] = 1;
	basic[0] = 2;
	a[lp.columns] = 1;
	a[lp.columns + 1] = 2;
	basic[1] = 3;
	first[lp.columns - 1] = 1;
	second[0] = 1;
	second[1] = 5;
	check(solve(&lp, NULL) == MC_OK, "two objectives");
	/* x1 = 1, x2 = 1 is the cheapest with x1 + 2 x2 = 3; x1 = 2 alone would cost less */
	check(fabs(x[0] - 1) < 1e-12 && fabs(x[1] - 1) < 1e-12, "the second within the first");
}

static bool
always(void *arg)
{
	return arg == NULL;
}

static void
test_ends(void)
{
	const McPoll poll = {always, NULL};
	McSimplex lp = programme(1, 1);

	second[0] = -1;
	check(solve(&lp, NULL) == MC_OVERFLOW, "no lower bound");
	lp = programme(1, 1);
	a[0] = 1;
	basic[0] = 1;
	second[0] = -1;
	check(solve(&lp, &poll) == MC_STOPPED, "stops when polled");
	lp = programme(1, 1);
	second[0] = -1;
	upper[0] = 7;
	check(solve(&lp, NULL) == MC_OK && x[0] == 7, "goes to its own bound");
	lp = programme(1, 1);
	upper[0] = 0;
	second[0] = -1;
	check(solve(&lp, NULL) == MC_OK && x[0] == 0, "a column without room stays out");
}

void
test_simplex(void)
{
	test_beale();
	test_assignment();
	test_random(3, 4);
	test_random(10, 30);
	test_random(50, 120);
	test_order();
	test_ends();
}
