/*
 * test_vol_surface.c
 *	  Surfaces between, before and beyond their expiries, by hand and on dense grids.
 */
#include <math.h>

#include "kernel/vol_surface.h"
#include "unit.h"

static const McSurfaceSlice slices[3] = {{0.1, 100, {0.01, 0.08, -0.5, 0.02, 0.12}},
                                         {0.3, 110, {0.04, 0.09, -0.4, 0.02, 0.2}},
                                         {1, NAN, {0.15, 0.1, -0.3, 0.02, 0.3}}};

static double
w(int i, double k)
{
	return mc_svi_total_variance(&slices[i].smile, k);
}

static void
test_variance(void)
{
	double worst = 0;
	double growth = (w(2, 0) - w(1, 0)) / 0.7;

	for (double k = -2; k <= 2; k += 0.25)
	{
		for (double share = 0; share <= 1; share += 0.125)
		{
			worst = fmax(worst, fabs(mc_surface_total_variance(slices, 3, 0.1 + 0.2 * share, k) /
			                             ((1 - share) * w(0, k) + share * w(1, k)) -
			                         1));
			worst = fmax(worst, fabs(mc_surface_total_variance(slices, 3, 0.3 + 0.7 * share, k) /
			                             ((1 - share) * w(1, k) + share * w(2, k)) -
			                         1));
			worst = fmax(
			    worst, fabs(mc_surface_total_variance(slices, 3, 0.1 * (0.999 * share + 1e-3), k) /
			                    ((0.999 * share + 1e-3) * w(0, k)) -
			                1));
			worst = fmax(worst, fabs(mc_surface_total_variance(slices, 3, 1 + 5 * share, k) /
			                             (w(2, k) + 5 * share * growth) -
			                         1));
		}
		for (int i = 0; i < 3; i++)
			check(
			    mc_surface_total_variance(slices, 3, slices[i].t, k) == w(i, k) ||
			        is_close(mc_surface_total_variance(slices, 3, slices[i].t, k), w(i, k), 1e-15),
			    "at expiry %d its own smile, k %g", i, k);
	}
	check(worst < 1e-14,
	      "linear between, proportional before, forward variance at the money beyond: %g", worst);
	check_close(mc_surface_total_variance(slices, 1, 0.25, -0.5), w(0, -0.5) + 0.15 * w(0, 0) / 0.1,
	            1e-14, "beyond a single expiry: its variance");
	check_close(mc_surface_total_variance(slices, 1, 0.05, -0.5), w(0, -0.5) / 2, 1e-14,
	            "before it: half the time, half the variance");
}

/* no step where the rule changes, and never less than before */
static void
test_order(void)
{
	bool rises = true;

	for (double k = -2.5; k <= 2.5; k += 0.1)
	{
		double before = 0;

		for (double t = 1e-6; t < 10; t *= 1.05)
		{
			double now = mc_surface_total_variance(slices, 3, t, k);

			rises &= now >= before;
			before = now;
		}
	}
	check(rises, "total variance rises with time");
}

/* before the first expiry g(k) stays above 0 */
static void
test_before(void)
{
	double least = 1;

	for (double share = 0.001; share < 1; share += 0.037)
	{
		McSvi s = slices[0].smile;
		double at;

		s.a *= share;
		s.b *= share;
		check_close(mc_surface_total_variance(slices, 3, 0.1 * share, 0.3),
		            mc_svi_total_variance(&s, 0.3), 1e-13, "a smile of SVI too");
		least = fmin(least, mc_svi_least_butterfly(&s, &at));
	}
	check(least >= 0, "without butterfly arbitrage: %g", least);
}

static void
test_forward(void)
{
	const McSurfaceSlice none[2] = {{0.1, NAN, {0.01, 0, 0, 0, 1}}, {0.3, NAN, {0.02, 0, 0, 0, 1}}};
	const McSurfaceSlice gap[3] = {{0.1, 100, {0.01, 0, 0, 0, 1}},
	                               {0.2, NAN, {0.02, 0, 0, 0, 1}},
	                               {0.3, 121, {0.02, 0, 0, 0, 1}}};

	check(mc_surface_forward(slices, 3, 0.1) == 100 &&
	          is_close(mc_surface_forward(slices, 3, 0.3), 110, 1e-15),
	      "at expiries");
	check_close(mc_surface_forward(slices, 3, 0.2), sqrt(11000), 1e-14, "constant carry between");
	check(mc_surface_forward(slices, 3, 0.01) == 100 && mc_surface_forward(slices, 3, 5) == 110,
	      "that of the nearest outside");
	check_close(mc_surface_forward(gap, 3, 0.2), 110, 1e-14, "across an expiry without one");
	check(isnan(mc_surface_forward(none, 2, 0.2)), "none: NaN");
}

void
test_vol_surface(void)
{
	test_variance();
	test_order();
	test_before();
	test_forward();
}
