/*
 * test_forecast_comparison.c
 *	  Scores by hand and at their minima; Diebold and Mariano's test by hand, beside plain sums,
 *	  and at any scale.
 */
#include <math.h>
#include <stdlib.h>

#include "kernel/forecast_comparison.h"
#include "unit.h"

#define N 400

static void
scores(void)
{
	check_close(mc_pinball(-3, 2, 0.99), 0.99, 1e-15, "pinball above VaR");
	check_close(mc_pinball(1, 2, 0.99), 0.03, 1e-15, "pinball below VaR");
	check(mc_pinball(-2, 2, 0.99) == 0, "pinball at VaR");
	check_close(mc_fz0(-3, 2, 4, 0.975), (40 + 2) / 4.0 + log(4) - 1, 1e-15, "FZ0 above VaR");
	check_close(mc_fz0(1, 2, 4, 0.975), 0.5 + log(4) - 1, 1e-15, "FZ0 below VaR");
	check_close(mc_fz0(-30, 20, 40, 0.975) - mc_fz0(-3, 2, 4, 0.975), log(10), 1e-14,
	            "another unit adds a constant to FZ0");
}

/* Means over losses 1..100 are least at VaR 90 to 91 and ES 95.5 for confidence 0.9. */
static void
minima(void)
{
	double least = INFINITY;
	double best_var = 0;
	double best_es = 0;
	double least_pinball = INFINITY;
	double best_pinball = 0;

	for (double var = 80; var <= 99.5; var += 0.5)
	{
		double pinball = 0;

		for (int i = 1; i <= 100; i++)
			pinball += mc_pinball(-i, var, 0.9);
		if (pinball < least_pinball - 1e-9)
		{
			least_pinball = pinball;
			best_pinball = var;
		}
		for (double es = var; es <= 100; es += 0.5)
		{
			double mean = 0;

			for (int i = 1; i <= 100; i++)
				mean += mc_fz0(-i, var, es, 0.9);
			if (mean < least - 1e-9)
			{
				least = mean;
				best_var = var;
				best_es = es;
			}
		}
	}
	check(best_pinball == 90, "the mean pinball loss is least at VaR");
	check(best_var == 90 && best_es == 95.5, "the mean FZ0 loss is least at VaR and ES");
}

/* Plain sums, long double. */
static double
plain(const double *a, const double *b, size_t n, size_t lags)
{
	long double mean = 0;
	long double variance = 0;
	long double h = lags + 1;
	long double size = n;

	for (size_t i = 0; i < n; i++)
		mean += ((long double) a[i] - b[i]) / size;
	for (size_t k = 0; k <= lags; k++)
	{
		long double g = 0;

		for (size_t i = k; i < n; i++)
			g += (a[i] - b[i] - mean) * (a[i - k] - b[i - k] - mean) / size;
		variance += k == 0 ? g : 2 * (1 - k / h) * g;
	}
	return (double) (mean / sqrtl(variance / size) *
	                 sqrtl((size + 1 - 2 * h + h * (h - 1) / size) / size));
}

static void
beside_plain_sums(void)
{
	static double a[N], b[N], work[N];
	static const double scales[] = {1, 1e-12, 1e-300, 1e8, 1e300};
	UnitRandom random = {4};
	double shock = 0;

	for (int s = 0; s < 5; s++)
	{
		for (int i = 0; i < N; i++)
		{
			shock = 0.6 * shock + unit_normal(&random);
			a[i] = 5 + unit_uniform(&random) + 0.1 * shock;
			b[i] = 5 + unit_uniform(&random);
		}
		for (size_t lags = 0; lags <= 6; lags += 3)
		{
			double want = plain(a, b, N, lags);
			double scaled_a[N];
			double scaled_b[N];
			McTest test;

			for (int i = 0; i < N; i++)
			{
				scaled_a[i] = a[i] * scales[s];
				scaled_b[i] = b[i] * scales[s];
			}
			test = mc_diebold_mariano_test(scaled_a, scaled_b, N, lags, work);
			check_close(test.statistic, want, s == 0 ? 1e-13 : 1e-11, "scale %g, %zu lags",
			            scales[s], lags);
			check_close(test.p_value, 2 * gsl_cdf_tdist_Q(fabs(want), N - 1), 1e-9, "its p-value");
			check(mc_diebold_mariano_test(scaled_b, scaled_a, N, lags, work).statistic ==
			          -test.statistic,
			      "exchanged, the sign changes");
		}
	}
}

static void
ends(void)
{
	const double a[] = {1, 3, 2, 6};
	const double b[] = {0, 1, 1, 2};
	const double c[] = {0, 2, 1, 5};
	const double outlier[] = {1e8, 3, 2, 6};
	double work[4];
	McTest test = mc_diebold_mariano_test(a, b, 4, 0, work);

	/* d = 1, 2, 1, 4: mean 2, variance 1.5; sqrt(3/4) */
	check_close(test.statistic, 2 / sqrt(1.5 / 4) * sqrt(0.75), 1e-15, "by hand");
	check(test.degrees_of_freedom == 3 && test.observations == 4, "degrees of freedom");
	check(mc_diebold_mariano_test(a, c, 4, 0, work).status == MC_TEST_CONSTANT, "always 1 apart");
	check(mc_diebold_mariano_test(a, b, 1, 0, work).status == MC_TEST_TOO_FEW, "one row");
	check(mc_diebold_mariano_test(a, b, 3, 2, work).status == MC_TEST_TOO_FEW, "three for 2 lags");
	check(mc_test_usable(&(McTest){.status = mc_diebold_mariano_test(a, b, 4, 2, work).status}),
	      "four for 2 lags");
	check(mc_diebold_mariano_test(a, b, 0, 0, work).status == MC_TEST_TOO_FEW, "none");
	check_close(mc_diebold_mariano_test(outlier, b, 4, 0, work).statistic, plain(outlier, b, 4, 0),
	            1e-13, "an outlier of 1e8");
}

/* Losses of 1e300 beside losses near 1, which are nothing to them. */
static void
scales(void)
{
	enum
	{
		n = 50
	};
	double zero[n] = {0};
	double small[n];
	double plain[n];
	double huge[n];
	double work[n];
	UnitRandom random = {12};
	McTest want;

	for (int i = 0; i < n; i++)
	{
		small[i] = unit_uniform(&random);
		plain[i] = unit_normal(&random);
		huge[i] = ldexp(plain[i], 1000);
	}
	want = mc_diebold_mariano_test(plain, zero, n, 3, work);
	check_close(mc_diebold_mariano_test(huge, small, n, 3, work).statistic, want.statistic, 1e-13,
	            "losses of 1e300 beside losses of 1");
	check_close(mc_diebold_mariano_test(small, huge, n, 3, work).statistic, -want.statistic, 1e-13,
	            "and the other way round");
}

void
test_forecast_comparison(void)
{
	scales();
	scores();
	minima();
	beside_plain_sums();
	ends();
}
