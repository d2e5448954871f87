/*
 * test_portfolio_losses.c
 *	  Rows added and losses ordered by every instruction set of this machine, to the bit; ties, lengths, roles.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/add_rows.h"
#include "kernel/portfolio_losses.h"
#include "unit.h"

#define LONGEST 5000

static double rows[MC_ADD_ROWS][LONGEST + 1];
static double pnl[LONGEST + 1];
static double work[LONGEST + 1];
static double sorted[LONGEST];
static McScenarioRole roles[LONGEST];

static const size_t lengths[] = {1,  2,  7,  8,   9,   24,  31,  32,   33,   40,     63,
                                 64, 65, 96, 127, 128, 250, 999, 1000, 1003, LONGEST};
#define LENGTHS (sizeof(lengths) / sizeof(lengths[0]))

static size_t
below(UnitRandom *random, size_t n)
{
	return (size_t) (unit_uniform(random) * (double) n);
}

static void
test_rows(void)
{
	McAddRows variants[MC_ADD_ROWS_VARIANTS];
	UnitRandom random = {11};
	static double want[LONGEST];

	mc_add_rows_variants(variants);
	check(variants[0] == mc_add_rows(), "the first is the one in use");
	for (size_t v = 0; variants[v] != NULL; v++)
	{
		size_t wrong = 0;

		for (size_t l = 0; l < LENGTHS; l++)
			for (size_t n = 1; n <= MC_ADD_ROWS; n++)
			{
				McRowTerm terms[MC_ADD_ROWS];

				for (size_t k = 0; k < n; k++)
				{
					terms[k] = (McRowTerm){rows[k], exp(9 * unit_normal(&random))};
					for (size_t s = 0; s < lengths[l]; s++)
						rows[k][s] = exp(9 * unit_normal(&random)) - 1;
				}
				for (size_t s = 0; s < lengths[l]; s++)
				{
					pnl[s] = want[s] = unit_normal(&random);
					for (size_t k = 0; k < n; k++)
						want[s] += terms[k].factor * rows[k][s];
				}
				pnl[lengths[l]] = 12345;
				variants[v](terms, n, lengths[l], pnl);
				wrong += memcmp(want, pnl, lengths[l] * sizeof(double)) != 0;
				wrong += pnl[lengths[l]] != 12345;
			}
		check(wrong == 0, "rows of variant %zu, %zu sums differ", v, wrong);
	}
}

static int
descending(const void *a, const void *b)
{
	double x = *(const double *) a;
	double y = *(const double *) b;

	return (x < y) - (x > y);
}

/* One of few values, or of many. */
static double
value(UnitRandom *random, int kind)
{
	if (kind == 0)
		return unit_normal(random);
	if (kind == 1)
		return (double) below(random, 5) - 2;
	if (kind == 2)
		return 3;
	return unit_uniform(random) < .5 ? (double) below(random, 3) - 1 : 1e300 * unit_normal(random);
}

static void
test_loops(void)
{
	McLossLoops variants[MC_LOSS_VARIANTS];
	size_t n = mc_loss_variants(variants);
	UnitRandom random = {12};

	check(variants[0].lanes == mc_loss_loops().lanes, "the first is the one in use");
	for (size_t v = 0; v < n; v++)
	{
		size_t wrong[4] = {0};

		for (size_t k = 0; k < 4 * 10 * (MC_LOSS_FEW + 1); k++)
		{
			size_t length = k / 40;

			for (size_t i = 0; i < length; i++)
				work[i] = sorted[i] = value(&random, (int) (k % 4));
			work[length] = 12345;
			qsort(sorted, length, sizeof(double), descending);
			variants[v].sort_few(work, length);
			for (size_t i = 0; i < length; i++)
				wrong[0] += work[i] != sorted[i];
			wrong[0] += work[length] != 12345;
		}
		for (size_t l = 0; l <= 10; l++)
		{
			double lane[MC_LOSS_LANES];
			double want[MC_LOSS_LANES];

			for (size_t j = 0; j < MC_LOSS_LANES; j++)
				lane[j] = want[j] = -INFINITY;
			for (size_t s = 0; s < l * MC_LOSS_LANES; s++)
			{
				pnl[s] = value(&random, (int) (l % 4));
				want[s % MC_LOSS_LANES] = fmax(want[s % MC_LOSS_LANES], -pnl[s]);
			}
			wrong[1] += !variants[v].lanes(pnl, l * MC_LOSS_LANES, lane);
			wrong[1] += memcmp(lane, want, sizeof(lane)) != 0;
			for (size_t length = l * MC_LOSS_LANES - (l == 0 ? 0 : l - 1), d = 0; d < 4; d++)
			{
				double threshold = d == 0 || length == 0 ? -INFINITY : -pnl[below(&random, length)];
				size_t count = 0;

				work[length] = 12345;
				for (size_t s = 0; s < length; s++)
					if (-pnl[s] >= threshold)
						sorted[count++] = -pnl[s];
				wrong[3] += variants[v].keep(pnl, length, threshold, work) != count;
				wrong[3] +=
				    memcmp(work, sorted, count * sizeof(double)) != 0 || work[length] != 12345;
			}
			for (size_t s = 0; s < l * MC_LOSS_LANES; s++)
				for (int bad = 0; bad < 3; bad++)
				{
					double before = pnl[s];

					pnl[s] = bad == 0 ? NAN : (bad == 1 ? INFINITY : -INFINITY);
					wrong[2] += variants[v].lanes(pnl, l * MC_LOSS_LANES, lane);
					pnl[s] = before;
				}
		}
		check(wrong[0] == 0, "few losses in order by variant %zu, %zu are not", v, wrong[0]);
		check(wrong[1] == 0, "lanes of variant %zu, %zu differ", v, wrong[1]);
		check(wrong[3] == 0, "losses not below a threshold by variant %zu, %zu are wrong", v,
		      wrong[3]);
		check(wrong[2] == 0, "what is not finite by variant %zu, %zu are not seen", v, wrong[2]);
	}
}

/* Everything that a caller asks for beside a full sort. */
static void
test_order(void)
{
	UnitRandom random = {13};
	size_t wrong[4] = {0};
	size_t done = 0;

	for (size_t l = 0; l < LENGTHS; l++)
		for (size_t k = 0; k < unit_repeats(80, 16); k++)
		{
			McPortfolioMethod method = {.scenarios = lengths[l], .roles = k % 8 < 4 ? NULL : roles};
			McLosses losses;
			size_t n = 0;
			size_t depth;
			size_t worst;

			for (size_t s = 0; s < lengths[l]; s++)
			{
				pnl[s] = value(&random, (int) (k % 4));
				roles[s] = (McScenarioRole){1, false, unit_uniform(&random) < .3};
				if (method.roles == NULL || !roles[s].contingency)
					sorted[n++] = -pnl[s];
			}
			pnl[lengths[l]] = -1e305;
			qsort(sorted, n, sizeof(double), descending);
			mc_losses_take(pnl, &method, &losses);
			wrong[0] += losses.n != n || !losses.finite;
			if (n == 0)
				continue;
			wrong[1] += losses.largest != sorted[0];
			for (int d = 0; d < 4; d++)
			{
				depth = d == 0 ? 1 : (d == 1 ? n : 1 + below(&random, n < 40 ? n : 40));
				mc_losses_order(pnl, &method, &losses, depth, work, NULL);
				for (size_t i = 0; i < depth; i++)
					wrong[2] += work[i] != sorted[i];
			}
			worst = 0;
			while (-pnl[worst] != sorted[0] || (method.roles && roles[worst].contingency))
				worst++;
			wrong[3] += mc_losses_worst(pnl, &method, &losses) != worst;
			done++;
		}
	check(wrong[0] == 0, "losses of %zu accounts, %zu are miscounted", done, wrong[0]);
	check(wrong[1] == 0, "the largest, %zu are not", wrong[1]);
	check(wrong[2] == 0, "the largest in order, %zu are not", wrong[2]);
	check(wrong[3] == 0, "the first scenario of the largest, %zu are not", wrong[3]);
}

void
test_portfolio_losses(void)
{
	test_rows();
	test_loops();
	test_order();
}
