/*
 * test_hill.c
 *	  Hill's estimator and mean excesses beside published numbers, hand counts and long double.
 */
#include <float.h>
#include <math.h>

#include "kernel/hill.h"
#include "kernel/select.h"
#include "unit.h"

#define MOST 3000

static double losses[MOST];
static double series[MOST];

static void
test_published(void)
{
	size_t n = unit_read_vector("danish_2167.csv", losses, MOST);

	if (n == 0)
	{
		skip("no ../shared", "Hill's estimates of the Danish fire losses");
		return;
	}
	mc_sort_descending(losses, n, NULL);
	mc_hill_series(losses, 200, series, NULL);
	check_close(series[49], 0.536050831962, 1e-12, "Hill's estimate, k = 50");
	check_close(series[108], 0.63121805857, 1e-11, "k = 109");
	check_close(series[199], 0.734206028796, 1e-12, "k = 200");
}

static void
test_definition(void)
{
	UnitRandom random = {3};
	double worst = 0;

	for (int level = 0; level < 3; level++)
	{
		for (int i = 0; i < 300; i++)
			losses[i] = level == 0   ? exp(3 * unit_normal(&random))
			            : level == 1 ? 1e8 + unit_uniform(&random)
			                         : exp(300 * unit_normal(&random));
		mc_sort_descending(losses, 300, NULL);
		mc_hill_series(losses, 299, series, NULL);
		for (int k = 1; k < 300; k++)
		{
			long double sum = 0;

			for (int i = 0; i < k; i++)
				sum += log1pl(((long double) losses[i] - losses[k]) / losses[k]);
			worst = fmax(worst, fabs(series[k - 1] / (double) (sum / k) - 1));
		}
	}
	check(worst < 1e-13, "every k, by the definition, at three scales: error %.2g", worst);
	losses[0] = losses[1] = losses[2] = 3;
	check(mc_hill_series(losses, 2, series, NULL) == MC_OK && series[0] == 0 && series[1] == 0,
	      "ties");
	losses[0] = DBL_MAX;
	losses[1] = DBL_MIN;
	mc_hill_series(losses, 1, series, NULL);
	check_close(series[0], log(DBL_MAX) - log(DBL_MIN), 1e-15, "the whole range of a double");
}

static bool
stop_now(void *arg)
{
	return arg == NULL;
}

static void
test_mean_excess(void)
{
	double x[] = {9, 5, 4, 2, 2, -3};
	McMeanExcess e;
	static double many[70000];
	McPoll poll = {stop_now, NULL};

	check(mc_mean_excess(x, 6, 3, &e, NULL) == MC_OK && e.exceedances == 3, "three above 3");
	check_close(e.mean, 3, 1e-15, "mean of 6, 2, 1");
	check_close(e.standard_error, sqrt(14.0 / 2 / 3), 1e-15, "its error");
	mc_mean_excess(x, 6, 2, &e, NULL);
	check(e.exceedances == 3, "the threshold itself is not above");
	check_close(e.mean, 4, 1e-15, "mean of 7, 3, 2");
	mc_mean_excess(x, 6, -5, &e, NULL);
	check(e.exceedances == 6, "all of them");
	check_close(e.mean, 5 + 19.0 / 6, 1e-15, "a threshold below 0");
	mc_mean_excess(x, 6, 5, &e, NULL);
	check(e.exceedances == 1 && e.mean == 4 && isnan(e.standard_error), "one has no error");
	mc_mean_excess(x, 6, 9, &e, NULL);
	check(e.exceedances == 0 && isnan(e.mean) && isnan(e.standard_error), "none");
	check(mc_mean_excess(x, 0, 9, &e, NULL) == MC_OK && e.exceedances == 0, "no losses");
	x[0] = DBL_MAX;
	check(mc_mean_excess(x, 6, -DBL_MAX, &e, NULL) == MC_OVERFLOW, "beyond a double");
	mc_mean_excess(x, 2, 0, &e, NULL);
	check_close(e.mean, DBL_MAX / 2, 1e-15, "sums do not overflow");
	check_close(e.standard_error, DBL_MAX / 2, 1e-15, "nor squares");
	for (int i = 0; i < 70000; i++)
		many[i] = series[0] + 70001 - i;
	check(mc_mean_excess(many, 70000, 0, &e, &poll) == MC_STOPPED, "a poll stops the sum");
	check(mc_hill_series(many, 69999, many, &poll) == MC_STOPPED, "and Hill's series");
}

void
test_hill(void)
{
	test_published();
	test_definition();
	test_mean_excess();
}
