/*
 * test_tail.c
 *	  VaR, ES and quantiles beside sorted sums, the minimisation of Rockafellar and Uryasev,
 *	  published numbers, and orders made to be slow.
 */
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/select.h"
#include "kernel/tail.h"
#include "unit.h"

__extension__ typedef unsigned __int128 Wide128;

static const double confidences[] = {1e-300, 0.001, 0.01, 0.1,   0.25,     1.0 / 3,
                                     0.5,    0.6,   0.7,  0.75,  0.8,      0.9,
                                     0.95,   0.975, 0.99, 0.999, 1 - 1e-9, 1 - DBL_EPSILON / 2};

#define CONFIDENCES (sizeof(confidences) / sizeof(confidences[0]))

static int
descending(const void *a, const void *b)
{
	double x = *(const double *) a;
	double y = *(const double *) b;

	return (x < y) - (x > y);
}

/* The two measures by the kernel, from P&L. */
static void
measure(const double *pnl, size_t n, double confidence, double *var, double *es)
{
	McTailRank rank = mc_tail_rank(n, confidence);
	double *work = malloc(mc_tail_worksize(mc_tail_depth(&rank)) * sizeof(double));

	mc_tail_largest(pnl, n, -1, mc_tail_depth(&rank), work, NULL);
	mc_tail_measures(work, &rank, var, es);
	free(work);
}

/* Smallest loss x with F(x) >= c, by counting; a count within 1e-12 of n c is n c. */
static double
var_by_counting(const double *losses, size_t n, double confidence)
{
	double best = INFINITY;

	for (size_t i = 0; i < n; i++)
	{
		size_t below = 0;

		for (size_t j = 0; j < n; j++)
			below += losses[j] <= losses[i];
		if ((double) below >= (double) n * confidence - 1e-12 && losses[i] < best)
			best = losses[i];
	}
	return best;
}

/* min over z of z + mean(max(L - z, 0)) / (1 - c); the minimum is at one of the losses */
static double
rockafellar_uryasev(const double *losses, size_t n, double confidence)
{
	double best = INFINITY;

	for (size_t i = 0; i < n; i++)
	{
		long double excess = 0;
		double value;

		for (size_t j = 0; j < n; j++)
			excess += losses[j] > losses[i] ? (long double) losses[j] - losses[i] : 0;
		value = (double) (losses[i] + excess / ((long double) n * (1 - (long double) confidence)));
		best = value < best ? value : best;
	}
	return best;
}

static void
every_small_sample(void)
{
	UnitRandom random = {1};
	int var_wrong = 0;
	int es_wrong = 0;
	int above = 0;

	for (size_t n = 1; n <= 60; n++)
	{
		for (size_t c = 0; c < CONFIDENCES + 40; c++)
		{
			double confidence = c < CONFIDENCES ? confidences[c] : unit_uniform(&random);
			double pnl[60];
			double losses[60];
			double var;
			double es;
			double want;
			bool ties = c % 3 == 0;

			for (size_t i = 0; i < n; i++)
			{
				double z = unit_normal(&random);

				losses[i] = ties ? floor(2 * z) : z;
				pnl[i] = -losses[i];
			}
			measure(pnl, n, confidence, &var, &es);
			if (var != var_by_counting(losses, n, confidence))
				var_wrong++;
			want = rockafellar_uryasev(losses, n, confidence);
			if (fabs(es - want) > 1e-13 * (1 + fabs(want)))
				es_wrong++;
			above += var > es;
		}
	}
	check(var_wrong == 0, "VaR is the smallest loss with F(x) >= c: n <= 60, %zu confidences",
	      CONFIDENCES + 40);
	check(es_wrong == 0, "ES is Rockafellar and Uryasev's minimum: n <= 60");
	check(above == 0, "VaR is never above ES");
}

static void
random_samples(void)
{
	UnitRandom random = {2};
	int wrong = 0;

	for (size_t trial = 0; trial < unit_repeats(60, 12); trial++)
	{
		size_t n = 100 + (size_t) (1500 * unit_uniform(&random));
		double confidence = trial % 2 ? unit_uniform(&random) : 1 - 0.1 * unit_uniform(&random);
		double *pnl = malloc(n * sizeof(double));
		double *losses = malloc(n * sizeof(double));
		double var;
		double es;

		for (size_t i = 0; i < n; i++)
		{
			losses[i] = unit_normal(&random) / unit_uniform(&random);
			pnl[i] = -losses[i];
		}
		measure(pnl, n, confidence, &var, &es);
		if (!is_close(es, rockafellar_uryasev(losses, n, confidence), 1e-12))
			wrong++;
		free(pnl);
		free(losses);
	}
	check(wrong == 0, "ES is Rockafellar and Uryasev's minimum: random n and confidence");
}

static void
whole_masses(void)
{
	static const struct
	{
		size_t n;
		double confidence;
		size_t whole;
	} cases[] = {{100, 0.99, 1},         {1000, 0.975, 25},          {10, 0.9, 1},   {10, 0.7, 3},
	             {200, 0.995, 1},        {1000, 0.999, 1},           {250, 0.99, 2}, {30, 0.9, 3},
	             {1000000, 0.9999, 100}, {100000000, 0.99, 1000000}, {50, 0.94, 3},  {5, 0.75, 1}};
	int wrong = 0;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		McTailRank rank = mc_tail_rank(cases[i].n, cases[i].confidence);
		bool fractional = cases[i].n == 250 || cases[i].n == 5;

		wrong += rank.whole != cases[i].whole || rank.var_rank != rank.whole + 1;
		wrong += fractional ? fabs(rank.fraction - (cases[i].n == 5 ? 0.25 : 0.5)) > 1e-12
		                    : rank.fraction != 0;
	}
	check(wrong == 0, "n c within rounding of a whole number is that number");
	wrong = 0;
	for (size_t n = 1; n <= 5000; n++)
	{
		/* n c for c = 1 - j/n, whatever its last bit */
		size_t j = 1 + n / 3;
		double c = 1 - (double) j / (double) n;
		McTailRank rank = mc_tail_rank(n, c > 0 ? c : 0.5);

		wrong += c > 0 && (rank.whole != j || rank.fraction != 0);
	}
	check(wrong == 0, "confidence 1 - j/n has a tail of exactly j losses, n <= 5000");
}

/*
 * n c is a product of integers, n and c 2^53: what is missing to the next whole number and to n
 * is compared with 128-bit arithmetic, to the last bit.
 */
static void
exact_masses(void)
{
	UnitRandom random = {7};
	McTailRank rank = mc_tail_rank(0x80000001, 0.5 + 0x1p-53);
	int wrong = 0;

	/* n c = 2^30 + 1/2 + 2^-22 + 2^-53, and only the last term does not fit a double with the rest */
	check(rank.whole == 0x40000000 && rank.fraction == 0.5 - 0x1p-22 - 0x1p-53,
	      "the fraction of 2^31 + 1 losses at 1/2 + 2^-53");
	for (int trial = 0; trial < 2000; trial++)
	{
		uint64_t n = (UINT64_C(1) << 33) + (uint64_t) (0x1p33 * unit_uniform(&random));
		uint64_t c = (UINT64_C(1) << 52) + (uint64_t) (0x1p52 * unit_uniform(&random));
		Wide128 mass = (Wide128) n * ((UINT64_C(1) << 53) - c);

		rank = mc_tail_rank(n, ldexp((double) c, -53));
		wrong += rank.whole != (uint64_t) (mass >> 53);
		wrong += rank.mass != ldexp((double) mass, -53);
		wrong += rank.fraction != ldexp((double) (mass & ((UINT64_C(1) << 53) - 1)), -53);
	}
	check(wrong == 0, "mass and fraction are right to the last bit for n from 2^33 to 2^34");
}

/* Orders that are hard for quickselect: each kind beside a sorted copy. */
static void
hard_orders(void)
{
	const size_t n = 30000;
	const size_t depths[] = {1, 2, 25, 300, 7000, 15000, 30000};
	double *x = malloc(n * sizeof(double));
	double *sorted = malloc(n * sizeof(double));
	double *copy = malloc(n * sizeof(double));
	double *work = malloc(mc_tail_worksize(n) * sizeof(double));
	UnitRandom random = {3};
	int wrong = 0;

	for (int kind = 0; kind < 9; kind++)
	{
		for (size_t i = 0; i < n; i++)
			x[i] = kind == 0   ? unit_normal(&random)
			       : kind == 1 ? (double) i
			       : kind == 2 ? -(double) i
			       : kind == 3 ? 7
			       : kind == 4 ? (double) (i < n / 2 ? i : n - i)
			       : kind == 5 ? (double) (i % 3)
			       : kind == 6 ? (i % 2 ? (double) i : -(double) i)
			       : kind == 7 ? (i % 100 == 0 ? INFINITY : -INFINITY)
			                   : ldexp((double) ((i * 7919) % n), -1070);
		memcpy(sorted, x, n * sizeof(double));
		qsort(sorted, n, sizeof(double), descending);
		for (size_t d = 0; d < sizeof(depths) / sizeof(depths[0]); d++)
		{
			memcpy(copy, x, n * sizeof(double));
			wrong += mc_tail_largest(copy, n, 1, depths[d], work, NULL) != MC_OK;
			wrong += memcmp(copy, x, n * sizeof(double)) != 0;
			wrong += memcmp(work, sorted, depths[d] * sizeof(double)) != 0;
			wrong += mc_tail_largest_in_place(copy, n, depths[d], NULL) != MC_OK;
			wrong += memcmp(copy, sorted, depths[d] * sizeof(double)) != 0;
			qsort(copy, n, sizeof(double), descending);
			wrong += memcmp(copy, sorted, n * sizeof(double)) != 0;
		}
	}
	check(wrong == 0, "the largest values of nine orders at seven depths, and nothing is lost");
	free(x);
	free(sorted);
	free(copy);
	free(work);
}

typedef struct Counter
{
	size_t polls;
	size_t stop_at;
} Counter;

static bool
count_polls(void *arg)
{
	Counter *counter = arg;

	return ++counter->polls >= counter->stop_at;
}

static McStatus
sort_with_step_count(double *x, size_t n, size_t stop_at, size_t *polls)
{
	Counter counter = {0, stop_at};
	McPoll poll = {count_polls, &counter};
	McStatus status = mc_sort_descending(x, n, &poll);

	*polls = counter.polls;
	return status;
}

static void
stopping(void)
{
	const size_t n = 1 << 20;
	double *x = malloc(n * sizeof(double));
	double *work = malloc(mc_tail_worksize(n / 2) * sizeof(double));
	Counter counter = {0, 3};
	McPoll poll = {count_polls, &counter};
	size_t polls;
	double before = 0;
	double after = 0;

	for (size_t i = 0; i < n; i++)
		before += x[i] = (double) ((i * 7919) % n);
	check(mc_tail_largest(x, n, 1, 1000, work, &poll) == MC_STOPPED && counter.polls == 3,
	      "the search for the largest stops when the poll says so");
	counter.polls = 0;
	check(mc_tail_largest_in_place(x, n, n / 2, &poll) == MC_STOPPED && counter.polls == 3,
	      "so does the one in place");
	check(sort_with_step_count(x, n, 5, &polls) == MC_STOPPED && polls == 5, "so does sorting");
	for (size_t i = 0; i < n; i++)
		after += x[i];
	check(before == after, "and what was stopped is still a permutation");
	check(sort_with_step_count(x, n, SIZE_MAX, &polls) == MC_OK && polls >= 15,
	      "sorting a million values polls at least once in 65,536");
	free(x);
	free(work);
}

/* One infinite loss or gain decides the mean, and only both signs leave none. */
static void
infinite_ends(void)
{
	const double ruin[] = {1, -INFINITY, -2, -3};
	const double windfall[] = {1, INFINITY, -2, -3};
	const double both[] = {-INFINITY, INFINITY};
	double var;
	double es;

	measure(ruin, 4, 0.375, &var, &es);
	check(es == INFINITY && var == 2, "an infinite loss inside the tail: ES infinite, VaR 2");
	measure(ruin, 4, 0.9, &var, &es);
	check(es == INFINITY && var == INFINITY, "nothing but it in the tail: both infinite");
	measure(windfall, 4, 0.125, &var, &es);
	check(es == -INFINITY && var == -INFINITY, "an infinite gain as the last of the tail");
	measure(windfall, 4, 0.375, &var, &es);
	check_close(es, (3 + 2 - 0.5) / 2.5, 1e-15, "an infinite gain outside the tail is not seen");
	measure(both, 2, 0.25, &var, &es);
	check(isnan(es) && var == -INFINITY, "both signs in the tail: no mean");
}

static void
extremes(void)
{
	const double huge[] = {-DBL_MAX, -DBL_MAX, -1e308, 1e308};
	const double tiny[] = {-5e-324, -5e-324, -1e-323};
	const double zero[] = {0, -0.0, 0};
	const double one[] = {-7};
	double var;
	double es;

	measure(huge, 2, 0.3, &var, &es);
	check(es == DBL_MAX && var == DBL_MAX, "ES of the largest doubles does not overflow");
	measure(huge, 4, 0.25, &var, &es);
	check_close(es, DBL_MAX / 3 * 2 + 1e308 / 3, 1e-15, "nor does a sum that passes their range");
	measure(tiny, 2, 0.99, &var, &es);
	check(es == 5e-324 && var == 5e-324, "denormal losses");
	measure(tiny, 3, 1.0 / 3, &var, &es);
	check(var == 5e-324 && es >= var && es <= 1e-323, "ES of denormals stays between them");
	measure(zero, 3, 0.5, &var, &es);
	check(es == 0 && var == 0, "zeros");
	measure(one, 1, 0.99, &var, &es);
	check(es == 7 && var == 7, "one loss");
}

static void
published(void)
{
	const double five[] = {0, -1, -2, -3, -4};
	double *x = malloc(20000 * sizeof(double));
	double var;
	double es;
	size_t n = 20000;

	measure(five, 5, 0.75, &var, &es);
	check(var == 3 && fabs(es - 3.8) < 1e-15, "losses {0,1,2,3,4} at 0.75: VaR 3, ES 3.8");

	/* midpoints of the quantiles of an exponential: VaR -ln(1-c), ES 1 - ln(1-c) */
	for (size_t i = 0; i < n; i++)
		x[i] = log(1 - ((double) i + 0.5) / (double) n);
	measure(x, n, 0.975, &var, &es);
	check_close(var, -log(0.025), 1e-3, "exponential VaR 97.5 %%");
	check_close(es, 1 - log(0.025), 1e-3, "exponential ES 97.5 %%");
	free(x);
}

/* The column of a CSV file in ../shared/vectors, counted from 0. */
static size_t
read_column(const char *name, int column, double *values, size_t max)
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
		values[n] = strtod(field, &end);
		n += end != field;
	}
	fclose(file);
	return n;
}

static double
quantile_of(const double *x, size_t n, double p, McQuantileType type)
{
	McQuantileRank rank = mc_quantile_rank(n, p, type);
	double *work = malloc(mc_tail_worksize(rank.low) * sizeof(double));
	double value;

	mc_tail_largest(x, n, 1, rank.low, work, NULL);
	value = mc_quantile_between(work[rank.low - 1], work[rank.high - 1], &rank);
	free(work);
	return value;
}

static void
vectors(void)
{
	static const double dax[] = {-0.0278941886915884, -0.0278941886915884, -0.0278941886915884,
	                             -0.0279100466010968, -0.0278722035015198, -0.0279096598228161,
	                             -0.0277525063555907, -0.0278970250656468, -0.0278954457210007};
	double x[2000];
	double var;
	double es;
	size_t n = read_column("ore_histsim_pnl_all_all.csv", 2, x, 2000);

	if (n == 0)
	{
		skip("no ../shared/vectors", "ORE, edhec and DAX");
		return;
	}
	check(n == 715, "715 P&Ls of ORE");
	measure(x, n, 0.99, &var, &es);
	check_close(es, 958802.804807, 1e-12, "ORE ES 1 %%");
	check_close(-var, -874503.346996, 1e-12, "ORE quantile 1 %%");
	measure(x, n, 0.95, &var, &es);
	check_close(es, 778843.035163, 1e-12, "ORE ES 5 %%");
	check_close(-var, -629899.117052, 1e-12, "ORE quantile 5 %%");
	check_close(quantile_of(x, n, 0.95, MC_INVERTED_CDF), 552878.307798, 1e-12,
	            "ORE quantile 95 %%");
	check_close(quantile_of(x, n, 0.99, MC_INVERTED_CDF), 846747.819325, 1e-12,
	            "ORE quantile 99 %%");
	check_close(quantile_of(x, n, 0.01, MC_QUANTILE_LINEAR), -872902.9945021, 1e-12, "ORE type 7");

	n = read_column("edhec_152x13.csv", 1, x, 2000);
	check(n == 152, "152 months of edhec");
	measure(x, n, 0.99, &var, &es);
	check_close(es, 0.1165157895, 1e-9, "edhec ES 99 %%");
	measure(x, n, 0.975, &var, &es);
	check_close(es, 0.07464736842, 1e-9, "edhec ES 97.5 %%");

	n = read_column("eustockmarkets.csv", 0, x, 2000);
	for (size_t i = 0; i + 1 < n; i++)
		x[i] = log(x[i + 1] / x[i]);
	check(n == 1860, "1,860 closes of the DAX");
	for (int type = 1; type <= 9; type++)
		check(fabs(quantile_of(x, n - 1, 0.01, (McQuantileType) type) - dax[type - 1]) < 1e-15,
		      "DAX quantile type %d", type);
	check(fabs(quantile_of(x, n - 1, 0.025, MC_QUANTILE_LINEAR) + 0.0208396355375977) < 1e-15,
	      "DAX quantile type 7 at 2.5 %%");
}

/*
 * Hyndman and Fan's definitions written anew: F(x_j) = p_k for the continuous types, solved by
 * walking through the plotting positions.
 */
static double
by_plotting_positions(const double *ascending, size_t n, double p, double a, double b)
{
	double previous = 0;

	for (size_t k = 1; k <= n; k++)
	{
		double position = ((double) k - a) / ((double) n + 1 - a - b);

		if (p <= position)
			return k == 1 ? ascending[0]
			              : ascending[k - 2] + (ascending[k - 1] - ascending[k - 2]) *
			                                       (p - previous) / (position - previous);
		previous = position;
	}
	return ascending[n - 1];
}

static void
quantile_types(void)
{
	static const double ab[][2] = {{0, 1}, {.5, .5},         {0, 0},
	                               {1, 1}, {1. / 3, 1. / 3}, {.375, .375}};
	UnitRandom random = {5};
	int wrong = 0;
	double x[40];

	for (size_t n = 1; n <= 40; n++)
	{
		double sorted[40];

		for (size_t i = 0; i < n; i++)
			x[i] = unit_normal(&random);
		for (size_t i = 0; i < n; i++)
			sorted[n - 1 - i] = x[i];
		qsort(sorted, n, sizeof(double), descending);
		for (size_t i = 0; i < n / 2; i++)
		{
			double t = sorted[i];

			sorted[i] = sorted[n - 1 - i];
			sorted[n - 1 - i] = t;
		}
		for (int trial = 0; trial < 60; trial++)
		{
			double p = trial < 19 ? (trial + 1) / 20.0 : unit_uniform(&random);

			for (int type = 4; type <= 9; type++)
			{
				double want =
				    n == 1 ? x[0]
				           : by_plotting_positions(sorted, n, p, ab[type - 4][0], ab[type - 4][1]);

				wrong += fabs(quantile_of(x, n, p, (McQuantileType) type) - want) > 1e-12;
			}
		}
	}
	check(wrong == 0, "types 4 to 9 solve their plotting positions, n <= 40");

	for (size_t i = 0; i < 10; i++)
		x[i] = (double) i + 1;
	/* n p = 2.5, 5 and 7 exactly or but for rounding */
	check(quantile_of(x, 10, .25, MC_INVERTED_CDF) == 3 &&
	          quantile_of(x, 10, .5, MC_INVERTED_CDF) == 5 &&
	          quantile_of(x, 10, .7, MC_INVERTED_CDF) == 7,
	      "type 1 takes the next observation up");
	check(quantile_of(x, 10, .25, MC_AVERAGED_INVERTED_CDF) == 3 &&
	          quantile_of(x, 10, .5, MC_AVERAGED_INVERTED_CDF) == 5.5,
	      "type 2 averages at a step");
	check(quantile_of(x, 10, .25, MC_CLOSEST_OBSERVATION) == 2 &&
	          quantile_of(x, 10, .35, MC_CLOSEST_OBSERVATION) == 4 &&
	          quantile_of(x, 10, .5, MC_CLOSEST_OBSERVATION) == 5,
	      "type 3 takes the even one of two as close");
}

static void
quantile_names(void)
{
	static const char *const names[] = {"inverted_cdf",
	                                    "averaged_inverted_cdf",
	                                    "closest_observation",
	                                    "interpolated_inverted_cdf",
	                                    "hazen",
	                                    "weibull",
	                                    "linear",
	                                    "median_unbiased",
	                                    "normal_unbiased"};
	int wrong = 0;

	for (int i = 0; i < 9; i++)
	{
		char number[24];

		snprintf(number, sizeof(number), "type%d", i + 1);
		wrong += mc_quantile_type(names[i], strlen(names[i])) != (McQuantileType) (i + 1);
		wrong += mc_quantile_type(number, 5) != (McQuantileType) (i + 1);
	}
	check(wrong == 0, "both names of the nine types");
	check(mc_quantile_type("type0", 5) == MC_QUANTILE_UNKNOWN &&
	          mc_quantile_type("type10", 6) == MC_QUANTILE_UNKNOWN &&
	          mc_quantile_type("linea", 5) == MC_QUANTILE_UNKNOWN &&
	          mc_quantile_type("", 0) == MC_QUANTILE_UNKNOWN,
	      "other names are unknown");
}

void
test_tail(void)
{
	published();
	whole_masses();
	exact_masses();
	every_small_sample();
	random_samples();
	hard_orders();
	stopping();
	infinite_ends();
	extremes();
	quantile_types();
	quantile_names();
	vectors();
}
