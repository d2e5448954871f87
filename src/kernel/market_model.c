/*
 * market_model.c
 *	  Least squares of one series on another.
 */
#include "market_model.h"

#include <math.h>

#include "double_double.h"
#include "scale.h"

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

/*
 * Both series are brought near 1 by powers of two, which rounds nothing, so that squares are doubles: the
 * exponents of those powers.  The pairs are in the order of x.
 */
static void
scale_pairs(McPair *pairs, size_t n, int *exponent_x, int *exponent_y)
{
	double largest = 0;
	double scale_x = mc_scale_of(fmax(fabs(pairs[0].x), fabs(pairs[n - 1].x)));
	double scale_y;

	for (size_t i = 0; i < n; i++)
		largest = fmax(largest, fabs(pairs[i].y));
	scale_y = mc_scale_of(largest);
	for (size_t i = 0; i < n; i++)
		pairs[i] = (McPair){pairs[i].x * scale_x, pairs[i].y * scale_y};
	*exponent_x = ilogb(scale_x);
	*exponent_y = ilogb(scale_y);
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

/* Back to the units of the series; are the numbers doubles there? */
static bool
unscale(McMarketModel *model, int exponent_x, int exponent_y)
{
	model->beta = ldexp(model->beta, exponent_x - exponent_y);
	model->beta_error = ldexp(model->beta_error, exponent_x - exponent_y);
	model->intercept = ldexp(model->intercept, -exponent_y);
	model->intercept_error = ldexp(model->intercept_error, -exponent_y);
	model->residual_vol = ldexp(model->residual_vol, -exponent_y);
	return isfinite(model->beta) && isfinite(model->intercept) && !isinf(model->beta_error) &&
	       !isinf(model->intercept_error) && !isinf(model->residual_vol);
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
	int exponent_x;
	int exponent_y;

	if (mc_pairs_sort(pairs, n, work, NULL, poll) == MC_STOPPED)
		return MC_STOPPED;
	if (n < 2 || pairs[0].x == pairs[n - 1].x)
		return MC_TOO_FEW;
	scale_pairs(pairs, n, &exponent_x, &exponent_y);
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
	if (yy > 0)
		model->r_squared = fmin(1, model->beta * (mc_dd_value(sums.xy) / yy));
	if (n > 2)
		fit_errors(model, rest, xx, mean_x.hi, (double) n);
	return unscale(model, exponent_x, exponent_y) ? MC_OK : MC_OVERFLOW;
}
