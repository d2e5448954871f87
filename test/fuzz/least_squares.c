/*
 * least_squares.c
 *	  Fuzz target: the normal equations of ordinary least squares, bounds of its sums, and numbers of every
 *	  scale.
 */
#include "fuzz.h"
#include "kernel/least_squares.h"

FUZZ_WITH_GSL

#define MOST 4

static void
check_equations(const double *x, const double *y, size_t n, size_t p, const McLeastSquares *fit)
{
	long double yy = 0;
	long double rr = 0;

	for (size_t i = 0; i < n; i++)
	{
		yy += (long double) y[i] * y[i];
		rr += (long double) fit->residuals[i] * fit->residuals[i];
	}
	CHECK(close_to(fit->rss, rr, yy, 1e-12), "rss %g, residuals %Lg", fit->rss, rr);
	CHECK(fit->rss <= (double) yy * (1 + 1e-12) + 1e-300, "rss %g of %Lg", fit->rss, yy);
	if (fit->rank < p)
		return;
	for (size_t j = 0; j < p; j++)
	{
		long double product = 0;
		long double xx = 0;

		for (size_t i = 0; i < n; i++)
		{
			product += (long double) x[j * n + i] * fit->residuals[i];
			xx += (long double) x[j * n + i] * x[j * n + i];
		}
		CHECK(fabsl(product) <= 1e-11L * sqrtl(xx) * sqrtl(yy) + 1e-300L,
		      "column %zu is not orthogonal to the residuals: %Lg", j, product);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Bytes b = {data, size};
	int kind = (int) take(&b, 1);
	size_t p = 1 + take(&b, 1) % MOST;
	bool intercept = kind & 4;
	double *x = array(size * p, sizeof(double));
	double *y = array(size, sizeof(double));
	double *rows = array(size * (p + 1), sizeof(double));
	double coefficients[MOST];
	double covariance[MOST * MOST];
	McLeastSquares fit = {.coefficients = coefficients, .covariance = covariance};
	double *work;
	size_t n = 0;
	McStatus status;

	for (; b.left > 0; n++)
		for (size_t j = 0; j <= p; j++)
			rows[n * (p + 1) + j] = take_finite(&b, kind);
	for (size_t i = 0; i < n; i++)
	{
		y[i] = rows[i * (p + 1)];
		for (size_t j = 0; j < p; j++)
			x[j * n + i] = intercept && j == 0 ? 1 : rows[i * (p + 1) + 1 + j];
	}
	fit.residuals = array(n, sizeof(double));
	work = array(mc_least_squares_worksize(n, p), sizeof(double));
	status = mc_least_squares(x, y, n, p, intercept, work, NULL, &fit);
	CHECK((status == MC_TOO_FEW) == (n < p), "status %d with %zu rows", status, n);
	CHECK(status != MC_OVERFLOW || (kind & 2), "overflow of mild numbers");
	if (status == MC_OK)
	{
		CHECK(fit.rank <= p && fit.degrees_of_freedom == n - fit.rank, "rank %zu", fit.rank);
		CHECK(fit.rss >= 0 && isfinite(fit.rss) && fit.tss >= 0 && isfinite(fit.tss), "%g %g",
		      fit.rss, fit.tss);
		CHECK(isnan(fit.r_squared) ? fit.tss == 0 : fit.r_squared >= 0 && fit.r_squared <= 1,
		      "R squared %g, tss %g", fit.r_squared, fit.tss);
		CHECK(isnan(fit.sigma2) == (fit.degrees_of_freedom == 0), "sigma2 %g", fit.sigma2);
		for (size_t j = 0; j < p; j++)
		{
			CHECK(isfinite(coefficients[j]), "coefficient %zu %g", j, coefficients[j]);
			CHECK(fit.degrees_of_freedom == 0 ||
			          (isfinite(covariance[j * p + j]) && covariance[j * p + j] >= 0),
			      "variance %zu %g", j, covariance[j * p + j]);
		}
		for (size_t i = 0; i < n; i++)
			CHECK(isfinite(fit.residuals[i]), "residual %zu", i);
		if (!(kind & 2))
			check_equations(x, y, n, p, &fit);
	}
	free(x);
	free(y);
	free(rows);
	free(fit.residuals);
	free(work);
	return 0;
}
