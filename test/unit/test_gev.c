/*
 * test_gev.c
 *	  Fits of extreme value laws beside the likelihood by its definition, symmetries and limits.
 *	  Published numbers stand in test/oracle/evt.py.
 */
#include <float.h>
#include <math.h>

#include <gsl/gsl_errno.h>

#include "kernel/gev.h"
#include "unit.h"

#define MOST 500

static double x[MOST];
static double y[MOST];
static double work[MOST];

static bool
stop_now(void *arg)
{
	return --*(int *) arg < 0;
}

static long double
log_likelihood(const double *v, size_t n, double location, double scale, double shape)
{
	long double sum = 0;

	for (size_t i = 0; i < n; i++)
	{
		long double w = ((long double) v[i] - location) / scale;
		long double z = 1 + shape * w;
		long double phi = shape == 0 ? w : logl(z) / shape;

		if (z <= 0)
			return -INFINITY;
		sum -= logl(scale) + (1 + shape) * phi + expl(-phi);
	}
	return sum;
}

/* the law at plotting positions, in descending order */
static void
quantiles(double *v, size_t n, double location, double scale, double shape)
{
	for (size_t i = 0; i < n; i++)
	{
		double q = -log1p(-((double) i + 0.5) / (double) n);

		v[i] = location + scale * (shape == 0 ? -log(q) : (pow(q, -shape) - 1) / shape);
	}
}

static void
sort_descending(double *v, size_t n)
{
	for (size_t i = 1; i < n; i++)
		for (size_t j = i; j > 0 && v[j] > v[j - 1]; j--)
		{
			double t = v[j];

			v[j] = v[j - 1];
			v[j - 1] = t;
		}
}

/* the second derivatives by differences, inverted by hand */
static void
check_errors(const double *v, size_t n, const McGev *m, const char *name)
{
	double p[3] = {m->location, m->scale, m->shape};
	double unit[3] = {m->scale, m->scale, 1};
	double h[3][3];
	double d = 1e-4;
	double determinant;

	for (int i = 0; i < 3; i++)
		for (int j = 0; j < 3; j++)
		{
			long double sum = 0;

			for (int s = -1; s <= 1; s += 2)
				for (int t = -1; t <= 1; t += 2)
				{
					double q[3] = {p[0], p[1], p[2]};

					q[i] += s * d * unit[i];
					q[j] += t * d * unit[j];
					sum += s * t * log_likelihood(v, n, q[0], q[1], q[2]);
				}
			h[i][j] = (double) (-sum / 4 / d / d);
		}
	determinant = h[0][0] * (h[1][1] * h[2][2] - h[1][2] * h[1][2]) -
	              h[0][1] * (h[0][1] * h[2][2] - h[1][2] * h[0][2]) +
	              h[0][2] * (h[0][1] * h[1][2] - h[1][1] * h[0][2]);
	check_close(m->location_error,
	            m->scale * sqrt((h[1][1] * h[2][2] - h[1][2] * h[1][2]) / determinant), 1e-3,
	            "%s: error of the location", name);
	check_close(m->scale_error,
	            m->scale * sqrt((h[0][0] * h[2][2] - h[0][2] * h[0][2]) / determinant), 1e-3,
	            "%s: error of the scale", name);
	check_close(m->shape_error, sqrt((h[0][0] * h[1][1] - h[0][1] * h[0][1]) / determinant), 1e-3,
	            "%s: error of the shape", name);
}

static void
check_maximum(const double *v, size_t n, const char *name)
{
	McGev m;
	long double top;
	bool higher = false;

	mc_gev_fit(v, n, work, &m, NULL);
	check(m.fit == MC_FIT_CONVERGED, "%s: converged, shape %.3g", name, m.shape);
	top = log_likelihood(v, n, m.location, m.scale, m.shape);
	check_close(m.log_likelihood, (double) top, 1e-12, "%s: log likelihood", name);
	for (int i = -1; i <= 1; i++)
		for (int j = -1; j <= 1; j++)
			for (int k = -1; k <= 1; k++)
				for (double d = 1e-6; d < 0.3; d *= 3)
					higher |= log_likelihood(v, n, m.location + i * d * m.scale,
					                         m.scale * (1 + j * d), m.shape + k * d) > top + 1e-11;
	check(!higher, "%s: no better point around", name);
	if (m.shape > -0.5)
		check_errors(v, n, &m, name);
	else
		check(isnan(m.location_error) && isnan(m.scale_error) && isnan(m.shape_error),
		      "%s: no errors", name);
}

static void
test_shapes(void)
{
	const double shapes[] = {-0.65, -0.4, -0.1, 0, 0.1, 0.4, 0.9, 2};
	McGev m;
	McGev moved;

	for (int i = 0; i < 8; i++)
	{
		char name[40] = "quantiles of shape ";

		name[19] = (char) ('0' + i);
		quantiles(x, MOST, 0.5, 2, shapes[i]);
		check_maximum(x, MOST, name);
		mc_gev_fit(x, MOST, work, &m, NULL);
		check(fabs(m.shape - shapes[i]) < 0.1 && fabs(m.scale / 2 - 1) < 0.1 &&
		          fabs(m.location - 0.5) < 0.1,
		      "%s: near the law", name);
		for (int j = 0; j < MOST; j++)
			y[j] = 1e6 + x[j] * 1e-3;
		mc_gev_fit(y, MOST, work, &moved, NULL);
		check(fabs(moved.shape - m.shape) < 1e-6 && fabs(moved.scale / m.scale * 1e3 - 1) < 1e-6 &&
		          fabs(moved.location - 1e6 - m.location * 1e-3) < 1e-8,
		      "%s: unit and level do not matter", name);
	}
	for (double scale = 1e-300; scale < 1e301; scale *= 1e300)
	{
		quantiles(x, 60, scale, scale, 0.2);
		mc_gev_fit(x, 60, work, &m, NULL);
		check(m.fit == MC_FIT_CONVERGED && fabs(m.scale / scale - 1) < 0.2 &&
		          fabs(m.location / scale - 1) < 0.1,
		      "scale %g", scale);
	}
}

/* Bounded maxima, whose moments may ask for a support that ends below the largest: the fit's does not. */
static void
test_support(void)
{
	UnitRandom random = {6};
	int outside = 0;

	for (size_t trial = 0; trial < unit_repeats(1000, 200); trial++)
	{
		size_t n = 5 + (size_t) (15 * unit_uniform(&random));
		double shape = -0.5 - 1.5 * unit_uniform(&random);
		McGev m;

		for (size_t i = 0; i < n; i++)
			x[i] = (pow(-log(unit_uniform(&random)), -shape) - 1) / shape;
		sort_descending(x, n);
		mc_gev_fit(x, n, work, &m, NULL);
		outside += mc_fit_usable(m.fit) && !(1 + m.shape * (x[0] - m.location) / m.scale > -1e-12);
	}
	check(outside == 0, "every maximum is within the support of the fit (%d are not)", outside);
}

/*
 * Small samples of everything: local maxima need not be there, nor be global, but with 30 maxima of a
 * moderate shape no point of a grid is better.
 */
static void
test_random(void)
{
	UnitRandom random = {5};
	int wrong = 0;
	int worse = 0;

	for (size_t trial = 0; trial < unit_repeats(200, 40); trial++)
	{
		size_t n = trial % 2 ? 30 : 5 + (size_t) (20 * unit_uniform(&random));
		double shape = 1.2 * unit_uniform(&random) - 0.4;
		McGev m;

		for (size_t i = 0; i < n; i++)
			x[i] = (pow(-log(unit_uniform(&random)), -shape) - 1) / shape;
		sort_descending(x, n);
		mc_gev_fit(x, n, work, &m, NULL);
		wrong +=
		    m.fit == MC_FIT_FAILED ? n == 30 || !isnan(m.shape) : !(m.shape >= -1 && m.scale > 0);
		wrong += m.fit != MC_FIT_FAILED && m.fit != MC_FIT_CONVERGED && m.fit != MC_FIT_BOUNDARY;
		for (double k = -0.85; k < 1.6 && n == 30; k += 0.15)
			for (double l = -1; l < 1; l += 0.25)
				for (double s = 0.25; s < 4; s *= 1.4)
					worse += log_likelihood(x, n, l, s, k) > m.log_likelihood + 1e-9;
	}
	check(wrong == 0, "small samples: a fit, or with few maxima perhaps none");
	check(worse == 0, "100 samples of 30: no point of a grid is better, %d", worse);
}

static void
test_degenerate(void)
{
	double v[] = {5, 4.99, 4.98, 4.97, 4.96, 1};
	double same[] = {2, 2, 2, 2, 2, 2};
	double wide[] = {DBL_MAX, 4, 3, 2, 1, -DBL_MAX};
	McGev m;
	int patience = 2;
	McPoll poll = {stop_now, &patience};

	for (size_t n = 0; n < 5; n++)
		check(mc_gev_fit(v, n, work, &m, NULL) == MC_OK && m.fit == MC_FIT_TOO_FEW &&
		          isnan(m.shape),
		      "%zu maxima are too few", n);
	check(mc_gev_fit(same, 6, work, &m, NULL) == MC_OK && m.fit == MC_FIT_CONSTANT &&
	          isnan(m.scale),
	      "equal maxima");
	check(mc_gev_fit(wide, 6, work, &m, NULL) == MC_OK && m.fit == MC_FIT_FAILED && isnan(m.shape),
	      "a range beyond a double");
	mc_gev_fit(v, 6, work, &m, NULL);
	check(m.fit == MC_FIT_BOUNDARY && m.shape == -1 && isnan(m.shape_error),
	      "maxima that crowd at their end: the boundary");
	check_close(m.scale, (0.01 + 0.02 + 0.03 + 0.04 + 4) / 6, 1e-14,
	            "its scale is the mean distance to the end");
	check_close(m.location + m.scale, 5, 1e-15, "its end is the largest");
	check_close(m.log_likelihood, -6 * (log(m.scale) + 1), 1e-14, "its log likelihood");
	quantiles(x, 5, 0, 1, 0.1);
	mc_gev_fit(x, 5, work, &m, NULL);
	check(m.fit == MC_FIT_CONVERGED, "five maxima are enough");
	check(mc_gev_fit(x, 5, work, &m, &poll) == MC_STOPPED, "a poll stops the fit");
}

static void
test_return_level(void)
{
	McGev m = {MC_FIT_CONVERGED, 1, NAN, 2, NAN, 0.5, NAN, NAN};
	double level;

	mc_gev_return_level(&m, 20, &level);
	check_close(level, 1 + 2 / 0.5 * (pow(-log(0.95), -0.5) - 1), 1e-14,
	            "return level of 20 blocks");
	m.shape = 0;
	mc_gev_return_level(&m, 20, &level);
	check_close(level, 1 - 2 * log(-log(0.95)), 1e-14, "of a Gumbel law");
	m.shape = 400;
	check(mc_gev_return_level(&m, 20, &level) == MC_OVERFLOW, "beyond a double");
}

/* The scale of maxima a few denormal numbers apart is none. */
static void
test_denormal(void)
{
	const double x[] = {5e-324, 0, 0, 0, 0, 0, 0};
	double work[7];
	McGev m;

	mc_gev_fit(x, 7, work, &m, NULL);
	check((m.fit == MC_FIT_FAILED || (isfinite(m.location) && m.scale > 0)),
	      "denormal maxima: %s, scale %g", mc_fit_name(m.fit), m.scale);
}

void
test_gev(void)
{
	gsl_set_error_handler_off();
	test_shapes();
	test_support();
	test_random();
	test_degenerate();
	test_return_level();
	test_denormal();
}
