/*
 * garch.c
 *	  Aggregates garch_fit and garch_vol: a GARCH model of the returns of a group, in their order.
 */
#include "compat.h"

#include <math.h>

#include "utils/builtins.h"
#include "utils/float.h"

#include "errors.h"
#include "garch_model.h"
#include "kernel/garch_errors.h"
#include "kernel/garch_filter.h"
#include "sample.h"
#include "values.h"
#include "vol_args.h"

static const char *const error_kinds[] = {"none", "hessian", "opg", "qml", NULL};

/* Fit the group.  The series goes on to use memory of the current context. */
static McGarchFit
fit_sample(const McSample *sample, McGarchSpec spec, McGarchSeries *series)
{
	McGarchFit fit;
	double *z;

	fit.evaluations = 0;
	if (sample->not_finite > 0)
	{
		fit.fit = MC_FIT_NOT_FINITE;
		return fit;
	}
	z = mc_work_space(sample->rows, sizeof(double));
	mc_check_status(mc_garch_prepare(sample->values, sample->rows, spec, z, series, &fit.fit,
	                                 &mc_interrupt_poll));
	if (fit.fit == MC_FIT_CONVERGED)
		mc_check_status(mc_garch_fit(series, &fit, &mc_interrupt_poll));
	return fit;
}

static McGarchSpec
sample_spec(const McSample *sample)
{
	const McSettings *settings = &sample->settings;
	int model = 0;
	int presample = MC_GARCH_BACKCAST;

	if (mc_setting_given(settings, 0))
		model = mc_setting_choice(settings, 0, mc_garch_models, "model");
	if (mc_setting_given(settings, 1))
		presample = mc_setting_choice(settings, 1, mc_garch_presamples, "presample");
	return mc_garch_spec(model, presample);
}

static void
set_errors(Datum *values, bool *nulls, const McGarchSeries *series, const McGarchFit *fit,
           McGarchErrorKind kind)
{
	McGarchParameters errors;

	mc_check_status(mc_garch_errors(series, fit, kind, &errors, &mc_interrupt_poll));
	mc_garch_set(values, nulls, G_MU_ERROR, errors.mu);
	mc_garch_set(values, nulls, G_OMEGA_ERROR, errors.omega);
	mc_garch_set(values, nulls, G_ALPHA_ERROR, errors.alpha);
	mc_garch_set(values, nulls, G_GAMMA_ERROR, errors.gamma);
	mc_garch_set(values, nulls, G_BETA_ERROR, errors.beta);
	mc_garch_set(values, nulls, G_DEGREES_OF_FREEDOM_ERROR, errors.degrees_of_freedom);
}

static void
set_text(Datum *values, bool *nulls, int attribute, const char *text)
{
	values[attribute] = CStringGetTextDatum(text);
	nulls[attribute] = false;
}

/* garch_fit(return, model, presample, standard_errors) */
MC_FUNCTION(mc_garch_fit_final)
{
	const McSample *sample = mc_sample(fcinfo);
	Datum values[G_COUNT] = {0};
	bool nulls[G_COUNT];
	McGarchErrorKind kind = MC_GARCH_NO_ERRORS;
	McGarchSpec spec;
	McGarchSeries series;
	McGarchFit fit;

	memset(nulls, true, sizeof(nulls));
	nulls[G_OBSERVATIONS] = false;
	values[G_OBSERVATIONS] = Int64GetDatum(sample == NULL ? 0 : sample->rows + sample->not_finite);
	if (sample == NULL)
	{
		set_text(values, nulls, G_STATUS, mc_fit_name(MC_FIT_TOO_FEW));
		return mc_row_datum(fcinfo, values, nulls);
	}
	spec = sample_spec(sample);
	if (mc_setting_given(&sample->settings, 2))
		kind = (McGarchErrorKind) mc_setting_choice(&sample->settings, 2, error_kinds,
		                                            "standard_errors");
	fit = fit_sample(sample, spec, &series);
	if (mc_fit_usable(fit.fit))
	{
		mc_garch_set_parameters(values, nulls, &fit.parameters);
		mc_garch_set(values, nulls, G_LOG_LIKELIHOOD, fit.log_likelihood);
		mc_garch_set(values, nulls, G_NEXT_VARIANCE, fit.next_variance);
		mc_garch_set(values, nulls, G_SCALE, ldexp(1, series.exponent));
		values[G_ITERATIONS] = Int32GetDatum(fit.evaluations);
		nulls[G_ITERATIONS] = false;
		set_errors(values, nulls, &series, &fit, kind);
	}
	set_text(values, nulls, G_STATUS, mc_fit_name(fit.fit));
	set_text(values, nulls, G_MODEL, mc_garch_models[spec.asymmetric + 2 * spec.student]);
	set_text(values, nulls, G_PRESAMPLE, mc_garch_presamples[spec.presample]);
	set_text(values, nulls, G_STANDARD_ERRORS, error_kinds[kind]);
	return mc_row_datum(fcinfo, values, nulls);
}

/* garch_vol(return, model, periods_per_year) */
MC_FUNCTION(mc_garch_vol_final)
{
	const McSample *sample = mc_sample(fcinfo);
	double periods = 1;
	int model = 0;
	McGarchSeries series;
	McGarchFit fit;
	double vol;

	if (sample == NULL)
		PG_RETURN_NULL();
	if (mc_setting_given(&sample->settings, 0))
		model = mc_setting_choice(&sample->settings, 0, mc_garch_models, "model");
	if (mc_setting_given(&sample->settings, 1))
	{
		periods = mc_setting_float8(&sample->settings, 1);
		mc_check_periods_per_year(periods);
	}
	if (sample->not_finite > 0)
		PG_RETURN_FLOAT8(get_float8_nan());
	fit = fit_sample(sample, mc_garch_spec(model, MC_GARCH_BACKCAST), &series);
	if (!mc_fit_usable(fit.fit))
		PG_RETURN_NULL();
	vol = sqrt(fit.next_variance) * sqrt(periods);
	mc_check_status(isfinite(vol) ? MC_OK : MC_OVERFLOW);
	PG_RETURN_FLOAT8(vol);
}
