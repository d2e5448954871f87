/*
 * test_filtered.c
 *	  Filtered historical simulation: the definition, and the chain of fallbacks.
 */
#include <math.h>
#include <string.h>

#include "garch_cases.h"
#include "kernel/ewma.h"
#include "kernel/filtered.h"
#include "kernel/garch_filter.h"
#include "kernel/garch_fit.h"
#include "unit.h"

#define N 800

static double r[N];
static double work[N + 1];
static double losses[N];
static double want[N];
static double h[N + 1];

static McFiltered
run(size_t n, McFilter filter)
{
	McFiltered result;

	check(mc_filtered_losses(r, n, filter, 0.9, work, losses, &result, NULL) == MC_OK, "filter %d",
	      filter);
	return result;
}

static double
largest_difference(size_t n)
{
	double worst = 0;

	for (size_t t = 0; t < n; t++)
		worst = fmax(worst, fabs(losses[t] - want[t]) / fabs(want[t]));
	return worst;
}

static void
test_definition(void)
{
	static const McFilter filters[] = {MC_FILTER_GARCH, MC_FILTER_GJR, MC_FILTER_GARCH_T,
	                                   MC_FILTER_GJR_T};
	McGarchParameters truth = {0.1, 0.1, 0.08, 0.1, 0.75, 6};
	UnitRandom random = {3};
	McFiltered result;
	double vol;

	simulate_garch(&random, &truth, r, N);
	mc_ewma_filter(r, N, 0.9, want, &vol, NULL);
	for (int t = 0; t < N; t++)
		want[t] = -want[t];
	result = run(N, MC_FILTER_EWMA);
	check(result.used == MC_FILTER_EWMA && result.next_vol == vol && largest_difference(N) == 0,
	      "EWMA");
	check(mc_filtered_worksize(N) == N + 1, "work space");
	for (int i = 0; i < 4; i++)
	{
		McGarchSpec spec = {i % 2 == 1, i >= 2, MC_GARCH_BACKCAST};
		McGarchSeries series;
		McGarchFit fit;

		mc_garch_prepare(r, N, spec, h, &series, &fit.fit, NULL);
		mc_garch_fit(&series, &fit, NULL);
		mc_garch_filter(r, N, &fit.parameters, MC_GARCH_BACKCAST, h, NULL);
		for (int t = 0; t < N; t++)
			want[t] = -(fit.parameters.mu +
			            (r[t] - fit.parameters.mu) / sqrt(h[t]) * sqrt(fit.next_variance));
		result = run(N, filters[i]);
		check(result.used == filters[i] && result.fit == fit.fit && mc_fit_usable(result.fit),
		      "model %d is used", i);
		check_close(result.next_vol, sqrt(fit.next_variance), 1e-9, "model %d: vol", i);
		check(largest_difference(N) < 1e-6, "model %d: losses, %.2g", i, largest_difference(N));
	}
}

static void
test_chain(void)
{
	UnitRandom random = {4};
	McFiltered result;
	double vol;

	for (int t = 0; t < N; t++)
		r[t] = unit_normal(&random);
	result = run(10, MC_FILTER_GARCH);
	mc_ewma_filter(r, 10, 0.9, want, &vol, NULL);
	check(result.used == MC_FILTER_EWMA && result.fit == MC_FIT_TOO_FEW && result.next_vol == vol &&
	          losses[3] == -want[3],
	      "ten returns: EWMA instead of GARCH");
	memset(r, 0, sizeof(r));
	result = run(N, MC_FILTER_GJR_T);
	check(result.used == MC_FILTER_NONE && result.fit == MC_FIT_CONSTANT &&
	          isnan(result.next_vol) && losses[5] == 0 && !signbit(losses[5]),
	      "zeros: as they are, and no minus zero");
	for (int t = 0; t < N; t++)
		r[t] = 0.5;
	result = run(N, MC_FILTER_GARCH);
	check(result.used == MC_FILTER_EWMA && result.fit == MC_FIT_CONSTANT && losses[9] == -0.5,
	      "constant: EWMA has a volatility about 0");
	for (int t = 0; t < N; t++)
		r[t] = 1e-200 * unit_normal(&random);
	result = run(N, MC_FILTER_GARCH);
	check(result.used == MC_FILTER_NONE && losses[7] == -r[7],
	      "squares that underflow: as they are");
	/* one square of 1e-320: a hundredth of its mean is no double, so calm bars have no variance at all */
	memset(r, 0, sizeof(r));
	r[N - 1] = 1e-160;
	result = run(N, MC_FILTER_EWMA);
	check(result.used == MC_FILTER_NONE && losses[N - 1] == -1e-160 && losses[7] == 0,
	      "a variance that underflows: as they are");
	for (int t = 0; t < N; t++)
		r[t] = 1e200 * unit_normal(&random);
	result = run(N, MC_FILTER_EWMA);
	check(result.used == MC_FILTER_NONE && losses[7] == -r[7],
	      "squares that overflow: as they are");
	result = run(N, MC_FILTER_GARCH);
	check(result.used == MC_FILTER_NONE && losses[7] == -r[7], "with GARCH too");
	r[0] = 0.25;
	result = run(1, MC_FILTER_GARCH_T);
	check(result.used == MC_FILTER_EWMA && losses[0] == -0.25, "one return");
}

static bool
stop(void *arg)
{
	int *left = arg;

	return (*left)-- == 0;
}

static void
test_stop(void)
{
	UnitRandom random = {6};
	int stopped = 0;
	int looks = 0;

	for (int t = 0; t < N; t++)
		r[t] = unit_normal(&random);
	for (int after = 0; after <= stopped; after++)
	{
		int left = after;
		McPoll poll = {stop, &left};
		McFiltered result;

		stopped += mc_filtered_losses(r, N, MC_FILTER_GARCH, 0.94, work, losses, &result, &poll) ==
		           MC_STOPPED;
		looks = after - left;
	}
	check(stopped > 8 && stopped == looks, "stops whenever it asks: %d times", stopped);
	{
		int left = 0;
		McPoll poll = {stop, &left};
		McFiltered result;

		check(mc_filtered_losses(r, N, MC_FILTER_EWMA, 0.94, work, losses, &result, &poll) ==
		          MC_STOPPED,
		      "so does EWMA");
	}
}

void
test_filtered(void)
{
	test_definition();
	test_chain();
	test_stop();
}
