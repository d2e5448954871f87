/*
 * implied_vol.h
 *	  The vol at which Black (1976) gives a price.
 *
 * The price of the side out of the money is solved for s = vol sqrt(t) on a scale where it is close to
 * linear, by Householder's method of third order as in P. Jaeckel, "Let's be rational", Wilmott 2015(75),
 * 40-53, with objectives of our own: (-ln f)^(-1/2) below s^2 = 2 |x| and -ln(1 - f) above, where f is the
 * price in units of min(F, K).  The first guess is the deviation of Bachelier's model, a rational function
 * of the price over |F - K|, carried over to the logarithm.
 *
 * The error of vol is a few units of the larger of 2^-53 and the attainable 2^-53 |price / (vol vega)|.
 */
#ifndef MC_IMPLIED_VOL_H
#define MC_IMPLIED_VOL_H

#include <stdbool.h>

typedef enum McImpliedVol
{
	MC_IV_OK,
	MC_IV_BELOW,       /* the price is below the intrinsic value: no vol gives it */
	MC_IV_ABOVE,       /* above the forward of a call, the strike of a put */
	MC_IV_NOT_A_NUMBER /* an input is NaN, or no forward, strike or time */
} McImpliedVol;

/*
 * The undiscounted price of an option.  At the intrinsic value *vol = 0, at the upper bound Infinity.
 * t = 0 leaves only the intrinsic value.  *vol is NaN unless MC_IV_OK.
 */
extern McImpliedVol mc_implied_vol(bool call, double price, double forward, double strike, double t,
                                   double *vol);

/* What bounds an undiscounted price. */
extern void mc_price_bounds(bool call, double forward, double strike, double *lower, double *upper);

#endif
