/*
 * test_quantile_regression.c
 *	  Beside published coefficients, all vertices of small samples full of ties, and order statistics.
 */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_errno.h>

#include "kernel/quantile_regression.h"
#include "unit.h"

#define MOST 2000

static double rows[4 * MOST];
static McQuantileRegression model;

static McStatus
fit(const double *data, size_t n, int regressors, double probability, const McPoll *poll)
{
	void *work = malloc(mc_quantile_regression_worksize(n) + 1);
	McStatus status = mc_quantile_regression(data, n, regressors, probability, work, &model, poll);

	free(work);
	return status;
}

static double
loss(const double *data, size_t n, int regressors, double probability, const double *b)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
	{
		const double *row = data + i * (size_t) (1 + regressors);
		double r = row[0] - b[0];

		for (int j = 1; j <= regressors; j++)
			r -= b[j] * row[j];
		sum += r * (probability - (r < 0));
	}
	return sum;
}

/* Koenker and Bassett (1982): Engel's food expenditure; numbers of R's quantreg */
static void
test_engel(void)
{
	const double want[][3] = {{0.05, 124.8800408, 0.3433610576},
	                          {0.25, 95.48353963, 0.4741032082},
	                          {0.5, 81.48224742, 0.5601805512},
	                          {0.75, 62.39658553, 0.6440141394},
	                          {0.95, 64.10396318, 0.709068517}};
	const char *path = "../shared/vectors/engel.csv";
	FILE *file = fopen(path, "r");
	char line[100];
	size_t n = 0;

	if (file == NULL)
	{
		skip("no ../shared", "Engel's food expenditure");
		return;
	}
	while (n < MOST && fgets(line, sizeof(line), file) != NULL)
		n += sscanf(line, "%lf,%lf", &rows[2 * n + 1], &rows[2 * n]) == 2;
	fclose(file);
	check(n == 235, "Engel's households");
	for (int i = 0; i < 5; i++)
	{
		fit(rows, n, 1, want[i][0], NULL);
		check(model.fit == MC_FIT_CONVERGED, "converged at %g", want[i][0]);
		check_close(model.coefficients[0], want[i][1], 1e-9, "intercept at %g", want[i][0]);
		check_close(model.coefficients[1], want[i][2], 1e-9, "slope at %g", want[i][0]);
		check_close(model.objective, loss(rows, n, 1, want[i][0], model.coefficients), 1e-12,
		            "objective");
	}
}

/* The best line through two of the rows; of several the lowest at the mean, then the flattest. */
static bool
best_of_all(const double *data, size_t n, double probability, double mean, double *value,
            double *slope)
{
	double best = INFINITY;

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < i; j++)
		{
			double dx = data[2 * i + 1] - data[2 * j + 1];
			double b[2];
			double objective = 0;
			double at;

			if (dx == 0)
				continue;
			b[1] = (data[2 * i] - data[2 * j]) / dx;
			b[0] = data[2 * i] - b[1] * data[2 * i + 1];
			for (size_t k = 0; k < n; k++)
			{
				double r = data[2 * k] - b[0] - b[1] * data[2 * k + 1];

				r = fabs(r) < 1e-12 ? 0 : r;
				objective += r * (probability - (r < 0));
			}
			at = b[0] + b[1] * mean;
			if (objective < best - 1e-9 ||
			    (objective < best + 1e-9 &&
			     (at < *value - 1e-9 || (at < *value + 1e-9 && b[1] < *slope))))
			{
				best = fmin(best, objective);
				*value = at;
				*slope = b[1];
			}
		}
	return isfinite(best);
}

static void
test_ties(void)
{
	const double probabilities[] = {0.5, 0.25, 0.3, 0.9, 1.0 / 3, 0.05};
	UnitRandom random = {5};
	int wrong = 0;
	int lines = 0;
	int orders = 0;

	for (int trial = 0; trial < 6000; trial++)
	{
		double data[24];
		size_t n = 3 + (size_t) (9 * unit_uniform(&random));
		double probability = probabilities[trial % 6];
		double mean = 0;
		double value = 0;
		double slope = 0;

		for (size_t i = 0; i < n; i++)
		{
			data[2 * i] = floor(4 * unit_uniform(&random));
			data[2 * i + 1] = floor(4 * unit_uniform(&random));
			mean += data[2 * i + 1] / (double) n;
		}
		fit(data, n, 1, probability, NULL);
		if (!best_of_all(data, n, probability, mean, &value, &slope))
		{
			wrong += model.fit != MC_FIT_CONSTANT;
			continue;
		}
		lines++;
		wrong += model.fit != MC_FIT_CONVERGED || fabs(model.coefficients[1] - slope) > 1e-9 ||
		         fabs(model.coefficients[0] + slope * mean - value) > 1e-9;
		for (size_t i = 0; i < n / 2; i++)
			for (int j = 0; j < 2; j++)
			{
				double t = data[2 * i + j];

				data[2 * i + j] = data[2 * (n - 1 - i) + j];
				data[2 * (n - 1 - i) + j] = t;
			}
		fit(data, n, 1, probability, NULL);
		orders += fabs(model.coefficients[1] - slope) > 1e-9;
	}
	check(wrong == 0, "%d small samples full of ties: the lowest of the best lines", lines);
	check(orders == 0, "in any order of the rows");
}

static void
test_several(void)
{
	UnitRandom random = {9};
	int better = 0;
	int zeros = 0;

	for (int trial = 0; trial < 40; trial++)
	{
		size_t n = 40 + (size_t) trial * 10;
		double probability = 0.02 + 0.96 * unit_uniform(&random);
		double scale = trial % 3 == 0 ? 1e-9 : trial % 3 == 1 ? 1 : 1e9;

		for (size_t i = 0; i < n; i++)
		{
			double *row = rows + 4 * i;

			row[1] = 1e3 + unit_normal(&random);
			row[2] = scale * unit_uniform(&random);
			row[3] = exp(3 * unit_normal(&random));
			row[0] = 7 + 2 * row[1] - row[2] / scale + 0.1 * row[3] +
			         unit_normal(&random) * (1 + row[2] / scale);
		}
		fit(rows, n, 3, probability, NULL);
		better += model.fit != MC_FIT_CONVERGED;
		zeros +=
		    !is_close(model.objective, loss(rows, n, 3, probability, model.coefficients), 1e-9);
		for (int probe = 0; probe < 200; probe++)
		{
			double b[4];
			double size = pow(10, -6 * unit_uniform(&random));

			for (int j = 0; j < 4; j++)
				b[j] = model.coefficients[j] + size * unit_normal(&random) /
				                                   (j == 1   ? 1e3
				                                    : j == 2 ? scale
				                                             : 1);
			better += loss(rows, n, 3, probability, b) < model.objective * (1 - 1e-12);
		}
	}
	check(better == 0, "three regressors: no neighbour is better");
	check(zeros == 0, "three regressors: the objective is that of the coefficients");
}

static int
ascending(const void *a, const void *b)
{
	double x = *(const double *) a;
	double y = *(const double *) b;

	return (x > y) - (x < y);
}

static void
test_intercept(void)
{
	UnitRandom random = {2};
	int wrong = 0;

	for (size_t n = 2; n < 40; n++)
		for (int c = 1; c < 20; c++)
		{
			double y[40];
			size_t rank = (n * (size_t) c + 19) / 20;

			for (size_t i = 0; i < n; i++)
				y[i] = floor(20 * unit_normal(&random));
			fit(y, n, 0, c / 20.0, NULL);
			qsort(y, n, sizeof(double), ascending);
			wrong +=
			    model.fit != MC_FIT_CONVERGED || fabs(model.coefficients[0] - y[rank - 1]) > 1e-13;
		}
	check(wrong == 0, "no regressor: the smallest x with F(x) >= probability");
}

static bool
stop_now(void *arg)
{
	return --*(int *) arg < 0;
}

static void
test_degenerate(void)
{
	double data[] = {1, 2, 2, 2, 4, 2, 3, 2};
	double exact[] = {1, 1, 3, 2, 5, 3, 7, 4};
	double level[] = {1e8 + 1, 1e8 + 1, 1e8 + 3, 1e8 + 2, 1e8 + 5, 1e8 + 3, 1e8 + 7, 1e8 + 4};
	double tiny[] = {1e-300, 1e-300, 3e-300, 2e-300, 5e-300, 3e-300, 7e-300, 4e-300};
	double large[] = {1e300, 1e300, 3e300, 2e300, 5e300, 3e300, 7e300, 4e300};
	double twins[] = {1, 1, 2, 3, 2, 4, 5, 3, 6, 4, 4, 8, 5, 5, 10};
	double wide[] = {DBL_MAX, 1, -DBL_MAX, 2, DBL_MAX, 3, -DBL_MAX, 4};
	int patience = 1;
	McPoll poll = {stop_now, &patience};

	for (size_t n = 0; n <= 2; n++)
		check(fit(exact, n, 1, 0.5, NULL) == MC_OK && model.fit == MC_FIT_TOO_FEW,
		      "%zu rows are too few", n);
	check(fit(data, 4, 1, 0.5, NULL) == MC_OK && model.fit == MC_FIT_CONSTANT,
	      "a constant regressor");
	check(fit(twins, 5, 2, 0.5, NULL) == MC_OK && model.fit == MC_FIT_CONSTANT,
	      "a regressor twice another");
	fit(exact, 4, 1, 0.3, NULL);
	check(model.fit == MC_FIT_CONVERGED && model.objective == 0, "rows on a line");
	check_close(model.coefficients[0], -1, 1e-15, "its intercept");
	check_close(model.coefficients[1], 2, 1e-15, "its slope");
	fit(exact, 3, 1, 0.3, NULL);
	check(model.fit == MC_FIT_CONVERGED, "three rows are enough for a line");
	fit(level, 4, 1, 0.5, NULL);
	check_close(model.coefficients[1], 2, 1e-15, "at a level of 1e8: slope");
	check_close(model.coefficients[0], -1e8 - 1, 1e-14, "at a level of 1e8: intercept");
	fit(tiny, 4, 1, 0.5, NULL);
	check_close(model.coefficients[1], 2, 1e-14, "at a scale of 1e-300");
	fit(large, 4, 1, 0.5, NULL);
	check_close(model.coefficients[1], 2, 1e-14, "at a scale of 1e300");
	check(fit(wide, 4, 1, 0.5, NULL) == MC_OK &&
	          (model.fit == MC_FIT_FAILED || isfinite(model.objective)),
	      "a range beyond a double");
	check(fit(exact, 4, 1, 0.5, &poll) == MC_OK, "a poll that waits");
	patience = 0;
	exact[0] = 9;
	check(fit(exact, 4, 1, 0.5, &poll) == MC_STOPPED, "a poll stops the fit");
}

/* A probability below the rounding of 1 asks for the least row. */
static void
test_tiny_probability(void)
{
	const double y[] = {11.5, -0.25, 3, 4, -2, -2};
	const double steep[] = {1e308, 0, -1e308, 1e-5, 1e308, 2e-5, -1e308, 4e-5};

	for (int i = 0; i < 4; i++)
	{
		double probability = (double[]){5e-324, 1e-300, 1e-16, 1e-15}[i];

		fit(y, 6, 0, probability, NULL);
		check(model.fit == MC_FIT_CONVERGED && model.coefficients[0] == -2, "probability %g: %s",
		      probability, mc_fit_name(model.fit));
	}
	fit(steep, 4, 1, 0.5, NULL);
	check(!mc_fit_usable(model.fit) || isfinite(model.coefficients[1]), "a slope beyond a double");
}

/* Most rows are one: vertices that differ by rounding alone must not be told apart. */
static void
test_repeated_rows(void)
{
	static const double others[][3] = {{0, 9, 0},      {4, 11, 0},  {6, 0, -3},  {35, -10, 0},
	                                   {71, -18, -18}, {74, 0, 11}, {76, 0, 11}, {77, 2, -18}};

	memset(rows, 0, 2 * 83 * sizeof(double));
	for (int i = 0; i < 8; i++)
		memcpy(rows + 2 * (size_t) others[i][0], others[i] + 1, 2 * sizeof(double));
	fit(rows, 83, 1, 0.895, NULL);
	check(model.fit == MC_FIT_CONVERGED, "75 equal rows of 83: %s", mc_fit_name(model.fit));
	check_close(model.objective, 22.63, 1e-14, "their line is 0");
}

void
test_quantile_regression(void)
{
	gsl_set_error_handler_off();
	test_engel();
	test_ties();
	test_several();
	test_intercept();
	test_degenerate();
	test_tiny_probability();
	test_repeated_rows();
}
