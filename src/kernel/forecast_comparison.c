/*
 * forecast_comparison.c
 *	  Scores of value at risk and expected shortfall forecasts, and a test of equal accuracy.
 *
 * FZ0: A. J. Patton, J. F. Ziegel, R. Chen, "Dynamic semiparametric models for expected shortfall
 * (and value-at-risk)", J. Econometrics 211 (2019) 388-413, equation 6, with positive losses.
 *
 * Test: F. X. Diebold, R. S. Mariano, J. Bus. Econ. Stat. 13 (1995) 253-263, with the long-run
 * variance of W. K. Newey, K. D. West, Econometrica 55 (1987) 703-708, and the correction of D.
 * Harvey, S. Leybourne, P. Newbold, Int. J. Forecasting 13 (1997) 281-291.  With d = a - b, h =
 * lags + 1:
 *
 *	  v = g_0 + 2 sum_(k = 1..lags) (1 - k / h) g_k,  g_k the autocovariances of d, divisor n
 *	  DM = mean(d) / sqrt(v / n) * sqrt((n + 1 - 2 h + h (h - 1) / n) / n),  Student t (n - 1)
 */
#include "double_double.h"
#include "exceptions.h"
#include "forecast_comparison.h"

double
mc_pinball(double pnl, double value_at_risk, double confidence)
{
	double beyond = -pnl - value_at_risk;

	return beyond > 0 ? confidence * beyond
	                  : mc_exception_probability(confidence) * (value_at_risk + pnl);
}

double
mc_fz0(double pnl, double value_at_risk, double expected_shortfall, double confidence)
{
	double beyond = mc_is_exception(pnl, value_at_risk) ? -pnl - value_at_risk : 0;

	return (beyond / mc_exception_probability(confidence) + value_at_risk) / expected_shortfall +
	       log(expected_shortfall) - 1;
}

/* Autocovariance of the deviations d at a lag, divisor n. */
static double
autocovariance(const double *d, size_t n, size_t lag)
{
	McDD sum = {0, 0};

	for (size_t i = lag; i < n; i++)
		sum = mc_dd_add(sum, mc_dd_two_product(d[i], d[i - lag]));
	return mc_dd_value(sum) / (double) n;
}

McTest
mc_diebold_mariano_test(const double *loss_a, const double *loss_b, size_t n, size_t lags,
                        double *work)
{
	double size = (double) n;
	double h = (double) lags + 1;
	double scale_a = mc_unit_scale(loss_a, n);
	double scale_b = mc_unit_scale(loss_b, n);
	double scale = scale_a < scale_b ? scale_a : scale_b;
	McTest test = mc_no_test(MC_TEST_TOO_FEW, n);
	McDD sum = {0, 0};
	McDD mean;
	double variance;

	if (n <= lags + 1)
		return test;
	for (size_t i = 0; i < n; i++)
	{
		work[i] = loss_a[i] * scale - loss_b[i] * scale;
		sum = mc_dd_add_double(sum, work[i]);
	}
	mean = mc_dd_divide_double(sum, size);
	for (size_t i = 0; i < n; i++)
		work[i] = (work[i] - mean.hi) - mean.lo;
	variance = autocovariance(work, n, 0);
	if (!(variance > 0))
		return mc_no_test(MC_TEST_CONSTANT, n);
	for (size_t lag = 1; lag <= lags; lag++)
		variance += 2 * (1 - (double) lag / h) * autocovariance(work, n, lag);
	/* Newey and West's sum is positive; rounding may say otherwise when it is about 0 */
	if (!(variance > 0))
		return mc_no_test(MC_TEST_CONSTANT, n);
	test.status = MC_TEST_OK;
	test.degrees_of_freedom = size - 1;
	test.statistic = mc_dd_value(mean) / sqrt(variance / size) *
	                 sqrt(fmax(0, (size + 1 - 2 * h + h * (h - 1) / size) / size));
	test.p_value = 2 * gsl_cdf_tdist_Q(fabs(test.statistic), test.degrees_of_freedom);
	return test;
}
