/*
 * test_log_return.c
 *	  Log returns beside the same formula in long double.
 */
#include <float.h>
#include <math.h>

#include "kernel/log_return.h"
#include "unit.h"

static double
reference(double previous, double price)
{
	long double p = previous;

	if (price / p > 0.5L && price / p < 2.0L)
		return (double) log1pl(((long double) price - p) / p);
	return (double) (logl(price) - logl(p));
}

/* valgrind computes long double in 64 bits: no reference then */
static bool
reference_is_wide(void)
{
	volatile long double one = 1;
	volatile long double sum = one + 0x1p-60L;

	return sum != one;
}

static void
test_random_moves(void)
{
	UnitRandom random = {1};
	double worst = 0;

	for (int i = 0; i < 100000; i++)
	{
		double previous = exp(40.0 * (unit_uniform(&random) - 0.5));
		double move = unit_normal(&random) * pow(10.0, -16.0 + 17.0 * unit_uniform(&random));
		double price = previous * exp(move);
		double want = reference(previous, price);

		if (want != 0)
			worst = fmax(worst, fabs(mc_log_return(previous, price) / want - 1));
		else
			worst = fmax(worst, fabs(mc_log_return(previous, price)));
	}
	check(worst <= 4 * DBL_EPSILON / 2, "100000 moves from 1e-16 to 10: relative error %.2g",
	      worst);
}

static void
test_extremes(void)
{
	static const double prices[] = {DBL_TRUE_MIN, 1e-310, DBL_MIN, 1e-150, 1.0, 1e150, DBL_MAX};
	const int n = sizeof(prices) / sizeof(prices[0]);

	for (int i = 0; i < n; i++)
		for (int j = 0; j < n; j++)
			check_close(mc_log_return(prices[i], prices[j]), reference(prices[i], prices[j]), 1e-15,
			            "from %g to %g", prices[i], prices[j]);
}

void
test_log_return(void)
{
	check(mc_log_return(0.1, 0.1) == 0, "equal prices give exactly 0");
	check_close(mc_log_return(100, 200), 0.693147180559945309417, 1e-16, "a doubling is ln 2");
	check_close(mc_log_return(1, 1 + DBL_EPSILON), DBL_EPSILON, 1e-15,
	            "one unit in the last place");
	check(isnan(mc_log_return(NAN, 1)) && isnan(mc_log_return(1, NAN)), "NaN gives NaN");
	if (!reference_is_wide())
	{
		skip("long double has 53 bits here", "log returns beside long double");
		return;
	}
	check_close(mc_log_return(1.0e308, 1.05e308), reference(1.0e308, 1.05e308), 1e-15,
	            "the sum of the prices overflows");
	test_random_moves();
	test_extremes();
}
