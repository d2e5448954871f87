/*
 * tail_weighted.c
 *	  Value at risk and expected shortfall of weighted P&L: explicit weights, and weights by age.
 *
 * The state is the whole sample (sample.h).  With explicit weights the order of rows does not
 * matter; by age the last row is the newest.
 */
#include "compat.h"

#include "utils/float.h"

#include "errors.h"
#include "kernel/weighted_tail.h"
#include "sample.h"

static void
check_weights(const double *weights, Size n)
{
	for (Size i = 0; i < n; i++)
		if (unlikely(weights[i] < 0))
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			                errmsg("weights must not be negative"),
			                errdetail("A weight is %s.", float8out_internal(weights[i])),
			                errhint("Write 0, or filter the row out, for a scenario that does not "
			                        "count.")));
}

static double
get_decay(const McSample *sample)
{
	double decay = mc_setting_float8(&sample->settings, 1);

	if (!(decay > 0 && decay <= 1))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("decay must be above 0 and at most 1"),
		                errdetail("The decay given is %s.", float8out_internal(decay)),
		                errhint("Write 0.98: every row counts 2 %% less than the one after it.")));
	return decay;
}

static double *
get_losses(const McSample *sample)
{
	double *losses = mc_sample_column(sample, 0);

	/* not -pnl: the loss of a P&L of 0 is 0, not -0 */
	for (Size i = 0; i < sample->rows; i++)
		losses[i] = 0 - losses[i];
	return losses;
}

/* The measure whose pointer is not NULL; false when there is no answer. */
static bool
weighted_tail(const McSample *sample, bool by_age, double *var, double *es)
{
	double *weights;
	double confidence;
	double decay = 1;
	McStatus status;

	if (sample == NULL)
		return false;
	confidence = mc_setting_float8(&sample->settings, 0);
	mc_check_confidence(confidence);
	if (by_age)
		decay = get_decay(sample);
	if (sample->not_finite > 0)
	{
		*(var ? var : es) = get_float8_nan();
		return true;
	}
	if (by_age)
	{
		weights = mc_work_space(sample->rows, sizeof(double));
		mc_age_weights(weights, sample->rows, decay);
	}
	else
	{
		weights = mc_sample_column(sample, 1);
		check_weights(weights, sample->rows);
	}
	status = mc_weighted_tail(get_losses(sample), weights, sample->rows, confidence, var, es,
	                          &mc_interrupt_poll);
	mc_check_status(status);
	return status == MC_OK;
}

static Datum
weighted_var(FunctionCallInfo fcinfo, bool by_age)
{
	double var;

	if (!weighted_tail(mc_sample(fcinfo), by_age, &var, NULL))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(var);
}

static Datum
weighted_es(FunctionCallInfo fcinfo, bool by_age)
{
	double es;

	if (!weighted_tail(mc_sample(fcinfo), by_age, NULL, &es))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(es);
}

/* of sample2 (pnl, weight) with confidence */
MC_FUNCTION(mc_value_at_risk_weighted_final)
{
	return weighted_var(fcinfo, false);
}

MC_FUNCTION(mc_expected_shortfall_weighted_final)
{
	return weighted_es(fcinfo, false);
}

/* of sample1 (pnl), the newest last, with confidence and decay */
MC_FUNCTION(mc_value_at_risk_age_weighted_final)
{
	return weighted_var(fcinfo, true);
}

MC_FUNCTION(mc_expected_shortfall_age_weighted_final)
{
	return weighted_es(fcinfo, true);
}
