/*
 * test_box_log.c
 *	  log(1 + z) / z and its derivatives beside their definitions in long double.
 */
#include <math.h>

#include "kernel/box_log.h"
#include "unit.h"

/* sum over k of (-1)^k c(k) z^k in long double, for |z| < 1/2 */
static long double
series(double z, int derivative)
{
	long double sum = 0;

	for (int k = 400; k >= 0; k--)
	{
		long double c = 1.0L / (k + derivative + 1);

		for (int j = 1; j <= derivative; j++)
			c *= k + j;
		sum = c - (long double) z * sum;
	}
	return derivative == 1 ? -sum : sum;
}

/* the closed forms, good to long double away from 0 */
static long double
closed(double x, int derivative)
{
	long double z = x;
	long double l = log1pl(z);

	if (derivative == 0)
		return l / z;
	if (derivative == 1)
		return (z / (1 + z) - l) / z / z;
	return -(1 / (1 + z) / (1 + z) + 2 * (z / (1 + z) - l) / z / z) / z;
}

static double
value(double z, int derivative)
{
	return derivative == 0   ? mc_box_log(z)
	       : derivative == 1 ? mc_box_log_first(z)
	                         : mc_box_log_second(z);
}

static void
test_derivative(int derivative)
{
	double worst = 0;

	for (double z = -0.499; z < 0.5; z += 0.00103)
		worst = fmax(worst, fabs(value(z, derivative) / (double) series(z, derivative) - 1));
	check(worst < 1e-13, "derivative %d within 1/2 of 0: error %.2g", derivative, worst);
	worst = 0;
	for (double z = 0.5; z < 1e12; z *= 1.7)
		worst = fmax(worst, fabs(value(z, derivative) / (double) closed(z, derivative) - 1));
	for (double d = 1e-9; d < 0.5; d *= 1.7)
		worst =
		    fmax(worst, fabs(value(d - 1, derivative) / (double) closed(d - 1, derivative) - 1));
	check(worst < 1e-13, "derivative %d farther away: error %.2g", derivative, worst);
}

void
test_box_log(void)
{
	for (int derivative = 0; derivative <= 2; derivative++)
		test_derivative(derivative);
	check(mc_box_log(0) == 1 && mc_box_log_first(0) == -0.5 && mc_box_log_second(0) == 2.0 / 3,
	      "the values at 0");
	check(mc_box_exp(0) == 1, "(exp(x) - 1) / x at 0");
	check_close(mc_box_exp(1e-5), 1 + 0.5e-5 + 1e-10 / 6, 1e-15, "(exp(x) - 1) / x near 0");
	check_close(mc_box_exp(2), (exp(2) - 1) / 2, 1e-15, "(exp(x) - 1) / x at 2");
}
