/*
 * student_t_fit.c
 *	  Student's distribution with location, scale and degrees of freedom, by maximum likelihood.
 *
 * For given degrees of freedom nu, location and scale come from the parameter-expanded EM iteration
 * (J. T. Kent, D. E. Tyler and Y. Vardi, Commun. Stat. Simul. 23 (1994); X.-L. Meng and D. van Dyk,
 * J. R. Stat. Soc. B 59 (1997)), which is unique and monotone for nu >= 1:
 *
 *	  w_i = (nu + 1) / (nu + ((x_i - m) / s)^2)
 *	  m = sum w_i x_i / sum w_i,   s^2 = sum w_i (x_i - m)^2 / sum w_i
 *
 * The profile likelihood in nu is scanned on a grid, so that the best of several maxima is found,
 * and the root of its derivative beside the best point is the answer.
 */
#include "student_t_fit.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_roots.h>
#include <math.h>

#include "gamma_ratio.h"
#include "shape.h"

#define EM_STEPS 2000
#define EM_TOLERANCE 1e-12
#define ROOT_STEPS 60
#define ROOT_TOLERANCE 1e-13
#define BRACKET_STEPS 20
#define FARTHEST 0x1p500 /* quartile ranges between two values: squares must not overflow */

static const double grid[] = {
    MC_STUDENT_T_LEAST_NU, 1.5, 2.2, 3.2, 4.6, 7, 11, 18, 32, 70, 200, 800, MC_STUDENT_T_MOST_NU};

#define GRID_SIZE ((int) (sizeof(grid) / sizeof(grid[0])))

/* A sample around its median in units of its quartile range, and the fit at one nu. */
typedef struct Profile
{
	const double *y;
	size_t n;
	double location;
	double scale;
	double log_likelihood;
	double slope; /* of the profile likelihood in ln(nu) */
	bool settled; /* did location and scale converge? */
	bool stopped;
	const McPoll *poll;
} Profile;

/* One EM step; the change, in units of the scale. */
static double
em_step(Profile *p, double nu)
{
	double weights = 0;
	double first = 0;
	double second = 0;
	double factor = 1 / (nu * p->scale * p->scale);
	double shift;
	double scale;
	double change;

	for (size_t i = 0; i < p->n; i++)
	{
		double d = p->y[i] - p->location;
		double weight = 1 / (1 + d * d * factor);

		weights += weight;
		first += weight * d;
		second += weight * d * d;
	}
	shift = first / weights;
	scale = sqrt(fmax(second / weights - shift * shift, 0));
	change = fabs(shift) / p->scale + fabs(scale / p->scale - 1);
	p->location += shift;
	p->scale = fmax(scale, 1 / FARTHEST);
	return change;
}

/* The log likelihood and its slope in ln(nu) at the location and scale of p. */
static void
evaluate(Profile *p, double nu)
{
	double n = (double) p->n;
	double logs = 0;
	double weighted = 0;

	for (size_t i = 0; i < p->n; i++)
	{
		double z = (p->y[i] - p->location) / p->scale;
		double a = z * z / nu;

		logs += log1p(a);
		weighted += a / (1 + a);
	}
	p->log_likelihood = n * (mc_log_gamma_ratio(nu / 2) - 0.5 * log(nu * M_PI) - log(p->scale)) -
	                    (nu + 1) / 2 * logs;
	p->slope = 0.5 * (nu * (n * mc_digamma_excess(nu / 2) - logs) + (nu + 1) * weighted);
}

/* Location, scale, likelihood and slope at nu, from the location and scale that p has. */
static void
profile_at(Profile *p, double nu)
{
	p->settled = false;
	for (int i = 0; i < EM_STEPS && !p->settled && !p->stopped; i++)
	{
		p->settled = em_step(p, nu) <= EM_TOLERANCE;
		p->stopped = mc_poll_stop(p->poll);
	}
	evaluate(p, nu);
}

static double
slope_at(double log_nu, void *arg)
{
	Profile *p = arg;

	profile_at(p, exp(log_nu));
	return p->stopped ? NAN : p->slope;
}

/* The root of the slope between a and b, where it has different signs; false: p is near it. */
static bool
find_root(Profile *p, double a, double b, double *nu)
{
	gsl_root_fsolver *solver = gsl_root_fsolver_alloc(gsl_root_fsolver_brent);
	gsl_function slope = {slope_at, p};
	bool found = false;
	int status;

	if (solver == NULL)
		return false;
	status = gsl_root_fsolver_set(solver, &slope, fmin(a, b), fmax(a, b));
	for (int i = 0; i < ROOT_STEPS && status == GSL_SUCCESS && !found; i++)
	{
		status = gsl_root_fsolver_iterate(solver);
		*nu = exp(gsl_root_fsolver_root(solver));
		found = status == GSL_SUCCESS && gsl_root_test_interval(gsl_root_fsolver_x_lower(solver),
		                                                        gsl_root_fsolver_x_upper(solver),
		                                                        ROOT_TOLERANCE, 0) == GSL_SUCCESS;
	}
	gsl_root_fsolver_free(solver);
	return found;
}

/* The grid point with the largest likelihood, where p is left. */
static int
scan_grid(Profile *p)
{
	Profile best = *p;
	int at = 0;

	for (int k = GRID_SIZE - 1; k >= 0 && !p->stopped; k--)
	{
		profile_at(p, grid[k]);
		if (k == GRID_SIZE - 1 || p->log_likelihood > best.log_likelihood)
		{
			best = *p;
			at = k;
		}
	}
	best.stopped = p->stopped;
	*p = best;
	return at;
}

/*
 * The maximum beside grid point k, the best: the likelihood rises from it to one side and is no
 * higher at the next point, so that the slope changes its sign in between.
 */
static McFit
climb(Profile *p, int k, double *nu)
{
	double from = log(grid[k]);
	double to;
	bool upwards = p->slope > 0;
	Profile start = *p;

	*nu = grid[k];
	if (upwards ? k == GRID_SIZE - 1 : k == 0)
	{
		if (upwards)
			*nu = INFINITY;
		return upwards || p->settled ? MC_FIT_BOUNDARY : MC_FIT_ITERATIONS;
	}
	to = log(grid[upwards ? k + 1 : k - 1]);
	for (int i = 0; i < BRACKET_STEPS; i++)
	{
		*p = start;
		if ((slope_at(to, p) > 0) != upwards || p->stopped)
			break;
		to = (from + to) / 2;
	}
	if (find_root(p, from, to, nu))
	{
		profile_at(p, *nu);
		return p->settled ? MC_FIT_CONVERGED : MC_FIT_ITERATIONS;
	}
	profile_at(p, *nu);
	return MC_FIT_ITERATIONS;
}

/*
 * Is the likelihood bounded for nu and above?  At a value that the share r of the sample has it goes
 * with the scale s as s^(n (nu - (nu + 1) r)) (Kent and Tyler, Ann. Stat. 19 (1991)).
 */
static bool
has_maximum(const double *x, size_t n, double nu)
{
	size_t run = 1;
	size_t longest = 1;

	for (size_t i = 1; i < n; i++)
	{
		run = x[i] == x[i - 1] ? run + 1 : 1;
		longest = run > longest ? run : longest;
	}
	return (nu + 1) * (double) longest < nu * (double) n;
}

static McFit
check_sample(const double *x, size_t n, double degrees_of_freedom)
{
	if (n < (degrees_of_freedom == 0 ? 4 : 3))
		return MC_FIT_TOO_FEW;
	if (x[0] == x[n - 1])
		return MC_FIT_CONSTANT;
	if (!isinf(degrees_of_freedom) &&
	    !has_maximum(x, n, fmax(degrees_of_freedom, MC_STUDENT_T_LEAST_NU)))
		return MC_FIT_FAILED;
	return MC_FIT_CONVERGED;
}

/* The normal distribution, the limit for many degrees of freedom. */
static McStatus
fit_normal(const double *x, size_t n, McStudentT *t, const McPoll *poll)
{
	McShape shape;

	if (mc_shape(x, n, &shape, poll) != MC_OK)
		return MC_STOPPED;
	t->location = shape.mean;
	t->scale = shape.deviation;
	t->degrees_of_freedom = INFINITY;
	t->log_likelihood = -(double) n * (0.5 * (log(2 * M_PI) + 1) + log(shape.deviation));
	return MC_OK;
}

/* The fit from a sample in units of its own; halved where differences could overflow. */
static McStatus
fit_student(const double *x, size_t n, double degrees_of_freedom, double *work, McStudentT *t,
            const McPoll *poll)
{
	Profile p = {work, n, 0, 1, 0, 0, true, false, poll};
	double half = fmax(fabs(x[0]), fabs(x[n - 1])) > 0x1p1000 ? 0.5 : 1;
	double center = half * x[n / 2];
	double unit = half * x[n / 4] - half * x[n - 1 - n / 4];

	if (unit == 0)
		unit = half * x[0] - half * x[n - 1];
	for (size_t i = 0; i < n; i++)
		work[i] = (half * x[i] - center) / unit;
	if (!(work[0] - work[n - 1] <= FARTHEST))
	{
		t->fit = MC_FIT_FAILED;
		return MC_OK;
	}
	if (degrees_of_freedom == 0)
		t->fit = climb(&p, scan_grid(&p), &degrees_of_freedom);
	else
	{
		profile_at(&p, degrees_of_freedom);
		t->fit = p.settled ? MC_FIT_CONVERGED : MC_FIT_ITERATIONS;
	}
	if (p.stopped)
		return MC_STOPPED;
	if (p.scale <= 1 / FARTHEST)
		t->fit = MC_FIT_FAILED;
	t->location = (center + unit * p.location) / half;
	t->scale = unit * p.scale / half;
	t->degrees_of_freedom = degrees_of_freedom;
	t->log_likelihood = p.log_likelihood - (double) n * log(unit / half);
	return MC_OK;
}

McStatus
mc_student_t_fit(const double *x, size_t n, double degrees_of_freedom, double *work, McStudentT *t,
                 const McPoll *poll)
{
	t->fit = check_sample(x, n, degrees_of_freedom);
	t->degrees_of_freedom = degrees_of_freedom;
	if (!mc_fit_usable(t->fit))
		return MC_OK;
	if (!isinf(degrees_of_freedom) && fit_student(x, n, degrees_of_freedom, work, t, poll) != MC_OK)
		return MC_STOPPED;
	if (isinf(t->degrees_of_freedom) && fit_normal(x, n, t, poll) != MC_OK)
		return MC_STOPPED;
	if (mc_fit_usable(t->fit) && !(isfinite(t->location) && isfinite(t->scale) && t->scale > 0 &&
	                               isfinite(t->log_likelihood)))
		t->fit = MC_FIT_FAILED;
	return MC_OK;
}
