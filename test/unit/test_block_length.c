/*
 * test_block_length.c
 *	  Block lengths beside their steps written out, and beside the optimum of a known process.
 */
#include <math.h>
#include <stdlib.h>

#include "kernel/block_length.h"
#include "unit.h"

static double
ar1(UnitRandom *random, double before, double rho)
{
	return rho * before + sqrt(1 - rho * rho) * unit_normal(random);
}

/* The stationary length of a short series, step by step. */
static double
length_by_hand(const double *x, int n)
{
	int most = (int) ceil(sqrt(n)) + 5;
	double r[100];
	double mean = 0;
	double weighted = 0;
	double level;
	int m;
	int run = 0;
	int last = 1;

	for (int i = 0; i < n; i++)
		mean += x[i] / n;
	for (int k = 0; k <= most; k++)
	{
		r[k] = 0;
		for (int i = 0; i + k < n; i++)
			r[k] += (x[i] - mean) * (x[i + k] - mean) / n;
	}
	/* the first m with five insignificant lags after it, else the last significant lag */
	for (m = 1; m + 5 <= most && run < 5; m++)
		for (run = 0; run < 5 && fabs(r[m + run + 1]) < 2 * sqrt(log10(n) / n) * r[0];)
			run++;
	for (int k = 1; k <= most; k++)
		if (fabs(r[k]) >= 2 * sqrt(log10(n) / n) * r[0])
			last = k;
	m = 2 * (run == 5 ? m - 1 : last);
	m = m < most ? m : most;
	level = r[0];
	for (int k = 1; k <= m; k++)
	{
		double taper = fmin(1, 2 - 2.0 * k / m);

		weighted += 2 * taper * k * r[k];
		level += 2 * taper * r[k];
	}
	level = cbrt(pow(weighted / level, 2) * n);
	return fmax(1, fmin(level, ceil(fmin(3 * sqrt(n), n / 3.0))));
}

static void
short_series(void)
{
	UnitRandom random = {27};
	double work[700];
	double x[400];
	double b[2];
	int wrong = 0;

	for (size_t trial = 0; trial < unit_repeats(3000, 300); trial++)
	{
		int n = trial % 10 == 0 ? 400 : 9 + (int) (trial % 97);
		double rho = 2 * unit_uniform(&random) - 1;

		for (int i = 0; i < n; i++)
			x[i] = (i == 0 ? 0 : rho * x[i - 1]) + unit_normal(&random) +
			       (trial % 3 == 0) * sin(i / 3.0);
		mc_block_length(x, (size_t) n, work, b, b + 1, NULL);
		wrong += !is_close(b[0], length_by_hand(x, n), 1e-9);
	}
	check(wrong == 0, "short series: as worked out step by step (%d are not)", wrong);
}

static void
block_lengths(void)
{
	size_t n = 100000;
	double *x = malloc(n * sizeof(double));
	double *work = malloc(mc_block_length_worksize(n) * sizeof(double));
	UnitRandom random = {26};
	const double rhos[] = {-0.5, 0.3, 0.6, 0.9};
	const double by_hand[] = {1, 3, 2, 5, 4, 6, 5, 8, 7, 9};
	double b[2];

	for (int r = 0; r < 4; r++)
	{
		double best = pow(2 * fabs(rhos[r]) / (1 - rhos[r] * rhos[r]), 2. / 3) * cbrt((double) n);

		x[0] = 0;
		for (size_t i = 1; i < n; i++)
			x[i] = ar1(&random, x[i - 1], rhos[r]);
		mc_block_length(x, n, work, b, b + 1, NULL);
		check_close(b[0], best, 0.12, "stationary block length of an AR(1) with %g", rhos[r]);
		check_close(b[1], b[0] * cbrt(1.5), 1e-14, "the circular one is longer by 1.5^(1/3)");
	}
	for (size_t i = 0; i < n; i++)
		x[i] = 1e300 * unit_normal(&random);
	mc_block_length(x, n, work, b, b + 1, NULL);
	check(b[0] < 6, "no dependence: short blocks, %g", b[0]);
	for (size_t i = 0; i < n; i++)
		x[i] = i % 2 ? 1 : -1;
	mc_block_length(x, 20, work, b, b + 1, NULL);
	check(b[0] == 7 && b[1] == 7, "no longer than n / 3, rounded up");
	for (size_t i = 0; i < n; i++)
		x[i] = (double) (i % 3);
	mc_block_length(x, 100, work, b, b + 1, NULL);
	check(b[0] == 30 && b[1] == 30, "nor than 3 sqrt(n)");
	check(mc_block_length(x, 8, work, b, b + 1, NULL) == MC_TOO_FEW, "eight values are too few");
	check(mc_block_length(by_hand, 9, work, b, b + 1, NULL) == MC_OK, "nine are enough");
	for (size_t i = 0; i < 50; i++)
		x[i] = 0.1;
	check(mc_block_length(x, 50, work, b, b + 1, NULL) == MC_TOO_FEW,
	      "equal values have no length");
	free(x);
	free(work);
}

static bool
count_down(void *arg)
{
	return --*(int *) arg == 0;
}

static void
stopping(void)
{
	size_t n = 100000;
	double *x = malloc(n * sizeof(double));
	double *work = malloc(mc_block_length_worksize(n) * sizeof(double));
	UnitRandom random = {25};
	double b[2];
	int left = 20;
	McPoll poll = {count_down, &left};

	for (size_t i = 0; i < n; i++)
		x[i] = i < 1 ? 0 : ar1(&random, x[i - 1], 0.999);
	check(mc_block_length(x, n, work, b, b + 1, &poll) == MC_STOPPED && left == 0,
	      "the search stops when the poll says so");
	free(x);
	free(work);
}

void
test_block_length(void)
{
	block_lengths();
	short_series();
	stopping();
}
