/*
 * black.c
 *	  Prices and Greeks of Black (1976) for one option: the body of black_body.h, and what lies outside of
 *	  its ranges.
 */
#include "black.h"

#include <math.h>
#include <stdlib.h>

#include "black_single.h"

#define INVERSE_SQRT_TWO_PI 0.3989422804014327

/* a * b, and 0 where one of them is 0, whatever the other */
static double
scaled(double a, double b)
{
	return a == 0 || b == 0 ? 0 : a * b;
}

static bool
is_valid(double forward, double strike, double t, double vol)
{
	return forward > 0 && isfinite(forward) && strike > 0 && isfinite(strike) && t >= 0 && vol >= 0;
}

/* No time value, within rounding: the intrinsic value and the limits at and off the strike. */
static void
intrinsic(bool call, double forward, double strike, double t, double vol, double s,
          McOptionGreeks *greeks)
{
	double v = forward * INVERSE_SQRT_TWO_PI;
	double root = sqrt(t) + 0.0; /* t may be -0 */
	bool inside = call ? forward > strike : forward < strike;

	*greeks = (McOptionGreeks){0};
	if (forward != strike)
	{
		greeks->price = inside ? fabs(forward - strike) : 0;
		greeks->delta = inside ? (call ? 1 : -1) : 0;
	}
	else
	{
		greeks->price = v * s;
		greeks->delta = call ? 0.5 : -0.5;
		greeks->gamma = s == 0 ? INFINITY : INVERSE_SQRT_TWO_PI / forward / s;
		greeks->vega = v * root;
		greeks->theta = vol == 0 ? 0 : root == 0 ? -INFINITY : 0.0 - vol * (v / (2 * root));
		greeks->vanna = 0.5 * INVERSE_SQRT_TWO_PI * root;
		greeks->volga = 0.0 - scaled(vol, 0.25 * v * t * root);
	}
	greeks->rho = 0.0 - scaled(greeks->price, t);
}

/*
 * The option of one year with vol s at f and k, of which the lesser is near 1.  Where phi is below 1e-299 it
 * loses digits, down to those of a denormal number.
 */
static void
price_scaled(bool call, double f, double k, double s, Option_base *o)
{
	*o = (Option_base){.call = (Bits_base){0} - (uint64_t) call,
	                   .forward = all_base(f),
	                   .strike = all_base(k),
	                   .t = all_base(1),
	                   .vol = all_base(s)};
	prepare_base(o);
	o->usable = ~(Bits_base){0};
	density_base(o);
	if (!o->usable[0])
		o->phi = all_base(exp(-0.5 * o->d[0] * o->d[0]) * INVERSE_SQRT_TWO_PI);
	normal_base(o);
	value_base(o);
}

/* both are the same */
static double
lane(Real_base v)
{
	return v[0];
}

/*
 * Units, times and vols outside of the ranges of the body: forward and strike are scaled by a power of two so
 * that the lesser is near 1, and the option of one year with vol s has the same price.
 */
static void
price_extreme(bool call, double forward, double strike, double t, double s, McOptionGreeks *greeks)
{
	double root = sqrt(t);
	int exponent;
	int other;
	Option_base o;
	Greeks_base g;

	frexp(fmin(forward, strike), &exponent);
	frexp(fmax(forward, strike), &other);
	if (exponent < other - 1000)
		exponent = other - 1000;
	price_scaled(call, ldexp(forward, -exponent), ldexp(strike, -exponent), s, &o);
	g = sensitivities_base(&o);
	greeks->price = ldexp(lane(o.price), exponent);
	greeks->delta = lane(g.delta);
	greeks->gamma = ldexp(lane(g.gamma), -exponent);
	greeks->vega = scaled(ldexp(lane(g.vega), exponent), root);
	greeks->theta = 0.0 - scaled(ldexp(-lane(g.theta), exponent), 1 / t);
	greeks->rho = 0.0 - scaled(greeks->price, t);
	greeks->vanna = 0.0 + scaled(lane(g.vanna), root);
	greeks->volga = 0.0 + scaled(ldexp(lane(g.volga), exponent), t);
}

/* Beyond 2^2000 = 1e602 there is no time value: it would be below the least number of 1e-308. */
static int
ratio_exponent(double forward, double strike)
{
	int one;
	int other;

	frexp(forward, &one);
	frexp(strike, &other);
	return abs(one - other);
}

static __attribute__((noinline)) void
extreme(bool call, double forward, double strike, double t, double vol, McOptionGreeks *greeks)
{
	double s = t == 0 || vol == 0 ? 0 : vol * sqrt(t);

	if (!is_valid(forward, strike, t, vol))
		*greeks = (McOptionGreeks){NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
	else if (s <= 0x1p-60 || ratio_exponent(forward, strike) > 2000)
		intrinsic(call, forward, strike, t, vol, s, greeks);
	else
		price_extreme(call, forward, strike, t, fmin(s, 1000), greeks);
}

/* One option by the widest instructions that this machine has. */
#define DEFINE_SINGLE(isa, target)                                                      \
	static target bool single_##isa(bool call, double forward, double strike, double t, \
	                                double vol, McOptionGreeks *greeks, bool wanted)    \
	{                                                                                   \
		Option_##isa o = {.call = (Bits_##isa){0} - (uint64_t) call,                    \
		                  .forward = all_##isa(forward),                                \
		                  .strike = all_##isa(strike),                                  \
		                  .t = all_##isa(t),                                            \
		                  .vol = all_##isa(vol)};                                       \
                                                                                        \
		prepare_##isa(&o);                                                              \
		density_##isa(&o);                                                              \
		normal_##isa(&o);                                                               \
		greeks->price = value_##isa(&o)[0];                                             \
		if (wanted)                                                                     \
		{                                                                               \
			Greeks_##isa g = sensitivities_##isa(&o);                                   \
                                                                                        \
			*greeks = (McOptionGreeks){o.price[0], g.delta[0], g.gamma[0], g.vega[0],   \
			                           g.theta[0], g.rho[0],   g.vanna[0], g.volga[0]}; \
		}                                                                               \
		return o.usable[0];                                                             \
	}

DEFINE_SINGLE(base, )
#ifdef MC_HAVE_AVX
DEFINE_SINGLE(avx2, MC_TARGET_AVX2)
#endif

double
mc_black76_price(bool call, double forward, double strike, double t, double vol)
{
	McOptionGreeks greeks;
	bool usable;

#ifdef MC_HAVE_AVX
	if (mc_has_avx2())
		usable = single_avx2(call, forward, strike, t, vol, &greeks, false);
	else
#endif
		usable = single_base(call, forward, strike, t, vol, &greeks, false);
	if (!usable)
		extreme(call, forward, strike, t, vol, &greeks);
	return greeks.price;
}

void
mc_black76_greeks(bool call, double forward, double strike, double t, double vol,
                  McOptionGreeks *greeks)
{
	bool usable;

#ifdef MC_HAVE_AVX
	if (mc_has_avx2())
		usable = single_avx2(call, forward, strike, t, vol, greeks, true);
	else
#endif
		usable = single_base(call, forward, strike, t, vol, greeks, true);
	if (!usable)
		extreme(call, forward, strike, t, vol, greeks);
}
