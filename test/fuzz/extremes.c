/*
 * extremes.c
 *	  Fuzz target: laws of extremes (GPD by likelihood and moments, GEV) and Student's t: likelihoods
 *	  in long double, which no law nearby and none of the simple ones may beat, and measures of the tail.
 */
#include "fuzz.h"
#include "kernel/gev.h"
#include "kernel/gpd.h"
#include "kernel/student_t_fit.h"

FUZZ_WITH_GSL

#define SLACK 1e-7L

static long double
gpd_likelihood(const double *y, size_t n, long double shape, long double scale)
{
	long double sum = -(long double) n * logl(scale);

	for (size_t i = 0; i < n; i++)
	{
		long double w = shape * y[i] / scale;

		if (1 + w <= 0)
			return -INFINITY;
		sum -= shape == 0 ? y[i] / scale : (1 + 1 / shape) * log1pl(w);
	}
	return sum;
}

static void
check_gpd(const McGpd *g, const double *y, size_t n, bool mild)
{
	CHECK((g->fit == MC_FIT_TOO_FEW) == (n < MC_GPD_MIN_EXCEEDANCES), "%zu: %s", n,
	      mc_fit_name(g->fit));
	if (!mc_fit_usable(g->fit))
		return;
	CHECK(isfinite(g->shape) && isfinite(g->scale) && g->scale > 0, "%g %g", g->shape, g->scale);
	CHECK(isnan(g->shape_error) || (isfinite(g->shape_error) && g->shape_error >= 0), "%g",
	      g->shape_error);
	CHECK(isnan(g->scale_error) || (isfinite(g->scale_error) && g->scale_error >= 0), "%g",
	      g->scale_error);
	CHECK(!isinf(g->log_likelihood), "%g", g->log_likelihood);
	for (int i = 0; i < 4; i++)
	{
		double confidence = (double[]){0.5, 0.95, 0.999, 1 - 1e-12}[i];
		double var = NAN;
		double es = NAN;

		if (mc_gpd_measures(g, 1, 0.1, confidence, &var, &es) != MC_OK)
			continue;
		CHECK(isfinite(var) && !isnan(es) && es >= var, "%g: %.17g %.17g", confidence, var, es);
		CHECK(isinf(es) == (g->shape >= 1), "shape %g: %g", g->shape, es);
	}
	if (mild && g->fit != MC_FIT_BOUNDARY && !isnan(g->log_likelihood))
	{
		long double own = gpd_likelihood(y, n, g->shape, g->scale);

		CHECK(close_to(g->log_likelihood, own, 1 + fabsl(own), 1e-9), "%.17g, %.17Lg",
		      g->log_likelihood, own);
	}
}

/* Exponential and uniform laws are in the family; and so are the neighbours. */
static void
check_best_gpd(const McGpd *g, const double *y, size_t n)
{
	long double mean = 0;
	long double slack = SLACK * (1 + fabsl((long double) g->log_likelihood));

	if (g->fit == MC_FIT_ITERATIONS || !mc_fit_usable(g->fit))
		return;
	for (size_t i = 0; i < n; i++)
		mean += (long double) y[i] / n;
	CHECK(g->log_likelihood >= gpd_likelihood(y, n, 0, mean) - slack,
	      "the exponential law is better");
	CHECK(g->log_likelihood >= -(long double) n * logl(y[0]) - slack, "the uniform law is better");
	if (g->fit != MC_FIT_CONVERGED)
		return;
	for (int i = 0; i < 4; i++)
	{
		long double shape = g->shape + (i & 1 ? 0.01L : -0.01L);
		long double scale = g->scale * (i & 2 ? 1.01L : 0.99L);

		CHECK(shape < -1 || g->log_likelihood >= gpd_likelihood(y, n, shape, scale) - slack,
		      "a neighbour is better: %.17g, %.17Lg", g->log_likelihood,
		      gpd_likelihood(y, n, shape, scale));
	}
}

static long double
gev_likelihood(const double *x, size_t n, long double location, long double scale,
               long double shape)
{
	long double sum = -(long double) n * logl(scale);

	for (size_t i = 0; i < n; i++)
	{
		long double w = (x[i] - location) / scale;
		long double t = shape == 0 ? w : log1pl(shape * w) / shape;

		if (1 + shape * w <= 0)
			return -INFINITY;
		sum -= (1 + shape) * t + expl(-t);
	}
	return sum;
}

static void
check_gev(const double *x, size_t n, bool mild)
{
	double *work = array(n, sizeof(double));
	McGev g;
	double level;

	CHECK(mc_gev_fit(x, n, work, &g, NULL) == MC_OK, "gev");
	CHECK((g.fit == MC_FIT_TOO_FEW) == (n < MC_GEV_MIN_MAXIMA), "%zu: %s", n, mc_fit_name(g.fit));
	if (mc_fit_usable(g.fit))
	{
		CHECK(isfinite(g.location) && isfinite(g.shape) && isfinite(g.scale) && g.scale > 0 &&
		          g.shape >= -1 && g.shape <= 5,
		      "%g %g %g", g.location, g.scale, g.shape);
		CHECK(!isinf(g.location_error) && !isinf(g.scale_error) && !isinf(g.shape_error) &&
		          isfinite(g.log_likelihood),
		      "%g %g %g %g", g.location_error, g.scale_error, g.shape_error, g.log_likelihood);
		CHECK(mc_gev_return_level(&g, 1.5, &level) != MC_OK || isfinite(level), "level");
		CHECK(mc_gev_return_level(&g, 1e300, &level) != MC_OK || isfinite(level), "level");
	}
	if (mild && g.fit == MC_FIT_CONVERGED)
	{
		long double slack = SLACK * (1 + fabsl((long double) g.log_likelihood));

		for (int i = 0; i < 8; i++)
		{
			long double near = gev_likelihood(x, n, g.location + (i & 1 ? 1e-4L : -1e-4L) * g.scale,
			                                  g.scale * (i & 2 ? 1.0001L : 0.9999L),
			                                  g.shape + (i & 4 ? 1e-4L : -1e-4L));

			CHECK(g.log_likelihood >= near - slack, "a neighbour is better: %.17g, %.17Lg",
			      g.log_likelihood, near);
		}
	}
	free(work);
}

static long double
student_likelihood(const double *x, size_t n, long double m, long double s, long double nu)
{
	long double sum =
	    n * (lgammal((nu + 1) / 2) - lgammal(nu / 2) - logl(nu * acosl(-1)) / 2 - logl(s));

	for (size_t i = 0; i < n; i++)
		sum -= (nu + 1) / 2 * log1pl((x[i] - m) / s * ((x[i] - m) / s) / nu);
	return sum;
}

static void
check_student(const double *x, size_t n, double given, bool mild)
{
	double *work = array(n, sizeof(double));
	McStudentT t;

	CHECK(mc_student_t_fit(x, n, given, work, &t, NULL) == MC_OK, "student");
	if (mc_fit_usable(t.fit))
	{
		CHECK(isfinite(t.location) && isfinite(t.scale) && t.scale > 0 &&
		          isfinite(t.log_likelihood),
		      "%g %g %g", t.location, t.scale, t.log_likelihood);
		CHECK(t.location >= x[n - 1] && t.location <= x[0], "location %g", t.location);
		CHECK(t.degrees_of_freedom >= 1 && !isnan(t.degrees_of_freedom) &&
		          (given == 0 || t.degrees_of_freedom == given),
		      "%g degrees", t.degrees_of_freedom);
	}
	if (mild && mc_fit_usable(t.fit) && t.fit != MC_FIT_ITERATIONS &&
	    isfinite(t.degrees_of_freedom))
	{
		long double slack = SLACK * (1 + fabsl((long double) t.log_likelihood));

		for (int i = 0; i < 5; i++)
		{
			static const double moves[][2] = {{0, 0}, {1e-3, 0}, {-1e-3, 0}, {0, 1e-3}, {0, -1e-3}};
			long double near =
			    student_likelihood(x, n, t.location + moves[i][0] * t.scale,
			                       t.scale * (1 + (long double) moves[i][1]), t.degrees_of_freedom);

			CHECK(t.log_likelihood >= near - slack, "neighbour %d is better: %.17g, %.17Lg", i,
			      t.log_likelihood, near);
			CHECK(i > 0 || t.log_likelihood <= near + slack, "%.17g is not %.17Lg",
			      t.log_likelihood, near);
		}
	}
	free(work);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Bytes b = {data, size};
	int kind = (int) take(&b, 1);
	bool mild = !(kind & 2);
	double threshold = take_finite(&b, kind & 1);
	double *x = array(size, sizeof(double));
	double *y;
	size_t n = 0;
	size_t exceedances;
	McGpd gpd;

	while (b.left > 0)
		x[n++] = take_finite(&b, kind) + 0.0;
	y = array(n, sizeof(double));
	memcpy(y, x, n * sizeof(double));
	qsort(x, n, sizeof(double), descending);
	CHECK(mc_gpd_excesses(y, n, threshold, &exceedances, NULL) == MC_OK, "excesses");
	for (size_t i = 0; i < exceedances; i++)
		CHECK(y[i] > 0 && (i == 0 || y[i] <= y[i - 1]), "excess %zu: %g", i, y[i]);
	CHECK(exceedances == n || x[exceedances] <= threshold, "%zu exceedances", exceedances);
	for (size_t i = 0; i < exceedances; i++)
		if (!isfinite(y[i]))
			goto not_in_range;
	CHECK(mc_gpd_fit_likelihood(y, exceedances, &gpd, NULL) == MC_OK, "likelihood");
	check_gpd(&gpd, y, exceedances, mild);
	if (mild)
		check_best_gpd(&gpd, y, exceedances);
	CHECK(mc_gpd_fit_moments(y, exceedances, &gpd, NULL) == MC_OK, "moments");
	check_gpd(&gpd, y, exceedances, mild);
not_in_range:
	check_gev(x, n, mild);
	check_student(x, n, kind & 4 ? 0 : kind & 8 ? 3 : INFINITY, mild);
	free(x);
	free(y);
	return 0;
}
