/*
 * tail_parametric.c
 *	  Value at risk and expected shortfall of a distribution fitted to P&L; the fit; the shape.
 *
 * The state is the whole sample (sample.h), sorted before anything is added up: the digits do not
 * depend on the order of rows or on workers.
 */
#include "compat.h"

#include <math.h>

#include "utils/builtins.h"
#include "utils/float.h"

#include "errors.h"
#include "kernel/parametric_tail.h"
#include "kernel/select.h"
#include "kernel/shape.h"
#include "kernel/student_t_fit.h"
#include "sample.h"
#include "tail_parametric.h"
#include "values.h"

static double *
sorted_sample(const McSample *sample)
{
	double *values = mc_sample_column(sample, 0);

	mc_check_status(mc_sort_descending(values, sample->rows, &mc_interrupt_poll));
	return values;
}

static McShape
sample_shape(const McSample *sample)
{
	McShape shape;

	mc_check_status(mc_shape(sorted_sample(sample), sample->rows, &shape, &mc_interrupt_poll));
	return shape;
}

/* The confidence, checked; NaN when a row is not finite. */
static double
get_confidence(const McSample *sample)
{
	double confidence = mc_setting_float8(&sample->settings, 0);

	mc_check_confidence(confidence);
	return sample->not_finite > 0 ? get_float8_nan() : confidence;
}

/* Finite P&L whose measure is not: it is too large for a double. */
static Datum
return_measure(FunctionCallInfo fcinfo, double measure)
{
	if (!isfinite(measure))
		mc_check_status(MC_OVERFLOW);
	PG_RETURN_FLOAT8(measure);
}

static Datum
normal_measure(FunctionCallInfo fcinfo, bool want_es)
{
	const McSample *sample = mc_sample(fcinfo);
	double confidence;
	double var;
	double es;
	McShape shape;

	if (sample == NULL)
		PG_RETURN_NULL();
	confidence = get_confidence(sample);
	if (isnan(confidence))
		PG_RETURN_FLOAT8(confidence);
	if (sample->rows < 2)
		PG_RETURN_NULL();
	shape = sample_shape(sample);
	mc_normal_measures(shape.mean, shape.deviation, confidence, &var, &es);
	return return_measure(fcinfo, want_es ? es : var);
}

MC_FUNCTION(mc_value_at_risk_normal_final)
{
	return normal_measure(fcinfo, false);
}

MC_FUNCTION(mc_expected_shortfall_normal_final)
{
	return normal_measure(fcinfo, true);
}

static Datum
cornish_fisher_measure(FunctionCallInfo fcinfo, bool want_es)
{
	const McSample *sample = mc_sample(fcinfo);
	double confidence;
	double var;
	double es;
	McShape shape;

	if (sample == NULL)
		PG_RETURN_NULL();
	confidence = get_confidence(sample);
	if (isnan(confidence))
		PG_RETURN_FLOAT8(confidence);
	if (sample->rows < 4)
		PG_RETURN_NULL();
	shape = sample_shape(sample);
	mc_cornish_fisher_measures(shape.mean, shape.deviation, shape.skewness, shape.excess_kurtosis,
	                           confidence, &var, &es);
	return return_measure(fcinfo, want_es ? es : var);
}

MC_FUNCTION(mc_value_at_risk_cornish_fisher_final)
{
	return cornish_fisher_measure(fcinfo, false);
}

MC_FUNCTION(mc_expected_shortfall_cornish_fisher_final)
{
	return cornish_fisher_measure(fcinfo, true);
}

void
mc_check_degrees_of_freedom(double degrees_of_freedom)
{
	if (!(degrees_of_freedom >= MC_STUDENT_T_LEAST_NU))
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		         errmsg("degrees_of_freedom must be at least 1"),
		         errdetail("The number given is %s.", float8out_internal(degrees_of_freedom)),
		         errhint("Write 4 for daily returns, 'Infinity' for the normal distribution, "
		                 "or leave it out of the aggregates to have it fitted.")));
}

static McStudentT
fit_sample(const McSample *sample, double degrees_of_freedom)
{
	double *work = mc_work_space(sample->rows, sizeof(double));
	McStudentT t;

	mc_check_status(mc_student_t_fit(sorted_sample(sample), sample->rows, degrees_of_freedom, work,
	                                 &t, &mc_interrupt_poll));
	return t;
}

static Datum
student_t_measure(FunctionCallInfo fcinfo, bool want_es)
{
	const McSample *sample = mc_sample(fcinfo);
	double degrees_of_freedom = 0;
	double confidence;
	double var;
	double es;
	McStudentT t;

	if (sample == NULL)
		PG_RETURN_NULL();
	if (mc_setting_given(&sample->settings, 1))
	{
		degrees_of_freedom = mc_setting_float8(&sample->settings, 1);
		mc_check_degrees_of_freedom(degrees_of_freedom);
	}
	confidence = get_confidence(sample);
	if (isnan(confidence))
		PG_RETURN_FLOAT8(confidence);
	t = fit_sample(sample, degrees_of_freedom);
	if (!mc_fit_usable(t.fit))
		PG_RETURN_NULL();
	mc_student_t_measures(t.location, t.scale, t.degrees_of_freedom, confidence, &var, &es);
	if (want_es && t.degrees_of_freedom <= 1)
		PG_RETURN_FLOAT8(es);
	return return_measure(fcinfo, want_es ? es : var);
}

MC_FUNCTION(mc_value_at_risk_student_t_final)
{
	return student_t_measure(fcinfo, false);
}

MC_FUNCTION(mc_expected_shortfall_student_t_final)
{
	return student_t_measure(fcinfo, true);
}

/* of sample1 (value): margin_calib.student_t_parameters */
MC_FUNCTION(mc_student_t_fit_final)
{
	const McSample *sample = mc_sample(fcinfo);
	McStudentT t = {MC_FIT_NOT_FINITE};
	Datum values[6];
	bool nulls[6] = {false};

	if (sample == NULL)
		PG_RETURN_NULL();
	if (sample->not_finite == 0)
		t = fit_sample(sample, 0);
	values[0] = CStringGetTextDatum(mc_fit_name(t.fit));
	values[1] = Int64GetDatum(sample->rows + sample->not_finite);
	values[2] = Float8GetDatum(t.location);
	values[3] = Float8GetDatum(t.scale);
	values[4] = Float8GetDatum(t.degrees_of_freedom);
	values[5] = Float8GetDatum(t.log_likelihood);
	for (int i = 2; i < 6; i++)
		nulls[i] = !mc_fit_usable(t.fit);
	return mc_row_datum(fcinfo, values, nulls);
}

/* 'population', as without a convention, or 'sample' */
static bool
wants_sample_convention(const McSample *sample)
{
	static const char *const conventions[] = {"population", "sample", NULL};

	return mc_setting_given(&sample->settings, 0) &&
	       mc_setting_choice(&sample->settings, 0, conventions, "convention") == 1;
}

static Datum
shape_number(FunctionCallInfo fcinfo, bool want_kurtosis)
{
	const McSample *sample = mc_sample(fcinfo);
	bool sample_convention;
	double number;
	McShape shape;

	if (sample == NULL)
		PG_RETURN_NULL();
	sample_convention = wants_sample_convention(sample);
	if (sample->not_finite > 0)
		PG_RETURN_FLOAT8(get_float8_nan());
	shape = sample_shape(sample);
	if (shape.deviation == 0 || (sample_convention && sample->rows < (want_kurtosis ? 4 : 3)))
		PG_RETURN_NULL();
	number = want_kurtosis ? shape.excess_kurtosis : shape.skewness;
	if (sample_convention)
		number = want_kurtosis ? mc_sample_kurtosis(number, sample->rows)
		                       : mc_sample_skewness(number, sample->rows);
	PG_RETURN_FLOAT8(number);
}

MC_FUNCTION(mc_skewness_final)
{
	return shape_number(fcinfo, false);
}

MC_FUNCTION(mc_excess_kurtosis_final)
{
	return shape_number(fcinfo, true);
}
