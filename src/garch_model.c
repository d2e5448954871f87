/*
 * garch_model.c
 *	  Functions of a margin_calib.garch_model: make one by hand, filter, step, forecast.
 *
 * A model without parameters (its fit is not usable) gives NULL everywhere.
 */
#include "compat.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/typcache.h"

#include "errors.h"
#include "garch_model.h"
#include "kernel/garch_filter.h"
#include "sample.h"
#include "settings.h"
#include "values.h"

#define MAX_HORIZON 1000000

const char *const mc_garch_models[] = {"garch", "gjr", "garch_t", "gjr_t", NULL};
const char *const mc_garch_presamples[] = {"backcast", "sample_variance", NULL};

/* What the functions here need of a model. */
typedef struct Model
{
	McGarchParameters parameters;
	McGarchPresample presample;
	double next_variance; /* NaN when it is not known */
} Model;

void
mc_garch_set_parameters(Datum *values, bool *nulls, const McGarchParameters *p)
{
	double persistence = mc_garch_persistence(p);
	bool student = isfinite(p->degrees_of_freedom);

	values[G_MODEL] = CStringGetTextDatum(mc_garch_models[(p->gamma != 0) + 2 * student]);
	nulls[G_MODEL] = false;
	mc_garch_set(values, nulls, G_MU, p->mu);
	mc_garch_set(values, nulls, G_OMEGA, p->omega);
	mc_garch_set(values, nulls, G_ALPHA, p->alpha);
	mc_garch_set(values, nulls, G_GAMMA, p->gamma);
	mc_garch_set(values, nulls, G_BETA, p->beta);
	mc_garch_set(values, nulls, G_DEGREES_OF_FREEDOM, p->degrees_of_freedom);
	mc_garch_set(values, nulls, G_PERSISTENCE, persistence);
	mc_garch_set(values, nulls, G_UNCONDITIONAL_VARIANCE,
	             persistence < 1 ? p->omega / (1 - persistence) : NAN);
}

static void
check_rule(bool holds, const char *rule, const char *name, double value)
{
	if (!holds)
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s", rule),
		         errdetail("The %s given is %.15g.", name, value),
		         errhint("Variances must stay positive: omega, alpha, alpha + gamma and beta "
		                 "not negative, and finite.")));
}

/* The conditions under which every variance is a variance. */
static void
check_parameters(const McGarchParameters *p)
{
	check_rule(isfinite(p->mu), "mu must be finite", "mu", p->mu);
	check_rule(p->omega >= 0 && isfinite(p->omega), "omega must not be negative", "omega",
	           p->omega);
	check_rule(p->alpha >= 0 && isfinite(p->alpha), "alpha must not be negative", "alpha",
	           p->alpha);
	check_rule(p->alpha + p->gamma >= 0 && isfinite(p->gamma), "alpha + gamma must not be negative",
	           "gamma", p->gamma);
	check_rule(p->beta >= 0 && isfinite(p->beta), "beta must not be negative", "beta", p->beta);
	check_rule(p->degrees_of_freedom > 2, "degrees of freedom must exceed 2", "degrees_of_freedom",
	           p->degrees_of_freedom);
}

static double
number(const Datum *values, const bool *nulls, int attribute, double otherwise)
{
	return nulls[attribute] ? otherwise : DatumGetFloat8(values[attribute]);
}

/* Read an argument of the row type; false when it has no parameters. */
static bool
read_model(FunctionCallInfo fcinfo, int arg, Model *model)
{
	HeapTupleHeader header = PG_GETARG_HEAPTUPLEHEADER(arg);
	TupleDesc descriptor =
	    lookup_rowtype_tupdesc(HeapTupleHeaderGetTypeId(header), HeapTupleHeaderGetTypMod(header));
	bool fits = descriptor->natts == G_COUNT;
	Datum values[G_COUNT];
	bool nulls[G_COUNT];
	HeapTupleData tuple;

	tuple.t_len = HeapTupleHeaderGetDatumLength(header);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	tuple.t_data = header;
	if (fits)
		heap_deform_tuple(&tuple, descriptor, values, nulls);
	ReleaseTupleDesc(descriptor);
	if (!fits)
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
		                errmsg("garch_model does not have the fields of this library"),
		                errhint("Run ALTER EXTENSION margin_calib UPDATE.")));
	if (nulls[G_OMEGA] || nulls[G_ALPHA] || nulls[G_BETA])
		return false;
	model->parameters.mu = number(values, nulls, G_MU, 0);
	model->parameters.omega = number(values, nulls, G_OMEGA, 0);
	model->parameters.alpha = number(values, nulls, G_ALPHA, 0);
	model->parameters.gamma = number(values, nulls, G_GAMMA, 0);
	model->parameters.beta = number(values, nulls, G_BETA, 0);
	model->parameters.degrees_of_freedom = number(values, nulls, G_DEGREES_OF_FREEDOM, INFINITY);
	check_parameters(&model->parameters);
	model->presample = MC_GARCH_BACKCAST;
	if (!nulls[G_PRESAMPLE])
		model->presample = (McGarchPresample) mc_choice(DatumGetTextPP(values[G_PRESAMPLE]),
		                                                mc_garch_presamples, "presample");
	model->next_variance = number(values, nulls, G_NEXT_VARIANCE, NAN);
	return true;
}

/* garch_model(omega, alpha, beta, mu, gamma, degrees_of_freedom, next_variance, presample) */
MC_FUNCTION(mc_garch_model)
{
	Datum values[G_COUNT] = {0};
	bool nulls[G_COUNT];
	McGarchParameters p;

	for (int i = 0; i < 5; i++)
		if (PG_ARGISNULL(i))
			PG_RETURN_NULL();
	if (PG_ARGISNULL(7))
		PG_RETURN_NULL();
	p.omega = PG_GETARG_FLOAT8(0);
	p.alpha = PG_GETARG_FLOAT8(1);
	p.beta = PG_GETARG_FLOAT8(2);
	p.mu = PG_GETARG_FLOAT8(3);
	p.gamma = PG_GETARG_FLOAT8(4);
	p.degrees_of_freedom = PG_ARGISNULL(5) ? INFINITY : PG_GETARG_FLOAT8(5);
	check_parameters(&p);
	memset(nulls, true, sizeof(nulls));
	mc_garch_set_parameters(values, nulls, &p);
	values[G_STATUS] = CStringGetTextDatum("given");
	values[G_PRESAMPLE] = CStringGetTextDatum(
	    mc_garch_presamples[mc_choice(PG_GETARG_TEXT_PP(7), mc_garch_presamples, "presample")]);
	nulls[G_STATUS] = nulls[G_PRESAMPLE] = false;
	if (!PG_ARGISNULL(6))
	{
		double next = PG_GETARG_FLOAT8(6);

		check_rule(next >= 0 && isfinite(next), "the next variance must not be negative",
		           "next_variance", next);
		mc_garch_set(values, nulls, G_NEXT_VARIANCE, next);
	}
	return mc_row_datum(fcinfo, values, nulls);
}

/* garch_filter(returns, model) -> vols of every bar and of the next */
MC_FUNCTION(mc_garch_filter_array)
{
	Model model;
	double *vols;
	int n;
	const double *returns = mc_float8_array(fcinfo, 0, "returns", &n);

	if (!read_model(fcinfo, 1, &model) || n == 0)
		PG_RETURN_NULL();
	vols = mc_work_space((Size) n + 1, sizeof(double));
	mc_check_status(
	    mc_garch_filter(returns, n, &model.parameters, model.presample, vols, &mc_interrupt_poll));
	for (int i = 0; i <= n; i++)
		vols[i] = sqrt(vols[i]);
	return mc_float8_array_datum(vols, n + 1);
}

/* garch_next_variance(model, variance, return) -> the variance of the bar that follows */
MC_FUNCTION(mc_garch_next_variance)
{
	double variance = PG_GETARG_FLOAT8(1);
	double r = PG_GETARG_FLOAT8(2);
	Model model;
	double next;

	if (!read_model(fcinfo, 0, &model))
		PG_RETURN_NULL();
	check_rule(variance >= 0 || isnan(variance), "the variance must not be negative", "variance",
	           variance);
	if (!isfinite(variance) || !isfinite(r))
		PG_RETURN_FLOAT8(get_float8_nan());
	next = mc_garch_step(&model.parameters, variance, r);
	mc_check_status(isfinite(next) ? MC_OK : MC_OVERFLOW);
	PG_RETURN_FLOAT8(next);
}

/* The forecasts of a (model, horizon) call; NULL when the model has none. */
static double *
forecasts(FunctionCallInfo fcinfo, int *horizon)
{
	Model model;
	double *variances;

	*horizon = PG_GETARG_INT32(1);
	if (!(*horizon >= 1 && *horizon <= MAX_HORIZON))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("horizon must lie between 1 and %d", MAX_HORIZON),
		                errdetail("The horizon given is %d.", *horizon),
		                errhint("Give the number of bars ahead, such as 10.")));
	if (!read_model(fcinfo, 0, &model) || isnan(model.next_variance))
		return NULL;
	variances = palloc(*horizon * sizeof(double));
	mc_check_status(mc_garch_forecast(&model.parameters, model.next_variance, *horizon, variances));
	return variances;
}

/* garch_forecast(model, horizon) -> variances of the next bars */
MC_FUNCTION(mc_garch_forecast_array)
{
	int horizon;
	double *variances = forecasts(fcinfo, &horizon);

	if (variances == NULL)
		PG_RETURN_NULL();
	return mc_float8_array_datum(variances, horizon);
}

/* garch_horizon_vol(model, horizon) -> vol of the sum of the next returns */
MC_FUNCTION(mc_garch_horizon_vol)
{
	int horizon;
	double *variances = forecasts(fcinfo, &horizon);
	double sum = 0;

	if (variances == NULL)
		PG_RETURN_NULL();
	for (int i = 0; i < horizon; i++)
		sum += variances[i];
	mc_check_status(isfinite(sum) ? MC_OK : MC_OVERFLOW);
	PG_RETURN_FLOAT8(sqrt(sum));
}
