/*
 * quantile_regression.c
 *	  Fuzz target: quantile regressions of a few rows beside all lines through two of them, and of
 *	  numbers of every scale.
 */
#include "fuzz.h"
#include "kernel/quantile_regression.h"

FUZZ_WITH_GSL

#define MOST_REGRESSORS 3

static long double
objective(const double *rows, size_t n, int regressors, double probability, const double *b)
{
	long double sum = 0;

	for (size_t i = 0; i < n; i++)
	{
		const double *row = rows + i * (size_t) (1 + regressors);
		long double r = (long double) row[0] - b[0];

		for (int j = 1; j <= regressors; j++)
			r -= (long double) b[j] * row[j];
		sum += r * ((long double) probability - (r < 0));
	}
	return sum;
}

/* No line through two rows, and no level through one, is better. */
static void
check_vertices(const double *rows, size_t n, int regressors, double probability, double minimum)
{
	for (size_t i = 0; i < n && i < 40; i++)
		for (size_t j = 0; j <= i; j++)
		{
			const double *a = rows + i * (size_t) (1 + regressors);
			const double *c = rows + j * (size_t) (1 + regressors);
			double b[MOST_REGRESSORS + 1] = {a[0]};

			if (regressors > 0 && a[1] != c[1])
			{
				b[1] = (a[0] - c[0]) / (a[1] - c[1]);
				b[0] = a[0] - b[1] * a[1];
			}
			CHECK(minimum <= objective(rows, n, regressors, probability, b) * (1 + 1e-10L) + 1e-10L,
			      "%.17g is not the minimum: %.17Lg through rows %zu and %zu", minimum,
			      objective(rows, n, regressors, probability, b), i, j);
		}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Bytes b = {data, size};
	int kind = (int) take(&b, 1);
	int regressors = (kind >> 2) % (MOST_REGRESSORS + 1);
	size_t width = (size_t) regressors + 1;
	long basis;
	double probability = take_confidence(&b, &basis);
	double *rows = array(size * width, sizeof(double));
	size_t n = 0;
	void *work;
	McQuantileRegression model;

	for (; b.left > 0; n++)
		for (size_t j = 0; j < width; j++)
			rows[n * width + j] = take_finite(&b, kind);
	work = array(mc_quantile_regression_worksize(n), 1);
	CHECK(mc_quantile_regression(rows, n, regressors, probability, work, &model, NULL) == MC_OK,
	      "status");
	CHECK((n <= width) == (model.fit == MC_FIT_TOO_FEW), "%zu rows of %zu: %s", n, width,
	      mc_fit_name(model.fit));
	CHECK(model.fit != MC_FIT_NOT_FINITE && model.fit != MC_FIT_BOUNDARY, "%s",
	      mc_fit_name(model.fit));
	if (mc_fit_usable(model.fit))
	{
		for (size_t j = 0; j < width; j++)
			CHECK(isfinite(model.coefficients[j]), "coefficient %zu", j);
		CHECK(isfinite(model.objective) && model.objective >= 0, "objective %g", model.objective);
		/* of sums of denormal probabilities, the best vertex found */
		if ((kind & 3) == 0 && probability > 1e-290)
		{
			CHECK(model.fit == MC_FIT_CONVERGED, "mild numbers: %s", mc_fit_name(model.fit));
			check_vertices(rows, n, regressors, probability, model.objective);
		}
	}
	free(rows);
	free(work);
	return 0;
}
