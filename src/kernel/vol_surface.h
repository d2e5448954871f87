/*
 * vol_surface.h
 *	  A volatility surface between, before and beyond its expiries.
 *
 * At equal k = ln(strike / forward) total variance is linear in time between two expiries, proportional to time before the
 * first, and beyond the last grows with the forward variance at the money of the last two (of the last alone: its
 * variance).  So there is no calendar arbitrage between the expiries of a surface that has none at them; before the first,
 * where smiles are w t / t_1, there is no butterfly arbitrage either: g(k) is concave in that factor, and not negative at 0 and 1.
 */
#ifndef MC_VOL_SURFACE_H
#define MC_VOL_SURFACE_H

#include <stddef.h>

#include "svi.h"

/* One expiry, with a forward > 0 or NaN. */
typedef struct McSurfaceSlice
{
	double t;
	double forward;
	McSvi smile;
} McSurfaceSlice;

/* Total variance at k in t > 0 years; slices in strictly ascending order of t > 0, at least one. */
extern double mc_surface_total_variance(const McSurfaceSlice *slices, size_t n, double t, double k);

/* The forward in t years: in constant carry between expiries, that of the nearest outside; NaN if there is none. */
extern double mc_surface_forward(const McSurfaceSlice *slices, size_t n, double t);

/* The forward a share of the way from one to a later one, in constant carry. */
extern double mc_forward_between(double first, double last, double share);

#endif
