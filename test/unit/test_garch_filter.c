/*
 * test_garch_filter.c
 *	  Filters and forecasts: QuantLib's recursion, Hull's numbers, the benchmark's forecasts.
 */
#include <math.h>
#include <string.h>

#include "kernel/garch_filter.h"
#include "unit.h"

/* QuantLib, test-suite/garch.cpp: alpha 0.2, beta 0.3, long-term variance 0.4, ten returns of 0.1 */
static void
test_quantlib(void)
{
	static const double want[] = {0.452769, 0.513323, 0.530141, 0.5350841, 0.536558,
	                              0.536999, 0.537132, 0.537171, 0.537183,  0.537187};
	McGarchParameters p = {0, 0.2, 0.2, 0, 0.3, INFINITY};
	double r[10];
	double h[11];
	double worst = 0;

	for (int i = 0; i < 10; i++)
		r[i] = 0.1;
	check(mc_garch_filter(r, 10, &p, MC_GARCH_SAMPLE_VARIANCE, h, NULL) == MC_OK, "filter");
	for (int i = 0; i < 10; i++)
		worst = fmax(worst, fabs(sqrt(h[i]) - want[i]));
	check(worst < 1e-6, "QuantLib's ten volatilities: error %.2g", worst);
}

/* J. Hull, Options, Futures, and Other Derivatives, chapter on volatility: examples of EWMA and GARCH(1,1) */
static void
test_hull(void)
{
	McGarchParameters garch = {0, 2e-6, 0.13, 0, 0.86, INFINITY};
	McGarchParameters ewma = {0, 0, 0.1, 0, 0.9, INFINITY};

	check_close(mc_garch_step(&garch, 0.016 * 0.016, 0.01), 0.00023516, 1e-14, "Hull: GARCH");
	check_close(mc_garch_step(&ewma, 0.0001, 0.02), 0.00013, 1e-14, "Hull: EWMA");
	check_close(garch.omega / (1 - mc_garch_persistence(&garch)), 0.0002, 1e-12,
	            "Hull: long-run variance");
}

static void
test_forecast(void)
{
	static const double want[] = {0.1469925675, 0.1517431059, 0.156299384, 0.1606693456,
	                              0.1648606095};
	McGarchParameters p = {0, 0.0107613978518, 0.15313406182, 0, 0.805973670305, INFINITY};
	McGarchParameters gjr = {0, 1, 0.25, 0.5, 0.25, INFINITY};
	McGarchParameters wild = {0, 1, 1, 0, 1, INFINITY};
	double h[2000];

	check(mc_garch_forecast(&p, want[0], 5, h) == MC_OK, "forecast");
	for (int i = 0; i < 5; i++)
		check_close(h[i], want[i], 1e-9, "DEM/GBP, %d bars ahead", i + 1);
	mc_garch_forecast(&gjr, 8, 3, h);
	check(mc_garch_persistence(&gjr) == 0.75 && h[0] == 8 && h[1] == 7 && h[2] == 6.25,
	      "half of the moves are falls");
	check(mc_garch_forecast(&wild, 1, 2000, h) == MC_OVERFLOW, "a forecast that overflows");
	check(mc_garch_forecast(&wild, 1, 500, h) == MC_OK, "one that does not yet");
}

static void
test_filter(void)
{
	McGarchParameters p = {1, 0.5, 0.25, 0.5, 0.125, INFINITY};
	McGarchParameters wild = {0, 1, 0.5, 0, 8, INFINITY};
	double r[] = {3, 0, 1};
	double many[400];
	double h[401];

	/* mean of (r - mu)^2 = (4 + 1 + 0) / 3; persistence 0.625 */
	mc_garch_filter(r, 3, &p, MC_GARCH_SAMPLE_VARIANCE, h, NULL);
	check_close(h[0], 0.5 + 0.625 * 5 / 3, 1e-15, "first bar, sample variance");
	check_close(h[1], 0.5 + 0.25 * 4 + 0.125 * h[0], 1e-15, "after a rise");
	check_close(h[2], 0.5 + 0.75 * 1 + 0.125 * h[1], 1e-15, "after a fall");
	check_close(h[3], 0.5 + 0.125 * h[2], 1e-15, "after a return of mu");
	/* deviations from the mean 4/3: 25/9, 16/9, 1/9 */
	mc_garch_filter(r, 3, &p, MC_GARCH_BACKCAST, h, NULL);
	check_close(h[0], 0.5 + 0.625 * (25 + 0.94 * 16 + 0.94 * 0.94) / 9 / (1 + 0.94 + 0.94 * 0.94),
	            1e-14, "first bar, back-cast");
	check(mc_garch_filter(r, 0, &p, MC_GARCH_BACKCAST, h, NULL) == MC_TOO_FEW, "no return");
	r[2] = NAN;
	check(mc_garch_filter(r, 3, &p, MC_GARCH_BACKCAST, h, NULL) == MC_OK && isnan(h[0]) &&
	          isnan(h[3]),
	      "NaN makes every bar NaN");
	r[2] = INFINITY;
	check(mc_garch_filter(r, 3, &p, MC_GARCH_BACKCAST, h, NULL) == MC_OK && isnan(h[0]) &&
	          isnan(h[3]),
	      "so does infinity");
	r[2] = 1;
	r[0] = NAN;
	check(mc_garch_filter(r, 3, &p, MC_GARCH_SAMPLE_VARIANCE, h, NULL) == MC_OK && isnan(h[0]) &&
	          isnan(h[3]),
	      "NaN in the first bar too");
	for (int i = 0; i < 400; i++)
		many[i] = i % 2;
	check(mc_garch_filter(many, 400, &wild, MC_GARCH_BACKCAST, h, NULL) == MC_OVERFLOW,
	      "a filter that overflows");
	memset(many, 0, sizeof(many));
	many[399] = 1e200;
	wild.beta = 0;
	check(mc_garch_filter(many, 400, &wild, MC_GARCH_BACKCAST, h, NULL) == MC_OVERFLOW,
	      "a next variance that overflows");
	many[0] = 1e300;
	check(mc_garch_filter(many, 400, &wild, MC_GARCH_SAMPLE_VARIANCE, h, NULL) == MC_OVERFLOW,
	      "one that would forget it");
}

static bool
stop(void *arg)
{
	int *left = arg;

	return (*left)-- <= 0;
}

static void
test_stop(void)
{
	static double r[2 * MC_POLL_STEPS];
	static double h[2 * MC_POLL_STEPS + 1];
	McGarchParameters p = {0, 0.2, 0.2, 0, 0.3, INFINITY};
	int stopped = 0;

	for (int after = 0; after < 4; after++)
	{
		int left = after;
		McPoll poll = {stop, &left};

		stopped +=
		    mc_garch_filter(r, 2 * MC_POLL_STEPS, &p, MC_GARCH_BACKCAST, h, &poll) == MC_STOPPED;
	}
	check(stopped == 3, "a long filter is asked three times");
}

void
test_garch_filter(void)
{
	test_quantlib();
	test_hull();
	test_forecast();
	test_filter();
	test_stop();
}
