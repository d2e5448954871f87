/*
 * garch.c
 *	  Fuzz target: GARCH fits and their errors: parameters inside their bounds, a likelihood that is none of a
 *	  start's, the same fit at another scale.
 */
#include "fuzz.h"
#include "kernel/garch_errors.h"
#include "kernel/garch_fit.h"

FUZZ_WITH_GSL

static void
check_parameters(const McGarchParameters *p, McGarchSpec spec)
{
	CHECK(isfinite(p->mu) && isfinite(p->omega) && isfinite(p->alpha) && isfinite(p->gamma) &&
	          isfinite(p->beta),
	      "%g %g %g %g %g", p->mu, p->omega, p->alpha, p->gamma, p->beta);
	CHECK(p->omega >= 0 && p->alpha >= 0 && p->alpha + p->gamma >= -1e-15 && p->beta >= 0 &&
	          p->beta <= 1,
	      "%g %g %g %g", p->omega, p->alpha, p->gamma, p->beta);
	CHECK(spec.asymmetric || p->gamma == 0, "gamma %g", p->gamma);
	CHECK(spec.student ? p->degrees_of_freedom > 2 : isinf(p->degrees_of_freedom), "%g degrees",
	      p->degrees_of_freedom);
}

static void
check_errors(const McGarchSeries *series, const McGarchFit *fit)
{
	for (int kind = MC_GARCH_HESSIAN_ERRORS; kind <= MC_GARCH_QML_ERRORS; kind++)
	{
		McGarchParameters e;
		double all[6];

		CHECK(mc_garch_errors(series, fit, (McGarchErrorKind) kind, &e, NULL) == MC_OK, "errors");
		memcpy(all, (double[]){e.mu, e.omega, e.alpha, e.gamma, e.beta, e.degrees_of_freedom},
		       sizeof(all));
		for (int i = 0; i < 6; i++)
			CHECK(isnan(all[i]) || all[i] >= 0, "error %d of kind %d: %g", i, kind, all[i]);
	}
}

static McGarchFit
check_fit(const double *r, size_t n, McGarchSpec spec, bool errors)
{
	double *z = array(n, sizeof(double));
	McGarchSeries series;
	McGarchFit fit = {.fit = MC_FIT_FAILED};

	CHECK(mc_garch_prepare(r, n, spec, z, &series, &fit.fit, NULL) == MC_OK, "prepare");
	CHECK((n < mc_garch_fewest(spec)) == (fit.fit == MC_FIT_TOO_FEW), "%zu returns: %s", n,
	      mc_fit_name(fit.fit));
	if (fit.fit == MC_FIT_CONVERGED)
		CHECK(mc_garch_fit(&series, &fit, NULL) == MC_OK, "fit");
	if (mc_fit_usable(fit.fit))
	{
		check_parameters(&fit.parameters, spec);
		CHECK(isfinite(fit.log_likelihood) && isfinite(fit.next_variance) && fit.next_variance >= 0,
		      "%g %g", fit.log_likelihood, fit.next_variance);
		for (int i = 0; i < MC_GARCH_STARTS; i++)
		{
			double theta[MC_GARCH_DIM];
			double gradient[MC_GARCH_DIM];
			double start;

			mc_garch_start(&series, i, theta);
			start = mc_garch_log_likelihood(&series, mc_garch_value(&series, theta, gradient));
			CHECK(!(start > fit.log_likelihood + 1e-9 * (1 + fabs(start))),
			      "%.17g below start %d: %.17g", fit.log_likelihood, i, start);
		}
		if (errors)
			check_errors(&series, &fit);
	}
	free(z);
	return fit;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Bytes b = {data, size};
	int kind = (int) take(&b, 1);
	int model = (int) take(&b, 1);
	McGarchSpec spec = {model & 1, model & 2,
	                    model & 4 ? MC_GARCH_SAMPLE_VARIANCE : MC_GARCH_BACKCAST};
	double *r = array(size, sizeof(double));
	size_t n = 0;
	McGarchFit fit;

	while (b.left > 0)
		r[n++] = take_finite(&b, kind);
	fit = check_fit(r, n, spec, model & 8);
	/* a power of two changes nothing but the exponent */
	if ((kind & 2) == 0 && mc_fit_usable(fit.fit))
	{
		McGarchFit scaled;

		for (size_t i = 0; i < n; i++)
			r[i] = ldexp(r[i], 40);
		scaled = check_fit(r, n, spec, false);
		CHECK(scaled.fit == fit.fit && memcmp(scaled.theta, fit.theta, sizeof(fit.theta)) == 0,
		      "another fit at another scale: %s %s", mc_fit_name(fit.fit), mc_fit_name(scaled.fit));
	}
	free(r);
	return 0;
}
