/*
 * test_gpd.c
 *	  Generalised Pareto fits beside published numbers, the likelihood by its definition, and limits.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_errno.h>

#include "kernel/gpd.h"
#include "unit.h"

#define MOST 6000

static double losses[MOST];
static double work[MOST];

static bool
stop_now(void *arg)
{
	return --*(int *) arg < 0;
}

/* sum of the log densities, by the definition */
static long double
log_likelihood(const double *y, size_t n, double shape, double scale)
{
	long double sum = 0;

	for (size_t i = 0; i < n; i++)
	{
		long double z = 1 + (long double) shape * y[i] / scale;

		if (z <= 0)
			return -INFINITY;
		sum -= logl(scale) +
		       (shape == 0 ? (long double) y[i] / scale : (1 + 1 / (long double) shape) * logl(z));
	}
	return sum;
}

/* excesses of the generalised Pareto law at plotting positions, in descending order */
static void
quantiles(double *y, size_t n, double shape, double scale)
{
	for (size_t i = 0; i < n; i++)
	{
		double p = ((double) i + 0.5) / (double) n; /* of a larger value */

		y[i] = scale * (shape == 0 ? -log(p) : (pow(p, -shape) - 1) / shape);
	}
}

static void
test_published(void)
{
	size_t n = unit_read_vector("danish_2167.csv", losses, MOST);
	McGpd m;
	size_t k;
	double var;
	double es;

	if (n == 0)
	{
		skip("no ../shared", "Danish fire losses (McNeil 1997)");
		return;
	}
	memcpy(work, losses, sizeof(work));
	mc_gpd_excesses(work, n, 10, &k, NULL);
	check(n == 2167 && k == 109, "exceedances of 10");
	mc_gpd_fit_likelihood(work, k, &m, NULL);
	check(m.fit == MC_FIT_CONVERGED, "Danish fire losses above 10: converged");
	check_close(m.shape, 0.496985802366, 1e-11, "shape");
	check_close(m.shape_error, 0.13628382, 1e-7, "its error");
	check_close(m.scale, 6.9754680479, 1e-10, "scale");
	check_close(m.scale_error, 1.11349061, 1e-8, "its error");
	check_close(m.log_likelihood, -374.8929902294, 1e-12, "log likelihood");
	mc_gpd_measures(&m, 10, 109.0 / 2167, 0.99, &var, &es);
	check_close(var, 27.2899874, 1e-8, "VaR at 99 %%");
	check_close(es, 58.2401005, 1e-8, "ES at 99 %%");
	mc_gpd_measures(&m, 10, 109.0 / 2167, 0.999, &var, &es);
	check_close(var, 94.33935205, 1e-9, "VaR at 99.9 %%");
	check_close(es, 191.5352738, 1e-9, "ES at 99.9 %%");
	mc_gpd_fit_moments(work, k, &m, NULL);
	check_close(m.shape, 0.5098093573, 1e-9, "shape by probability-weighted moments");
	check_close(m.scale, 6.9027547082, 1e-10, "scale by probability-weighted moments");
	check(isnan(m.shape_error) && isnan(m.scale_error), "no errors for a shape above 1/2");
	check_close(m.log_likelihood, (double) log_likelihood(work, k, m.shape, m.scale), 1e-13,
	            "its log likelihood");
	memcpy(work, losses, sizeof(work));
	mc_gpd_excesses(work, n, 20, &k, NULL);
	mc_gpd_fit_likelihood(work, k, &m, NULL);
	check_close(m.shape, 0.684152180587, 1e-11, "shape above 20");
	check_close(m.shape_error, 0.27507387, 1e-7, "its error");
	check_close(m.scale, 9.63513283644, 1e-11, "scale above 20");
}

/* Hull, Risk Management and Financial Institutions: the EVT example */
static void
test_hull(void)
{
	McGpd m = {MC_FIT_CONVERGED, 0.436, NAN, 32.532, NAN, NAN};
	double var;
	double es;

	check(mc_gpd_measures(&m, 160, 22.0 / 500, 0.99, &var, &es) == MC_OK, "Hull's example");
	check_close(var, 227.7393, 1e-6, "VaR at 99 %%");
	check_close(es, 337.7860, 1e-6, "ES at 99 %%");
	mc_gpd_measures(&m, 160, 22.0 / 500, 0.999, &var, NULL);
	check_close(var, 473.8662, 1e-6, "VaR at 99.9 %%");
}

static void
test_measures(void)
{
	McGpd m = {MC_FIT_CONVERGED, 0, NAN, 2, NAN, NAN};
	double var;
	double es;

	mc_gpd_measures(&m, 5, 0.1, 0.99, &var, &es);
	check_close(var, 5 + 2 * log(10), 1e-14, "VaR of the exponential law");
	check_close(es, 7 + 2 * log(10), 1e-14, "ES of the exponential law");
	check(mc_gpd_measures(&m, 5, 0.05, 0.95, &var, &es) == MC_OK,
	      "a level at the threshold counts");
	check(var == 5 && es == 7, "and is the threshold");
	check(mc_gpd_measures(&m, 5, 0.05, 0.9, &var, &es) == MC_TOO_FEW,
	      "below the threshold: nothing");
	m.shape = 1;
	check(mc_gpd_measures(&m, 5, 0.1, 0.99, &var, &es) == MC_OK && isinf(es), "ES without a mean");
	check_close(var, 5 + 2 * 9, 1e-13, "VaR without a mean");
	m.shape = -0.5;
	mc_gpd_measures(&m, 5, 0.1, 0.975, &var, &es);
	check_close(var, 5 + 4 * (1 - 0.5), 1e-14, "VaR of a law with an end");
	check_close(es, 7 + (2 - 0.5 * 2) / 1.5, 1e-14, "ES of a law with an end");
	m.shape = 300;
	check(mc_gpd_measures(&m, 5, 1, 1 - 1e-10, &var, NULL) == MC_OVERFLOW, "beyond a double");
	m.shape = 0.5;
	m.scale = DBL_MAX;
	check(mc_gpd_measures(&m, 0, 0.01, 0.99, &var, &es) == MC_OVERFLOW, "an ES beyond a double");
}

/* The fit maximises the likelihood: no neighbour is better, and derivatives give the errors. */
static void
check_maximum(const double *y, size_t n, const char *name)
{
	const double steps[][2] = {{1, 0},  {-1, 0}, {0, 1}, {0, -1},
	                           {1, -1}, {-1, 1}, {1, 1}, {-1, -1}};
	McGpd m;
	bool higher = false;
	double h = 1e-4;
	double hs;
	double a;
	double b;
	double c;
	long double top;

	mc_gpd_fit_likelihood(y, n, &m, NULL);
	check(m.fit == MC_FIT_CONVERGED, "%s: converged, shape %.3g", name, m.shape);
	top = log_likelihood(y, n, m.shape, m.scale);
	check_close(m.log_likelihood, (double) top, 1e-12, "%s: log likelihood", name);
	for (int i = 0; i < 8; i++)
		for (double d = 1e-5; d < 0.5; d *= 3)
			higher |= log_likelihood(y, n, m.shape + d * steps[i][0],
			                         m.scale * (1 + d * steps[i][1])) > top;
	check(!higher, "%s: no better point around", name);
	if (m.shape <= -0.5)
	{
		check(isnan(m.shape_error) && isnan(m.scale_error), "%s: no errors", name);
		return;
	}
	hs = h * m.scale;
	a = (double) (2 * top - log_likelihood(y, n, m.shape + h, m.scale) -
	              log_likelihood(y, n, m.shape - h, m.scale)) /
	    h / h;
	b = (double) (2 * top - log_likelihood(y, n, m.shape, m.scale + hs) -
	              log_likelihood(y, n, m.shape, m.scale - hs)) /
	    hs / hs;
	c = (double) (log_likelihood(y, n, m.shape + h, m.scale - hs) +
	              log_likelihood(y, n, m.shape - h, m.scale + hs) -
	              log_likelihood(y, n, m.shape + h, m.scale + hs) -
	              log_likelihood(y, n, m.shape - h, m.scale - hs)) /
	    4 / h / hs;
	check_close(m.shape_error, sqrt(b / (a * b - c * c)), 2e-3, "%s: error of the shape", name);
	check_close(m.scale_error, sqrt(a / (a * b - c * c)), 2e-3, "%s: error of the scale", name);
}

static void
test_shapes(void)
{
	const double shapes[] = {-0.7, -0.55, -0.4, -0.1, 0, 0.1, 0.5, 1, 2.5};
	McGpd m;
	McGpd scaled;

	for (int i = 0; i < 9; i++)
	{
		char name[40] = "quantiles of shape ";

		name[19] = (char) ('0' + i);
		quantiles(work, 400, shapes[i], 3);
		check_maximum(work, 400, name);
		mc_gpd_fit_likelihood(work, 400, &m, NULL);
		check(fabs(m.shape - shapes[i]) < 0.1 && fabs(m.scale / 3 - 1) < 0.1, "%s: near the law",
		      name);
		for (int j = 0; j < 400; j++)
			losses[j] = work[j] * 0x1p-40;
		mc_gpd_fit_likelihood(losses, 400, &scaled, NULL);
		check(scaled.shape == m.shape && scaled.scale == m.scale * 0x1p-40 &&
		          (scaled.scale_error == m.scale_error * 0x1p-40 || isnan(m.scale_error)),
		      "%s: the unit does not matter", name);
	}
	for (int i = 0; i < 9; i++)
	{
		char name[40] = "6000 quantiles, shape ";

		name[22] = (char) ('0' + i);
		quantiles(work, MOST, shapes[i], 3);
		check_maximum(work, MOST, name);
	}
	for (double scale = 1e-300; scale < 1e301; scale *= 1e300)
	{
		quantiles(work, 50, 0.3, scale);
		mc_gpd_fit_likelihood(work, 50, &m, NULL);
		check(m.fit == MC_FIT_CONVERGED && fabs(m.scale / scale - 1) < 0.2, "scale %g", scale);
		mc_gpd_fit_moments(work, 50, &m, NULL);
		check(m.fit == MC_FIT_CONVERGED && fabs(m.scale / scale - 1) < 0.2, "moments, scale %g",
		      scale);
	}
}

static void
test_moments(void)
{
	double y[] = {9, 4, 3, 2, 1, 1};
	double past_end[] = {11, 9, 6, 4, 4, 4};
	double a0 = 20.0 / 6;
	double a1 = (9 * 0.35 + 4 * 1.35 + 3 * 2.35 + 2 * 3.35 + 4.35 + 5.35) / 36;
	double k = 2 - a0 / (a0 - 2 * a1);
	double s = 2 * a0 * a1 / (a0 - 2 * a1);
	double d = 6 * (1 - 2 * k) * (3 - 2 * k);
	McGpd m;

	check(mc_gpd_fit_moments(y, 6, &m, NULL) == MC_OK && m.fit == MC_FIT_CONVERGED,
	      "moments by hand");
	check_close(m.shape, k, 1e-14, "shape");
	check_close(m.scale, s, 1e-14, "scale");
	check_close(m.shape_error, sqrt((1 - k) * (1 - k + 2 * k * k) * (2 - k) * (2 - k) / d), 1e-14,
	            "error of the shape");
	check_close(m.scale_error, s * sqrt((7 - 18 * k + 11 * k * k - 2 * k * k * k) / d), 1e-14,
	            "error of the scale");
	check_close(m.log_likelihood, (double) log_likelihood(y, 6, k, s), 1e-14, "log likelihood");
	mc_gpd_fit_moments(past_end, 6, &m, NULL);
	check(m.fit == MC_FIT_CONVERGED && 1 + m.shape * 11 / m.scale < 0 && isnan(m.log_likelihood),
	      "no likelihood when an excess lies beyond the end");
}

static void
test_degenerate(void)
{
	double y[] = {5, 4.99, 4.98, 4.97, 4.96, 4.95};
	double same[] = {2, 2, 2, 2, 2, 2};
	double huge[] = {INFINITY, 4, 3, 2, 1, 1};
	double some[] = {3, -1, 7, 5, 5, 2};
	McGpd m;
	size_t k;
	int patience = 3;
	McPoll poll = {stop_now, &patience};

	for (size_t n = 0; n < 5; n++)
	{
		check(mc_gpd_fit_likelihood(y, n, &m, NULL) == MC_OK && m.fit == MC_FIT_TOO_FEW &&
		          isnan(m.shape),
		      "%zu excesses are too few", n);
		check(mc_gpd_fit_moments(y, n, &m, NULL) == MC_OK && m.fit == MC_FIT_TOO_FEW,
		      "and for moments");
	}
	check(mc_gpd_fit_likelihood(same, 6, &m, NULL) == MC_OK && m.fit == MC_FIT_CONSTANT,
	      "equal excesses");
	check(mc_gpd_fit_moments(same, 6, &m, NULL) == MC_OK && m.fit == MC_FIT_CONSTANT,
	      "equal excesses, moments");
	same[0] = 3;
	mc_gpd_fit_likelihood(same, 6, &m, NULL);
	check(m.fit != MC_FIT_CONSTANT, "one above equal excesses is a variation");
	check(mc_gpd_fit_likelihood(huge, 6, &m, NULL) == MC_OK && m.fit == MC_FIT_FAILED,
	      "an infinite excess");
	mc_gpd_fit_likelihood(y, 6, &m, NULL);
	check(m.fit == MC_FIT_BOUNDARY && m.shape == -1 && m.scale == 5 && isnan(m.shape_error),
	      "uniform beyond a gap: the boundary");
	check_close(m.log_likelihood, -6 * log(5), 1e-15, "its log likelihood");
	mc_gpd_fit_likelihood(y, 5, &m, NULL);
	check(m.fit == MC_FIT_BOUNDARY, "five excesses are enough");
	check(mc_gpd_excesses(some, 6, 2, &k, NULL) == MC_OK && k == 4 && some[0] == 5 &&
	          some[1] == 3 && some[2] == 3 && some[3] == 1,
	      "excesses are strictly above the threshold, in descending order");
	check(mc_gpd_excesses(some, 0, 2, &k, NULL) == MC_OK && k == 0, "no losses");
	quantiles(work, 100, 0.2, 1);
	check(mc_gpd_fit_likelihood(work, 100, &m, &poll) == MC_STOPPED, "a poll stops the fit");
	patience = 70;
	check(mc_gpd_fit_likelihood(work, 100, &m, &poll) == MC_STOPPED, "also late");
	patience = 0;
	check(mc_gpd_fit_moments(work, 100, &m, &poll) == MC_STOPPED, "and that by moments");
}

/* Five to thirty random excesses of every shape: never worse than the best point of a fine grid. */
static void
test_global(void)
{
	UnitRandom random = {7};
	int worse = 0;

	for (size_t trial = 0; trial < unit_repeats(150, 30); trial++)
	{
		double y[30];
		size_t n = 5 + (size_t) (25 * unit_uniform(&random));
		double shape = 4 * unit_uniform(&random) - 1;
		double best;
		McGpd m;

		for (size_t i = 0; i < n; i++)
			y[i] = (pow(unit_uniform(&random), -shape) - 1) / shape + 1e-9;
		for (size_t i = 1; i < n; i++)
			for (size_t j = i; j > 0 && y[j] > y[j - 1]; j--)
			{
				double t = y[j];

				y[j] = y[j - 1];
				y[j - 1] = t;
			}
		mc_gpd_fit_likelihood(y, n, &m, NULL);
		best = -(double) n * log(y[0]);
		for (double u = -13; u < 25; u += 0.01)
		{
			double theta = expm1(u) / y[0];
			double k = 0;

			for (size_t i = 0; i < n; i++)
				k += log1p(theta * y[i]) / (double) n;
			/* local maxima only: the grid may rise towards the edge of the shapes */
			if (k > -1 + 1e-3 && fabs(theta) > 0 && m.shape > -1)
				best = fmax(best, -(double) n * (log(k / theta) + k + 1));
		}
		worse += m.log_likelihood < best - 1e-9 * fabs(best) && m.shape > -0.9;
	}
	check(worse == 0, "small samples: the best point of a grid is not better");
}

/* At the end of a law with a largest loss VaR and ES meet, to rounding. */
static void
test_end(void)
{
	int below = 0;

	for (int i = 0; i < 2000; i++)
	{
		McGpd m = {MC_FIT_CONVERGED, -0.1 - i * 4e-4, NAN, 1 + i * 0.013, NAN, 0};
		double var;
		double es;

		mc_gpd_measures(&m, 1, 0.1, 1 - 1e-14, &var, &es);
		below += !(es >= var);
	}
	check(below == 0, "ES is never below VaR (%d were)", below);
}

void
test_gpd(void)
{
	gsl_set_error_handler_off();
	test_published();
	test_hull();
	test_measures();
	test_shapes();
	test_moments();
	test_degenerate();
	test_global();
	test_end();
}
