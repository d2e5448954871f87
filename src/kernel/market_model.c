/*
 * market_model.c
 *	  Least squares of one series on another.
 */
#include "market_model.h"

#include <math.h>

#include "double_double.h"

/* deviations of x and y: sums of them, of their squares and products */
typedef struct Sums
{
	McDD x;
	McDD y;
	McDD xx;
	McDD xy;
	McDD yy;
} Sums;

/* a^2 or a b with its rounding error */
static McDD
add_product(McDD sum, double a, double b)
{
	return mc_dd_add(sum, mc_dd_two_product(a, b));
}

/* Mean as two doubles. */
static void
find_means(const McPair *pairs, size_t n, McDD *mean_x, McDD *mean_y)
{
	McDD x = {0, 0};
	McDD y = {0, 0};

	for (size_t i = 0; i < n; i++)
	{
		x = mc_dd_add_double(x, pairs[i].x);
		y = mc_dd_add_double(y, pairs[i].y);
	}
	*mean_x = mc_dd_divide_double(x, (double) n);
	*mean_y = mc_dd_divide_double(y, (double) n);
}

static double
deviation(double x, McDD mean)
{
	return (x - mean.hi) - mean.lo;
}

static Sums
sum_deviations(const McPair *pairs, size_t n, McDD mean_x, McDD mean_y)
{
	Sums sums = {{0, 0}, {0, 0}, {0, 0}, {0, 0}, {0, 0}};

	for (size_t i = 0; i < n; i++)
	{
		double x = deviation(pairs[i].x, mean_x);
		double y = deviation(pairs[i].y, mean_y);

		sums.xx = add_product(sums.xx, x, x);
		sums.xy = add_product(sums.xy, x, y);
		sums.yy = add_product(sums.yy, y, y);
	}
	return sums;
}

static double
residual_squares(const McPair *pairs, size_t n, McDD mean_x, McDD mean_y, double beta)
{
	McDD sum = {0, 0};

	for (size_t i = 0; i < n; i++)
	{
		double e = deviation(pairs[i].y, mean_y) - beta * deviation(pairs[i].x, mean_x);

		sum = add_product(sum, e, e);
	}
	return mc_dd_value(sum);
}

static void
fit_errors(McMarketModel *model, double rest, double xx, double mean, double n)
{
	model->residual_vol = sqrt(rest / (n - 2));
	model->beta_error = model->residual_vol / sqrt(xx);
	model->intercept_error = model->residual_vol * sqrt(1 / n + mean * mean / xx);
}

McStatus
mc_market_model(McPair *pairs, size_t n, McPair *work, McMarketModel *model, const McPoll *poll)
{
	McDD mean_x;
	McDD mean_y;
	Sums sums;
	double xx;
	double yy;
	double rest;

	if (mc_pairs_sort(pairs, n, work, NULL, poll) == MC_STOPPED)
		return MC_STOPPED;
	if (n < 2 || pairs[0].x == pairs[n - 1].x)
		return MC_TOO_FEW;
	find_means(pairs, n, &mean_x, &mean_y);
	sums = sum_deviations(pairs, n, mean_x, mean_y);
	if (mc_poll_stop(poll))
		return MC_STOPPED;
	xx = mc_dd_value(sums.xx);
	yy = mc_dd_value(sums.yy);
	*model = (McMarketModel){mc_dd_value(sums.xy) / xx, 0, NAN, NAN, NAN, NAN};
	model->intercept = mc_dd_value(
	    mc_dd_add(mean_y, mc_dd_negate(mc_dd_add(mc_dd_two_product(model->beta, mean_x.hi),
	                                             (McDD){model->beta * mean_x.lo, 0}))));
	rest = residual_squares(pairs, n, mean_x, mean_y, model->beta);
	if (!(xx > 0) || !isfinite(model->beta) || !isfinite(model->intercept) || !isfinite(yy))
		return MC_OVERFLOW;
	if (yy > 0)
		model->r_squared = fmin(1, model->beta * (mc_dd_value(sums.xy) / yy));
	if (n > 2)
		fit_errors(model, rest, xx, mean_x.hi, (double) n);
	return MC_OK;
}
