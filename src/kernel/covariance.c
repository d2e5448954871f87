/*
 * covariance.c
 *	  Means and comoments of many series in one pass, as sums that merge.
 */
#include "covariance.h"

#include <math.h>
#include <string.h>

#include "double_double.h"

#define LANES 2
#define PANEL 32

typedef double Lanes __attribute__((vector_size(LANES * sizeof(double)), aligned(8), may_alias));

#define LANES_AT(p) (*(Lanes *) (p))

/* The vector d of a row into the block, and the new means; false when one is not finite any more. */
static bool
add_vector(McCovariance *c, const double *restrict x)
{
	double *restrict mean = c->mean;
	double *restrict rest = c->rest;
	double *restrict block = c->block + c->filled * mc_rank_stride(c->series);
	double share = 1 / c->rows;
	size_t whole = c->series - c->series % LANES;
	Lanes zeros = {0, 0};
	double zero;

	for (size_t i = 0; i < whole; i += LANES)
	{
		Lanes deviation = (LANES_AT(x + i) - LANES_AT(mean + i)) - LANES_AT(rest + i);
		Lanes moved = LANES_AT(rest + i) + deviation * share;

		LANES_AT(rest + i) = moved;
		LANES_AT(block + i) = deviation;
		zeros += moved - moved;
	}
	zero = zeros[0] + zeros[1];
	for (size_t i = whole; i < c->series; i++)
	{
		block[i] = (x[i] - mean[i]) - rest[i];
		rest[i] += block[i] * share;
		zero += rest[i] - rest[i];
	}
	return zero == 0;
}

/* A series with a value that is not finite is NaN from now on, and 0 in every vector. */
static void
set_aside(McCovariance *c, const double *x)
{
	double *d = c->block + c->filled * mc_rank_stride(c->series);

	for (size_t i = 0; i < c->series; i++)
		if (!isfinite(x[i]) || isnan(c->mean[i]))
		{
			c->mean[i] = NAN;
			c->rest[i] = 0;
			d[i] = 0;
		}
}

void
mc_covariance_add(McCovariance *c, const double *x)
{
	bool first = c->rows == 0;

	c->rows++;
	if (first)
		memcpy(c->mean, x, c->series * sizeof(double));
	c->weight[c->filled] = (c->rows - 1) / c->rows;
	if (!add_vector(c, x))
		set_aside(c, x);
	/* the vector of the first row is 0 */
	c->filled += !first;
}

/* mean + rest with the larger part in mean */
static void
normalise_means(McCovariance *c)
{
	for (size_t i = 0; i < c->series; i++)
	{
		McDD sum = mc_dd_two_sum(c->mean[i], c->rest[i]);

		if (sum.lo - sum.lo != 0)
			continue;
		c->mean[i] = sum.hi;
		c->rest[i] = sum.lo;
	}
}

/* Rows [first, end) of the triangle take in MC_RANK vectors, from number `from` on. */
static void
update_rows(const McCovariance *c, double *triangle, size_t first, size_t end, size_t from)
{
	McRankUpdate rank_update = mc_rank_update();
	size_t stride = mc_rank_stride(c->series);
	const double *block = c->block + from * stride;

	for (size_t i = first; i < end; i++)
	{
		double a[MC_RANK];

		for (size_t q = 0; q < MC_RANK; q++)
			a[q] = block[q * stride + i] * c->weight[from + q];
		rank_update(triangle + mc_triangle_row(i), block, stride, i + 1, a);
	}
}

/* A few rows at a time, so that they stay in the cache for all that waits. */
static void
update_triangle(const McCovariance *c, double *triangle)
{
	for (size_t first = 0; first < c->series; first += PANEL)
	{
		size_t end = first + PANEL < c->series ? first + PANEL : c->series;

		for (size_t from = 0; from < c->filled; from += MC_RANK)
			update_rows(c, triangle, first, end, from);
	}
}

/* high + low += x */
static void
add_triangle(McCovariance *c, const double *restrict x)
{
	size_t n = mc_triangle_size(c->series);
	double *restrict high = c->high;
	double *restrict low = c->low;

	for (size_t i = 0; i < n; i++)
	{
		McDD sum = mc_dd_two_sum(high[i], x[i]);

		high[i] = sum.hi;
		low[i] += sum.lo;
	}
}

void
mc_covariance_flush(McCovariance *c)
{
	update_triangle(c, c->pending);
	memset(c->block, 0, MC_COVARIANCE_WAIT * mc_rank_stride(c->series) * sizeof(double));
	c->filled = 0;
	normalise_means(c);
	c->blocks += MC_COVARIANCE_WAIT / MC_RANK;
	if (c->blocks < MC_COVARIANCE_BLOCKS)
		return;
	add_triangle(c, c->pending);
	memset(c->pending, 0, mc_triangle_size(c->series) * sizeof(double));
	c->blocks = 0;
}

void
mc_covariance_merge(McCovariance *c, double rows, const double *mean, const double *rest,
                    const double *comoments)
{
	double total = c->rows + rows;
	double *d = c->block + c->filled * mc_rank_stride(c->series);

	if (c->rows == 0)
	{
		memcpy(c->mean, mean, c->series * sizeof(double));
		memcpy(c->rest, rest, c->series * sizeof(double));
		memcpy(c->pending, comoments, mc_triangle_size(c->series) * sizeof(double));
		c->blocks = 1;
		c->rows = rows;
		return;
	}
	for (size_t i = 0; i < c->series; i++)
	{
		d[i] = (mean[i] - c->mean[i]) + (rest[i] - c->rest[i]);
		c->rest[i] += d[i] * (rows / total);
		if (isnan(mean[i]) || isnan(c->mean[i]))
		{
			c->mean[i] = NAN;
			c->rest[i] = d[i] = 0;
		}
	}
	c->weight[c->filled++] = c->rows / total * rows;
	c->rows = total;
	add_triangle(c, comoments);
}

/* row and column i become NaN */
static void
mark_series(double *triangle, size_t series, size_t i)
{
	for (size_t j = 0; j < series; j++)
		triangle[j <= i ? mc_triangle_row(i) + j : mc_triangle_row(j) + i] = NAN;
}

void
mc_covariance_comoments(const McCovariance *c, double *comoments)
{
	size_t n = mc_triangle_size(c->series);

	memcpy(comoments, c->pending, n * sizeof(double));
	if (c->filled > 0)
		update_triangle(c, comoments);
	if (c->high != NULL)
		for (size_t i = 0; i < n; i++)
			comoments[i] = c->high[i] + (c->low[i] + comoments[i]);
	for (size_t i = 0; i < c->series; i++)
		if (isnan(c->mean[i]))
			mark_series(comoments, c->series, i);
}

McStatus
mc_covariance_scale(double *comoments, const double *mean, size_t series, double divisor)
{
	bool overflow = false;

	for (size_t i = 0; i < series; i++)
	{
		double *row = comoments + mc_triangle_row(i);

		for (size_t j = 0; j <= i; j++)
		{
			row[j] /= divisor;
			if (row[j] - row[j] != 0)
				overflow |= !isnan(mean[i]) && !isnan(mean[j]);
		}
	}
	return overflow ? MC_OVERFLOW : MC_OK;
}

static double
correlation_of(double covariance, double variance_i, double variance_j, double deviations)
{
	if (isnan(covariance))
		return covariance;
	if (covariance == 0 || variance_i == 0 || variance_j == 0)
		return 0;
	/* one series is a multiple of the other */
	if (covariance / variance_j == variance_i / covariance)
		return covariance > 0 ? 1 : -1;
	return fmax(-1, fmin(1, covariance / deviations));
}

void
mc_covariance_correlate(double *matrix, size_t series, double *deviation)
{
	for (size_t i = 0; i < series; i++)
	{
		double *row = matrix + mc_triangle_row(i);

		deviation[i] = sqrt(row[i]);
		for (size_t j = 0; j < i; j++)
			row[j] = correlation_of(row[j], row[i], matrix[mc_triangle_row(j) + j],
			                        deviation[i] * deviation[j]);
	}
	for (size_t i = 0; i < series; i++)
		if (deviation[i] > 0)
			matrix[mc_triangle_row(i) + i] = 1;
}
