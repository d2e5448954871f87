/*
 * test_calibrator.c
 *	  Chains and averages of models, levels, lookbacks in time, dead prices; a calibrator that walks along a
 *	  series and one that does not, with work space of exact size.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "garch_cases.h"
#include "kernel/calibrate.h"
#include "kernel/rate_path.h"
#include "unit.h"

#define MOST 400
#define DAY INT64_C(86400000000)

static double returns[MOST];
static int64_t times[MOST + 1];

static const McPolicy plain = {.confidence = 0.95,
                               .measure = MC_EXPECTED_SHORTFALL,
                               .ewma_lambda = 0.94,
                               .weight_decay = 0.99,
                               .evt_tail = 0.1,
                               .refit_interval = 1,
                               .horizon = 1,
                               .lookback = 100,
                               .min_returns = 10,
                               .stress_window = 10,
                               .maximum_rate = 1,
                               .fallback_rate = 0.4,
                               .maintenance_ratio = 0.5,
                               .rounding_step = 0.001,
                               .rise_per_step = INFINITY,
                               .rise_per_day = INFINITY,
                               .fall_per_day = 1};

static McPolicy
policy_of(const char *model)
{
	McPolicy policy = plain;
	McModelFault fault;

	if (!mc_model_parse(model, strlen(model), &policy.model, &fault))
		check(false, "%s: %s", model, fault.rule);
	return policy;
}

static void
simulate(UnitRandom *random, size_t n)
{
	McGarchParameters p = {0.0005, 1e-5, 0.06, 0.08, 0.86, 5};

	simulate_garch(random, &p, returns, n);
	for (size_t i = 0; i <= n; i++)
		times[i] = (int64_t) i * DAY;
}

static McCalibration
run_levels(const McPolicy *policy, size_t n, const double *levels, int count)
{
	double *work = malloc(mc_calibrator_worksize(policy, n) * sizeof(double) + 1);
	McHistory history = {times, returns, n};
	McCalibrator calibrator;
	McCalibration result;
	McPolicyFault fault;

	if (!mc_policy_check(policy, &fault))
		check(false, "policy: %s", fault.rule);
	mc_calibrator_init(&calibrator, policy, n, work);
	for (int i = 0; i < count; i++)
		mc_calibrator_level(&calibrator, levels[i]);
	if (mc_calibrate(&calibrator, &history, n, &result, NULL) != MC_OK)
		check(false, "%zu returns", n);
	free(work);
	return result;
}

static McCalibration
run(const McPolicy *policy, size_t n)
{
	return run_levels(policy, n, NULL, 0);
}

static McCalibration
run_model(const char *model, size_t n)
{
	McPolicy policy = policy_of(model);

	return run(&policy, n);
}

static void
test_chain(void)
{
	UnitRandom random = {1};
	McCalibration c;

	simulate(&random, 100);
	c = run_model("gjr_evt > filtered_historical > historical", 15);
	check(c.alternative == 1 && c.asked == 2 && c.fits[0] == MC_FIT_TOO_FEW &&
	          c.fits[1] == MC_FIT_CONVERGED && c.fallback == MC_NO_FALLBACK,
	      "15 returns: no GJR, the second alternative answers and the third is not asked");
	check_close(c.vol, run_model("filtered_historical", 15).vol, 0, "its volatility");
	c = run_model("historical + gjr_historical + evt > normal", 15);
	check(c.alternative == 1 && c.asked == 4 && mc_fit_usable(c.fits[0]) &&
	          !mc_fit_usable(c.fits[1]) && mc_fit_usable(c.fits[3]),
	      "an average answers when all its members do; the rest of it is not asked");
	check_close(c.side[MC_LONG].core, run_model("normal", 15).side[MC_LONG].core, 0,
	            "nothing of it is in the answer");
	c = run_model("gjr_evt > garch_historical", 15);
	check(c.alternative == -1 && c.asked == 2 && c.fallback == MC_NO_MODEL && isnan(c.vol) &&
	          isnan(c.side[MC_LONG].core) && isnan(c.measures[0][MC_SHORT].value_at_risk) &&
	          c.side[MC_LONG].rate == 0.4,
	      "nobody answers");
	c = run_model("historical > normal", 15);
	check(c.alternative == 0 && c.asked == 1, "the first answers");
}

static void
test_average(void)
{
	UnitRandom random = {2};
	McCalibration both, one, two;

	simulate(&random, 200);
	both = run_model("gjr_historical + filtered_student_t(0.9)", 200);
	one = run_model("gjr_historical", 200);
	two = run_model("filtered_student_t(0.9)", 200);
	check(both.alternative == 0 && both.vol == (one.vol + two.vol) / 2,
	      "the mean of both volatilities");
	for (int side = 0; side < MC_SIDES; side++)
	{
		const McSide *b = &both.side[side], *x = &one.side[side], *y = &two.side[side];

		check(b->value_at_risk == (x->value_at_risk + y->value_at_risk) / 2 &&
		          b->expected_shortfall == (x->expected_shortfall + y->expected_shortfall) / 2 &&
		          b->core == b->expected_shortfall,
		      "side %d: the means of VaR and ES", side);
	}
	check(run_model("filtered_historical", 200).vol == run_model("filtered_evt(0.94)", 200).vol &&
	          run_model("filtered_historical(0.9)", 200).vol == two.vol &&
	          two.vol != run_model("filtered_historical", 200).vol,
	      "a lambda of its own, else the policy's");
}

static void
test_levels(void)
{
	static const double levels[] = {0.99, 0.975};
	UnitRandom random = {3};
	McPolicy policy = policy_of("filtered_historical + evt");
	McPolicy other = policy;
	McCalibration c, single;
	int wrong = 0;

	simulate(&random, 300);
	policy.lookback = other.lookback = 250;
	c = run_levels(&policy, 300, levels, 2);
	for (int level = 0; level < 2; level++)
	{
		other.confidence = levels[level];
		single = run(&other, 300);
		wrong += memcmp(c.measures[level + 1], single.measures[0], sizeof(single.measures[0])) != 0;
	}
	check(wrong == 0, "levels beside the policy's: the measures of policies with those");
	check(c.measures[0][MC_LONG].expected_shortfall == c.side[MC_LONG].expected_shortfall &&
	          isnan(single.measures[1][MC_LONG].value_at_risk),
	      "the policy's own stands first; what is not asked for is not there");
}

static void
test_lookback_time(void)
{
	UnitRandom random = {4};
	McPolicy policy = policy_of("garch_historical > historical");
	int wrong = 0;

	policy.lookback = 60;
	policy.min_returns = 1;
	simulate(&random, MOST);
	for (size_t i = 1; i <= MOST; i++)
		times[i] = times[i - 1] + 1 + (int64_t) (unit_uniform(&random) * 2 * (double) DAY);
	for (size_t n = 0; n <= MOST; n += 7)
	{
		size_t want = 0;
		McCalibration c;

		/* now and then exactly the distance of a bar */
		policy.lookback_time =
		    n % 2 && n > 30 ? times[n] - times[n - 30] : 1 + (int64_t) (40 * (double) DAY);
		for (size_t i = n; i-- > 0 && n - i <= 60;)
			want += times[i + 1] > times[n] - policy.lookback_time;
		c = run(&policy, n);
		wrong += c.used != want || (n % 2 && n > 30 && want != 30);
	}
	check(wrong == 0, "as many returns as end later than the last bar less the time");
	/* at the ends of time */
	for (size_t i = 0; i <= 20; i++)
		times[i] = INT64_MIN + 1 + (int64_t) i;
	policy.lookback_time = INT64_MAX;
	check(run(&policy, 20).used == 20, "a time before all times leaves all returns");
	policy.lookback_time = 1;
	check(run(&policy, 20).used == 1, "a microsecond leaves the last");
}

/* The move against a side whose loss is its VaR. */
static double
move_at_risk(const McCalibration *c, int side)
{
	double loss = c->side[side].value_at_risk;

	return side == MC_LONG ? -log1p(-loss) : log1p(loss);
}

/*
 * The window of a fit is the lookback of the bar that it was fitted at. Later scenarios have the same residuals:
 * mu + z s at both bars, so that the quantiles of both sides give the same mu.
 */
static void
test_fit_window(void)
{
	UnitRandom random = {5};
	McPolicy policy = policy_of("garch_historical");
	McCalibration at_fit, later;
	double s, t, from_long, from_short;

	policy.refit_interval = 20;
	policy.lookback = 200;
	policy.lookback_time = 100 * DAY;
	simulate(&random, 300);
	/* 260 is 13 * 20, a fit, and 279 the last bar that uses it; from 260 on bars are 3 days apart */
	for (size_t i = 261; i <= 300; i++)
		times[i] = times[i - 1] + 3 * DAY;
	at_fit = run(&policy, 260);
	later = run(&policy, 279);
	check(at_fit.used == 100 && later.used == 19 + 43, "100 returns at the fit, 62 later");
	s = at_fit.vol;
	t = later.vol;
	from_long = (move_at_risk(&later, MC_LONG) * s - move_at_risk(&at_fit, MC_LONG) * t) / (t - s);
	from_short =
	    (move_at_risk(&at_fit, MC_SHORT) * t - move_at_risk(&later, MC_SHORT) * s) / (t - s);
	check(fabs(t - s) > 0.1 * s && fabs(from_long - from_short) < 1e-12,
	      "the same residuals and mean at another volatility: %g, %g", from_long, from_short);
}

static void
test_dead(void)
{
	UnitRandom random = {6};
	McPolicy policy = policy_of("historical");
	McCalibration c;

	policy.dead_after = 5;
	simulate(&random, 100);
	memset(returns + 95, 0, 5 * sizeof(double));
	c = run(&policy, 100);
	check(c.fallback == MC_DEAD_PRICE && c.alternative == 0 && c.side[MC_LONG].rate == 0.4 &&
	          c.side[MC_LONG].term == MC_TERM_FALLBACK && c.side[MC_LONG].core > 0,
	      "five returns of zero: dead, with the measures of what was before");
	check(run(&policy, 99).fallback == MC_NO_FALLBACK, "four are not five");
	policy.confidence = 0.99;
	returns[20] = log1p(-0.9);
	c = run(&policy, 100);
	check(c.fallback == MC_DEAD_PRICE && is_close(c.side[MC_LONG].rate, 0.9, 1e-14) &&
	          c.side[MC_LONG].term == MC_TERM_TAIL && c.side[MC_SHORT].rate == 0.4,
	      "what it asks for when that is more than the fallback");
	policy.dead_after = 101;
	check(run(&policy, 100).fallback == MC_NO_FALLBACK, "a series too short to be that dead");
	policy.dead_after = 0;
	check(run(&policy, 100).fallback == MC_NO_FALLBACK, "no such rule");
	policy.dead_after = 5;
	policy.min_returns = 100;
	memset(returns, 0, sizeof(returns));
	check(run(&policy, 99).fallback == MC_TOO_FEW_RETURNS &&
	          run(&policy, 100).fallback == MC_DEAD_PRICE,
	      "too few comes before dead, dead before no model");
	policy.dead_after = 100;
	check(run(&policy, 100).fallback == MC_DEAD_PRICE, "a whole series may be dead");
}

/* ---- random policies: walking, not walking, and along a path ---- */

static void
random_model(UnitRandom *random, McModel *model)
{
	*model = (McModel){.count = 1 + (int) (4 * unit_uniform(random))};
	for (int i = 0; i < model->count; i++)
	{
		McModelMember *m = &model->members[i];

		do
		{
			m->filter = (McModelFilter) (MC_FILTERS * unit_uniform(random));
			m->tail = (McModelTail) (MC_TAILS * unit_uniform(random));
		} while (mc_filter_is_student(m->filter) && m->tail == MC_TAIL_NORMAL);
		m->lambda = m->filter == MC_FILTERED && unit_uniform(random) < 0.5 ? 0.8 : 0;
		m->alternative =
		    i == 0 ? 0 : model->members[i - 1].alternative + (unit_uniform(random) < 0.5);
	}
	model->alternatives = model->members[model->count - 1].alternative + 1;
}

static McPolicy
random_policy(UnitRandom *random)
{
	McPolicy p = plain;

	random_model(random, &p.model);
	p.confidence = 0.6 + 0.39 * unit_uniform(random);
	p.evt_tail = 0.5;
	p.measure = unit_uniform(random) < 0.5 ? MC_VALUE_AT_RISK : MC_EXPECTED_SHORTFALL;
	p.horizon = 1 + (int) (3 * unit_uniform(random));
	p.scaled_horizon = unit_uniform(random) < 0.3;
	p.lookback = 103 + (int) (80 * unit_uniform(random));
	p.min_returns = 1 + (int) (60 * unit_uniform(random));
	p.refit_interval = 1 + (int) (30 * unit_uniform(random));
	p.stress_weight = unit_uniform(random) < 0.5 ? 0 : unit_uniform(random);
	p.stress_window = p.horizon + (int) (100 * unit_uniform(random));
	p.floor_lookback = unit_uniform(random) < 0.5 ? 0 : 10 + (int) (300 * unit_uniform(random));
	p.minimum_rate = 0.02;
	p.maximum_rate = 0.5;
	p.lookback_time = unit_uniform(random) < 0.3 ? 60 * DAY : 0;
	p.dead_after = unit_uniform(random) < 0.3 ? 3 : 0;
	p.symmetric_rates = unit_uniform(random) < 0.5;
	return p;
}

static bool
side_same(const McSide *a, const McSide *b)
{
	const double x[] = {a->rate,     a->core,        a->value_at_risk, a->expected_shortfall,
	                    a->stressed, a->stressed_es, a->floor,         a->buffer_used};
	const double y[] = {b->rate,     b->core,        b->value_at_risk, b->expected_shortfall,
	                    b->stressed, b->stressed_es, b->floor,         b->buffer_used};

	return memcmp(x, y, sizeof(x)) == 0 && a->term == b->term &&
	       a->initial_steps == b->initial_steps && a->maintenance_steps == b->maintenance_steps;
}

static bool
same(const McCalibration *a, const McCalibration *b)
{
	return side_same(&a->side[0], &b->side[0]) && side_same(&a->side[1], &b->side[1]) &&
	       a->larger == b->larger && a->used == b->used &&
	       memcmp(&a->vol, &b->vol, sizeof(double)) == 0 && a->fallback == b->fallback &&
	       a->alternative == b->alternative && a->asked == b->asked &&
	       memcmp(a->fits, b->fits, sizeof(a->fits)) == 0 &&
	       memcmp(a->measures, b->measures, sizeof(a->measures)) == 0 &&
	       a->has_stress == b->has_stress && a->stress_start == b->stress_start &&
	       a->stress_width == b->stress_width;
}

static int
faults_of(const McPolicy *p, const McCalibration *c)
{
	int wrong = 0;

	for (int side = 0; side < MC_SIDES; side++)
	{
		const McSide *s = &c->side[side];

		wrong += !(s->rate >= p->minimum_rate && s->rate <= p->maximum_rate);
		wrong += (c->alternative >= 0) != isfinite(s->core);
		wrong += isinf(s->value_at_risk) || isinf(s->expected_shortfall) || isinf(s->stressed_es) ||
		         isinf(s->floor);
		wrong += (s->term == MC_TERM_FALLBACK) > (c->fallback != MC_NO_FALLBACK);
		wrong += c->alternative < 0 && c->fallback == MC_NO_FALLBACK;
	}
	return wrong;
}

/*
 * Along the whole series with one calibrator; at some bars one of that bar alone says the same, and at every bar
 * the path without buffer and limits of speed goes where the calibrations go.
 */
static int
walk(UnitRandom *random, const McPolicy *policy, size_t n)
{
	double *work = malloc(mc_calibrator_worksize(policy, n) * sizeof(double) + 1);
	double *exact = malloc(n * sizeof(double) + 1);
	int64_t *exact_times = malloc((n + 1) * sizeof(int64_t));
	McHistory history = {exact_times, exact, n};
	McRatePoint point = {0};
	McCalibrator calibrator;
	int wrong = 0;

	memcpy(exact, returns, n * sizeof(double));
	memcpy(exact_times, times, (n + 1) * sizeof(int64_t));
	mc_calibrator_init(&calibrator, policy, n, work);
	mc_calibrator_level(&calibrator, 0.99);
	mc_calibrator_level(&calibrator, 0.5);
	for (size_t bar = n > 60 ? n - 60 : 0; bar <= n; bar++)
	{
		McCalibration c, path;

		if (mc_calibrate(&calibrator, &history, bar, &c, NULL) != MC_OK)
			wrong++;
		wrong += faults_of(policy, &c);
		if (unit_uniform(random) < 0.1 || bar == n)
		{
			McCalibration alone = run_levels(policy, bar, (const double[]){0.99, 0.5}, 2);

			wrong += !same(&c, &alone);
		}
		path = c;
		point = mc_rate_path_step(policy, &point, times[bar], 1, &path);
		wrong += !same(&c, &path);
	}
	free(work);
	free(exact);
	free(exact_times);
	return wrong;
}

static void
test_walks(void)
{
	UnitRandom random = {7};
	int wrong = 0;
	size_t policies = unit_repeats(150, 12);

	for (size_t i = 0; i < policies; i++)
	{
		McPolicy policy = random_policy(&random);
		size_t n = (size_t) (300 * unit_uniform(&random));

		simulate(&random, n);
		for (size_t j = 0; j < n && i % 3 == 0; j++)
			if (unit_uniform(&random) < 0.5)
				returns[j] = 0;
		if (n > 0 && i % 5 == 0)
			memset(returns + n / 2, 0, n / 3 * sizeof(double));
		wrong += walk(&random, &policy, n);
	}
	check(wrong == 0, "%zu random policies: walking, alone, and along a path", policies);
}

/* Any n up to that of the work space, with every filter and tail by itself. */
static void
test_every_model(void)
{
	UnitRandom random = {8};
	int wrong = 0;

	simulate(&random, 130);
	for (int filter = 0; filter < MC_FILTERS; filter++)
		for (int tail = 0; tail < MC_TAILS; tail++)
		{
			McPolicy policy = plain;

			if (mc_filter_is_student((McModelFilter) filter) && tail == MC_TAIL_NORMAL)
				continue;
			policy.model =
			    (McModel){{{.filter = (McModelFilter) filter, .tail = (McModelTail) tail}}, 1, 1};
			policy.refit_interval = 13;
			policy.stress_weight = 0.5;
			policy.floor_lookback = 120;
			for (size_t n = 0; n <= 130; n += n < 5 ? 1 : 25)
			{
				McCalibration c = run_levels(&policy, n, (const double[]){0.99, 0.975}, 2);

				wrong += faults_of(&policy, &c);
				wrong += n == 130 && (c.alternative != 0 || c.fallback != MC_NO_FALLBACK);
			}
		}
	check(wrong == 0, "every filter with every tail, from no return on");
}

void
test_calibrator(void)
{
	test_chain();
	test_average();
	test_levels();
	test_lookback_time();
	test_fit_window();
	test_dead();
	test_walks();
	test_every_model();
}
