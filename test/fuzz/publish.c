/*
 * publish.c
 *	  Fuzz target: published steps against decimal printing, policies of raw bytes, and sorting of pairs.
 */
#include "fuzz.h"
#include "kernel/calibrate.h"
#include "kernel/publish.h"
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
check_policy(Bytes *b)
{
	McPolicy p = {0};
	McPolicyFault fault = {0};
	double returns[40];
	size_t n = 0;

	p.confidence = take(b, 1) % 4 ? (double) (take(b, 1)) / 256 : take_raw(b);
	p.measure = take(b, 1) & 1;
	p.model = take(b, 1) & 1;
	p.ewma_lambda = take(b, 1) % 4 ? 0.94 : take_raw(b);
	p.horizon = take(b, 1) % 4 ? 1 + (int32_t) (take(b, 1) % 3) : (int32_t) take(b, 4);
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
	CHECK(mc_policy_equal(&p, &p) || p.confidence != p.confidence || !mc_policy_check(&p, &fault),
	      "equal to itself");
	if (!mc_policy_check(&p, &fault))
	{
		CHECK(fault.field != NULL && fault.rule != NULL && (fault.hint != NULL || fault.least > 0),
		      "fault");
		return;
	}
	CHECK(p.confidence > 0 && p.confidence < 1 && p.horizon >= 1 && p.rounding_step > 0, "policy");
	while (b->left && n < 40)
		returns[n++] = (int8_t) take(b, 1) * 0.01;
	if (mc_calibrate_worksize(&p, n) < 1000000)
	{
		double *exact = array(n, sizeof(double));
		double *work = array(mc_calibrate_worksize(&p, n), sizeof(double));
		McCalibration c;

		memcpy(exact, returns, n * sizeof(double));
		CHECK(mc_calibrate(&p, exact, n, work, &c, NULL) == MC_OK, "calibrate");
		for (int s = 0; s < MC_SIDES; s++)
		{
			const McSide *side = &c.side[s];

			CHECK(isfinite(side->rate) && side->rate >= p.minimum_rate &&
			          side->rate <= p.maximum_rate,
			      "rate %g", side->rate);
			CHECK(!isinf(side->value_at_risk) && !isinf(side->expected_shortfall) &&
			          !isinf(side->stressed_es) && !isinf(side->floor) && !isinf(side->buffer_used),
			      "infinite measure");
			CHECK(side->initial_steps >= side->maintenance_steps && side->maintenance_steps >= 0,
			      "steps");
			CHECK((double) side->initial_steps * p.rounding_step <= p.maximum_rate * (1 + 1e-9),
			      "above maximum");
			CHECK((double) side->initial_steps * p.rounding_step >= side->rate * (1 - 1e-9),
			      "below the rate");
		}
		CHECK(c.larger == MC_SHORT ? c.side[MC_SHORT].rate > c.side[MC_LONG].rate
		                           : c.side[MC_SHORT].rate <= c.side[MC_LONG].rate,
		      "larger side");
		free(work);
		free(exact);
	}
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
