/*
 * association.c
 *	  Aggregates over pairs of values: spearman, kendall, tail dependence, beta, market_model and
 *	  the exponentially weighted correlation and beta.
 */
#include "compat.h"

#include <math.h>

#include "utils/float.h"

#include "covariance_state.h"
#include "errors.h"
#include "kernel/ewma_covariance.h"
#include "kernel/market_model.h"
#include "kernel/rank_correlation.h"
#include "kernel/tail_dependence.h"
#include "sample.h"
#include "values.h"

typedef McStatus (*RankStatistic)(McPair *pairs, size_t n, McPair *work, double *answer,
                                  const McPoll *poll);

/* The rows of the state, to be sorted at will. */
static McPair *
copy_pairs(const McSample *sample)
{
	McPair *pairs = mc_work_space(sample->rows, sizeof(McPair));

	memcpy(pairs, sample->values, sample->rows * sizeof(McPair));
	return pairs;
}

static McPair *
pair_space(const McSample *sample)
{
	return mc_work_space(sample->rows, sizeof(McPair));
}

/* NULL, NaN or the value */
static Datum
answer(FunctionCallInfo fcinfo, McStatus status, double value)
{
	mc_check_status(status);
	if (status == MC_TOO_FEW)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(value);
}

static Datum
rank_statistic(FunctionCallInfo fcinfo, RankStatistic statistic)
{
	const McSample *sample = mc_sample(fcinfo);
	double value = 0;
	McStatus status;

	if (sample == NULL)
		PG_RETURN_NULL();
	if (sample->not_finite > 0)
		PG_RETURN_FLOAT8(get_float8_nan());
	status =
	    statistic(copy_pairs(sample), sample->rows, pair_space(sample), &value, &mc_interrupt_poll);
	return answer(fcinfo, status, value);
}

/* margin_calib.spearman(x float8, y float8) */
MC_FUNCTION(mc_spearman_final)
{
	return rank_statistic(fcinfo, mc_spearman);
}

/* margin_calib.kendall(x float8, y float8) */
MC_FUNCTION(mc_kendall_final)
{
	return rank_statistic(fcinfo, mc_kendall);
}

static Datum
tail_dependence(FunctionCallInfo fcinfo, bool upper_tail)
{
	const McSample *sample = mc_sample(fcinfo);
	double confidence;
	double lower = 0;
	double upper = 0;
	McStatus status;

	if (sample == NULL)
		PG_RETURN_NULL();
	confidence = mc_setting_float8(&sample->settings, 0);
	mc_check_confidence(confidence);
	if (sample->not_finite > 0)
		PG_RETURN_FLOAT8(get_float8_nan());
	status =
	    mc_tail_dependence((const McPair *) sample->values, sample->rows, confidence,
	                       mc_work_space(mc_tail_dependence_worksize(sample->rows), sizeof(double)),
	                       &lower, &upper, &mc_interrupt_poll);
	return answer(fcinfo, status, upper_tail ? upper : lower);
}

/* margin_calib.lower_tail_dependence(x float8, y float8, confidence float8) */
MC_FUNCTION(mc_lower_tail_dependence_final)
{
	return tail_dependence(fcinfo, false);
}

/* margin_calib.upper_tail_dependence(x float8, y float8, confidence float8) */
MC_FUNCTION(mc_upper_tail_dependence_final)
{
	return tail_dependence(fcinfo, true);
}

/* The model of (asset, market) rows: x is the market. */
static McStatus
fit_sample(const McSample *sample, McMarketModel *model)
{
	McPair *pairs = copy_pairs(sample);

	mc_pairs_swap(pairs, sample->rows);
	return mc_market_model(pairs, sample->rows, pair_space(sample), model, &mc_interrupt_poll);
}

/* margin_calib.beta(asset_return float8, market_return float8) */
MC_FUNCTION(mc_beta_final)
{
	const McSample *sample = mc_sample(fcinfo);
	McMarketModel model = {0};
	McStatus status;

	if (sample == NULL)
		PG_RETURN_NULL();
	if (sample->not_finite > 0)
		PG_RETURN_FLOAT8(get_float8_nan());
	status = fit_sample(sample, &model);
	return answer(fcinfo, status, model.beta);
}

/* margin_calib.market_model(asset_return float8, market_return float8) */
MC_FUNCTION(mc_market_model_final)
{
	const McSample *sample = mc_sample(fcinfo);
	double nan = get_float8_nan();
	McMarketModel model = {nan, nan, nan, nan, nan, nan};
	Datum values[7];
	bool nulls[7] = {false};
	double numbers[6];
	McStatus status = MC_OK;

	if (sample == NULL)
		PG_RETURN_NULL();
	if (sample->not_finite == 0)
		status = fit_sample(sample, &model);
	mc_check_status(status);
	if (status == MC_TOO_FEW)
		PG_RETURN_NULL();
	numbers[0] = model.beta;
	numbers[1] = model.beta_error;
	numbers[2] = model.intercept;
	numbers[3] = model.intercept_error;
	numbers[4] = model.r_squared;
	numbers[5] = model.residual_vol;
	for (int i = 0; i < 6; i++)
	{
		values[i] = Float8GetDatum(numbers[i]);
		/* NaN is for NaN in the data; what does not exist is NULL */
		nulls[i] = sample->not_finite == 0 && isnan(numbers[i]);
	}
	values[6] = Int64GetDatum((int64) sample->rows);
	return mc_row_datum(fcinfo, values, nulls);
}

/* The weighted sums; MC_TOO_FEW also when a sum that divides is 0. */
static McStatus
ewma_sums(const McSample *sample, McEwmaPair *sums)
{
	double lambda = mc_setting_float8(&sample->settings, 0);

	mc_check_decay(lambda);
	return mc_ewma_pair(mc_sample_column(sample, 0), mc_sample_column(sample, 1), sample->rows,
	                    lambda, sums, &mc_interrupt_poll);
}

/* margin_calib.ewma_correlation(x float8, y float8, lambda float8) */
MC_FUNCTION(mc_ewma_correlation_final)
{
	const McSample *sample = mc_sample(fcinfo);
	McEwmaPair sums = {0, 0, 0};
	McStatus status;

	if (sample == NULL)
		PG_RETURN_NULL();
	status = ewma_sums(sample, &sums);
	if (sample->not_finite > 0)
		PG_RETURN_FLOAT8(get_float8_nan());
	mc_check_status(status);
	if (status == MC_TOO_FEW || sums.xx == 0 || sums.yy == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(fmax(-1, fmin(1, sums.xy / (sqrt(sums.xx) * sqrt(sums.yy)))));
}

/* margin_calib.ewma_beta(asset_return float8, market_return float8, lambda float8) */
MC_FUNCTION(mc_ewma_beta_final)
{
	const McSample *sample = mc_sample(fcinfo);
	McEwmaPair sums = {0, 0, 0};
	McStatus status;

	if (sample == NULL)
		PG_RETURN_NULL();
	status = ewma_sums(sample, &sums);
	if (sample->not_finite > 0)
		PG_RETURN_FLOAT8(get_float8_nan());
	mc_check_status(status);
	if (status == MC_TOO_FEW || sums.yy == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(sums.xy / sums.yy);
}
