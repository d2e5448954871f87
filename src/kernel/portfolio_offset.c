/*
 * portfolio_offset.c
 *	  Margin of positions that hedge each other, the credit for it, and its breakdowns.
 */
#include "portfolio_offset.h"

#include <math.h>

#include "exact_sum.h"
#include "rank_update.h"
#include "scale.h"

static void
add(McExactSum *sum, McDD x)
{
	mc_exact_sum_add(sum, x.hi);
	mc_exact_sum_add(sum, x.lo);
}

/* 2 C_ij m_i m_j, or 2 |m_i m_j| for a pair that may not offset */
static McDD
pair_term(double a, double b, double correlation, bool hedges_only)
{
	McDD product = mc_dd_two_product(a, b);
	double factor = 2 * correlation;
	McDD term;

	if (hedges_only && !(product.hi * correlation < 0))
		factor = product.hi < 0 ? -2 : 2;
	term = mc_dd_two_product(factor, product.hi);
	term.lo += factor * product.lo;
	return term;
}

/* Adds the terms of m' C m. */
static McStatus
add_terms(const double *margins, const double *correlation, size_t k, double scale,
          bool hedges_only, McExactSum *sum, const McPoll *poll)
{
	size_t steps = 0;

	for (size_t i = 0; i < k; i++)
	{
		const double *row = correlation + mc_triangle_row(i);
		double m = margins[i] * scale;

		if (m == 0)
			continue;
		add(sum, mc_dd_two_product(m, m));
		for (size_t j = 0; j < i; j++)
			add(sum, pair_term(m, margins[j] * scale, row[j], hedges_only));
		steps += i;
		if (steps >= MC_POLL_STEPS)
		{
			steps = 0;
			if (mc_poll_stop(poll))
				return MC_STOPPED;
		}
	}
	return MC_OK;
}

/* What does not depend on the correlations, in units of 1 / scale. */
static void
add_up(const double *margins, size_t k, double scale, McPortfolioOffset *offset)
{
	McExactSum sides[2];
	McExactSum net;
	McExactSum squares;
	double longs;
	double shorts;

	mc_exact_sum_init(&sides[0]);
	mc_exact_sum_init(&sides[1]);
	mc_exact_sum_init(&net);
	mc_exact_sum_init(&squares);
	for (size_t i = 0; i < k; i++)
	{
		double m = margins[i] * scale;

		mc_exact_sum_add(&sides[m < 0], fabs(m));
		mc_exact_sum_add(&net, m);
		add(&squares, mc_dd_two_product(m, m));
	}
	longs = mc_dd_value(mc_exact_sum_value(&sides[0]));
	shorts = mc_dd_value(mc_exact_sum_value(&sides[1]));
	offset->gross =
	    mc_dd_value(mc_dd_add(mc_exact_sum_value(&sides[0]), mc_exact_sum_value(&sides[1])));
	offset->at_one = fabs(mc_dd_value(mc_exact_sum_value(&net)));
	offset->at_zero = fmin(sqrt(mc_dd_value(mc_exact_sum_value(&squares))), offset->gross);
	offset->worst = fmin(sqrt(longs * longs + shorts * shorts), offset->gross);
	offset->worst = fmax(offset->worst, fmax(offset->at_zero, offset->at_one));
}

McStatus
mc_portfolio_offset(const double *margins, const double *correlation, size_t k, double cap,
                    bool hedges_only, McPortfolioOffset *offset, const McPoll *poll)
{
	McExactSum total;
	double scale = mc_scale_of(mc_largest_magnitude(margins, k));

	add_up(margins, k, scale, offset);
	mc_exact_sum_init(&total);
	if (add_terms(margins, correlation, k, scale, hedges_only, &total, poll) != MC_OK)
		return MC_STOPPED;
	/* the rounding of a correlation matrix may leave a perfect hedge just below 0 */
	offset->combined = sqrt(fmax(mc_dd_value(mc_exact_sum_value(&total)), 0));
	offset->combined = fmin(offset->combined, offset->gross) / scale;
	offset->gross /= scale;
	offset->at_zero /= scale;
	offset->at_one /= scale;
	offset->worst = fmax(offset->worst / scale, offset->combined);
	offset->credit = cap * (offset->gross - offset->combined);
	offset->requirement = offset->gross - offset->credit;
	return isfinite(offset->gross) ? MC_OK : MC_OVERFLOW;
}
