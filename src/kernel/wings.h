/*
 * wings.h
 *	  A smile of SVI by what can be bounded one by one: its least total variance, the slopes of its wings
 *	  and its vertex, with derivatives.
 *
 *	  w(k) = v - sigma sqrt(L R) + (R - L)/2 z + (R + L)/2 r,   z = k - m,   r = sqrt(z^2 + sigma^2)
 *
 * is the raw form of svi.h with b = (R + L)/2, rho = (R - L)/(R + L), a = v - sigma sqrt(L R).  The variables of a
 * fit are real: ln v, logit(L / 2), logit(R / 2), m, ln sigma; beyond 100,000, where smiles are flat, sigma stays.
 */
#ifndef MC_WINGS_H
#define MC_WINGS_H

#include "svi.h"

#define MC_WINGS_DIM 5
#define MC_WINGS_STEEPEST \
	2.0 /* slope of total variance at which prices cease to exist: Lee (2004) */

enum
{
	MC_WINGS_LEAST,
	MC_WINGS_LEFT,
	MC_WINGS_RIGHT,
	MC_WINGS_VERTEX,
	MC_WINGS_WIDTH
};

typedef struct McWings
{
	double p[MC_WINGS_DIM];    /* v, L, R, m, sigma */
	double rate[MC_WINGS_DIM]; /* derivative of each by its variable */
	double root;               /* sqrt(L R) */
} McWings;

/* Total variance and its derivatives in k at one k, and the derivatives of the three by v, L, R, m, sigma. */
typedef struct McWingsJet
{
	McSviPoint at;
	double w[MC_WINGS_DIM];
	double slope[MC_WINGS_DIM];
	double curvature[MC_WINGS_DIM];
} McWingsJet;

extern void mc_wings_of_variables(const double *x, McWings *wings);

/* The variables of a valid smile; wings too steep or too flat are brought inside the bounds. */
extern void mc_wings_variables(const McSvi *smile, double *x);

extern McSvi mc_wings_smile(const McWings *wings);

static inline McSviPoint
mc_wings_at(const McWings *wings, double k)
{
	double b = (wings->p[MC_WINGS_RIGHT] + wings->p[MC_WINGS_LEFT]) / 2;
	double tilt = (wings->p[MC_WINGS_RIGHT] - wings->p[MC_WINGS_LEFT]) / 2;
	double sigma = wings->p[MC_WINGS_WIDTH];
	double z = k - wings->p[MC_WINGS_VERTEX];
	double r = sqrt(z * z + sigma * sigma);
	McSviPoint at = {wings->p[MC_WINGS_LEAST] - sigma * wings->root + tilt * z + b * r,
	                 tilt + b * z / r, b * (sigma / r) * (sigma / r) / r};

	return at;
}

extern void mc_wings_jet(const McWings *wings, double k, McWingsJet *jet);

/* The derivatives of g(k), mc_svi_butterfly, by v, L, R, m, sigma. */
extern void mc_wings_butterfly_gradient(const McWingsJet *jet, double k, double *gradient);

#endif
