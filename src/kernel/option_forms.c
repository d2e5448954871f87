/*
 * option_forms.c
 *	  Discounted, spot and inverse forms of Black (1976).
 */
#include "option_forms.h"

#include <math.h>

/* a * b, and 0 where a = 0 whatever b */
static double
times(double a, double b)
{
	return a == 0 ? 0 : a * b;
}

void
mc_discount_greeks(double t, double discount, McOptionGreeks *greeks)
{
	double rate = t > 0 && discount != 1 ? -log(discount) / t : 0;

	greeks->price *= discount;
	greeks->delta *= discount;
	greeks->gamma *= discount;
	greeks->vega *= discount;
	greeks->theta = greeks->theta * discount + times(rate, greeks->price);
	greeks->rho = 0.0 - times(greeks->price, t);
	greeks->vanna *= discount;
	greeks->volga *= discount;
}

bool
mc_black_scholes_forward(double spot, double t, double rate, double dividend_yield, double *forward,
                         double *discount)
{
	*forward = spot * exp(times(rate - dividend_yield, t));
	*discount = exp(-times(rate, t));
	return isnan(*forward) || isnan(*discount) ||
	       (*forward > 0 && isfinite(*forward) && *discount > 0 && isfinite(*discount));
}

bool
mc_black_scholes_greeks(bool call, double spot, double strike, double t, double vol, double rate,
                        double dividend_yield, McOptionGreeks *greeks)
{
	double forward;
	double discount;
	double slope;

	if (!mc_black_scholes_forward(spot, t, rate, dividend_yield, &forward, &discount))
		return false;
	mc_black76_greeks(call, forward, strike, t, vol, greeks);
	slope = forward / spot;
	greeks->price *= discount;
	greeks->delta *= discount * slope;
	greeks->gamma *= discount * slope * slope;
	greeks->vega *= discount;
	greeks->theta = greeks->theta * discount + times(rate, greeks->price) -
	                times(rate - dividend_yield, spot * greeks->delta);
	greeks->rho = 0.0 + times(spot * greeks->delta - greeks->price, t);
	greeks->vanna *= discount * slope;
	greeks->volga *= discount;
	return true;
}

/*
 * (F - K)^+ / F = (1 - K / F)^+: a call in coin is a put on y = K / F at strike 1, whose price is that of a put
 * on K at strike F over F.  By this dV/dF = -y/F dP/dy takes no difference.
 */
void
mc_inverse_greeks(bool call, double forward, double strike, double t, double vol,
                  McOptionGreeks *greeks)
{
	McOptionGreeks turned;
	double slope = strike / forward / forward;

	mc_black76_greeks(!call, strike, forward, t, vol, &turned);
	greeks->price = turned.price / forward;
	greeks->delta = 0.0 - slope * turned.delta;
	greeks->gamma = slope * (strike * turned.gamma + 2 * turned.delta) / forward;
	greeks->vega = turned.vega / forward;
	greeks->theta = turned.theta / forward;
	greeks->rho = 0;
	greeks->vanna = 0.0 - slope * turned.vanna;
	greeks->volga = turned.volga / forward;
	if (isnan(turned.price))
		greeks->rho = NAN;
}

void
mc_unit_bounds(bool call, double forward, double strike, McPriceUnit unit, double *lower,
               double *upper)
{
	mc_price_bounds(call, forward, strike, lower, upper);
	*lower = *lower * unit.numerator / unit.denominator;
	*upper = *upper * unit.numerator / unit.denominator;
}

McImpliedVol
mc_unit_implied_vol(bool call, double price, double forward, double strike, double t,
                    McPriceUnit unit, double *vol)
{
	double lower;
	double upper;
	McImpliedVol result;

	*vol = NAN;
	mc_unit_bounds(call, forward, strike, unit, &lower, &upper);
	if (isnan(price + lower + upper + t))
		return MC_IV_NOT_A_NUMBER;
	if (price < lower)
		return MC_IV_BELOW;
	if (price > upper)
		return MC_IV_ABOVE;
	*vol = price == lower ? 0 : INFINITY;
	if (price == lower || (price == upper && t > 0))
		return MC_IV_OK;
	result =
	    mc_implied_vol(call, price * unit.denominator / unit.numerator, forward, strike, t, vol);
	if (result == MC_IV_BELOW || (result == MC_IV_ABOVE && t > 0))
	{
		*vol = result == MC_IV_BELOW ? 0 : INFINITY;
		return MC_IV_OK;
	}
	return result;
}
