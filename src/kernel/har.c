/*
 * har.c
 *	  The heterogeneous autoregressive model of realised variance.
 */
#include "har.h"

#include <math.h>
#include <string.h>

#include "least_squares.h"

#define P MC_HAR_COEFFICIENTS

/* n rows of a regression in units of 2^exponent */
typedef struct Regression
{
	size_t n;
	double *x; /* P columns of n */
	double *y;
	double *residuals;
	double *values; /* the series */
	double *work;
} Regression;

size_t
mc_har_worksize(size_t count)
{
	return count * (P + 3) + mc_least_squares_worksize(count, P);
}

static double
mean(const double *values, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += values[i];
	return sum / (double) n;
}

/* The regressors of the value that follows the MC_HAR_MONTH values before `end`. */
static void
lags(const double *end, double row[P])
{
	row[0] = 1;
	row[1] = end[-1];
	row[2] = mean(end - MC_HAR_WEEK, MC_HAR_WEEK);
	row[3] = mean(end - MC_HAR_MONTH, MC_HAR_MONTH);
}

/* Values scaled by a power of two to about 1, so that nothing depends on their unit. */
static int
scale_values(const double *values, size_t count, double *scaled)
{
	double largest = 0;
	int exponent;

	for (size_t i = 0; i < count; i++)
		largest = fmax(largest, fabs(values[i]));
	frexp(largest, &exponent);
	for (size_t i = 0; i < count; i++)
		scaled[i] = ldexp(values[i], -exponent);
	return exponent;
}

static Regression
set_up(size_t count, double *work)
{
	Regression regression;

	regression.n = count - MC_HAR_MONTH;
	regression.x = work;
	regression.y = regression.x + P * count;
	regression.residuals = regression.y + count;
	regression.values = regression.residuals + count;
	regression.work = regression.values + count;
	return regression;
}

static void
fill_rows(Regression *regression)
{
	double row[P];

	for (size_t i = 0; i < regression->n; i++)
	{
		lags(regression->values + MC_HAR_MONTH + i, row);
		for (int j = 0; j < P; j++)
			regression->x[j * regression->n + i] = row[j];
		regression->y[i] = regression->values[MC_HAR_MONTH + i];
	}
}

/* middle += weight sum_t e_t e_(t-lag) (x_t x_(t-lag)' + its transpose, unless lag is 0) */
static void
add_autocovariance(const Regression *regression, size_t lag, double weight, double middle[P][P])
{
	size_t n = regression->n;

	for (int j = 0; j < P; j++)
		for (int k = 0; k < P; k++)
		{
			const double *xj = regression->x + j * n;
			const double *xk = regression->x + k * n;
			double sum = 0;

			for (size_t t = lag; t < n; t++)
				sum +=
				    regression->residuals[t] * xj[t] * regression->residuals[t - lag] * xk[t - lag];
			middle[j][k] += weight * sum;
			if (lag > 0)
				middle[k][j] += weight * sum;
		}
}

/* the diagonal of inverse * middle * inverse */
static void
sandwich(const double inverse[P * P], double middle[P][P], double errors[P])
{
	for (int i = 0; i < P; i++)
	{
		double sum = 0;

		for (int j = 0; j < P; j++)
			for (int k = 0; k < P; k++)
				sum += inverse[i * P + j] * middle[j][k] * inverse[k * P + i];
		/* the Bartlett weights make it a variance; rounding may not */
		errors[i] = sqrt(fmax(sum, 0));
	}
}

static McStatus
newey_west(const Regression *regression, const double inverse[P * P], const McPoll *poll,
           McHarModel *model)
{
	double middle[P][P] = {{0}};
	size_t lag = (size_t) floor(4 * pow((double) regression->n / 100, 2.0 / 9));

	model->newey_west_lag = lag;
	for (size_t l = 0; l <= lag && l < regression->n; l++)
	{
		if (mc_poll_stop(poll))
			return MC_STOPPED;
		add_autocovariance(regression, l, 1 - (double) l / (double) (lag + 1), middle);
	}
	sandwich(inverse, middle, model->newey_west_errors);
	return MC_OK;
}

/* back to the unit of the values; false when a result is not finite */
static bool
rescale(McHarModel *model, int exponent)
{
	double sum;

	model->coefficients[0] = ldexp(model->coefficients[0], exponent);
	model->standard_errors[0] = ldexp(model->standard_errors[0], exponent);
	model->newey_west_errors[0] = ldexp(model->newey_west_errors[0], exponent);
	model->residual_sd = ldexp(model->residual_sd, exponent);
	sum = model->r_squared + model->residual_sd;
	for (int j = 0; j < P; j++)
		sum +=
		    fabs(model->coefficients[j]) + model->standard_errors[j] + model->newey_west_errors[j];
	return isfinite(sum);
}

McStatus
mc_har_fit(const double *values, size_t count, double *work, const McPoll *poll, McHarModel *model)
{
	double covariance[P * P];
	McLeastSquares fit = {.coefficients = model->coefficients, .covariance = covariance};
	Regression regression;
	McStatus status;
	int exponent;

	memset(model, 0, sizeof(*model));
	model->fit = MC_FIT_TOO_FEW;
	model->observations = count > MC_HAR_MONTH ? count - MC_HAR_MONTH : 0;
	if (model->observations <= P)
		return MC_OK;
	regression = set_up(count, work);
	exponent = scale_values(values, count, regression.values);
	fill_rows(&regression);
	fit.residuals = regression.residuals;
	status = mc_least_squares(regression.x, regression.y, regression.n, P, true, regression.work,
	                          poll, &fit);
	if (status == MC_STOPPED)
		return status;
	model->fit = status != MC_OK ? MC_FIT_FAILED : MC_FIT_CONSTANT;
	if (status != MC_OK || fit.rank < P || !(fit.tss > 0))
		return MC_OK;
	model->r_squared = fit.r_squared;
	model->residual_sd = sqrt(fit.sigma2);
	for (int j = 0; j < P; j++)
		model->standard_errors[j] = sqrt(covariance[j * P + j]);
	/* a perfect fit has no errors of either kind */
	for (int i = 0; i < P * P; i++)
		covariance[i] = fit.sigma2 > 0 ? covariance[i] / fit.sigma2 : 0;
	status = newey_west(&regression, covariance, poll, model);
	model->fit = rescale(model, exponent) ? MC_FIT_CONVERGED : MC_FIT_FAILED;
	return status;
}

McStatus
mc_har_forecast(const double *coefficients, const double *tail, size_t horizon, double *forecasts)
{
	double window[MC_HAR_MONTH];
	double row[P];

	memcpy(window, tail, sizeof(window));
	for (size_t i = 0; i < horizon; i++)
	{
		double next = 0;

		lags(window + MC_HAR_MONTH, row);
		for (int j = 0; j < P; j++)
			next += coefficients[j] * row[j];
		if (!isfinite(next))
			return MC_OVERFLOW;
		forecasts[i] = next;
		memmove(window, window + 1, (MC_HAR_MONTH - 1) * sizeof(double));
		window[MC_HAR_MONTH - 1] = next;
	}
	return MC_OK;
}
