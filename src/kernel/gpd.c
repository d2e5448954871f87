/*
 * gpd.c
 *	  Fit and tail measures of the generalised Pareto distribution.
 *
 * Excesses are divided by the largest one, z = y / y_max.  With theta = shape / scale > -1 in that unit the
 * best scale is s(theta) = mean(log(1 + theta z)) / theta, the shape theta s, and
 *
 *	  log likelihood / n = -log s - theta s - 1
 *	  its derivative     = -s' / s - s - theta s'
 *
 * where s and s' (box_log.h) are smooth through theta = 0, the exponential law.  Its local maxima are
 * found on a grid of u = log(1 + theta) and refined by Brent's method.  Of many excesses the grid sees
 * every k-th one, and the best maximum is found again from there with all of them.
 */
#include "gpd.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_roots.h>

#include "box_log.h"
#include "select.h"

#define LOWEST_U (-30.0) /* 1 + theta = 1e-13: the end of the law is at the largest excess */
#define HIGHEST_U 700.0
#define GRID_STEP 0.5
#define GRID_DENSE 12.0 /* beyond, the step grows by an eighth */
#define MAX_GRID 400
#define GRID_EXCESSES 1000
#define MAX_ITERATIONS 100

typedef struct Profile
{
	const double *y;
	size_t n;
	size_t stride; /* every stride-th excess is looked at */
	double largest;
	const McPoll *poll;
	bool stopped;
} Profile;

/* the profile likelihood at one theta */
typedef struct Point
{
	double u;
	double theta;
	double scale; /* in units of the largest excess */
	double value; /* log likelihood / n */
	double slope; /* d value / d theta */
} Point;

McStatus
mc_gpd_excesses(double *losses, size_t n, double threshold, size_t *exceedances, const McPoll *poll)
{
	size_t k = 0;

	for (size_t i = 0; i < n; i++)
		if (losses[i] > threshold)
			losses[k++] = losses[i] - threshold;
	*exceedances = k;
	return k == 0 ? MC_OK : mc_sort_descending(losses, k, poll);
}

/* no parameters, for the reason given */
static void
no_parameters(McGpd *model, McFit reason)
{
	model->fit = reason;
	model->shape = model->shape_error = model->scale = model->scale_error = NAN;
	model->log_likelihood = NAN;
}

/* Can these excesses be fitted?  If not, the model says why. */
static bool
can_be_fitted(const double *y, size_t n, McGpd *model)
{
	no_parameters(model, MC_FIT_FAILED);
	if (n < MC_GPD_MIN_EXCEEDANCES)
		model->fit = MC_FIT_TOO_FEW;
	else if (y[0] == y[n - 1])
		model->fit = MC_FIT_CONSTANT;
	else
		return isfinite(y[0]);
	return false;
}

static void
profile_stop(Profile *profile)
{
	if (!profile->stopped)
		profile->stopped = mc_poll_stop(profile->poll);
}

static Point
profile_at(Profile *profile, double u)
{
	Point point = {u, expm1(u), 0, 0, 0};
	double change = 0; /* s' */
	double n = 0;

	for (size_t i = 0; i < profile->n && !profile->stopped; i += profile->stride)
	{
		double z = profile->y[i] / profile->largest;
		double t = point.theta * z;
		double l = log1p(t);

		point.scale += fabs(t) < 1e-300 ? z : l / point.theta;
		change += z * z * mc_box_log_first_from(t, l);
		n++;
		if ((i + 1) % MC_POLL_STEPS == 0)
			profile_stop(profile);
	}
	profile_stop(profile);
	point.scale /= n;
	change /= n;
	point.value = -log(point.scale) - point.theta * point.scale - 1;
	point.slope = -change / point.scale - point.scale - point.theta * change;
	return point;
}

static double
slope_at(double u, void *profile)
{
	return profile_at(profile, u).slope;
}

/* the maximum between two points of the grid where the slope changes from + to - */
static Point
refine(Profile *profile, double low, double high)
{
	gsl_function function = {slope_at, profile};
	gsl_root_fsolver *solver = gsl_root_fsolver_alloc(gsl_root_fsolver_brent);
	double root = low;

	if (solver == NULL)
		return profile_at(profile, low);
	if (gsl_root_fsolver_set(solver, &function, low, high) == GSL_SUCCESS)
		for (int i = 0; i < MAX_ITERATIONS && !profile->stopped; i++)
		{
			if (gsl_root_fsolver_iterate(solver) != GSL_SUCCESS)
				break;
			root = gsl_root_fsolver_root(solver);
			low = gsl_root_fsolver_x_lower(solver);
			high = gsl_root_fsolver_x_upper(solver);
			if (gsl_root_test_interval(low, high, 1e-15, 1e-15) == GSL_SUCCESS)
				break;
		}
	gsl_root_fsolver_free(solver);
	return profile_at(profile, root);
}

/* Grimshaw's bound: no stationary point has a larger theta */
static double
highest_u(const Profile *profile)
{
	double least = profile->y[profile->n - 1] / profile->largest;
	double mean = 0;

	for (size_t i = 0; i < profile->n; i++)
		mean += profile->y[i] / profile->largest;
	mean /= (double) profile->n;
	return fmin(HIGHEST_U, log1p(2 * (mean - least) / least / least) + GRID_STEP);
}

/* The best local maximum with a shape above -1; its value is -infinity when there is none. */
static Point
best_maximum(Profile *profile)
{
	Point best = {0, 0, 0, -INFINITY, 0};
	double end = highest_u(profile);
	double step = GRID_STEP;
	double u = LOWEST_U;
	double last = u;
	double before = -1; /* the slope at last */

	for (int i = 0; i < MAX_GRID && u <= end + step && !profile->stopped; i++)
	{
		Point point = profile_at(profile, u);

		if (before > 0 && !(point.slope > 0))
		{
			point = refine(profile, last, u);
			if (point.theta * point.scale > -1 && point.value > best.value)
				best = point;
			point.slope = -1;
		}
		before = point.slope;
		last = u;
		if (u > GRID_DENSE)
			step *= 1.125;
		u += step;
	}
	return best;
}

/* The maximum near a point, with every excess; value -infinity when there is none. */
static Point
maximum_near(Profile *profile, double u)
{
	Point none = {0, 0, 0, -INFINITY, 0};
	double step = 0.05;
	double low = u;
	double high = u;
	Point found;

	if (profile_at(profile, u).slope > 0)
		do
		{
			low = high;
			high += step;
			step *= 2;
		} while (high < HIGHEST_U && !profile->stopped && profile_at(profile, high).slope > 0);
	else
		do
		{
			high = low;
			low -= step;
			step *= 2;
		} while (low > LOWEST_U && !profile->stopped && !(profile_at(profile, low).slope > 0));
	if (low < LOWEST_U || high > HIGHEST_U)
		return none;
	found = refine(profile, low, high);
	return found.theta * found.scale > -1 ? found : none;
}

/*
 * Standard errors from the second derivatives of the log likelihood in (shape, scale) at the
 * maximum, with w = y / scale and a = 1 / (1 + shape w); errors stay NaN when they are no maximum.
 */
static McStatus
observed_information(const Profile *profile, McGpd *model)
{
	double k = model->shape;
	double shape2 = 0; /* - d2 / d shape^2 */
	double scale2 = 0; /* - scale^2 d2 / d scale^2 */
	double mixed = 0;  /* - scale d2 / d shape d scale */
	double determinant;

	for (size_t i = 0; i < profile->n; i++)
	{
		double w = profile->y[i] / model->scale;
		double a = 1 / (1 + k * w);

		shape2 += w * w * (w * mc_box_log_second(k * w) - a * a);
		scale2 += (1 + k) * w * a * (1 + a) - 1;
		mixed += (1 + k) * w * w * a * a - w * a;
		if ((i + 1) % MC_POLL_STEPS == 0 && mc_poll_stop(profile->poll))
			return MC_STOPPED;
	}
	determinant = shape2 * scale2 - mixed * mixed;
	if (k > -0.5 && determinant > 0 && scale2 > 0)
	{
		model->shape_error = sqrt(scale2 / determinant);
		model->scale_error = model->scale * sqrt(shape2 / determinant);
	}
	return MC_OK;
}

McStatus
mc_gpd_fit_likelihood(const double *y, size_t n, McGpd *model, const McPoll *poll)
{
	Profile profile = {y, n, 1 + n / (2 * GRID_EXCESSES), 1, poll, false};
	Point best;

	if (!can_be_fitted(y, n, model))
		return MC_OK;
	profile.largest = y[0];
	best = best_maximum(&profile);
	if (profile.stride > 1)
	{
		profile.stride = 1;
		if (isfinite(best.value))
			best = maximum_near(&profile, best.u);
		if (!isfinite(best.value))
			best = best_maximum(&profile);
	}
	if (profile.stopped)
		return MC_STOPPED;
	if (!(best.value > 0))
	{
		/* the uniform law up to the largest excess: log likelihood -n log y_max */
		model->fit = MC_FIT_BOUNDARY;
		model->shape = -1;
		model->scale = y[0];
		model->log_likelihood = -(double) n * log(y[0]);
		return MC_OK;
	}
	model->fit = MC_FIT_CONVERGED;
	model->shape = best.theta * best.scale;
	model->scale = best.scale * y[0];
	model->log_likelihood = (double) n * (best.value - log(y[0]));
	return observed_information(&profile, model);
}

/* sum of the log densities, NaN when one of them is 0 */
static double
log_likelihood(const double *y, size_t n, double shape, double scale)
{
	double sum = 0;

	if (!(1 + shape * (y[0] / scale) > 0))
		return NAN;
	for (size_t i = 0; i < n; i++)
		sum += y[i] / scale * mc_box_log(shape * (y[i] / scale));
	return -(double) n * log(scale) - (1 + shape) * sum;
}

McStatus
mc_gpd_fit_moments(const double *y, size_t n, McGpd *model, const McPoll *poll)
{
	double a0 = 0;
	double a1 = 0;
	double k;
	double unit;

	if (!can_be_fitted(y, n, model))
		return MC_OK;
	for (size_t i = 0; i < n; i++)
	{
		/* y[i] has rank n - i from below */
		a0 += y[i] / y[0];
		a1 += y[i] / y[0] * (((double) i + 0.35) / (double) n);
	}
	a0 /= (double) n;
	a1 /= (double) n;
	model->shape = k = 2 - a0 / (a0 - 2 * a1);
	model->scale = 2 * a0 * a1 / (a0 - 2 * a1) * y[0];
	if (!(isfinite(k) && model->scale > 0 && isfinite(model->scale)))
	{
		no_parameters(model, MC_FIT_FAILED);
		return MC_OK;
	}
	model->fit = MC_FIT_CONVERGED;
	model->log_likelihood = log_likelihood(y, n, k, model->scale);
	if (k < 0.5)
	{
		unit = (double) n * (1 - 2 * k) * (3 - 2 * k);
		model->shape_error = sqrt((1 - k) * (1 - k + 2 * k * k) * (2 - k) * (2 - k) / unit);
		model->scale_error = model->scale * sqrt((7 + k * (-18 + k * (11 - 2 * k))) / unit);
	}
	return mc_poll_stop(poll) ? MC_STOPPED : MC_OK;
}

McStatus
mc_gpd_measures(const McGpd *model, double threshold, double tail, double confidence, double *var,
                double *es)
{
	double q = log(tail / (1 - confidence));
	double excess;

	/* a level at the threshold, but for the rounding of 1 - confidence */
	if (fabs(q) < 1e-12)
		q = 0;
	if (!(q >= 0))
		return MC_TOO_FEW;
	excess = model->scale * q * mc_box_exp(model->shape * q);
	if (var != NULL)
		*var = threshold + excess;
	if (es != NULL)
		/* at the end of the law what is left to expect is rounding */
		*es = model->shape < 1
		          ? threshold + excess +
		                fmax(0, model->scale + model->shape * excess) / (1 - model->shape)
		          : INFINITY;
	return isfinite(threshold + excess) && (es == NULL || model->shape >= 1 || isfinite(*es))
	           ? MC_OK
	           : MC_OVERFLOW;
}
