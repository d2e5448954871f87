/*
 * ewma.c
 *	  Volatility filter, sample deviation and horizon sums of returns.
 */
#include "ewma.h"

#include <math.h>

#include "double_double.h"

/*
 * sum += x, with what was rounded away gathered in lo (T. Ogita, S. M. Rump, S. Oishi, "Accurate sum and
 * dot product", SIAM J. Sci. Comput. 26 (2005), algorithm 4.4): as good as double-double here, and
 * the next step waits for one addition only.
 */
static inline void
sum_add(McDD *sum, double x)
{
	McDD s = mc_dd_two_sum(sum->hi, x);

	sum->hi = s.hi;
	sum->lo += s.lo;
}

static double
mean_square(const double *u, size_t m)
{
	McDD sum = {0, 0};

	for (size_t i = 0; i < m; i++)
		sum_add(&sum, u[i] * u[i]);
	return mc_dd_value(sum) / (double) m;
}

McStatus
mc_ewma_filter(const double *u, size_t m, double lambda, double *y, double *vol, const McPoll *poll)
{
	double q = mean_square(u, m);
	double s = mean_square(u, m < MC_EWMA_SEED ? m : MC_EWMA_SEED);
	double last;

	if (mc_poll_stop(poll))
		return MC_STOPPED;
	if (q == 0)
	{
		for (size_t i = 0; i < m; i++)
			y[i] = 0;
		*vol = 0;
		return MC_OK;
	}
	for (size_t i = 0; i < m; i++)
	{
		y[i] = fmax(s, q / 100);
		s = lambda * s + (1 - lambda) * (u[i] * u[i]);
		if ((i + 1) % MC_POLL_STEPS == 0 && mc_poll_stop(poll))
			return MC_STOPPED;
	}
	last = fmax(s, q / 100);
	for (size_t i = 0; i < m; i++)
		y[i] = u[i] * sqrt(last / y[i]);
	*vol = sqrt(last);
	return mc_poll_stop(poll) ? MC_STOPPED : MC_OK;
}

McStatus
mc_sample_deviation(const double *u, size_t m, double *deviation, const McPoll *poll)
{
	McDD sum = {0, 0};
	McDD squares = {0, 0};
	double mean;

	for (size_t i = 0; i < m; i++)
		sum_add(&sum, u[i]);
	if (mc_poll_stop(poll))
		return MC_STOPPED;
	mean = mc_dd_value(sum) / (double) m;
	sum = (McDD){0, 0};
	for (size_t i = 0; i < m; i++)
	{
		double d = u[i] - mean;

		sum_add(&sum, d);
		sum_add(&squares, d * d);
	}
	/* what the rounding of the mean left in the deviations */
	sum_add(&squares, -(sum.hi * sum.hi / (double) m));
	*deviation = sqrt(fmax(mc_dd_value(squares), 0) / (double) (m - 1));
	return mc_poll_stop(poll) ? MC_STOPPED : MC_OK;
}

McStatus
mc_horizon_sums(const double *y, size_t m, size_t horizon, double *x, const McPoll *poll)
{
	McDD sum = {0, 0};

	for (size_t i = 0; i < m; i++)
	{
		sum = mc_dd_add_double(sum, y[i]);
		if (i + 1 >= horizon)
		{
			x[i + 1 - horizon] = mc_dd_value(sum);
			sum = mc_dd_add_double(sum, -y[i + 1 - horizon]);
		}
		if ((i + 1) % MC_POLL_STEPS == 0 && mc_poll_stop(poll))
			return MC_STOPPED;
	}
	return MC_OK;
}
