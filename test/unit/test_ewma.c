/*
 * test_ewma.c
 *	  Volatility filter, deviation and horizon sums beside long double.
 */
#include <math.h>

#include "kernel/ewma.h"
#include "unit.h"

#define M 700

static double u[M];
static double y[M];

static void
fill(unsigned long long seed, double scale)
{
	UnitRandom random = {seed};

	for (int i = 0; i < M; i++)
		u[i] = scale * unit_normal(&random) * (i % 200 < 100 ? 1 : 0.001);
}

/* the definition, step by step, in long double */
static void
test_filter(double lambda, double scale)
{
	long double s = 0;
	long double q = 0;
	long double v[M + 1];
	double vol;
	double worst = 0;

	fill(11, scale);
	for (int i = 0; i < M; i++)
	{
		q += (long double) u[i] * u[i] / M;
		if (i < 50)
			s += (long double) u[i] * u[i] / 50;
	}
	for (int i = 0; i <= M; i++)
	{
		v[i] = s > q / 100 ? s : q / 100;
		if (i < M)
			s = lambda * s + (1.0L - lambda) * u[i] * u[i];
	}
	check(mc_ewma_filter(u, M, lambda, y, &vol, NULL) == MC_OK, "filter, lambda %g", lambda);
	check_close(vol, (double) sqrtl(v[M]), 1e-14, "vol of the next bar, lambda %g", lambda);
	for (int i = 0; i < M; i++)
		worst = fmax(worst, fabs(y[i] / (double) (u[i] * sqrtl(v[M] / v[i])) - 1));
	check(worst < 2e-14, "rescaled returns, lambda %g: relative error %.2g", lambda, worst);
}

static void
test_dead_market(void)
{
	double vol = -1;
	double widest = 0;

	for (int i = 0; i < M; i++)
		u[i] = 0;
	check(mc_ewma_filter(u, M, 0.94, y, &vol, NULL) == MC_OK && vol == 0 && y[0] == 0 &&
	          y[M - 1] == 0,
	      "a constant price: no volatility, no moves");
	u[M - 1] = 0.5;
	mc_ewma_filter(u, M, 0.94, y, &vol, NULL);
	for (int i = 0; i < M; i++)
		widest = fmax(widest, fabs(y[i]));
	check(widest <= 0.5 * sqrt(0.06 * M * 100 + 1) && isfinite(widest),
	      "one move after a dead market is rescaled by a bounded factor");
}

static void
test_seed(void)
{
	double few[] = {0.01, -0.02};
	double vol;

	/* s_1 = 2.5e-4, s_3 = 0.5 (0.5 2.5e-4 + 0.5 1e-4) + 0.5 4e-4 = 2.875e-4 */
	mc_ewma_filter(few, 2, 0.5, y, &vol, NULL);
	check_close(vol, sqrt(2.875e-4), 1e-15, "two returns, lambda 0.5, by hand");
	check_close(y[0], 0.01 * sqrt(2.875e-4 / 2.5e-4), 1e-15, "first of them rescaled");
	check_close(y[1], -0.02 * sqrt(2.875e-4 / 1.75e-4), 1e-15, "second of them rescaled");
}

static void
test_deviation(void)
{
	double by_hand[] = {2, 4, 4, 4, 5, 5, 7, 9};
	double shifted[4] = {1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16};
	double deviation;

	mc_sample_deviation(by_hand, 8, &deviation, NULL);
	check_close(deviation, sqrt(32.0 / 7.0), 1e-15, "deviation with divisor n - 1");
	mc_sample_deviation(shifted, 4, &deviation, NULL);
	check_close(deviation, sqrt(30), 1e-15, "a large mean takes no digits");
}

static void
test_sums(void)
{
	static double sums[M];
	double worst = 0;

	fill(3, 0.02);
	u[100] = 1e6;
	for (size_t horizon = 1; horizon <= M; horizon = horizon * 3 + 1)
	{
		mc_horizon_sums(u, M, horizon, sums, NULL);
		for (size_t j = 0; j + horizon <= M; j++)
		{
			long double sum = 0;
			long double size = 0;

			for (size_t i = j; i < j + horizon; i++)
			{
				sum += u[i];
				size += fabs(u[i]);
			}
			worst = fmax(worst, fabs(sums[j] - (double) sum) / (double) size);
		}
	}
	/* valgrind computes the long double of this test as a double */
	check(worst < 1e-14, "window sums with a move of 1e6 passing through: error %.2g", worst);
}

void
test_ewma(void)
{
	test_filter(0.94, 0.02);
	test_filter(0.97, 1e-7);
	test_filter(0.5, 3);
	test_dead_market();
	test_seed();
	test_deviation();
	test_sums();
}
