/*
 * correlation_reliability.c
 *	  May the correlation of two series of returns be relied on, and how much of it?
 */
#include "correlation_reliability.h"

#include <gsl/gsl_cdf.h>
#include <math.h>

#include "double_double.h"
#include "scale.h"
#include "stress_window.h"

/* Sums of squares and products about the means, of series times powers of two that bring them near 1. */
typedef struct Moments
{
	double scale_x;
	double scale_y;
	double xx;
	double yy;
	double xy;
} Moments;

static bool
is_constant(const double *x, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (x[i] != x[0])
			return false;
	return true;
}

static McStatus
comoments(const double *x, const double *y, size_t n, Moments *m, const McPoll *poll)
{
	McDD mx;
	McDD my;
	McDD xx = {0, 0};
	McDD yy = {0, 0};
	McDD xy = {0, 0};

	m->scale_x = mc_scale_of(mc_largest_magnitude(x, n));
	m->scale_y = mc_scale_of(mc_largest_magnitude(y, n));
	if (mc_scaled_mean(x, n, m->scale_x, &mx, poll) != MC_OK ||
	    mc_scaled_mean(y, n, m->scale_y, &my, poll) != MC_OK)
		return MC_STOPPED;
	for (size_t i = 0; i < n; i++)
	{
		double dx = (x[i] * m->scale_x - mx.hi) - mx.lo;
		double dy = (y[i] * m->scale_y - my.hi) - my.lo;

		xx = mc_dd_add(xx, mc_dd_two_product(dx, dx));
		yy = mc_dd_add(yy, mc_dd_two_product(dy, dy));
		xy = mc_dd_add(xy, mc_dd_two_product(dx, dy));
		if (i % MC_POLL_STEPS == 0 && mc_poll_stop(poll))
			return MC_STOPPED;
	}
	m->xx = mc_dd_value(xx);
	m->yy = mc_dd_value(yy);
	m->xy = mc_dd_value(xy);
	return MC_OK;
}

/* NaN, and no moments, with fewer than two rows or when a series is constant in them */
static McStatus
correlation(const double *x, const double *y, size_t n, Moments *m, double *r, const McPoll *poll)
{
	*r = NAN;
	if (n < 2 || is_constant(x, n) || is_constant(y, n))
		return MC_OK;
	if (comoments(x, y, n, m, poll) != MC_OK)
		return MC_STOPPED;
	*r = fmax(-1, fmin(1, m->xy / sqrt(m->xx * m->yy)));
	return MC_OK;
}

/* The correlations of the sub-periods. */
static McStatus
part_correlations(const double *x, const double *y, size_t n, size_t subperiods, double *parts,
                  const McPoll *poll)
{
	Moments m;

	for (size_t p = 0; p < subperiods; p++)
	{
		size_t from = p * n / subperiods;
		size_t to = (p + 1) * n / subperiods;

		if (correlation(x + from, y + from, to - from, &m, &parts[p], poll) != MC_OK)
			return MC_STOPPED;
	}
	return MC_OK;
}

/* The bound of the magnitude, signed; 0 when it is not above 0. */
static double
lower_bound(double r, size_t n, double confidence)
{
	double z = gsl_cdf_ugaussian_Pinv(confidence);
	double bound = tanh(atanh(fabs(r)) - z / sqrt((double) n - 3));

	return copysign(fmax(bound, 0), r);
}

/* The correlation in the most volatile stretch of `width` rows, by the moments of all of them. */
static McStatus
stressed_correlation(const double *x, const double *y, size_t n, const Moments *all, size_t width,
                     double *work, double *stressed, const McPoll *poll)
{
	double wx = all->scale_x / sqrt(all->xx);
	double wy = all->scale_y / sqrt(all->yy);
	size_t start = 0;
	Moments m;

	for (size_t i = 0; i < n; i++)
	{
		work[i] = hypot(x[i] * wx, y[i] * wy);
		if (i % MC_POLL_STEPS == 0 && mc_poll_stop(poll))
			return MC_STOPPED;
	}
	if (mc_stress_window(work, n, width, work + n, &start, poll) != MC_OK)
		return MC_STOPPED;
	return correlation(x + start, y + start, width, &m, stressed, poll);
}

/* The least of the correlations in the direction of the first. */
static void
judge(McCorrelationEvidence *e, const double *parts, size_t subperiods)
{
	double sign = e->correlation < 0 ? -1 : 1;
	double least = fmin(sign * e->lower_bound, sign * e->stressed);
	bool missing = isnan(e->stressed);

	for (size_t p = 0; p < subperiods; p++)
	{
		missing |= isnan(parts[p]);
		least = fmin(least, sign * parts[p]);
	}
	e->smallest = sign * least;
	if (!(sign * e->lower_bound > 0))
		e->verdict = MC_NOT_SIGNIFICANT;
	else if (missing)
		e->verdict = MC_CONSTANT_SUBPERIOD;
	else if (!(least > 0))
		e->verdict = MC_SIGN_CHANGES;
	else
	{
		e->verdict = MC_RELIABLE;
		e->offset = e->smallest;
	}
}

McStatus
mc_correlation_reliability(const double *x, const double *y, size_t n, double confidence,
                           size_t subperiods, double *parts, double *work,
                           McCorrelationEvidence *evidence, const McPoll *poll)
{
	Moments all;

	*evidence = (McCorrelationEvidence){NAN, NAN, NAN, NAN, 0, MC_TOO_FEW_RETURNS};
	for (size_t p = 0; p < subperiods; p++)
		parts[p] = NAN;
	if (n < 2)
		return MC_OK;
	if (correlation(x, y, n, &all, &evidence->correlation, poll) != MC_OK)
		return MC_STOPPED;
	if (isnan(evidence->correlation))
	{
		evidence->verdict = MC_CONSTANT_SERIES;
		return MC_OK;
	}
	if (n > 3)
		evidence->lower_bound = lower_bound(evidence->correlation, n, confidence);
	if (n < MC_RETURNS_PER_SUBPERIOD * subperiods)
		return MC_OK;
	if (part_correlations(x, y, n, subperiods, parts, poll) != MC_OK ||
	    stressed_correlation(x, y, n, &all, n / subperiods, work, &evidence->stressed, poll) !=
	        MC_OK)
		return MC_STOPPED;
	judge(evidence, parts, subperiods);
	return MC_OK;
}
