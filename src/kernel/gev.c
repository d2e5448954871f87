/*
 * gev.c
 *	  Fit of the generalised extreme value distribution.
 *
 * With w = (x - location) / scale, phi = log(1 + shape w) / shape (box_log.h) and E = exp(-phi) an
 * observation adds N = log scale + (1 + shape) phi + E to the negative log likelihood.  All
 * derivatives of N follow from those of phi, and none has a special case at shape 0.
 *
 * Maxima are centred at their mean and divided by their range.
 */
#include "gev.h"

#include <gsl/gsl_linalg.h>
#include <gsl/gsl_sf_gamma.h>

#include "box_log.h"

#define MAX_STEPS 200
#define MAX_HALVINGS 40
#define MAX_SHAPE 5.0 /* towards an infinite shape the likelihood rises again, without bound */
#define CONVERGED \
	1e-22 /* expected gain of a step in the mean log likelihood: its square is at rounding */

enum
{
	LOCATION,
	SCALE,
	SHAPE,
	PARAMETERS
};

typedef struct Likelihood
{
	double value; /* mean negative log likelihood; infinite outside the parameter space */
	double gradient[PARAMETERS];
	double hessian[PARAMETERS * PARAMETERS];
} Likelihood;

typedef struct Sample
{
	const double *x; /* in descending order */
	size_t n;
	const McPoll *poll;
	bool stopped;
} Sample;

static bool
is_feasible(const Sample *sample, const double *p)
{
	double high;
	double low;

	if (!(p[SCALE] > 0 && p[SHAPE] > -1 && p[SHAPE] < MAX_SHAPE))
		return false;
	high = (sample->x[0] - p[LOCATION]) / p[SCALE];
	low = (sample->x[sample->n - 1] - p[LOCATION]) / p[SCALE];
	return 1 + p[SHAPE] * high > 0 && 1 + p[SHAPE] * low > 0;
}

static bool
stop_at(Sample *sample, size_t i)
{
	if ((i + 1) % MC_POLL_STEPS == 0 || i + 1 == sample->n)
		sample->stopped = sample->stopped || mc_poll_stop(sample->poll);
	return sample->stopped;
}

static double
value_at(Sample *sample, const double *p)
{
	double sum = 0;

	if (!is_feasible(sample, p))
		return INFINITY;
	for (size_t i = 0; i < sample->n; i++)
	{
		double w = (sample->x[i] - p[LOCATION]) / p[SCALE];
		double phi = w * mc_box_log(p[SHAPE] * w);

		sum += (1 + p[SHAPE]) * phi + exp(-phi);
		if (stop_at(sample, i))
			break;
	}
	return log(p[SCALE]) + sum / (double) sample->n;
}

/*
 * One observation's derivatives of N in (location / scale, log scale, shape), the scale of the former
 * kept: steps in these do not depend on the unit, and the scale stays above 0.
 */
static void
add_derivatives(double w, double k, Likelihood *sum)
{
	double a = 1 / (1 + k * w);
	double phi = w * mc_box_log(k * w);
	double phi_k = w * w * mc_box_log_first(k * w);
	double e = exp(-phi);
	double n_phi = 1 + k - e;
	double n_w = n_phi * a;
	double n_ww = a * a * (e - k * n_phi);
	double n_wk = a + a * (e * phi_k - n_phi * w * a);
	double n_kk = 2 * phi_k + n_phi * w * w * w * mc_box_log_second(k * w) + e * phi_k * phi_k;
	double *h = sum->hessian;

	sum->gradient[LOCATION] -= n_w;
	sum->gradient[SCALE] += 1 - w * n_w;
	sum->gradient[SHAPE] += phi + n_phi * phi_k;
	h[LOCATION * PARAMETERS + LOCATION] += n_ww;
	h[SCALE * PARAMETERS + LOCATION] += n_w + w * n_ww;
	h[SCALE * PARAMETERS + SCALE] += w * (n_w + w * n_ww);
	h[SHAPE * PARAMETERS + LOCATION] -= n_wk;
	h[SHAPE * PARAMETERS + SCALE] -= w * n_wk;
	h[SHAPE * PARAMETERS + SHAPE] += n_kk;
}

/* Value, gradient and Hessian of the mean negative log likelihood at a feasible point. */
static Likelihood
likelihood_at(Sample *sample, const double *p)
{
	Likelihood l = {0};

	l.value = value_at(sample, p);
	for (size_t i = 0; i < sample->n && !stop_at(sample, i); i++)
		add_derivatives((sample->x[i] - p[LOCATION]) / p[SCALE], p[SHAPE], &l);
	for (int i = 0; i < PARAMETERS; i++)
	{
		l.gradient[i] /= (double) sample->n;
		for (int j = 0; j <= i; j++)
		{
			double *h = &l.hessian[i * PARAMETERS + j];

			*h /= (double) sample->n;
			l.hessian[j * PARAMETERS + i] = *h;
		}
	}
	return l;
}

/*
 * The step -(H + damping)^-1 gradient, with the least damping of the diagonal that makes the matrix
 * positive definite; false when none does.
 */
static bool
newton_step(const Likelihood *l, double *step, double *damping)
{
	double matrix[PARAMETERS * PARAMETERS];
	gsl_matrix_view m = gsl_matrix_view_array(matrix, PARAMETERS, PARAMETERS);
	gsl_vector_view s = gsl_vector_view_array(step, PARAMETERS);
	double size = 0;

	for (int i = 0; i < PARAMETERS; i++)
		size = fmax(size, fabs(l->hessian[i * PARAMETERS + i]));
	*damping = 0;
	for (int try = 0; try < MAX_HALVINGS; try++)
	{
		for (int i = 0; i < PARAMETERS * PARAMETERS; i++)
			matrix[i] = l->hessian[i];
		for (int i = 0; i < PARAMETERS; i++)
		{
			matrix[i * PARAMETERS + i] += *damping;
			step[i] = -l->gradient[i];
		}
		if (gsl_linalg_cholesky_decomp1(&m.matrix) == 0)
			return gsl_linalg_cholesky_svx(&m.matrix, &s.vector) == 0;
		*damping = *damping == 0 ? 1e-6 * size : 4 * *damping;
	}
	return false;
}

/* Move p along the step to a lower value, halving as often as needed; false when there is none. */
static bool
line_search(Sample *sample, double *p, const Likelihood *l, const double *step)
{
	double length = 1;

	for (int i = 0; i < MAX_HALVINGS && !sample->stopped; i++, length /= 2)
	{
		double trial[PARAMETERS] = {p[LOCATION] + length * step[LOCATION] * p[SCALE],
		                            p[SCALE] * exp(length * step[SCALE]),
		                            p[SHAPE] + length * step[SHAPE]};

		if (value_at(sample, trial) < l->value)
		{
			for (int j = 0; j < PARAMETERS; j++)
				p[j] = trial[j];
			return true;
		}
	}
	return false;
}

/* Newton's method from p: CONVERGED at a minimum, BOUNDARY on the way to shape -1, or FAILED. */
static McFit
descend(Sample *sample, double *p, Likelihood *l)
{
	double step[PARAMETERS];
	double damping;

	if (!is_feasible(sample, p))
		return MC_FIT_FAILED;
	for (int i = 0; i < MAX_STEPS && !sample->stopped; i++)
	{
		double gain = 0;

		*l = likelihood_at(sample, p);
		if (!newton_step(l, step, &damping))
			break;
		for (int j = 0; j < PARAMETERS; j++)
			gain -= step[j] * l->gradient[j];
		/* at a minimum no lower value can be seen, or its gain is lost in rounding */
		if (!line_search(sample, p, l, step))
		{
			if (damping == 0 && gain < 1e-12)
				return MC_FIT_CONVERGED;
			break;
		}
		if (damping == 0 && gain < CONVERGED)
		{
			*l = likelihood_at(sample, p);
			return MC_FIT_CONVERGED;
		}
	}
	return p[SHAPE] < -0.5 ? MC_FIT_BOUNDARY : MC_FIT_FAILED;
}

/* Parameters whose first three L-moments are those of the sample. */
static void
start_from_moments(const Sample *sample, double *p)
{
	double n = (double) sample->n;
	double b0 = 0;
	double b1 = 0;
	double b2 = 0;
	double l2;
	double c;
	double k;
	double gamma;

	for (size_t i = 0; i < sample->n; i++)
	{
		double below = n - 1 - (double) i;

		b0 += sample->x[i] / n;
		b1 += sample->x[i] / n * below / (n - 1);
		b2 += sample->x[i] / n * below * (below - 1) / (n - 1) / (n - 2);
	}
	l2 = 2 * b1 - b0;
	c = 2 / (3 + (6 * b2 - 6 * b1 + b0) / l2) - M_LN2 / log(3);
	k = 7.859 * c + 2.9554 * c * c;
	gamma = gsl_sf_gamma(1 + k);
	p[SHAPE] = -k;
	p[SCALE] = l2 * k / (1 - pow(2, -k)) / gamma;
	p[LOCATION] = b0 - p[SCALE] * (1 - gamma) / k;
}

/* The Gumbel law with the sample's mean and second L-moment: always feasible. */
static void
start_from_gumbel(const Sample *sample, double *p)
{
	double n = (double) sample->n;
	double l2 = 0;

	for (size_t i = 0; i < sample->n; i++)
		l2 += sample->x[i] / n * ((n - 1 - 2 * (double) i) / (n - 1));
	p[SHAPE] = 0;
	p[SCALE] = l2 / M_LN2;
	p[LOCATION] = -M_EULER * p[SCALE];
}

/* The parameters in the unit of the data, and their errors. */
static void
fill_model(const Sample *sample, const double *p, const Likelihood *l, double centre, double range,
           McGev *model)
{
	double inverse[PARAMETERS * PARAMETERS];
	gsl_matrix_view m = gsl_matrix_view_array(inverse, PARAMETERS, PARAMETERS);
	double n = (double) sample->n;

	model->fit = MC_FIT_CONVERGED;
	model->location = centre + range * p[LOCATION];
	model->scale = range * p[SCALE];
	model->shape = p[SHAPE];
	model->log_likelihood = -n * (l->value + log(range));
	model->location_error = model->scale_error = model->shape_error = NAN;
	for (int i = 0; i < PARAMETERS * PARAMETERS; i++)
		inverse[i] = l->hessian[i];
	if (model->shape <= -0.5 || gsl_linalg_cholesky_decomp1(&m.matrix) != 0 ||
	    gsl_linalg_cholesky_invert(&m.matrix) != 0)
		return;
	model->location_error = model->scale * sqrt(inverse[LOCATION * (PARAMETERS + 1)] / n);
	model->scale_error = model->scale * sqrt(inverse[SCALE * (PARAMETERS + 1)] / n);
	model->shape_error = sqrt(inverse[SHAPE * (PARAMETERS + 1)] / n);
}

/*
 * The law of shape -1 that ends at the largest maximum, whose scale is the mean distance to it, when it is
 * better than the best value so far.
 */
static void
compare_boundary(const Sample *sample, double end, double range, double best, McGev *model)
{
	double mean_gap = 0;

	for (size_t i = 0; i < sample->n; i++)
		mean_gap += (sample->x[0] - sample->x[i]) / (double) sample->n;
	if (!(log(mean_gap) + 1 < best))
		return;
	*model = (McGev){MC_FIT_BOUNDARY, NAN, NAN, NAN, NAN, -1, NAN, NAN};
	model->scale = range * mean_gap;
	model->location = end - model->scale;
	model->log_likelihood = -(double) sample->n * (log(mean_gap) + 1 + log(range));
}

/* Centre and scale the maxima into work; false when that cannot be done. */
static bool
standardise(const double *x, size_t n, double *work, double *centre, double *range)
{
	*range = x[0] - x[n - 1];
	*centre = 0;
	for (size_t i = 0; i < n; i++)
		*centre += (x[i] - x[0]) / *range / (double) n;
	*centre = x[0] + *centre * *range;
	for (size_t i = 0; i < n; i++)
		work[i] = (x[i] - *centre) / *range;
	return isfinite(*range) && isfinite(*centre);
}

McStatus
mc_gev_fit(const double *x, size_t n, double *work, McGev *model, const McPoll *poll)
{
	Sample sample = {work, n, poll, false};
	double best = INFINITY;
	double centre;
	double range;
	bool to_boundary = false;

	*model = (McGev){MC_FIT_FAILED, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
	if (n < MC_GEV_MIN_MAXIMA || x[0] == x[n - 1])
	{
		model->fit = n < MC_GEV_MIN_MAXIMA ? MC_FIT_TOO_FEW : MC_FIT_CONSTANT;
		return MC_OK;
	}
	if (!standardise(x, n, work, &centre, &range))
		return MC_OK;
	for (int start = 0; start < 2; start++)
	{
		double p[PARAMETERS];
		Likelihood l = {0};
		McFit fit;

		if (start == 0)
			start_from_moments(&sample, p);
		else
			start_from_gumbel(&sample, p);
		fit = descend(&sample, p, &l);
		if (sample.stopped)
			return MC_STOPPED;
		if (fit == MC_FIT_CONVERGED && l.value < best)
		{
			best = l.value;
			fill_model(&sample, p, &l, centre, range, model);
		}
		to_boundary = to_boundary || fit == MC_FIT_BOUNDARY;
	}
	if (to_boundary || isfinite(best))
		compare_boundary(&sample, x[0], range, best, model);
	/* in the unit of the data: a scale of denormal numbers may vanish */
	if (!(isfinite(model->location) && model->scale > 0 && isfinite(model->scale)))
		model->fit = MC_FIT_FAILED;
	return MC_OK;
}

McStatus
mc_gev_return_level(const McGev *model, double blocks, double *level)
{
	double q = -log(-log1p(-1 / blocks));

	*level = model->location + model->scale * q * mc_box_exp(model->shape * q);
	return isfinite(*level) ? MC_OK : MC_OVERFLOW;
}
