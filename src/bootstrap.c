/*
 * bootstrap.c
 *	  Aggregates bootstrap_..., block_bootstrap_... and optimal_block_length.
 *
 * The rows are kept by sample.c.  Independent resampling sorts them first, so that every plan gives the
 * same digits; blocks need the rows in their order, so those aggregates have no combine function.
 */
#include "compat.h"

#include <math.h>

#include "utils/float.h"

#include "errors.h"
#include "kernel/block_length.h"
#include "kernel/bootstrap.h"
#include "sample.h"
#include "values.h"

#define MOST_REPLICATIONS 1000000

static const char *const blocks[] = {"stationary", "circular", "moving", NULL};
static const char *const methods[] = {"percentile", "basic", "bca", NULL};

/* The numbers of the settings; -1: an aggregate without it. */
typedef struct Places
{
	int confidence;
	int block;
	int block_length;
	int replications; /* then seed, level and, without blocks, method */
} Places;

static void
read_block(McBootstrap *bootstrap, const McSettings *settings, Places places)
{
	double length = mc_setting_float8(settings, places.block_length);

	bootstrap->resampling =
	    MC_RESAMPLE_STATIONARY + mc_setting_choice(settings, places.block, blocks, "block");
	if (!(length >= 1 && length <= PG_INT32_MAX))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("block_length must be at least 1"),
		                errdetail("The block length given is %g.", length),
		                errhint("optimal_block_length proposes one.")));
	bootstrap->block_length =
	    bootstrap->resampling == MC_RESAMPLE_STATIONARY ? length : rint(length);
}

static void
read_replications(McBootstrap *bootstrap, const McSettings *settings, int first)
{
	int32 replications = mc_setting_int32(settings, first);

	if (replications < 1 || replications > MOST_REPLICATIONS)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("replications must lie between 1 and %d", MOST_REPLICATIONS),
		                errdetail("The number given is %d.", replications),
		                errhint("Write 1000 for a standard error, 10000 for an interval.")));
	bootstrap->replications = replications;
	bootstrap->seed = (uint64_t) mc_setting_int64(settings, first + 1);
	bootstrap->level =
	    mc_setting_given(settings, first + 2) ? mc_setting_float8(settings, first + 2) : 0.95;
	if (!(bootstrap->level > 0 && bootstrap->level < 1))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("level must lie strictly between 0 and 1"),
		                errdetail("The level given is %g.", bootstrap->level),
		                errhint("Write 0.95 for an interval that covers 95 percent.")));
	bootstrap->interval = MC_INTERVAL_PERCENTILE;
	if (mc_setting_given(settings, first + 3))
		bootstrap->interval = mc_setting_choice(settings, first + 3, methods, "method");
}

static McBootstrap
read_settings(const McSettings *settings, McStatistic statistic, Places places)
{
	McBootstrap bootstrap = {.statistic = statistic, .resampling = MC_RESAMPLE_INDEPENDENT};

	if (places.confidence >= 0)
	{
		bootstrap.confidence = mc_setting_float8(settings, places.confidence);
		mc_check_confidence(bootstrap.confidence);
	}
	if (places.block >= 0)
		read_block(&bootstrap, settings, places);
	read_replications(&bootstrap, settings, places.replications);
	return bootstrap;
}

static Datum
result_row(FunctionCallInfo fcinfo, const McBootstrap *bootstrap, const McBootstrapResult *result)
{
	Datum values[7] = {Float8GetDatum(result->estimate),
	                   Float8GetDatum(result->standard_error),
	                   Float8GetDatum(result->bias),
	                   Float8GetDatum(result->lower),
	                   Float8GetDatum(result->upper),
	                   Float8GetDatum(bootstrap->level),
	                   Int32GetDatum((int32) bootstrap->replications)};
	bool nulls[7] = {false};

	nulls[1] = bootstrap->replications < 2;
	return mc_row_datum(fcinfo, values, nulls);
}

static void
run(const McSample *sample, const McBootstrap *bootstrap, McBootstrapResult *result,
    McStatus *status)
{
	double *values = mc_sample_column(sample, 0);
	void *work = mc_work_space(mc_bootstrap_worksize(sample->rows), 1);
	double *replicates = mc_work_space(bootstrap->replications, sizeof(double));
	double unit;

	if (sample->rows > PG_UINT32_MAX)
		ereport(ERROR,
		        (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("too many rows for a bootstrap"),
		         errdetail("There are %zu rows, the limit is %u.", sample->rows, PG_UINT32_MAX),
		         errhint("Aggregate fewer rows at once.")));
	/* losses; not -pnl: the loss of a P&L of 0 is 0, not -0 */
	if (bootstrap->statistic != MC_STATISTIC_VOLATILITY)
		for (Size i = 0; i < sample->rows; i++)
			values[i] = 0 - values[i];
	*status = mc_bootstrap(bootstrap, values, sample->rows, work, replicates, &unit, result,
	                       &mc_interrupt_poll);
	if (*status == MC_OK && !(isfinite(result->estimate) && isfinite(result->bias) &&
	                          isfinite(result->lower) && isfinite(result->upper) &&
	                          (bootstrap->replications < 2 || isfinite(result->standard_error))))
		*status = MC_OVERFLOW;
	mc_check_status(*status);
	pfree(values);
	pfree(work);
	pfree(replicates);
}

static Datum
bootstrap_final(FunctionCallInfo fcinfo, McStatistic statistic, Places places)
{
	const McSample *sample = mc_sample(fcinfo);
	double nan = get_float8_nan();
	McBootstrapResult result = {nan, nan, nan, nan, nan};
	McStatus status = MC_OK;
	McBootstrap bootstrap;

	if (sample == NULL)
		PG_RETURN_NULL();
	bootstrap = read_settings(&sample->settings, statistic, places);
	if (sample->not_finite > 0)
		return result_row(fcinfo, &bootstrap, &result);
	if (places.block >= 0 && bootstrap.block_length > (double) sample->rows)
		PG_RETURN_NULL();
	run(sample, &bootstrap, &result, &status);
	if (status == MC_TOO_FEW)
		PG_RETURN_NULL();
	return result_row(fcinfo, &bootstrap, &result);
}

MC_FUNCTION(mc_bootstrap_value_at_risk_final)
{
	return bootstrap_final(fcinfo, MC_STATISTIC_VALUE_AT_RISK, (Places){0, -1, -1, 1});
}

MC_FUNCTION(mc_bootstrap_expected_shortfall_final)
{
	return bootstrap_final(fcinfo, MC_STATISTIC_EXPECTED_SHORTFALL, (Places){0, -1, -1, 1});
}

MC_FUNCTION(mc_bootstrap_volatility_final)
{
	return bootstrap_final(fcinfo, MC_STATISTIC_VOLATILITY, (Places){-1, -1, -1, 0});
}

MC_FUNCTION(mc_block_bootstrap_value_at_risk_final)
{
	return bootstrap_final(fcinfo, MC_STATISTIC_VALUE_AT_RISK, (Places){0, 1, 2, 3});
}

MC_FUNCTION(mc_block_bootstrap_expected_shortfall_final)
{
	return bootstrap_final(fcinfo, MC_STATISTIC_EXPECTED_SHORTFALL, (Places){0, 1, 2, 3});
}

MC_FUNCTION(mc_block_bootstrap_volatility_final)
{
	return bootstrap_final(fcinfo, MC_STATISTIC_VOLATILITY, (Places){-1, 0, 1, 2});
}

/* optimal_block_length(value) -> block_lengths */
MC_FUNCTION(mc_optimal_block_length_final)
{
	const McSample *sample = mc_sample(fcinfo);
	Datum lengths[2] = {Float8GetDatum(get_float8_nan()), Float8GetDatum(get_float8_nan())};
	bool nulls[2] = {false};
	double stationary;
	double circular;
	McStatus status;

	if (sample == NULL)
		PG_RETURN_NULL();
	if (sample->not_finite == 0)
	{
		double *values = mc_sample_column(sample, 0);
		double *work = mc_work_space(mc_block_length_worksize(sample->rows), sizeof(double));

		status =
		    mc_block_length(values, sample->rows, work, &stationary, &circular, &mc_interrupt_poll);
		mc_check_status(status);
		if (status == MC_TOO_FEW)
			PG_RETURN_NULL();
		lengths[0] = Float8GetDatum(stationary);
		lengths[1] = Float8GetDatum(circular);
	}
	return mc_row_datum(fcinfo, lengths, nulls);
}
