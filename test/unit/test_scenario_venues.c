/*
 * test_scenario_venues.c
 *	  Contracts in the scenarios that venues publish: Derive, Deribit, Paradex and SPAN.
 */
#include <math.h>

#include "kernel/scenario.h"
#include "scenario_cases.h"
#include "unit.h"

#define MOST 64
#define DAY (1 / 365.0L)

static double pnl[MOST];
static double base;

static double
earns(const McExposure *exposure, const McShockLaw *law, McShock shock)
{
	check(mc_scenario_pnl(exposure, law, &shock, 1, &base, pnl) == MC_OK, "status");
	return pnl[0];
}

/*
 * Derive's portfolio margin: spot and vol up, down or as it is, then two skews.  Parameters and markets of its
 * test cases, the rule as its contract writes it.
 */
typedef struct Derive
{
	double seconds;
	double strike;
	bool is_call;
	double vol;
	double forward;
	double rate;
	McSkewLaw linear;
	McSkewLaw absolute;
} Derive;

static const Derive derive[] = {
    {794852, 100000, true, 0.453803924321583, 95776.67392708939, 0.15, USUAL, USUAL},
    {1399652, 100000, false, 0.4547630768795904, 95923.63240250274, 0.17, USUAL, USUAL},
    {3214052,
     5500,
     true,
     0.8843198050170489,
     2695.7814942763334,
     0.21,
     {9.5, -0.05, 0.01, 5, 4.5, 4.9},
     {0.15, -0.05, 0.01, 5, 4.5, 4.9}},
    {18938852,
     6000,
     true,
     0.7390799803804741,
     2801.18485249767,
     0.29,
     {0.15, -0.05, 0.01, 4.9, 3.5, -0.3},
     {9.5, -0.05, 0.01, 4.9, 3.5, -0.3}},
    {794852, 2500, true, 0.14679432572503934, 2501.396758501672, 0.15, USUAL, USUAL},
    {26801252, 91184, true, 0.5550054022584738, 102701.71047172313, 0.31, USUAL, USUAL},
    {8657252, 631622, false, 0.776897013866366, 97577.3645258305, 0.25, USUAL, USUAL},
    {794852, 100, true, 1.225482363870083, 2682.9997436016715, 0.6, USUAL, USUAL},
    /* half a day and 30 days: the floor, and the last day of the short power */
    {43200, 2600, false, 0.9, 2682.9997436016715, 0.15, USUAL, USUAL},
    {2592000, 2600, false, 0.9, 2682.9997436016715, 0.15, USUAL, USUAL},
};

/* spot, and which way the vol goes; 2 and 3 are the skews */
static const double derive_spot[] = {1.18,  1.135, 1.135, 1.135, 1.09,  1.09,  1.09,  1.045,
                                     1.045, 1.045, 1,     1,     1,     0.955, 0.955, 0.955,
                                     0.91,  0.91,  0.91,  0.865, 0.865, 0.865, 0.82,  0.34,
                                     0.67,  1.5,   2,     3,     4,     1,     1};
static const int derive_way[] = {1,  -1, 0, 1,  -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1,
                                 -1, 0,  1, -1, 0,  1, 1, 1,  1, 1, 1,  1, 1, 2,  3};

#define DERIVE_SCENARIOS (sizeof(derive_way) / sizeof(derive_way[0]))

static Real
derive_multiple(const Derive *d, int way)
{
	Real days = fmaxl(d->seconds, 86400) / 86400;
	Real range = powl(30 / days, d->seconds <= 30 * 86400 ? 0.3 : 0.13);
	Real root = sqrtl(d->seconds * DAY / 86400);
	const McSkewLaw *skew = way == 2 ? &d->linear : &d->absolute;
	Real cap = skew->cap_slope * root + skew->cap;
	Real width = fmaxl(skew->least_width,
	                   root * skew->width_scale * (skew->width + root * skew->width_slope));
	Real k = logl((Real) d->strike / d->forward);

	if (way == 1)
		return 1 + 0.5 * range;
	if (way < 1)
		return way == 0 ? 1 : fmaxl(0, 1 - 0.275L * range);
	k = way == 2 ? k : fabsl(k);
	return fmaxl(0, 1 + (k >= 0 ? fminl(cap, k * cap / width) : fmaxl(-cap, k * cap / width)));
}

static void
test_derive(void)
{
	int wrong = 0;
	int floored = 0;

	for (size_t c = 0; c < sizeof(derive) / sizeof(derive[0]); c++)
	{
		const Derive *d = &derive[c];
		Real years = d->seconds * DAY / 86400;
		Real discount = expl(-d->rate * years);
		Real now = discount * black(d->is_call, d->forward, d->strike, years, d->vol);
		McShock shocks[DERIVE_SCENARIOS];
		McShockLaw law = {.beta = 1,
		                  .vol_up = 0.5,
		                  .vol_down = 0.275,
		                  .reference = 30 / 365.0,
		                  .least = 1 / 365.0,
		                  .short_power = 0.3,
		                  .long_power = 0.13,
		                  .least_vol_up = 0.45,
		                  .skew = {d->linear, d->absolute}};
		McExposure exposure = plain;

		exposure.contract.is_call = d->is_call;
		exposure.contract.strike = d->strike;
		exposure.price = d->forward;
		exposure.vol = d->vol;
		exposure.years = (double) years;
		exposure.discount = (double) discount;
		for (size_t i = 0; i < DERIVE_SCENARIOS; i++)
		{
			int way = derive_way[i];

			shocks[i] = (McShock){derive_spot[i] - 1, MC_SHOCK_RELATIVE, way > 1 ? 0 : way,
			                      MC_SHOCK_RANGE, way > 1 ? (McSkewKind) (way - 1) : MC_SKEW_NONE};
		}
		check(mc_scenario_pnl(&exposure, &law, shocks, DERIVE_SCENARIOS, &base, pnl) == MC_OK,
		      "status of Derive's option %zu", c);
		wrong += !near(base, now, d->forward, 1e-14);
		for (size_t i = 0; i < DERIVE_SCENARIOS; i++)
		{
			int way = derive_way[i];
			Real spot = derive_spot[i];
			Real vol = d->vol * derive_multiple(d, way);
			Real value;

			floored += way == 1 && vol < 0.45;
			if (way == 1)
				vol = fmaxl(vol, 0.45L);
			value = discount * black(d->is_call, spot * d->forward, d->strike, years, vol);
			wrong += !near(pnl[i], value - now, d->forward * fmaxl(spot, 1), 1e-14);
			wrong += !near(mc_shocked_vol(&exposure, &law, &shocks[i]), vol, vol, 1e-14);
		}
	}
	check(wrong == 0, "Derive's scenarios of price, vol and skew: %d wrong", wrong);
	check(floored > 5, "the least vol matters in %d of them", floored);
}

/* Deribit's sample risk vector, of 0.31335083 coins: 3133.5083 USD at 10,000 */
static void
test_deribit(void)
{
	static const double loss[] = {-0.05968587238095239, -0.04272965863636364, -0.02724789826086957,
	                              -0.013056284583333334};
	McExposure e = {.contract = {.kind = MC_PERPETUAL, .payoff = MC_INVERSE, .units = 3133.5083},
	                .price = 10000,
	                .settlement_price = 1};

	for (int i = 0; i < 4; i++)
	{
		McShock down = {.price = -0.16 + 0.04 * i};
		McShock range = {.price = -1 + 0.25 * i, .price_unit = MC_SHOCK_RANGE};
		McShockLaw law = flat;

		law.price_range = 0.16;
		check_close(earns(&e, &law, down), loss[i], 1e-14, "Deribit's risk vector %d", i);
		check_close(earns(&e, &law, range), loss[i], 1e-14, "the same of a range");
	}
	check(base == 0, "a perpetual is worth nothing");
	/* in dollars, a coin moving with the price: as many dollars a coin as one earns by the linear contract */
	e.settlement_price = 9990;
	e.settlement_moves = true;
	check_close(earns(&e, &flat, (McShock){.price = -0.16}), 3133.5083 * -0.16 * 0.999, 1e-14,
	            "an inverse perpetual in dollars");
}

static void
test_paradex(void)
{
	static const double days[] = {0.25, 1, 7, 29, 30, 31, 90, 365};
	McShockLaw law = {.beta = 1,
	                  .vol_up = 0.4,
	                  .vol_down = 0.22,
	                  .reference = 30 / 365.0,
	                  .least = 1 / 365.0,
	                  .short_power = 0.3,
	                  .long_power = 0.13};
	McShock up = {.vol = 1, .vol_unit = MC_SHOCK_RANGE};
	McShock down = {.vol = -1, .vol_unit = MC_SHOCK_RANGE};
	McShock half = {.vol = 0.5, .vol_unit = MC_SHOCK_RANGE};

	for (int i = 0; i < 8; i++)
	{
		double scale = pow(30 / fmax(1, days[i]), days[i] < 30 ? 0.3 : 0.13);
		McExposure e = plain;

		e.years = days[i] / 365;
		check_close(mc_shocked_vol(&e, &law, &up), 0.5 * (1 + 0.4 * scale), 1e-14,
		            "Paradex's vol up at %g days", days[i]);
		check_close(mc_shocked_vol(&e, &law, &down), 0.5 * (1 - 0.22 * scale), 1e-14, "and down");
		check_close(mc_shocked_vol(&e, &law, &half), 0.5 * (1 + 0.2 * scale), 1e-14, "half of it");
	}
}

/* SPAN: 16 scenarios of thirds of an absolute price range, vol up and down by an absolute one, two extremes */
static void
test_span(void)
{
	static const double thirds[] = {0, 0, 1, 1, -1, -1, 2, 2, -2, -2, 3, 3, -3, -3, 9, -9};
	McShockLaw law = flat;
	McExposure put = plain;
	McExposure future = {
	    .contract = {.kind = MC_FUTURE, .units = 250}, .price = 400, .settlement_price = 1};
	int wrong = 0;

	law.vol_up = law.vol_down = 0.03;
	law.vol_range_absolute = true;
	law.price_range = 0.05;
	put.contract = (McContract){MC_OPTION, MC_LINEAR, false, 410, 250};
	put.price = 400;
	put.vol = 0.2;
	for (int i = 0; i < 16; i++)
	{
		double vol = i > 13 ? 0.2 : i % 2 == 0 ? 0.23 : 0.17;
		double price = 400 + thirds[i] * 20 / 3;
		McShock of_range = {thirds[i] / 3, MC_SHOCK_RANGE,
		                    i > 13       ? 0
		                    : i % 2 == 0 ? 1
		                                 : -1,
		                    MC_SHOCK_RANGE, MC_SKEW_NONE};
		McShock absolute = {price - 400, MC_SHOCK_ABSOLUTE, vol - 0.2, MC_SHOCK_ABSOLUTE,
		                    MC_SKEW_NONE};
		Real want = 250 * (black(false, price, 410, 0.25, vol) - black(false, 400, 410, 0.25, 0.2));

		wrong += !near(earns(&put, &law, of_range), want, 1e5, 1e-14);
		wrong += !near(earns(&put, &flat, absolute), want, 1e5, 1e-14);
		wrong += !near(earns(&future, &law, of_range), 250 * (price - 400), 1e5, 1e-14);
		wrong += !near(mc_shocked_price(&put, &law, &of_range), price, 400, 1e-15);
	}
	check(wrong == 0, "SPAN's scenarios: %d wrong", wrong);
}

void
test_scenario_venues(void)
{
	test_derive();
	test_deribit();
	test_paradex();
	test_span();
}
