/*
 * test_shrinkage.c
 *	  Shrinkage weights against their definitions, row by row and element by element.
 */
#include <math.h>

#include "kernel/rank_update.h"
#include "kernel/shrinkage.h"
#include "unit.h"
#include "wide.h"

#define K 4
#define SIZE (K * (K + 1) / 2)
#define MOST 60

static double x[MOST][K];
static double s[SIZE];
static double mean[K];
static double rest[K];

/* S with divisor n, and the sum of fourth powers, of the first n rows */
static double
fill(size_t n, unsigned long long seed)
{
	UnitRandom random = {seed};
	double fourth = 0;

	for (size_t i = 0; i < K; i++)
		mean[i] = 0;
	for (size_t t = 0; t < n; t++)
		for (size_t i = 0; i < K; i++)
		{
			x[t][i] = unit_normal(&random) * (double) (i + 1) + (i > 0 ? x[t][0] : 0);
			mean[i] += x[t][i] / (double) n;
		}
	for (size_t i = 0; i < K; i++)
		for (size_t j = 0; j <= i; j++)
		{
			Wide sum = 0;

			for (size_t t = 0; t < n; t++)
				sum += ((Wide) x[t][i] - mean[i]) * ((Wide) x[t][j] - mean[j]);
			s[mc_triangle_row(i) + j] = (double) (sum / n);
		}
	for (size_t t = 0; t < n; t++)
		fourth += mc_fourth_power(x[t], mean, rest, K, mc_shrinkage_scale(s, K));
	return fourth;
}

static double
element(size_t i, size_t j)
{
	return s[i >= j ? mc_triangle_row(i) + j : mc_triangle_row(j) + i];
}

/*
 * Ledoit and Wolf (2004), section 3.2: b = mean over the rows of ||x x' - S||^2 / n, d = ||S - m I||^2, with
 * the norm over k
 */
static double
ledoit_wolf(size_t n)
{
	Wide b = 0;
	Wide d = 0;
	Wide m = 0;

	for (size_t i = 0; i < K; i++)
		m += element(i, i) / (Wide) K;
	for (size_t i = 0; i < K; i++)
		for (size_t j = 0; j < K; j++)
		{
			Wide off = element(i, j) - (i == j ? m : 0);

			d += off * off;
			for (size_t t = 0; t < n; t++)
			{
				Wide e = ((Wide) x[t][i] - mean[i]) * ((Wide) x[t][j] - mean[j]) - element(i, j);

				b += e * e / (Wide) (n * n);
			}
		}
	return (double) (b < d ? b / d : 1);
}

static double
oas(size_t n)
{
	Wide square = 0;
	Wide trace = 0;
	Wide weight;

	for (size_t i = 0; i < K; i++)
	{
		trace += element(i, i);
		for (size_t j = 0; j < K; j++)
			square += (Wide) element(i, j) * element(i, j);
	}
	weight = (square + trace * trace) / ((n + 1) * (square - trace * trace / K));
	return (double) (weight < 1 ? weight : 1);
}

/* Rows in units of 2^-510 to 2^500 have the weights of the rows: the squares of their variances are no doubles. */
static void
test_units(void)
{
	double not_finite[] = {1, NAN, 1};
	double fourth = fill(20, 5);
	double ledoit_wolf = mc_ledoit_wolf_weight(s, K, 20, fourth);
	double oas = mc_oas_weight(s, K, 20);
	bool same = true;

	for (int k = -510; k <= 500; k += 10)
	{
		double scaled[SIZE];
		double sum = 0;

		for (size_t i = 0; i < SIZE; i++)
			scaled[i] = ldexp(s[i], 2 * k);
		for (size_t t = 0; t < 20; t++)
		{
			double row[K];
			double centre[K];

			for (size_t i = 0; i < K; i++)
			{
				row[i] = ldexp(x[t][i], k);
				centre[i] = ldexp(mean[i], k);
			}
			sum += mc_fourth_power(row, centre, rest, K, mc_shrinkage_scale(scaled, K));
		}
		same &= mc_ledoit_wolf_weight(scaled, K, 20, sum) == ledoit_wolf;
		same &= mc_oas_weight(scaled, K, 20) == oas;
	}
	check(same && ledoit_wolf > 0 && ledoit_wolf < 1 && oas > 0 && oas < 1,
	      "weights do not depend on the unit");
	check(isnan(mc_ledoit_wolf_weight(not_finite, 2, 10, 1)) &&
	          isnan(mc_oas_weight(not_finite, 2, 10)) &&
	          isnan(mc_ledoit_wolf_weight(s, K, 10, INFINITY)),
	      "what is not finite has no weight");
}

void
test_shrinkage(void)
{
	double one[] = {4};
	double identity[] = {3, 0, 3};
	double zero[] = {0, 0, 0};
	double matrix[] = {2, 1, 4};
	double worst = 0;
	int full = 0;

	for (size_t n = 2; n <= MOST; n++)
	{
		double fourth = fill(n, n);

		worst = fmax(worst, fabs(mc_ledoit_wolf_weight(s, K, (double) n, fourth) - ledoit_wolf(n)));
		worst = fmax(worst, fabs(mc_oas_weight(s, K, (double) n) - oas(n)));
		full += mc_oas_weight(s, K, (double) n) == 1;
	}
	check(worst < 1e-13 && full > 0 && full < 30, "weights as defined: error %.2g", worst);
	check(mc_ledoit_wolf_weight(one, 1, 5, 100) == 0 && mc_oas_weight(one, 1, 5) == 0,
	      "one series is not shrunk");
	check(mc_ledoit_wolf_weight(identity, 2, 5, 100) == 0 && mc_oas_weight(identity, 2, 5) == 1,
	      "a multiple of the identity");
	check(mc_ledoit_wolf_weight(zero, 2, 5, 0) == 0 && mc_oas_weight(zero, 2, 5) == 0,
	      "no variance");
	/*
	 * ||S||^2 = 22, trace 6, ||S - 3 I||^2 = 4: b = (fourth / n - 22) / n; fourth in half the unit, so that the
	 * largest variance is 1
	 */
	check(mc_shrinkage_scale(matrix, 2) == 0.5, "the scale");
	check_close(mc_ledoit_wolf_weight(matrix, 2, 10, 280 / 16.0), 0.15, 1e-15,
	            "Ledoit-Wolf by hand");
	check(mc_ledoit_wolf_weight(matrix, 2, 2, 1000 / 16.0) == 1, "never more than the whole");
	check(mc_ledoit_wolf_weight(matrix, 2, 10, 200 / 16.0) == 0, "never less than nothing");
	check_close(mc_oas_weight(matrix, 2, 28), 58.0 / (29 * 4), 1e-15, "OAS by hand");
	check(mc_fourth_power((double[]){4, 1}, (double[]){1, 0}, (double[]){2, -1}, 2, 1) == 25,
	      "the fourth power of a deviation by hand, with the rest of a mean");
	test_units();
	mc_shrink(matrix, 2, 0.25);
	check(matrix[0] == 2.25 && matrix[1] == 0.75 && matrix[2] == 3.75, "the matrix shrinks");
}
