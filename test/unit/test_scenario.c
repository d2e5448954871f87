/*
 * test_scenario.c
 *	  Contracts in scenarios: settlement, windows, skews, lost prices, parity, slopes and limits.
 */
#include <float.h>
#include <math.h>

#include "kernel/scenario.h"
#include "scenario_cases.h"
#include "unit.h"

#define MOST 1000

static double pnl[MOST];
static double base;

static double
earns(const McExposure *exposure, const McShockLaw *law, McShock shock)
{
	check(mc_scenario_pnl(exposure, law, &shock, 1, &base, pnl) == MC_OK, "status");
	return pnl[0];
}

static void
test_settlement(void)
{
	McShock down = {.price = -0.5};
	McShock vol = {.vol = 0.2, .vol_unit = MC_SHOCK_RELATIVE};
	McShock both = {.price = -0.5, .vol = 0.2};
	McExposure e = plain;
	Real now = black(true, 100, 90, 0.25, 0.5);
	Real then = black(true, 50, 90, 0.25, 0.6);

	e.contract = (McContract){MC_OPTION, MC_INVERSE, true, 90, 3};
	e.discount = 0.9;
	check_close(earns(&e, &flat, both), (double) (2.7L * (then / 50 - now / 100)), 1e-13,
	            "an inverse option in coin");
	check_close(base, (double) (2.7L * now / 100), 1e-14, "what it is worth");
	e.settlement_price = 102;
	check_close(earns(&e, &flat, both), (double) (2.7L * 102 * (then / 50 - now / 100)), 1e-13,
	            "in dollars, with a coin that stays");
	e.settlement_moves = true;
	check_close(earns(&e, &flat, both), (double) (2.7L * 1.02L * (then - now)), 1e-13,
	            "with a coin that moves: a linear option");
	check_close(mc_shocked_vol(&e, &flat, &vol), 0.6, 1e-15, "a relative shock");
	e.contract.payoff = MC_QUANTO;
	check_close(earns(&e, &flat, both), (double) (2.7L * (then * 51 - now * 102)), 1e-13,
	            "a quanto option whose settlement asset moves");
	e.contract.kind = MC_FUTURE;
	check_close(earns(&e, &flat, down), 3 * -50 * 51.0, 1e-15, "a quanto future, likewise");
	e.settlement_moves = false;
	check_close(earns(&e, &flat, down), 3 * -50 * 102.0, 1e-15, "a settlement asset that stays");
	check(base == 0, "a future is worth nothing");
	e.contract.kind = MC_SPOT;
	e.contract.payoff = MC_LINEAR;
	check_close(earns(&e, &flat, down), 3 * -50 * 102.0, 1e-15, "a spot pair");
	check_close(base, 3 * 100 * 102.0, 1e-15, "which is worth its price");
	e.settlement_moves = true;
	check_close(earns(&e, &flat, down), 3 * (50 * 51.0 - 100 * 102.0), 1e-15,
	            "priced in what moves with it");
}

/* Derive: 10 of 30 minutes are gone, at an average of 1950 */
static void
test_window(void)
{
	McExposure e = plain;
	McShock up = {.price = 0.1};
	McShock skew = {.skew = MC_SKEW_LINEAR};
	McShockLaw law = flat;
	Real now = 1950 / 3.0L + 1975 * 2 / 3.0L;
	Real then = 1950 / 3.0L + 1.1L * 1975 * 2 / 3.0L;

	e.contract.strike = 1970;
	e.price = 1975;
	e.years = 20.0 / 60 / 24 / 365;
	e.known = 1950 / 3.0;
	e.open = 2 / 3.0;
	earns(&e, &flat, up);
	check_close(base, (double) black(true, now, 1970, e.years, 0.5), 1e-12, "within the window");
	check_close(pnl[0], (double) (then - 1970) - base, 1e-14, "two thirds of the move");
	law.skew[0] = (McSkewLaw){.cap = 10, .least_width = 1};
	check_close(mc_shocked_vol(&e, &law, &skew), (double) (0.5L * (1 + 10 * logl(1970 / now))),
	            1e-13, "distances are from that forward");
	e.contract.payoff = MC_INVERSE;
	e.years = 0;
	check(earns(&e, &flat, (McShock){0}) == 0 && base == 0, "out of the money in coin");
	check_close(earns(&e, &flat, up), (double) ((then - 1970) / then), 1e-13,
	            "paid by the average");
	e.price = 0x1p-20;
	e.contract.strike = 640;
	check_close(earns(&e, &flat, (McShock){.price = -2}), -0x1p-20 / 1.5 * 640 / 650 / 650, 1e-6,
	            "what is known stays");
	check_close(base, 10 / 650.0, 1e-7, "and is worth something");
	e.contract.payoff = MC_LINEAR;
	check_close(earns(&e, &flat, (McShock){.price = -2}), -0x1p-20 * 2 / 3, 1e-6,
	            "the rest falls to 0, not below");
}

/* An asset of a price of its own in each scenario. */
static void
test_settlement_prices(void)
{
	static const McShock shocks[5] = {{.price = -0.1},
	                                  {.price = -0.1, .price_unit = MC_SHOCK_RANGE},
	                                  {.price = 0.25, .price_unit = MC_SHOCK_ABSOLUTE},
	                                  {.price = -3},
	                                  {.vol = 1}};
	McShockLaw law = {.beta = 0.5, .price_range = 2, .reference = 1, .least = 1};
	double prices[5];
	McExposure e = plain;

	mc_asset_prices(0.8, &law, shocks, 5, prices);
	check_close(prices[0], 0.8 * 0.95, 1e-15, "an asset by its beta");
	check_close(prices[1], 0.8 * 0.8, 1e-15, "by its range");
	check_close(prices[2], 1.05, 1e-15, "by an amount");
	check(prices[3] == 0, "not below 0");
	check(prices[4] == 0.8, "its price where nothing moves");
	e.contract.units = 3;
	e.settlement_price = 0.8;
	e.settlement_prices = prices;
	e.contract.kind = MC_PERPETUAL;
	mc_scenario_pnl(&e, &flat, shocks, 5, &base, pnl);
	check_close(pnl[0], -3 * 10 * prices[0], 1e-14, "profit is paid at the price of the scenario");
	check(base == 0 && pnl[3] == 0 && pnl[4] == 0, "and is worth nothing in an asset that is lost");
	e.contract.kind = MC_SPOT;
	mc_scenario_pnl(&e, &flat, shocks, 5, &base, pnl);
	check_close(base, 3 * 100 * 0.8, 1e-15, "value at the present price");
	check_close(pnl[0], 3 * (90 * prices[0] - 100 * 0.8), 1e-14, "a spot pair is revalued whole");
	check_close(pnl[2], 3 * (100.25 * prices[2] - 100 * 0.8), 1e-14, "upwards");
	check(pnl[3] == -base, "to nothing at the least: %g", pnl[3]);
	e.contract.payoff = MC_INVERSE;
	e.contract.kind = MC_FUTURE;
	mc_scenario_pnl(&e, &flat, shocks, 5, &base, pnl);
	check_close(pnl[0], 3 * (1. / 100 - 1. / 90) * prices[0], 1e-14, "inverse");
	for (int inverse = 0; inverse < 2; inverse++)
	{
		double now = (double) black(true, 100, 110, 0.25, 0.5);
		double then = (double) black(true, 90, 110, 0.25, 0.5);

		e = plain;
		e.settlement_price = 0.8;
		e.settlement_prices = prices;
		e.contract = (McContract){MC_OPTION, inverse ? MC_INVERSE : MC_LINEAR, true, 110, 1};
		e.years = 0.25;
		e.vol = 0.5;
		mc_scenario_pnl(&e, &flat, shocks, 5, &base, pnl);
		check_close(base, now * 0.8 / (inverse ? 100 : 1), 1e-14, "value of an option");
		check_close(pnl[0], then * prices[0] / (inverse ? 90 : 1) - base, 1e-14, "an option");
		check(pnl[3] == -base, "an option that pays nothing");
	}
}

static void
test_skews(void)
{
	McShockLaw law = flat;
	McExposure e = plain;
	McShock linear = {.skew = MC_SKEW_LINEAR};
	McShock absolute = {.skew = MC_SKEW_ABSOLUTE};
	McShock both = {.vol = 1, .vol_unit = MC_SHOCK_ABSOLUTE, .skew = MC_SKEW_ABSOLUTE};

	law.skew[0] = (McSkewLaw){.cap = 3, .least_width = 0.5};
	law.skew[1] = (McSkewLaw){
	    .cap = 0.2, .cap_slope = 0.2, .width_scale = 2, .width = 0.1, .width_slope = 0.4};
	e.contract.strike = 100 * exp(-0.15);
	check_close(mc_shocked_vol(&e, &law, &linear), 0.05, 1e-13, "down by 3 * 0.15 / 0.5");
	check_close(mc_shocked_vol(&e, &law, &absolute), 0.5 * (1 + 0.3 * 0.15 / 0.3), 1e-14,
	            "up by its size");
	check_close(mc_shocked_vol(&e, &law, &both), 1.5 * (1 + 0.3 * 0.15 / 0.3), 1e-14, "both");
	e.contract.strike = 100 * exp(-0.2);
	check(mc_shocked_vol(&e, &law, &linear) == 0, "not below 0");
	e.contract.strike = 300;
	check_close(mc_shocked_vol(&e, &law, &linear), 2, 1e-15, "up to the cap");
	e.contract.strike = 20;
	check_close(mc_shocked_vol(&e, &law, &absolute), 0.65, 1e-15, "to the other cap");
	law.skew[0] = (McSkewLaw){.cap = 0.2, .least_width = 1};
	check_close(mc_shocked_vol(&e, &law, &linear), 0.4, 1e-15, "down to the cap");
	law.skew[0] = (McSkewLaw){.cap = 2, .least_width = 0.5};
	both = (McShock){.vol = -3, .skew = MC_SKEW_LINEAR};
	check(mc_shocked_vol(&e, &law, &both) == 0, "two vols below 0 do not make one above");
	law.skew[0] = (McSkewLaw){.cap = 0.5};
	check(mc_shocked_vol(&e, &law, &linear) == 0.25, "no width: a step down");
	e.contract.strike = 101;
	check(mc_shocked_vol(&e, &law, &linear) == 0.75, "or up");
	e.contract.strike = 100;
	check(mc_shocked_vol(&e, &law, &linear) == 0.5, "and nothing at the forward");
	law.vol_up = law.vol_down = 0.1;
	law.least_vol_up = 0.7;
	both = (McShock){.vol = 1, .vol_unit = MC_SHOCK_RANGE, .skew = MC_SKEW_LINEAR};
	check(mc_shocked_vol(&e, &law, &both) == 0.7, "the least vol after all");
	both.vol = -1;
	check(mc_shocked_vol(&e, &law, &both) < 0.5, "not where it falls");
	both.vol = 0;
	check(mc_shocked_vol(&e, &law, &both) == 0.5, "nor where it stays");
	check(mc_shocked_vol(&e, &law, &(McShock){.vol = -2}) == 0, "a vol is not negative");
	law.vol_down = 0;
	law.least = 1e-300;
	law.short_power = 2;
	e.years = 0;
	both = (McShock){.vol = -1, .vol_unit = MC_SHOCK_RANGE};
	check(mc_shocked_vol(&e, &law, &both) == 0.5, "no range at any term");
	law.vol_up = 2;
	law.vol_down = 1;
	e.vol = 2;
	both.vol = 0;
	check(mc_shocked_vol(&e, &law, &both) == 2, "a range beyond all, and nothing moves");
	e.vol = 0;
	both.vol = 1;
	check(mc_shocked_vol(&e, &law, &both) == 0.7, "a range beyond all of no vol");
}

static void
test_lost(void)
{
	McShock shocks[] = {
	    {.price = -1}, {.price = -1.5}, {.price = -101, .price_unit = MC_SHOCK_ABSOLUTE}};
	McExposure e = plain;

	e.discount = 0.9;
	e.contract.units = 2;
	for (int i = 0; i < 3; i++)
	{
		double price = i == 0 ? 0 : i == 1 ? -50 : -1;

		e.contract = (McContract){MC_OPTION, MC_LINEAR, true, 120, 2};
		e.settlement_moves = false;
		earns(&e, &flat, shocks[i]);
		check(base > 0 && pnl[0] == -base, "a call on nothing is worth nothing");
		e.contract.is_call = false;
		earns(&e, &flat, shocks[i]);
		check_close(base + pnl[0], 2 * 0.9 * 120, 1e-15, "a put on nothing is worth its strike");
		e.contract.kind = MC_FUTURE;
		check_close(earns(&e, &flat, shocks[i]), 2 * (price - 100), 1e-15, "a linear future");
		check(mc_shocked_price(&e, &flat, &shocks[i]) == price, "its price is what it is");
		e.settlement_moves = true;
		check(earns(&e, &flat, shocks[i]) == 0, "settled in an asset that is worth nothing");
		e.contract.payoff = MC_INVERSE;
		e.settlement_price = 100;
		check_close(earns(&e, &flat, shocks[i]), -2, 1e-11,
		            "an inverse future loses all in dollars");
		e.settlement_moves = false;
		e.settlement_price = 1;
		check_close(earns(&e, &flat, shocks[i]), -2e10, 1e-11, "and a share of 1e-12 in coin");
		e.contract.kind = MC_OPTION;
		earns(&e, &flat, shocks[i]);
		check_close(base + pnl[0], 2 * 0.9 * 1.2e12, 1e-11, "an inverse put in coin");
		e.settlement_price = 100;
		e.settlement_moves = true;
		earns(&e, &flat, shocks[i]);
		check_close(base + pnl[0], 2 * 0.9 * 120, 1e-11, "and in dollars");
		e.settlement_price = 1;
	}
}

static void
draw_option(UnitRandom *random, McExposure *e)
{
	*e = plain;
	e->contract.is_call = unit_uniform(random) < 0.5;
	e->contract.payoff = (McPayoff) (3 * unit_uniform(random));
	e->contract.units = exp(2 * unit_normal(random));
	e->price = exp(5 + 3 * unit_normal(random));
	e->contract.strike = e->price * exp(0.4 * unit_normal(random));
	e->vol = 0.2 + unit_uniform(random);
	e->years = unit_uniform(random) < 0.1 ? 0 : exp(2 * unit_normal(random) - 3);
	e->discount = 0.8 + 0.2 * unit_uniform(random);
	e->settlement_price = exp(unit_normal(random));
	e->settlement_moves = unit_uniform(random) < 0.5;
}

static void
draw_shock(UnitRandom *random, McShock *shock)
{
	shock->price = 1.1 * (2 * unit_uniform(random) - 1);
	shock->price_unit = unit_uniform(random) < 0.5 ? MC_SHOCK_RELATIVE : MC_SHOCK_RANGE;
	shock->vol = 2 * unit_uniform(random) - 1;
	shock->vol_unit = (McShockUnit) (3 * unit_uniform(random));
	shock->skew = (McSkewKind) (3 * unit_uniform(random));
}

static const McShockLaw usual = {.beta = 1,
                                 .price_range = 0.4,
                                 .vol_up = 0.5,
                                 .vol_down = 0.3,
                                 .reference = 30 / 365.0,
                                 .least = 1 / 365.0,
                                 .short_power = 0.3,
                                 .long_power = 0.13,
                                 .least_vol_up = 0.4,
                                 .skew = {USUAL, USUAL}};

/* call - put is a forward contract in every scenario, which also takes all of the vol from them */
static void
test_parity(void)
{
	UnitRandom random = {7};
	McShock shocks[MOST];
	static double put[MOST];
	int wrong = 0;
	size_t repeats = unit_repeats(100, 5);

	for (size_t r = 0; r < repeats; r++)
	{
		McExposure e;

		draw_option(&random, &e);
		for (int i = 0; i < MOST; i++)
			draw_shock(&random, &shocks[i]);
		e.contract.is_call = true;
		wrong += mc_scenario_pnl(&e, &usual, shocks, MOST, &base, pnl) != MC_OK;
		e.contract.is_call = false;
		wrong += mc_scenario_pnl(&e, &usual, shocks, MOST, &base, put) != MC_OK;
		for (int i = 0; i < MOST; i++)
		{
			Real f = e.price;
			Real moved = fmaxl(mc_shocked_price(&e, &usual, &shocks[i]),
			                   e.contract.payoff == MC_INVERSE ? f * 1e-12L : 0);
			Real asset = (Real) e.settlement_price * (e.settlement_moves ? moved / f : 1);
			Real k = e.contract.strike;
			Real amount = (Real) e.contract.units * e.discount;
			bool inverse = e.contract.payoff == MC_INVERSE;
			Real then = amount * asset * (inverse ? 1 - k / moved : moved - k);
			Real now = amount * e.settlement_price * (inverse ? 1 - k / f : f - k);
			Real scale = amount * (asset + e.settlement_price) *
			             (inverse ? 1 + k / moved + k / f : moved + f + k);

			wrong += !near(pnl[i] - put[i], then - now, scale, 1e-14);
		}
	}
	check(wrong == 0, "parity in %zu scenarios: %d wrong", repeats * MOST, wrong);
}

static void
test_same_bits(void)
{
	static const size_t sizes[] = {0, 1, 2, 62, 63, 64, 65, 127, 128, 129, MOST};
	UnitRandom random = {8};
	McShock shocks[MOST];
	size_t different = 0;
	size_t moved = 0;

	for (int r = 0; r < 20; r++)
	{
		McExposure e;
		static double twice[MOST + 1];
		double one;
		double base_one;

		draw_option(&random, &e);
		e.contract.kind = (McContractKind) (r % 4);
		for (int i = 0; i < MOST; i++)
			draw_shock(&random, &shocks[i]);
		for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++)
		{
			size_t n = sizes[s];

			twice[n] = 12345;
			e.contract.units *= 2;
			mc_scenario_pnl(&e, &usual, shocks, n, &base, twice);
			e.contract.units /= 2;
			different += twice[n] != 12345;
			for (size_t i = 0; i < n; i++)
			{
				mc_scenario_pnl(&e, &usual, &shocks[i], 1, &base_one, &one);
				different += 2 * one != twice[i] || 2 * base_one != base;
				moved += one != 0;
			}
			mc_scenario_pnl(&e, &usual, shocks, 0, &base_one, NULL);
			different += 2 * base_one != base;
		}
		/* nothing moves in any unit */
		for (int unit = 0; unit < 3; unit++)
		{
			McShock none = {0, (McShockUnit) unit, 0, (McShockUnit) unit, MC_SKEW_NONE};

			mc_scenario_pnl(&e, &usual, &none, 1, &base, &one);
			different += one != 0;
			different += mc_shocked_vol(&e, &usual, &none) != e.vol && e.contract.kind == MC_OPTION;
		}
	}
	check(different == 0, "any number of scenarios, and twice the units");
	check(moved > 10000, "of which %zu earn something", moved);
}

/* slopes by differences of values that mc_scenario_pnl gives, and by what notional means */
static void
test_size(void)
{
	UnitRandom random = {9};
	int wrong = 0;
	const double h = 0x1p-14;

	for (int r = 0; r < 400; r++)
	{
		McShock shocks[] = {{.price = h},
		                    {.price = -h},
		                    {.vol = h, .vol_unit = MC_SHOCK_ABSOLUTE},
		                    {.vol = -h, .vol_unit = MC_SHOCK_ABSOLUTE}};
		McExposure e;
		McExposureSize size;
		double u;

		draw_option(&random, &e);
		e.contract.kind = (McContractKind) (r % 4);
		if (e.contract.kind == MC_SPOT)
			e.contract.payoff = MC_LINEAR;
		e.years += 0.05;
		if (r % 3 == 0)
		{
			e.known = e.price * 0.3;
			e.open = 0.7;
		}
		u = e.contract.units * e.settlement_price;
		mc_exposure_size(&e, &size);
		mc_scenario_pnl(&e, &flat, shocks, 4, &base, pnl);
		wrong += !near(size.delta, (pnl[0] - pnl[1]) / (2 * h), u * fmax(e.price, 1), 1e-6);
		wrong += !near(size.vega, e.contract.kind == MC_OPTION ? (pnl[2] - pnl[3]) / (2 * h) : 0,
		               u * fmax(e.price, 1), 1e-6);
		if (e.contract.payoff == MC_INVERSE)
		{
			wrong += !near(size.delta, (pnl[0] - pnl[1]) / (2 * h), u, 1e-6 * fmax(1, 1 / e.price));
			u = e.contract.kind == MC_OPTION ? u : u / e.price;
		}
		else
			u *= e.price;
		wrong += !near(size.notional, u, u, 1e-15);
	}
	check(wrong == 0, "slopes and notionals: %d wrong", wrong);
}

static void
test_limits(void)
{
	McExposure e = plain;
	McExposureSize size;
	McShock up = {.price = 0.1};
	McShock higher = {.vol = 0.5, .vol_unit = MC_SHOCK_ABSOLUTE};

	e.contract.units = 1e300;
	e.settlement_price = 1e10;
	check(mc_scenario_pnl(&e, &flat, &up, 1, &base, pnl) == MC_OVERFLOW, "1e300 units");
	e.contract.kind = MC_FUTURE;
	check(mc_scenario_pnl(&e, &flat, &up, 1, &base, pnl) == MC_OVERFLOW, "of a future");
	e.contract.kind = MC_SPOT;
	check(mc_scenario_pnl(&e, &flat, &up, 0, &base, pnl) == MC_OVERFLOW, "of a spot pair, at once");
	e = plain;
	{
		McShock beyond[] = {up, up, {.price = 1e308}};

		check(mc_scenario_pnl(&e, &flat, beyond, 3, &base, pnl) == MC_OVERFLOW, "in one of three");
		check_close(pnl[1], (double) (black(true, 110, 100, 0.25, 0.5) - (Real) base), 1e-13,
		            "the others are as they are");
	}
	up.price = 1e308;
	check(mc_scenario_pnl(&e, &flat, &up, 1, &base, pnl) == MC_OVERFLOW, "a price beyond all");
	up.price = 0.1;
	e.years = 0;
	check(earns(&e, &flat, higher) == 0 && base == 0, "an option that has expired at the money");
	check_close(earns(&e, &flat, up), 10, 1e-14, "is worth its payoff");
	mc_exposure_size(&e, &size);
	check(size.delta == 50 && size.vega == 0, "half a delta");
	e.contract.strike = 90;
	mc_exposure_size(&e, &size);
	check(size.delta == 100 && size.vega == 0 && size.notional == 100, "or all of it");
	e = plain;
	e.vol = 0;
	check_close(earns(&e, &flat, up), 10, 1e-14, "no vol: the payoff too");
	check_close(earns(&e, &flat, higher), (double) black(true, 100, 100, 0.25, 0.5), 1e-14,
	            "until it gets some");
	for (int i = 0; i < 6; i++)
	{
		double *const inputs[] = {&e.price, &e.vol, &e.years, &e.discount, &e.settlement_price,
		                          &e.known};

		e = plain;
		*inputs[i] = NAN;
		check(isnan(earns(&e, &flat, up)) && isnan(base), "NaN stays: input %d", i);
	}
	e = plain;
	e.contract.kind = MC_FUTURE;
	e.vol = e.years = e.discount = e.known = e.open = e.contract.strike = NAN;
	check(fabs(earns(&e, &flat, up) - 10) < 1e-13 && base == 0, "a future has none of these");
	e.price = NAN;
	check(isnan(earns(&e, &flat, up)), "but a price");
}

/* relative shocks count beta times, the others as they are */
static void
test_beta(void)
{
	McShockLaw law = flat;
	McExposure e = plain;

	law.beta = 0.5;
	check(mc_shocked_price(&e, &law, &(McShock){.price = 0.2}) ==
	          mc_shocked_price(&e, &flat, &(McShock){.price = 0.1}),
	      "half of a relative shock");
	check(mc_shocked_price(&e, &law, &(McShock){.price = 3, .price_unit = MC_SHOCK_ABSOLUTE}) ==
	          e.price + 3,
	      "an absolute one is what it is");
	law.beta = 0;
	check(earns(&e, &law, (McShock){.price = -0.9}) == 0, "a beta of 0");
}

void
test_scenario(void)
{
	test_beta();
	test_settlement();
	test_window();
	test_settlement_prices();
	test_skews();
	test_lost();
	test_parity();
	test_same_bits();
	test_size();
	test_limits();
}
