/*
 * test_garch_errors.c
 *	  Standard errors: the three rows of the benchmark, and second differences of the likelihood.
 */
#include <math.h>
#include <string.h>

#include <gsl/gsl_linalg.h>

#include "garch_cases.h"
#include "kernel/garch_errors.h"
#include "unit.h"

#define N 2000

static double r[N];
static double z[N];

static McGarchFit
fit_of(size_t n, McGarchSpec spec, McGarchSeries *series)
{
	McGarchFit fit;

	mc_garch_prepare(r, n, spec, z, series, &fit.fit, NULL);
	mc_garch_fit(series, &fit, NULL);
	return fit;
}

/* McCullough and Renfro 1999; more digits from a long double computation */
static void
test_benchmark(void)
{
	static const struct
	{
		McGarchErrorKind kind;
		const char *name;
		double mu, omega, alpha, beta;
	} rows[] = {
	    {MC_GARCH_HESSIAN_ERRORS, "Hessian", 0.0084621191, 0.0028527118, 0.0265228330,
	     0.0335526897},
	    {MC_GARCH_OPG_ERRORS, "OPG", 0.0084335932, 0.0013229751, 0.0139737921, 0.0165604027},
	    {MC_GARCH_QML_ERRORS, "QML", 0.0091893539, 0.0064931855, 0.0535317084, 0.0724614488}};
	McGarchSpec spec = {false, false, MC_GARCH_SAMPLE_VARIANCE};
	size_t n = unit_read_vector("dem2gbp_1974.csv", r, N);
	McGarchSeries series;
	McGarchFit fit;

	if (n == 0)
	{
		skip("no ../shared", "standard errors of the DEM/GBP benchmark");
		return;
	}
	fit = fit_of(n, spec, &series);
	for (int i = 0; i < 3; i++)
	{
		McGarchParameters e;

		mc_garch_errors(&series, &fit, rows[i].kind, &e, NULL);
		check_close(e.mu, rows[i].mu, 3e-7, "%s error of mu", rows[i].name);
		check_close(e.omega, rows[i].omega, 3e-7, "%s error of omega", rows[i].name);
		check_close(e.alpha, rows[i].alpha, 3e-7, "%s error of alpha", rows[i].name);
		check_close(e.beta, rows[i].beta, 3e-7, "%s error of beta", rows[i].name);
		check(isnan(e.gamma) && isnan(e.degrees_of_freedom), "%s: what is not free", rows[i].name);
	}
	spec.student = true;
	fit = fit_of(n, spec, &series);
	{
		McGarchParameters e;

		mc_garch_errors(&series, &fit, MC_GARCH_HESSIAN_ERRORS, &e, NULL);
		check_close(e.mu, 0.0069555271, 1e-6, "t: error of mu");
		check_close(e.omega, 0.0011669551, 3e-6, "t: error of omega");
		check_close(e.alpha, 0.0269589723, 1e-5, "t: error of alpha");
		check_close(e.beta, 0.0235180641, 1e-5, "t: error of beta");
		check_close(e.degrees_of_freedom, 0.4011851039, 1e-6, "t: error of the freedom");
	}
	spec.student = false;
	spec.asymmetric = true;
	fit = fit_of(n, spec, &series);
	{
		McGarchParameters e;

		mc_garch_errors(&series, &fit, MC_GARCH_HESSIAN_ERRORS, &e, NULL);
		check_close(e.mu, 0.0086254843, 1e-6, "GJR: error of mu");
		check_close(e.omega, 0.0030186654, 1e-6, "GJR: error of omega");
		check_close(e.alpha, 0.0277711502, 1e-6, "GJR: error of alpha");
		check_close(e.beta, 0.0348584362, 1e-6, "GJR: error of beta");
		check_close(e.gamma, 0.0289662848, 1e-6, "GJR: error of gamma");
	}
}

/* Minus the log-likelihood in the parameters of the model, in the units of the returns. */
static double
value_of(const McGarchSeries *s, const double *p)
{
	double scale = ldexp(1, s->exponent);
	double theta[MC_GARCH_DIM];
	double gradient[MC_GARCH_DIM];

	theta[MC_GARCH_MU] = (p[0] - ldexp(s->level, s->shift)) / scale;
	theta[MC_GARCH_OMEGA] = p[1] / (scale * scale);
	theta[MC_GARCH_RISE] = p[2];
	theta[MC_GARCH_FALL] = p[2] + p[3];
	theta[MC_GARCH_BETA] = p[4];
	theta[MC_GARCH_ETA] = 1 / p[5];
	return mc_garch_value(s, theta, gradient);
}

/* Cross differences of the value in the parameters themselves, steps of a hundredth of an error. */
static void
test_differences(void)
{
	McGarchParameters truth = {0.3, 0.1, 0.05, 0.10, 0.80, 6};
	McGarchSpec spec = {true, true, MC_GARCH_SAMPLE_VARIANCE};
	UnitRandom random = {12};
	McGarchSeries s;
	McGarchParameters e;
	McGarchFit fit;
	double p[6];
	double step[6];
	gsl_matrix *h = gsl_matrix_alloc(6, 6);

	simulate_garch(&random, &truth, r, N);
	fit = fit_of(N, spec, &s);
	check(fit.fit == MC_FIT_CONVERGED, "a GJR with t, all parameters inside");
	mc_garch_errors(&s, &fit, MC_GARCH_HESSIAN_ERRORS, &e, NULL);
	memcpy(p, &fit.parameters, sizeof(p));
	memcpy(step, &e, sizeof(step));
	for (int i = 0; i < 6; i++)
		for (int j = 0; j < 6; j++)
		{
			double sum = 0;

			for (int sign = 0; sign < 4; sign++)
			{
				double x[6];

				memcpy(x, p, sizeof(x));
				x[i] += (sign & 1 ? 0.01 : -0.01) * step[i];
				x[j] += (sign & 2 ? 0.01 : -0.01) * step[j];
				sum += (sign == 0 || sign == 3 ? 1 : -1) * value_of(&s, x);
			}
			gsl_matrix_set(h, (size_t) i, (size_t) j, sum / (4e-4 * step[i] * step[j]));
		}
	gsl_linalg_cholesky_decomp1(h);
	gsl_linalg_cholesky_invert(h);
	for (int i = 0; i < 6; i++)
		check_close(step[i], sqrt(gsl_matrix_get(h, (size_t) i, (size_t) i)), 1e-3,
		            "error of parameter %d by differences of the likelihood", i);
	gsl_matrix_free(h);
}

/* G^-1 and H^-1 G H^-1 written out; with a right model all three are alike */
static void
test_kinds(void)
{
	McGarchParameters truth = {0.01, 0.05, 0.08, 0.06, 0.84, 7};
	McGarchSpec spec = {true, true, MC_GARCH_BACKCAST};
	UnitRandom random = {13};
	McGarchSeries s;
	McGarchFit fit;
	double hessian[6];
	double opg[6];
	double qml[6];
	double g[MC_GARCH_DIM * MC_GARCH_DIM];
	gsl_matrix_view view = gsl_matrix_view_array(g, MC_GARCH_DIM, MC_GARCH_DIM);
	double eta;
	bool alike = true;

	simulate_garch(&random, &truth, r, N);
	fit = fit_of(N, spec, &s);
	mc_garch_errors(&s, &fit, MC_GARCH_HESSIAN_ERRORS, (McGarchParameters *) hessian, NULL);
	mc_garch_errors(&s, &fit, MC_GARCH_OPG_ERRORS, (McGarchParameters *) opg, NULL);
	mc_garch_errors(&s, &fit, MC_GARCH_QML_ERRORS, (McGarchParameters *) qml, NULL);
	for (int i = 0; i < 6; i++)
		alike = alike && opg[i] / hessian[i] > 0.7 && opg[i] / hessian[i] < 1.4 &&
		        qml[i] / hessian[i] > 0.7 && qml[i] / hessian[i] < 1.4 && opg[i] != hessian[i] &&
		        qml[i] != hessian[i];
	check(alike, "the three kinds are alike in a right model");
	mc_garch_information(&s, fit.theta, MC_GARCH_OPG, g, NULL);
	gsl_linalg_cholesky_decomp1(&view.matrix);
	gsl_linalg_cholesky_invert(&view.matrix);
	eta = fit.theta[MC_GARCH_ETA];
	check_close(opg[3],
	            sqrt(gsl_matrix_get(&view.matrix, MC_GARCH_FALL, MC_GARCH_FALL) +
	                 gsl_matrix_get(&view.matrix, MC_GARCH_RISE, MC_GARCH_RISE) -
	                 2 * gsl_matrix_get(&view.matrix, MC_GARCH_FALL, MC_GARCH_RISE)),
	            1e-9, "OPG error of gamma");
	check_close(opg[5], sqrt(gsl_matrix_get(&view.matrix, MC_GARCH_ETA, MC_GARCH_ETA)) / eta / eta,
	            1e-9, "OPG error of the freedom");
}

static bool
stop(void *arg)
{
	int *left = arg;

	return (*left)-- <= 0;
}

/* A parameter on a bound has no error, the others have. */
static void
test_bound(void)
{
	McGarchParameters truth = {0, 0.05, 0, 0.25, 0.80, INFINITY};
	McGarchSpec spec = {true, false, MC_GARCH_BACKCAST};
	UnitRandom random = {1};
	McGarchSeries s;
	McGarchParameters e;
	McGarchFit fit;
	int stopped = 0;

	/* the sign of a simulated reaction to rises is open: look for a series that puts it at 0 */
	do
	{
		simulate_garch(&random, &truth, r, 600);
		fit = fit_of(600, spec, &s);
	} while (!fit.held[MC_GARCH_RISE]);
	mc_garch_errors(&s, &fit, MC_GARCH_QML_ERRORS, &e, NULL);
	check(fit.fit == MC_FIT_BOUNDARY && isnan(e.alpha) && e.gamma > 0 && e.mu > 0 && e.omega > 0 &&
	          e.beta > 0,
	      "alpha at 0: errors of the others");
	mc_garch_errors(&s, &fit, MC_GARCH_NO_ERRORS, &e, NULL);
	check(isnan(e.mu) && isnan(e.beta), "none asked for");
	memset(fit.held, true, sizeof(fit.held));
	mc_garch_errors(&s, &fit, MC_GARCH_QML_ERRORS, &e, NULL);
	check(isnan(e.mu) && isnan(e.omega) && isnan(e.beta), "everything on a bound");
	memset(fit.held, false, sizeof(fit.held));
	mc_garch_errors(&s, &fit, MC_GARCH_OPG_ERRORS, &e, NULL);
	check(isnan(e.mu) && isnan(e.omega) && isnan(e.beta), "a matrix that cannot be inverted");
	for (int after = 0; after < 4; after++)
	{
		int left = after;
		McPoll poll = {stop, &left};

		stopped += mc_garch_errors(&s, &fit, MC_GARCH_QML_ERRORS, &e, &poll) == MC_STOPPED;
	}
	check(stopped == 4, "errors stop when asked to");
}

void
test_garch_errors(void)
{
	test_benchmark();
	test_differences();
	test_kinds();
	test_bound();
}
