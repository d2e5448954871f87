/*
 * garch_errors.c
 *	  Standard errors of a fitted GARCH model.
 *
 * Second derivatives are differences of the analytic gradient over a hundredth of a standard error, and over
 * twice that, put together so that the error is of fourth order (Richardson): nine digits or more.
 * Tested in test/unit/test_garch_errors.c: Fiorentini, Calzolari and Panattoni's three rows.
 */
#include "garch_errors.h"

#include <math.h>

#include "box_minimum.h"

#define STEP 0.01
#define AT(matrix, i, j) (matrix)[(i) *MC_GARCH_DIM + (j)]

/* A step that keeps two of it within the bounds. */
static double
step_of(const McGarchFit *fit, const double *lower, const double *upper, int i)
{
	double room = fmin(fit->theta[i] - lower[i], upper[i] - fit->theta[i]);

	return fmin(STEP / sqrt(AT(fit->curvature, i, i)), room / 2);
}

/* gradient(theta + step e_i) - gradient(theta - step e_i), by 2 step */
static void
central_difference(const McGarchSeries *series, const McGarchFit *fit, int i, double step,
                   double *column)
{
	double above[MC_GARCH_DIM];
	double below[MC_GARCH_DIM];
	double theta[MC_GARCH_DIM];
	double span;

	for (int j = 0; j < MC_GARCH_DIM; j++)
		theta[j] = fit->theta[j];
	theta[i] = fit->theta[i] + step;
	span = theta[i];
	mc_garch_value(series, theta, above);
	theta[i] = fit->theta[i] - step;
	span -= theta[i];
	mc_garch_value(series, theta, below);
	for (int j = 0; j < MC_GARCH_DIM; j++)
		column[j] = (above[j] - below[j]) / span;
}

static McStatus
hessian(const McGarchSeries *series, const McGarchFit *fit, double *h, const McPoll *poll)
{
	double lower[MC_GARCH_DIM];
	double upper[MC_GARCH_DIM];

	mc_garch_bounds(series, lower, upper);
	for (int i = 0; i < MC_GARCH_DIM; i++)
	{
		double near[MC_GARCH_DIM] = {0};
		double far[MC_GARCH_DIM] = {0};

		if (mc_poll_stop(poll))
			return MC_STOPPED;
		if (!fit->held[i])
		{
			double step = step_of(fit, lower, upper, i);

			central_difference(series, fit, i, step, near);
			central_difference(series, fit, i, 2 * step, far);
		}
		for (int j = 0; j < MC_GARCH_DIM; j++)
			AT(h, i, j) = (4 * near[j] - far[j]) / 3;
	}
	for (int i = 0; i < MC_GARCH_DIM; i++)
		for (int j = 0; j < i; j++)
			AT(h, i, j) = AT(h, j, i) = (AT(h, i, j) + AT(h, j, i)) / 2;
	return MC_OK;
}

/* The inverse over the coordinates that are free, 0 elsewhere; false unless positive definite. */
static bool
invert(const McGarchFit *fit, const double *matrix, double *inverse)
{
	int list[MC_GARCH_DIM];
	int count = 0;

	for (int i = 0; i < MC_GARCH_DIM; i++)
		if (!fit->held[i])
			list[count++] = i;
	for (int i = 0; i < MC_GARCH_DIM * MC_GARCH_DIM; i++)
		inverse[i] = 0;
	for (int i = 0; i < count; i++)
	{
		double b[MC_BOX_MAX] = {0};

		b[i] = 1;
		if (!mc_box_solve(matrix, MC_GARCH_DIM, list, count, b))
			return false;
		for (int j = 0; j < count; j++)
			AT(inverse, list[j], list[i]) = b[j];
	}
	return true;
}

/* product = a b a */
static void
sandwich(const double *a, const double *b, double *product)
{
	double half[MC_GARCH_DIM * MC_GARCH_DIM] = {0};

	for (int i = 0; i < MC_GARCH_DIM; i++)
		for (int j = 0; j < MC_GARCH_DIM; j++)
			for (int k = 0; k < MC_GARCH_DIM; k++)
				AT(half, i, j) += AT(a, i, k) * AT(b, k, j);
	for (int i = 0; i < MC_GARCH_DIM; i++)
		for (int j = 0; j < MC_GARCH_DIM; j++)
		{
			AT(product, i, j) = 0;
			for (int k = 0; k < MC_GARCH_DIM; k++)
				AT(product, i, j) += AT(half, i, k) * AT(a, k, j);
		}
}

/* Nothing is known of a parameter whose variance is not positive: it is not free. */
static double
error_of(double variance)
{
	return variance > 0 && isfinite(variance) ? sqrt(variance) : NAN;
}

McStatus
mc_garch_errors(const McGarchSeries *series, const McGarchFit *fit, McGarchErrorKind kind,
                McGarchParameters *errors, const McPoll *poll)
{
	double h[MC_GARCH_DIM * MC_GARCH_DIM];
	double g[MC_GARCH_DIM * MC_GARCH_DIM];
	double covariance[MC_GARCH_DIM * MC_GARCH_DIM];
	double eta = fit->theta[MC_GARCH_ETA];
	const double *c = covariance;
	bool known;

	*errors = (McGarchParameters){NAN, NAN, NAN, NAN, NAN, NAN};
	if (kind == MC_GARCH_NO_ERRORS)
		return MC_OK;
	if (mc_poll_stop(poll))
		return MC_STOPPED;
	if (kind != MC_GARCH_OPG_ERRORS && hessian(series, fit, h, poll) != MC_OK)
		return MC_STOPPED;
	if (kind != MC_GARCH_HESSIAN_ERRORS &&
	    mc_garch_information(series, fit->theta, MC_GARCH_OPG, g, poll) != MC_OK)
		return MC_STOPPED;
	known = invert(fit, kind == MC_GARCH_OPG_ERRORS ? g : h, covariance);
	if (!known)
		return MC_OK;
	if (kind == MC_GARCH_QML_ERRORS)
	{
		sandwich(covariance, g, h);
		c = h;
	}
	errors->mu = ldexp(error_of(AT(c, MC_GARCH_MU, MC_GARCH_MU)), series->exponent);
	errors->omega = ldexp(error_of(AT(c, MC_GARCH_OMEGA, MC_GARCH_OMEGA)), 2 * series->exponent);
	errors->alpha = error_of(AT(c, MC_GARCH_RISE, MC_GARCH_RISE));
	errors->beta = error_of(AT(c, MC_GARCH_BETA, MC_GARCH_BETA));
	if (series->spec.asymmetric)
		errors->gamma =
		    error_of(AT(c, MC_GARCH_RISE, MC_GARCH_RISE) + AT(c, MC_GARCH_FALL, MC_GARCH_FALL) -
		             2 * AT(c, MC_GARCH_RISE, MC_GARCH_FALL));
	if (series->spec.student)
		errors->degrees_of_freedom = error_of(AT(c, MC_GARCH_ETA, MC_GARCH_ETA)) / (eta * eta);
	return MC_OK;
}
