/*
 * test_option_forms.c
 *	  Discounted, spot and inverse options: published prices and Greeks, differences, bounds of implied vols.
 */
#include <math.h>
#include <stddef.h>

#include "kernel/option_forms.h"
#include "unit.h"

static double
spot_price(bool call, double spot, double strike, double t, double vol, double rate, double yield)
{
	McOptionGreeks g;

	mc_black_scholes_greeks(call, spot, strike, t, vol, rate, yield, &g);
	return g.price;
}

/*
 * E. G. Haug, "The Complete Guide to Option Pricing Formulas" (1998), as typed in the test suite of QuantLib
 * (europeanoption.cpp): four decimals.
 */
static void
test_published(void)
{
	static const double prices[][8] = {{1, 60, 65, 0.25, 0.3, 0.08, 0, 2.1334},
	                                   {0, 100, 95, 0.5, 0.2, 0.10, 0.05, 2.4648},
	                                   {1, 1.56, 1.6, 0.5, 0.12, 0.06, 0.08, 0.0291},
	                                   {1, 42, 40, 0.75, 0.35, 0.04, 0.08, 5.0975}};
	McOptionGreeks g;

	for (size_t i = 0; i < sizeof(prices) / sizeof(prices[0]); i++)
	{
		const double *p = prices[i];

		check(fabs(spot_price(p[0] != 0, p[1], p[2], p[3], p[4], p[5], p[6]) - p[7]) < 0.6e-4,
		      "price %zu of Haug", i + 1);
	}
	mc_black_scholes_greeks(true, 105, 100, 0.5, 0.36, 0.1, 0.1, &g);
	check(fabs(g.delta - 0.5946) < 0.6e-4, "delta of a call");
	mc_black_scholes_greeks(false, 105, 100, 0.5, 0.36, 0.1, 0.1, &g);
	check(fabs(g.delta + 0.3566) < 0.6e-4, "delta of a put");
	mc_black_scholes_greeks(true, 55, 60, 0.75, 0.3, 0.1, 0, &g);
	check(fabs(g.gamma - 0.0278) < 0.6e-4, "gamma");
	check(fabs(g.vega - 18.9358) < 0.6e-4, "vega");
	mc_black_scholes_greeks(false, 430, 405, 1.0 / 12, 0.2, 0.07, 0.05, &g);
	check(fabs(g.theta + 31.1924) < 0.6e-4, "theta");
	mc_black_scholes_greeks(true, 72, 75, 1, 0.19, 0.09, 0, &g);
	check(fabs(g.rho - 38.7325) < 0.6e-4, "rho");
}

/* the option of one form whose every argument can be moved */
enum
{
	UNDERLYING,
	TIME,
	VOL,
	RATE,
	MOVES
};

static void
discounted(bool call, const double *a, McOptionGreeks *g)
{
	mc_black76_greeks(call, a[UNDERLYING], 95, a[TIME], a[VOL], g);
	mc_discount_greeks(a[TIME], exp(-a[RATE] * a[TIME]), g);
}

static void
on_spot(bool call, const double *a, McOptionGreeks *g)
{
	mc_black_scholes_greeks(call, a[UNDERLYING], 95, a[TIME], a[VOL], a[RATE], 0.02, g);
}

static void
inverse(bool call, const double *a, McOptionGreeks *g)
{
	mc_inverse_greeks(call, a[UNDERLYING], 95, a[TIME], a[VOL], g);
}

typedef void (*Form)(bool call, const double *a, McOptionGreeks *g);

/* (V(a + h) - V(a - h)) / 2h of the number at `offset` of the Greeks */
static double
difference(Form form, bool call, int move, size_t offset)
{
	double a[MOVES] = {103, 0.6, 0.35, 0.04};
	double h = a[move] * 1e-5;
	McOptionGreeks up;
	McOptionGreeks down;

	a[move] += h;
	form(call, a, &up);
	a[move] -= 2 * h;
	form(call, a, &down);
	return (*(double *) ((char *) &up + offset) - *(double *) ((char *) &down + offset)) / (2 * h);
}

static void
test_differences(void)
{
	static const Form forms[] = {discounted, on_spot, inverse};
	static const char *const names[] = {"discounted", "on a spot price", "inverse"};
	const double a[MOVES] = {103, 0.6, 0.35, 0.04};

	for (int i = 0; i < 6; i++)
	{
		Form form = forms[i / 2];
		bool call = i & 1;
		McOptionGreeks g;
		size_t price = offsetof(McOptionGreeks, price);
		size_t delta = offsetof(McOptionGreeks, delta);
		size_t vega = offsetof(McOptionGreeks, vega);

		form(call, a, &g);
		check_close(difference(form, call, UNDERLYING, price), g.delta, 1e-8, "%s: delta",
		            names[i / 2]);
		check_close(difference(form, call, UNDERLYING, delta), g.gamma, 1e-7, "gamma");
		check_close(difference(form, call, VOL, price), g.vega, 1e-8, "vega");
		check_close(-difference(form, call, TIME, price), g.theta, 1e-7, "theta");
		check_close(difference(form, call, RATE, price), g.rho, 1e-7, "rho");
		check_close(difference(form, call, VOL, delta), g.vanna, 1e-7, "vanna");
		check_close(difference(form, call, UNDERLYING, vega), g.vanna, 1e-7, "vanna once more");
		check_close(difference(form, call, VOL, vega), g.volga, 1e-7, "volga");
	}
}

/* Prices in coin: the undiscounted price over the forward, and parity 1 - K / F. */
static void
test_inverse(void)
{
	UnitRandom random = {3};
	bool good = true;

	for (int i = 0; i < 1000; i++)
	{
		double f = 60000 * exp(unit_normal(&random));
		double k = 60000 * exp(unit_normal(&random));
		double t = exp(unit_normal(&random) - 1);
		double v = exp(unit_normal(&random) - 1);
		McOptionGreeks call;
		McOptionGreeks put;

		mc_inverse_greeks(true, f, k, t, v, &call);
		mc_inverse_greeks(false, f, k, t, v, &put);
		good &= is_close(call.price, mc_black76_price(true, f, k, t, v) / f, 1e-15);
		good &= fabs(call.price - put.price - (1 - k / f)) <= 4e-16 * (1 + k / f);
		good &= fabs(call.delta - put.delta - k / f / f) <= 4e-16 * k / f / f;
	}
	check(good, "prices in coin");
}

static void
test_bounds(void)
{
	McPriceUnit tenth = {0.9, 1};
	McPriceUnit coin = {1, 60000};
	double v = 0;

	check(mc_unit_implied_vol(true, 10 * 0.9, 110, 100, 1, tenth, &v) == MC_IV_OK && v == 0,
	      "the discounted intrinsic value");
	check(mc_unit_implied_vol(true, 110 * 0.9, 110, 100, 1, tenth, &v) == MC_IV_OK && v == INFINITY,
	      "the discounted forward");
	check(mc_unit_implied_vol(true, nextafter(9, 0), 110, 100, 1, tenth, &v) == MC_IV_BELOW &&
	          isnan(v),
	      "below");
	check(mc_unit_implied_vol(true, nextafter(99, 100), 110, 100, 1, tenth, &v) == MC_IV_ABOVE &&
	          isnan(v),
	      "above");
	check(mc_unit_implied_vol(true, 1, 60000, 70000, 1, coin, &v) == MC_IV_OK && v == INFINITY,
	      "a call of one coin");
	check(mc_unit_implied_vol(false, 10000.0 / 60000, 60000, 70000, 0, coin, &v) == MC_IV_OK &&
	          v == 0,
	      "no time");
	check(mc_unit_implied_vol(false, 0.2, 60000, 70000, 0, coin, &v) == MC_IV_ABOVE,
	      "no time, more");
	check(mc_unit_implied_vol(true, 0.01, NAN, 70000, 1, coin, &v) == MC_IV_NOT_A_NUMBER &&
	          isnan(v) && mc_unit_implied_vol(true, NAN, 1, 1, 1, coin, &v) == MC_IV_NOT_A_NUMBER &&
	          mc_unit_implied_vol(true, 0, 1, 1, NAN, coin, &v) == MC_IV_NOT_A_NUMBER,
	      "not a number");
	for (int i = 1; i < 1000; i++)
	{
		McPriceUnit unit = {i / 1000.0, 1};
		double lower;
		double upper;
		double high = 0;
		bool found;

		/* dividing by the discount may round across the bound */
		mc_unit_bounds(true, 110, 100, unit, &lower, &upper);
		found =
		    mc_unit_implied_vol(true, nextafter(lower, 1000), 110, 100, 1, unit, &v) == MC_IV_OK &&
		    mc_unit_implied_vol(true, nextafter(upper, 0), 110, 100, 1, unit, &high) == MC_IV_OK;
		if (!found || v > 0.1 || high < 5)
			check(false, "next to the bounds with discount %g: %g %g", unit.numerator, v, high);
	}
	for (int i = 0; i < 3; i++)
	{
		double vol = 0.2 + 0.3 * i;
		McOptionGreeks g;

		mc_inverse_greeks(i & 1, 60000, 70000, 0.1, vol, &g);
		check(mc_unit_implied_vol(i & 1, g.price, 60000, 70000, 0.1, coin, &v) == MC_IV_OK &&
		          is_close(v, vol, 1e-15 * fmax(1, g.price / (vol * g.vega))),
		      "a vol of a price in coin");
	}
}

static void
test_range(void)
{
	McOptionGreeks g;
	double forward;
	double discount;

	check(!mc_black_scholes_greeks(true, 100, 100, 1e4, 0.2, 1, 0, &g),
	      "a forward beyond a double");
	check(mc_black_scholes_forward(100, INFINITY, 0, 0, &forward, &discount) && forward == 100 &&
	          discount == 1,
	      "no rates and no end of time");
	check(mc_black_scholes_greeks(true, NAN, 100, 1, 0.2, 0, 0, &g) && isnan(g.price), "NaN");
	check(mc_black_scholes_greeks(true, 100, 90, 0, 0.2, 0.1, 0, &g) && g.price == 10 &&
	          g.delta == 1 && g.rho == 0,
	      "no time");
}

void
test_option_forms(void)
{
	test_published();
	test_differences();
	test_inverse();
	test_bounds();
	test_range();
}
