/*
 * calibrate.c
 *	  Fuzz target: rows to series to rates, against a computation in long double that follows
 *	  doc/calibration.md step by step, and against itself in another order of arrival.
 */
#include "fuzz.h"
#include "kernel/calibrate.h"
#include "kernel/log_return.h"
#include "kernel/publish.h"
#include "kernel/series_sort.h"
#include "price_rows.h"

/* ---- section 1 ---- */

static int
ascending_steps(const void *a, const void *b)
{
	int64_t x = *(const int64_t *) a;
	int64_t y = *(const int64_t *) b;

	return (x > y) - (x < y);
}

static int64_t
step_between(int64_t from, int64_t to)
{
	__int128 step = (__int128) to - from;

	return step > INT64_MAX ? INT64_MAX : (int64_t) step;
}

static void
check_series(const McPriceSeries *s, int64_t bar_interval, double jump_bound)
{
	size_t gaps = 0;
	size_t stale = 0;
	size_t jumps = 0;
	size_t idle = 0;
	int64_t steps[MOST];

	for (size_t i = 1; i < s->n; i++)
		steps[i - 1] = step_between(s->ts[i - 1], s->ts[i]);
	if (bar_interval == 0 && s->n > 1)
	{
		qsort(steps, s->n - 1, sizeof(int64_t), ascending_steps);
		bar_interval = steps[(s->n - 2) / 2];
		/* a step above 2^53 microseconds is 285 years */
		CHECK(s->bar_interval == bar_interval || bar_interval > INT64_C(1) << 53,
		      "bar interval %ld, %ld", (long) s->bar_interval, (long) bar_interval);
		bar_interval = s->bar_interval;
	}
	for (size_t i = 1; i < s->n; i++)
	{
		double r = s->returns[i - 1];

		CHECK(same_bits(r, mc_log_return(s->price[i - 1], s->price[i])), "return %zu: %g", i, r);
		CHECK(fabsl(r - (logl(s->price[i]) - logl(s->price[i - 1]))) <=
		          1e-15L * fabsl((long double) r) + 1e-16L,
		      "%g", r);
		gaps += (__int128) 2 * step_between(s->ts[i - 1], s->ts[i]) > (__int128) 3 * bar_interval;
		stale += s->price[i] == s->price[i - 1];
		jumps += fabs(r) > jump_bound;
		if (fabs(r) > jump_bound)
			CHECK(s->last_jump >= s->ts[i], "last jump");
	}
	for (size_t i = s->n; i > 1 && s->returns[i - 2] == 0; i--)
		idle++;
	CHECK(s->idle == idle, "idle %zu, %zu", s->idle, idle);
	CHECK(s->gaps == gaps, "gaps %zu, %zu", s->gaps, gaps);
	CHECK(s->stale == stale && s->jumps == jumps, "stale %zu %zu, jumps %zu %zu", s->stale, stale,
	      s->jumps, jumps);
}

/* ---- sections 2 to 7 ---- */

typedef struct Brute
{
	long double var;
	long double es;
} Brute;

static int
descending_long(const void *a, const void *b)
{
	long double x = *(const long double *) a;
	long double y = *(const long double *) b;

	return (x < y) - (x > y);
}

/* steps 7 to 9: sign 1 for long, -1 for short; basis is the confidence in ten thousandths */
static Brute
brute_measures(const long double *y, size_t m, const McPolicy *p, long basis, int sign)
{
	long double losses[MOST];
	size_t h = (size_t) p->horizon;
	size_t n = p->scaled_horizon ? m : m - h + 1;
	size_t tail = n * (size_t) (10000 - basis);
	size_t k = tail / 10000;
	long double t = tail / 10000.0L;
	Brute result = {0, 0};

	for (size_t j = 0; j < n; j++)
	{
		long double x = 0;

		for (size_t i = 0; i < h && !p->scaled_horizon; i++)
			x += y[j + i];
		if (p->scaled_horizon)
			x = y[j] * sqrtl(h);
		x = -sign * x; /* the move against the position */
		x = fmaxl(fminl(x, 700), -700);
		losses[j] = sign > 0 ? -expm1l(-x) : expm1l(x);
	}
	qsort(losses, n, sizeof(long double), descending_long);
	result.var = losses[n - (n * (size_t) basis + 9999) / 10000];
	for (size_t i = 0; i < k; i++)
		result.es += losses[i] / t;
	if (k < n)
		result.es += (t - k) * losses[k] / t;
	return result;
}

static void
brute_filter(const double *u, size_t m, double lambda, long double *y, long double *vol)
{
	long double s[MOST + 1];
	long double q = 0;
	size_t seed = m < 50 ? m : 50;

	s[0] = 0;
	for (size_t i = 0; i < m; i++)
		q += (long double) u[i] * u[i] / m;
	for (size_t i = 0; i < seed; i++)
		s[0] += (long double) u[i] * u[i] / seed;
	for (size_t i = 0; i < m; i++)
		s[i + 1] = lambda * s[i] + (1 - (long double) lambda) * u[i] * u[i];
	for (size_t i = 0; i <= m; i++)
		s[i] = fmaxl(s[i], q / 100);
	for (size_t i = 0; i < m; i++)
		y[i] = q == 0 ? 0 : u[i] * sqrtl(s[m] / s[i]);
	*vol = sqrtl(s[m]);
}

static McPolicy
take_policy(Bytes *b, long *basis)
{
	McPolicy p = {0};
	int choice = (int) take(b, 2);

	p.model = (McModel){{{.filter = choice & 2 ? MC_FILTERED : MC_UNFILTERED}}, 1, 1};
	*basis = (long) (take(b, 2) % 4900) + 5001;
	p.confidence = (double) *basis / 10000;
	p.measure = choice & 1 ? MC_EXPECTED_SHORTFALL : MC_VALUE_AT_RISK;
	p.ewma_lambda = (double) (take(b, 1) + 1) / 258;
	p.weight_decay = 1;
	p.evt_tail = 0.5;
	p.refit_interval = 1;
	p.rise_per_step = p.rise_per_day = INFINITY;
	p.fall_per_day = 1;
	p.horizon = 1 + (int32_t) (take(b, 1) % 4);
	p.scaled_horizon = choice & 512;
	p.lookback = 100 + (int32_t) (take(b, 1) % 60) + p.horizon;
	p.min_returns = 1 + (int32_t) (take(b, 1) % 20);
	p.stress_weight = choice & 4 ? (double) (take(b, 1) % 101) / 100 : 0;
	p.stress_window = p.horizon + (int32_t) (take(b, 1) % 30);
	p.buffer = choice & 8 ? 0.25 : 0;
	p.floor_lookback = choice & 16 ? p.horizon + (int32_t) (take(b, 1) % 200) : 0;
	p.rounding_step = choice & 32 ? 0.0005 : 0.01;
	p.minimum_rate = 0.02;
	p.maximum_rate = 1;
	p.fallback_rate = 0.5;
	p.maintenance_ratio = 0.75;
	p.symmetric_rates = choice & 64;
	p.has_jump_bound = choice & 128;
	p.jump_bound = 0.5;
	p.lookback_time = choice & 256 ? (int64_t) take(b, 1) * INT64_C(3600000000) : 0;
	p.dead_after = choice & 1024 ? 1 + (int32_t) (take(b, 1) % 5) : 0;
	p.restart_gap = choice & 2048 ? (int64_t) (1 + take(b, 1) % 16) * INT64_C(3600000000) : 0;
	return p;
}

#define NEAR(got, expected, name)                                              \
	CHECK(fabsl((long double) (got) - (expected)) <=                           \
	          2e-10L * fmaxl(fabsl(expected), fminl(most, 1)) + 1e-18L * most, \
	      name ": %.17g, brute %.17Lg", (double) (got), (long double) (expected))

/* core and reference have a meaning when a model answers */
static void
check_side(const McPolicy *p, const McCalibration *c, const McSide *side, long double core,
           long double reference, double charged, long double most)
{
	long double rate = p->minimum_rate;
	double q;

	if (c->fallback)
		rate = fmaxl(rate, p->fallback_rate);
	if (c->alternative >= 0)
	{
		NEAR(side->core, core, "core");
		rate = fmaxl(rate, core);
		if (p->buffer > 0)
			rate = fmaxl(rate, (1 + (long double) p->buffer) * fminl(core, reference));
	}
	rate = fminl(rate, p->maximum_rate);
	NEAR(side->rate, rate, "rate");
	q = charged / p->rounding_step;
	CHECK(side->initial_steps >= 0 && (double) side->initial_steps >= q * (1 - 1e-11),
	      "%ld steps for %.17g", (long) side->initial_steps, q);
	CHECK((double) side->initial_steps <= q * (1 + 1e-11) + 1, "%ld steps for %.17g",
	      (long) side->initial_steps, q);
	CHECK(side->maintenance_steps <= side->initial_steps, "maintenance above initial");
	CHECK((double) side->initial_steps * p->rounding_step <= p->maximum_rate * (1 + 1e-12),
	      "above maximum");
}

static size_t
brute_lookback(const McPolicy *p, const McPriceSeries *s, size_t n)
{
	size_t m = 0;

	while (
	    m < n && m < (size_t) p->lookback &&
	    (p->lookback_time == 0 || (__int128) s->ts[n - m] > (__int128) s->ts[n] - p->lookback_time))
		m++;
	return m;
}

/* Scenarios and volatility; false when all moves are so small that rounding decides whether they are zero. */
static bool
brute_scenarios(const McPolicy *p, const double *u, size_t m, long double *y, long double *vol,
                bool *answers)
{
	size_t h = p->scaled_horizon ? 1 : (size_t) p->horizon;
	long double most = 0, largest = 0;

	*vol = NAN;
	if (p->model.members[0].filter == MC_FILTERED)
		brute_filter(u, m, p->ewma_lambda, y, vol);
	else
	{
		long double mean = 0, square = 0;

		for (size_t i = 0; i < m; i++)
			mean += (y[i] = u[i]) / m;
		for (size_t i = 0; i < m; i++)
			square += (y[i] - mean) * (y[i] - mean);
		if (m >= 2)
			*vol = sqrtl(square / (m - 1));
	}
	for (size_t i = 0; i < m; i++)
		most = fmaxl(most, fabsl(y[i]));
	for (size_t j = 0; j + h <= m; j++)
	{
		long double x = 0;

		for (size_t i = 0; i < h; i++)
			x += y[j + i];
		largest = fmaxl(largest, fabsl(x));
	}
	*answers = largest > 1e-14L * most;
	if (!*answers)
		*vol = NAN;
	return *answers || most == 0;
}

static McFallback
brute_fallback(const McPolicy *p, const double *returns, size_t n, size_t m, bool answers)
{
	size_t idle = 0;

	while (idle < n && returns[n - 1 - idle] == 0)
		idle++;
	if (m < (size_t) p->min_returns || m < (size_t) p->horizon)
		return MC_TOO_FEW_RETURNS;
	if (p->dead_after > 0 && idle >= (size_t) p->dead_after)
		return MC_DEAD_PRICE;
	return answers ? MC_NO_FALLBACK : MC_NO_MODEL;
}

/* A series as the definition sees it. */
typedef struct Found
{
	const McPolicy *p;
	long basis;
	size_t n;
	size_t m;
	bool measured;
	bool answers;
	long double raw[MOST];
	long double y[MOST];
	long double vol;
} Found;

static long double
chosen(const McPolicy *p, Brute measures)
{
	return p->measure == MC_VALUE_AT_RISK ? measures.var : measures.es;
}

static long double
square_sum(const long double *x, size_t n)
{
	long double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += x[i] * x[i];
	return sum;
}

/* the most volatile window, the latest on a tie */
static void
check_stress_window(const Found *f, const McCalibration *c)
{
	size_t w = f->n < (size_t) f->p->stress_window ? f->n : (size_t) f->p->stress_window;
	long double best = -1;
	long double mine;

	CHECK(c->has_stress && c->stress_width == w && c->stress_start + w <= f->n, "stress window");
	mine = square_sum(f->raw + c->stress_start, w);
	for (size_t i = 0; i + w <= f->n; i++)
		best = fmaxl(best, square_sum(f->raw + i, w));
	CHECK(mine >= best * (1 - 2e-12L), "stress window is not the most volatile");
	for (size_t i = c->stress_start + 1; i + w <= f->n; i++)
	{
		long double sum = square_sum(f->raw + i, w);

		CHECK(sum < mine || (sum <= mine * (1 + 1e-12L) && mine < best),
		      "a later tie is there: %zu %zu", c->stress_start, i);
	}
}

/* Measures of one side; *core and *reference have a meaning when a model answers. Returns the largest term. */
static long double
check_measures(const Found *f, const McCalibration *c, int s, long double *core,
               long double *reference)
{
	const McPolicy *p = f->p;
	const McSide *side = &c->side[s];
	int sign = s == MC_LONG ? 1 : -1;
	size_t floor = p->floor_lookback > 0 ? (size_t) p->floor_lookback : f->m;
	Brute tail = {0, 0};
	long double most;

	if (f->answers)
		tail = brute_measures(f->y, f->m, p, f->basis, sign);
	/* terms of opposite sign cancel: absolute errors are those of the largest */
	most = 100 * fmaxl(1, fmaxl(fabsl(tail.es), fabsl(tail.var)));
	if (f->answers)
	{
		NEAR(side->value_at_risk, tail.var, "VaR");
		NEAR(side->expected_shortfall, tail.es, "ES");
		CHECK(side->expected_shortfall >= side->value_at_risk, "ES below VaR");
	}
	else
		CHECK(isnan(side->value_at_risk) && isnan(side->core), "no model, no measure");
	*core = chosen(p, tail);
	if (!f->answers)
	{
		CHECK(isnan(side->stressed_es) && isnan(side->floor), "no model, no term");
		return most;
	}
	if (p->stress_weight > 0)
	{
		Brute stress = brute_measures(f->raw + c->stress_start, c->stress_width, p, f->basis, sign);
		long double w = p->stress_weight;

		NEAR(side->stressed_es, stress.es, "stressed ES");
		*core = fmaxl(*core, (1 - w) * *core + w * chosen(p, stress));
	}
	floor = f->n < floor ? f->n : floor;
	*reference = chosen(p, brute_measures(f->raw + (f->n - floor), floor, p, f->basis, sign));
	if (p->floor_lookback > 0)
	{
		NEAR(side->floor, *reference, "floor");
		*core = fmaxl(*core, *reference);
	}
	return most;
}

static void
check_sides(const Found *f, const McCalibration *c)
{
	for (int s = 0; s < MC_SIDES; s++)
	{
		const McSide *side = &c->side[s];
		double charged =
		    f->p->symmetric_rates ? fmax(c->side[0].rate, c->side[1].rate) : side->rate;
		long double core = 0;
		long double reference = 0;
		long double most = 1;

		CHECK(isfinite(side->rate), "rate %g", side->rate);
		CHECK(isnan(side->buffer_used) || (side->buffer_used >= 0 && side->buffer_used <= 1),
		      "buffer used %.17g", side->buffer_used);
		if (f->measured)
			most = check_measures(f, c, s, &core, &reference);
		else
			CHECK(isnan(side->value_at_risk) && isnan(side->expected_shortfall) &&
			          isnan(side->floor),
			      "no data, no measure");
		check_side(f->p, c, side, core, reference, charged, most);
	}
}

static void
check_calibration(const McPolicy *p, long basis, const McPriceSeries *series,
                  const McCalibration *c)
{
	static Found f;

	f.p = p;
	f.basis = basis;
	f.n = series->n ? series->n - 1 : 0;
	f.m = f.n ? brute_lookback(p, series, f.n) : 0;
	f.measured = f.m >= (size_t) p->horizon;
	f.answers = false;
	f.vol = NAN;
	CHECK(c->used == f.m, "used %zu, %zu", c->used, f.m);
	if (f.measured &&
	    !brute_scenarios(p, series->returns + (f.n - f.m), f.m, f.y, &f.vol, &f.answers))
		return;
	CHECK(c->alternative == (f.answers ? 0 : -1), "alternative %d", c->alternative);
	CHECK(c->fallback == brute_fallback(p, series->returns, f.n, f.m, f.answers), "fallback %d",
	      c->fallback);
	for (size_t i = 0; i < f.n; i++)
		f.raw[i] = series->returns[i];
	CHECK(isnan(c->vol) == isnan((double) f.vol), "vol %g", c->vol);
	if (!isnan(c->vol))
		CHECK(fabsl(c->vol - f.vol) <= 1e-11L * f.vol + 1e-17L, "vol %.17g, %.17Lg", c->vol, f.vol);
	if (f.answers && p->stress_weight > 0)
		check_stress_window(&f, c);
	else
		CHECK(!c->has_stress, "no stress asked for, or none to be had");
	check_sides(&f, c);
}

static void
brute_restart(const Rows *kept, int64_t gap, const McPriceSeries *s)
{
	size_t start = 0;
	size_t restarts = 0;

	for (size_t i = 1; i < kept->n && gap > 0; i++)
		if ((__int128) kept->ts[i] - kept->ts[i - 1] > gap)
		{
			start = i;
			restarts++;
		}
	CHECK(s->restarts == restarts && s->n == kept->n - start && s->ts == kept->ts + start,
	      "restarts %zu, %zu", s->restarts, restarts);
}

static void
run(const McPolicy *p, const Rows *kept, McPriceSeries *series, double *returns, McCalibration *c)
{
	McCalibrator calibrator;
	McHistory history;
	double *scratch;
	double *work;

	memset(series, 0, sizeof(*series));
	series->ts = kept->ts;
	series->price = kept->price;
	series->n = kept->n;
	if (p->restart_gap > 0)
		mc_price_series_restart(series, p->restart_gap);
	brute_restart(kept, p->restart_gap, series);
	series->returns = returns;
	history = (McHistory){series->ts, returns, series->n ? series->n - 1 : 0};
	scratch = array(history.n, sizeof(double));
	CHECK(mc_price_series_measure(series, 0, p->has_jump_bound ? p->jump_bound : INFINITY, scratch,
	                              NULL) == MC_OK,
	      "measure");
	work = array(mc_calibrator_worksize(p, history.n), sizeof(double));
	memset(c, 0, sizeof(*c));
	mc_calibrator_init(&calibrator, p, history.n, work);
	CHECK(mc_calibrate(&calibrator, &history, history.n, c, NULL) == MC_OK, "calibrate");
	free(work);
	free(scratch);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static Rows rows;
	static Rows kept;
	static Rows again;
	static Rows brute;
	Bytes b = {data, size};
	int kind = (int) take(&b, 1);
	long basis;
	McPolicy policy = take_policy(&b, &basis);
	McPolicyFault fault;
	McPriceSeries series;
	McCalibration c;
	McCalibration c2;
	double *returns;
	size_t left;
	size_t duplicates;

	if (!mc_policy_check(&policy, &fault))
		return 0;
	take_rows(&b, kind, &rows);
	kernel_rows(&rows, false, &kept, &left);
	if (brute_rows(&rows, &brute, &duplicates))
	{
		CHECK(kept.n == brute.n && left - kept.n == duplicates, "kept %zu, %zu", kept.n, brute.n);
		for (size_t i = 0; i < kept.n; i++)
			CHECK(kept.ts[i] == brute.ts[i] && kept.price[i] == brute.price[i],
			      "row %zu: %.17g, %.17g", i, kept.price[i], brute.price[i]);
	}
	kernel_rows(&rows, true, &again, &left);
	CHECK(kept.n == again.n && memcmp(kept.ts, again.ts, kept.n * sizeof(int64_t)) == 0 &&
	          memcmp(kept.price, again.price, kept.n * sizeof(double)) == 0,
	      "the order of arrival matters");

	returns = array(kept.n ? kept.n - 1 : 0, sizeof(double));
	run(&policy, &kept, &series, returns, &c);
	check_series(&series, 0, policy.has_jump_bound ? policy.jump_bound : INFINITY);
	check_calibration(&policy, basis, &series, &c);
	run(&policy, &kept, &series, returns, &c2);
	CHECK(memcmp(&c.side[0].initial_steps, &c2.side[0].initial_steps, sizeof(int64_t)) == 0 &&
	          same_bits(c.side[0].rate, c2.side[0].rate) &&
	          same_bits(c.side[1].rate, c2.side[1].rate),
	      "two runs differ");
	free(returns);
	return 0;
}
