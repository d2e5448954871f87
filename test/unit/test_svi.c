/*
 * test_svi.c
 *	  Published smiles, jump wings and back, and least g(k) and calendar excess beside dense grids.
 */
#include <math.h>
#include <stdlib.h>

#include "kernel/svi.h"
#include "unit.h"

static const McSvi vogt = {-0.0410, 0.1331, 0.3060, 0.3586, 0.4153};

static long double
wide_w(const McSvi *s, long double k)
{
	long double z = k - s->m;

	return s->a + s->b * (s->rho * z + sqrtl(z * z + (long double) s->sigma * s->sigma));
}

/* g(k) in its own words: w' and w'' by hand, not by svi.h */
static long double
wide_g(const McSvi *s, long double k)
{
	long double z = k - s->m;
	long double r = sqrtl(z * z + (long double) s->sigma * s->sigma);
	long double w = wide_w(s, k);
	long double slope = s->b * s->rho + s->b * z / r;
	long double curvature = s->b * ((long double) s->sigma / r) * ((long double) s->sigma / r) / r;
	long double first = 1 - k * slope / (2 * w);

	return first * first - slope * slope / 4 * (1 / w + 0.25L) + curvature / 2;
}

/* a smile of markets or beyond: wings up to a slope of `steepest`, width over scale from e^narrow */
static McSvi
random_smile(UnitRandom *random, double steepest, double narrow)
{
	double scale = exp(-9 + 11 * unit_uniform(random));
	double rho = -0.999 + 1.998 * unit_uniform(random);
	double slope = steepest * unit_uniform(random) * fmin(1, sqrt(scale));
	McSvi s = {0, slope / (1 + fabs(rho)), rho, sqrt(scale) * (4 * unit_uniform(random) - 2),
	           sqrt(scale) * exp(narrow + (2 - narrow) * unit_uniform(random))};

	s.a = scale * (0.001 + unit_uniform(random)) - s.b * s.sigma * sqrt(1 - rho * rho);
	return s;
}

/* Gatheral and Jacquier, example 3.1 and section 5.1; digits by an independent computation */
static void
test_vogt(void)
{
	McSviJw jw = mc_svi_to_jw(&vogt, 1);
	McSvi moved;
	double at;
	double least = mc_svi_least_butterfly(&vogt, &at);

	check_close(jw.v, 0.0174262526, 1e-8, "v of Vogt's smile");
	check_close(jw.psi, -0.1752111408, 1e-9, "psi");
	check_close(jw.p, 0.6997381042, 1e-9, "p");
	check_close(jw.c, 1.3167982190, 1e-9, "c");
	check_close(jw.v_least, 0.0116249032, 1e-8, "least variance");
	check_close(least, -0.0328635735, 1e-8, "least g");
	check_close(at, 0.87926, 1e-5, "where it is");
	check(wide_g(&vogt, 0.6424) > 0 && wide_g(&vogt, 0.64242) < 0 && wide_g(&vogt, 1.2569) < 0 &&
	          wide_g(&vogt, 1.25692) > 0,
	      "negative from 0.64241 to 1.25691");
	check(mc_svi_towards_ssvi(&vogt, 1, 1, &moved), "can be repaired");
	check_close(moved.a, 0.00774091242, 1e-8, "a");
	check_close(moved.b, 0.06924203449, 1e-8, "b");
	check_close(moved.rho, -0.33403648061, 1e-8, "rho");
	check_close(moved.m, 0.04203374523, 1e-8, "m");
	check_close(moved.sigma, 0.11860780291, 1e-8, "sigma");
	jw = mc_svi_to_jw(&moved, 1);
	check_close(jw.c, 0.3493158225, 1e-8, "c' as published");
	check_close(jw.v_least, 0.0154818248, 1e-8, "least variance as published");
	check(mc_svi_least_butterfly(&moved, &at) > 0.24, "free of butterfly arbitrage");
	check(mc_svi_towards_ssvi(&vogt, 1, 0, &moved), "no share of the way");
	check_close(moved.a, vogt.a, 1e-10, "is where it was");
	check_close(moved.sigma, vogt.sigma, 1e-10, "in its width too");
	check(mc_svi_towards_ssvi(&vogt, 1, 0.5, &moved), "half the way");
	jw = mc_svi_to_jw(&moved, 1);
	check_close(jw.c, (1.3167982190 + 0.3493158225) / 2, 1e-8, "has half of c");
	check_close(jw.psi, -0.1752111408, 1e-8, "and the skew at the money");
}

/* QuantLib, test-suite/svivolatility.cpp */
static void
test_anchor(void)
{
	McSvi s = {-0.0666, 0.229, 0.439, 0.193, 0.337};

	check_close(mc_svi_total_variance(&s, 0.193), -0.0666 + 0.229 * 0.337, 1e-15,
	            "QuantLib's smile at its vertex");
	check(mc_svi_is_valid(&s), "is a smile");
}

static void
test_point(void)
{
	UnitRandom random = {11};
	double worst = 0;

	for (int i = 0; i < 2000; i++)
	{
		McSvi s = random_smile(&random, 2, -3);
		double k = s.m + s.sigma * 3 * unit_normal(&random);
		McSviPoint p = mc_svi_at(&s, k);
		long double h = 1e-4L * s.sigma;
		long double up = wide_w(&s, k + h);
		long double down = wide_w(&s, k - h);
		long double middle = wide_w(&s, k);

		worst = fmax(worst, fabs((double) (p.w / middle - 1)) * 1e6);
		worst = fmax(worst, fabs((double) (p.slope - (up - down) / (2 * h))) / (s.b + 1e-9));
		worst = fmax(worst, fabs((double) (p.curvature - (up - 2 * middle + down) / (h * h))) *
		                        s.sigma / (s.b + 1e-9));
		worst = fmax(worst, fabs((double) (mc_svi_butterfly(p, k) - wide_g(&s, k))) /
		                        (1 + fabs((double) wide_g(&s, k))));
	}
	/* 1e-8 in wide arithmetic; valgrind has none, and differences of doubles are that much worse */
	check(worst < 1e-4, "derivatives and g by differences: %g", worst);
}

static void
test_valid(void)
{
	McSvi s = {0.02, 0.1, -0.4, 0.05, 0.2};
	const double bad[] = {NAN, INFINITY, -INFINITY};
	bool none = true;

	check(mc_svi_is_valid(&s), "a smile");
	for (int i = 0; i < 3; i++)
		for (int j = 0; j < 5; j++)
		{
			McSvi t = s;

			*(j == 0 ? &t.a : j == 1 ? &t.b : j == 2 ? &t.rho : j == 3 ? &t.m : &t.sigma) = bad[i];
			none &= !mc_svi_is_valid(&t);
		}
	check(none, "nothing infinite, no NaN");
	check(!mc_svi_is_valid(&(McSvi){0.02, -1e-9, 0, 0, 0.2}), "b below 0");
	check(mc_svi_is_valid(&(McSvi){0.02, 0, 0, 0, 0.2}), "b of 0: flat");
	check(!mc_svi_is_valid(&(McSvi){0.02, 0.1, 1, 0, 0.2}) &&
	          !mc_svi_is_valid(&(McSvi){0.02, 0.1, -1, 0, 0.2}),
	      "rho of 1");
	check(!mc_svi_is_valid(&(McSvi){0.02, 0.1, 0, 0, 0}), "sigma of 0");
	check(!mc_svi_is_valid(&(McSvi){-0.0201, 0.1, 0, 0, 0.2}) &&
	          mc_svi_is_valid(&(McSvi){-0.0199, 0.1, 0, 0, 0.2}),
	      "total variance may not be negative");
	check(!mc_svi_is_valid(&(McSvi){-0.1 * 0.2 * 0.81, 0.1, 0.6, 0, 0.2}) &&
	          mc_svi_is_valid(&(McSvi){-0.1 * 0.2 * 0.79, 0.1, 0.6, 0, 0.2}),
	      "nor with a tilt");
}

/* the least of k and of points that follow the vertex, in long double */
static double
dense_least(const McSvi *s, int n, double *where)
{
	long double least = INFINITY;

	for (int i = -n; i <= n; i++)
	{
		double x = i / (double) n;
		double points[3] = {2.5 * x, 12 * x * x * x, s->m + s->sigma * sinh(9 * x)};

		for (int j = 0; j < 3; j++)
		{
			long double g = fabs(points[j]) <= 12 ? wide_g(s, points[j]) : INFINITY;

			if (g < least)
			{
				least = g;
				*where = points[j];
			}
		}
	}
	return (double) least;
}

static void
test_least(double steepest, double narrow, size_t count)
{
	UnitRandom random = {21};
	size_t arbitrage = 0;
	size_t wrong = 0;
	double worst = 0;

	count = unit_repeats(count, 100);
	for (size_t i = 0; i < count; i++)
	{
		McSvi s = random_smile(&random, steepest, narrow);
		double at;
		double where = NAN;
		double least = mc_svi_least_butterfly(&s, &at);
		double dense = dense_least(&s, 1500, &where);

		arbitrage += dense < 0;
		wrong += !(least <= dense + 1e-6 * (1 + fabs(dense))) || (least >= 0 && dense < -1e-12);
		if (isfinite(at))
			worst = fmax(worst, fabs((double) wide_g(&s, at) - least) / (1 + fabs(least)));
		if (wrong == 1 && least > dense + 1e-6)
			check(false, "least g %g, but %g at %g of %.17g %.17g %.17g %.17g %.17g", least, dense,
			      where, s.a, s.b, s.rho, s.m, s.sigma);
	}
	check(wrong == 0, "least g of %zu smiles, slopes to %g, widths from e^%g: %zu wrong", count,
	      steepest, narrow, wrong);
	check(worst < 1e-7, "and where it is: %g", worst);
	check(arbitrage > count / 50 && arbitrage < count, "%zu of them with arbitrage", arbitrage);
}

/* kinks: nothing between the vertex and the wings may hide behind a width of nearly nothing */
static void
test_kinks(void)
{
	McSvi s = {1.000000000000001e-12, 1.9998, 0, -1.2306059836589123, 1};
	size_t wrong = 0;
	double at;

	for (int i = 1; i <= 323; i++)
	{
		s.sigma = pow(10, -i);
		wrong += !(mc_svi_least_butterfly(&s, &at) <= wide_g(&s, -2.5));
	}
	check(wide_g(&s, -2.5) < -0.6 && wrong == 0, "a kink of any width: %zu wrong", wrong);
}

/* two shallow valleys side by side, the deeper one below 0 */
static void
test_valleys(void)
{
	McSvi s = {-0.00074702908586877278, 0.00020249868664872221, 0.012339273355667424,
	           -0.058701300552938082, 3.6996360920285873};
	double at;

	check_close(mc_svi_least_butterfly(&s, &at), (double) wide_g(&s, -1.43799L), 1e-5,
	            "the deeper of two valleys");
	check_close(at, -1.43799, 1e-5, "is there");
	/* a dip narrower than the grid, beside a valley that is wider and above 0 */
	s = (McSvi){-0.0015102363158469806, 0.00020149326270497124, 0.036997835464618101,
	            1.4490916841480148, 7.7257133826094346};
	check_close(mc_svi_least_butterfly(&s, &at), (double) wide_g(&s, 5.64812L), 1e-5,
	            "a narrow dip");
	check_close(at, 5.64812, 1e-5, "is there too");
}

/* limits: a wing of slope L has g -> 1/4 - L^2/16 */
static void
test_limits(void)
{
	McSvi steep = {0.2, 1.1, 0.9, 0, 0.5};
	McSvi flat = {0.04, 0, 0, 0, 1};
	double at;
	double least = mc_svi_least_butterfly(&steep, &at);

	check(least <= 0.25 - 2.09 * 2.09 / 16, "a wing steeper than 2");
	check(least < 0, "is arbitrage at %g", at);
	steep = (McSvi){100, 1.1, 0.9, 0, 100};
	check_close(mc_svi_least_butterfly(&steep, &at), 0.25 - 2.09 * 2.09 / 16, 1e-9,
	            "far above 0 its limit is the least");
	check(isinf(at) && at > 0, "at the far end of the calls");
	steep.rho = -0.9;
	mc_svi_least_butterfly(&steep, &at);
	check(isinf(at) && at < 0, "or of the puts");
	check_close(mc_svi_least_butterfly(&flat, &at), 1, 1e-12, "a flat smile: g is 1");
}

static void
test_calendar(void)
{
	UnitRandom random = {31};
	size_t count = unit_repeats(3000, 100);
	size_t wrong = 0;
	size_t crossed = 0;
	McSvi s = {0.02, 0.1, -0.4, 0.05, 0.2};
	McSvi up = s;
	double at;

	for (size_t i = 0; i < count; i++)
	{
		McSvi early = random_smile(&random, 2, -4);
		McSvi late = random_smile(&random, 2, -4);
		long double dense = INFINITY;
		long double size = 0;
		double least;

		late.a += i % 2 ? early.a + early.b * early.sigma : 0;
		least = mc_svi_least_calendar(&early, &late, &at);
		for (int j = -2500; j <= 2500; j++)
		{
			long double k = j / 1000.0L;

			dense = fminl(dense, wide_w(&late, k) - wide_w(&early, k));
			size = fmaxl(size, fmaxl(wide_w(&late, k), wide_w(&early, k)));
		}
		crossed += dense < 0;
		wrong += least > dense + 1e-9L * size || fabs(at) > 2.5 ||
		         fabsl(wide_w(&late, at) - wide_w(&early, at) - least) > 1e-13L * size;
	}
	check(wrong == 0, "least excess of %zu pairs of smiles: %zu wrong", count, wrong);
	check(crossed > count / 10 && crossed < count * 9 / 10, "%zu of them cross", crossed);
	check(mc_svi_least_calendar(&s, &s, &at) == 0, "a smile over itself");
	up.a += 0.01;
	check_close(mc_svi_least_calendar(&s, &up, &at), 0.01, 1e-12, "a lift");
	check_close(mc_svi_least_calendar(&up, &s, &at), -0.01, 1e-12, "and its reverse");
	up = s;
	up.b *= 1.01;
	check_close(mc_svi_least_calendar(&up, &s, &at),
	            -0.001 * (0.4 * 2.55 + sqrt(2.55 * 2.55 + 0.04)), 1e-9, "crossed at the far end");
	check_close(at, -2.5, 1e-12, "there");
}

static bool
same_smile(const McSvi *a, const McSvi *b, double tolerance)
{
	double size = fabs(b->a) + b->b * (fabs(b->m) + b->sigma);

	return fabs(a->a - b->a) <= tolerance * size && is_close(a->b, b->b, tolerance) &&
	       fabs(a->rho - b->rho) <= tolerance &&
	       fabs(a->m - b->m) <= tolerance * (fabs(b->m) + b->sigma) &&
	       is_close(a->sigma, b->sigma, tolerance);
}

static void
test_jw(void)
{
	UnitRandom random = {41};
	size_t wrong = 0;
	McSviJw jw;
	McSvi back;
	McSvi level = {0.02, 0.1, -0.4, 0, 0.2};

	for (int i = 0; i < 3000; i++)
	{
		McSvi s = random_smile(&random, 1.9, -2);
		double t = exp(-6 + 8 * unit_uniform(&random));
		long double root;

		s.rho *= 0.9;
		s.m = s.sigma * (4 * unit_uniform(&random) - 2);
		s.b += 1e-4;
		root = sqrtl(wide_w(&s, 0));
		jw = mc_svi_to_jw(&s, t);
		wrong += !is_close(jw.v, (double) (root * root / t), 1e-13) ||
		         !is_close(jw.p, (double) (s.b * (1 - s.rho) / root), 1e-13) ||
		         !is_close(jw.c, (double) (s.b * (1 + s.rho) / root), 1e-13) ||
		         fabs(jw.psi - (double) (s.b / (2 * root) * (s.rho - s.m / hypotl(s.m, s.sigma)))) >
		             1e-13 * (jw.p + jw.c) ||
		         !mc_svi_from_jw(&jw, t, &back) || !same_smile(&back, &s, 1e-6);
	}
	check(wrong == 0, "jump wings as defined, and back: %zu wrong", wrong);

	jw = mc_svi_to_jw(&level, 0.25);
	check(mc_svi_from_jw(&jw, 0.25, &back) && same_smile(&back, &level, 1e-12),
	      "vertex at the money (m = 0)");
	/* beta = rho - 2 psi sqrt(w) / b = 0 where the slope at the money is b rho */
	check_close(2 * jw.psi / (jw.p + jw.c) * 2, -0.4, 1e-12, "where beta is 0");
	level.m = 1e-12;
	jw = mc_svi_to_jw(&level, 0.25);
	check(mc_svi_from_jw(&jw, 0.25, &back) && same_smile(&back, &level, 1e-4), "and nearly 0");
}

static void
test_no_jw(void)
{
	const McSviJw good = {0.04, -0.1, 0.5, 0.3, 0.03};
	McSviJw jw;
	McSvi s;
	bool none = true;

	check(mc_svi_from_jw(&good, 1, &s) && mc_svi_is_valid(&s), "jump wings of a smile");
	for (int i = 0; i < 7; i++)
	{
		jw = good;
		if (i == 0)
			jw.v = -0.04;
		if (i == 1)
			jw.p = -0.1;
		if (i == 2)
			jw.c = -0.1;
		if (i == 3)
			jw.v_least = 0.05;
		if (i == 4)
			jw.psi = 0.2; /* steeper than c / 2 */
		if (i == 5)
			jw.psi = -0.3;
		if (i == 6)
			jw.v = NAN;
		none &= check(!mc_svi_from_jw(&jw, 1, &s), "no smile has these jump wings (%d)", i);
	}
}

static void
test_towards(void)
{
	UnitRandom random = {51};
	size_t done = 0;
	size_t wrong = 0;
	size_t moderate = 0;

	for (int i = 0; i < 3000; i++)
	{
		McSvi s = random_smile(&random, 1.9, -2);
		double at;
		McSvi moved;
		McSviJw jw;
		McSviJw was = mc_svi_to_jw(&s, 0.5);
		double theta = was.v * 0.5;
		double c = was.p + 2 * was.psi;

		if (!mc_svi_towards_ssvi(&s, 0.5, 1, &moved))
			continue;
		done++;
		jw = mc_svi_to_jw(&moved, 0.5);
		wrong += !mc_svi_is_valid(&moved) || !is_close(jw.v, was.v, 1e-7) ||
		         fabs(jw.psi - was.psi) > 1e-7 * (was.p + fabs(was.psi)) ||
		         !is_close(jw.p, was.p, 1e-7) || fabs(jw.c - c) > 1e-6 * was.p ||
		         !is_close(jw.v_least, was.v * 4 * was.p * c / ((was.p + c) * (was.p + c)), 1e-6);
		/* theta phi (1 + |rho|) = 2 root max(p, c), theta phi^2 (1 + |rho|) = 2 max (p + c) */
		if (2 * sqrt(theta) * fmax(was.p, c) < 4 && 2 * fmax(was.p, c) * (was.p + c) <= 4)
		{
			moderate++;
			wrong += mc_svi_least_butterfly(&moved, &at) < -1e-9;
		}
	}
	check(done > 100 && wrong == 0, "%zu smiles moved: %zu wrong", done, wrong);
	check(moderate > 50, "%zu with moderate slopes are free of arbitrage", moderate);
}

void
test_svi(void)
{
	test_vogt();
	test_anchor();
	test_point();
	test_valid();
	test_least(2, -4, 2000);
	test_least(3, -12, 2000);
	test_least(1, 0, 1000);
	test_kinks();
	test_valleys();
	test_limits();
	test_calendar();
	test_jw();
	test_no_jw();
	test_towards();
}
