/*
 * scenario.c
 *	  Fuzz target: any contract in any scenarios: no NaN, the same bits one at a time and as the shocked price and
 *	  vol give, nothing earned where nothing moves, parity, and bounds of what options are worth.
 */
#include "fuzz.h"
#include "kernel/black.h"
#include "kernel/scenario.h"

static double
take_positive(Bytes *b, int kind)
{
	double value = fabs(take_finite(b, kind));

	return value > 0 ? value : 1;
}

static void
take_law(Bytes *b, int kind, McShockLaw *law)
{
	*law = (McShockLaw){.beta = kind & 16 ? take_finite(b, kind) : 1,
	                    .price_range = take_finite(b, kind),
	                    .vol_up = fabs(take_finite(b, kind)),
	                    .vol_down = fabs(take_finite(b, kind)),
	                    .vol_range_absolute = kind & 8,
	                    .reference = take_positive(b, kind),
	                    .least = take_positive(b, kind),
	                    .short_power = take_finite(b, kind),
	                    .long_power = take_finite(b, kind),
	                    .least_vol_up = fabs(take_finite(b, kind))};
	for (int i = 0; i < 2; i++)
		law->skew[i] =
		    (McSkewLaw){take_finite(b, kind), take_finite(b, kind), take_finite(b, kind),
		                take_finite(b, kind), take_finite(b, kind), take_finite(b, kind)};
}

static void
take_exposure(Bytes *b, int kind, McExposure *e)
{
	int what = (int) take(b, 1);

	*e = (McExposure){.contract = {.kind = (McContractKind) (what & 3),
	                               .payoff = (McPayoff) ((what >> 2) % 3),
	                               .is_call = what & 64,
	                               .strike = take_positive(b, kind),
	                               .units = take_positive(b, kind)},
	                  .price = take_positive(b, kind),
	                  .vol = fabs(take_finite(b, kind)),
	                  .years = fabs(take_finite(b, kind)),
	                  .discount = take_positive(b, kind),
	                  .settlement_price = take_positive(b, kind),
	                  .settlement_moves = what & 128,
	                  .open = 1};
	if (kind & 16)
	{
		e->known = take_positive(b, kind);
		e->open = (double) take(b, 1) / 255;
	}
}

/* the value of an option in a scenario by mc_black76_price; the step by step of scenario.h */
static double
option_value(const McExposure *e, double price, double vol, const double *of_asset)
{
	const McContract *o = &e->contract;
	bool inverse = o->payoff == MC_INVERSE;
	double least = inverse ? e->price * MC_LOST_SHARE : 0;
	double seen = price < least ? least : price;
	double forward = e->known + e->open * seen;
	double asset = e->settlement_price * (e->settlement_moves ? seen / e->price : 1);
	double value;

	if (of_asset != NULL)
		asset = *of_asset;
	value = mc_black76_price(o->is_call, forward, o->strike, e->years, vol);

	if (forward <= 0)
		value = o->is_call ? 0 : o->strike;
	return (inverse ? value / forward : value) * (e->discount * o->units) * asset;
}

static void
check_value(const McExposure *e, const McShockLaw *law, const McShock *shock, double base,
            double pnl)
{
	double price = mc_shocked_price(e, law, shock);
	double vol = mc_shocked_vol(e, law, shock);

	if (e->contract.kind != MC_OPTION)
		return;
	CHECK(vol >= 0 || !isfinite(vol), "vol %g", vol);
	CHECK(same(pnl, option_value(e, price, vol, e->settlement_prices) - base), "pnl %g at %g %g",
	      pnl, price, vol);
	CHECK(!(base < 0) && !(base + pnl < -1e-15 * base), "worth %g, then %g more", base, pnl);
}

/* call - put = a forward contract, where rounding is the only difference */
static void
check_parity(const McExposure *e, const McShockLaw *law, const McShock *shock)
{
	McExposure call = *e;
	McExposure put = *e;
	double base[2];
	double pnl[2];
	long double price = mc_shocked_price(e, law, shock);
	long double amount = (long double) e->discount * e->contract.units * e->settlement_price;
	long double strike = e->contract.strike;

	call.contract.is_call = true;
	put.contract.is_call = false;
	if (e->contract.kind != MC_OPTION || e->contract.payoff == MC_INVERSE || e->settlement_moves ||
	    e->settlement_prices != NULL ||
	    mc_scenario_pnl(&call, law, shock, 1, &base[0], &pnl[0]) != MC_OK ||
	    mc_scenario_pnl(&put, law, shock, 1, &base[1], &pnl[1]) != MC_OK)
		return;
	price = e->known + e->open * fmaxl(price, 0);
	/* products in between may leave the range of a double */
	if (e->discount * e->contract.units < 1e-200 || e->settlement_price < 1e-50 ||
	    amount < 1e-200L || price < 1e-90L || strike < 1e-90L)
		return;
	CHECK(close_to(pnl[0] + base[0] - (pnl[1] + base[1]), amount * (price - strike),
	               amount * (price + strike) + base[0] + base[1], 2e-15),
	      "parity %g %g", pnl[0], pnl[1]);
}

static void
check_one(const McExposure *e, const McShockLaw *law, const McShock *shock, double base, double pnl)
{
	double base_one;
	double pnl_one;
	McShock none = *shock;
	McExposure settled = *e;

	mc_scenario_pnl(e, law, shock, 1, &base_one, &pnl_one);
	CHECK(same(base, base_one) && same(pnl, pnl_one), "alone %g, among others %g", pnl_one, pnl);
	check_value(e, law, shock, base, pnl);
	check_parity(e, law, shock);
	none.price = none.vol = 0;
	none.skew = MC_SKEW_NONE;
	settled.settlement_prices = NULL;
	if (mc_scenario_pnl(&settled, law, &none, 1, &base_one, &pnl_one) == MC_OK)
		CHECK(pnl_one == 0, "%g where nothing moves", pnl_one);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Bytes b = {data, size};
	int kind = (int) take(&b, 1);
	size_t most = size / 4 + 1;
	McShock *shocks = array(most, sizeof(McShock));
	McExposureSize weight;
	McShockLaw law;
	McExposure exposure;
	double base;
	double *pnl;
	double *prices;
	size_t n = 0;
	McStatus status;
	bool all_finite;

	take_law(&b, kind, &law);
	take_exposure(&b, kind, &exposure);
	for (; b.left > 4 && n < most; n++)
	{
		int what = (int) take(&b, 1);

		shocks[n] =
		    (McShock){take_finite(&b, kind), (McShockUnit) ((what & 3) % 3), take_finite(&b, kind),
		              (McShockUnit) ((what >> 2 & 3) % 3), (McSkewKind) ((what >> 4 & 3) % 3)};
	}
	pnl = array(n, sizeof(double));
	prices = array(n, sizeof(double));
	mc_asset_prices(exposure.settlement_price, &law, shocks, n, prices);
	for (size_t i = 0; i < n; i++)
		CHECK(!(prices[i] < 0), "price %g", prices[i]);
	exposure.settlement_prices = kind & 32 ? prices : NULL;
	status = mc_scenario_pnl(&exposure, &law, shocks, n, &base, pnl);
	all_finite = isfinite(base);
	for (size_t i = 0; i < n; i++)
		all_finite = all_finite && isfinite(pnl[i]);
	CHECK(status == (all_finite ? MC_OK : MC_OVERFLOW), "status %d", status);
	for (size_t i = 0; i < n; i++)
	{
		exposure.settlement_prices = kind & 32 ? prices + i : NULL;
		check_one(&exposure, &law, &shocks[i], base, pnl[i]);
	}
	mc_exposure_size(&exposure, &weight);
	CHECK(weight.notional >= 0 && (weight.vega >= 0 || !isfinite(weight.vega)), "%g %g",
	      weight.notional, weight.vega);
	free(shocks);
	free(pnl);
	free(prices);
	return 0;
}
