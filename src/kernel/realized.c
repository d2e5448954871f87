/*
 * realized.c
 *	  Realised variance of one span of bars, and what of it is robust to jumps.
 */
#include "realized.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <string.h>

#include "log_return.h"

#define PI 3.14159265358979323846264338328
/* E |Z|^(4/3) of a standard normal Z */
#define FOUR_THIRDS_MOMENT 0.830860925029559082648720768342

void
mc_realized_init(McRealized *state)
{
	memset(state, 0, sizeof(*state));
}

static double
median_of_three(double a, double b, double c)
{
	return fmax(fmin(a, b), fmin(fmax(a, b), c));
}

static void
take_return(McRealized *state, double r)
{
	double a = fabs(r);
	double least = fmin(a, state->a1);

	state->returns++;
	state->squares = mc_dd_add_double(state->squares, a * a);
	if (state->returns >= 2)
	{
		state->products = mc_dd_add_double(state->products, a * state->a1);
		state->minima = mc_dd_add_double(state->minima, least * least);
	}
	if (state->returns >= 3)
	{
		double median = median_of_three(a, state->a1, state->a2);
		double product = a * state->a1 * state->a2;

		state->medians = mc_dd_add_double(state->medians, median * median);
		state->thirds = mc_dd_add_double(state->thirds, product * cbrt(product));
	}
	state->a2 = state->a1;
	state->a1 = a;
}

void
mc_realized_add(McRealized *state, double price)
{
	double r = state->has_previous ? mc_log_return(state->previous, price) : 0;

	if (!isfinite(r))
	{
		state->not_finite = true;
		r = 0;
	}
	if (state->has_previous)
		take_return(state, r);
	state->previous = price;
	state->has_previous = true;
}

static void
test_jumps(McRealizedMeasures *measures)
{
	double rv = measures->realized_variance;
	double bv = measures->bipower_variation;
	/* where BV is 0, so is TQ */
	double ratio = bv > 0 ? fmax(1, measures->tripower_quarticity / (bv * bv)) : 1;
	double share = (rv - bv) / rv;

	measures->has_jump_test = true;
	measures->jump_statistic =
	    share / sqrt((PI * PI / 4 + PI - 5) * ratio / (double) measures->returns);
	measures->jump_p_value = gsl_cdf_ugaussian_Q(measures->jump_statistic);
	measures->jump_share = fmax(0, share);
}

static void
set_nan(McRealizedMeasures *measures)
{
	measures->realized_variance = NAN;
	measures->bipower_variation = NAN;
	measures->minimum_realized_variance = NAN;
	measures->median_realized_variance = NAN;
	measures->tripower_quarticity = NAN;
	measures->has_jump_test = measures->returns >= 3;
	measures->jump_statistic = NAN;
	measures->jump_p_value = NAN;
	measures->jump_share = NAN;
}

void
mc_realized_result(const McRealized *state, McRealizedMeasures *measures)
{
	double m = (double) state->returns;

	memset(measures, 0, sizeof(*measures));
	measures->returns = state->returns;
	if (state->not_finite)
	{
		set_nan(measures);
		return;
	}
	measures->realized_variance = mc_dd_value(state->squares);
	if (state->returns >= 2)
	{
		measures->bipower_variation = PI / 2 * (m / (m - 1)) * mc_dd_value(state->products);
		measures->minimum_realized_variance =
		    PI / (PI - 2) * (m / (m - 1)) * mc_dd_value(state->minima);
	}
	if (state->returns >= 3)
	{
		measures->median_realized_variance =
		    PI / (6 - 4 * sqrt(3) + PI) * (m / (m - 2)) * mc_dd_value(state->medians);
		measures->tripower_quarticity =
		    pow(FOUR_THIRDS_MOMENT, -3) * m * (m / (m - 2)) * mc_dd_value(state->thirds);
		if (measures->realized_variance > 0)
			test_jumps(measures);
	}
}
