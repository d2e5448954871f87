/*
 * test_ewma_vol.c
 *	  Exponentially weighted volatility beside the weighted mean in wide arithmetic, and Hull's example.
 */
#include <float.h>
#include <math.h>

#include "kernel/ewma_vol.h"
#include "kernel/log_return.h"
#include "unit.h"
#include "wide.h"

#define ROWS 3000

static double price[ROWS];

static void
fill(int kind)
{
	UnitRandom random = {(unsigned) kind + 7};

	price[0] = 100;
	for (size_t i = 1; i < ROWS; i++)
	{
		double z = unit_normal(&random);

		price[i] = kind == 0   ? price[i - 1] * exp(0.02 * z)
		           : kind == 1 ? (z > 0 ? 1 : 1 + DBL_EPSILON)
		           : kind == 2 ? (i % 2 ? DBL_MAX : DBL_TRUE_MIN)
		           : kind == 3 ? (i == 10 ? 1e300 : price[i - 1] * exp(1e-9 * z))
		                       : (i % 1000 < 5 ? 100 + z : price[i - 1]);
	}
}

/* the root of what may lie below the range of a double */
static double
wide_root(Wide x)
{
	int exponent = 0;

	for (; x > 0 && x < 0x1p-400; exponent -= 200)
		x *= 0x1p400;
	return ldexp(sqrt((double) x), exponent);
}

static void
test_mean(int kind, double lambda)
{
	McEwmaVol ewma;
	Wide squares = 0;
	Wide weights = 0;
	size_t wrong = 0;
	double worst = 0;
	double vol = -1;

	fill(kind);
	mc_ewma_vol_init(&ewma, lambda);
	mc_ewma_vol_add(&ewma, price[0]);
	wrong += mc_ewma_vol_result(&ewma, 1, &vol) != MC_TOO_FEW || vol != -1;
	for (size_t i = 1; i < ROWS; i++)
	{
		Wide r = mc_log_return(price[i - 1], price[i]);
		double want;

		weights = weights * lambda + 1;
		squares = squares * lambda + r * r;
		want = wide_root(squares / weights);
		mc_ewma_vol_add(&ewma, price[i]);
		wrong += mc_ewma_vol_result(&ewma, 1, &vol) != MC_OK || !is_close(vol, want, 1e-15);
		if (want > 0 && fabs(vol / want - 1) > worst)
			worst = fabs(vol / want - 1);
	}
	check(wrong == 0, "series %d, lambda %g: the weighted mean (worst %.2g)", kind, lambda, worst);
}

/* A return, then n of 0: v = r^2 L^n (1 - L) / (1 - L^(n+1)), whose root lives when it does not. */
static void
test_decay(double lambda, int n)
{
	McEwmaVol ewma;
	double vol = -1;
	Wide power = 1; /* L^n */
	Wide mean;

	for (int i = 0; i < n; i++)
		power *= lambda;
	mean = power * (1 - (Wide) lambda) / (1 - power * lambda);
	mc_ewma_vol_init(&ewma, lambda);
	mc_ewma_vol_add(&ewma, 1);
	for (int i = 0; i <= n; i++)
		mc_ewma_vol_add(&ewma, 2);
	check(mc_ewma_vol_result(&ewma, 1, &vol) == MC_OK, "lambda %g, %d equal prices", lambda, n);
	check_close(vol, log(2) * wide_root(mean), 2e-15,
	            "the root of what may be too small for a double");
	mc_ewma_vol_add(&ewma, 4);
	mc_ewma_vol_result(&ewma, 1, &vol);
	mean = (1 + power * lambda) * (1 - (Wide) lambda) / (1 - power * lambda * lambda);
	check_close(vol, log(2) * wide_root(mean), 2e-15, "and then a return");
}

/* Hull: lambda 0.9, 1 % a day so far, then 2 %: the variance becomes 0.00013, the volatility 1.14 %. */
static void
test_hull(void)
{
	McEwmaVol ewma;
	double vol = -1;

	mc_ewma_vol_init(&ewma, 0.9);
	mc_ewma_vol_add(&ewma, 1);
	for (int i = 1; i <= 400; i++)
		mc_ewma_vol_add(&ewma, i % 2 ? exp(0.01) : 1);
	mc_ewma_vol_result(&ewma, 1, &vol);
	check_close(vol, 0.01, 1e-13, "a long run of 1 %%");
	mc_ewma_vol_add(&ewma, exp(0.02));
	mc_ewma_vol_result(&ewma, 1, &vol);
	check_close(vol * vol, 0.00013, 1e-13, "Hull: variance 0.00013");
	check_close(vol, 0.01140175, 5e-7, "Hull: volatility 1.140175 %%");
}

static void
test_rules(void)
{
	McEwmaVol ewma;
	double vols[2];
	double vol = -1;

	mc_ewma_vol_init(&ewma, 0.5);
	check(mc_ewma_vol_result(&ewma, 1, &vol) == MC_TOO_FEW, "no price");
	mc_ewma_vol_add(&ewma, 1);
	check(mc_ewma_vol_result(&ewma, 1, &vol) == MC_TOO_FEW, "one price");
	mc_ewma_vol_add(&ewma, 1);
	check(mc_ewma_vol_result(&ewma, 1, &vol) == MC_OK && vol == 0, "no move: exactly 0");
	mc_ewma_vol_add(&ewma, 2);
	mc_ewma_vol_result(&ewma, 4, &vol);
	check_close(vol, 2 * log(2) * sqrt(1 / 1.5), 1e-15, "0 and ln 2, annualised");
	check(mc_ewma_vol_result(&ewma, DBL_MAX, &vol) == MC_OK && isfinite(vol), "by 1.8e308");
	mc_ewma_vol_add(&ewma, INFINITY);
	check(mc_ewma_vol_result(&ewma, 1, &vol) == MC_OK && isnan(vol), "infinity");
	mc_ewma_vol_add(&ewma, 1);
	check(mc_ewma_vol_result(&ewma, 1, &vol) == MC_OK && isnan(vol), "stays");
	mc_ewma_vol_init(&ewma, 0.5);
	mc_ewma_vol_add(&ewma, NAN);
	check(mc_ewma_vol_result(&ewma, 1, &vol) == MC_TOO_FEW, "a NaN is no return yet");
	mc_ewma_vol_add(&ewma, 1);
	check(mc_ewma_vol_result(&ewma, 1, &vol) == MC_OK && isnan(vol), "now it is");
	for (int i = 0; i < 2; i++)
	{
		mc_ewma_vol_init(&ewma, 0.5);
		mc_ewma_vol_add(&ewma, 1);
		mc_ewma_vol_add(&ewma, i == 0 ? exp(1) : exp(1.25));
		mc_ewma_vol_add(&ewma, i == 0 ? exp(1) : exp(1.25));
		mc_ewma_vol_result(&ewma, 1, &vols[i]);
	}
	check_close(vols[1] / vols[0], 1.25, 1e-15, "a square of exactly 1 fades like any other");
	check_close(mc_ewma_half_life_lambda(1), 0.5, 0, "half-life of 1");
	check_close(mc_ewma_half_life_lambda(11.2), 0.93999, 1e-4, "half-life of 11.2");
	check(mc_ewma_half_life_lambda(1e15) < 1 && mc_ewma_half_life_lambda(0.001) > 0, "its range");
}

void
test_ewma_vol(void)
{
	const double lambdas[] = {0.94, 0.97, 0.5, 0.01, 0.9999, 1 - 1e-12, 1 - DBL_EPSILON / 2};

	for (int kind = 0; kind < 5; kind++)
		for (int i = 0; i < 7; i++)
			test_mean(kind, lambdas[i]);
	for (int n = 0; n < 2000; n += 333)
		test_decay(0.5, n);
	test_decay(1e-300, 1);
	test_decay(1e-300, 2);
	test_decay(DBL_MIN, 1);
	test_decay(DBL_MIN, 2);
	test_decay(0.94, 20000);
	test_decay(0.01, 3000);
	test_hull();
	test_rules();
}
