/*
 * test_garch.c
 *	  GARCH likelihood, gradient and information beside the definition, differentiated by complex steps.
 */
#include <complex.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "garch_cases.h"
#include "kernel/garch.h"
#include "kernel/garch_series.h"
#include "unit.h"

#define N 300
#define TINY 1e-30

static double r[N];
static double z[N];

/* C(nu) of the t density and its derivative, by differences of fourth order */
static double
t_constant(double nu)
{
	return lgamma(nu / 2) - lgamma((nu + 1) / 2) + log(3.14159265358979323846 * (nu - 2)) / 2;
}

static double
t_slope(double nu)
{
	double d = 1e-3 * (nu - 2);
	double near = (t_constant(nu + d) - t_constant(nu - d)) / (2 * d);
	double far = (t_constant(nu + 2 * d) - t_constant(nu - 2 * d)) / (4 * d);

	return (4 * near - far) / 3;
}

/* Minus the log density of every observation, and h, as they are defined. */
static void
define(const McGarchSeries *s, const double complex *theta, double complex *density,
       double complex *h)
{
	double complex fall = s->spec.asymmetric ? theta[MC_GARCH_FALL] : theta[MC_GARCH_RISE];
	double complex presample = s->backcast;
	double complex nu = s->spec.student ? 1 / theta[MC_GARCH_ETA] : 0;
	double complex constant = t_constant(creal(nu)) + t_slope(creal(nu)) * (nu - creal(nu));

	if (s->spec.presample == MC_GARCH_SAMPLE_VARIANCE)
	{
		presample = 0;
		for (size_t t = 0; t < s->n; t++)
			presample += (s->z[t] - theta[MC_GARCH_MU]) * (s->z[t] - theta[MC_GARCH_MU]);
		presample /= (double) s->n;
	}
	for (size_t t = 0; t < s->n; t++)
	{
		double complex e = s->z[t] - theta[MC_GARCH_MU];

		if (t == 0)
			h[t] = theta[MC_GARCH_OMEGA] + (theta[MC_GARCH_RISE] + fall) / 2 * presample +
			       theta[MC_GARCH_BETA] * presample;
		else
		{
			double complex before = s->z[t - 1] - theta[MC_GARCH_MU];

			h[t] = theta[MC_GARCH_OMEGA] +
			       (creal(before) < 0 ? fall : theta[MC_GARCH_RISE]) * before * before +
			       theta[MC_GARCH_BETA] * h[t - 1];
		}
		if (s->spec.student)
			density[t] =
			    constant + clog(h[t]) / 2 + (nu + 1) / 2 * clog(1 + e * e / (h[t] * (nu - 2)));
		else
			density[t] = (log(2 * 3.14159265358979323846) + clog(h[t]) + e * e / h[t]) / 2;
	}
}

/* value, scores[i][t] and d log h_t / d theta_i by complex steps */
static double
derive(const McGarchSeries *s, const double *theta, double (*scores)[N], double (*log_h)[N],
       double *variance)
{
	double complex x[MC_GARCH_DIM];
	double complex density[N];
	double complex h[N];
	double value = 0;

	for (int i = 0; i < MC_GARCH_DIM; i++)
	{
		for (int j = 0; j < MC_GARCH_DIM; j++)
			x[j] = theta[j] + (i == j ? TINY * I : 0);
		define(s, x, density, h);
		value = 0;
		for (size_t t = 0; t < s->n; t++)
		{
			scores[i][t] = cimag(density[t]) / TINY;
			log_h[i][t] = cimag(h[t]) / TINY / creal(h[t]);
			variance[t] = creal(h[t]);
			value += creal(density[t]);
		}
	}
	return value;
}

static double
product(const double *a, const double *b, size_t n)
{
	double sum = 0;

	for (size_t t = 0; t < n; t++)
		sum += a[t] * b[t];
	return sum;
}

/* the differences of t_constant are good for fewer digits than the complex steps */
static bool
near(double got, double want, double scale, bool with_eta)
{
	return fabs(got - want) <= (with_eta ? 1e-8 : 1e-12) * (fabs(want) + scale);
}

static void
check_point(const McGarchSeries *s, const double *theta, const char *name)
{
	static double scores[MC_GARCH_DIM][N];
	static double log_h[MC_GARCH_DIM][N];
	static double h[N];
	double gradient[MC_GARCH_DIM];
	double opg[MC_GARCH_DIM * MC_GARCH_DIM];
	double fisher[MC_GARCH_DIM * MC_GARCH_DIM];
	double want = derive(s, theta, scores, log_h, h);
	double nu = s->spec.student ? 1 / theta[MC_GARCH_ETA] : INFINITY;
	double unit = s->spec.student ? nu * (nu + 1) / ((nu - 2) * (nu + 3)) : 1;
	double weight = s->spec.student ? nu / (2 * nu + 6) : 0.5;
	bool good = true;
	double location = 0;

	check_close(mc_garch_value(s, theta, gradient), want, 1e-12, "%s: value", name);
	for (int i = 0; i < MC_GARCH_DIM; i++)
	{
		double sum = 0;
		double size = 0;

		for (size_t t = 0; t < s->n; t++)
		{
			sum += scores[i][t];
			size += fabs(scores[i][t]);
		}
		good = good && near(gradient[i], sum, size, i == MC_GARCH_ETA);
	}
	check(good, "%s: gradient", name);
	mc_garch_information(s, theta, MC_GARCH_OPG, opg, NULL);
	mc_garch_information(s, theta, MC_GARCH_FISHER, fisher, NULL);
	for (size_t t = 0; t < s->n; t++)
		location += 1 / h[t];
	good = true;
	for (int i = 0; i < MC_GARCH_DIM; i++)
		for (int j = 0; j < MC_GARCH_DIM; j++)
		{
			double a = product(scores[i], scores[i], s->n);
			double b = product(scores[j], scores[j], s->n);

			good = good && near(opg[i * MC_GARCH_DIM + j], product(scores[i], scores[j], s->n),
			                    sqrt(a * b), i == MC_GARCH_ETA || j == MC_GARCH_ETA);
		}
	check(good, "%s: outer products of the scores", name);
	good = true;
	for (int i = 0; i < MC_GARCH_ETA; i++)
		for (int j = 0; j < MC_GARCH_ETA; j++)
			good = good && near(fisher[i * MC_GARCH_DIM + j],
			                    weight * product(log_h[i], log_h[j], s->n) +
			                        (i + j == 0 ? unit * location : 0),
			                    1, false);
	for (int i = 0; i < MC_GARCH_ETA; i++)
		good = good && fisher[MC_GARCH_ETA * MC_GARCH_DIM + i] == 0 &&
		       fisher[i * MC_GARCH_DIM + MC_GARCH_ETA] == 0;
	good = good && near(fisher[MC_GARCH_DIM * MC_GARCH_DIM - 1],
	                    product(scores[MC_GARCH_ETA], scores[MC_GARCH_ETA], s->n), 1e-3, true);
	check(good, "%s: Fisher information", name);
}

static void
test_definition(void)
{
	static const size_t lengths[] = {N, 64, 65, 31, 24};
	McGarchParameters truth = {0.1, 0.3, 0.1, 0.1, 0.7, 5};
	UnitRandom random = {17};

	for (int i = 0; i < 24; i++)
	{
		McGarchSpec spec = {(i & 1) != 0, (i & 2) != 0,
		                    (i & 4) != 0 ? MC_GARCH_SAMPLE_VARIANCE : MC_GARCH_BACKCAST};
		double theta[MC_GARCH_DIM] = {0};
		size_t n = i < 8 ? N : lengths[i % 5];
		char name[60];
		McGarchSeries s;
		McFit fit;

		simulate_garch(&random, &truth, r, n);
		n = n < mc_garch_fewest(spec) ? mc_garch_fewest(spec) : n;
		mc_garch_prepare(r, n, spec, z, &s, &fit, NULL);
		theta[MC_GARCH_MU] = 0.4 * unit_uniform(&random) - 0.2;
		theta[MC_GARCH_OMEGA] = 0.01 + 0.3 * unit_uniform(&random);
		theta[MC_GARCH_BETA] = unit_uniform(&random);
		theta[MC_GARCH_RISE] = 0.3 * unit_uniform(&random);
		theta[MC_GARCH_FALL] = spec.asymmetric ? 0.5 * unit_uniform(&random) : 0;
		theta[MC_GARCH_ETA] = spec.student ? 0.01 + 0.48 * unit_uniform(&random) : 0;
		snprintf(name, sizeof(name), "%s%s%s, n %zu", spec.asymmetric ? "GJR" : "GARCH",
		         spec.student ? " with t" : "", spec.presample ? ", sample variance" : "", n);
		check_point(&s, theta, name);
	}
}

/* Large degrees of freedom are the normal density, and where a value overflows it is not finite. */
static void
test_limits(void)
{
	McGarchParameters truth = {0, 0.3, 0.1, 0, 0.7, INFINITY};
	UnitRandom random = {18};
	McGarchSpec student = {false, true, MC_GARCH_BACKCAST};
	McGarchSpec normal = {false, false, MC_GARCH_BACKCAST};
	double theta[MC_GARCH_DIM] = {0.1, 0.2, 0.6, 0.2, 0, 1e-6};
	double gradient[MC_GARCH_DIM];
	McGarchSeries s;
	McGarchSeries of_t;
	McFit fit;
	double value;

	simulate_garch(&random, &truth, r, N);
	mc_garch_prepare(r, N, normal, z, &s, &fit, NULL);
	of_t = s;
	of_t.spec = student;
	value = mc_garch_value(&s, theta, gradient);
	check_close(mc_garch_value(&of_t, theta, gradient), value, 1e-4,
	            "a million degrees of freedom");
	theta[MC_GARCH_BETA] = 1e40;
	check(!isfinite(mc_garch_value(&s, theta, gradient)), "overflow is not finite");
	theta[MC_GARCH_ETA] = 0.2;
	check(!isfinite(mc_garch_value(&of_t, theta, gradient)), "nor with t");
}

/* Back to the units of the returns. */
static void
test_units(void)
{
	McGarchSpec spec = {true, true, MC_GARCH_BACKCAST};
	McGarchParameters truth = {40, 0.3, 0.1, 0.1, 0.7, 5};
	double theta[MC_GARCH_DIM] = {0.25, 0.125, 0.5, 0.0625, 0.25, 0.125};
	UnitRandom random = {19};
	McGarchParameters p;
	McGarchSeries s;
	McFit fit;
	double h = 0;
	double mean = 0;

	simulate_garch(&random, &truth, r, N);
	for (int t = 0; t < N; t++)
	{
		r[t] *= 1024;
		mean += r[t] / N;
	}
	mc_garch_prepare(r, N, spec, z, &s, &fit, NULL);
	p = mc_garch_parameters(&s, theta);
	check_close(p.mu, mean + 0.25 * ldexp(1, s.exponent), 1e-14, "mu in the units of the returns");
	check(p.omega == ldexp(0.125, 2 * s.exponent) && p.alpha == 0.0625 && p.gamma == 0.1875 &&
	          p.beta == 0.5 && p.degrees_of_freedom == 8,
	      "and the others");
	check_close(mc_garch_log_likelihood(&s, 100), -100 - N * s.exponent * log(2), 1e-14,
	            "log-likelihood in the units of the returns");
	h = p.omega + (p.alpha + p.gamma / 2 + p.beta) * ldexp(s.backcast, 2 * s.exponent);
	for (int t = 0; t < N; t++)
	{
		double e = r[t] - p.mu;

		h = p.omega + (p.alpha + (e < 0 ? p.gamma : 0)) * e * e + p.beta * h;
	}
	check_close(mc_garch_next(&s, theta), h, 1e-11, "the next variance too");
}

static bool
stop(void *arg)
{
	int *left = arg;

	return (*left)-- <= 0;
}

static void
test_stop(void)
{
	static double zeros[2 * MC_POLL_STEPS];
	double theta[MC_GARCH_DIM] = {0, 1, 0.5, 0.1, 0, 0};
	double matrix[MC_GARCH_DIM * MC_GARCH_DIM];
	McGarchSeries s = {
	    {false, false, MC_GARCH_BACKCAST}, zeros, 2 * MC_POLL_STEPS, 0, 0, 0, 0, 1, 1, 0, 0};
	int stopped = 0;

	for (int after = 0; after < 4; after++)
	{
		int left = after;
		McPoll poll = {stop, &left};

		stopped += mc_garch_information(&s, theta, MC_GARCH_OPG, matrix, &poll) == MC_STOPPED;
	}
	check(stopped == 2, "information of a long series is asked twice");
}

void
test_garch(void)
{
	test_definition();
	test_limits();
	test_units();
	test_stop();
}
