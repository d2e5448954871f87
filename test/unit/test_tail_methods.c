/*
 * test_tail_methods.c
 *	  Estimators of expected shortfall beside their definitions, by counting, on small samples with
 *	  ties; arrays and trees agree; published numbers of ORE and PerformanceAnalytics.
 */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/select.h"
#include "kernel/tail_methods.h"
#include "unit.h"

#define MOST 800

static double
by_array(const double *losses, size_t n, double confidence, McShortfallMethod method)
{
	double copy[MOST];

	memcpy(copy, losses, n * sizeof(double));
	mc_tail_largest_in_place(copy, n, mc_shortfall_depth(n, confidence, method), NULL);
	return mc_shortfall(copy, n, confidence, method);
}

static double
by_tree(const double *losses, size_t n, double confidence, McShortfallMethod method)
{
	McOrderNode nodes[MOST + 2];
	McOrderTree tree;

	mc_order_tree_init(&tree, nodes, MOST + 2);
	for (size_t i = 0; i < n; i++)
		mc_order_tree_insert(&tree, losses[i]);
	return mc_order_tree_shortfall(&tree, confidence, method);
}

/* Mean of the losses at or above x, or above it; NaN when there are none. */
static double
mean_from(const double *sorted, size_t n, double x, bool equal_too)
{
	long double sum = 0;
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		if (sorted[i] > x || (equal_too && sorted[i] == x))
		{
			sum += sorted[i];
			count++;
		}
	return count == 0 ? NAN : (double) (sum / count);
}

/* From the definitions; the tail 1 - c comes in tenths of a percent, so that floors are exact. */
static double
by_definition(const double *losses, size_t n, int permille, McShortfallMethod method)
{
	double sorted[MOST];
	size_t gaps = (n - 1) * permille / 1000;
	double rest = (double) ((n - 1) * permille % 1000) / 1000;
	size_t above = n * permille / 1000;
	long double sum = 0;
	double x;

	memcpy(sorted, losses, n * sizeof(double));
	mc_sort_descending(sorted, n, NULL);
	switch (method)
	{
		case MC_ORDER_STATISTIC:
			return mean_from(sorted, n, sorted[above], true);
		case MC_BELOW_VAR:
			x = rest == 0 ? sorted[gaps] : sorted[gaps] + rest * (sorted[gaps + 1] - sorted[gaps]);
			/* interpolation between equal losses must give them back */
			for (size_t i = 0; i < n; i++)
				x = fabs(x - sorted[i]) < 1e-13 ? sorted[i] : x;
			return isnan(mean_from(sorted, n, x, false)) ? x : mean_from(sorted, n, x, false);
		case MC_EMPYRICAL:
			for (size_t i = 0; i <= gaps; i++)
				sum += sorted[i];
			return (double) (sum / (gaps + 1));
		case MC_ACERBI_TASCHE:
			break;
	}
	for (size_t i = 0; i < above; i++)
		sum += sorted[i];
	rest = (double) (n * permille % 1000) / 1000;
	sum += rest == 0 ? 0 : (long double) rest * sorted[above];
	return (double) (sum * 1000 / ((long double) n * permille));
}

static void
definitions(void)
{
	static const int tails[] = {1, 10, 25, 50, 100, 125, 200, 250, 333, 500, 750, 900, 999};
	UnitRandom random = {11};
	int wrong[4] = {0};
	int differ = 0;
	int deep = 0;

	for (size_t n = 1; n <= 130; n++)
		for (size_t t = 0; t < sizeof(tails) / sizeof(tails[0]); t++)
		{
			double confidence = 1 - tails[t] / 1000.0;
			double losses[MOST];

			for (size_t i = 0; i < n; i++)
				losses[i] =
				    floor(8 * unit_normal(&random)) / 2 + (n % 3 == 0 ? unit_normal(&random) : 0);
			for (int m = 0; m < 4; m++)
			{
				double got = by_array(losses, n, confidence, (McShortfallMethod) m);
				double want = by_definition(losses, n, tails[t], (McShortfallMethod) m);
				double tree = by_tree(losses, n, confidence, (McShortfallMethod) m);

				wrong[m] += fabs(got - want) > 1e-13 * (1 + fabs(want));
				differ += !(fabs(tree - got) <= 2e-15 * fabs(got));
				deep += mc_shortfall_depth(n, confidence, (McShortfallMethod) m) > n;
			}
		}
	for (int m = 0; m < 4; m++)
		check(wrong[m] == 0, "%s is its definition: n <= 130, ties, %d tails",
		      mc_shortfall_methods[m], (int) (sizeof(tails) / sizeof(tails[0])));
	check(differ == 0, "an order tree gives what an array gives");
	check(deep == 0, "no method looks deeper than the sample");
}

static void
by_hand(void)
{
	const double five[] = {0, 1, 2, 3, 4};
	const double ties[] = {1, 2, 2, 2, 5};
	const double equal[] = {3, 3, 3};
	const double one[] = {-7};
	const double huge[] = {DBL_MAX, DBL_MAX, 1, -DBL_MAX};
	int wrong = 0;

	check(by_array(five, 5, 0.75, MC_ACERBI_TASCHE) == 3.8, "{0,1,2,3,4} at 0.75: 3.8");
	check(by_array(five, 5, 0.75, MC_ORDER_STATISTIC) == 3.5, "the mean from VaR on is 3.5");
	check(by_array(five, 5, 0.75, MC_BELOW_VAR) == 4, "beyond the type 7 quantile 3: 4");
	check(by_array(five, 5, 0.75, MC_EMPYRICAL) == 3.5, "the worst 1 + floor(4 / 4): 3.5");
	check(by_array(ties, 5, 0.75, MC_ORDER_STATISTIC) == 2.75, "all losses equal to VaR count");
	check(by_array(ties, 5, 0.75, MC_BELOW_VAR) == 5, "none of them is beyond it");
	for (int m = 0; m < 4; m++)
	{
		wrong += by_array(one, 1, 0.99, (McShortfallMethod) m) != -7;
		wrong += by_array(equal, 3, 0.5, (McShortfallMethod) m) != 3;
		wrong += by_tree(equal, 3, 0.5, (McShortfallMethod) m) != 3;
		wrong += by_array(huge, 4, 0.5, (McShortfallMethod) m) !=
		         (m == MC_ORDER_STATISTIC ? DBL_MAX / 1.5 : DBL_MAX);
		wrong += by_tree(huge, 4, 0.5, (McShortfallMethod) m) !=
		         (m == MC_ORDER_STATISTIC ? DBL_MAX / 1.5 : DBL_MAX);
		wrong += by_array(five, 5, 1e-300, (McShortfallMethod) m) != (m == MC_BELOW_VAR ? 2.5 : 2);
		wrong += by_array(five, 5, 1 - DBL_EPSILON, (McShortfallMethod) m) != 4;
	}
	check(wrong == 0, "one loss, equal losses, the largest doubles, confidences near 0 and 1");
	check(strcmp(mc_shortfall_methods[MC_EMPYRICAL], "empyrical") == 0 &&
	          mc_shortfall_methods[MC_EMPYRICAL + 1] == NULL,
	      "four names and the end of the list");
}

/* Column of a file in ../shared/vectors, negated: losses. */
static size_t
read_losses(const char *name, int column, double *values, size_t max)
{
	char path[256];
	char line[1024];
	size_t n = 0;
	FILE *file;

	snprintf(path, sizeof(path), "../shared/vectors/%s", name);
	file = fopen(path, "r");
	if (file == NULL)
		return 0;
	while (n < max && fgets(line, sizeof(line), file) != NULL)
	{
		char *field = line;
		char *end;

		for (int i = 0; i < column && field != NULL; i++)
			field = strchr(field, ',') ? strchr(field, ',') + 1 : NULL;
		if (field == NULL)
			continue;
		values[n] = -strtod(field, &end);
		n += end != field;
	}
	fclose(file);
	return n;
}

static void
published(void)
{
	double x[MOST];
	size_t n = read_losses("ore_histsim_pnl_all_all.csv", 2, x, MOST);

	if (n == 0)
	{
		skip("no ../shared/vectors", "ORE and PerformanceAnalytics");
		return;
	}
	check_close(by_array(x, n, 0.99, MC_ORDER_STATISTIC), 949845.987415, 1e-12, "ORE ES 1 %%");
	check_close(by_array(x, n, 0.95, MC_ORDER_STATISTIC), 777808.702398, 1e-12, "ORE ES 5 %%");
	n = read_losses("edhec_152x13.csv", 1, x, 100);
	check_close(by_array(x, n, 0.95, MC_BELOW_VAR), 0.02408, 1e-14,
	            "PerformanceAnalytics ES historical, edhec 1 to 100");
	n = read_losses("edhec_152x13.csv", 1, x, 152);
	check_close(by_array(x, n, 0.99, MC_BELOW_VAR), 0.1132, 1e-14, "edhec, 99 %%");
	check_close(by_array(x, n, 0.975, MC_BELOW_VAR), 0.0725, 1e-14, "edhec, 97.5 %%");
}

void
test_tail_methods(void)
{
	definitions();
	by_hand();
	published();
}
