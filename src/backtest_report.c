/*
 * backtest_report.c
 *	  backtest: every test of value at risk and expected shortfall forecasts at once.
 */
#include "compat.h"

#include "utils/float.h"

#include "errors.h"
#include "kernel/acerbi_szekely.h"
#include "kernel/double_double.h"
#include "kernel/dynamic_quantile.h"
#include "kernel/e_process.h"
#include "kernel/exceptions.h"
#include "kernel/forecast_comparison.h"
#include "sample.h"
#include "test_rows.h"

#define DYNAMIC_QUANTILE_LAGS 4

typedef struct Forecasts
{
	const double *pnl;
	const double *var;
	const double *es;
	Size rows;
	double confidence;
} Forecasts;

/* What one pass over the rows in order gives. */
typedef struct Pass
{
	McExceptions counts;
	McEProcess e_var;
	McEProcess e_es;
	McDD pinball;
	McDD fz0;
} Pass;

static Pass
pass_over(const Forecasts *f)
{
	Pass pass;

	memset(&pass, 0, sizeof(pass));
	for (Size i = 0; i < f->rows; i++)
	{
		double pnl = f->pnl[i];
		double var = f->var[i];
		double es = f->es[i];

		mc_check_shortfall(var, es, true);
		mc_exceptions_add(&pass.counts, mc_is_exception(pnl, var));
		mc_e_process_add(&pass.e_var, mc_e_value_at_risk(pnl, var, f->confidence),
		                 mc_e_adaptive_bet(&pass.e_var));
		mc_e_process_add(&pass.e_es, mc_e_expected_shortfall(pnl, var, es, f->confidence),
		                 mc_e_adaptive_bet(&pass.e_es));
		pass.pinball = mc_dd_add_double(pass.pinball, mc_pinball(pnl, var, f->confidence));
		pass.fz0 = mc_dd_add_double(pass.fz0, mc_fz0(pnl, var, es, f->confidence));
	}
	return pass;
}

static void
add_mean(McRowBuilder *row, McDD sum, Size n)
{
	double mean = mc_dd_value(mc_dd_divide_double(sum, (double) n));

	if (!isfinite(mean))
		mc_check_status(MC_OVERFLOW);
	mc_row_float8(row, mean);
}

static void
add_var_tests(McRowBuilder *row, const Forecasts *f, const McExceptions *counts)
{
	double p = mc_exception_probability(f->confidence);
	McTest coverage = mc_kupiec_test(counts->exceptions, counts->observations, f->confidence);
	McTest independence;
	McTest conditional;
	McTest quantile;
	Size worksize = mc_dynamic_quantile_worksize(f->rows, DYNAMIC_QUANTILE_LAGS);

	mc_christoffersen_test(counts, f->confidence, &independence, &conditional);
	mc_check_status(mc_dynamic_quantile_test(
	    f->pnl, f->var, f->rows, f->confidence, DYNAMIC_QUANTILE_LAGS,
	    mc_work_space(worksize, sizeof(double)), &mc_interrupt_poll, &quantile));
	mc_row_text(row, mc_zone_name(mc_traffic_light(counts->exceptions, counts->observations, p)));
	mc_row_statistic(row, &coverage);
	mc_row_statistic(row, &independence);
	mc_row_statistic(row, &conditional);
	mc_row_statistic(row, &quantile);
}

static void
add_es_tests(McRowBuilder *row, const Forecasts *f, const Pass *pass)
{
	McAcerbiSzekely z;

	mc_check_status(mc_acerbi_szekely(f->pnl, f->var, f->es, f->rows, f->confidence,
	                                  mc_work_space(f->rows, sizeof(double)), &mc_interrupt_poll,
	                                  &z));
	if (z.exceptions > 0)
		mc_row_float8(row, z.z1);
	else
		mc_row_null(row);
	mc_row_float8(row, z.z2);
	mc_row_float8(row, mc_e_process_wealth(&pass->e_var));
	mc_row_float8(row, mc_e_process_wealth(&pass->e_es));
	add_mean(row, pass->pinball, f->rows);
	add_mean(row, pass->fz0, f->rows);
}

/* A NaN or infinite row: no zone, and NaN for the rest. */
static Datum
not_finite_report(FunctionCallInfo fcinfo, const McSample *sample)
{
	McRowBuilder row = {0};

	mc_row_int64(&row, sample->rows + sample->not_finite);
	mc_row_null(&row);
	mc_row_float8(&row, get_float8_nan());
	mc_row_float8(&row, get_float8_nan());
	mc_row_null(&row);
	for (int i = 0; i < 14; i++)
		mc_row_float8(&row, get_float8_nan());
	return mc_row_result(fcinfo, &row);
}

/* backtest(pnl, value_at_risk, expected_shortfall, confidence) */
MC_FUNCTION(mc_backtest_final)
{
	const McSample *sample = mc_sample(fcinfo);
	McRowBuilder row = {0};
	Forecasts f;
	Pass pass;

	if (sample == NULL)
		PG_RETURN_NULL();
	f.confidence = mc_setting_float8(&sample->settings, 0);
	mc_check_confidence(f.confidence);
	if (sample->not_finite > 0)
		return not_finite_report(fcinfo, sample);
	f.rows = sample->rows;
	f.pnl = mc_sample_column(sample, 0);
	f.var = mc_sample_column(sample, 1);
	f.es = mc_sample_column(sample, 2);
	pass = pass_over(&f);
	mc_row_int64(&row, f.rows);
	mc_row_int64(&row, pass.counts.exceptions);
	mc_row_float8(&row, (double) f.rows * mc_exception_probability(f.confidence));
	mc_row_float8(&row, (double) pass.counts.exceptions / (double) f.rows);
	add_var_tests(&row, &f, &pass.counts);
	add_es_tests(&row, &f, &pass);
	return mc_row_result(fcinfo, &row);
}
