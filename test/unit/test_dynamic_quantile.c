/*
 * test_dynamic_quantile.c
 *	  The statistic beside normal equations in wide arithmetic, dependent regressors, few rows.
 */
#include <math.h>
#include <stdlib.h>

#include "kernel/dynamic_quantile.h"
#include "unit.h"
#include "wide.h"

#define N 600
#define MAX_COLUMNS 9

/* y'X (X'X)^-1 X'y / (p (1 - p)) by elimination */
static double
by_elimination(const double *pnl, const double *var, size_t n, double p, size_t lags)
{
	size_t columns = lags + 2;
	Wide a[MAX_COLUMNS][MAX_COLUMNS + 1] = {{0}};
	Wide xy[MAX_COLUMNS];
	Wide sum = 0;

	for (size_t t = lags; t < n; t++)
	{
		Wide x[MAX_COLUMNS + 1];

		x[0] = 1;
		for (size_t j = 1; j <= lags; j++)
			x[j] = (Wide) (-pnl[t - j] > var[t - j]) - p;
		x[lags + 1] = var[t];
		x[columns] = (Wide) (-pnl[t] > var[t]) - p;
		for (size_t i = 0; i < columns; i++)
			for (size_t j = 0; j <= columns; j++)
				a[i][j] += x[i] * x[j];
	}
	for (size_t i = 0; i < columns; i++)
		xy[i] = a[i][columns];
	for (size_t k = 0; k < columns; k++)
		for (size_t i = 0; i < columns; i++)
		{
			Wide factor = i == k ? 0 : a[i][k] / a[k][k];

			for (size_t j = k; j <= columns; j++)
				a[i][j] -= factor * a[k][j];
		}
	for (size_t k = 0; k < columns; k++)
		sum += xy[k] * a[k][columns] / a[k][k];
	return (double) (sum / (p * (1 - p)));
}

static double pnl[N];
static double var[N];

static McTest
run(size_t n, double confidence, size_t lags, const McPoll *poll, McStatus *status)
{
	double *work = malloc(mc_dynamic_quantile_worksize(n, lags) * sizeof(double));
	McTest test;

	*status = mc_dynamic_quantile_test(pnl, var, n, confidence, lags, work, poll, &test);
	free(work);
	return test;
}

static void
make_series(void)
{
	UnitRandom random = {3};
	double vol = 1;

	for (int i = 0; i < N; i++)
	{
		vol = 0.9 * vol + 0.1 + 0.3 * unit_uniform(&random) * (i % 50 < 10);
		pnl[i] = vol * unit_normal(&random);
		var[i] = 1.6 * vol;
	}
}

static bool
stop(void *arg)
{
	return arg == NULL;
}

void
test_dynamic_quantile(void)
{
	static const size_t lags[] = {0, 1, 4, 7};
	const McPoll poll = {stop, NULL};
	McStatus status;
	McTest test;

	make_series();
	for (int i = 0; i < 4; i++)
	{
		test = run(N, 0.95, lags[i], NULL, &status);
		check_close(test.statistic, by_elimination(pnl, var, N, 0.05, lags[i]), 1e-12,
		            "%zu lags: the statistic by elimination", lags[i]);
		check(status == MC_OK && test.status == MC_TEST_OK &&
		          test.degrees_of_freedom == (double) lags[i] + 2 &&
		          test.observations == N - lags[i],
		      "degrees of freedom, observations");
		check_close(test.p_value, gsl_cdf_chisq_Q(test.statistic, (double) lags[i] + 2), 1e-14,
		            "chi-squared");
	}
	for (int unit = -1020; unit <= 1020; unit += 204)
	{
		double statistic = run(N, 0.95, 4, NULL, &status).statistic;

		for (int i = 0; i < N; i++)
		{
			pnl[i] = ldexp(pnl[i], unit);
			var[i] = ldexp(var[i], unit);
		}
		test = run(N, 0.95, 4, NULL, &status);
		check(status == MC_OK && fabs(test.statistic / statistic - 1) < 1e-12, "unit 2^%d", unit);
		make_series();
	}
	run(N, 0.95, 4, &poll, &status);
	check(status == MC_STOPPED, "stops when the poll says so");
	test = run(11, 0.95, 4, NULL, &status);
	check(mc_test_usable(&test) && test.observations == 7, "11 rows are enough for 4 lags");
	test = run(10, 0.95, 4, NULL, &status);
	check(test.status == MC_TEST_TOO_FEW && isnan(test.statistic), "10 are not");
	test = run(0, 0.95, 4, NULL, &status);
	check(test.status == MC_TEST_TOO_FEW, "nor are none");
	test = run(3, 0.95, 4, NULL, &status);
	check(test.status == MC_TEST_TOO_FEW && test.observations == 0, "fewer rows than lags");
	for (int i = 0; i < N; i++)
		var[i] = 100 + i % 7;
	test = run(N, 0.95, 4, NULL, &status);
	check(test.status == MC_TEST_SINGULAR && test.degrees_of_freedom == 2, "no exceptions: rank 2");
	check_close(test.statistic, (N - 4) * 0.05 / 0.95, 1e-12, "and (T - 4) p / (1 - p)");
	for (int i = 0; i < N; i++)
		var[i] = 1.5;
	test = run(N, 0.95, 4, NULL, &status);
	check(test.status == MC_TEST_SINGULAR && test.degrees_of_freedom == 5, "constant VaR: rank 5");
}
