/*
 * test_contract.c
 *	  Profit, notional and payoff of contracts beside published examples and wide arithmetic.
 */
#include <float.h>
#include <math.h>

#include "kernel/contract.h"
#include "unit.h"

static double
pnl(McContractKind kind, McPayoff payoff, double units, double entry, double price, double quantity)
{
	McContract contract = {.kind = kind, .payoff = payoff, .units = units};
	double result = 0;

	check(mc_pnl_of(&contract, entry, price, quantity, &result) == MC_OK, "%g to %g", entry, price);
	return result;
}

static double
payoff(McPayoff form, bool is_call, double strike, double settlement)
{
	McContract option = {MC_OPTION, form, is_call, strike, 1};
	double result = 0;

	check(mc_payoff_of(&option, settlement, &result) == MC_OK, "%g at %g", strike, settlement);
	return result;
}

static void
published(void)
{
	static const double shock[] = {-0.16, -0.12, -0.08, -0.04};
	static const double loss[] = {-0.05968587238095239, -0.04272965863636364, -0.02724789826086957,
	                              -0.013056284583333334};

	/* Deribit's sample risk vector: 0.31335083 coin, here 3133.5083 USD in contracts of 10 at 10,000 */
	for (int i = 0; i < 4; i++)
		check_close(pnl(MC_PERPETUAL, MC_INVERSE, 10, 10000, 10000 * (1 + shock[i]), 313.35083),
		            loss[i], 1e-14, "Deribit's risk vector at %g", shock[i]);
	/* BitMEX's guides */
	check_close(pnl(MC_FUTURE, MC_INVERSE, 1, 600, 500, 60000), -20, 1e-14,
	            "60,000 from 600 to 500");
	check_close(pnl(MC_FUTURE, MC_INVERSE, 1, 10000, 10500, 100000), 10 - 100000 / 10500.0, 1e-13,
	            "100,000 from 10,000 to 10,500");
	check_close(pnl(MC_PERPETUAL, MC_QUANTO, 1e-6, 500, 510, 1000), 0.01, 1e-14, "quanto");
	/* Deribit's: 25,000 of 125,000 USD; 100 of 400; 100 of 200; 25 USDC */
	check_close(payoff(MC_INVERSE, true, 100000, 125000), 0.2, 0, "inverse call");
	check_close(payoff(MC_INVERSE, true, 300, 400), 0.25, 0, "300 call at 400");
	check_close(payoff(MC_INVERSE, false, 300, 200), 0.5, 0, "300 put at 200");
	check_close(payoff(MC_LINEAR, true, 250, 275), 25, 0, "linear call");
	check_close(payoff(MC_LINEAR, false, 250, 275), 0, 0, "linear put that is worth nothing");
	/* BitMEX's UP contract: 0.0249 XBT of 0.1 */
	check(fabs(0.1 * payoff(MC_INVERSE, true, 11000, 14655.44) - 0.0249) < 5e-5, "UP contract");
}

static void
small_moves(void)
{
	UnitRandom random = {20260627};
	double worst = 0;

	for (size_t i = 0; i < unit_repeats(100000, 1000); i++)
	{
		double entry = exp(10 * unit_uniform(&random));
		double price =
		    entry * (1 + pow(10, -15 * unit_uniform(&random)) * unit_normal(&random) / 6);
		long double wide = ((long double) price - entry) / ((long double) price * entry);
		McContract contract = {.kind = MC_FUTURE, .payoff = MC_INVERSE, .units = 1};
		double got;

		if (price <= 0 || mc_pnl_of(&contract, entry, price, 1, &got) != MC_OK)
			continue;
		if (wide != 0)
			worst = fmax(worst, (double) fabsl((got - wide) / wide));
	}
	check(worst < 4 * DBL_EPSILON, "moves down to 1e-15 without cancellation: %g", worst);
}

static void
limits(void)
{
	McContract linear = {.kind = MC_FUTURE, .payoff = MC_LINEAR, .units = 1};
	McContract inverse = {.kind = MC_FUTURE, .payoff = MC_INVERSE, .units = 10};
	McContract option = {MC_OPTION, MC_INVERSE, true, 100, 0.1};
	double result;

	check(mc_pnl_of(&linear, 0, 1e300, 1e300, &result) == MC_OVERFLOW, "profit beyond a double");
	check(mc_notional_of(&linear, 1e300, 1e300, &result) == MC_OVERFLOW,
	      "notional beyond a double");
	check(mc_notional_of(&inverse, 1e-300, 1e300, &result) == MC_OVERFLOW, "inverse notional");
	check(mc_pnl_of(&inverse, 100, INFINITY, 1, &result) == MC_OK, "an infinite price");
	check_close(result, 0.1, 1e-15, "earns what was paid");
	check(mc_pnl_of(&inverse, INFINITY, 100, 1, &result) == MC_OK, "an infinite entry");
	check_close(result, -0.1, 1e-15, "loses it");
	check(mc_pnl_of(&inverse, NAN, 100, 1, &result) == MC_OK && isnan(result), "NaN entry");
	check(mc_pnl_of(&linear, 1, NAN, 1, &result) == MC_OK && isnan(result), "NaN price");
	check(mc_payoff_of(&option, NAN, &result) == MC_OK && isnan(result), "NaN settlement price");
	check(mc_payoff_of(&option, INFINITY, &result) == MC_OK && result == 1,
	      "a call is a coin at most");
	option.is_call = false;
	check(mc_payoff_of(&option, INFINITY, &result) == MC_OK && result == 0, "a put nothing");
	check(mc_notional_of(&option, 12345, -3, &result) == MC_OK && result == -3 * 0.1,
	      "an inverse option is coins");
	check(mc_notional_of(&inverse, 50, 20, &result) == MC_OK && result == 4,
	      "an inverse future its coins");
	check(mc_notional_of(&linear, 50, 20, &result) == MC_OK && result == 1000,
	      "a linear one its value");
}

void
test_contract(void)
{
	published();
	small_moves();
	limits();
}
