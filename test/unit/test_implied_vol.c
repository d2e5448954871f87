/*
 * test_implied_vol.c
 *	  Implied vols: typed values, prices made from vols and back, bounds.
 */
#include <float.h>
#include <math.h>
#include <stdio.h>

#include "kernel/black.h"
#include "kernel/implied_vol.h"
#include "unit.h"

static const double epsilon = DBL_EPSILON / 2;

/* Call or put, price, F, K, t; vol by bisection of the textbook formula with 60 digits in mpmath 1.2.1. */
static void
test_references(void)
{
	static const double references[][6] = {
	    {1.0, 2.0, 100.0, 120.0, 0.5, 2.75504634527829207388e-1},
	    {0.0, 20.5, 100.0, 120.0, 0.5, 1.82223630019044242025e-1},
	    {1.0, 1e-30, 100.0, 120.0, 0.5, 2.28159841810539876995e-2},
	    {0.0, 1e-200, 100.0, 10.0, 2.0, 5.40527107947048382016e-2},
	    {1.0, 99.0, 100.0, 100.0, 1.0, 5.15165860709780152196},
	    {1.0, 0.001, 100.0, 100.0, 0.0027397260273972603, 4.78890659466295012487e-4},
	    {0.0, 119.999999, 100.0, 120.0, 30.0, 2.09819755268345537167},
	    {1.0, 59999.99994, 60000.0, 1.0, 1.0, 1.01145056863451165517e+1},
	    {1.0, 4.5e-142, 60000.0, 200000.0, 0.0027397260273972603, 8.99986463301816028288e-1},
	    {0.0, 20341.1, 60000.0, 80000.0, 0.0821917808219178, 6.50002108318538108688e-1},
	    {1.0, 0.5, 1.0, 1000000.0, 10.0, 1.72076559646465174577},
	    {0.0, 1e-09, 0.003, 0.0029, 0.01, 9.3675945910521317373e-2},
	    {1.0, 1e-10, 1.0, 1.0000001, 1.0, 4.10440306095710125685e-8},
	    {1.0, 5e-300, 1.0, 3.0, 4.0, 1.4916341735820133184e-2},
	    {1.0, 1e-310, 1.0, 3.0, 4.0, 1.46530980700190875784e-2},
	};

	for (size_t i = 0; i < sizeof(references) / sizeof(references[0]); i++)
	{
		const double *r = references[i];
		McOptionGreeks g;
		double attainable;
		double vol;

		check(mc_implied_vol(r[0] != 0, r[1], r[2], r[3], r[4], &vol) == MC_IV_OK, "price %g",
		      r[1]);
		mc_black76_greeks(r[0] != 0, r[2], r[3], r[4], r[5], &g);
		attainable = fmax(1, r[1] / (r[5] * g.vega));
		if (r[1] < DBL_MIN)
			attainable = 1e3; /* the price has 44 bits */
		check_close(vol, r[5], 6 * epsilon * attainable, "its vol");
	}
	for (int i = 0; i < 2; i++)
	{
		static const double listed[2][5] = {{7.9655674554057962931, 100, 100, 1, 0.2},
		                                    {341.0949478016891, 60000, 80000, 30.0 / 365, 0.65}};
		double vol;

		mc_implied_vol(true, listed[i][0], listed[i][1], listed[i][2], listed[i][3], &vol);
		check_close(vol, listed[i][4], 1e-15, "vol of a listed price");
	}
}

/*
 * A quote of deviation s and distance x, and its vol again.  Returns the error in units of the attainable,
 * epsilon |price / (vol vega)|, or of epsilon where that is more; negative: no vol.
 */
static double
round_trip(UnitRandom *random, double s, double deviations)
{
	double forward = exp(20 * unit_uniform(random) - 5);
	double t = exp(14 * unit_uniform(random) - 11);
	double vol = s / sqrt(t);
	double strike = forward * exp(s * unit_normal(random) * deviations * unit_uniform(random));
	bool call = unit_uniform(random) < 0.5;
	McOptionGreeks g;
	double lower;
	double upper;
	double again;

	mc_black76_greeks(call, forward, strike, t, vol, &g);
	mc_price_bounds(call, forward, strike, &lower, &upper);
	if (!(g.price <= upper && g.price >= lower))
		return -1;
	if (mc_implied_vol(call, g.price, forward, strike, t, &again) != MC_IV_OK)
		return -1;
	if (g.price == lower)
		return again == 0 ? 0 : -1;
	if (g.price == upper)
		return again == INFINITY ? 0 : -1;
	if (g.price < 1e-290 * fmin(1, fmin(forward, strike)))
		return again > 0 && isfinite(again) ? 0 : -1;
	return fabs(again - vol) / vol / epsilon / fmax(1, g.price / (vol * g.vega));
}

static void
test_round_trips(void)
{
	static const char *const names[] = {"quotes of a market", "wings", "large deviations",
	                                    "small deviations"};
	static const double lowest[] = {-4, -8.5, -0.5, -25};
	static const double range[] = {4, 11, 3, 24};
	static const double deviations[] = {2, 10, 10, 6};

	for (int i = 0; i < 4; i++)
	{
		UnitRandom random = {1000 + i};
		size_t n = unit_repeats(i == 0 ? 9100000 : 300000, 10000);
		size_t failures = 0;
		double worst = 0;

		for (size_t j = 0; j < n; j++)
		{
			double s = exp(lowest[i] + range[i] * unit_uniform(&random));
			double error = round_trip(&random, s, deviations[i]);

			failures += !(error >= 0);
			worst = fmax(worst, error);
		}
		check(failures == 0, "%s: %zu quotes, each has its vol", names[i], n);
		check(worst <= 20, "%s: to what is attainable", names[i]);
		printf("# %s: worst error %.2g of the attainable\n", names[i], worst);
	}
}

static bool
gives(bool call, double price, double forward, double strike, double t, McImpliedVol want,
      double value)
{
	double vol = 12345;
	McImpliedVol got = mc_implied_vol(call, price, forward, strike, t, &vol);

	return got == want && (isnan(value) ? isnan(vol) : vol == value);
}

static void
test_bounds(void)
{
	double v;
	double lower;
	double upper;

	check(gives(true, 10, 110, 100, 1, MC_IV_OK, 0), "the intrinsic value");
	check(gives(true, 0, 90, 100, 1, MC_IV_OK, 0), "nothing");
	check(gives(false, -0.0, 110, 100, 1, MC_IV_OK, 0), "minus nothing");
	check(gives(true, nextafter(10, 0), 110, 100, 1, MC_IV_BELOW, NAN), "below");
	check(gives(true, -5e-324, 90, 100, 1, MC_IV_BELOW, NAN), "below 0");
	check(mc_implied_vol(true, nextafter(10, 11), 110, 100, 1, &v) == MC_IV_OK && v > 0 && v < 0.02,
	      "a bit above");
	check(gives(true, 90, 90, 100, 1, MC_IV_OK, INFINITY), "the forward");
	check(gives(false, 100, 90, 100, 1, MC_IV_OK, INFINITY), "the strike");
	check(mc_implied_vol(true, nextafter(90, 0), 90, 100, 1, &v) == MC_IV_OK && v > 10 &&
	          isfinite(v),
	      "just below the forward");
	check(gives(true, nextafter(90, 91), 90, 100, 1, MC_IV_ABOVE, NAN), "above the forward");
	check(gives(false, INFINITY, 90, 100, 1, MC_IV_ABOVE, NAN), "Infinity");
	check(gives(false, -INFINITY, 90, 100, 1, MC_IV_BELOW, NAN), "minus Infinity");
	check(gives(true, 10, 110, 100, 0, MC_IV_OK, 0), "no time, intrinsic");
	check(gives(true, 11, 110, 100, 0, MC_IV_ABOVE, NAN), "no time, more");
	check(gives(true, 9, 110, 100, 0, MC_IV_BELOW, NAN), "no time, less");
	/* the difference of these is not a double: its rounding is the intrinsic value */
	check(gives(true, 0.411312 - 0.136382e-9, 0.411312, 0.136382e-9, 1, MC_IV_OK, 0),
	      "a rounded intrinsic value");
	mc_price_bounds(true, 110, 100, &lower, &upper);
	check(lower == 10 && upper == 110, "bounds of a call");
	mc_price_bounds(false, 110, 100, &lower, &upper);
	check(lower == 0 && upper == 100, "bounds of a put");
}

static void
test_not_numbers(void)
{
	static const double bad[][4] = {{NAN, 1, 1, 1},   {0.1, NAN, 1, 1},      {0.1, 1, NAN, 1},
	                                {0.1, 1, 1, NAN}, {0.1, 0, 1, 1},        {0.1, 1, -1, 1},
	                                {0.1, 1, 1, -1},  {0.1, INFINITY, 1, 1}, {0.1, 1, INFINITY, 1}};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
	{
		check(gives(i & 1, bad[i][0], bad[i][1], bad[i][2], bad[i][3], MC_IV_NOT_A_NUMBER, NAN),
		      "bad input %zu", i + 1);
	}
}

/* The ends of the range of a double. */
static void
test_units(void)
{
	double one;
	double v;

	mc_implied_vol(true, 3, 100, 130, 1, &one);
	check(mc_implied_vol(true, ldexp(3, 1000), ldexp(100, 1000), ldexp(130, 1000), 1, &v) ==
	              MC_IV_OK &&
	          v == one,
	      "large units");
	check(mc_implied_vol(true, ldexp(3, -1000), ldexp(100, -1000), ldexp(130, -1000), 1, &v) ==
	              MC_IV_OK &&
	          v == one,
	      "small units");
	check(mc_implied_vol(true, ldexp(3, 1016), ldexp(100, 1016), ldexp(130, 1016), 1, &v) ==
	              MC_IV_OK &&
	          v == one,
	      "the largest units");
	check(mc_implied_vol(true, ldexp(3, -1065), ldexp(100, -1065), ldexp(130, -1065), 1, &v) ==
	              MC_IV_OK &&
	          v == one,
	      "denormal units");
	check(mc_implied_vol(true, ldexp(5, -1065), ldexp(10, -1065), 1e300, 1, &v) == MC_IV_OK &&
	          v > 53 && v < 54,
	      "a denormal forward and a strike that is far away");
	check(mc_implied_vol(true, 1e-320, 1, 1e300, 1, &v) == MC_IV_OK && v > 1 && isfinite(v),
	      "a denormal price");
	check(mc_implied_vol(true, 0.5, 1, 1e300, 1e-10, &v) == MC_IV_OK && v > 1 && isfinite(v),
	      "half of the forward");
	check(mc_implied_vol(true, 0.5e-300, 1e-300, 1e300, 1, &v) == MC_IV_OK && v > 50 && v < 60,
	      "a strike that is 600 decimals away");
}

void
test_implied_vol(void)
{
	test_references();
	test_round_trips();
	test_bounds();
	test_not_numbers();
	test_units();
}
