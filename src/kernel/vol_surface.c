/*
 * vol_surface.c
 *	  A volatility surface between, before and beyond its expiries.
 */
#include "vol_surface.h"

/* How many slices have t_i <= t. */
static size_t
count_until(const McSurfaceSlice *slices, size_t n, double t)
{
	size_t low = 0;

	while (n > low)
	{
		size_t middle = low + (n - low) / 2;

		if (slices[middle].t <= t)
			low = middle + 1;
		else
			n = middle;
	}
	return low;
}

/* Variance a year that accrues at the money after the last expiry. */
static double
last_variance(const McSurfaceSlice *slices, size_t n)
{
	double w = mc_svi_total_variance(&slices[n - 1].smile, 0);
	double before = n > 1 ? mc_svi_total_variance(&slices[n - 2].smile, 0) : 0;
	double t = n > 1 ? slices[n - 2].t : 0;

	return fmax((w - before) / (slices[n - 1].t - t), 0);
}

double
mc_surface_total_variance(const McSurfaceSlice *slices, size_t n, double t, double k)
{
	size_t after = count_until(slices, n, t);
	double w[2];
	double share;

	if (after == 0)
		return mc_svi_total_variance(&slices[0].smile, k) * (t / slices[0].t);
	w[0] = mc_svi_total_variance(&slices[after - 1].smile, k);
	if (after == n)
		return w[0] + last_variance(slices, n) * (t - slices[n - 1].t);
	w[1] = mc_svi_total_variance(&slices[after].smile, k);
	share = (t - slices[after - 1].t) / (slices[after].t - slices[after - 1].t);
	return w[0] + share * (w[1] - w[0]);
}

double
mc_forward_between(double first, double last, double share)
{
	double growth = last / first;

	if (growth > 0 && isfinite(growth))
		return first * pow(growth, share);
	return pow(first, 1 - share) * pow(last, share); /* the quotient of extremes is no double */
}

double
mc_surface_forward(const McSurfaceSlice *slices, size_t n, double t)
{
	const McSurfaceSlice *before = NULL;
	const McSurfaceSlice *after = NULL;

	for (size_t i = 0; i < n; i++)
	{
		if (isnan(slices[i].forward))
			continue;
		if (slices[i].t <= t)
			before = &slices[i];
		else if (after == NULL)
			after = &slices[i];
	}
	if (before == NULL)
		return after != NULL ? after->forward : NAN;
	if (after == NULL)
		return before->forward;
	return mc_forward_between(before->forward, after->forward,
	                          (t - before->t) / (after->t - before->t));
}
