/*
 * wings.c
 *	  A smile of SVI by its least total variance, the slopes of its wings and its vertex.
 */
#include "wings.h"

#include <float.h>

#define FLATTEST 1e-4 /* share of the steepest slope at which a fit starts, at least */
#define LEAST 1e-12   /* total variance */
#define WIDEST 1e5    /* flat, and a = v - sigma root still has digits of v */

void
mc_wings_of_variables(const double *x, McWings *wings)
{
	for (int i = 0; i < MC_WINGS_DIM; i++)
	{
		double share = 1 / (1 + exp(-x[i]));

		if (i == MC_WINGS_VERTEX)
		{
			wings->p[i] = x[i];
			wings->rate[i] = 1;
		}
		else if (i == MC_WINGS_LEFT || i == MC_WINGS_RIGHT)
		{
			wings->p[i] = MC_WINGS_STEEPEST * share;
			wings->rate[i] = MC_WINGS_STEEPEST * share * (1 - share);
		}
		else
			wings->p[i] = wings->rate[i] = exp(x[i]);
		if (i == MC_WINGS_WIDTH && !(wings->p[i] <= WIDEST))
		{
			wings->p[i] = WIDEST;
			wings->rate[i] = 0;
		}
	}
	wings->root = sqrt(wings->p[MC_WINGS_LEFT] * wings->p[MC_WINGS_RIGHT]);
	if (wings->root == 0)
		wings->root = DBL_MIN;
}

void
mc_wings_variables(const McSvi *smile, double *x)
{
	double slopes[2] = {smile->b * (1 - smile->rho), smile->b * (1 + smile->rho)};
	double least = smile->a + smile->b * smile->sigma * sqrt(1 - smile->rho * smile->rho);

	x[MC_WINGS_LEAST] = log(fmax(least, LEAST));
	x[MC_WINGS_VERTEX] = smile->m;
	x[MC_WINGS_WIDTH] = log(smile->sigma);
	for (int i = 0; i < 2; i++)
	{
		double share = fmin(fmax(slopes[i] / MC_WINGS_STEEPEST, FLATTEST), 1 - FLATTEST);

		x[MC_WINGS_LEFT + i] = log(share / (1 - share));
	}
}

McSvi
mc_wings_smile(const McWings *wings)
{
	double left = wings->p[MC_WINGS_LEFT];
	double right = wings->p[MC_WINGS_RIGHT];
	double sigma = wings->p[MC_WINGS_WIDTH];
	McSvi smile = {wings->p[MC_WINGS_LEAST] - sigma * wings->root, (left + right) / 2,
	               (right - left) / (right + left), wings->p[MC_WINGS_VERTEX], sigma};

	return smile;
}

void
mc_wings_jet(const McWings *wings, double k, McWingsJet *jet)
{
	double left = wings->p[MC_WINGS_LEFT];
	double right = wings->p[MC_WINGS_RIGHT];
	double sigma = wings->p[MC_WINGS_WIDTH];
	double b = (left + right) / 2;
	double z = k - wings->p[MC_WINGS_VERTEX];
	double r = sqrt(z * z + sigma * sigma);
	double u = z / r;
	double q = sigma / r * (sigma / r) / r;

	jet->at.w = wings->p[MC_WINGS_LEAST] - sigma * wings->root + (right - left) / 2 * z + b * r;
	jet->at.slope = (right - left) / 2 + b * u;
	jet->at.curvature = b * q;
	jet->w[MC_WINGS_LEAST] = 1;
	jet->w[MC_WINGS_LEFT] = (r - z - sigma * right / wings->root) / 2;
	jet->w[MC_WINGS_RIGHT] = (r + z - sigma * left / wings->root) / 2;
	jet->w[MC_WINGS_VERTEX] = -jet->at.slope;
	jet->w[MC_WINGS_WIDTH] = b * sigma / r - wings->root;
	jet->slope[MC_WINGS_LEAST] = 0;
	jet->slope[MC_WINGS_LEFT] = (u - 1) / 2;
	jet->slope[MC_WINGS_RIGHT] = (u + 1) / 2;
	jet->slope[MC_WINGS_VERTEX] = -jet->at.curvature;
	jet->slope[MC_WINGS_WIDTH] = -b * u * sigma / (r * r);
	jet->curvature[MC_WINGS_LEAST] = 0;
	jet->curvature[MC_WINGS_LEFT] = jet->curvature[MC_WINGS_RIGHT] = q / 2;
	jet->curvature[MC_WINGS_VERTEX] = 3 * b * q * u / r;
	jet->curvature[MC_WINGS_WIDTH] = b * (sigma / r) / r / r * (2 - 3 * (sigma / r) * (sigma / r));
}

void
mc_wings_butterfly_gradient(const McWingsJet *jet, double k, double *gradient)
{
	double w = jet->at.w;
	double s = jet->at.slope;
	double first = 1 - k * s / (2 * w);
	double by_w = (first * k + s / 4) * s / (w * w);
	double by_slope = -first * k / w - s / 2 * (1 / w + 0.25);

	for (int i = 0; i < MC_WINGS_DIM; i++)
		gradient[i] = by_w * jet->w[i] + by_slope * jet->slope[i] + jet->curvature[i] / 2;
}
