/*
 * scenario.h
 *	  What one contract is worth, and what it earns, when a scenario moves the price and the vol of its
 *	  underlying.
 *
 * With the price F of the contract (of an option the forward of its underlying), its vol v and t years:
 *
 *	  price   F (1 + beta x),  F + x,  or  F (1 + x range)
 *	  vol     v (1 + y),  v + y,  or  v (1 + y r),  r = (y > 0 ? up : down) (reference / max(t, least))^p,
 *	          p = short_power where t <= reference, else long_power; ranges may be absolute: v + y r
 *	  skew    times 1 + c clamp(k / w, -1, 1),  k = ln(K / F) or its size, F before the shock
 *
 * The vol is shocked first, then skewed.  After both it is not negative, and one shocked upwards by a range
 * not below `least_vol_up`.
 *
 * Values are in the reporting currency: the value in the settlement asset times the price of that asset, which
 * moves by F_s / F where it moves with the underlying, or has a price of its own in each scenario.  With u units, discount factor D, settlement prices S
 * and, in a scenario, S_s:
 *
 *	  spot pair           now u F S         earns u (F_s S_s - F S)
 *	  future, perpetual   now 0             earns u (F_s - F) S_s,  inverse u (1/F - 1/F_s) S_s
 *	  option              now u D B(F) S    earns u D (B(F_s) S_s - B(F) S), B the price of black.h,
 *	                                        inverse B(F) / F
 */
#ifndef MC_SCENARIO_H
#define MC_SCENARIO_H

#include "contract.h"
#include "status.h"

typedef enum McShockUnit
{
	MC_SHOCK_RELATIVE,
	MC_SHOCK_ABSOLUTE,
	MC_SHOCK_RANGE
} McShockUnit;

typedef enum McSkewKind
{
	MC_SKEW_NONE,
	MC_SKEW_LINEAR,  /* by k: one wing up, the other down */
	MC_SKEW_ABSOLUTE /* by the size of k: both wings up */
} McSkewKind;

/* One scenario, all finite; zeros are the present. */
typedef struct McShock
{
	double price;
	McShockUnit price_unit;
	double vol;
	McShockUnit vol_unit;
	McSkewKind skew;
} McShock;

/*
 * c = cap + cap_slope sqrt(t); w = max(least_width, sqrt(t) width_scale (width + width_slope sqrt(t))).
 * A width that is not positive: a step of c at the forward.
 */
typedef struct McSkewLaw
{
	double cap;
	double cap_slope;
	double least_width;
	double width_scale;
	double width;
	double width_slope;
} McSkewLaw;

/* What ranges mean for an underlying; all finite, reference and least positive. */
typedef struct McShockLaw
{
	double beta; /* relative shocks of the price count so often; of 0 it does not move with them */
	double price_range;
	double vol_up;   /* not negative */
	double vol_down; /* not negative */
	bool vol_range_absolute;
	double reference; /* years at which vol ranges are as given */
	double least;     /* years: shorter terms have the range of this one */
	double short_power;
	double long_power;
	double least_vol_up; /* not negative */
	McSkewLaw skew[2];   /* linear, absolute */
} McShockLaw;

/* One contract and its market. */
typedef struct McExposure
{
	McContract contract; /* the strike of an option is positive */
	double price;        /* positive */
	double vol;          /* of an option, not negative */
	double years;        /* of an option, not negative */
	double discount;     /* of an option's premium */

	double settlement_price; /* of the settlement asset, in the reporting currency, positive */
	bool settlement_moves;   /* with the price of the underlying */
	const double *
	    settlement_prices; /* [scenarios] its price in each, not negative; NULL: as those two say */

	/*
	 * An option within the window that its settlement price is averaged over is one on known + open F, which
	 * is positive, and an inverse one is paid by that price; else 0 and 1.
	 */
	double known;
	double open;
} McExposure;

/* The price of the contract and the vol in a scenario; the price may come out negative or 0. */
extern double mc_shocked_price(const McExposure *exposure, const McShockLaw *law,
                               const McShock *shock);
extern double mc_shocked_vol(const McExposure *exposure, const McShockLaw *law,
                             const McShock *shock);

/* prices[n]: of an asset in each scenario, not below 0. */
extern void mc_asset_prices(double price, const McShockLaw *law, const McShock *shocks, size_t n,
                            double *prices);

/* An underlying that is lost is worth this share of its present price to an inverse contract. */
#define MC_LOST_SHARE 1e-12

/*
 * What a long position of one contract is worth now: of an option or a spot pair its value, of a future or
 * perpetual 0, since profit is settled; and pnl[n], what it earns in each scenario.  The same bits whatever n.
 *
 * A price that a scenario takes to 0 or below: an option is one on a price of 0 and worth its payoff, a linear
 * contract what the price says, an inverse one is lost with its underlying: MC_LOST_SHARE of the present price
 * is the least that it sees.  A settlement asset that moves loses all, and no more than that.
 *
 * NaN in price, vol, years, discount, settlement price or window gives NaN; MC_OVERFLOW when finite inputs
 * give a result that is not finite.
 */
extern McStatus mc_scenario_pnl(const McExposure *exposure, const McShockLaw *law,
                                const McShock *shocks, size_t n, double *base, double *pnl);

/* How a contract weighs in components of margin, in the reporting currency; long positions of one contract. */
typedef struct McExposureSize
{
	double notional; /* units times price, of inverse contracts as in contract.h */
	double delta;    /* what it earns when the underlying gains 100 % at the present slope */
	double vega;     /* what it earns when the vol gains 1.00 at the present slope */
} McExposureSize;

extern void mc_exposure_size(const McExposure *exposure, McExposureSize *size);

#endif
