/*
 * test_acerbi_szekely.c
 *	  Z1 and Z2 by hand and in any order of rows; simulated critical values beside those of another
 *	  simulation and those that were published; the mean of the null distribution; what must stop.
 *	  Z3: expected order statistics from tables and from another integral, its value by hand, and its
 *	  paths beside those of sorted samples.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>

#include "kernel/acerbi_szekely.h"
#include "unit.h"

static void
by_hand(void)
{
	const double pnl[] = {-3, 1, -2, -5, 0, -2.5};
	const double var[] = {2, 2, 2, 3, 1, 2};
	const double es[] = {2.5, 4, 4, 4, 2, 2};
	double work[6];
	McAcerbiSzekely z;
	double sum = 3 / 2.5 + 5.0 / 4 + 2.5 / 2;

	check(mc_acerbi_szekely(pnl, var, es, 6, 0.9, work, NULL, &z) == MC_OK && z.exceptions == 3,
	      "three exceptions: a loss equal to VaR is none");
	check_close(z.z1, 1 - sum / 3, 1e-14, "Z1");
	check_close(z.z2, 1 - sum / 0.6, 1e-15, "Z2");
	check(mc_acerbi_szekely(pnl, es, es, 3, 0.9, work, NULL, &z) == MC_OK && z.exceptions == 1,
	      "one");
	check_close(z.z1, 1 - 3 / 2.5, 1e-15, "Z1 of one exception");
	check(mc_acerbi_szekely(pnl + 1, var + 1, es + 1, 2, 0.9, work, NULL, &z) == MC_OK &&
	          z.exceptions == 0 && isnan(z.z1) && z.z2 == 1,
	      "no exceptions: no Z1, and Z2 is 1");
}

static void
any_order(void)
{
	enum
	{
		n = 1000
	};
	static double pnl[n], var[n], es[n], work[n];
	UnitRandom random = {9};
	McAcerbiSzekely first;
	int differ = 0;

	for (int i = 0; i < n; i++)
	{
		pnl[i] = unit_normal(&random) * 3;
		var[i] = 1 + unit_uniform(&random);
		es[i] = 2 + unit_uniform(&random);
	}
	mc_acerbi_szekely(pnl, var, es, n, 0.8, work, NULL, &first);
	for (int turn = 0; turn < 20; turn++)
	{
		McAcerbiSzekely again;

		for (int i = n - 1; i > 0; i--)
		{
			int j = (int) (unit_uniform(&random) * (i + 1));
			double *arrays[] = {pnl, var, es};

			for (int a = 0; a < 3; a++)
			{
				double keep = arrays[a][i];

				arrays[a][i] = arrays[a][j];
				arrays[a][j] = keep;
			}
		}
		mc_acerbi_szekely(pnl, var, es, n, 0.8, work, NULL, &again);
		differ += again.z1 != first.z1 || again.z2 != first.z2;
	}
	check(differ == 0, "the same digits in any order of the rows");
	pnl[0] = -1e300;
	es[0] = 1e-300;
	check(mc_acerbi_szekely(pnl, var, es, n, 0.8, work, NULL, &first) == MC_OVERFLOW,
	      "a loss of 1e600 times its ES");
}

static double
critical(int which, double degrees_of_freedom, double significance, size_t paths, uint64_t seed,
         double *mean)
{
	McEsNull null = {250, 0.975, degrees_of_freedom, seed};
	double *z = malloc(paths * sizeof(double));
	double *work = malloc(mc_es_paths_worksize(250) * sizeof(double));
	double value = NAN;
	size_t kept;

	mc_es_paths(&null, which, paths, z, &kept, work, NULL);
	check(which == 2 ? kept == paths : kept < paths && kept > paths * 99 / 100,
	      "paths of Z%d with %g degrees of freedom", which, degrees_of_freedom);
	*mean = 0;
	for (size_t i = 0; i < kept; i++)
		*mean += z[i] / (double) kept;
	mc_es_critical(z, kept, significance, NULL, &value);
	check(fabs(mc_es_p_value(z, kept, value) - significance) < 3.0 / (double) kept,
	      "the p-value of the critical value");
	free(z);
	free(work);
	return value;
}

static void
critical_values(void)
{
	static const struct
	{
		int which;
		double degrees_of_freedom;
		double significance;
		double want;
		double tolerance;
	} cases[] = {{2, INFINITY, 0.05, -0.7007, 0.02}, {2, INFINITY, 0.0001, -1.79, 0.25},
	             {1, INFINITY, 0.05, -0.114, 0.01},  {2, 3, 0.05, -0.815, 0.02},
	             {2, 5, 0.05, -0.738, 0.02},         {2, 10, 0.05, -0.710, 0.02},
	             {2, 100, 0.05, -0.700, 0.02},       {1, 3, 0.05, -0.43, 0.02},
	             {1, 5, 0.05, -0.26, 0.02},          {1, 10, 0.05, -0.17, 0.02}};

	for (int i = 0; i < 10; i++)
	{
		const size_t paths = unit_repeats(200000, 10000);
		const double wider = sqrt(200000. / (double) paths);
		double mean;
		double got = critical(cases[i].which, cases[i].degrees_of_freedom, cases[i].significance,
		                      paths, 1, &mean);

		check(fabs(got - cases[i].want) <= wider * cases[i].tolerance,
		      "Z%d at %g, %g degrees: %g is near %g", cases[i].which, cases[i].significance,
		      cases[i].degrees_of_freedom, got, cases[i].want);
		check(fabs(mean) < wider * 0.02, "the mean of the null distribution is 0 (%.4f)", mean);
	}
}

/* ES at 50 %: twice the density at 0, times nu / (nu - 1) for Student's t */
static double
median_shortfall(double nu)
{
	return isinf(nu) ? 2 * gsl_ran_ugaussian_pdf(0) : 2 * gsl_ran_tdist_pdf(0, nu) * nu / (nu - 1);
}

/*
 * With one observation at 50 %, X = (1 - Z2) ES / 2 is 0 or the loss at a uniform number, the same
 * one for every distribution of a seed: so what the normal path exceeds with probability u, the
 * others do.
 */
static void
quantiles(void)
{
	static const double degrees[] = {1.01, 1.5, 2, 3, 4.5, 10, 30, 1000, 1e6};
	double *work = malloc(mc_es_paths_worksize(1) * sizeof(double));
	double z[5000];
	double normal[5000];
	McEsNull null = {1, 0.5, INFINITY, 5};
	size_t kept;

	mc_es_paths(&null, 2, 5000, normal, &kept, work, NULL);
	for (int d = 0; d < 9; d++)
	{
		double worst = 0;
		int zeros = 0;

		null.degrees_of_freedom = degrees[d];
		mc_es_paths(&null, 2, 5000, z, &kept, work, NULL);
		for (int i = 0; i < 5000; i++)
		{
			double x = (1 - normal[i]) * median_shortfall(INFINITY) / 2;
			double y = (1 - z[i]) * median_shortfall(degrees[d]) / 2;
			double u = gsl_cdf_ugaussian_Q(x);

			zeros += z[i] == 1;
			worst = fmax(worst, fabs(gsl_cdf_tdist_Q(y, degrees[d]) / u - 1));
		}
		check(worst < 1e-8 && zeros > 2400 && zeros < 2600,
		      "tail quantiles with %g degrees of freedom (%.1e)", degrees[d], worst);
	}
	free(work);
}

static void
small_samples(void)
{
	McEsNull null = {4, 0.5, INFINITY, 7};
	double z[2000];
	double again[2000];
	double *work = malloc(mc_es_paths_worksize(4) * sizeof(double));
	double value;
	size_t kept;
	size_t none = 0;

	mc_es_paths(&null, 1, 2000, z, &kept, work, NULL);
	check(kept > 1830 && kept < 1920, "1 in 16 paths has no exception: %zu of 2000 kept", kept);
	mc_es_paths(&null, 2, 2000, z, &kept, work, NULL);
	for (size_t i = 0; i < kept; i++)
		none += z[i] == 1;
	check(kept == 2000 && none > 80 && none < 170, "they have Z2 = 1");
	mc_es_paths(&null, 2, 2000, again, &kept, work, NULL);
	check(memcmp(z, again, sizeof(z)) == 0, "the same seed, the same paths");
	null.seed = 8;
	mc_es_paths(&null, 2, 2000, again, &kept, work, NULL);
	check(memcmp(z, again, sizeof(z)) != 0, "another seed, other paths");
	for (int i = 0; i < 10; i++)
		z[i] = (i * 7) % 10;
	mc_es_critical(z, 10, 0.3, NULL, &value);
	check(value == 2, "the third of ten values");
	mc_es_critical(z, 10, 0.31, NULL, &value);
	check(value == 3, "the fourth above 0.3");
	mc_es_critical(z, 10, 1e-9, NULL, &value);
	check(value == 0, "the lowest");
	mc_es_critical(z, 10, 1 - 1e-16, NULL, &value);
	check(value == 9, "the highest");
	check_close(mc_es_p_value(z, 10, 2), 4.0 / 11, 1e-15, "p-value (1 + 3) / (1 + 10)");
	check_close(mc_es_p_value(z, 10, -1), 1.0 / 11, 1e-15, "never 0");
	free(work);
}

typedef struct Counter
{
	int polls;
	int stop_at;
} Counter;

static bool
count_polls(void *arg)
{
	Counter *counter = arg;

	return ++counter->polls >= counter->stop_at;
}

static void
stopping(void)
{
	McEsNull null = {100000, 0.99, 4, 1};
	double *work = malloc(mc_es_paths_worksize(100000) * sizeof(double));
	double z[100];
	size_t kept;
	int nodes;
	int stopped = 0;
	int tried = 0;
	Counter counter = {0, 1000000};
	McPoll poll = {count_polls, &counter};

	check(mc_es_paths(&null, 2, 100, z, &kept, work, &poll) == MC_OK && counter.polls > 1900,
	      "polls at every node of the table");
	nodes = counter.polls;
	for (int i = 1; i <= nodes; i += i < nodes - 4 ? 100 : 1)
	{
		counter = (Counter){0, i};
		stopped +=
		    mc_es_paths(&null, 2, 100, z, &kept, work, &poll) == MC_STOPPED && counter.polls == i;
		tried++;
	}
	check(stopped == tried, "stops wherever it polls");
	free(work);
}

/* expected mean of the k worst of n, by the midpoint rule over the loss of the rank */
static double
worst_by_rule(size_t n, size_t k, double nu)
{
	const size_t steps = 20000;
	const double end = asinh(1e9);
	double sum = 0;

	for (size_t i = 0; i < steps; i++)
	{
		/* losses from -1e6 to 1e6, close together in the middle */
		double s = end * (2 * ((double) i + 0.5) / (double) steps - 1);
		double x = sinh(s) * 1e-3;
		double density = isinf(nu) ? gsl_ran_ugaussian_pdf(x) : gsl_ran_tdist_pdf(x, nu);
		double p = isinf(nu) ? gsl_cdf_ugaussian_Q(x) : gsl_cdf_tdist_Q(x, nu);

		sum += x * density * gsl_cdf_binomial_P((unsigned) k - 1, p, (unsigned) n - 1) * cosh(s) *
		       1e-3;
	}
	return sum * 2 * end / (double) steps * (double) n / (double) k;
}

static void
expected_ranks(void)
{
	/* largest of n normals: H. J. Godwin, Ann. Math. Stat. 20 (1949) 279 */
	static const double largest[] = {0.5641895835, 0.8462843753, 1.0293753730, 1.1629644736};
	const double nus[] = {INFINITY, 5, 3};
	double got;

	for (size_t n = 2; n <= 5; n++)
	{
		mc_es_worst_loss(n, 1, INFINITY, &got);
		check_close(got, largest[n - 2], 1e-10, "largest of %zu normals", n);
	}
	for (size_t i = 0; i < 3; i++)
	{
		check(mc_es_worst_loss(250, 6, nus[i], &got) == MC_OK, "the 6 worst of 250");
		check_close(got, worst_by_rule(250, 6, nus[i]), i == 2 ? 1e-5 : 1e-8,
		            "%g: another integral", nus[i]);
		mc_es_worst_loss(9, 7, nus[i], &got);
		check_close(got, worst_by_rule(9, 7, nus[i]), 1e-8, "%g: 7 of 9", nus[i]);
	}
	mc_es_worst_loss(1000000, 25000, INFINITY, &got);
	check_close(got, 2.337802792201413, 1e-5, "many ranks: the expected shortfall");
	check(mc_es_worst_ranks(250, 0.975) == 6 && mc_es_worst_ranks(200, 0.975) == 5 &&
	          mc_es_worst_ranks(100, 0.99) == 1 && mc_es_worst_ranks(99, 0.99) == 0 &&
	          mc_es_worst_ranks(1, 0.5) == 0,
	      "how many ranks are the tail");
}

static void
ranks_by_hand(void)
{
	/* standardised losses 3, -1, 2, 0: the two worst have a mean of 2.5 */
	const double pnl[] = {-3, 3, -1, 5};
	const double location[] = {0, 1, 3, 5};
	const double scale[] = {1, 2, 2, 7};
	const double turned[3][4] = {{5, -1, 3, -3}, {5, 3, 1, 0}, {7, 2, 2, 1}};
	double work[4];
	double z3;
	double again;
	double want =
	    1 - (2.5 / 4 + (5 - 1) / (8 - 1.0) + (5 - 3) / (8 - 3.0) + (17.5 - 5) / (28 - 5.0)) / 4;

	/* 4 in place of the mean that is expected */
	mc_acerbi_szekely_ranks(pnl, location, scale, 4, 2, 4, work, NULL, &z3);
	check_close(z3, want, 1e-15, "Z3 by hand");
	mc_acerbi_szekely_ranks(turned[0], turned[1], turned[2], 4, 2, 4, work, NULL, &again);
	check(z3 == again, "Z3 in another order");
}

/* the same statistic of samples that are sorted */
static void
rank_paths(void)
{
	enum
	{
		ROWS = 100
	};
	const size_t paths = unit_repeats(20000, 1000);
	const double wider = sqrt(20000. / (double) paths);
	McEsNull null = {ROWS, 0.95, 4, 7};
	double *work = malloc(mc_es_paths_worksize(ROWS) * sizeof(double));
	double *z = malloc(paths * sizeof(double));
	double losses[ROWS];
	double rows[ROWS];
	double zero[ROWS] = {0};
	double one[ROWS];
	double moments[2][2] = {{0, 0}, {0, 0}};
	double expected;
	UnitRandom random = {11};

	mc_es_worst_loss(ROWS, 5, 4, &expected);
	for (size_t path = 0; path < paths; path++)
		z[path] = NAN;
	check(mc_es_rank_paths(&null, 5, paths, z, work, NULL) == MC_OK, "paths of Z3");
	for (size_t i = 0; i < ROWS; i++)
		one[i] = 1;
	for (size_t path = 0; path < paths; path++)
	{
		double brute;

		for (size_t i = 0; i < ROWS; i++)
			losses[i] = gsl_cdf_tdist_Pinv(unit_uniform(&random), 4);
		mc_acerbi_szekely_ranks(losses, zero, one, ROWS, 5, expected, rows, NULL, &brute);
		moments[0][0] += z[path] / (double) paths;
		moments[0][1] += z[path] * z[path] / (double) paths;
		moments[1][0] += brute / (double) paths;
		moments[1][1] += brute * brute / (double) paths;
	}
	check(fabs(moments[0][0]) < wider * 0.01 && fabs(moments[1][0]) < wider * 0.01,
	      "Z3 has a mean of 0: %g, %g", moments[0][0], moments[1][0]);
	check_close(sqrt(moments[0][1]), sqrt(moments[1][1]), wider * 0.06,
	            "Z3 spreads as of sorted samples");
	free(work);
	free(z);
}

void
test_acerbi_szekely(void)
{
	by_hand();
	any_order();
	critical_values();
	quantiles();
	small_samples();
	stopping();
	expected_ranks();
	ranks_by_hand();
	rank_paths();
}
