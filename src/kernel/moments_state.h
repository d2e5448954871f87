/*
 * moments_state.h
 *	  States of moments.h that travel: one form for each set of values, and a check of what arrives.
 *
 * A state of values x_1 .. x_n other than NaN and infinities is canonical when carries are propagated (every
 * limb but the last of each sum in [0, 2^32), no steps) and the tag is 0.  It then depends on nothing but
 * the values, in whatever order they were added and merged.
 *
 * A state from outside is accepted when n values could have made it: with L limbs the values are
 * below 2^(32 L) units, so |S| <= n 2^(32 L) and Q <= n 2^(64 L) for the sum S and the sum of
 * squares Q, and S^2 <= n Q (Cauchy and Schwarz).  What passes cannot take any result out of its domain.
 */
#ifndef MC_MOMENTS_STATE_H
#define MC_MOMENTS_STATE_H

#include "moments.h"

/* A copy in canonical form; room for mc_moments_size(state) doubles. */
extern void mc_moments_canonical(const double *state, double *copy);

/* Is this array of n doubles a canonical state that values could have made?  O(L^2). */
extern bool mc_moments_plausible(const double *state, size_t n);

/*
 * The mean, relative error below 2^-52; NaN with a NaN or infinity inside.  MC_TOO_FEW without any value.
 * Of a canonical state.
 */
extern McStatus mc_moments_mean(const double *state, double *mean);

#endif
