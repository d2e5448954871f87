/*
 * test_ewma_covariance.c
 *	  Exponentially weighted covariances against the sum that defines them.
 */
#include <math.h>
#include <string.h>

#include "kernel/ewma_covariance.h"
#include "unit.h"
#include "wide.h"

#define K 3
#define SIZE 6
#define N 300

static double x[N][K];

typedef struct Sums
{
	McEwmaCovariance e;
	double block[MC_RANK * 8];
	double triangle[SIZE];
	bool not_finite[K];
} Sums;

static void
start(Sums *s, double lambda)
{
	memset(s, 0, sizeof(*s));
	s->e.series = K;
	s->e.lambda = lambda;
	s->e.block = s->block;
	s->e.triangle = s->triangle;
	s->e.not_finite = s->not_finite;
}

static void
definition(size_t n, double lambda, double *matrix)
{
	Wide sum[SIZE] = {0};
	Wide weights = 0;

	for (size_t t = 0; t < n; t++)
	{
		Wide *at = sum;

		weights = weights * lambda + 1;
		for (size_t i = 0; i < K; i++)
			for (size_t j = 0; j <= i; j++, at++)
				*at = *at * lambda + (Wide) x[t][i] * x[t][j];
	}
	for (size_t i = 0; i < SIZE; i++)
		matrix[i] = (double) (sum[i] / weights);
}

static void
test_lambda(double lambda)
{
	static Sums s;
	double got[SIZE];
	double want[SIZE];
	double worst = 0;
	bool same = true;

	start(&s, lambda);
	for (size_t n = 1; n <= N; n++)
	{
		Sums before;

		mc_ewma_covariance_add(&s.e, x[n - 1]);
		before = s;
		same &= mc_ewma_covariance_matrix(&s.e, got) == MC_OK;
		same &= memcmp(&before, &s, sizeof(s)) == 0;
		definition(n, lambda, want);
		for (size_t i = 0; i < K; i++)
			for (size_t j = 0; j <= i; j++)
			{
				size_t at = mc_triangle_row(i) + j;

				worst = fmax(worst, fabs(got[at] - want[at]) / sqrt(want[mc_triangle_row(i) + i] *
				                                                    want[mc_triangle_row(j) + j]));
			}
	}
	check(worst < 1e-14 && same, "lambda %g: error %.2g, and the state stays", lambda, worst);
}

static void
test_pair(void)
{
	double a[] = {1, 2, -3};
	double b[] = {2, 1, 4};
	McEwmaPair pair;

	check(mc_ewma_pair(a, b, 3, 0.5, &pair, NULL) == MC_OK && pair.xx == 0.25 + 2 + 9 &&
	          pair.xy == 0.5 + 1 - 12 && pair.yy == 1 + 0.5 + 16,
	      "a pair, by hand");
	check(mc_ewma_pair(a, b, 0, 0.5, &pair, NULL) == MC_TOO_FEW, "no rows");
	a[1] = 1e200;
	check(mc_ewma_pair(a, b, 3, 0.5, &pair, NULL) == MC_OVERFLOW, "squares of x overflow");
	check(mc_ewma_pair(b, a, 3, 0.5, &pair, NULL) == MC_OVERFLOW, "squares of y overflow");
}

static bool
stop(void *arg __attribute__((unused)))
{
	return true;
}

void
test_ewma_covariance(void)
{
	static Sums s;
	static double long_series[MC_POLL_STEPS];
	const McPoll poll = {stop, NULL};
	McEwmaPair pair;
	UnitRandom random = {3};
	double m[SIZE];

	for (size_t t = 0; t < N; t++)
		for (size_t i = 0; i < K; i++)
			x[t][i] = unit_normal(&random) * (t % 90 < 40 ? 1 : 100) + (i > 0 ? x[t][0] : 0);
	test_lambda(0.94);
	test_lambda(0.999999);
	test_lambda(0.5);
	test_lambda(1e-300);
	start(&s, 0.9);
	check(mc_ewma_covariance_matrix(&s.e, m) == MC_TOO_FEW, "no rows");
	x[5][1] = NAN;
	for (size_t t = 0; t < 50; t++)
		mc_ewma_covariance_add(&s.e, x[t]);
	check(mc_ewma_covariance_matrix(&s.e, m) == MC_OK && isnan(m[1]) && isnan(m[2]) &&
	          isnan(m[4]) && m[0] > 0 && m[5] > 0 && isfinite(m[3]),
	      "a NaN concerns its own series only");
	x[60][0] = 1e200;
	for (size_t t = 50; t < 100; t++)
		mc_ewma_covariance_add(&s.e, x[t]);
	check(mc_ewma_covariance_matrix(&s.e, m) == MC_OVERFLOW, "squares that overflow");
	test_pair();
	check(mc_ewma_pair(long_series, long_series, MC_POLL_STEPS, 0.9, &pair, &poll) == MC_STOPPED,
	      "a cancel stops");
	check(mc_ewma_pair(long_series, long_series, MC_POLL_STEPS, 0.9, &pair, NULL) == MC_OK,
	      "and nothing else does");
}
