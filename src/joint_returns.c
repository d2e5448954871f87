/*
 * joint_returns.c
 *	  Aggregate joint_returns: log returns of series with times of their own between their common times; and
 *	  filtered_returns: a series rescaled to the volatility of now.
 */
#include "compat.h"

#include <math.h>

#include "errors.h"
#include "kernel/ewma.h"
#include "kernel/joint_returns.h"
#include "price_set.h"
#include "sample.h"
#include "values.h"

static int
setting_between(const McSettings *settings, int i, const char *name, int least, int most)
{
	int value = mc_setting_int32(settings, i);

	if (value < least || value > most)
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		         errmsg("%s of joint_returns must lie between %d and %d", name, least, most),
		         errdetail("The number given is %d.", value),
		         errhint("Write joint_returns(series, seconds, price, 2, 500) for the latest "
		                 "500 returns of series 1 and 2.")));
	return value;
}

/* Series 1 to count, those without a row empty. */
static void
take_series(const McSample *sample, int count, McAlign *align, Size *shortest)
{
	McPriceSet set = mc_price_set(sample);

	if (set.count > count)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("there are more series than was said"),
		                errdetail("There is a series %d, and %d were announced.", set.count, count),
		                errhint("Number the series from 1, and give the largest number.")));
	align->rule = MC_ALIGN_INTERSECTION;
	align->count = count;
	align->maximum_age = PG_INT64_MAX;
	align->series = palloc0(count * sizeof(McAlignSeries));
	*shortest = set.count < count ? 0 : set.longest;
	for (int i = 0; i < set.count; i++)
	{
		align->series[i] = set.series[i];
		*shortest = Min(*shortest, set.series[i].n);
	}
}

/* margin_calib.joint_returns(series float8, seconds float8, price float8, count integer, most integer) */
MC_FUNCTION(mc_joint_returns_final)
{
	const McSample *sample = mc_sample(fcinfo);
	McAlign align;
	Size shortest;
	Size width;
	size_t most;
	size_t total;
	size_t kept;
	double *ring;
	double *rows;

	if (sample == NULL)
		PG_RETURN_NULL();
	take_series(sample, setting_between(&sample->settings, 0, "count", 1, MC_MOST_PRICE_SERIES),
	            &align, &shortest);
	most = Min(setting_between(&sample->settings, 1, "most", 1, PG_INT32_MAX), Max(shortest, 1));
	width = align.count + 1;
	ring = mc_work_space(most * width, sizeof(double));
	mc_check_status(mc_joint_returns(&align, most, ring,
	                                 mc_work_space(2 * align.count, sizeof(double)), &total,
	                                 &mc_interrupt_poll));
	kept = Min(total, most);
	if (kept == 0)
		PG_RETURN_NULL();
	rows = mc_work_space(kept * width, sizeof(double));
	for (size_t i = 0; i < kept; i++)
		memcpy(rows + i * width, ring + (total - kept + i) % most * width, width * sizeof(double));
	return mc_float8_matrix_datum(rows, kept, width);
}

/* margin_calib.filtered_returns(returns float8[], lambda float8) -> float8[] */
MC_FUNCTION(mc_filtered_returns)
{
	int n;
	const double *returns = mc_float8_array(fcinfo, 0, "returns", &n);
	double lambda = PG_GETARG_FLOAT8(1);
	double *rescaled = mc_work_space(Max(n, 1), sizeof(double));
	double vol;

	mc_check_finite(returns, n, "returns");
	if (!(lambda > 0 && lambda < 1))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("lambda must lie strictly between 0 and 1"),
		                errdetail("The lambda given is %g.", lambda),
		                errhint("Write 0.94 for daily returns, 0.97 for a slower filter.")));
	if (n > 0)
		mc_check_status(mc_ewma_filter(returns, n, lambda, rescaled, &vol, &mc_interrupt_poll));
	for (int i = 0; i < n; i++)
		if (!isfinite(rescaled[i]))
			mc_check_status(MC_OVERFLOW);
	return mc_float8_array_datum(rescaled, n);
}
