/*
 * implied_vol.c
 *	  Fuzz target: implied vols of any prices: there is a vol inside the bounds and none outside, and it gives
 *	  the price again as nearly as a double vol can.
 */
#include "fuzz.h"
#include "kernel/option_forms.h"

/* relative; the price moves by vega times the distance of two doubles, and has its own rounding */
static void
check_vol(bool call, double price, double forward, double strike, double t, double vol)
{
	McOptionGreeks g;
	double slack;
	/* beyond this ratio a price is computed 2^24 times smaller than it is */
	double least = fmax(forward, strike) / 0x1p1000 > fmin(forward, strike) ? 1e-299 : 1e-322;

	mc_black76_greeks(call, forward, strike, t, vol, &g);
	if (g.vega < 1e-290)
		return; /* it has no digits, or the price is one of the bounds */
	slack = 40 * DBL_EPSILON * ((g.vega > 0 && vol > 0 ? vol * g.vega : 0) + g.price);
	CHECK(fabs(g.price - price) <= slack + 1e-290 * fmin(forward, strike) + least,
	      "%s %g %g %g: price %.17g, vol %.17g, price %.17g", call ? "call" : "put", forward,
	      strike, t, price, vol, g.price);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Bytes b = {data, size};

	while (b.left > 8)
	{
		int kind = (int) take(&b, 1);
		bool call = kind & 16;
		bool raw = kind & 4;
		double forward = fabs(raw ? take_raw(&b) : take_finite(&b, kind));
		double strike = fabs(raw ? take_raw(&b) : take_finite(&b, kind >> 1));
		double t = fabs(take_finite(&b, kind >> 2));
		double price = take_finite(&b, kind);
		double lower;
		double upper;
		double vol = 0;
		McImpliedVol result;

		if (kind & 32)
			forward = strike * (1 + (double) (int8_t) take(&b, 1) * 1e-3);
		/* a price between the bounds, evenly or close to one of them */
		if (kind & 64)
		{
			double part = (double) take(&b, 2) / 65536;

			mc_price_bounds(call, forward, strike, &lower, &upper);
			price = lower + (upper - lower) * (kind & 128 ? part * part * part * part : part);
		}
		mc_price_bounds(call, forward, strike, &lower, &upper);
		result = mc_implied_vol(call, price, forward, strike, t, &vol);
		if (!(forward > 0) || !(strike > 0) || !isfinite(forward) || !isfinite(strike))
		{
			CHECK(result == MC_IV_NOT_A_NUMBER && isnan(vol), "%d", result);
			continue;
		}
		CHECK((result == MC_IV_BELOW) == (price < lower), "%d: %.17g %.17g", result, price, lower);
		CHECK((result == MC_IV_ABOVE) == (price > upper || (t == 0 && price > lower)), "%d: %g %g",
		      result, price, upper);
		CHECK(isnan(vol) == (result != MC_IV_OK) && !(vol < 0), "%d: %g", result, vol);
		if (result == MC_IV_OK)
		{
			CHECK(price != lower || vol == 0, "intrinsic: %g", vol);
			CHECK(price != upper || price == lower || vol == INFINITY, "upper: %g", vol);
			if (vol > 1e-290 || price == lower) /* no digits are lost to underflow */
				check_vol(call, price, forward, strike, t, vol);
		}
	}
	return 0;
}
