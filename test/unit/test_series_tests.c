/*
 * test_series_tests.c
 *	  Jarque-Bera, Ljung-Box and ARCH tests by hand and beside long double sums, on every scale;
 *	  order of rows; constants; few rows.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/series_tests.h"
#include "unit.h"
#include "wide.h"

#define N 500

static double series[N];

static void
make_series(void)
{
	UnitRandom random = {8};
	double variance = 1;
	double last = 0;

	for (int i = 0; i < N; i++)
	{
		variance = 0.3 + 0.6 * last * last;
		last = sqrt(variance) * unit_normal(&random);
		series[i] = last + 0.02 * (i % 10);
	}
}

static double
plain_jarque_bera(const double *x, size_t n)
{
	Wide mean = 0;
	Wide m[5] = {0};
	double skewness;
	double kurtosis;

	for (size_t i = 0; i < n; i++)
		mean += x[i];
	mean /= (Wide) n;
	for (size_t i = 0; i < n; i++)
	{
		Wide d = x[i] - mean;

		m[2] += d * d / (Wide) n;
		m[3] += d * d * d / (Wide) n;
		m[4] += d * d * d * d / (Wide) n;
	}
	skewness = (double) m[3] / pow((double) m[2], 1.5);
	kurtosis = (double) (m[4] / (m[2] * m[2])) - 3;
	return (double) n / 6 * (skewness * skewness + kurtosis * kurtosis / 4);
}

static McTest
jarque_bera(const double *x, size_t n)
{
	double *copy = malloc((n + 1) * sizeof(double));
	McTest test;

	memcpy(copy, x, n * sizeof(double));
	mc_jarque_bera_test(copy, n, NULL, &test);
	free(copy);
	return test;
}

static void
normality(void)
{
	static const double small[] = {1, 2, 4, 9};
	static const double same[] = {0.1, 0.1, 0.1};
	double level[N];
	double turned[N];
	McTest test = jarque_bera(series, N);

	check_close(test.statistic, plain_jarque_bera(series, N), 1e-12, "Jarque-Bera in wide sums");
	check(test.degrees_of_freedom == 2 && test.observations == N && test.status == MC_TEST_OK,
	      "labels");
	check_close(test.p_value, exp(-test.statistic / 2), 1e-12, "chi-squared (2)");
	/* deviations -3 -2 0 5: m2 9.5, m3 22.5, m4 180.5 */
	check_close(jarque_bera(small, 4).statistic,
	            4.0 / 6 * (22.5 * 22.5 / pow(9.5, 3) + pow(180.5 / 90.25 - 3, 2) / 4), 1e-14,
	            "by hand");
	for (int i = 0; i < N; i++)
	{
		level[i] = 1e8 + 1e-2 * series[i];
		turned[i] = series[(i * 77 + 13) % N];
	}
	check_close(jarque_bera(level, N).statistic, plain_jarque_bera(level, N), 1e-10, "level 1e8");
	for (int i = 0; i < N; i++)
		level[i] = 1 + (i % 5 == 0) * 0x1p-52;
	check_close(jarque_bera(level, N).statistic, plain_jarque_bera(level, N), 1e-10,
	            "a fifth of the values one bit above the others");
	for (int s = -1; s <= 1; s += 2)
	{
		for (int i = 0; i < N; i++)
			level[i] = ldexp(series[i], 1000 * s);
		check(jarque_bera(level, N).statistic == test.statistic, "scale 2^%d", 1000 * s);
	}
	check(jarque_bera(turned, N).statistic == test.statistic, "any order, the same digits");
	check(jarque_bera(same, 3).status == MC_TEST_CONSTANT, "constant");
	check(jarque_bera(small, 1).status == MC_TEST_TOO_FEW, "one value");
	check(jarque_bera(small, 0).status == MC_TEST_TOO_FEW, "none");
	check_close(jarque_bera(small, 2).statistic, 1.0 / 3, 1e-14, "two values: kurtosis 1");
}

static double
plain_ljung_box(const double *x, size_t n, size_t lags)
{
	Wide mean = 0;
	Wide sum = 0;
	Wide squares = 0;

	for (size_t i = 0; i < n; i++)
		mean += x[i];
	mean /= (Wide) n;
	for (size_t i = 0; i < n; i++)
		squares += (x[i] - mean) * (x[i] - mean);
	for (size_t k = 1; k <= lags; k++)
	{
		Wide r = 0;

		for (size_t i = k; i < n; i++)
			r += (x[i] - mean) * (x[i - k] - mean);
		r /= squares;
		sum += r * r / (Wide) (n - k);
	}
	return (double) ((Wide) n * (Wide) (n + 2) * sum);
}

static McTest
ljung_box(const double *x, size_t n, size_t lags, size_t fitted)
{
	double *work = malloc((n + 1) * sizeof(double));
	McTest test;

	mc_ljung_box_test(x, n, lags, fitted, work, NULL, &test);
	free(work);
	return test;
}

static bool
stop(void *arg)
{
	return arg == NULL;
}

static void
autocorrelation(void)
{
	static const double small[] = {1, 2, 4, 9};
	static const double same[] = {0.1, 0.1, 0.1};
	const McPoll poll = {stop, NULL};
	double work[N];
	McTest test;

	for (size_t lags = 1; lags <= 20; lags += 6)
	{
		test = ljung_box(series, N, lags, lags / 4);
		check_close(test.statistic, plain_ljung_box(series, N, lags), 1e-12, "Ljung-Box, %zu lags",
		            lags);
		check(test.degrees_of_freedom == (double) (lags - lags / 4) && test.observations == N,
		      "degrees of freedom");
	}
	/* deviations -3 -2 0 5: r1 = 6/38, r2 = -10/38 */
	check_close(ljung_box(small, 4, 2, 0).statistic, 24 * (36.0 / 3 + 100.0 / 2) / 1444, 1e-14,
	            "by hand");
	check(ljung_box(same, 3, 1, 0).status == MC_TEST_CONSTANT, "constant");
	check(ljung_box(small, 4, 4, 0).status == MC_TEST_TOO_FEW, "as many lags as values");
	check(mc_test_usable(&(McTest){.status = ljung_box(small, 4, 3, 0).status}), "one fewer");
	check(mc_ljung_box_test(series, N, 5, 0, work, &poll, &test) == MC_STOPPED, "stops");
}

/* (n - lags) R^2 by normal equations */
static double
plain_arch(const double *x, size_t n, size_t lags)
{
	Wide a[12][13] = {{0}};
	Wide mean = 0;
	Wide rss = 0;
	Wide tss = 0;
	size_t columns = lags + 1;

	for (size_t t = lags; t < n; t++)
	{
		Wide row[13];

		row[0] = 1;
		for (size_t j = 1; j <= lags; j++)
			row[j] = (Wide) x[t - j] * x[t - j];
		row[columns] = (Wide) x[t] * x[t];
		mean += row[columns] / (Wide) (n - lags);
		for (size_t i = 0; i < columns; i++)
			for (size_t j = 0; j <= columns; j++)
				a[i][j] += row[i] * row[j];
	}
	for (size_t k = 0; k < columns; k++)
		for (size_t i = 0; i < columns; i++)
		{
			Wide factor = i == k ? 0 : a[i][k] / a[k][k];

			for (size_t j = k; j <= columns; j++)
				a[i][j] -= factor * a[k][j];
		}
	for (size_t t = lags; t < n; t++)
	{
		Wide y = (Wide) x[t] * x[t];
		Wide residual = y - a[0][columns] / a[0][0];

		for (size_t j = 1; j <= lags; j++)
			residual -= a[j][columns] / a[j][j] * x[t - j] * x[t - j];
		rss += residual * residual;
		tss += (y - mean) * (y - mean);
	}
	return (double) ((Wide) (n - lags) * (1 - rss / tss));
}

static McTest
arch(const double *x, size_t n, size_t lags)
{
	double *work = malloc((mc_arch_lm_worksize(n, lags) + 1) * sizeof(double));
	McTest test;

	mc_arch_lm_test(x, n, lags, work, NULL, &test);
	free(work);
	return test;
}

static void
arch_effects(void)
{
	static const double scales[] = {1e-300, 1e-12, 1, 1e8, 1e300};
	static const double signs[] = {0.1, -0.1, 0.1, 0.1, -0.1, 0.1, -0.1, -0.1};
	const McPoll poll = {stop, NULL};
	double scaled[N];
	double *work = malloc(mc_arch_lm_worksize(N, 5) * sizeof(double));
	McTest test;

	for (size_t lags = 1; lags <= 11; lags += 5)
		for (int s = 0; s < 5; s++)
		{
			for (int i = 0; i < N; i++)
				scaled[i] = series[i] * scales[s];
			test = arch(scaled, N, lags);
			check_close(test.statistic, plain_arch(series, N, lags), 1e-11,
			            "ARCH test, %zu lags, scale %g", lags, scales[s]);
			check(test.degrees_of_freedom == (double) lags && test.observations == N - lags &&
			          test.status == MC_TEST_OK,
			      "degrees of freedom");
		}
	check(arch(signs, 8, 2).status == MC_TEST_CONSTANT, "constant squares");
	check(arch(series, 5, 2).status == MC_TEST_TOO_FEW, "5 values for 2 lags");
	check(arch(series, 6, 2).status == MC_TEST_OK, "6 are enough");
	check(arch(series, 0, 2).status == MC_TEST_TOO_FEW, "none");
	for (int i = 0; i < N; i++)
		scaled[i] = i % 2;
	test = arch(scaled, N, 3);
	check(test.status == MC_TEST_SINGULAR && test.degrees_of_freedom == 1, "squares of period 2");
	check(mc_arch_lm_test(series, N, 5, work, &poll, &test) == MC_STOPPED, "stops");
	free(work);
}

void
test_series_tests(void)
{
	make_series();
	normality();
	autocorrelation();
	arch_effects();
}
