/*
 * series_tests.c
 *	  Tests of a series: normality (Jarque-Bera), autocorrelation (Ljung-Box), ARCH effects (Engle).
 *
 * C. M. Jarque, A. K. Bera, Economics Letters 6 (1980) 255-259; G. M. Ljung, G. E. P. Box,
 * Biometrika 65 (1978) 297-303; R. F. Engle, Econometrica 50 (1982) 987-1007.
 *
 * Deviations are taken from a mean in double-double and sums of their powers are double-double, of
 * values that a power of two has brought below 1: neither the level nor the scale of the series
 * matters.
 */
#include <string.h>

#include "double_double.h"
#include "least_squares.h"
#include "select.h"
#include "series_tests.h"

/* d = x * scale - mean, in the order of x */
static void
deviations(const double *x, size_t n, double *d)
{
	double scale = mc_unit_scale(x, n);
	McDD sum = {0, 0};
	McDD mean;

	for (size_t i = 0; i < n; i++)
		sum = mc_dd_add_double(sum, x[i] * scale);
	mean = mc_dd_divide_double(sum, (double) n);
	for (size_t i = 0; i < n; i++)
		d[i] = (x[i] * scale - mean.hi) - mean.lo;
}

McStatus
mc_jarque_bera_test(double *x, size_t n, const McPoll *poll, McTest *test)
{
	McDD m2 = {0, 0};
	McDD m3 = {0, 0};
	McDD m4 = {0, 0};
	double size = (double) n;
	double skewness;
	double excess;
	McStatus status = mc_sort_descending(x, n, poll);

	*test = mc_no_test(MC_TEST_TOO_FEW, n);
	if (status != MC_OK || n < 2)
		return status;
	*test = mc_no_test(MC_TEST_CONSTANT, n);
	if (x[0] == x[n - 1])
		return MC_OK;
	/* the largest is at least 1e-17: fourth powers do not vanish */
	deviations(x, n, x);
	for (size_t i = 0; i < n; i++)
	{
		McDD square = mc_dd_two_product(x[i], x[i]);

		m2 = mc_dd_add(m2, square);
		m3 = mc_dd_add(m3, mc_dd_two_product(square.hi, x[i]));
		m4 = mc_dd_add(m4, mc_dd_two_product(square.hi, square.hi));
	}
	skewness = mc_dd_value(m3) / size / pow(mc_dd_value(m2) / size, 1.5);
	excess = mc_dd_value(m4) * size / (mc_dd_value(m2) * mc_dd_value(m2)) - 3;
	*test = mc_chi_squared_test(size / 6 * (skewness * skewness + excess * excess / 4), 2, n);
	return MC_OK;
}

/* sum of d[i] d[i - lag] */
static double
lagged_products(const double *d, size_t n, size_t lag)
{
	McDD sum = {0, 0};

	for (size_t i = lag; i < n; i++)
		sum = mc_dd_add(sum, mc_dd_two_product(d[i], d[i - lag]));
	return mc_dd_value(sum);
}

McStatus
mc_ljung_box_test(const double *x, size_t n, size_t lags, size_t fitted, double *work,
                  const McPoll *poll, McTest *test)
{
	double size = (double) n;
	double squares;
	double sum = 0;

	*test = mc_no_test(MC_TEST_TOO_FEW, n);
	if (n <= lags)
		return MC_OK;
	deviations(x, n, work);
	squares = lagged_products(work, n, 0);
	*test = mc_no_test(MC_TEST_CONSTANT, n);
	if (!(squares > 0))
		return MC_OK;
	for (size_t lag = 1; lag <= lags; lag++)
	{
		double r = lagged_products(work, n, lag) / squares;

		sum += r * r / (size - (double) lag);
		if (mc_poll_stop(poll))
			return MC_STOPPED;
	}
	*test = mc_chi_squared_test(size * (size + 2) * sum, (double) (lags - fitted), n);
	return MC_OK;
}

size_t
mc_arch_lm_worksize(size_t n, size_t lags)
{
	size_t rows = n > lags ? n - lags : 0;

	return n + rows * (lags + 1) + mc_least_squares_worksize(rows, lags + 1);
}

McStatus
mc_arch_lm_test(const double *x, size_t n, size_t lags, double *work, const McPoll *poll,
                McTest *test)
{
	size_t rows = n > lags ? n - lags : 0;
	double scale = mc_unit_scale(x, n);
	double *squares = work;
	double *columns = work + n;
	McLeastSquares fit = {0};
	McStatus status;

	*test = mc_no_test(MC_TEST_TOO_FEW, rows);
	if (rows <= lags + 1)
		return MC_OK;
	for (size_t i = 0; i < n; i++)
		squares[i] = x[i] * scale * (x[i] * scale);
	for (size_t i = 0; i < rows; i++)
		columns[i] = 1;
	for (size_t lag = 1; lag <= lags; lag++)
		memcpy(columns + lag * rows, squares + lags - lag, rows * sizeof(double));
	status = mc_least_squares(columns, squares + lags, rows, lags + 1, true,
	                          columns + rows * (lags + 1), poll, &fit);
	if (status != MC_OK)
		return status;
	*test = mc_no_test(MC_TEST_CONSTANT, rows);
	if (!(fit.tss > 0) || fit.rank < 2)
		return MC_OK;
	*test = mc_chi_squared_test((double) rows * fit.r_squared, (double) fit.rank - 1, rows);
	if (fit.rank < lags + 1)
		test->status = MC_TEST_SINGULAR;
	return MC_OK;
}
