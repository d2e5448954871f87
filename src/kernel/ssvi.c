/*
 * ssvi.c
 *	  One surface SVI through the vols of all expiries: free of arbitrage by construction.
 */
#include "ssvi.h"

#include <float.h>
#include <gsl/gsl_multifit_nlinear.h>

#define P 3
#define ROUNDS 4 /* of the shape and the levels in turn */
#define STEPS 12
#define TOLERANCE 1e-6
#define LEVEL_STEPS 3
#define HUBER 2.0
#define INNERMOST 0.995 /* of the bounds: a slice on them has no room for rounding */
#define LEAST_THETA 1e-10

typedef struct Fit
{
	McSsviExpiry *expiries;
	size_t n;
} Fit;

McSvi
mc_ssvi_slice(const McSsvi *s, double theta)
{
	double curvature = s->eta * pow(theta, -s->gamma);
	double phi =
	    curvature == 0 ? DBL_MIN : curvature; /* a smile that is flat as far as one can see */
	double flat = 1 - s->rho * s->rho;
	McSvi slice = {theta / 2 * flat, theta * phi / 2, s->rho, -s->rho / phi, sqrt(flat) / phi};

	return slice;
}

/* From three real numbers to a shape within the bounds at every level of the expiries. */
static McSsvi
shape_of(const Fit *fit, const double *x)
{
	McSsvi s = {.rho = INNERMOST * tanh(x[0]), .gamma = 1 / (1 + exp(-x[2]))};
	double both = 1 + fabs(s.rho);
	double most = INFINITY;

	for (size_t i = 0; i < fit->n; i++)
	{
		double theta = fit->expiries[i].theta;

		most = fmin(most, 4 / both * pow(theta, s.gamma - 1));
		most = fmin(most, 2 / sqrt(both) * pow(theta, s.gamma - 0.5));
	}
	s.eta = INNERMOST * most / (1 + exp(-x[1]));
	return s;
}

static double
vol_of(const McSvi *slice, double t, double k)
{
	return sqrt(mc_svi_total_variance(slice, k) / t);
}

/* Huber's weight of an error in units of its scale, as its root. */
static double
root_share(double error)
{
	return fabs(error) <= HUBER ? 1 : sqrt(HUBER / fabs(error));
}

static int
residuals(const gsl_vector *x, void *arg, gsl_vector *f)
{
	const Fit *fit = arg;
	McSsvi s = shape_of(fit, gsl_vector_const_ptr(x, 0));
	size_t row = 0;

	for (size_t i = 0; i < fit->n; i++)
	{
		const McSsviExpiry *e = &fit->expiries[i];
		McSvi slice = mc_ssvi_slice(&s, e->theta);

		for (size_t j = 0; j < e->quotes.n; j++)
		{
			double error =
			    (vol_of(&slice, e->t, e->quotes.k[j]) - e->quotes.vol[j]) / e->quotes.scale[j];

			if (!isfinite(error))
				return GSL_EDOM;
			gsl_vector_set(f, row++, error * root_share(error));
		}
	}
	return GSL_SUCCESS;
}

/* The level of one expiry under a given shape: Newton steps on theta's logarithm, never more than a factor of 2. */
static void
set_level(McSsviExpiry *e, const McSsvi *s)
{
	for (int step = 0; step < LEVEL_STEPS; step++)
	{
		McSvi slice = mc_ssvi_slice(s, e->theta);
		McSvi above = mc_ssvi_slice(s, e->theta * 1.001);
		double slope = 0;
		double curvature = 0;
		double move;

		for (size_t j = 0; j < e->quotes.n; j++)
		{
			double vol = vol_of(&slice, e->t, e->quotes.k[j]);
			double by_level =
			    (vol_of(&above, e->t, e->quotes.k[j]) - vol) / 0.001 / e->quotes.scale[j];
			double error = (vol - e->quotes.vol[j]) / e->quotes.scale[j];
			double share = root_share(error) * root_share(error);

			slope += share * by_level * error;
			curvature += share * by_level * by_level;
		}
		move = curvature > 0 ? -slope / curvature : 0;
		e->theta = fmax(e->theta * fmin(fmax(1 + move, 0.5), 2), LEAST_THETA);
	}
}

/* Levels that never fall: neighbours out of order share their mean, weighted by quotes. */
static void
order_levels(McSsviExpiry *e, size_t n)
{
	for (size_t i = 1; i < n; i++)
	{
		double sum = e[i].theta * e[i].quotes.n;
		double weight = e[i].quotes.n;
		size_t first = i;

		while (first > 0 && e[first - 1].theta > sum / weight)
		{
			first--;
			sum += e[first].theta * e[first].quotes.n;
			weight += e[first].quotes.n;
		}
		for (size_t j = first; j <= i; j++)
			e[j].theta = sum / weight;
	}
}

/* First levels: the vol of the quote nearest to the forward. */
static void
first_levels(McSsviExpiry *e, size_t n)
{
	for (size_t i = 0; i < n; i++)
	{
		size_t nearest = 0;

		for (size_t j = 1; j < e[i].quotes.n; j++)
			if (fabs(e[i].quotes.k[j]) < fabs(e[i].quotes.k[nearest]))
				nearest = j;
		e[i].theta =
		    fmax(e[i].quotes.vol[nearest] * e[i].quotes.vol[nearest] * e[i].t, LEAST_THETA);
	}
}

static McStatus
solve(Fit *fit, gsl_multifit_nlinear_workspace *space, gsl_multifit_nlinear_fdf *fdf,
      McSsvi *surface, const McPoll *poll)
{
	double x[P] = {-0.2, 0, 0};

	for (int round = 0; round < ROUNDS; round++)
	{
		gsl_vector_view start = gsl_vector_view_array(x, P);
		int info;

		if (mc_poll_stop(poll))
			return MC_STOPPED;
		if (gsl_multifit_nlinear_init(&start.vector, fdf, space) != GSL_SUCCESS)
			break;
		gsl_multifit_nlinear_driver(STEPS, TOLERANCE, 0, 0, NULL, NULL, &info, space);
		for (int i = 0; i < P; i++)
			x[i] = fmin(fmax(gsl_vector_get(space->x, i), -8), 8);
		*surface = shape_of(fit, x);
		for (size_t i = 0; i < fit->n; i++)
			set_level(&fit->expiries[i], surface);
		order_levels(fit->expiries, fit->n);
	}
	/* the levels have moved: the shape within the bounds at these */
	*surface = shape_of(fit, x);
	return MC_OK;
}

McStatus
mc_ssvi_fit(McSsviExpiry *expiries, size_t n, McSsvi *surface, const McPoll *poll)
{
	gsl_multifit_nlinear_parameters parameters = gsl_multifit_nlinear_default_parameters();
	gsl_multifit_nlinear_fdf fdf = {residuals, NULL, NULL, 0, P, NULL, 0, 0, 0};
	gsl_multifit_nlinear_workspace *space;
	Fit fit = {expiries, n};
	McStatus status;

	if (n == 0)
		return MC_TOO_FEW;
	for (size_t i = 0; i < n; i++)
		fdf.n += expiries[i].quotes.n;
	/* a least-squares problem has at least as many rows as columns */
	if (fdf.n < P)
		return MC_TOO_FEW;
	fdf.params = &fit;
	parameters.solver = gsl_multifit_nlinear_solver_cholesky;
	space = gsl_multifit_nlinear_alloc(gsl_multifit_nlinear_trust, &parameters, fdf.n, P);
	if (space == NULL)
		return MC_OVERFLOW;
	first_levels(expiries, n);
	status = solve(&fit, space, &fdf, surface, poll);
	gsl_multifit_nlinear_free(space);
	return status;
}
