/*
 * garch_fit.c
 *	  GARCH(1,1) and GJR(1,1) models fitted by maximum likelihood.
 *
 * All starts are rated in one pass, side by side.  From the best of them a projected BFGS with the analytic
 * gradient and the Fisher information of the start as its first curvature needs about ten more passes.
 * Tested in test/unit/test_garch_fit.c and test/oracle/garch.py: Fiorentini, Calzolari and Panattoni's
 * optimum to 1e-9, and a thousand series that no model fits.
 */
#include "garch_fit.h"

#include <math.h>
#include <string.h>

#include "box_minimum.h"

#define LEAST_OMEGA 1e-8 /* of the variance */
#define MOST_OMEGA 1e3
#define MOST_REACTION 100
#define LEAST_ETA 1e-3      /* 1000 degrees of freedom: normal */
#define MOST_ETA (1 / 2.01) /* the variance of t ends at 2 */
#define FIRST_ETA (1.0 / 6)
#define TOLERANCE 1e-9 /* standard errors */
#define NOISE 1e-14    /* of the likelihood */
#define ALLOWANCE 200
#define GROUP 16 /* observations that share a logarithm */

static const double start_reaction[MC_GARCH_STARTS] = {0.04, 0.08, 0.20, 0.15};
static const double start_beta[MC_GARCH_STARTS] = {0.95, 0.88, 0.70, 0.30};

void
mc_garch_bounds(const McGarchSeries *series, double *lower, double *upper)
{
	lower[MC_GARCH_MU] = series->least;
	upper[MC_GARCH_MU] = series->most;
	lower[MC_GARCH_OMEGA] = LEAST_OMEGA * series->variance;
	upper[MC_GARCH_OMEGA] = MOST_OMEGA;
	lower[MC_GARCH_BETA] = lower[MC_GARCH_RISE] = lower[MC_GARCH_FALL] = 0;
	upper[MC_GARCH_BETA] = 1;
	upper[MC_GARCH_RISE] = MOST_REACTION;
	upper[MC_GARCH_FALL] = series->spec.asymmetric ? MOST_REACTION : 0;
	lower[MC_GARCH_ETA] = series->spec.student ? LEAST_ETA : 0;
	upper[MC_GARCH_ETA] = series->spec.student ? MOST_ETA : 0;
}

void
mc_garch_start(const McGarchSeries *series, int i, double *theta)
{
	double reaction = start_reaction[i];
	double rest = 1 - reaction - start_beta[i];

	theta[MC_GARCH_MU] = series->mean;
	theta[MC_GARCH_OMEGA] = rest * series->variance;
	theta[MC_GARCH_BETA] = start_beta[i];
	theta[MC_GARCH_RISE] = series->spec.asymmetric ? reaction / 2 : reaction;
	theta[MC_GARCH_FALL] = series->spec.asymmetric ? reaction * 3 / 2 : 0;
	theta[MC_GARCH_ETA] = series->spec.student ? FIRST_ETA : 0;
}

/* Two starts side by side. */
typedef double Pair __attribute__((vector_size(16)));

typedef struct Lane
{
	Pair omega;
	Pair reaction;
	Pair beta;
	Pair h;
	Pair product; /* of h over a group of observations */
	Pair top;     /* the sum of e^2 / h times the product; with t the product of h k + e^2 */
} Lane;

static inline __attribute__((always_inline)) void
lane_step(Lane *x, const bool student, double k, double square, double seen)
{
	if (student)
		x->top *= x->h * (Pair){k, k} + (Pair){square, square};
	else
		x->top = x->top * x->h + (Pair){square, square} * x->product;
	x->product *= x->h;
	x->h = (x->omega + x->reaction * (Pair){seen, seen}) + x->beta * x->h;
}

static Lane
new_lane(const McGarchSeries *series, const double *reaction, const double *beta)
{
	double v = series->variance;
	double s = series->spec.presample == MC_GARCH_BACKCAST ? series->backcast : v;
	Lane x;

	x.reaction = (Pair){reaction[0], reaction[1]};
	x.beta = (Pair){beta[0], beta[1]};
	x.omega = (Pair){(1 - reaction[0] - beta[0]) * v, (1 - reaction[1] - beta[1]) * v};
	x.h = x.omega + (x.reaction + x.beta) * (Pair){s, s};
	x.product = x.top = (Pair){1, 1};
	return x;
}

static inline __attribute__((always_inline)) void
rate_pass(const McGarchSeries *series, const bool student, double *rates)
{
	Lane x[2] = {new_lane(series, start_reaction, start_beta),
	             new_lane(series, start_reaction + 2, start_beta + 2)};
	double k = 1 / FIRST_ETA - 2;
	double rise = series->spec.asymmetric ? 0.5 : 1;
	double fall = series->spec.asymmetric ? 1.5 : 1;

	for (int i = 0; i < MC_GARCH_STARTS; i++)
		rates[i] = 0;
	for (size_t t = 0; t < series->n;)
	{
		size_t end = series->n - t < GROUP ? series->n : t + GROUP;
		double empty = student ? 1 : 0;

		x[0].product = x[1].product = (Pair){1, 1};
		x[0].top = x[1].top = (Pair){empty, empty};
		for (; t < end; t++)
		{
			double e = series->z[t] - series->mean;
			double square = e * e;
			double down = e < 0.0 ? e : 0.0;
			double seen = rise * square + (fall - rise) * (down * down);

			lane_step(&x[0], student, k, square, seen);
			lane_step(&x[1], student, k, square, seen);
		}
		for (int i = 0; i < MC_GARCH_STARTS; i++)
		{
			double top = x[i / 2].top[i % 2];
			double product = x[i / 2].product[i % 2];

			rates[i] += student ? (k + 3) * log(top) - (k + 2) * log(product)
			                    : top / product + log(product);
		}
	}
}

void
mc_garch_rate_starts(const McGarchSeries *series, double *rates)
{
	if (series->spec.student)
		rate_pass(series, true, rates);
	else
		rate_pass(series, false, rates);
}

static double
value(void *arg, const double *theta, double *gradient)
{
	return mc_garch_value(arg, theta, gradient);
}

/*
 * Is this an optimum that another start may well beat?  A reaction of 0 to rises is common in stock indices, and a
 * t that is normal is no surprise; the other bounds are where likelihoods degenerate.
 */
static bool
is_doubtful(const McGarchSeries *series, const McGarchFit *fit)
{
	const double *theta = fit->theta;

	if (fit->fit == MC_FIT_CONVERGED)
		return false;
	return fit->fit != MC_FIT_BOUNDARY || fit->held[MC_GARCH_MU] || fit->held[MC_GARCH_OMEGA] ||
	       fit->held[MC_GARCH_BETA] || (fit->held[MC_GARCH_RISE] && fit->held[MC_GARCH_FALL]) ||
	       (series->spec.student && theta[MC_GARCH_ETA] == MOST_ETA);
}

/* The start of the least rate, whose rate is then taken away. */
static int
next_start(double *rates)
{
	int best = 0;

	for (int i = 1; i < MC_GARCH_STARTS; i++)
		if (rates[i] < rates[best])
			best = i;
	rates[best] = INFINITY;
	return best;
}

/*
 * Take over a minimum that is lower than the least so far, or the first one.  They are compared in the units of the
 * fit: the log-likelihood has a constant for those of the returns, and its rounding would choose between equals.
 */
static void
keep_better(const McGarchSeries *series, const McBoxMinimum *m, McGarchFit *fit, double *least)
{
	fit->evaluations += m->evaluations;
	if (!mc_fit_usable(m->fit) || (mc_fit_usable(fit->fit) && !(m->value < *least)))
		return;
	*least = m->value;
	fit->fit = m->fit;
	fit->log_likelihood = mc_garch_log_likelihood(series, m->value);
	memcpy(fit->theta, m->x, sizeof(fit->theta));
	memcpy(fit->held, m->held, sizeof(fit->held));
	memcpy(fit->curvature, m->curvature, sizeof(fit->curvature));
}

/* Parameters in the units of the returns; a fit that those units cannot hold has failed. */
static void
finish(const McGarchSeries *series, McGarchFit *fit)
{
	if (!mc_fit_usable(fit->fit))
		return;
	fit->parameters = mc_garch_parameters(series, fit->theta);
	fit->next_variance = mc_garch_next(series, fit->theta);
	if (!(isfinite(fit->parameters.mu) && isfinite(fit->log_likelihood) &&
	      fit->parameters.omega > 0 && isfinite(fit->parameters.omega) && fit->next_variance > 0 &&
	      isfinite(fit->next_variance)))
		fit->fit = MC_FIT_FAILED;
}

McStatus
mc_garch_fit(const McGarchSeries *series, McGarchFit *fit, const McPoll *poll)
{
	double lower[MC_GARCH_DIM];
	double upper[MC_GARCH_DIM];
	double rates[MC_GARCH_STARTS];
	double least = INFINITY;
	McBoxProblem problem = {MC_GARCH_DIM, value, (void *) series, lower, upper, 0, TOLERANCE,
	                        ALLOWANCE,    poll};

	problem.noise = (series->spec.student ? 8 : 1) * NOISE * (double) series->n;
	fit->fit = MC_FIT_FAILED;
	fit->evaluations = 0;
	mc_garch_bounds(series, lower, upper);
	mc_garch_rate_starts(series, rates);
	for (int i = 0; i < MC_GARCH_STARTS && (i == 0 || is_doubtful(series, fit)); i++)
	{
		McBoxMinimum m;
		McStatus status;

		if (mc_poll_stop(poll))
			return MC_STOPPED;
		mc_garch_start(series, next_start(rates), m.x);
		status = mc_garch_information(series, m.x, MC_GARCH_FISHER, m.curvature, poll);
		if (status == MC_OK)
			status = mc_box_minimise(&problem, &m);
		if (status != MC_OK)
			return status;
		keep_better(series, &m, fit, &least);
	}
	finish(series, fit);
	return MC_OK;
}
