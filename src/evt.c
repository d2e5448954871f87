/*
 * evt.c
 *	  Extreme value theory: gpd_fit and its measures, gev_fit, mean_excess and Hill's estimator.
 *
 * All are aggregates over a whole sample (sample.h).  They sort before they add, so that neither the order of
 * the rows nor the number of workers changes a digit.
 */
#include "compat.h"

#include <math.h>

#include "executor/executor.h" /* GetAttributeByNum */
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/float.h"

#include "errors.h"
#include "kernel/gev.h"
#include "kernel/gpd.h"
#include "kernel/hill.h"
#include "kernel/select.h"
#include "kernel/tail.h"
#include "sample.h"
#include "values.h"

static const char *const gpd_methods[] = {"maximum_likelihood", "pwm", NULL};

/* the columns of gpd_model that measures read, counted from 1 */
#define GPD_THRESHOLD 3
#define GPD_OBSERVATIONS 4
#define GPD_EXCEEDANCES 5
#define GPD_SHAPE 6
#define GPD_SCALE 8
#define GPD_COLUMNS 10

/* and those of gev_model */
#define GEV_LOCATION 3
#define GEV_SCALE 5
#define GEV_SHAPE 7
#define GEV_COLUMNS 9

typedef struct GpdFit
{
	McGpd model;
	double threshold;
	Size observations;
	Size exceedances;
	int method; /* 0 likelihood, 1 moments */
} GpdFit;

/* NaN stands for "none" */
static void
set_number(Datum *values, bool *nulls, int column, double x)
{
	values[column - 1] = Float8GetDatum(x);
	nulls[column - 1] = isnan(x);
}

static double *
losses_of(const McSample *sample)
{
	double *losses = mc_sample_column(sample, 0);

	for (Size i = 0; i < sample->rows; i++)
		losses[i] = 0 - losses[i];
	return losses;
}

static double
threshold_setting(const McSample *sample, int i)
{
	double threshold = mc_setting_float8(&sample->settings, i);

	if (!(threshold >= 0 && isfinite(threshold)))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("threshold must be a loss of 0 or more"),
		                errdetail("The threshold given is %g.", threshold),
		                errhint("Losses count positive here: write 0.03 for P&L below -0.03.")));
	return threshold;
}

/* The loss that the given fraction of the losses exceeds, and the losses partly sorted. */
static double
threshold_of_fraction(double *losses, Size n, double fraction)
{
	Size k;

	if (!(fraction > 0 && fraction < 1))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("tail_fraction must lie strictly between 0 and 1"),
		                errdetail("The fraction given is %g.", fraction),
		                errhint("Write 0.1 to fit the largest tenth of the losses.")));
	if (n == 0)
		return get_float8_nan();
	/* a whole number of losses but for rounding counts as that number */
	k = Min((Size) floor((double) n * fraction * (1 + 4 * DBL_EPSILON)), n - 1);
	mc_check_status(mc_tail_largest_in_place(losses, n, k + 1, &mc_interrupt_poll));
	return losses[k];
}

/*
 * Fit the losses of a sample beyond the threshold, setting number `tail`, which may be a
 * fraction of the losses instead.
 */
static void
fit_gpd(const McSample *sample, int tail, bool is_fraction, int method, GpdFit *fit)
{
	double *losses = losses_of(sample);

	fit->method = method;
	fit->observations = sample->rows;
	if (is_fraction)
		fit->threshold =
		    threshold_of_fraction(losses, sample->rows, mc_setting_float8(&sample->settings, tail));
	else
		fit->threshold = threshold_setting(sample, tail);
	mc_check_status(mc_gpd_excesses(losses, sample->rows, fit->threshold, &fit->exceedances,
	                                &mc_interrupt_poll));
	mc_check_status((method == 0 ? mc_gpd_fit_likelihood : mc_gpd_fit_moments)(
	    losses, fit->exceedances, &fit->model, &mc_interrupt_poll));
	pfree(losses);
}

static Datum
gpd_final(FunctionCallInfo fcinfo, bool is_fraction)
{
	const McSample *sample = mc_sample(fcinfo);
	Datum values[GPD_COLUMNS];
	bool nulls[GPD_COLUMNS] = {false};
	McFit status;
	GpdFit fit;
	int method = 0;

	if (sample == NULL)
		PG_RETURN_NULL();
	if (mc_setting_given(&sample->settings, 1))
		method = mc_setting_choice(&sample->settings, 1, gpd_methods, "method");
	fit_gpd(sample, 0, is_fraction, method, &fit);
	status = fit.model.fit;
	if (sample->not_finite > 0)
	{
		status = MC_FIT_NOT_FINITE;
		memset(nulls, true, sizeof(nulls));
		nulls[0] = nulls[1] = nulls[GPD_OBSERVATIONS - 1] = false;
	}
	values[0] = CStringGetTextDatum(mc_fit_name(status));
	values[1] = CStringGetTextDatum(gpd_methods[method]);
	values[GPD_OBSERVATIONS - 1] = Int64GetDatum(fit.observations + sample->not_finite);
	if (sample->not_finite == 0)
	{
		values[GPD_EXCEEDANCES - 1] = Int64GetDatum(fit.exceedances);
		set_number(values, nulls, GPD_THRESHOLD, fit.threshold);
		set_number(values, nulls, GPD_SHAPE, fit.model.shape);
		set_number(values, nulls, GPD_SHAPE + 1, fit.model.shape_error);
		set_number(values, nulls, GPD_SCALE, fit.model.scale);
		set_number(values, nulls, GPD_SCALE + 1, fit.model.scale_error);
		set_number(values, nulls, GPD_COLUMNS, fit.model.log_likelihood);
	}
	PG_RETURN_DATUM(mc_row_datum(fcinfo, values, nulls));
}

/* gpd_fit(pnl, threshold [, method]) */
MC_FUNCTION(mc_gpd_fit_final)
{
	return gpd_final(fcinfo, false);
}

/* gpd_fit_tail(pnl, tail_fraction [, method]) */
MC_FUNCTION(mc_gpd_fit_tail_final)
{
	return gpd_final(fcinfo, true);
}

/* one measure of a fit; NULL when the level lies below the threshold */
static Datum
measure(FunctionCallInfo fcinfo, const GpdFit *fit, double confidence, bool shortfall)
{
	double tail = (double) fit->exceedances / (double) fit->observations;
	double var;
	double es;
	McStatus status = mc_gpd_measures(&fit->model, fit->threshold, tail, confidence, &var,
	                                  shortfall ? &es : NULL);

	mc_check_status(status);
	if (status == MC_TOO_FEW)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(shortfall ? es : var);
}

/* value_at_risk_evt, expected_shortfall_evt (pnl, confidence, threshold) */
static Datum
measure_final(FunctionCallInfo fcinfo, bool shortfall)
{
	const McSample *sample = mc_sample(fcinfo);
	double confidence;
	GpdFit fit;

	if (sample == NULL)
		PG_RETURN_NULL();
	confidence = mc_setting_float8(&sample->settings, 0);
	mc_check_confidence(confidence);
	fit_gpd(sample, 1, false, 0, &fit);
	if (sample->not_finite > 0)
		PG_RETURN_FLOAT8(get_float8_nan());
	if (!mc_fit_usable(fit.model.fit))
		PG_RETURN_NULL();
	return measure(fcinfo, &fit, confidence, shortfall);
}

MC_FUNCTION(mc_value_at_risk_evt_final)
{
	return measure_final(fcinfo, false);
}

MC_FUNCTION(mc_expected_shortfall_evt_final)
{
	return measure_final(fcinfo, true);
}

/* a number of a composite argument; NaN for NULL */
static double
row_number(HeapTupleHeader row, int column, bool is_integer)
{
	bool is_null;
	Datum value = GetAttributeByNum(row, column, &is_null);

	if (is_null)
		return get_float8_nan();
	return is_integer ? (double) DatumGetInt64(value) : DatumGetFloat8(value);
}

/* The law in a gpd_model, which may be made by hand; false without parameters. */
static bool
read_gpd(HeapTupleHeader row, GpdFit *fit)
{
	double observations = row_number(row, GPD_OBSERVATIONS, true);
	double exceedances = row_number(row, GPD_EXCEEDANCES, true);

	fit->threshold = row_number(row, GPD_THRESHOLD, false);
	fit->model.shape = row_number(row, GPD_SHAPE, false);
	fit->model.scale = row_number(row, GPD_SCALE, false);
	if (isnan(fit->threshold + fit->model.shape + fit->model.scale + observations + exceedances))
		return false;
	if (!(fit->model.scale > 0 && isfinite(fit->model.scale) && isfinite(fit->model.shape) &&
	      isfinite(fit->threshold) && exceedances > 0 && exceedances <= observations))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("gpd_model is not a law of exceedances"),
		                errdetail("Its scale is %g, its shape %g, its threshold %g, with %.0f "
		                          "exceedances in %.0f observations.",
		                          fit->model.scale, fit->model.shape, fit->threshold, exceedances,
		                          observations),
		                errhint("Take it from gpd_fit(pnl, threshold).")));
	fit->observations = (Size) observations;
	fit->exceedances = (Size) exceedances;
	return true;
}

static Datum
gpd_model_measure(FunctionCallInfo fcinfo, bool shortfall)
{
	GpdFit fit;

	mc_check_confidence(PG_GETARG_FLOAT8(1));
	if (!read_gpd(PG_GETARG_HEAPTUPLEHEADER(0), &fit))
		PG_RETURN_NULL();
	return measure(fcinfo, &fit, PG_GETARG_FLOAT8(1), shortfall);
}

/* value_at_risk(model gpd_model, confidence) */
MC_FUNCTION(mc_gpd_model_value_at_risk)
{
	return gpd_model_measure(fcinfo, false);
}

/* expected_shortfall(model gpd_model, confidence) */
MC_FUNCTION(mc_gpd_model_expected_shortfall)
{
	return gpd_model_measure(fcinfo, true);
}

/* gev_fit(value) */
MC_FUNCTION(mc_gev_fit_final)
{
	const McSample *sample = mc_sample(fcinfo);
	McGev m = {MC_FIT_NOT_FINITE, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
	Datum values[GEV_COLUMNS];
	bool nulls[GEV_COLUMNS] = {false};

	if (sample == NULL)
		PG_RETURN_NULL();
	if (sample->not_finite == 0)
	{
		double *maxima = mc_sample_column(sample, 0);
		double *work = mc_work_space(sample->rows, sizeof(double));

		mc_check_status(mc_sort_descending(maxima, sample->rows, &mc_interrupt_poll));
		mc_check_status(mc_gev_fit(maxima, sample->rows, work, &m, &mc_interrupt_poll));
	}
	values[0] = CStringGetTextDatum(mc_fit_name(m.fit));
	values[1] = Int64GetDatum(sample->rows + sample->not_finite);
	set_number(values, nulls, GEV_LOCATION, m.location);
	set_number(values, nulls, GEV_LOCATION + 1, m.location_error);
	set_number(values, nulls, GEV_SCALE, m.scale);
	set_number(values, nulls, GEV_SCALE + 1, m.scale_error);
	set_number(values, nulls, GEV_SHAPE, m.shape);
	set_number(values, nulls, GEV_SHAPE + 1, m.shape_error);
	set_number(values, nulls, GEV_COLUMNS, m.log_likelihood);
	PG_RETURN_DATUM(mc_row_datum(fcinfo, values, nulls));
}

/* return_level(model gev_model, blocks) */
MC_FUNCTION(mc_return_level)
{
	HeapTupleHeader row = PG_GETARG_HEAPTUPLEHEADER(0);
	double blocks = PG_GETARG_FLOAT8(1);
	McGev m = {0};
	double level;

	if (!(blocks > 1 && isfinite(blocks)))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("blocks must be finite and above 1"),
		                errdetail("The number given is %g.", blocks),
		                errhint("Write 20 for the level that one block in twenty exceeds.")));
	m.location = row_number(row, GEV_LOCATION, false);
	m.scale = row_number(row, GEV_SCALE, false);
	m.shape = row_number(row, GEV_SHAPE, false);
	if (isnan(m.location + m.scale + m.shape))
		PG_RETURN_NULL();
	if (!(m.scale > 0))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("scale of a gev_model must be positive"),
		                errdetail("The scale given is %g.", m.scale),
		                errhint("Take the model from gev_fit(value).")));
	mc_check_status(mc_gev_return_level(&m, blocks, &level));
	PG_RETURN_FLOAT8(level);
}
