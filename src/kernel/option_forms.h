/*
 * option_forms.h
 *	  What Black (1976) becomes with a discount factor, a spot price, or a premium in coin, and the vols
 *	  implied by such prices.
 *
 * Black-Scholes-Merton: forward S exp((r - q) t), discount factor exp(-r t) (F. Black and M. Scholes, J.
 * Political Economy 81, 1973, 637-654; R. C. Merton, Bell J. Economics 4, 1973, 141-183).  Inverse: an option
 * of which premium and payoff are paid in the underlying, worth the undiscounted price over the forward.
 */
#ifndef MC_OPTION_FORMS_H
#define MC_OPTION_FORMS_H

#include "black.h"
#include "implied_vol.h"

/*
 * From undiscounted Greeks to those of discount times the price.  Theta gains r V with r = -ln(discount) / t,
 * the discount unwinding at a constant rate (0 where t = 0); rho = -t V.
 */
extern void mc_discount_greeks(double t, double discount, McOptionGreeks *greeks);

/*
 * Delta, gamma and vanna by spot; theta with spot held; rho with spot and dividend yield held, exp(-r t) and
 * the forward moving.  False when forward or discount factor leave the range of a double.
 */
extern bool mc_black_scholes_forward(double spot, double t, double rate, double dividend_yield,
                                     double *forward, double *discount);
extern bool mc_black_scholes_greeks(bool call, double spot, double strike, double t, double vol,
                                    double rate, double dividend_yield, McOptionGreeks *greeks);

/* Derivatives of price / forward, in coin; no rate enters, rho = 0. */
extern void mc_inverse_greeks(bool call, double forward, double strike, double t, double vol,
                              McOptionGreeks *greeks);

/*
 * The vol of a price that is `unit` times the undiscounted one, unit = discount or 1 / forward as numerator /
 * denominator.  Bounds are those of that price as a double has them, and what rounding takes beyond them is at
 * them.
 */
typedef struct McPriceUnit
{
	double numerator;
	double denominator;
} McPriceUnit;

extern void mc_unit_bounds(bool call, double forward, double strike, McPriceUnit unit,
                           double *lower, double *upper);
extern McImpliedVol mc_unit_implied_vol(bool call, double price, double forward, double strike,
                                        double t, McPriceUnit unit, double *vol);

#endif
