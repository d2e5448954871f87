/*
 * smile_measures.c
 *	  What a smile says in single numbers: the fair variance of a variance swap, the strike of a delta.
 */
#include "smile_measures.h"

#include <math.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_integration.h>
#include <gsl/gsl_roots.h>
#include <gsl/gsl_sf_erf.h>

#define TAILS 13       /* standard deviations to integrate over: phi(13) is 8e-38 */
#define EDGES 8        /* of the pieces of the integral */
#define INTERVALS 200  /* bisections in a piece */
#define ITERATIONS 300 /* of a root */
#define ROOT_2PI 2.5066282746310005024

/*
 * w(k) <= bound_intercept + slope |k| for every k, with the slope of the wing on that side.
 */
static double
bound_intercept(const McSvi *s)
{
	return fmax(s->a, 0) + s->b * (s->sigma + 2 * fabs(s->m));
}

/* The size of k beyond which |k| / sqrt(w) >= z. */
static double
reach(double intercept, double slope, double z)
{
	double root = (slope * z + sqrt(slope * slope * z * z + 4 * intercept)) / 2;

	return z * root;
}

/* The size of k beyond which |k| / sqrt(w) - sqrt(w) / 2 >= z; slope < 2 */
static double
steep_reach(double intercept, double slope, double z)
{
	double rest = 1 - slope / 2;
	double root = (slope * z + sqrt(slope * slope * z * z + 4 * rest * intercept)) / (2 * rest);

	return root * (root / 2 + z);
}

static double
d1(const McSvi *smile, double k)
{
	double root = sqrt(mc_svi_total_variance(smile, k));

	return root / 2 - k / root;
}

static double
d2(const McSvi *smile, double k)
{
	double root = sqrt(mc_svi_total_variance(smile, k));

	return -root / 2 - k / root;
}

/* The integrand in u. */
static double
variance_density(double u, void *params)
{
	const McSvi *s = params;
	double k = s->m + s->sigma * sinh(u);
	double jacobian = s->sigma * cosh(u);
	double w = s->a + s->b * (s->rho * s->sigma * sinh(u) + jacobian);
	double slope = s->b * (s->rho + tanh(u));
	double root = sqrt(fmax(w, 0));
	double z = k / root + root / 2;

	/* no vol there: no option out of the money has a price */
	if (!(root > 0) || fabs(z) > 2 * TAILS)
		return 0;
	return root * exp(-z * z / 2) / ROOT_2PI * (1 - k * slope / (2 * w) + slope / 4) * jacobian;
}

/* The ends of the pieces in u, in order: the whole range, about where d2 = 0 with its surroundings, the vertex. */
static void
cut(const McSvi *s, double edges[EDGES])
{
	double w = fmax(mc_svi_total_variance(s, 0), 0);
	double scale = sqrt(w);
	double centre = -w / 2;
	double intercept = bound_intercept(s);
	double low = -steep_reach(intercept, s->b * (1 - s->rho), TAILS);
	double high = reach(intercept, s->b * (1 + s->rho), TAILS);
	double k[EDGES] = {
	    low, centre - 8 * scale, centre - scale, centre, centre + scale, centre + 8 * scale, s->m,
	    high};

	for (int i = 0; i < EDGES; i++)
	{
		double u = asinh((fmin(fmax(k[i], low), high) - s->m) / s->sigma);
		int j = i;

		for (; j > 0 && edges[j - 1] > u; j--)
			edges[j] = edges[j - 1];
		edges[j] = u;
	}
}

McStatus
mc_smile_fair_variance(const McSvi *smile, double *total)
{
	gsl_function density = {variance_density, (void *) smile};
	double tolerance = 1e-14 * mc_svi_total_variance(smile, 0);
	gsl_integration_workspace *work;
	double edges[EDGES];
	double error = 0;

	*total = smile->b > 0 ? INFINITY : smile->a;
	if (smile->b == 0 || smile->b * (1 - smile->rho) >= 2)
		return MC_OK;
	work = gsl_integration_workspace_alloc(INTERVALS);
	if (work == NULL)
		return MC_TOO_FEW;
	*total = 0;
	cut(smile, edges);
	for (int i = 1; i < EDGES; i++)
	{
		double piece = 0;
		double piece_error = 0;

		/* its status is of no use: it also complains of errors near the last bit, which are small enough */
		if (edges[i] > edges[i - 1])
			gsl_integration_qag(&density, edges[i - 1], edges[i], fmax(tolerance, 0), 1e-12,
			                    INTERVALS, GSL_INTEG_GAUSS31, work, &piece, &piece_error);
		*total += piece;
		error += piece_error;
	}
	gsl_integration_workspace_free(work);
	return error <= 1e-9 * *total ? MC_OK : MC_TOO_FEW;
}

/* What is 0 at the strike that is looked for. */
typedef struct Target
{
	const McSvi *smile;
	double level; /* of d1, or of the logarithm of delta */
} Target;

static double
d1_above(double k, void *params)
{
	const Target *target = params;

	return d1(target->smile, k) - target->level;
}

static double
log_normal(double x)
{
	return gsl_sf_log_erfc(-x / M_SQRT2) - M_LN2;
}

/* ln(e^k N(d2)) and ln(e^k N(-d2)), above the level */
static double
log_call_above(double k, void *params)
{
	const Target *target = params;

	return k + log_normal(d2(target->smile, k)) - target->level;
}

static double
log_put_above(double k, void *params)
{
	const Target *target = params;

	return k + log_normal(-d2(target->smile, k)) - target->level;
}

/* the derivative of log_call_above */
static double
log_call_slope(double k, void *params)
{
	const Target *target = params;
	McSviPoint point = mc_svi_at(target->smile, k);
	double root = sqrt(point.w);
	double change = (k * point.slope / (2 * point.w) - 1 - point.slope / 4) / root;

	return 1 + change * gsl_sf_hazard(root / 2 + k / root);
}

/* A root between low and high; NaN when the signs there are the same. */
static double
find_root(double (*function)(double, void *), Target *target, double low, double high)
{
	gsl_function gsl = {function, target};
	gsl_root_fsolver *solver;
	double root = NAN;

	if (!isfinite(low) || !isfinite(high) || !(low < high) ||
	    !(function(low, target) * function(high, target) <= 0))
		return NAN;
	solver = gsl_root_fsolver_alloc(gsl_root_fsolver_brent);
	if (solver == NULL)
		return NAN;
	if (gsl_root_fsolver_set(solver, &gsl, low, high) == GSL_SUCCESS)
		for (int i = 0; i < ITERATIONS; i++)
		{
			if (gsl_root_fsolver_iterate(solver) != GSL_SUCCESS)
				break;
			root = gsl_root_fsolver_root(solver);
			if (gsl_root_test_interval(gsl_root_fsolver_x_lower(solver),
			                           gsl_root_fsolver_x_upper(solver), 1e-15,
			                           1e-14) == GSL_SUCCESS)
				break;
		}
	gsl_root_fsolver_free(solver);
	return root;
}

double
mc_smile_k_at_delta(const McSvi *smile, bool is_call, double delta, bool premium_adjusted)
{
	double z = gsl_cdf_ugaussian_Pinv(delta);
	double intercept = bound_intercept(smile);
	double low = -reach(intercept, smile->b * (1 - smile->rho), 1 - z);
	double high = steep_reach(intercept, smile->b * (1 + smile->rho), 1 - z);
	double first = log(delta) - 1; /* every adjusted delta up to here is too small */
	Target target = {smile, log(delta)};

	if (!(intercept > 0) || smile->b * (1 + smile->rho) >= 2)
		return NAN;
	if (!premium_adjusted)
	{
		target.level = is_call ? z : -z;
		return find_root(d1_above, &target, low, high);
	}
	if (!is_call)
		return find_root(log_put_above, &target, first, high);
	/* from the strike of the largest delta upwards */
	low = find_root(log_call_slope, &target, first, high);
	return find_root(log_call_above, &target, low, high);
}
