/*
 * publish.c
 *	  Fuzz target: published steps against decimal printing, policies of raw bytes and rates along their
 *	  paths, and sorting of pairs.
 */
#include "fuzz.h"
#include "kernel/calibrate.h"
#include "kernel/publish.h"
#include "kernel/rate_path.h"
#include "kernel/series_sort.h"

/* the ceiling of q rounded to 12 significant digits, by printf; false when q is too close to a tie */
static bool
printed_ceiling(long double q, int64_t *steps)
{
	char text[64];
	char nearer[64];
	long double rounded;

	snprintf(text, sizeof(text), "%.11Le", q * (1 - 4e-16L));
	snprintf(nearer, sizeof(nearer), "%.11Le", q * (1 + 4e-16L));
	rounded = strtold(text, NULL);
	*steps = (int64_t) ceill(rounded * (1 - 1e-17L));
	return strcmp(text, nearer) == 0;
}

static void
check_publish(Bytes *b)
{
	static const double steps[] = {0.0005, 0.0001, 0.005, 0.01, 0.25, 1, 3, 1e-9, 0.0003};
	double step = steps[take(b, 1) % 9];
	double maximum = step * (double) (1 + take(b, 4) % 1000000000);
	double rate;
	int64_t got;
	int64_t expected;

	switch (take(b, 1) % 3)
	{
		case 0:
			rate = step * (double) (take(b, 4) % 1000000);
			break;
		case 1:
			rate = step * (double) (take(b, 2) % 1000) * (1 + (int8_t) take(b, 1) * 1e-14);
			break;
		default:
			rate = fabs(take_raw(b));
	}
	if (!isfinite(rate))
		return;
	got = mc_publish_steps(rate, step, maximum);
	CHECK(got >= 0 && (double) got <= rint(maximum / step), "%ld of %.17g", (long) got,
	      maximum / step);
	/* a quotient below the normal range has lost its digits */
	if (rate / step < 1e9 && (rate == 0 || rate / step >= DBL_MIN) &&
	    printed_ceiling((long double) rate / step, &expected))
	{
		if (expected > (int64_t) rint(maximum / step))
			expected = (int64_t) rint(maximum / step);
		CHECK(got == expected, "rate %.17g step %g: %ld, printed %ld", rate, step, (long) got,
		      (long) expected);
	}
}

static void
take_model(Bytes *b, McModel *model)
{
	model->count = 1 + (int) (take(b, 1) % 3);
	for (int i = 0; i < model->count; i++)
	{
		McModelMember *m = &model->members[i];
		int kind = (int) take(b, 1);

		m->filter = (McModelFilter) (kind % MC_FILTERS);
		m->tail = (McModelTail) (kind / MC_FILTERS % MC_TAILS);
		if (mc_filter_is_student(m->filter) && m->tail == MC_TAIL_NORMAL)
			m->tail = MC_TAIL_EVT;
		m->alternative = i == 0 ? 0 : model->members[i - 1].alternative + (kind & 1);
	}
	model->alternatives = model->members[model->count - 1].alternative + 1;
}

static void
take_speed(Bytes *b, McPolicy *p)
{
	p->buffer_recovery = take(b, 1) % 4 ? 5 : (int32_t) take(b, 4);
	p->rise_per_step = take(b, 1) % 2 ? INFINITY : take_raw(b);
	p->rise_per_day = take(b, 1) % 2 ? 0.1 : take_raw(b);
	p->rise_after_breach = take(b, 1) % 4 ? 0.3 : take_raw(b);
	p->fall_per_day = take(b, 1) % 4 ? 1 : take_raw(b);
	p->dead_after = take(b, 1) % 4 ? 0 : (int32_t) take(b, 4);
	p->lookback_time = take(b, 1) % 4 ? 0 : (int64_t) take(b, 8);
	p->restart_gap = take(b, 1) % 4 ? 0 : (int64_t) take(b, 8);
}

static McPolicy
take_policy(Bytes *b)
{
	McPolicy p = {0};

	p.confidence = take(b, 1) % 4 ? (double) (take(b, 1)) / 256 : take_raw(b);
	p.measure = take(b, 1) & 1;
	take_model(b, &p.model);
	p.ewma_lambda = take(b, 1) % 4 ? 0.94 : take_raw(b);
	p.weight_decay = take(b, 1) % 4 ? 0.97 : take_raw(b);
	p.evt_tail = take(b, 1) % 4 ? 0.5 : take_raw(b);
	p.refit_interval = take(b, 1) % 4 ? 3 : (int32_t) take(b, 4);
	p.horizon = take(b, 1) % 4 ? 1 + (int32_t) (take(b, 1) % 3) : (int32_t) take(b, 4);
	p.scaled_horizon = take(b, 1) & 1;
	p.lookback = take(b, 1) % 4 ? 500 : (int32_t) take(b, 4);
	p.min_returns = take(b, 1) % 4 ? 5 : (int32_t) take(b, 4);
	p.stress_weight = take(b, 1) % 4 ? 0.25 : take_raw(b);
	p.stress_window = take(b, 1) % 4 ? 10 : (int32_t) take(b, 4);
	p.buffer = take(b, 1) % 4 ? 0.25 : take_raw(b);
	p.floor_lookback = take(b, 1) % 4 ? 20 : (int32_t) take(b, 4);
	p.minimum_rate = take(b, 1) % 4 ? 0 : take_raw(b);
	p.maximum_rate = take(b, 1) % 4 ? 1 : take_raw(b);
	p.fallback_rate = take(b, 1) % 4 ? 0.5 : take_raw(b);
	p.maintenance_ratio = take(b, 1) % 4 ? 0.5 : take_raw(b);
	p.rounding_step = take(b, 1) % 4 ? 0.0005 : take_raw(b);
	p.has_bar_interval = take(b, 1) & 1;
	p.bar_interval = (int64_t) take(b, 8);
	p.has_jump_bound = take(b, 1) & 1;
	p.jump_bound = take_raw(b);
	p.has_stale_after = take(b, 1) & 1;
	p.stale_after = (int64_t) take(b, 8);
	take_speed(b, &p);
	return p;
}

static void
check_side(const McPolicy *p, const McSide *side)
{
	CHECK(isfinite(side->rate) && side->rate >= p->minimum_rate && side->rate <= p->maximum_rate,
	      "rate %g", side->rate);
	CHECK(!isinf(side->value_at_risk) && !isinf(side->expected_shortfall) &&
	          !isinf(side->stressed_es) && !isinf(side->floor) && !isinf(side->buffer_used),
	      "infinite measure");
	CHECK(!(side->buffer_used < 0) && !(side->buffer_used > 1), "used %g", side->buffer_used);
	CHECK(side->initial_steps >= side->maintenance_steps && side->maintenance_steps >= 0, "steps");
	CHECK((double) side->initial_steps * p->rounding_step <= p->maximum_rate * (1 + 1e-9),
	      "above maximum");
	CHECK((double) side->initial_steps * p->rounding_step >= side->rate * (1 - 1e-9),
	      "below the rate");
}

static void
check_rates(const McPolicy *p, const McCalibration *c)
{
	for (int side = 0; side < MC_SIDES; side++)
		check_side(p, &c->side[side]);
	CHECK(c->larger == MC_SHORT ? c->side[MC_SHORT].rate > c->side[MC_LONG].rate
	                            : c->side[MC_SHORT].rate <= c->side[MC_LONG].rate,
	      "larger side");
}

/* From bar to bar, and a step from anywhere. */
static void
check_path(const McPolicy *p, const McHistory *history, McRatePoint odd)
{
	double *work = array(mc_calibrator_worksize(p, history->n), sizeof(double));
	McCalibrator calibrator;
	McRatePoint point = {0};

	mc_calibrator_init(&calibrator, p, history->n, work);
	for (size_t bar = 0; bar <= history->n; bar++)
	{
		McCalibration c, d;

		CHECK(mc_calibrate(&calibrator, history, bar, &c, NULL) == MC_OK, "calibrate");
		check_rates(p, &c);
		d = c;
		point = mc_rate_path_step(p, &point, history->ts[bar], 1 + (double) bar, &c);
		check_rates(p, &c);
		CHECK(point.rate[0] == c.side[0].rate && point.rate[1] == c.side[1].rate, "point");
		mc_rate_path_step(p, &odd, history->ts[bar], 1, &d);
		check_rates(p, &d);
	}
	free(work);
}

static void
check_policy(Bytes *b)
{
	McPolicy p = take_policy(b);
	McPolicyFault fault = {0};
	McRatePoint odd = {.known = true, .ts = (int64_t) take(b, 8), .price = fabs(take_raw(b))};
	double returns[40];
	size_t n = 0;
	double *exact;
	int64_t *ts;

	CHECK(mc_policy_equal(&p, &p) || !mc_policy_check(&p, &fault), "equal to itself");
	if (!mc_policy_check(&p, &fault))
	{
		CHECK(fault.field != NULL && fault.rule != NULL && (fault.hint != NULL || fault.least > 0),
		      "fault");
		return;
	}
	CHECK(p.confidence > 0 && p.confidence < 1 && p.horizon >= 1 && p.rounding_step > 0, "policy");
	for (int side = 0; side < MC_SIDES; side++)
	{
		odd.rate[side] = fabs(take_raw(b));
		odd.day_rate[side] = fabs(take_raw(b));
		if (!(odd.rate[side] >= 0 && odd.day_rate[side] >= 0 && odd.price > 0))
			odd.known = false;
	}
	while (b->left && n < 40)
		returns[n++] = (int8_t) take(b, 1) * 0.01;
	exact = array(n, sizeof(double));
	ts = array(n + 1, sizeof(int64_t));
	memcpy(exact, returns, n * sizeof(double));
	for (size_t i = 0; i <= n; i++)
		ts[i] = ((int64_t) i - 20) * INT64_C(21600000000);
	check_path(&p, &(McHistory){ts, exact, n}, odd);
	free(ts);
	free(exact);
}

typedef struct Pair
{
	int64_t ts;
	double price;
} Pair;

static int
price_class(double p)
{
	return mc_is_null_price(p) ? 2 : isnan(p) ? 1 : 0;
}

static int
pair_order(const void *a, const void *b)
{
	const Pair *x = a;
	const Pair *y = b;

	if (x->ts != y->ts)
		return x->ts < y->ts ? -1 : 1;
	if (price_class(x->price) != price_class(y->price))
		return price_class(x->price) - price_class(y->price);
	return (x->price > y->price) - (x->price < y->price);
}

static void
check_sort(Bytes *b)
{
	size_t n = 0;
	Pair pairs[200];
	int kind = (int) take(b, 1);
	int64_t *ts;
	double *price;
	int64_t *ts_work;
	double *price_work;

	while (b->left && n < 200)
	{
		uint64_t v = take(b, 1);

		pairs[n].ts = kind & 1 ? (int64_t) (v % 8) : kind & 2 ? (int64_t) n : (int64_t) take(b, 8);
		pairs[n].price = v % 16 == 3   ? mc_null_price()
		                 : v % 16 == 4 ? mc_plain_nan()
		                               : (double) (v >> 4) - 4;
		n++;
	}
	ts = array(n, sizeof(int64_t));
	price = array(n, sizeof(double));
	ts_work = array(n, sizeof(int64_t));
	price_work = array(n, sizeof(double));
	for (size_t i = 0; i < n; i++)
	{
		ts[i] = pairs[i].ts;
		price[i] = pairs[i].price;
	}
	CHECK(mc_series_sort(ts, price, n, ts_work, price_work, NULL) == MC_OK, "sort");
	qsort(pairs, n, sizeof(Pair), pair_order);
	for (size_t i = 0; i < n; i++)
		CHECK(ts[i] == pairs[i].ts && price_class(price[i]) == price_class(pairs[i].price) &&
		          same(price[i], pairs[i].price),
		      "pair %zu of %zu", i, n);
	free(ts);
	free(price);
	free(ts_work);
	free(price_work);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Bytes b = {data, size};

	switch (take(&b, 1) % 3)
	{
		case 0:
			check_publish(&b);
			break;
		case 1:
			check_policy(&b);
			break;
		default:
			check_sort(&b);
	}
	return 0;
}

FUZZ_WITH_GSL
