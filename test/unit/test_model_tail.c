/*
 * test_model_tail.c
 *	  Tails of scenarios against sorting by hand and the kernels of level 1, with work space of exact size.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/gpd.h"
#include "kernel/model_tail.h"
#include "kernel/parametric_tail.h"
#include "kernel/student_t_fit.h"
#include "unit.h"

#define MOST 400

typedef McMeasures Answer[MC_LEVELS][MC_SIDES];

static const double three_levels[] = {0.95, 0.99, 0.975};

static McTailSpec
spec_of(McModelFilter filter, McModelTail tail, int32_t horizon, bool scaled)
{
	return (McTailSpec){filter, tail, horizon, scaled, 0.97, 0.1, three_levels, 3};
}

/* Scenarios and work space of exact size, for a sanitizer to watch. */
static McFit
run_law(const McTailSpec *spec, const double *y, size_t n, double vol, const McGarchParameters *law,
        Answer answer)
{
	double *exact = malloc(n * sizeof(double) + (n == 0));
	size_t room = mc_model_tail_worksize(spec, n);
	double *work = malloc(room * sizeof(double) + (room == 0));
	McScenarios scenarios = {.fit = MC_FIT_CONVERGED, .y = exact, .n = n, .vol = vol};
	McFit fit = MC_FIT_FAILED;

	if (law)
		scenarios.parameters = *law;
	memcpy(exact, y, n * sizeof(double));
	if (mc_model_tail(spec, &scenarios, work, answer, &fit, NULL) != MC_OK)
		check(false, "a tail of %zu scenarios", n);
	free(exact);
	free(work);
	return fit;
}

static McFit
run(const McTailSpec *spec, const double *y, size_t n, Answer answer)
{
	return run_law(spec, y, n, NAN, NULL, answer);
}

static void
fill(UnitRandom *random, double *y, size_t n)
{
	for (size_t i = 0; i < n; i++)
	{
		double z = unit_normal(random);

		y[i] = 0.001 + 0.03 * z * (unit_uniform(random) < 0.1 ? 4 : 1);
	}
}

/* ---- by hand ---- */

static double
loss_of(int side, double against)
{
	double move = against > 700 ? 700 : against < -700 ? -700 : against;

	return side == MC_LONG ? 1 - exp(-move) : exp(move) - 1;
}

/* moves against a side, in the order of time */
static size_t
moves_against(const McTailSpec *spec, const double *y, size_t n, int side, double *a)
{
	size_t h = (size_t) spec->horizon;
	size_t count = spec->scaled ? n : n - h + 1;

	for (size_t j = 0; j < count; j++)
	{
		long double sum = 0;

		for (size_t i = 0; i < h; i++)
			sum += y[j + i];
		a[j] = spec->scaled ? y[j] * sqrt((double) h) : (double) sum;
		a[j] = side == MC_LONG ? -a[j] : a[j];
	}
	return count;
}

static int
descending(const void *a, const void *b)
{
	double x = *(const double *) a;
	double y = *(const double *) b;

	return (x < y) - (x > y);
}

/* VaR and ES of weighted losses: pairs sorted by loss, weights summed from the largest. */
static McMeasures
weighted_by_hand(const double *loss, const double *weight, size_t n, double c)
{
	double pairs[MOST][2];
	long double total = 0, above = 0, sum = 0, mass;
	size_t i;

	for (i = 0; i < n; i++)
	{
		pairs[i][0] = loss[i];
		pairs[i][1] = weight[i];
		total += weight[i];
	}
	qsort(pairs, n, sizeof(pairs[0]), descending);
	mass = total * (1 - (long double) c);
	/* what is within rounding of the whole tail is the whole tail */
	for (i = 0; i + 1 < n && above + pairs[i][1] <= mass * (1 + 1e-13L); i++)
	{
		above += pairs[i][1];
		sum += (long double) pairs[i][1] * pairs[i][0];
	}
	if (mass > above * (1 + 1e-13L) || above == 0)
		sum += (mass - above) * pairs[i][0];
	return (McMeasures){pairs[i][0], (double) (sum / mass)};
}

static double
weight_of(const McTailSpec *spec, size_t age)
{
	return spec->tail == MC_TAIL_WEIGHTED ? (double) powl(spec->weight_decay, age) : 1;
}

static int
compare_historical(const McTailSpec *spec, const double *y, size_t n)
{
	Answer answer;
	McFit fit = run(spec, y, n, answer);
	int wrong = fit != MC_FIT_CONVERGED;

	for (int side = 0; side < MC_SIDES; side++)
	{
		double a[MOST], weight[MOST];
		size_t count = moves_against(spec, y, n, side, a);

		for (size_t j = 0; j < count; j++)
		{
			a[j] = loss_of(side, a[j]);
			weight[j] = weight_of(spec, count - 1 - j);
		}
		for (int level = 0; level < spec->levels; level++)
		{
			McMeasures want = weighted_by_hand(a, weight, count, spec->confidences[level]);

			wrong += fabs(answer[level][side].value_at_risk - want.value_at_risk) > 1e-13;
			wrong += fabs(answer[level][side].expected_shortfall - want.expected_shortfall) > 1e-13;
		}
	}
	return wrong;
}

static void
test_historical(McModelTail tail, const char *name)
{
	UnitRandom random = {3};
	int wrong = 0;

	for (size_t round = 0; round < unit_repeats(400, 40); round++)
	{
		size_t n = 1 + (size_t) ((MOST - 1) * unit_uniform(&random));
		int32_t horizon = 1 + (int32_t) (5 * unit_uniform(&random));
		bool scaled = unit_uniform(&random) < 0.3;
		McTailSpec spec = spec_of(MC_UNFILTERED, tail, horizon, scaled);
		double levels[] = {0.5 + 0.5 * unit_uniform(&random), unit_uniform(&random), 0.99};
		double y[MOST];

		if (mc_move_count(n, horizon, scaled) == 0)
			continue;
		spec.confidences = levels;
		spec.weight_decay = unit_uniform(&random) < 0.2 ? 1 : 0.8 + 0.2 * unit_uniform(&random);
		fill(&random, y, n);
		wrong += compare_historical(&spec, y, n);
	}
	check(wrong == 0, "%s: 400 samples as by sorting, horizons 1 to 5", name);
}

static void
test_moves(void)
{
	check(mc_move_count(5, 1, false) == 5 && mc_move_count(5, 3, false) == 3 &&
	          mc_move_count(5, 3, true) == 5 && mc_move_count(2, 3, false) == 0 &&
	          mc_move_count(0, 1, false) == 0,
	      "how many moves");
	check_close(mc_move_loss(MC_LONG, log(2)), 0.5, 1e-15, "a price halved: long loses half");
	check_close(mc_move_loss(MC_SHORT, log(2)), 1, 1e-15, "a price doubled: short loses all");
	check_close(mc_move_loss(MC_LONG, -log(2)), -1, 1e-15, "long gains what short loses");
	check(mc_move_loss(MC_SHORT, 1e9) == expm1(700) && mc_move_loss(MC_LONG, 1e9) == 1 &&
	          mc_move_loss(MC_LONG, -1e9) == -expm1(700) && mc_move_loss(MC_SHORT, -1e9) == -1,
	      "beyond 700 is 700");
}

/* ---- against the kernels of level 1 ---- */

static int
compare_evt(const McTailSpec *spec, const double *y, size_t n)
{
	Answer answer;
	McFit fit = run(spec, y, n, answer);
	int wrong = 0;

	for (int side = 0; side < MC_SIDES; side++)
	{
		double a[MOST];
		size_t count = moves_against(spec, y, n, side, a);
		size_t k = (size_t) floor((double) count * spec->evt_tail + 1e-9);
		double threshold;
		McGpd law;

		qsort(a, count, sizeof(double), descending);
		threshold = a[k];
		for (size_t i = 0; i < k; i++)
			a[i] -= threshold;
		mc_gpd_fit_likelihood(a, k, &law, NULL);
		if (!mc_fit_usable(law.fit))
			return fit != law.fit;
		for (int level = 0; level < spec->levels; level++)
		{
			double var, es;

			mc_gpd_measures(&law, threshold, (double) k / (double) count, spec->confidences[level],
			                &var, &es);
			if (!isfinite(es))
				return level == 0 && fit != MC_FIT_FAILED;
			wrong += !is_close(answer[level][side].value_at_risk, loss_of(side, var), 1e-9) ||
			         !is_close(answer[level][side].expected_shortfall, loss_of(side, es), 1e-9);
		}
	}
	return wrong + !mc_fit_usable(fit);
}

static void
test_evt(void)
{
	UnitRandom random = {5};
	int wrong = 0;
	double y[MOST];
	McTailSpec spec = spec_of(MC_UNFILTERED, MC_TAIL_EVT, 1, false);
	Answer answer;

	for (size_t round = 0; round < unit_repeats(100, 10); round++)
	{
		size_t n = 200 + (size_t) ((MOST - 200) * unit_uniform(&random));

		spec.horizon = 1 + (int32_t) (3 * unit_uniform(&random));
		spec.scaled = unit_uniform(&random) < 0.5;
		spec.evt_tail = unit_uniform(&random) < 0.5 ? 0.1 : 0.06 + 0.2 * unit_uniform(&random);
		fill(&random, y, n);
		wrong += compare_evt(&spec, y, n);
	}
	check(wrong == 0, "evt: 100 samples as gpd_fit and its measures");

	/* in doubles 100 * 0.29 is 28.999999999999996: 29 excesses; 99 * 0.29 is 28.71: 28 */
	spec = spec_of(MC_UNFILTERED, MC_TAIL_EVT, 1, false);
	spec.evt_tail = 0.29;
	fill(&random, y, 100);
	check(compare_evt(&spec, y, 100) == 0 && compare_evt(&spec, y, 99) == 0, "29 and 28 excesses");
	/* a level below the threshold has no measure, and takes none from the others */
	spec.confidences = (const double[]){0.99, 0.95, 0.995};
	fill(&random, y, MOST);
	for (int i = 0; i < 12; i++)
		y[i * 30] = 0.3 + 0.01 * i;
	for (int i = 0; i < 12; i++)
		y[i * 30 + 1] = -0.3 - 0.01 * i;
	spec.evt_tail = 0.03;
	if (check(mc_fit_usable(run(&spec, y, MOST, answer)), "a fit of twelve"))
		check(isfinite(answer[0][MC_LONG].value_at_risk) &&
		          isnan(answer[1][MC_LONG].value_at_risk) &&
		          isnan(answer[1][MC_SHORT].expected_shortfall) &&
		          isfinite(answer[2][MC_SHORT].expected_shortfall),
		      "0.95 lies below a threshold of 3 %%");
	check(run(&spec, y, 30, answer) == MC_FIT_TOO_FEW, "no excess: too few");
	check(run(&spec, y, 1, answer) == MC_FIT_TOO_FEW, "one scenario: too few");
	/* two values: all excesses are ties of the threshold */
	for (int i = 0; i < MOST; i++)
		y[i] = i % 2 ? 0.01 : -0.01;
	check(run(&spec, y, MOST, answer) == MC_FIT_TOO_FEW && isnan(answer[0][MC_LONG].value_at_risk),
	      "ties with the threshold are no excesses");
}

static int
compare_law(const McTailSpec *spec, Answer answer, double location, double scale, double nu)
{
	int wrong = 0;
	double h = spec->horizon;

	for (int side = 0; side < MC_SIDES; side++)
		for (int level = 0; level < spec->levels; level++)
		{
			double var, es;

			/* mean of the side's profit */
			if (isfinite(nu))
				mc_student_t_measures(h * (side == MC_LONG ? location : -location), sqrt(h) * scale,
				                      nu, spec->confidences[level], &var, &es);
			else
				mc_normal_measures(h * (side == MC_LONG ? location : -location), sqrt(h) * scale,
				                   spec->confidences[level], &var, &es);
			wrong += !is_close(answer[level][side].value_at_risk, loss_of(side, var), 1e-12) ||
			         !is_close(answer[level][side].expected_shortfall, loss_of(side, es), 1e-12);
		}
	return wrong;
}

static void
test_normal(void)
{
	UnitRandom random = {6};
	McGarchParameters law = {.mu = 0.002, .degrees_of_freedom = INFINITY};
	double y[100];
	double mean = 0;
	Answer answer;

	fill(&random, y, 100);
	for (int i = 0; i < 100; i++)
		mean += y[i] / 100;
	for (int h = 1; h <= 3; h += 2)
		for (int scaled = 0; scaled < 2; scaled++)
		{
			McTailSpec spec = spec_of(MC_UNFILTERED, MC_TAIL_NORMAL, h, scaled);

			check(run_law(&spec, y, 100, 0.05, NULL, answer) == MC_FIT_CONVERGED &&
			          compare_law(&spec, answer, mean, 0.05, INFINITY) == 0,
			      "normal, %d bars, scaled %d: mean and volatility of the returns", h, scaled);
			spec.filter = MC_FILTERED;
			check(run_law(&spec, y, 100, 0.05, NULL, answer) == MC_FIT_CONVERGED &&
			          compare_law(&spec, answer, 0, 0.05, INFINITY) == 0,
			      "filtered: no mean");
			spec.filter = MC_GJR;
			check(run_law(&spec, y, 100, 0.05, &law, answer) == MC_FIT_CONVERGED &&
			          compare_law(&spec, answer, 0.002, 0.05, INFINITY) == 0,
			      "gjr: the mean of the model");
		}
}

static void
test_student_t(void)
{
	UnitRandom random = {7};
	McGarchParameters law = {.mu = 0.002, .degrees_of_freedom = 5};
	double y[200], sorted[200], work[200];
	McStudentT t;
	Answer answer;

	fill(&random, y, 200);
	memcpy(sorted, y, sizeof(y));
	qsort(sorted, 200, sizeof(double), descending);
	mc_student_t_fit(sorted, 200, 0, work, &t, NULL);
	for (int h = 1; h <= 3; h += 2)
		for (int scaled = 0; scaled < 2; scaled++)
		{
			McTailSpec spec = spec_of(MC_GARCH, MC_TAIL_STUDENT_T, h, scaled);

			check(run_law(&spec, y, 200, 0.05, &law, answer) == t.fit &&
			          compare_law(&spec, answer, t.location, t.scale, t.degrees_of_freedom) == 0,
			      "student_t, %d bars, scaled %d: fitted to the scenarios", h, scaled);
			spec.filter = MC_GARCH_T;
			check(run_law(&spec, y, 200, 0.05, &law, answer) == MC_FIT_CONVERGED &&
			          compare_law(&spec, answer, 0.002, 0.05 * sqrt(3.0 / 5), 5) == 0,
			      "garch_t: the law of the model, of unit variance");
		}
	law.degrees_of_freedom = INFINITY;
	{
		McTailSpec spec = spec_of(MC_GJR_T, MC_TAIL_STUDENT_T, 2, false);

		check(run_law(&spec, y, 200, 0.05, &law, answer) == MC_FIT_CONVERGED &&
		          compare_law(&spec, answer, 0.002, 0.05, INFINITY) == 0,
		      "gjr_t without a tail is normal");
	}
}

/* ---- three levels at once, and one at a time ---- */

static void
test_levels(void)
{
	static const double levels[] = {0.999, 0.9, 0.5};
	UnitRandom random = {8};
	McGarchParameters law = {.mu = 0.001, .degrees_of_freedom = 4};
	double y[300];
	int wrong = 0;

	fill(&random, y, 300);
	for (int filter = 0; filter < MC_FILTERS; filter++)
		for (int tail = 0; tail < MC_TAILS; tail++)
			for (int way = 0; way < 3; way++)
			{
				McTailSpec spec =
				    spec_of((McModelFilter) filter, (McModelTail) tail, way == 0 ? 1 : 4, way == 2);
				Answer together, alone;

				spec.evt_tail = 0.5;
				spec.confidences = levels;
				run_law(&spec, y, 300, 0.03, &law, together);
				spec.levels = 1;
				for (int level = 0; level < 3; level++)
				{
					spec.confidences = levels + level;
					run_law(&spec, y, 300, 0.03, &law, alone);
					wrong += memcmp(together[level], alone[0], sizeof(alone[0])) != 0;
					wrong += !isnan(alone[1][MC_LONG].value_at_risk);
				}
			}
	check(wrong == 0, "three levels at once are three levels one by one, bit for bit");
}

/* ---- no answer ---- */

static void
test_no_answer(void)
{
	double zero[50] = {0};
	double alternating[50], wild[50];
	Answer answer;
	int wrong = 0;

	for (int i = 0; i < 50; i++)
	{
		alternating[i] = i % 2 ? 0.125 : -0.125;
		wild[i] = pow(tan(3.14159 * ((i * 31) % 50 + 0.5 - 25) / 50), 3); /* wilder than Cauchy */
	}
	for (int tail = 0; tail < MC_TAILS; tail++)
	{
		McTailSpec spec = spec_of(MC_UNFILTERED, (McModelTail) tail, 1, false);

		wrong += mc_fit_usable(run_law(&spec, zero, 50, 0, NULL, answer));
		spec.horizon = 2;
		wrong += run_law(&spec, alternating, 50, 0.1, NULL, answer) != MC_FIT_CONSTANT;
	}
	check(wrong == 0,
	      "no tail of moves that are all zero, also when returns cancel over a horizon");
	{
		McTailSpec spec = spec_of(MC_UNFILTERED, MC_TAIL_HISTORICAL, 1, false);
		McScenarios none = {.fit = MC_FIT_ITERATIONS + 1, .y = zero, .n = 50};
		McFit fit;

		check(run(&spec, zero, 50, answer) == MC_FIT_CONSTANT &&
		          answer[0][MC_LONG].value_at_risk == 0 &&
		          answer[0][MC_SHORT].expected_shortfall == 0,
		      "the measures of zero moves are zero, for stress and floor");
		check(mc_model_tail(&spec, &none, NULL, answer, &fit, NULL) == MC_OK &&
		          fit == MC_FIT_ITERATIONS + 1 && isnan(answer[0][MC_LONG].value_at_risk),
		      "scenarios without an answer give their reason");
		spec.tail = MC_TAIL_NORMAL;
		check(run_law(&spec, alternating, 50, NAN, NULL, answer) == MC_FIT_FAILED,
		      "a normal tail without a volatility");
		spec.tail = MC_TAIL_STUDENT_T;
		check(run(&spec, wild, 50, answer) == MC_FIT_FAILED &&
		          isfinite(answer[0][MC_LONG].value_at_risk) &&
		          isinf(answer[0][MC_LONG].expected_shortfall),
		      "a tail with one degree of freedom has no ES");
	}
}

/* Work space for a sample is enough for every part of it, as a calibration uses it. */
static void
test_worksize(void)
{
	int wrong = 0;

	for (int tail = 0; tail < MC_TAILS; tail++)
		for (int h = 1; h <= 3; h++)
		{
			McTailSpec spec = spec_of(MC_UNFILTERED, (McModelTail) tail, h, h == 3);
			size_t before = 0;

			for (size_t n = 0; n < 600; n++)
			{
				size_t room = mc_model_tail_worksize(&spec, n);

				wrong += room < before;
				before = room;
			}
		}
	check(wrong == 0, "work space grows with the sample");
}

void
test_model_tail(void)
{
	test_moves();
	test_historical(MC_TAIL_HISTORICAL, "historical");
	test_historical(MC_TAIL_WEIGHTED, "weighted_historical");
	test_evt();
	test_normal();
	test_student_t();
	test_levels();
	test_no_answer();
	test_worksize();
}
