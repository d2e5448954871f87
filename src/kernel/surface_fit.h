/*
 * surface_fit.h
 *	  The smiles of all expiries of one underlying, together free of arbitrage.
 */
#ifndef MC_SURFACE_FIT_H
#define MC_SURFACE_FIT_H

#include "ssvi.h"

typedef enum McSliceModel
{
	MC_SLICE_SVI,      /* five parameters of its own */
	MC_SLICE_REPAIRED, /* moved from its fit to where it is free of arbitrage */
	MC_SLICE_SSVI,     /* a slice of the surface SVI, lifted over the expiry before if need be */
	MC_SLICE_NONE      /* nothing found that is free of arbitrage */
} McSliceModel;

/* One expiry: in, fit.quotes (at least one), fit.t and room for fit.robust; out, fit.smile and the rest. */
typedef struct McSurfaceExpiry
{
	McSliceModel model;
	double butterfly; /* least g(k); 0 or more */
	double calendar;  /* least excess over the expiry before, 0 or more; NaN for the first */
	bool
	    arbitrage; /* between the fits: is there any in the smile, or between it and the one before? */
} McSurfaceExpiry;

/*
 * Expiries in strictly ascending order of t.  First one surface SVI through all quotes, which is where every smile
 * starts and stays without quotes; then each smile by itself; then, unless they are in order already, all together.
 * What is not free of arbitrage then is repaired: GJ section 5.1 for butterflies, a lift of total variance
 * for calendars, or the slice of the surface SVI.  The measures are of the smiles as they come out.
 *
 * MC_OK; MC_TOO_FEW without expiries or with fewer than three quotes in all; MC_OVERFLOW without memory; MC_STOPPED.
 */
extern McStatus mc_surface_fit(McSmile *smiles, McSurfaceExpiry *expiries, McSsviExpiry *work,
                               size_t n, McSsvi *surface, const McPoll *poll);

#endif
