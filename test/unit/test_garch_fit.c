/*
 * test_garch_fit.c
 *	  GARCH fits: the benchmark of Fiorentini, Calzolari and Panattoni, GSL's minimiser on simulated series, and a
 *	  thousand series that no model fits.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <gsl/gsl_multimin.h>

#include "garch_cases.h"
#include "kernel/box_minimum.h"
#include "kernel/garch_filter.h"
#include "kernel/garch_fit.h"
#include "unit.h"

#define N 2500

static double r[N];
static double z[N];
static double work[N + 1];

static const McGarchSpec specs[] = {
    {false, false, MC_GARCH_BACKCAST},        {true, false, MC_GARCH_BACKCAST},
    {false, true, MC_GARCH_BACKCAST},         {true, true, MC_GARCH_BACKCAST},
    {false, false, MC_GARCH_SAMPLE_VARIANCE}, {true, false, MC_GARCH_SAMPLE_VARIANCE},
    {false, true, MC_GARCH_SAMPLE_VARIANCE},  {true, true, MC_GARCH_SAMPLE_VARIANCE}};

static McGarchFit
fit_of(size_t n, McGarchSpec spec, McGarchSeries *series)
{
	McGarchFit fit;

	memset(&fit, 0, sizeof(fit));
	if (mc_garch_prepare(r, n, spec, z, series, &fit.fit, NULL) == MC_OK &&
	    fit.fit == MC_FIT_CONVERGED)
		mc_garch_fit(series, &fit, NULL);
	return fit;
}

/* Published parameters; the long double optimum of the shared notes, to all its digits. */
static void
test_benchmark(void)
{
	size_t n = unit_read_vector("dem2gbp_1974.csv", r, N);
	McGarchSeries series;
	McGarchFit fit;

	if (n == 0)
	{
		skip("no ../shared", "DEM/GBP benchmark");
		return;
	}
	check(n == 1974, "DEM/GBP has 1974 returns");
	fit = fit_of(n, specs[4], &series);
	check(fit.fit == MC_FIT_CONVERGED, "DEM/GBP converges");
	check_close(fit.parameters.mu, -0.0061904083799, 1e-9, "DEM/GBP mu");
	check_close(fit.parameters.omega, 0.0107613978518, 1e-9, "DEM/GBP omega");
	check_close(fit.parameters.alpha, 0.1531340618205, 1e-9, "DEM/GBP alpha");
	check_close(fit.parameters.beta, 0.8059736703054, 1e-9, "DEM/GBP beta");
	check_close(fit.log_likelihood, -1106.60788104129, 1e-12, "DEM/GBP log-likelihood");
	check_close(fit.next_variance, 0.1469925675, 1e-8, "DEM/GBP next variance");
	check(fit.evaluations <= 20, "DEM/GBP needs %d evaluations, at most 20", fit.evaluations);

	fit = fit_of(n, specs[6], &series);
	check_close(fit.parameters.mu, 0.00224865084, 1e-8, "DEM/GBP, t: mu");
	check_close(fit.parameters.omega, 0.00231903396, 1e-8, "DEM/GBP, t: omega");
	check_close(fit.parameters.alpha, 0.12443791484, 1e-9, "DEM/GBP, t: alpha");
	check_close(fit.parameters.beta, 0.88465326723, 1e-9, "DEM/GBP, t: beta; persistence above 1");
	check_close(fit.parameters.degrees_of_freedom, 4.11842657106, 1e-8, "DEM/GBP, t: freedom");
	check_close(fit.log_likelihood, -989.40834895, 1e-10, "DEM/GBP, t: log-likelihood");

	fit = fit_of(n, specs[5], &series);
	check_close(fit.parameters.mu, -0.00790453621, 1e-8, "DEM/GBP, GJR: mu");
	check_close(fit.parameters.omega, 0.01123321757, 1e-8, "DEM/GBP, GJR: omega");
	check_close(fit.parameters.alpha, 0.14049657335, 1e-9, "DEM/GBP, GJR: alpha");
	check_close(fit.parameters.gamma, 0.02835074801, 1e-8, "DEM/GBP, GJR: gamma");
	check_close(fit.parameters.beta, 0.80144129855, 1e-9, "DEM/GBP, GJR: beta");
	check_close(fit.log_likelihood, -1106.10233857, 1e-10, "DEM/GBP, GJR: log-likelihood");
}

/* The documentation of the Python package arch prints five digits; the rest from the shared notes. */
static void
test_backcast_benchmark(void)
{
	static double index[6000];
	static double scaled[6000];
	size_t n = unit_read_vector("sp500_1999_2018_pctret.csv", index, 6000);
	McGarchSeries series;
	McGarchFit fit;

	if (n == 0)
	{
		skip("no ../shared", "S&P 500 benchmark");
		return;
	}
	mc_garch_prepare(index, n, specs[0], scaled, &series, &fit.fit, NULL);
	mc_garch_fit(&series, &fit, NULL);
	check_close(ldexp(series.backcast, 2 * series.exponent), 1.8141976134, 1e-10, "S&P back-cast");
	check_close(fit.parameters.mu, 0.0563532, 1e-6, "S&P 500 mu");
	check_close(fit.parameters.omega, 0.0175068, 3e-6, "S&P 500 omega");
	check_close(fit.parameters.alpha, 0.1021498, 1e-6, "S&P 500 alpha");
	check_close(fit.parameters.beta, 0.8852061, 1e-6, "S&P 500 beta");
	check_close(fit.log_likelihood, -6936.718477, 1e-9, "S&P 500 log-likelihood");
}

/* theta of an unconstrained vector: logarithms of what is positive, eta by a logistic curve */
static void
unfold(const gsl_vector *v, const McGarchSeries *series, double *theta, double *slope)
{
	size_t next = 4;

	for (int i = 0; i < MC_GARCH_DIM; i++)
		theta[i] = slope[i] = 0;
	theta[MC_GARCH_MU] = gsl_vector_get(v, 0);
	slope[MC_GARCH_MU] = 1;
	for (int i = MC_GARCH_OMEGA; i <= MC_GARCH_RISE; i++)
		theta[i] = slope[i] = exp(gsl_vector_get(v, (size_t) i));
	if (series->spec.asymmetric)
		theta[MC_GARCH_FALL] = slope[MC_GARCH_FALL] = exp(gsl_vector_get(v, next++));
	if (series->spec.student)
	{
		double share = 1 / (1 + exp(-gsl_vector_get(v, next)));

		theta[MC_GARCH_ETA] = 0.49 * share;
		slope[MC_GARCH_ETA] = 0.49 * share * (1 - share);
	}
}

static void
gsl_value_and_gradient(const gsl_vector *v, void *arg, double *value, gsl_vector *gradient)
{
	double theta[MC_GARCH_DIM];
	double slope[MC_GARCH_DIM];
	double g[MC_GARCH_DIM];
	size_t next = 0;

	unfold(v, arg, theta, slope);
	*value = mc_garch_value(arg, theta, g);
	for (int i = 0; i < MC_GARCH_DIM; i++)
		if (slope[i] != 0)
			gsl_vector_set(gradient, next++, g[i] * slope[i]);
}

static double
gsl_value(const gsl_vector *v, void *arg)
{
	double value;
	gsl_vector *unused = gsl_vector_alloc(v->size);

	gsl_value_and_gradient(v, arg, &value, unused);
	gsl_vector_free(unused);
	return value;
}

static void
gsl_gradient(const gsl_vector *v, void *arg, gsl_vector *gradient)
{
	double value;

	gsl_value_and_gradient(v, arg, &value, gradient);
}

/* GSL's own BFGS in other coordinates from another start: the same optimum */
static double
gsl_minimum(McGarchSeries *series)
{
	size_t dim = 4 + (size_t) series->spec.asymmetric + (size_t) series->spec.student;
	gsl_multimin_function_fdf f = {gsl_value, gsl_gradient, gsl_value_and_gradient, dim, series};
	gsl_multimin_fdfminimizer *s =
	    gsl_multimin_fdfminimizer_alloc(gsl_multimin_fdfminimizer_vector_bfgs2, dim);
	gsl_vector *v = gsl_vector_alloc(dim);
	double best;

	gsl_vector_set_all(v, -2);
	gsl_vector_set(v, MC_GARCH_MU, 0);
	gsl_vector_set(v, MC_GARCH_BETA, log(0.75));
	gsl_multimin_fdfminimizer_set(s, &f, v, 0.05, 0.1);
	/* it gives up where values no longer differ: begin again from there */
	for (int i = 0; i < 400; i++)
		if (gsl_multimin_fdfminimizer_iterate(s) != GSL_SUCCESS)
			gsl_multimin_fdfminimizer_restart(s);
	best = s->f;
	gsl_vector_free(v);
	gsl_multimin_fdfminimizer_free(s);
	return best;
}

static void
test_simulated(void)
{
	static const McGarchParameters truths[] = {{0.05, 0.05, 0.08, 0, 0.88, INFINITY},
	                                           {0, 0.1, 0.03, 0.12, 0.80, INFINITY},
	                                           {-0.02, 0.02, 0.10, 0, 0.85, 5},
	                                           {0.03, 0.04, 0.04, 0.08, 0.86, 8}};
	UnitRandom random = {2024};
	int lower = 0;

	for (int i = 0; i < (int) unit_repeats(8, 4); i++)
	{
		McGarchSeries series;
		McGarchFit fit;
		double theirs;
		double gradient[MC_GARCH_DIM];
		double worst = 0;

		simulate_garch(&random, &truths[i % 4], r, N);
		fit = fit_of(N, specs[i], &series);
		check(fit.fit == MC_FIT_CONVERGED && fit.evaluations > 5 && fit.evaluations < 1000,
		      "simulated series %d converges", i);
		theirs = mc_garch_log_likelihood(&series, gsl_minimum(&series));
		lower += fit.log_likelihood < theirs - 1e-7;
		/* where reactions differ GSL's line search ends a little below */
		check(fabs(fit.log_likelihood - theirs) < (specs[i].asymmetric ? 1e-2 : 1e-6),
		      "GSL finds the same optimum, %d: %.3g", i, fit.log_likelihood - theirs);
		mc_garch_value(&series, fit.theta, gradient);
		for (int j = 0; j < MC_GARCH_DIM; j++)
			worst = fmax(worst, fit.held[j] ? 0 : fabs(gradient[j]));
		check(worst < 1e-3, "gradient at the optimum, %d: %.2g", i, worst);
		check(fit.evaluations < 40, "%d evaluations", fit.evaluations);
		check(fabs(fit.parameters.beta - truths[i % 4].beta) < 0.12, "beta is near the truth, %d",
		      i);
	}
	check(lower == 0, "never below GSL's likelihood");
}

/* The rating of the starts is their likelihood, whatever the length of the last group. */
static void
test_rating(void)
{
	McGarchParameters truth = {0.05, 0.05, 0.08, 0.05, 0.85, 7};
	UnitRandom random = {44};

	for (int i = 0; i < 8; i++)
	{
		size_t n = (size_t) (500 + 5 * i);
		double rates[MC_GARCH_STARTS];
		double worst = 0;
		double first = 0;
		double lower[MC_GARCH_DIM];
		double upper[MC_GARCH_DIM];
		double reaction;
		bool inside = true;
		McGarchSeries series;
		McFit fit;

		simulate_garch(&random, &truth, r, n);
		mc_garch_prepare(r, n, specs[i], z, &series, &fit, NULL);
		mc_garch_rate_starts(&series, rates);
		mc_garch_bounds(&series, lower, upper);
		for (int k = 0; k < MC_GARCH_STARTS; k++)
		{
			double theta[MC_GARCH_DIM];
			double gradient[MC_GARCH_DIM];
			double value;

			mc_garch_start(&series, k, theta);
			for (int j = 0; j < MC_GARCH_DIM; j++)
				inside = inside && theta[j] >= lower[j] && theta[j] <= upper[j];
			reaction = specs[i].asymmetric ? (theta[MC_GARCH_RISE] + theta[MC_GARCH_FALL]) / 2
			                               : theta[MC_GARCH_RISE];
			inside =
			    inside && is_close(theta[MC_GARCH_OMEGA] / (1 - reaction - theta[MC_GARCH_BETA]),
			                       series.variance, 1e-12);
			value = mc_garch_value(&series, theta, gradient);
			first = k == 0 ? 2 * value - rates[0] : first;
			worst = fmax(worst, fabs(2 * value - rates[k] - first));
		}
		check(inside, "starts within the bounds and of the sample's variance, model %d", i);
		check(worst < 1e-9, "rates of the starts, model %d: %.2g", i, worst);
	}
}

/* A series multiplied by a power of two, and one turned upside down */
static void
test_scales(void)
{
	McGarchParameters truth = {0.05, 0.05, 0.08, 0, 0.88, INFINITY};
	UnitRandom random = {7};
	McGarchSeries series;
	McGarchFit fit;
	McGarchFit scaled;

	simulate_garch(&random, &truth, r, 1000);
	fit = fit_of(1000, specs[0], &series);
	for (int i = 0; i < 1000; i++)
		r[i] = ldexp(r[i], -300);
	scaled = fit_of(1000, specs[0], &series);
	check(scaled.parameters.alpha == fit.parameters.alpha &&
	          scaled.parameters.beta == fit.parameters.beta &&
	          scaled.parameters.omega == ldexp(fit.parameters.omega, -600) &&
	          scaled.parameters.mu == ldexp(fit.parameters.mu, -300) &&
	          scaled.next_variance == ldexp(fit.next_variance, -600),
	      "2^-300 of the returns: the same digits");
	check_close(scaled.log_likelihood, fit.log_likelihood + 300 * 1000 * log(2), 1e-13,
	            "and the log-likelihood of a smaller unit");
	for (int i = 0; i < 1000; i++)
		r[i] = ldexp(-r[i], 300);
	scaled = fit_of(1000, specs[0], &series);
	check_close(scaled.parameters.beta, fit.parameters.beta, 1e-7, "upside down: the same beta");
	check_close(scaled.parameters.mu, -fit.parameters.mu, 1e-6, "upside down: the opposite mu");
}

static bool
parameters_hold(const McGarchFit *fit)
{
	const McGarchParameters *p = &fit->parameters;

	return isfinite(p->mu) && isfinite(p->omega) && p->omega > 0 && isfinite(p->alpha) &&
	       p->alpha >= 0 && isfinite(p->gamma) && p->alpha + p->gamma >= 0 && p->beta >= 0 &&
	       p->beta <= 1 && p->degrees_of_freedom > 2 && isfinite(fit->log_likelihood) &&
	       isfinite(fit->next_variance) && fit->next_variance > 0;
}

static bool
variances_hold(const McGarchFit *fit, McGarchPresample presample, size_t n)
{
	if (mc_garch_filter(r, n, &fit->parameters, presample, work, NULL) != MC_OK)
		return false;
	for (size_t t = 0; t <= n; t++)
		if (!(work[t] > 0 && isfinite(work[t])))
			return false;
	/* mu is rounded to a double of its size */
	return is_close(work[n], fit->next_variance,
	                1e-9 + 1e-14 * fabs(fit->parameters.mu) / sqrt(fit->next_variance));
}

static bool
beats_every_start(const McGarchFit *fit, const McGarchSeries *series)
{
	for (int i = 0; i < MC_GARCH_STARTS; i++)
	{
		double theta[MC_GARCH_DIM];
		double gradient[MC_GARCH_DIM];
		double start;

		mc_garch_start(series, i, theta);
		start = mc_garch_log_likelihood(series, mc_garch_value(series, theta, gradient));
		if (fit->log_likelihood < start - 1e-9 * (1 + fabs(start)))
			return false;
	}
	return true;
}

/* 1,056 series of every kind and length, each under one of the eight models */
static void
test_nasty(void)
{
	static const size_t lengths[] = {0, 1, 3, 10, 19, 20, 25, 30, 31, 60, 250};
	UnitRandom random = {99};
	int count[MC_FIT_FAILED + 1] = {0};
	int number = 0;

	for (int kind = 0; kind < NASTY_KINDS; kind++)
	{
		char trouble[80] = "";
		int fits = 0;

		for (size_t i = 0; i < 44; i++, number++)
		{
			size_t n = lengths[i % 11];
			McGarchSpec spec = specs[(i + i / 11) % 8];
			bool finite = nasty_series(kind, &random, r, n);
			McGarchSeries series;
			McGarchFit fit = fit_of(n, spec, &series);
			const char *what = NULL;

			count[fit.fit]++;
			fits += mc_fit_usable(fit.fit);
			if (!finite && fit.fit != MC_FIT_NOT_FINITE)
				what = "NaN is not seen";
			else if (finite && n < mc_garch_fewest(spec) && fit.fit != MC_FIT_TOO_FEW)
				what = "too few are not seen";
			else if (mc_fit_usable(fit.fit) && !parameters_hold(&fit))
				what = "parameters";
			else if (mc_fit_usable(fit.fit) && !variances_hold(&fit, spec.presample, n))
				what = "variances";
			else if (mc_fit_usable(fit.fit) && !beats_every_start(&fit, &series))
				what = "a start is better";
			if (what != NULL)
				snprintf(trouble, sizeof(trouble), "%s (n %zu, spec %d%d%d, %s, %d evaluations)",
				         what, n, spec.asymmetric, spec.student, spec.presample,
				         mc_fit_name(fit.fit), fit.evaluations);
		}
		check(trouble[0] == '\0', "%s: %d fits of 44, with what they promise; %s", nasty_name(kind),
		      fits, trouble);
	}
	check(number >= 1000 && count[MC_FIT_CONVERGED] > 0 && count[MC_FIT_BOUNDARY] > 0 &&
	          count[MC_FIT_TOO_FEW] > 0 && count[MC_FIT_CONSTANT] > 0 &&
	          count[MC_FIT_NOT_FINITE] > 0,
	      "%d series: %d converged, %d boundary, %d iterations, %d failed", number,
	      count[MC_FIT_CONVERGED], count[MC_FIT_BOUNDARY], count[MC_FIT_ITERATIONS],
	      count[MC_FIT_FAILED]);
}

static double
value_of(void *arg, const double *theta, double *gradient)
{
	return mc_garch_value(arg, theta, gradient);
}

/* The largest likelihood that any of the starts leads to. */
static double
best_of_all_starts(const McGarchSeries *series)
{
	double lower[MC_GARCH_DIM];
	double upper[MC_GARCH_DIM];
	double best = -INFINITY;

	mc_garch_bounds(series, lower, upper);
	for (int i = 0; i < MC_GARCH_STARTS; i++)
	{
		McBoxProblem p = {MC_GARCH_DIM, value_of, (void *) series,
		                  lower,        upper,    1e-13 * (double) series->n,
		                  1e-9,         200,      NULL};
		McBoxMinimum m;

		mc_garch_start(series, i, m.x);
		mc_garch_information(series, m.x, MC_GARCH_FISHER, m.curvature, NULL);
		mc_box_minimise(&p, &m);
		if (mc_fit_usable(m.fit))
			best = fmax(best, mc_garch_log_likelihood(series, m.value));
	}
	return best;
}

/* On the bounds where likelihoods degenerate every start is tried. */
static void
test_doubtful(void)
{
	static const int kinds[] = {2, 7, 8, 9, 13, 14, 20, 21, 22};
	UnitRandom random = {31};
	int count[5] = {0};
	int worse = 0;

	for (int i = 0; i < (int) unit_repeats(144, 72); i++)
	{
		size_t n = i % 2 == 0 ? 60 : 150;
		McGarchSpec spec = specs[i / 2 % 8];
		McGarchSeries series;
		McGarchFit fit;
		bool why[5];

		nasty_series(kinds[i % 9], &random, r, n);
		fit = fit_of(n, spec, &series);
		if (!mc_fit_usable(fit.fit))
			continue;
		why[0] = fit.held[MC_GARCH_OMEGA];
		why[1] = fit.held[MC_GARCH_BETA];
		why[2] = fit.held[MC_GARCH_RISE] && (fit.held[MC_GARCH_FALL] || !spec.asymmetric);
		why[3] = spec.student && fit.parameters.degrees_of_freedom < 2.010001;
		why[4] = fit.fit == MC_FIT_ITERATIONS;
		for (int k = 0; k < 5; k++)
			count[k] += why[k];
		if (why[0] || why[1] || why[2] || why[3] || why[4])
			worse += fit.log_likelihood < best_of_all_starts(&series) - 1e-6;
	}
	check(worse == 0 && count[0] > 3 && count[1] > 3 && count[2] > 3 && count[3] > 3,
	      "no start leads higher: omega %d, beta %d, reaction %d, freedom %d, iterations %d",
	      count[0], count[1], count[2], count[3], count[4]);
}

/* Optima of several starts that are equal but for rounding: which one is taken must not depend on the unit. */
static void
test_scales_of_noise(void)
{
	McGarchSeries series;
	int different = 0;

	for (unsigned long long seed = 1; seed <= 40; seed++)
	{
		McGarchFit fit;
		UnitRandom random = {seed};

		for (int i = 0; i < 300; i++)
			r[i] = unit_normal(&random);
		fit = fit_of(300, specs[0], &series);
		for (int k = 0; k < 4; k++)
		{
			McGarchFit scaled;

			for (int i = 0; i < 300; i++)
				r[i] = ldexp(r[i], -13);
			scaled = fit_of(300, specs[0], &series);
			different += memcmp(scaled.theta, fit.theta, sizeof(fit.theta)) != 0;
		}
	}
	check(different == 0, "the same digits in every unit: %d differ", different);
}

static bool
stop_at_once(void *arg)
{
	int *left = arg;

	return (*left)-- <= 0;
}

static void
test_stop(void)
{
	McGarchParameters truth = {0.05, 0.05, 0.08, 0, 0.88, INFINITY};
	UnitRandom random = {5};
	McGarchSeries series;
	McGarchFit fit;
	int stopped = 0;

	simulate_garch(&random, &truth, r, 500);
	mc_garch_prepare(r, 500, specs[0], z, &series, &fit.fit, NULL);
	for (int after = 0; after < 8; after++)
	{
		int left = after;
		McPoll poll = {stop_at_once, &left};

		stopped += mc_garch_fit(&series, &fit, &poll) == MC_STOPPED;
	}
	check(stopped == 8, "a fit stops at whatever evaluation it is asked to");
	for (int after = 0; after < 3; after++)
	{
		int left = after;
		McPoll poll = {stop_at_once, &left};

		stopped += mc_garch_prepare(r, 500, specs[0], z, &series, &fit.fit, &poll) == MC_STOPPED;
	}
	check(stopped == 11, "so does the preparation");
}

void
test_garch_fit(void)
{
	test_benchmark();
	test_backcast_benchmark();
	test_rating();
	test_simulated();
	test_scales();
	test_scales_of_noise();
	test_nasty();
	test_doubtful();
	test_stop();
}
