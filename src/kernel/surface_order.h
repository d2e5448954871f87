/*
 * surface_order.h
 *	  Which expiries agree on the order of total variance?
 *
 * An expiry whose vols are wrong as a whole would bend its neighbours: total variance at the money may not fall from
 * expiry to expiry.  Kept is the heaviest sequence, by quotes, in which it never falls below 0.3 of that of the expiry before;
 * noise, which the fit evens out, stays well above that.
 */
#ifndef MC_SURFACE_ORDER_H
#define MC_SURFACE_ORDER_H

#include "smile_fit.h"

/*
 * keep[n] says which of the smiles, in the order of t, are in the sequence.  The level of an expiry is the median of the
 * three vols nearest to the forward; one whose quotes are all on one side of it is kept.  work[2 n].  O(n^2) time.
 */
extern void mc_surface_order(const McSmile *smiles, size_t n, double *work, bool *keep);

#endif
