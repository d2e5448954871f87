/*
 * test_ratios.c
 *	  Performance ratios beside published numbers, hand counts, and levels that hurt.
 */
#include <float.h>
#include <math.h>

#include "kernel/ratios.h"
#include "unit.h"

/* 24 months of a portfolio: C. R. Bacon (2008), as in PerformanceAnalytics' portfolio_bacon.csv, percent */
static const double bacon[] = {0.3, 2.6,  1.1,  -1.0, 1.5,  2.5,  1.6, 6.7, -1.4, 4.0, -0.5, 8.1,
                               4.0, -3.7, -6.1, 1.7,  -4.9, -2.2, 7.0, 5.8, -6.5, 2.4, -0.5, -0.9};

static bool
stop_now(void *arg)
{
	return arg == NULL;
}

static void
test_bacon(void)
{
	double r[24];
	McDownside d;

	for (int i = 0; i < 24; i++)
		r[i] = bacon[i] / 100;
	check(mc_downside(r, 24, 0.005, &d, NULL) == MC_OK, "Bacon's portfolio, target 0.5 %% a month");
	check_close(d.deviation, 0.0255367382, 1e-8, "downside deviation (published 0.0255)");
	check_close(d.potential, 0.0137083333, 1e-8, "downside potential (published 0.0137)");
	check_close(d.mean / d.deviation, 0.1566370757, 1e-9, "Sortino ratio");
	check_close(d.upside - d.potential, d.mean, 1e-15, "upside - downside = mean");
}

static void
test_downside(void)
{
	double r[] = {0.01, -0.02, 0.03, -0.01};
	double twice[] = {1e8 + 1, 1e8 + 3};
	double wide[] = {DBL_MAX, -DBL_MAX};
	McDownside d;

	mc_downside(r, 4, 0, &d, NULL);
	check_close(d.mean / d.deviation, 0.2236067977, 1e-9, "Sortino ratio of four returns");
	check_close(d.deviation, sqrt(5e-4 / 4), 1e-15, "downside deviation");
	check_close(d.potential, 0.0075, 1e-15, "downside potential");
	check_close(d.upside, 0.01, 1e-15, "upside");
	mc_downside(r, 1, 0.01, &d, NULL);
	check(d.mean == 0 && d.deviation == 0 && d.potential == 0 && d.upside == 0,
	      "a return at the target");
	check(mc_downside(r, 0, 0, &d, NULL) == MC_TOO_FEW, "no returns");
	mc_downside(twice, 2, 1e8 + 2, &d, NULL);
	check(d.mean == 0 && d.potential == 0.5 && d.upside == 0.5, "a large level");
	check(mc_downside(wide, 2, 0, &d, NULL) == MC_OK && d.mean == 0, "the range of a double");
	check(mc_downside(wide, 2, DBL_MAX, &d, NULL) == MC_OVERFLOW, "and beyond it");
	check(mc_downside(wide, 2, -DBL_MAX, &d, NULL) == MC_OVERFLOW, "on either side");
}

static void
test_sharpe(void)
{
	double e[] = {2, 4, 4, 4, 5, 5, 7, 9};
	double same[] = {0.1, 0.1, 0.1};
	double shifted[] = {1e8 - 1, 1e8, 1e8 + 1};
	double wide[] = {DBL_MAX, 0, -DBL_MAX, DBL_MAX};
	double ratio;

	check(mc_sharpe_ratio(e, 8, &ratio, NULL) == MC_OK, "a Sharpe ratio by hand");
	check_close(ratio, 5 / sqrt(32.0 / 7), 1e-15, "5 / sqrt(32 / 7)");
	check(mc_sharpe_ratio(e, 1, &ratio, NULL) == MC_TOO_FEW, "one return is too few");
	check(mc_sharpe_ratio(e, 0, &ratio, NULL) == MC_TOO_FEW, "as none");
	check(mc_sharpe_ratio(same, 3, &ratio, NULL) == MC_TOO_FEW, "equal returns have none");
	mc_sharpe_ratio(shifted, 3, &ratio, NULL);
	check_close(ratio, 1e8, 1e-15, "a large level");
	check(mc_sharpe_ratio(wide, 4, &ratio, NULL) == MC_OVERFLOW || isfinite(ratio),
	      "the range of a double");
	wide[0] = INFINITY;
	check(mc_sharpe_ratio(wide, 4, &ratio, NULL) == MC_OVERFLOW, "a difference beyond it");
}

/* D. H. Bailey, M. Lopez de Prado (2012): 24 months, ratio 0.458 a month, skewness -2.448, kurtosis
 * 10.164 */
static void
test_errors(void)
{
	double e[] = {1, 2, 3, 6};
	double two[] = {0, 1};
	double s = 0.458;
	McSharpeTest t;
	double ratio = 3 / sqrt(14.0 / 3);
	double g1 = 4.5 / pow(3.5, 1.5);
	double g2 = 24.5 / 12.25;
	double error;
	int sure = 0;
	int unsure = 0;

	check_close(mc_sharpe_error(s, -2.448, 10.164, 24, MC_SHARPE_MERTENS),
	            sqrt((1 + 2.448 * s + 9.164 / 4 * s * s) / 23), 1e-15, "error of Mertens");
	check_close(mc_sharpe_error(s, -2.448, 10.164, 24, MC_SHARPE_LO), sqrt((1 + s * s / 2) / 24),
	            1e-15, "error of Lo");
	check_close(erfc(-s / mc_sharpe_error(s, -2.448, 10.164, 24, MC_SHARPE_MERTENS) / sqrt(2)) / 2,
	            0.913, 5e-4, "published: 0.913 that it is positive");
	check_close(erfc(-s / mc_sharpe_error(s, 0, 3, 24, MC_SHARPE_MERTENS) / sqrt(2)) / 2, 0.982,
	            5e-4, "published: 0.982 for normal returns");
	check(mc_sharpe_error(1, 0, 1 - 1e-9 * 4 - 4, 5, MC_SHARPE_MERTENS) == 0,
	      "rounding below 0 is 0");
	check(mc_sharpe_test(e, 4, MC_SHARPE_MERTENS, 0.9, &t, NULL) == MC_OK, "a test by hand");
	error = sqrt((1 - g1 * ratio + (g2 - 1) / 4 * ratio * ratio) / 3);
	check_close(t.ratio, ratio, 1e-15, "ratio");
	check_close(t.skewness, g1, 1e-14, "skewness");
	check_close(t.kurtosis, g2, 1e-14, "kurtosis");
	check_close(t.standard_error, error, 1e-14, "error");
	check_close(t.lower, ratio - 1.6448536269514722 * error, 1e-13, "lower end");
	check_close(t.upper, ratio + 1.6448536269514722 * error, 1e-13, "upper end");
	check_close(t.probability_positive, erfc(-ratio / error / sqrt(2)) / 2, 1e-13, "probability");
	mc_sharpe_test(e, 4, MC_SHARPE_LO, 0.9, &t, NULL);
	check_close(t.standard_error, sqrt((1 + ratio * ratio / 2) / 4), 1e-14, "error of Lo");
	check(mc_sharpe_test(two, 2, MC_SHARPE_MERTENS, 0.9, &t, NULL) == MC_OK &&
	          t.probability_positive > 0.5,
	      "two returns");
	/* a rise of 1 in ten returns at 2 / skewness: the error is 0, but for rounding */
	for (int k = 0; k < 200; k++)
	{
		double ten[10];

		for (int j = 0; j < 10; j++)
			ten[j] = 0.75 * 0.3 * sqrt(10 / 9.0) - 0.1 + k * 1e-11 + (j == 0);
		mc_sharpe_test(ten, 10, MC_SHARPE_MERTENS, 0.9, &t, NULL);
		sure += t.standard_error == 0;
		unsure += t.standard_error == 0 && t.probability_positive != 1;
	}
	check(sure > 20 && unsure == 0, "without an error the sign is sure: %d times", sure);
	check(mc_sharpe_test(two, 1, MC_SHARPE_MERTENS, 0.9, &t, NULL) == MC_TOO_FEW, "one is too few");
}

static void
test_polls(void)
{
	static double many[70000];
	McPoll poll = {stop_now, NULL};
	McDownside d;
	McSharpeTest t;
	double ratio;

	for (int i = 0; i < 70000; i++)
		many[i] = i % 7 - 3;
	check(mc_downside(many, 70000, 0, &d, &poll) == MC_STOPPED, "a poll stops the downside");
	check(mc_sharpe_ratio(many, 70000, &ratio, &poll) == MC_STOPPED, "and the Sharpe ratio");
	check(mc_sharpe_test(many, 70000, MC_SHARPE_LO, 0.9, &t, &poll) == MC_STOPPED, "and its test");
}

void
test_ratios(void)
{
	test_bacon();
	test_downside();
	test_sharpe();
	test_errors();
	test_polls();
}
