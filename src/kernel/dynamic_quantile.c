/*
 * dynamic_quantile.c
 *	  Dynamic quantile test of value at risk: can exceptions be predicted?
 *
 * R. F. Engle, S. Manganelli, "CAViaR: conditional autoregressive value at risk by regression
 * quantiles", J. Bus. Econ. Stat. 22 (2004) 367-381, section 4, out of sample.  b' X'X b is the sum
 * of the squares of the fitted values, so it does not depend on which of dependent columns stay.
 */
#include <string.h>

#include "double_double.h"
#include "dynamic_quantile.h"
#include "exceptions.h"
#include "least_squares.h"
#include "scale.h"

size_t
mc_dynamic_quantile_worksize(size_t n, size_t lags)
{
	size_t rows = n > lags ? n - lags : 0;

	return n + rows * (lags + 3) + mc_least_squares_worksize(rows, lags + 2);
}

/* Columns 1, Hit of each lag, VaR: times a power of two, so that its coefficient is a double. */
static void
fill_regressors(double *x, const double *hits, const double *value_at_risk, size_t rows,
                size_t lags)
{
	double largest = 0;
	double scale;

	for (size_t i = 0; i < rows; i++)
		x[i] = 1;
	for (size_t lag = 1; lag <= lags; lag++)
		memcpy(x + lag * rows, hits + lags - lag, rows * sizeof(double));
	for (size_t i = 0; i < rows; i++)
		largest = fmax(largest, fabs(value_at_risk[lags + i]));
	scale = mc_scale_of(largest);
	for (size_t i = 0; i < rows; i++)
		x[(lags + 1) * rows + i] = value_at_risk[lags + i] * scale;
}

McStatus
mc_dynamic_quantile_test(const double *pnl, const double *value_at_risk, size_t n,
                         double confidence, size_t lags, double *work, const McPoll *poll,
                         McTest *test)
{
	double p = mc_exception_probability(confidence);
	size_t columns = lags + 2;
	size_t rows = n > lags ? n - lags : 0;
	double *hits = work;
	double *x = hits + n;
	double *residuals = x + rows * columns;
	McLeastSquares fit = {.residuals = residuals};
	McDD sum = {0, 0};
	McStatus status;

	*test = mc_no_test(MC_TEST_TOO_FEW, rows);
	if (rows <= columns)
		return MC_OK;
	for (size_t i = 0; i < n; i++)
		hits[i] = mc_is_exception(pnl[i], value_at_risk[i]) - p;
	fill_regressors(x, hits, value_at_risk, rows, lags);
	status = mc_least_squares(x, hits + lags, rows, columns, true, residuals + rows, poll, &fit);
	if (status != MC_OK)
		return status;
	for (size_t i = 0; i < rows; i++)
	{
		double fitted = hits[lags + i] - residuals[i];

		sum = mc_dd_add(sum, mc_dd_two_product(fitted, fitted));
	}
	*test = mc_chi_squared_test(mc_dd_value(sum) / (p * confidence), (double) fit.rank, rows);
	if (fit.rank < columns)
		test->status = MC_TEST_SINGULAR;
	return isfinite(test->statistic) ? MC_OK : MC_OVERFLOW;
}
