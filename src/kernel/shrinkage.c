/*
 * shrinkage.c
 *	  Covariance matrices shrunk towards a multiple of the identity.
 */
#include "shrinkage.h"

#include <math.h>

#include "rank_update.h"
#include "scale.h"

/* What both weights are made of, of S times scale^2. */
typedef struct Norms
{
	double trace;
	double square;   /* ||S||^2, Frobenius */
	double distance; /* ||S - m I||^2: not by subtraction, which cancels when S is near m I */
} Norms;

double
mc_shrinkage_scale(const double *s, size_t k)
{
	double largest = 0;

	for (size_t i = 0; i < k; i++)
		largest = fmax(largest, s[mc_triangle_row(i) + i]);
	return ldexp(1, ilogb(mc_scale_of(largest)) / 2);
}

static Norms
norms_of(const double *s, size_t k)
{
	Norms norms = {0, 0, 0};
	double scale = mc_shrinkage_scale(s, k);
	double unit = scale * scale;
	double off = 0;
	double m;

	for (size_t i = 0; i < k; i++)
		norms.trace += s[mc_triangle_row(i) + i] * unit;
	m = norms.trace / (double) k;
	for (size_t i = 0; i < k; i++)
	{
		const double *row = s + mc_triangle_row(i);

		for (size_t j = 0; j < i; j++)
			off += (row[j] * unit) * (row[j] * unit);
		norms.square += (row[i] * unit) * (row[i] * unit);
		norms.distance += (row[i] * unit - m) * (row[i] * unit - m);
	}
	norms.square += 2 * off;
	norms.distance += 2 * off;
	return norms;
}

double
mc_ledoit_wolf_weight(const double *s, size_t k, double n, double fourth)
{
	Norms norms = norms_of(s, k);
	double b = (fourth / n - norms.square) / n;

	if (!isfinite(norms.square) || !isfinite(fourth))
		return NAN;
	if (k == 1 || !(b > 0) || norms.distance == 0)
		return 0;
	return fmin(b, norms.distance) / norms.distance;
}

double
mc_oas_weight(const double *s, size_t k, double n)
{
	Norms norms = norms_of(s, k);

	if (!isfinite(norms.square) || !isfinite(norms.trace * norms.trace))
		return NAN;
	if (k == 1 || norms.trace == 0)
		return 0;
	if (norms.distance == 0)
		return 1;
	return fmin(1, (norms.square + norms.trace * norms.trace) / ((n + 1) * norms.distance));
}

double
mc_fourth_power(const double *x, const double *mean, const double *rest, size_t k, double scale)
{
	double square = 0;

	for (size_t i = 0; i < k; i++)
	{
		double d = ((x[i] - mean[i]) - rest[i]) * scale;

		square += d * d;
	}
	return square * square;
}

void
mc_shrink(double *s, size_t k, double weight)
{
	double trace = 0;

	for (size_t i = 0; i < k; i++)
		trace += s[mc_triangle_row(i) + i];
	for (size_t i = 0; i < k; i++)
	{
		double *row = s + mc_triangle_row(i);

		for (size_t j = 0; j <= i; j++)
			row[j] *= 1 - weight;
		row[i] += weight * (trace / (double) k);
	}
}
