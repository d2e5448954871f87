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

/* rows [from, to) of two series, times powers of two that bring them near 1 */
typedef struct Rows
{
	const double *x;
	const double *y;
	double scale_x;
	double scale_y;
} Rows;

typedef struct Moments
{
	double xx;
	double yy;
	double xy;
} Moments;

static bool
is_constant(const double *x, size_t from, size_t to)
{
	for (size_t i = from + 1; i < to; i++)
		if (x[i] != x[from])
			return false;
	return true;
}

static double
largest(const double *x, size_t n)
{
	double magnitude = 0;

	for (size_t i = 0; i < n; i++)
		magnitude = fmax(magnitude, fabs(x[i]));
	return magnitude;
}

static McDD
mean(const double *x, double scale, size_t from, size_t to)
{
	McDD sum = {0, 0};

	for (size_t i = from; i < to; i++)
		sum = mc_dd_add_double(sum, x[i] * scale);
	return mc_dd_divide_double(sum, (double) (to - from));
}

static Moments
comoments(const Rows *rows, size_t from, size_t to)
{
	McDD mx = mean(rows->x, rows->scale_x, from, to);
	McDD my = mean(rows->y, rows->scale_y, from, to);
	McDD xx = {0, 0};
	McDD yy = {0, 0};
	McDD xy = {0, 0};

	for (size_t i = from; i < to; i++)
	{
		double x = (rows->x[i] * rows->scale_x - mx.hi) - mx.lo;
		double y = (rows->y[i] * rows->scale_y - my.hi) - my.lo;

		xx = mc_dd_add(xx, mc_dd_two_product(x, x));
		yy = mc_dd_add(yy, mc_dd_two_product(y, y));
		xy = mc_dd_add(xy, mc_dd_two_product(x, y));
	}
	return (Moments){mc_dd_value(xx), mc_dd_value(yy), mc_dd_value(xy)};
}

/* NaN with fewer than two rows, or when a series is constant in them */
static double
correlation(const Rows *rows, size_t from, size_t to)
{
	Moments m;

	if (to - from < 2 || is_constant(rows->x, from, to) || is_constant(rows->y, from, to))
		return NAN;
	m = comoments(rows, from, to);
	return fmax(-1, fmin(1, m.xy / sqrt(m.xx * m.yy)));
}

/* The bound of the magnitude, signed; 0 when it is not above 0. */
static double
lower_bound(double r, size_t n, double confidence)
{
	double z = gsl_cdf_ugaussian_Pinv(confidence);
	double bound = tanh(atanh(fabs(r)) - z / sqrt((double) n - 3));

	return copysign(fmax(bound, 0), r);
}

/* The correlation in the most volatile stretch of `width` rows. */
static McStatus
stressed_correlation(const Rows *rows, size_t n, size_t width, double *work, double *stressed,
                     const McPoll *poll)
{
	Moments m = comoments(rows, 0, n);
	double wx = rows->scale_x / sqrt(m.xx);
	double wy = rows->scale_y / sqrt(m.yy);
	size_t start = 0;

	for (size_t i = 0; i < n; i++)
		work[i] = hypot(rows->x[i] * wx, rows->y[i] * wy);
	if (mc_stress_window(work, n, width, work + n, &start, poll) != MC_OK)
		return MC_STOPPED;
	*stressed = correlation(rows, start, start + width);
	return MC_OK;
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
	Rows rows = {x, y, mc_scale_of(largest(x, n)), mc_scale_of(largest(y, n))};

	*evidence = (McCorrelationEvidence){NAN, NAN, NAN, NAN, 0, MC_TOO_FEW_RETURNS};
	for (size_t p = 0; p < subperiods; p++)
		parts[p] = NAN;
	if (n < 2)
		return MC_OK;
	evidence->correlation = correlation(&rows, 0, n);
	if (isnan(evidence->correlation))
	{
		evidence->verdict = MC_CONSTANT_SERIES;
		return MC_OK;
	}
	if (n > 3)
		evidence->lower_bound = lower_bound(evidence->correlation, n, confidence);
	if (n < MC_RETURNS_PER_SUBPERIOD * subperiods)
		return MC_OK;
	for (size_t p = 0; p < subperiods; p++)
		parts[p] = correlation(&rows, p * n / subperiods, (p + 1) * n / subperiods);
	if (stressed_correlation(&rows, n, n / subperiods, work, &evidence->stressed, poll) != MC_OK)
		return MC_STOPPED;
	judge(evidence, parts, subperiods);
	return MC_OK;
}
