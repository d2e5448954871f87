/*
 * test_publish.c
 *	  Rates rounded up to their step, beside printf's decimal rounding.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "kernel/publish.h"
#include "unit.h"

/* the definition by decimal text: the quotient with 12 significant digits, then the ceiling */
static int64_t
by_text(double rate, double step, double maximum)
{
	char text[64];
	double most = rint(maximum / step);

	snprintf(text, sizeof(text), "%.11e", rate / step);
	return (int64_t) fmin(ceil(strtod(text, NULL)), most);
}

void
test_publish(void)
{
	UnitRandom random = {9};
	int wrong = 0;

	check(mc_publish_steps(0.15, 0.0005, 1) == 300, "0.15 is 300 steps of 0.0005");
	check(mc_publish_steps(0.15000000000000002, 0.0005, 1) == 300, "one ulp above is noise");
	check(mc_publish_steps(0.150000000001, 0.0005, 1) == 301, "1e-12 above is not");
	check(mc_publish_steps(0.1501, 0.0005, 1) == 301, "0.1501 rounds up");
	check(mc_publish_steps(0.15, 0.1, 1) == 2, "up, not to the nearest");
	check(mc_publish_steps(0.3, 0.1, 1) == 3, "0.3 / 0.1 is 2.9999999999999996 in doubles");
	check(mc_publish_steps(0.7, 0.1, 1) == 7, "0.7 / 0.1 is 6.999999999999999");
	check(mc_publish_steps(0, 0.1, 1) == 0, "nothing is nothing");
	check(mc_publish_steps(1e-300, 0.1, 1) == 1, "but a little is a step");
	check(mc_publish_steps(1, 0.0005, 1) == 2000 && mc_publish_steps(5, 0.0005, 1) == 2000,
	      "never above the maximum");
	check(mc_publish_steps(INFINITY, 0.1, 1) == 10, "not even without bound");
	for (size_t i = 0; i < unit_repeats(200000, 0); i++)
	{
		double step = pow(10, -floor(8 * unit_uniform(&random))) * (i % 2 ? 1 : 5);
		double k = floor(1000 * unit_uniform(&random));
		double rate =
		    k * step * (1 + pow(10, -9 - 7 * unit_uniform(&random)) * ((double) (i % 3) - 1));

		wrong += mc_publish_steps(rate, step, 1000 * step) != by_text(rate, step, 1000 * step);
	}
	check(wrong == 0, "rates next to whole steps: %d differ from decimal rounding", wrong);
}
