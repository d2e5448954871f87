/*
 * shape.c
 *	  Mean, standard deviation, skewness and excess kurtosis of a sample.
 *
 * D. N. Joanes and C. A. Gill, "Comparing measures of sample skewness and kurtosis", The
 * Statistician 47 (1998): g1 and g2, G1 and G2.
 */
#include "shape.h"

#include <math.h>

#include "double_double.h"
#include "scale.h"

/* Sums of the second to fourth powers of what is above the mean. */
static McStatus
central_sums(const double *x, size_t n, double scale, McDD mean, McDD sums[3], const McPoll *poll)
{
	for (int k = 0; k < 3; k++)
		sums[k] = (McDD){0, 0};
	for (size_t i = 0; i < n; i++)
	{
		McDD d = mc_dd_add_double(mc_dd_negate(mean), scale * x[i]);
		McDD d2 = mc_dd_multiply(d, d);

		sums[0] = mc_dd_add(sums[0], d2);
		sums[1] = mc_dd_add(sums[1], mc_dd_multiply(d2, d));
		sums[2] = mc_dd_add(sums[2], mc_dd_multiply(d2, d2));
		if (i % MC_POLL_STEPS == 0 && mc_poll_stop(poll))
			return MC_STOPPED;
	}
	return MC_OK;
}

McStatus
mc_shape(const double *x, size_t n, McShape *shape, const McPoll *poll)
{
	double scale = mc_scale_of(mc_largest_magnitude(x, n));
	McDD mean;
	McDD sums[3];
	double m2;
	double m3;
	double m4;

	if (n == 0)
		return MC_TOO_FEW;
	if (mc_scaled_mean(x, n, scale, &mean, poll) != MC_OK ||
	    central_sums(x, n, scale, mean, sums, poll) != MC_OK)
		return MC_STOPPED;
	m2 = mc_dd_value(mc_dd_divide_double(sums[0], (double) n));
	m3 = mc_dd_value(mc_dd_divide_double(sums[1], (double) n));
	m4 = mc_dd_value(mc_dd_divide_double(sums[2], (double) n));
	shape->mean = mc_dd_value(mean) / scale;
	shape->deviation = sqrt(m2) / scale;
	shape->skewness = m2 > 0 ? m3 / (m2 * sqrt(m2)) : 0;
	shape->excess_kurtosis = m2 > 0 ? m4 / (m2 * m2) - 3 : 0;
	return MC_OK;
}

double
mc_sample_skewness(double skewness, size_t n)
{
	double m = (double) n;

	return skewness * sqrt(m * (m - 1)) / (m - 2);
}

double
mc_sample_kurtosis(double excess_kurtosis, size_t n)
{
	double m = (double) n;

	return ((m + 1) * excess_kurtosis + 6) * (m - 1) / ((m - 2) * (m - 3));
}
