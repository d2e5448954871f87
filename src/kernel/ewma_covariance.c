/*
 * ewma_covariance.c
 *	  Exponentially weighted covariances of many series, around a mean of zero.
 */
#include "ewma_covariance.h"

#include <math.h>
#include <string.h>

/* The waiting rows into a triangle that stands for the ones before them. */
static void
take_block(const McEwmaCovariance *e, double *triangle, double *weights)
{
	McRankUpdate rank_update = mc_rank_update();
	size_t stride = mc_rank_stride(e->series);
	double weight[MC_RANK] = {0};
	double faded = 1;

	for (size_t q = e->filled; q-- > 0;)
	{
		weight[q] = faded;
		faded *= e->lambda;
	}
	for (size_t i = 0; i < e->series; i++)
	{
		double *row = triangle + mc_triangle_row(i);
		double a[MC_RANK];

		for (size_t q = 0; q < MC_RANK; q++)
			a[q] = e->block[q * stride + i] * weight[q];
		for (size_t j = 0; j <= i; j++)
			row[j] *= faded;
		rank_update(row, e->block, stride, i + 1, a);
	}
	*weights *= faded;
	for (size_t q = 0; q < e->filled; q++)
		*weights += weight[q];
}

void
mc_ewma_covariance_add(McEwmaCovariance *e, const double *x)
{
	size_t stride = mc_rank_stride(e->series);
	double *row;

	if (e->filled == MC_RANK)
	{
		/* what stays in the block has no weight until it is overwritten */
		take_block(e, e->triangle, &e->weights);
		e->filled = 0;
	}
	row = e->block + e->filled++ * stride;
	e->rows++;
	for (size_t i = 0; i < e->series; i++)
	{
		e->not_finite[i] |= !isfinite(x[i]);
		row[i] = e->not_finite[i] ? 0 : x[i];
	}
}

McStatus
mc_ewma_covariance_matrix(const McEwmaCovariance *e, double *matrix)
{
	double weights = e->weights;
	McStatus status = MC_OK;

	if (e->rows == 0)
		return MC_TOO_FEW;
	memcpy(matrix, e->triangle, mc_triangle_row(e->series) * sizeof(double));
	take_block(e, matrix, &weights);
	for (size_t i = 0; i < e->series; i++)
	{
		double *row = matrix + mc_triangle_row(i);

		for (size_t j = 0; j <= i; j++)
		{
			row[j] /= weights;
			if (e->not_finite[i] || e->not_finite[j])
				row[j] = NAN;
			else if (!isfinite(row[j]))
				status = MC_OVERFLOW;
		}
	}
	return status;
}

McStatus
mc_ewma_pair(const double *x, const double *y, size_t n, double lambda, McEwmaPair *pair,
             const McPoll *poll)
{
	McEwmaPair sum = {0, 0, 0};

	for (size_t i = 0; i < n; i++)
	{
		sum.xx = lambda * sum.xx + x[i] * x[i];
		sum.xy = lambda * sum.xy + x[i] * y[i];
		sum.yy = lambda * sum.yy + y[i] * y[i];
		if ((i + 1) % MC_POLL_STEPS == 0 && mc_poll_stop(poll))
			return MC_STOPPED;
	}
	*pair = sum;
	return n == 0 ? MC_TOO_FEW : isfinite(sum.xx) && isfinite(sum.yy) ? MC_OK : MC_OVERFLOW;
}
