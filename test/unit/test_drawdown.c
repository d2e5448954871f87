/*
 * test_drawdown.c
 *	  Drawdowns beside all pairs of values, and the wealth of returns beside long double.
 */
#include <float.h>
#include <math.h>

#include "kernel/drawdown.h"
#include "unit.h"

static void
test_by_hand(void)
{
	const double v[] = {10, 12, 9, 12, 6, 8, 13, 13, 12};
	const double want[] = {0, 0, 0.25, 0, 0.5, 1.0 / 3, 0, 0, 1.0 / 13};
	McDrawdown d = {0};
	bool right = true;

	for (int i = 0; i < 9; i++)
	{
		mc_drawdown_add(&d, v[i]);
		right &= is_close(d.current, want[i], 1e-15);
		if (i == 2)
			check(d.deepest == 0.25 && d.deepest_peak_position == 2 && d.recovery_position == 0,
			      "the first fall");
		if (i == 3)
			check(d.recovery_position == 4, "its recovery");
		if (i == 4)
			check(d.deepest == 0.5 && d.deepest_peak_position == 4 && d.recovery_position == 0,
			      "a deeper one, from the last time of its peak");
	}
	check(right, "every drawdown");
	check(d.deepest == 0.5 && d.deepest_peak == 12 && d.deepest_trough == 6 &&
	          d.deepest_trough_position == 5,
	      "the deepest one");
	check(d.recovery_position == 7 && d.count == 9, "the first recovery stays");
}

static void
test_pairs(void)
{
	UnitRandom random = {1};
	int wrong = 0;

	for (int trial = 0; trial < 500; trial++)
	{
		double v[40];
		double deepest = 0;
		McDrawdown d = {0};

		for (int i = 0; i < 40; i++)
		{
			v[i] = trial % 2 ? exp(unit_normal(&random)) : 1 + floor(5 * unit_uniform(&random));
			mc_drawdown_add(&d, v[i]);
			for (int j = 0; j < i; j++)
				deepest = fmax(deepest, (v[j] - v[i]) / v[j]);
		}
		wrong += d.deepest != deepest;
		wrong += deepest > 0 && (d.deepest_peak != v[d.deepest_peak_position - 1] ||
		                         d.deepest_trough != v[d.deepest_trough_position - 1] ||
		                         d.deepest_trough_position <= d.deepest_peak_position);
		for (size_t i = d.deepest_trough_position; i + 1 < d.recovery_position; i++)
			wrong += v[i] >= d.deepest_peak;
		wrong += d.recovery_position > 0 && v[d.recovery_position - 1] < d.deepest_peak;
		wrong += d.recovery_position == 0 && deepest > 0 && v[39] >= d.deepest_peak;
	}
	check(wrong == 0, "500 curves beside all pairs of their values");
}

static void
test_returns(void)
{
	UnitRandom random = {8};
	McReturnCurve c = {0};
	long double wealth = 1;
	long double peak = 1;
	double deepest = 0;
	double error = 0;
	double annual;
	double ratio;

	for (int i = 0; i < 2000; i++)
	{
		double r = 0.02 * unit_normal(&random);

		mc_return_curve_add(&c, r);
		wealth *= 1 + (long double) r;
		peak = wealth > peak ? wealth : peak;
		deepest = fmax(deepest, (double) (1 - wealth / peak));
		error = fmax(error, fabs(c.current - (double) (1 - wealth / peak)));
	}
	/* valgrind computes the long double of this test as a double */
	check(error < 1e-12, "drawdowns of 2000 returns: error %.2g", error);
	check_close(c.deepest, deepest, 1e-12, "the deepest");
	check(mc_return_curve_annual(&c, 250, &annual) == MC_OK, "eight years");
	check_close(annual, (double) powl(wealth, 1.0L / 8) - 1, 1e-11, "their geometric mean");
	check(mc_calmar_ratio(&c, 250, &ratio) == MC_OK, "Calmar ratio");
	check_close(ratio, annual / c.deepest, 1e-15, "annual return / deepest drawdown");
}

static void
test_limits(void)
{
	McReturnCurve c = {0};
	double x;

	check(mc_return_curve_annual(&c, 12, &x) == MC_TOO_FEW &&
	          mc_calmar_ratio(&c, 12, &x) == MC_TOO_FEW,
	      "no returns");
	mc_return_curve_add(&c, -1e-9);
	check(c.deepest == 1e-9, "the first return falls from 1, and tiny falls keep their digits");
	mc_return_curve_add(&c, 0.5);
	check(c.current == 0 && c.deepest == 1e-9, "a recovery");
	mc_return_curve_add(&c, -1);
	check(c.current == 1 && c.deepest == 1 && c.ruined, "a total loss");
	mc_return_curve_add(&c, 3);
	check(c.current == 1 && mc_calmar_ratio(&c, 12, &x) == MC_OK && x == -1,
	      "from which nothing recovers");
	c = (McReturnCurve){0};
	mc_return_curve_add(&c, 0.1);
	check(mc_calmar_ratio(&c, 12, &x) == MC_TOO_FEW, "no drawdown, no Calmar ratio");
	mc_return_curve_add(&c, 1e300);
	mc_return_curve_add(&c, -0.5);
	check(c.current == 0.5 && mc_return_curve_annual(&c, 12, &x) == MC_OVERFLOW &&
	          mc_calmar_ratio(&c, 12, &x) == MC_OVERFLOW,
	      "a year beyond a double");
	c = (McReturnCurve){0};
	mc_return_curve_add(&c, 1e8);
	mc_return_curve_add(&c, -5e-324);
	check(mc_calmar_ratio(&c, 2, &x) == MC_OVERFLOW, "a ratio beyond a double");
}

void
test_drawdown(void)
{
	test_by_hand();
	test_pairs();
	test_returns();
	test_limits();
}
