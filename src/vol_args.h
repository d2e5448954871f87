/*
 * vol_args.h
 *	  What the forms of rolling_vol share: settings, and the step from price to volatility.
 */
#ifndef MC_VOL_ARGS_H
#define MC_VOL_ARGS_H

#include "errors.h"
#include "kernel/rolling_vol.h"

/* 22023 outside MC_MIN_BARS .. MC_MAX_BARS */
extern void mc_check_bars(int bars);

/* 22023 unless positive and finite */
extern void mc_check_periods_per_year(double periods_per_year);

/* 2201E, as ln() */
extern void mc_price_not_positive(double price) pg_attribute_noreturn();

/* false: NULL, too few returns so far */
static inline bool
mc_next_vol(McRollingVol *window, double price, double *vol)
{
	McStatus status;

	if (unlikely(price <= 0))
		mc_price_not_positive(price);
	status = mc_rolling_vol_add(window, price, vol);
	if (likely(status == MC_OK))
		return true;
	mc_check_status(status);
	return false;
}

/*
 * The rolling volatilities of prices, in their place: where there is none, and where the price is
 * mc_null_price(), mc_null_price().  Returns how many there are; takes interrupts.
 */
extern size_t mc_rolling_vols(McRollingVol *window, double *prices, size_t n);

#endif
