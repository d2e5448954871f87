/*
 * test_portfolio_offset.c
 *	  Offsets by hand and beside wide arithmetic; order, cap and bounds.
 */
#include <math.h>
#include <string.h>

#include "kernel/portfolio_offset.h"
#include "kernel/rank_update.h"
#include "unit.h"
#include "wide.h"

#define MOST 40
#define SIZE (MOST * (MOST + 1) / 2)

static void
test_by_hand(void)
{
	double hedge[] = {100, -100};
	double both_long[] = {300, 400};
	double three[] = {60, 80, -120};
	double half[] = {1, 0.5, 1};
	double none[] = {1, 0, 1};
	double some[] = {1, 0.5, 1, 0.25, 0, 1};
	McPortfolioOffset o;

	/* sqrt(2 * 10000 - 2 * 0.5 * 10000) = 100 */
	mc_portfolio_offset(hedge, half, 2, 0.8, false, &o, NULL);
	check_close(o.combined, 100, 1e-15, "hedge: combined");
	check_close(o.credit, 80, 1e-15, "hedge: credit");
	check_close(o.requirement, 120, 1e-15, "hedge: requirement");
	check(o.gross == 200 && o.at_one == 0, "hedge: gross, and 0 at one");
	check_close(o.at_zero, 141.421356237309505, 1e-15, "hedge: at zero");
	check_close(o.worst, 141.421356237309505, 1e-15, "hedge: worst");
	/* 300, 400, 500 */
	mc_portfolio_offset(both_long, none, 2, 0.8, false, &o, NULL);
	check_close(o.combined, 500, 1e-15, "both long: combined");
	check_close(o.credit, 160, 1e-15, "both long: credit");
	check(o.at_one == 700 && o.worst == 700, "both long: one and worst are the gross");
	mc_portfolio_offset(both_long, none, 2, 0.8, true, &o, NULL);
	check(o.combined == 700 && o.credit == 0, "both long, hedges only: no credit");
	mc_portfolio_offset(hedge, none, 2, 0.8, true, &o, NULL);
	check(o.combined == 200 && o.worst == 200, "no correlation, hedges only: no credit");
	/* 3600 + 6400 + 14400 + 2 (0.5 4800 - 0.25 7200) = 25600; hedges only:
	   24400 + 2 (4800 - 0.25 7200 + 9600) = 49600 */
	mc_portfolio_offset(three, some, 3, 0.5, false, &o, NULL);
	check_close(o.combined, 160, 1e-15, "three: combined");
	check_close(o.credit, 50, 1e-15, "three: credit");
	check_close(o.at_one, 20, 1e-15, "three: at one");
	check_close(o.worst, sqrt(140.0 * 140 + 120.0 * 120), 1e-15, "three: worst");
	mc_portfolio_offset(three, some, 3, 0.5, true, &o, NULL);
	check_close(o.combined, sqrt(49600.0), 1e-15, "three, hedges only: combined");
	check(o.worst == o.combined, "three, hedges only: worst is not below combined");
}

/* a correlation matrix of rank 3 and something of its own, so that it is definite */
static void
random_correlation(UnitRandom *random, size_t k, double *c)
{
	double loading[MOST][4];

	for (size_t i = 0; i < k; i++)
	{
		double square = 0;

		for (int f = 0; f < 3; f++)
		{
			loading[i][f] = unit_normal(random);
			square += loading[i][f] * loading[i][f];
		}
		for (int f = 0; f < 3; f++)
			loading[i][f] *= sqrt(0.9 / square);
	}
	for (size_t i = 0; i < k; i++)
		for (size_t j = 0; j <= i; j++)
		{
			double sum = 0;

			for (int f = 0; f < 3; f++)
				sum += loading[i][f] * loading[j][f];
			c[mc_triangle_row(i) + j] = i == j ? 1 : sum;
		}
}

/* combined, with margins of about that unit */
static double
brute_force(const double *m, const double *c, size_t k, bool hedges_only, double unit)
{
	Wide sum = 0;

	for (size_t i = 0; i < k; i++)
		for (size_t j = 0; j < k; j++)
		{
			size_t at = i > j ? mc_triangle_row(i) + j : mc_triangle_row(j) + i;
			Wide product = (m[i] / (Wide) unit) * (m[j] / (Wide) unit);

			if (hedges_only && i != j && !(product * c[at] < 0))
				sum += product < 0 ? -product : product;
			else
				sum += product * c[at];
		}
	return unit * sqrt((double) sum);
}

/* the same positions in another order */
static void
shuffle(UnitRandom *random, const double *m, const double *c, size_t k, double *pm, double *pc)
{
	size_t order[MOST];

	for (size_t i = 0; i < k; i++)
		order[i] = i;
	for (size_t i = k - 1; i > 0; i--)
	{
		size_t j = (size_t) ((double) (i + 1) * unit_uniform(random));
		size_t swap = order[i];

		order[i] = order[j];
		order[j] = swap;
	}
	for (size_t i = 0; i < k; i++)
	{
		pm[i] = m[order[i]];
		for (size_t j = 0; j <= i; j++)
		{
			size_t a = order[i] > order[j] ? order[i] : order[j];
			size_t b = order[i] > order[j] ? order[j] : order[i];

			pc[mc_triangle_row(i) + j] = c[mc_triangle_row(a) + b];
		}
	}
}

typedef struct Failures
{
	int value;
	int order;
	int bounds;
	int cap;
	int hedges;
} Failures;

static void
one_portfolio(UnitRandom *random, size_t k, double unit, Failures *wrong)
{
	double m[MOST];
	double c[SIZE];
	double pm[MOST];
	double pc[SIZE];
	McPortfolioOffset o;
	McPortfolioOffset p;
	McPortfolioOffset strict;

	random_correlation(random, k, c);
	for (size_t i = 0; i < k; i++)
		m[i] = unit * unit_normal(random) * exp(3 * unit_normal(random));
	shuffle(random, m, c, k, pm, pc);
	mc_portfolio_offset(m, c, k, 0.8, false, &o, NULL);
	mc_portfolio_offset(pm, pc, k, 0.8, false, &p, NULL);
	wrong->order += memcmp(&o, &p, sizeof(o)) != 0;
	wrong->value += !is_close(o.combined, brute_force(m, c, k, false, unit), 1e-13);
	wrong->bounds += !(o.combined >= 0 && o.combined <= o.gross && o.requirement >= o.combined &&
	                   o.requirement <= o.gross && o.worst >= o.at_zero && o.worst >= o.at_one &&
	                   o.worst >= o.combined && o.worst <= o.gross);
	mc_portfolio_offset(m, c, k, 0.8000000000000002, false, &p, NULL);
	wrong->cap += !(p.credit >= o.credit && p.requirement <= o.requirement);
	mc_portfolio_offset(m, c, k, 0.8, true, &strict, NULL);
	mc_portfolio_offset(pm, pc, k, 0.8, true, &p, NULL);
	wrong->order += memcmp(&strict, &p, sizeof(p)) != 0;
	wrong->hedges += !(strict.combined >= o.combined && strict.combined <= o.gross &&
	                   is_close(strict.combined, brute_force(m, c, k, true, unit), 1e-13));
}

static void
test_random(void)
{
	UnitRandom random = {31};
	const double units[] = {1, 1e-3, 1e300, 1e-300};
	Failures wrong = {0};

	for (int round = 0; round < 400; round++)
		one_portfolio(&random, 1 + (size_t) (MOST * unit_uniform(&random)), units[round % 4],
		              &wrong);
	check(wrong.value == 0, "400 portfolios agree with wide arithmetic: %d do not", wrong.value);
	check(wrong.order == 0, "and no digit depends on their order: %d do", wrong.order);
	check(wrong.bounds == 0, "combined <= requirement <= gross, worst above all: %d", wrong.bounds);
	check(wrong.cap == 0, "monotone in the cap: %d are not", wrong.cap);
	check(wrong.hedges == 0, "hedges only agrees and is not below: %d", wrong.hedges);
}

/* longs and shorts that add up to 0 and move as one */
static void
test_perfect_hedge(void)
{
	double m[] = {0.1, 0.2, 0.4, -0.3, -0.4, 1e-17};
	double c[21];
	double large[] = {1e308, 1e308};
	double one[] = {1, 1, 1};
	double nothing[] = {0, -0.0};
	McPortfolioOffset o;

	for (int i = 0; i < 21; i++)
		c[i] = 1;
	mc_portfolio_offset(m, c, 6, 1, false, &o, NULL);
	/* 0.1 + 0.2 - 0.3 as doubles is 2^-55, and 0.1 ulp of it is 1e-17 more */
	check_close(o.combined, 0x1p-55 + 1e-17, 1e-12, "what is left of a perfect hedge");
	check_close(o.at_one, 0x1p-55 + 1e-17, 1e-15, "and of its sum");
	check(mc_portfolio_offset(large, one, 2, 0.8, false, &o, NULL) == MC_OVERFLOW,
	      "a gross beyond a double");
	mc_portfolio_offset(nothing, one, 2, 0.8, false, &o, NULL);
	check(o.gross == 0 && o.combined == 0 && o.credit == 0 && o.worst == 0, "no margins at all");
	mc_portfolio_offset(large, one, 1, 0.8, true, &o, NULL);
	check(o.gross == 1e308 && o.requirement == 1e308 && o.worst == 1e308, "one position");
}

/* where two ways to one number round differently, the bounds hold all the same */
static void
test_rounding(void)
{
	UnitRandom random = {5};
	double half[] = {1, 0.5, 1};
	double all[] = {1, 1, 1, 1, 1, 1};
	int below = 0;
	int above = 0;

	for (int round = 0; round < 2000; round++)
	{
		double hedge[] = {unit_uniform(&random), -unit_uniform(&random)};
		double longs[] = {unit_uniform(&random), unit_uniform(&random), unit_uniform(&random)};
		McPortfolioOffset o;

		mc_portfolio_offset(hedge, half, 2, 1, false, &o, NULL);
		below += o.worst < o.at_zero || o.worst < o.at_one;
		mc_portfolio_offset(longs, all, 3, 1, false, &o, NULL);
		above += o.combined > o.gross || o.credit < 0 || o.worst > o.gross;
	}
	check(below == 0, "the worst is never below a breakdown: %d are", below);
	check(above == 0, "nor anything above the gross: %d are", above);
}

static bool
stop(void *arg __attribute__((unused)))
{
	return true;
}

void
test_portfolio_offset(void)
{
	static double m[400];
	static double c[400 * 401 / 2];
	const McPoll poll = {stop, NULL};
	McPortfolioOffset o;

	test_by_hand();
	test_perfect_hedge();
	test_rounding();
	test_random();
	for (int i = 0; i < 400; i++)
		m[i] = c[mc_triangle_row((size_t) i) + (size_t) i] = 1;
	check(mc_portfolio_offset(m, c, 400, 0.8, false, &o, &poll) == MC_STOPPED, "a cancel stops");
	mc_portfolio_offset(m, c, 400, 0.8, false, &o, NULL);
	check_close(o.combined, 20, 1e-15, "400 independent positions: sqrt(400)");
}
