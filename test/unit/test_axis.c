/*
 * test_axis.c
 *	  Steps of axes are round, large enough, and no larger than needed.
 */
#include "kernel/axis.h"
#include "unit.h"

void
test_axis(void)
{
	bool enough = true;
	bool needed = true;
	bool round = true;

	check(mc_tick_step(1, 5) == 0.2 && mc_tick_decimals(0.2) == 1, "0.2");
	check(mc_tick_step(10, 5) == 2 && mc_tick_decimals(2) == 0, "2");
	check(mc_tick_step(11, 5) == 5, "5");
	check(mc_tick_step(26, 5) == 10 && mc_tick_decimals(10) == 0, "10");
	check_close(mc_tick_step(0.026, 5), 0.01, 1e-15, "0.01");
	check(mc_tick_decimals(0.01) == 2 && mc_tick_decimals(0.001) == 3, "decimals");
	for (double span = 1e-6; span < 1e9; span *= 1.013)
		for (int most = 2; most < 9; most++)
		{
			double step = mc_tick_step(span, most);
			double digit = step / pow(10, floor(log10(step) + 1e-9));

			enough &= step * most >= span * (1 - 1e-9);
			needed &= step * (is_close(digit, 5, 1e-9) ? 0.4 : 0.5) * most < span * (1 + 1e-9);
			round &=
			    is_close(digit, 1, 1e-9) || is_close(digit, 2, 1e-9) || is_close(digit, 5, 1e-9);
		}
	check(enough, "at most as many parts as asked for");
	check(needed, "the next smaller step would be too small");
	check(round, "1, 2 or 5");
}
