/*
 * series_tests.c
 *	  Tests of whole series: jarque_bera_test, ljung_box_test, arch_lm_test, diebold_mariano_test,
 *	  dynamic_quantile_test; the scores pinball_loss and fz0_loss.
 */
#include "compat.h"

#include "utils/float.h"

#include "errors.h"
#include "kernel/dynamic_quantile.h"
#include "kernel/forecast_comparison.h"
#include "kernel/series_tests.h"
#include "sample.h"
#include "test_rows.h"

#define MAX_LAGS 1000
#define DYNAMIC_QUANTILE_LAGS 4

/* The row of a sample with a NaN or infinity in it. */
static Datum
not_finite_row(FunctionCallInfo fcinfo, const McSample *sample)
{
	McTest test = mc_no_test(MC_TEST_NOT_FINITE, sample->rows + sample->not_finite);

	return mc_test_row(fcinfo, &test);
}

/* jarque_bera_test(value) */
MC_FUNCTION(mc_jarque_bera_test_final)
{
	const McSample *sample = mc_sample(fcinfo);
	McTest test;

	if (sample == NULL)
		PG_RETURN_NULL();
	if (sample->not_finite > 0)
		return not_finite_row(fcinfo, sample);
	mc_check_status(
	    mc_jarque_bera_test(mc_sample_column(sample, 0), sample->rows, &mc_interrupt_poll, &test));
	return mc_test_row(fcinfo, &test);
}

/* ljung_box_test(value, lags [, fitted_parameters]) */
MC_FUNCTION(mc_ljung_box_test_final)
{
	const McSample *sample = mc_sample(fcinfo);
	McTest test;
	int lags;
	int fitted = 0;

	if (sample == NULL)
		PG_RETURN_NULL();
	lags = mc_check_count(mc_setting_int32(&sample->settings, 0), 1, MAX_LAGS, "lags");
	if (mc_setting_given(&sample->settings, 1))
		fitted = mc_check_count(mc_setting_int32(&sample->settings, 1), 0, lags - 1,
		                        "fitted_parameters");
	if (sample->not_finite > 0)
		return not_finite_row(fcinfo, sample);
	mc_check_status(mc_ljung_box_test(mc_sample_column(sample, 0), sample->rows, lags, fitted,
	                                  mc_work_space(sample->rows, sizeof(double)),
	                                  &mc_interrupt_poll, &test));
	return mc_test_row(fcinfo, &test);
}

/* arch_lm_test(value, lags) */
MC_FUNCTION(mc_arch_lm_test_final)
{
	const McSample *sample = mc_sample(fcinfo);
	McTest test;
	int lags;

	if (sample == NULL)
		PG_RETURN_NULL();
	lags = mc_check_count(mc_setting_int32(&sample->settings, 0), 1, MAX_LAGS, "lags");
	if (sample->not_finite > 0)
		return not_finite_row(fcinfo, sample);
	mc_check_status(
	    mc_arch_lm_test(mc_sample_column(sample, 0), sample->rows, lags,
	                    mc_work_space(mc_arch_lm_worksize(sample->rows, lags), sizeof(double)),
	                    &mc_interrupt_poll, &test));
	return mc_test_row(fcinfo, &test);
}

/* diebold_mariano_test(loss_a, loss_b [, lags]) */
MC_FUNCTION(mc_diebold_mariano_test_final)
{
	const McSample *sample = mc_sample(fcinfo);
	McTest test;
	int lags = 0;

	if (sample == NULL)
		PG_RETURN_NULL();
	if (mc_setting_given(&sample->settings, 0))
		lags = mc_check_count(mc_setting_int32(&sample->settings, 0), 0, MAX_LAGS, "lags");
	if (sample->not_finite > 0)
		return not_finite_row(fcinfo, sample);
	test = mc_diebold_mariano_test(mc_sample_column(sample, 0), mc_sample_column(sample, 1),
	                               sample->rows, lags, mc_work_space(sample->rows, sizeof(double)));
	return mc_test_row(fcinfo, &test);
}

/* dynamic_quantile_test(pnl, value_at_risk, confidence [, lags]) */
MC_FUNCTION(mc_dynamic_quantile_test_final)
{
	const McSample *sample = mc_sample(fcinfo);
	McTest test;
	double confidence;
	int lags = DYNAMIC_QUANTILE_LAGS;

	if (sample == NULL)
		PG_RETURN_NULL();
	confidence = mc_setting_float8(&sample->settings, 0);
	mc_check_confidence(confidence);
	if (mc_setting_given(&sample->settings, 1))
		lags = mc_check_count(mc_setting_int32(&sample->settings, 1), 0, MAX_LAGS, "lags");
	if (sample->not_finite > 0)
		return not_finite_row(fcinfo, sample);
	mc_check_status(mc_dynamic_quantile_test(
	    mc_sample_column(sample, 0), mc_sample_column(sample, 1), sample->rows, confidence, lags,
	    mc_work_space(mc_dynamic_quantile_worksize(sample->rows, lags), sizeof(double)),
	    &mc_interrupt_poll, &test));
	return mc_test_row(fcinfo, &test);
}

/* A finite score; NaN of NaN, overflow of finite inputs is an error. */
static double
checked_score(double score, double a, double b)
{
	if (isinf(score) && !isinf(a) && !isinf(b))
		mc_check_status(MC_OVERFLOW);
	return score;
}

/* pinball_loss(pnl, value_at_risk, confidence) */
MC_FUNCTION(mc_pinball_loss)
{
	double pnl = PG_GETARG_FLOAT8(0);
	double var = PG_GETARG_FLOAT8(1);
	double confidence = PG_GETARG_FLOAT8(2);

	mc_check_confidence(confidence);
	PG_RETURN_FLOAT8(checked_score(mc_pinball(pnl, var, confidence), pnl, var));
}

/* fz0_loss(pnl, value_at_risk, expected_shortfall, confidence) */
MC_FUNCTION(mc_fz0_loss)
{
	double pnl = PG_GETARG_FLOAT8(0);
	double var = PG_GETARG_FLOAT8(1);
	double es = PG_GETARG_FLOAT8(2);
	double confidence = PG_GETARG_FLOAT8(3);

	mc_check_confidence(confidence);
	if (isnan(pnl) || isnan(var) || isnan(es))
		PG_RETURN_FLOAT8(get_float8_nan());
	mc_check_shortfall(var, es, true);
	PG_RETURN_FLOAT8(checked_score(mc_fz0(pnl, var, es, confidence), pnl, es));
}
