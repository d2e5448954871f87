/*
 * ratios.c
 *	  Performance ratios of simple period returns: sharpe_ratio, sharpe_ratio_test, sortino_ratio,
 *	  omega_ratio, downside_deviation, downside_potential.
 *
 * Aggregates over a whole sample (sample.h) whose sums are exact, so that neither the order of the rows nor
 * the number of workers changes a digit.
 */
#include "compat.h"

#include <math.h>

#include "utils/float.h"

#include "errors.h"
#include "kernel/ratios.h"
#include "sample.h"
#include "values.h"
#include "vol_args.h"

#define TEST_COLUMNS 8

static const char *const error_methods[] = {"mertens", "lo", NULL};

/* sqrt(periods_per_year) when setting i is given, else 1 */
static double
annual_factor(const McSample *sample, int i)
{
	if (!mc_setting_given(&sample->settings, i))
		return 1;
	mc_check_periods_per_year(mc_setting_float8(&sample->settings, i));
	return sqrt(mc_setting_float8(&sample->settings, i));
}

/* The answer, or NULL for "undefined". */
static Datum
return_ratio(FunctionCallInfo fcinfo, McStatus status, double ratio)
{
	mc_check_status(status == MC_OK && !isfinite(ratio) ? MC_OVERFLOW : status);
	if (status == MC_TOO_FEW)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(ratio);
}

/* return - risk_free_rate of every row */
static double *
excess_returns(const McSample *sample)
{
	double *excess = mc_sample_column(sample, 0);

	for (Size i = 0; i < sample->rows; i++)
		excess[i] -= sample->values[2 * i + 1];
	return excess;
}

/* sharpe_ratio(return, risk_free_rate [, periods_per_year]) */
MC_FUNCTION(mc_sharpe_ratio_final)
{
	const McSample *sample = mc_sample(fcinfo);
	double factor;
	double ratio = 0;
	McStatus status;

	if (sample == NULL)
		PG_RETURN_NULL();
	factor = annual_factor(sample, 0);
	if (sample->not_finite > 0)
		PG_RETURN_FLOAT8(get_float8_nan());
	status = mc_sharpe_ratio(excess_returns(sample), sample->rows, &ratio, &mc_interrupt_poll);
	return return_ratio(fcinfo, status, ratio * factor);
}

/* sharpe_ratio_test(return, risk_free_rate [, confidence, standard_error_method]) */
MC_FUNCTION(mc_sharpe_ratio_test_final)
{
	const McSample *sample = mc_sample(fcinfo);
	double confidence = 0.95;
	int method = MC_SHARPE_MERTENS;
	McSharpeTest test = {NAN, NAN, NAN, NAN, NAN, NAN, NAN};
	McStatus status = MC_OK;
	Datum values[TEST_COLUMNS];
	bool nulls[TEST_COLUMNS] = {false};

	if (sample == NULL)
		PG_RETURN_NULL();
	if (mc_setting_given(&sample->settings, 0))
	{
		confidence = mc_setting_float8(&sample->settings, 0);
		mc_check_confidence(confidence);
		method = mc_setting_choice(&sample->settings, 1, error_methods, "standard_error_method");
	}
	if (sample->not_finite == 0)
		status = mc_sharpe_test(excess_returns(sample), sample->rows, (McSharpeError) method,
		                        confidence, &test, &mc_interrupt_poll);
	mc_check_status(status);
	values[0] = Int64GetDatum(sample->rows + sample->not_finite);
	values[1] = Float8GetDatum(test.ratio);
	values[2] = Float8GetDatum(test.standard_error);
	values[3] = Float8GetDatum(test.lower);
	values[4] = Float8GetDatum(test.upper);
	values[5] = Float8GetDatum(test.skewness);
	values[6] = Float8GetDatum(test.kurtosis);
	values[7] = Float8GetDatum(test.probability_positive);
	for (int i = 1; i < TEST_COLUMNS; i++)
		nulls[i] = status == MC_TOO_FEW;
	PG_RETURN_DATUM(mc_row_datum(fcinfo, values, nulls));
}

typedef enum DownsideMeasure
{
	DEVIATION,
	POTENTIAL,
	SORTINO,
	OMEGA
} DownsideMeasure;

/* (return, target [, periods_per_year]) */
static Datum
downside_final(FunctionCallInfo fcinfo, DownsideMeasure measure)
{
	const McSample *sample = mc_sample(fcinfo);
	McDownside d = {0};
	McStatus status;
	double target;
	double factor;

	if (sample == NULL)
		PG_RETURN_NULL();
	target = mc_setting_float8(&sample->settings, 0);
	if (!isfinite(target))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("target must be finite"),
		                errdetail("The target given is %g.", target),
		                errhint("It is a return per period: write 0 to count every loss.")));
	factor = annual_factor(sample, 1);
	if (sample->not_finite > 0)
		PG_RETURN_FLOAT8(get_float8_nan());
	status = mc_downside(mc_sample_column(sample, 0), sample->rows, target, &d, &mc_interrupt_poll);
	if (measure == DEVIATION)
		return return_ratio(fcinfo, status, d.deviation * factor);
	if (measure == POTENTIAL)
		return return_ratio(fcinfo, status, d.potential);
	/* no return below the target: the ratio is not defined */
	if (status == MC_OK && d.potential == 0)
		PG_RETURN_NULL();
	if (status != MC_OK)
		return return_ratio(fcinfo, status, 0);
	return return_ratio(fcinfo, status,
	                    measure == SORTINO ? d.mean / d.deviation * factor
	                                       : d.upside / d.potential);
}

MC_FUNCTION(mc_downside_deviation_final)
{
	return downside_final(fcinfo, DEVIATION);
}

MC_FUNCTION(mc_downside_potential_final)
{
	return downside_final(fcinfo, POTENTIAL);
}

MC_FUNCTION(mc_sortino_ratio_final)
{
	return downside_final(fcinfo, SORTINO);
}

MC_FUNCTION(mc_omega_ratio_final)
{
	return downside_final(fcinfo, OMEGA);
}
