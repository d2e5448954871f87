/*
 * test_garch_series.c
 *	  Scaling of returns, what is refused, and the back-cast variance by hand.
 */
#include <float.h>
#include <math.h>

#include "kernel/garch_series.h"
#include "unit.h"

#define N 200

static double r[N];
static double z[N];
static const McGarchSpec plain = {false, false, MC_GARCH_BACKCAST};

static McFit
prepare(size_t n, McGarchSpec spec, McGarchSeries *s)
{
	McFit fit = MC_FIT_FAILED;

	mc_garch_prepare(r, n, spec, z, s, &fit, NULL);
	return fit;
}

static void
test_refused(void)
{
	McGarchSeries s;
	UnitRandom random = {1};

	for (int i = 0; i < N; i++)
		r[i] = unit_normal(&random);
	check(mc_garch_fewest(plain) == 20 &&
	          mc_garch_fewest((McGarchSpec){true, false, MC_GARCH_BACKCAST}) == 25 &&
	          mc_garch_fewest((McGarchSpec){false, true, MC_GARCH_BACKCAST}) == 25 &&
	          mc_garch_fewest((McGarchSpec){true, true, MC_GARCH_BACKCAST}) == 30,
	      "five observations a parameter");
	check(prepare(0, plain, &s) == MC_FIT_TOO_FEW && prepare(19, plain, &s) == MC_FIT_TOO_FEW &&
	          prepare(20, plain, &s) == MC_FIT_CONVERGED,
	      "20 returns are enough, 19 are not");
	r[3] = NAN;
	check(prepare(N, plain, &s) == MC_FIT_NOT_FINITE && prepare(5, plain, &s) == MC_FIT_NOT_FINITE,
	      "NaN");
	r[3] = -INFINITY;
	check(prepare(N, plain, &s) == MC_FIT_NOT_FINITE, "infinity");
	for (int i = 0; i < N; i++)
		r[i] = 0.1;
	check(prepare(N, plain, &s) == MC_FIT_CONSTANT, "all equal");
	r[N - 1] = nextafter(0.1, 1);
	check(prepare(N, plain, &s) == MC_FIT_CONVERGED && isfinite(s.variance) && s.variance > 0,
	      "all but a last bit equal");
}

static void
test_scaling(void)
{
	static const double scales[] = {1, 1e-300, 1e-12, 1e12, 1e300, 4 * DBL_MIN};
	UnitRandom random = {2};
	double normal[N];

	for (int i = 0; i < N; i++)
		normal[i] = unit_normal(&random);
	for (size_t k = 0; k < sizeof(scales) / sizeof(scales[0]); k++)
	{
		McGarchSeries s;
		double sum = 0;
		double squares = 0;
		double least = INFINITY;
		double most = -INFINITY;

		for (int i = 0; i < N; i++)
			r[i] = scales[k] * (5 + normal[i]);
		check(prepare(N, plain, &s) == MC_FIT_CONVERGED, "scale %g", scales[k]);
		for (int i = 0; i < N; i++)
		{
			sum += z[i];
			squares += z[i] * z[i];
			least = fmin(least, z[i]);
			most = fmax(most, z[i]);
		}
		check(s.variance >= 0.25 && s.variance <= 1 && fabs(sum) < 1e-12 &&
		          is_close(s.variance, squares / N, 1e-14) && fabs(s.mean) < 1e-14,
		      "scale %g: centred, of variance %g", scales[k], s.variance);
		check(s.least == least && s.most == most && s.n == N && s.z == z, "scale %g: range",
		      scales[k]);
		check_close(ldexp(ldexp(z[7], s.exponent - s.shift) + s.level, s.shift), r[7], 1e-14,
		            "scale %g: back to the return", scales[k]);
	}
}

static void
test_backcast(void)
{
	static const double few[] = {1, -3};
	double long_one[100];
	long double top = 0;
	long double bottom = 0;
	long double weight = 1;

	/* (1 + 0.94 * 9) / 1.94 */
	check_close(mc_garch_backcast(few, 2, 0), 9.46 / 1.94, 1e-15, "two returns by hand");
	check_close(mc_garch_backcast(few, 2, 1), 0.94 * 16 / 1.94, 1e-15, "about a mean of 1");
	for (int i = 0; i < 100; i++)
		long_one[i] = i < 75 ? sin(i) : 1e6;
	for (int i = 0; i < 75; i++, weight *= 0.94L)
	{
		top += weight * long_one[i] * long_one[i];
		bottom += weight;
	}
	check_close(mc_garch_backcast(long_one, 100, 0), (double) (top / bottom), 1e-13,
	            "75 returns count, the others do not");
}

void
test_garch_series(void)
{
	test_refused();
	test_scaling();
	test_backcast();
}
