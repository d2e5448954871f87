/*
 * test_exact_sum.c
 *	  Sums beside hand results: cancellation, order, the range of a double.
 */
#include <float.h>
#include <math.h>

#include "kernel/exact_sum.h"
#include "unit.h"

static McExactSum
sum_of(const double *x, int n)
{
	McExactSum sum;

	mc_exact_sum_init(&sum);
	for (int i = 0; i < n; i++)
		mc_exact_sum_add(&sum, x[i]);
	return sum;
}

static void
check_sum(const double *x, int n, double want, const char *name)
{
	McExactSum sum = sum_of(x, n);

	check_close(mc_dd_value(mc_exact_sum_value(&sum)), want, 1e-15, "%s", name);
}

static void
test_random(void)
{
	UnitRandom random = {4};
	int differ = 0;
	int wrong = 0;

	for (int trial = 0; trial < 200; trial++)
	{
		double x[50];
		double back[50];
		long double plain = 0;
		long double squares = 0;
		McExactSum a;
		McExactSum b;

		for (int i = 0; i < 50; i++)
		{
			x[i] = back[49 - i] = unit_normal(&random) * pow(10, trial % 20 - 10);
			plain += x[i];
			squares += (long double) x[i] * x[i];
		}
		a = sum_of(x, 50);
		b = sum_of(back, 50);
		differ += mc_dd_value(mc_exact_sum_value(&a)) != mc_dd_value(mc_exact_sum_value(&b));
		wrong += fabs(mc_dd_value(mc_exact_sum_value(&a)) - (double) plain) >
		         1e-15 * (double) sqrtl(squares) * 10;
		wrong +=
		    !is_close(mc_exact_sum_root_mean_square(&a, 50), (double) sqrtl(squares / 50), 1e-15);
	}
	check(differ == 0, "the order changes no digit");
	check(wrong == 0, "sums and root mean squares beside long double");
}

void
test_exact_sum(void)
{
	double cancel[] = {1e300, 1, -1e300, 5e-324, 1e16, -1e16};
	double negative[] = {-1e300, -2, 1e300, 0.5};
	double mixed[] = {0x1p40, -0x1p40, 3, -0x1p-40, 0x1p90, -0x1p90};
	double many[] = {0.1, 0.2, 0.3};
	double small[] = {5e-324, 5e-324, -1.5e-323};
	double big[] = {DBL_MAX, DBL_MAX, -DBL_MAX};
	double four[] = {3e200, -4e200};
	double odd[] = {NAN, INFINITY, 2};
	McExactSum sum;

	check_sum(cancel, 6, 1, "what cancels leaves nothing");
	check_sum(cancel, 1, 1e300, "one term");
	check_sum(cancel, 0, 0, "no term");
	check_sum(negative, 4, -1.5, "a negative sum");
	check_sum(mixed, 6, 3 - 0x1p-40, "signs that alternate");
	check_sum(many, 3, 0.6, "tenths");
	check_sum(small, 3, -5e-324, "the smallest doubles");
	check_sum(big, 3, DBL_MAX, "the largest doubles");
	check_sum(big, 2, INFINITY, "a sum beyond them");
	sum = sum_of(four, 2);
	check_close(mc_exact_sum_root_mean_square(&sum, 2), 5e200 / sqrt(2), 1e-15,
	            "squares do not overflow");
	sum = sum_of(small, 3);
	check(mc_exact_sum_root_mean_square(&sum, 1) == 1.5e-323, "nor underflow");
	check(!mc_exact_sum_not_finite(&sum), "all finite");
	sum = sum_of(odd, 3);
	check(mc_exact_sum_not_finite(&sum), "NaN and infinities are seen");
	check(mc_dd_value(mc_exact_sum_value(&sum)) == 2, "and not summed");
	test_random();
}
