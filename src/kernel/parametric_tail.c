/*
 * parametric_tail.c
 *	  Value at risk and expected shortfall of P&L from a distribution instead of a sample.
 */
#include "parametric_tail.h"

#include <float.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_randist.h>
#include <math.h>

#include "gamma_ratio.h"

#define NEWTON_STEPS 8

/* Phi^-1(p); 1 - p is exact from 1/2 on */
static double
normal_quantile(double p)
{
	return p < 0.5 ? gsl_cdf_ugaussian_Pinv(p) : gsl_cdf_ugaussian_Qinv(1 - p);
}

static void
set_measures(double mean, double deviation, double quantile, double tail_mean, double *var,
             double *es)
{
	/* a tail mean may be infinite */
	if (deviation == 0)
		quantile = tail_mean = 0;
	if (var)
		*var = (0 - mean) + deviation * quantile;
	if (es)
		*es = (0 - mean) + deviation * tail_mean;
}

void
mc_normal_measures(double mean, double deviation, double confidence, double *var, double *es)
{
	double z = normal_quantile(confidence);

	set_measures(mean, deviation, z, gsl_ran_ugaussian_pdf(z) / (1 - confidence), var, es);
}

/* The density of Student's distribution. */
static double
student_t_density(double x, double nu)
{
	double log_constant = mc_log_gamma_ratio(nu / 2) - 0.5 * log(nu * M_PI);

	return exp(log_constant - (nu + 1) / 2 * log1p(x * x / nu));
}

/* P(T > x), x >= 0; gsl_cdf_tdist_Q loses digits above 30 degrees of freedom */
static double
student_t_upper(double x, double nu)
{
	double square = x * x;

	if (square < nu)
		return gsl_cdf_beta_Q(square / (nu + square), 0.5, nu / 2) / 2;
	return gsl_cdf_beta_P(nu / (nu + square), nu / 2, 0.5) / 2;
}

/* The quantile above which the probability is `upper` <= 1/2: GSL's, and Newton's method. */
static double
student_t_quantile(double upper, double nu)
{
	double q = gsl_cdf_tdist_Qinv(upper, nu);

	for (int i = 0; i < NEWTON_STEPS; i++)
	{
		double density = student_t_density(q, nu);
		double step = density > 0 ? (student_t_upper(q, nu) - upper) / density : INFINITY;

		if (!(fabs(step) <= 0.5 * q && fabs(step) > 0.5 * DBL_EPSILON * q))
			break;
		q += step;
	}
	return q;
}

void
mc_student_t_measures(double location, double scale, double degrees_of_freedom, double confidence,
                      double *var, double *es)
{
	double nu = degrees_of_freedom;
	double q;
	double e = INFINITY;

	if (isinf(nu))
	{
		mc_normal_measures(location, scale, confidence, var, es);
		return;
	}
	q = confidence < 0.5 ? -student_t_quantile(confidence, nu)
	                     : student_t_quantile(1 - confidence, nu);
	if (nu > 1 || isnan(nu))
		e = student_t_density(q, nu) * (nu + q * q) / ((nu - 1) * (1 - confidence));
	set_measures(location, scale, q, e, var, es);
}

double
mc_cornish_fisher(double probability, double skewness, double excess_kurtosis)
{
	double z = normal_quantile(probability);
	double third = (z * z - 1) / 6;
	double fourth = z * (z * z - 3) / 24;
	double square = z * (2 * z * z - 5) / 36;

	return z + third * skewness + fourth * excess_kurtosis - square * skewness * skewness;
}

bool
mc_cornish_fisher_monotone(double skewness, double excess_kurtosis)
{
	/* h'(z) = a z^2 + b z + c */
	double a = excess_kurtosis / 8 - skewness * skewness / 6;
	double b = skewness / 3;
	double c = 1 - excess_kurtosis / 8 + 5 * skewness * skewness / 36;

	if (a == 0 && b == 0)
		return c > 0;
	return a > 0 && b * b < 4 * a * c;
}

void
mc_cornish_fisher_measures(double mean, double deviation, double skewness, double excess_kurtosis,
                           double confidence, double *var, double *es)
{
	/* the lower tail of P&L is the upper one of a loss, which has the opposite skewness */
	double q = mc_cornish_fisher(confidence, -skewness, excess_kurtosis);
	double q2 = q * q;
	double e = 1 - q * q2 * skewness / 6 + (q2 * q2 - 2 * q2 - 1) * excess_kurtosis / 24 +
	           (q2 * q2 * q2 - 9 * q2 * q2 + 9 * q2 + 3) * skewness * skewness / 72;

	e *= gsl_ran_ugaussian_pdf(q) / (1 - confidence);
	set_measures(mean, deviation, q, e < q ? q : e, var, es);
}

bool
mc_component_var(const double *weights, const double *covariance, const double *means, size_t n,
                 double confidence, double *components)
{
	double z = normal_quantile(confidence);
	double variance = 0;
	double magnitude = 0;
	double factor;

	for (size_t i = 0; i < n; i++)
	{
		components[i] = 0;
		for (size_t j = 0; j < n; j++)
		{
			double term = covariance[i * n + j] * weights[j];

			components[i] += term;
			magnitude += fabs(weights[i] * term);
		}
		variance += weights[i] * components[i];
	}
	if (variance < -4 * (double) n * DBL_EPSILON * magnitude)
		return false;
	/* a portfolio without risk, but for rounding, has none to split */
	factor = variance > 4 * (double) n * DBL_EPSILON * magnitude ? z / sqrt(variance) : 0;
	for (size_t i = 0; i < n; i++)
		components[i] = weights[i] * (factor * components[i] - (means ? means[i] : 0));
	return true;
}
