/*
 * test_model_scenarios.c
 *	  Scenarios of each filter against the definition; a GARCH memory that is kept and one that is not.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "garch_cases.h"
#include "kernel/ewma.h"
#include "kernel/garch_fit.h"
#include "kernel/garch_series.h"
#include "kernel/model_scenarios.h"
#include "unit.h"

#define MOST 200

/* What one call made, with its own copy of the scenarios. */
typedef struct Made
{
	McScenarios s;
	double y[MOST];
} Made;

static size_t
smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* The lookback of the first n returns, at most `most` of them, fitted every `interval`. */
static McLookback
lookback_of(const double *returns, size_t n, size_t most, size_t interval)
{
	size_t fitted = n / interval * interval;

	return (McLookback){returns, n, smaller(n, most), fitted, smaller(fitted, most)};
}

/* Work space of exact size, for a sanitizer to watch. */
static Made
make(const McLookback *lookback, McModelFilter filter, McGarchMemory *memory)
{
	size_t room = lookback->m > lookback->k ? lookback->m : lookback->k;
	double *y = malloc(room * sizeof(double));
	double *work = malloc(mc_model_scenarios_worksize(lookback->k) * sizeof(double));
	Made made = {.y = {0}};

	if (mc_model_scenarios(lookback, filter, 0.94, memory, work, y, &made.s, NULL) != MC_OK)
		check(false, "scenarios of %zu returns", lookback->n);
	if (made.s.y != NULL && mc_fit_usable(made.s.fit))
		memcpy(made.y, made.s.y, made.s.n * sizeof(double));
	free(y);
	free(work);
	return made;
}

static Made
make_fresh(const McLookback *lookback, McModelFilter filter)
{
	McGarchMemory memory = {.residuals = malloc(lookback->k * sizeof(double) + 1)};
	Made made = make(lookback, filter, &memory);

	free(memory.residuals);
	return made;
}

static void
simulate(UnitRandom *random, double *returns, size_t n)
{
	McGarchParameters p = {0.0005, 1e-5, 0.06, 0.08, 0.86, 6};

	simulate_garch(random, &p, returns, n);
}

static void
test_unfiltered(void)
{
	static const double returns[] = {9, 9, 0.01, -0.03, 0.02, 0.04};
	McLookback lookback = {returns, 6, 4, 0, 0};
	Made made = make(&lookback, MC_UNFILTERED, NULL);

	check(made.s.fit == MC_FIT_CONVERGED && made.s.n == 4 && made.s.y == returns + 2,
	      "no filter: the last four returns themselves");
	/* mean 0.01, squares 0, 16, 1, 9 of 1e-4 */
	check_close(made.s.vol, sqrt(26e-4 / 3), 1e-14, "their sample deviation");
	lookback.m = 1;
	made = make(&lookback, MC_UNFILTERED, NULL);
	check(made.s.fit == MC_FIT_CONVERGED && made.s.n == 1 && isnan(made.s.vol),
	      "one return has no deviation");
}

static void
test_filtered(void)
{
	UnitRandom random = {1};
	double returns[MOST], want[MOST];
	double vol;
	McLookback lookback = {returns, MOST, 120, 0, 0};
	Made made;
	int wrong = 0;

	simulate(&random, returns, MOST);
	made = make(&lookback, MC_FILTERED, NULL);
	check(mc_ewma_filter(returns + MOST - 120, 120, 0.94, want, &vol, NULL) == MC_OK &&
	          made.s.fit == MC_FIT_CONVERGED && made.s.n == 120 && made.s.vol == vol,
	      "filtered: as many scenarios as returns, of the EWMA's volatility");
	for (int i = 0; i < 120; i++)
		wrong += made.y[i] != want[i];
	check(wrong == 0, "and its digits");
}

/* Steps of doc/calibration.md, point 8, in long double from the parameters of the fit. */
static int
compare_garch(const McLookback *lookback, McModelFilter filter, const Made *made)
{
	const double *w = lookback->returns + (lookback->fitted - lookback->k);
	McGarchSpec spec = {filter == MC_GJR || filter == MC_GJR_T, filter >= MC_GARCH_T,
	                    MC_GARCH_BACKCAST};
	McGarchSeries series;
	McGarchFit fit;
	McFit ready;
	double z[MOST];
	double mean = 0;
	long double residual[MOST], h, e, next;
	int wrong = 0;

	mc_garch_prepare(w, lookback->k, spec, z, &series, &ready, NULL);
	mc_garch_fit(&series, &fit, NULL);
	for (size_t i = 0; i < lookback->k; i++)
		mean += w[i] / (double) lookback->k;
	h = mc_garch_backcast(w, lookback->k, mean);
	/* the presample: h_0 = e_0^2, half of the falls */
	h = fit.parameters.omega +
	    (fit.parameters.alpha + fit.parameters.gamma / 2 + (long double) fit.parameters.beta) * h;
	for (size_t i = 0; i < lookback->k; i++)
	{
		e = (long double) w[i] - fit.parameters.mu;
		residual[i] = e / sqrtl(h);
		h = fit.parameters.omega +
		    (fit.parameters.alpha + (e < 0 ? fit.parameters.gamma : 0)) * e * e +
		    fit.parameters.beta * h;
	}
	next = h;
	for (size_t i = lookback->fitted; i < lookback->n; i++)
	{
		e = (long double) lookback->returns[i] - fit.parameters.mu;
		next = fit.parameters.omega +
		       (fit.parameters.alpha + (e < 0 ? fit.parameters.gamma : 0)) * e * e +
		       fit.parameters.beta * next;
	}
	wrong += made->s.fit != fit.fit || made->s.n != lookback->k ||
	         memcmp(&made->s.parameters, &fit.parameters, sizeof(fit.parameters)) != 0;
	wrong += !is_close(made->s.vol, (double) sqrtl(next), 1e-12);
	for (size_t i = 0; i < lookback->k; i++)
		wrong += fabsl(made->y[i] - (fit.parameters.mu + residual[i] * sqrtl(next))) > 1e-13L;
	return wrong;
}

static void
test_garch(void)
{
	UnitRandom random = {2};
	double returns[MOST];

	simulate(&random, returns, MOST);
	for (int filter = MC_GARCH; filter < MC_FILTERS; filter++)
	{
		int wrong = 0;

		for (size_t n = 100; n <= MOST; n += 33)
			for (size_t interval = 1; interval <= 40; interval += 39)
			{
				McLookback lookback = lookback_of(returns, n, 90, interval);
				Made made = make_fresh(&lookback, (McModelFilter) filter);

				wrong += compare_garch(&lookback, (McModelFilter) filter, &made);
			}
		check(wrong == 0, "filter %d: fitted window, variance run on, residuals rescaled", filter);
	}
}

static int
differs(const Made *a, const Made *b)
{
	if (a->s.fit != b->s.fit || a->s.n != b->s.n)
		return 1;
	if (!mc_fit_usable(a->s.fit))
		return 0;
	return memcmp(&a->s.vol, &b->s.vol, sizeof(double)) != 0 ||
	       memcmp(&a->s.parameters, &b->s.parameters, sizeof(McGarchParameters)) != 0 ||
	       memcmp(a->y, b->y, sizeof(a->y)) != 0;
}

/* Walk along a series with one memory; at every bar a fresh one gives the same bits. */
static void
test_memory(size_t interval)
{
	UnitRandom random = {(unsigned long long) interval};
	size_t n = unit_repeats(110, 60);
	double returns[MOST];

	simulate(&random, returns, n);
	for (int filter = MC_GARCH; filter < MC_FILTERS; filter++)
	{
		McGarchMemory memory = {.residuals = malloc(50 * sizeof(double))};
		int wrong = 0;
		int answers = 0;

		for (size_t bar = 1; bar <= n; bar++)
		{
			McLookback lookback = lookback_of(returns, bar, 50, interval);
			Made kept = make(&lookback, (McModelFilter) filter, &memory);
			Made fresh = make_fresh(&lookback, (McModelFilter) filter);

			wrong += differs(&kept, &fresh);
			answers += mc_fit_usable(kept.s.fit);
			/* before the first fit there is no window, and a window has a fewest */
			wrong += lookback.k < 20 && kept.s.fit != MC_FIT_TOO_FEW;
		}
		check(wrong == 0 && answers >= 20, "filter %d, fitted every %zu: the same bits", filter,
		      interval);
		free(memory.residuals);
	}
}

/* Back to an earlier bar, and on to another window: nothing of what was is left. */
static void
test_memory_turns(void)
{
	/* bars and the most of a window: fitted to 90 or 120 and so on */
	static const size_t turns[][2] = {{100, 80}, {119, 80}, {95, 80}, {95, 60}, {119, 60},
	                                  {119, 80}, {61, 80},  {59, 80}, {20, 80}, {120, 80}};
	UnitRandom random = {4};
	double returns[MOST];
	McGarchMemory memory = {.residuals = malloc(80 * sizeof(double))};
	int wrong = 0;

	simulate(&random, returns, MOST);
	for (size_t i = 0; i < sizeof(turns) / sizeof(turns[0]); i++)
	{
		McLookback lookback = lookback_of(returns, turns[i][0], turns[i][1], 30);
		Made kept, fresh;

		kept = make(&lookback, MC_GJR, &memory);
		fresh = make_fresh(&lookback, MC_GJR);
		wrong += differs(&kept, &fresh);
	}
	check(wrong == 0, "back and forth, with other windows: the same bits");
	free(memory.residuals);
}

/* Every zero answer says why, and a constant window may recover. */
static void
test_no_answer(void)
{
	UnitRandom random = {5};
	double returns[MOST] = {0};
	McLookback lookback = lookback_of(returns, 100, 100, 1);
	int wrong = 0;

	wrong += make(&lookback, MC_UNFILTERED, NULL).s.fit != MC_FIT_CONSTANT;
	wrong += make(&lookback, MC_FILTERED, NULL).s.fit != MC_FIT_CONSTANT;
	for (int filter = MC_GARCH; filter < MC_FILTERS; filter++)
		wrong += make_fresh(&lookback, (McModelFilter) filter).s.fit != MC_FIT_CONSTANT;
	check(wrong == 0, "returns of zero: constant, whatever the filter");
	for (int i = 0; i < MOST; i++)
		returns[i] = 0.25;
	check(make(&lookback, MC_UNFILTERED, NULL).s.fit == MC_FIT_CONVERGED &&
	          make_fresh(&lookback, MC_GARCH).s.fit == MC_FIT_CONSTANT,
	      "a constant return is a scenario, and nothing to fit");
	simulate(&random, returns, MOST);
	lookback = lookback_of(returns, 19, 100, 20);
	check(make_fresh(&lookback, MC_GARCH).s.fit == MC_FIT_TOO_FEW, "before the first fit");
	lookback = lookback_of(returns, 19, 100, 1);
	check(make_fresh(&lookback, MC_GARCH).s.fit == MC_FIT_TOO_FEW, "19 returns are too few");
}

/* The variance runs on beyond the range of a double: no answer, now and at the next bar, until the next fit. */
static void
test_overflow(void)
{
	UnitRandom random = {6};
	double returns[MOST];
	McGarchMemory memory = {.residuals = malloc(100 * sizeof(double))};
	McLookback lookback;
	int wrong = 0;

	simulate(&random, returns, MOST);
	returns[110] = 1e200;
	for (size_t n = 101; n < 120; n++)
	{
		Made kept, fresh;

		lookback = lookback_of(returns, n, 100, 100);
		kept = make(&lookback, MC_GARCH, &memory);
		fresh = make_fresh(&lookback, MC_GARCH);
		wrong += kept.s.fit != fresh.s.fit || mc_fit_usable(kept.s.fit) != (n <= 110);
		wrong += n > 110 && kept.s.fit != MC_FIT_FAILED;
	}
	check(wrong == 0, "a return of 1e200 ends the variance, and the answers");
	free(memory.residuals);
}

static bool
stop_at_once(void *arg)
{
	int *left = arg;

	return (*left)-- <= 0;
}

/* A memory that was stopped half-way is not used. */
static void
test_stopped(void)
{
	UnitRandom random = {7};
	double returns[MOST], work[MOST], y[MOST];
	double residuals[MOST];
	McGarchMemory memory = {.residuals = residuals};
	McLookback lookback = lookback_of(returns, 150, 150, 1);
	McScenarios scenarios;
	Made fresh;
	int stopped = 0;
	int wrong = 0;

	simulate(&random, returns, MOST);
	fresh = make_fresh(&lookback, MC_GJR_T);
	for (int allowed = 0; allowed < 50; allowed++)
	{
		int left = allowed;
		McPoll poll = {stop_at_once, &left};
		Made again;

		memory.known = false;
		if (mc_model_scenarios(&lookback, MC_GJR_T, 0, &memory, work, y, &scenarios, &poll) !=
		    MC_STOPPED)
			break;
		stopped++;
		wrong += memory.known;
		again = make(&lookback, MC_GJR_T, &memory);
		wrong += differs(&again, &fresh);
	}
	check(stopped > 0 && wrong == 0, "stopped %d times, the next call starts over", stopped);
}

void
test_model_scenarios(void)
{
	test_unfiltered();
	test_filtered();
	test_garch();
	test_memory(1);
	test_memory(7);
	test_memory(20);
	test_memory_turns();
	test_no_answer();
	test_overflow();
	test_stopped();
}
