/*
 * test_range_vol.c
 *	  Windows over bars beside the formulas over each window, in long double and with other logarithms.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "kernel/log_return.h"
#include "kernel/range_vol.h"
#include "unit.h"

#define ROWS 1500
#define ESTIMATORS 7
#define KINDS 8

/* What the formulas sum up over the bars. */
typedef struct Terms
{
	bool finite;
	double overnight;
	double close_to_close;
	double open_to_close;
	long double range_squared;
	long double garman_klass;
	long double rogers_satchell;
} Terms;

static McBar bars[ROWS];
static Terms terms[ROWS];
static const char *const kind_name[KINDS] = {
    "benign",        "overnight gaps",  "halts",       "last-place moves",
    "bars that run", "the whole range", "one outlier", "NaN and infinity"};

static double
ln_ratio(double from, double to)
{
	long double ratio = (long double) to / from;

	if (ratio > 0.5L && ratio < 2)
		return (double) log1pl(((long double) to - from) / from);
	return (double) (logl(to) - logl(from));
}

static McBar
bar_of(double a, double b, double c, double d)
{
	McBar bar = {a, fmax(fmax(a, b), fmax(c, d)), fmin(fmin(a, b), fmin(c, d)), d};

	return bar;
}

static bool
is_finite_bar(const McBar *bar)
{
	return isfinite(bar->open) && isfinite(bar->high) && isfinite(bar->low) && isfinite(bar->close);
}

static void
fill_terms(size_t i)
{
	const McBar *bar = &bars[i];
	Terms *t = &terms[i];
	long double w;

	t->finite = is_finite_bar(bar);
	if (!t->finite)
		return;
	t->overnight = i > 0 ? ln_ratio(bar[-1].close, bar->open) : NAN;
	/* two returns that are almost alike leave a variance of their roundings */
	t->close_to_close = i > 0 ? mc_log_return(bar[-1].close, bar->close) : NAN;
	t->open_to_close = ln_ratio(bar->open, bar->close);
	w = ln_ratio(bar->low, bar->high);
	t->range_squared = w * w;
	t->garman_klass = w * w / 2 - (2 * logl(2) - 1) * t->open_to_close * t->open_to_close;
	t->rogers_satchell =
	    (long double) ln_ratio(bar->close, bar->high) * ln_ratio(bar->open, bar->high) +
	    (long double) ln_ratio(bar->close, bar->low) * ln_ratio(bar->open, bar->low);
}

static void
fill(int kind)
{
	UnitRandom random = {(unsigned) kind + 101};
	double price = 100;

	for (size_t i = 0; i < ROWS; i++)
	{
		double z[4];
		double step = kind == 1 && i % 7 == 0 ? 0.3 : 0.01;

		for (int j = 0; j < 4; j++)
			z[j] = unit_normal(&random);
		bars[i] = bar_of(price * exp(step * z[0]), price * exp(0.02 * z[1]),
		                 price * exp(0.02 * z[2]), price * exp(0.01 * z[3]));
		if (kind == 2 && i % 300 < 150)
			bars[i] = bar_of(price, price, price, price);
		if (kind == 3)
			bars[i] = bar_of(1 + DBL_EPSILON * (z[0] > 0), 1 + DBL_EPSILON * (z[1] > 0),
			                 1 + DBL_EPSILON * (z[2] > 0), 1 + DBL_EPSILON * (z[3] > 0));
		if (kind == 4)
			bars[i] = bar_of(price, price, price * (1 + 0.02 * z[0] * z[0]),
			                 price * (1 + 0.02 * z[0] * z[0]));
		if (kind == 5)
			bars[i] = bar_of(pow(10, 307 * tanh(z[0])), pow(10, 307 * tanh(z[1])), DBL_MAX,
			                 i % 3 ? DBL_TRUE_MIN : pow(10, 307 * tanh(z[3])));
		if (kind == 6 && i == 700)
			bars[i] = bar_of(1e-300, 1e300, 1, 1e300);
		if (kind == 7 && i % 400 == 200)
			*(&bars[i].open + i / 400) = NAN;
		if (kind == 7 && i % 400 == 350)
			bars[i].high = INFINITY;
		price = kind == 0 || kind == 1 ? bars[i].close : price;
		fill_terms(i);
	}
}

/* the sample variance of returns, over n - ddof, in two passes */
static long double
variance(const double *r, size_t n, double ddof, bool zero_mean)
{
	long double mean = 0;
	long double rest = 0;
	long double squares = 0;

	for (size_t i = 0; i < n; i++)
		mean += r[i];
	mean = zero_mean ? 0 : mean / n;
	for (size_t i = 0; i < n; i++)
	{
		rest += r[i] - mean;
		squares += (r[i] - mean) * (r[i] - mean);
	}
	if (!zero_mean)
		squares -= rest * rest / n;
	return squares / (n - ddof);
}

/* the formula over the n bars that end at `last`, by its text */
static double
by_formula(McRangeEstimator estimator, size_t last, size_t n)
{
	double o[ROWS];
	double c[ROWS];
	double cc[ROWS];
	long double g = 0;
	long double q = 0;
	long double w2 = 0;
	double k = 0.34 / (1.34 + (n + 1.0) / (n - 1.0));
	bool overnight = estimator != MC_PARKINSON && estimator != MC_GARMAN_KLASS &&
	                 estimator != MC_ROGERS_SATCHELL;

	for (size_t i = 0; i < n; i++)
	{
		const Terms *t = &terms[last + 1 - n + i];

		if (!t->finite || (overnight && !t[-1].finite))
			return NAN;
		o[i] = t->overnight;
		cc[i] = t->close_to_close;
		c[i] = t->open_to_close;
		w2 += t->range_squared;
		g += t->garman_klass;
		q += t->rogers_satchell;
	}
	switch (estimator)
	{
		case MC_CLOSE_TO_CLOSE:
			return (double) sqrtl(variance(cc, n, 1, false));
		case MC_CLOSE_TO_CLOSE_ZERO_MEAN:
			return (double) sqrtl(variance(cc, n, 1, true));
		case MC_PARKINSON:
			return (double) sqrtl(w2 / (4 * n * logl(2)));
		case MC_GARMAN_KLASS:
			return (double) sqrtl(g / n);
		case MC_GARMAN_KLASS_YANG_ZHANG:
			return (double) sqrtl(variance(o, n, 0, true) + g / n);
		case MC_ROGERS_SATCHELL:
			return (double) sqrtl(q / n);
		default:
			return (double) sqrtl(variance(o, n, 1, false) + k * variance(c, n, 1, false) +
			                      (1 - k) * q / n);
	}
}

static void
test_window(int kind, McRangeEstimator estimator, size_t n)
{
	McRangeVol window;
	void *work = malloc(mc_range_vol_worksize(estimator, n));
	size_t first = n - (estimator == MC_PARKINSON || estimator == MC_GARMAN_KLASS ||
	                    estimator == MC_ROGERS_SATCHELL);
	size_t every = n < 10 ? 1 : ROWS / unit_repeats(ROWS / 5, 60);
	size_t wrong = 0;
	double worst = 0;

	mc_range_vol_init(&window, estimator, n, 1, work);
	for (size_t i = 0; i < ROWS; i++)
	{
		double vol = -1;
		double want;
		McStatus status = mc_range_vol_add(&window, &bars[i], &vol);

		if (i < first)
			wrong += status != MC_TOO_FEW || vol != -1;
		else if (i % every == 0 || i == first)
		{
			want = by_formula(estimator, i, n);
			wrong += status != MC_OK || !is_close(vol, want, 1e-14);
			if (want > 0 && fabs(vol / want - 1) > worst)
				worst = fabs(vol / want - 1);
		}
	}
	check(wrong == 0, "%s, estimator %d, %zu bars: by the formula (worst %.2g)", kind_name[kind],
	      (int) estimator, n, worst);
	free(work);
}

/* whatever has passed, the digits are those of a window that has seen nothing else */
static void
test_forgets(McRangeEstimator estimator)
{
	double work[2][30 * 5];
	McRangeVol old;
	McRangeVol fresh;
	double a = -1;
	double b = -2;

	mc_range_vol_init(&old, estimator, 30, 365, work[0]);
	mc_range_vol_init(&fresh, estimator, 30, 365, work[1]);
	for (int kind = 0; kind < KINDS; kind++)
	{
		fill(kind);
		for (size_t i = 0; i < ROWS; i++)
			mc_range_vol_add(&old, &bars[i], &a);
	}
	fill(0);
	for (size_t i = 0; i < 31; i++)
	{
		mc_range_vol_add(&old, &bars[i], &a);
		mc_range_vol_add(&fresh, &bars[i], &b);
	}
	check(a == b && a > 0, "estimator %d: hostile bars leave no trace", (int) estimator);
	for (size_t i = 0; i < 31; i++)
		mc_range_vol_add(&old, &bars[7], &a);
	if (estimator < MC_PARKINSON)
		check(a == 0, "estimator %d: a close that does not move gives 0", (int) estimator);
	for (size_t i = 0; i < 31; i++)
	{
		McBar flat = {3, 3, 3, 3};

		mc_range_vol_add(&old, &flat, &a);
	}
	check(a == 0, "estimator %d: flat bars give exactly 0", (int) estimator);
}

/* the same digits as the window over prices */
static void
test_close_to_close(void)
{
	McFixed ring[20];
	McFixed work[20];
	McRollingVol prices;
	McRangeVol window;
	size_t wrong = 0;

	fill(1);
	mc_rolling_vol_init(&prices, ring, 20, 252);
	mc_range_vol_init(&window, MC_CLOSE_TO_CLOSE, 20, 252, work);
	for (size_t i = 0; i < ROWS; i++)
	{
		double a = -1;
		double b = -1;
		McStatus status = mc_rolling_vol_add(&prices, bars[i].close, &a);

		wrong += mc_range_vol_add(&window, &bars[i], &b) != status || a != b;
	}
	check(wrong == 0, "close to close has the digits of rolling_vol");
}

/* Two bars by hand: prices that double make logs of 1 and 2 ln 2. */
static void
test_by_hand(void)
{
	const McBar first = {2, 8, 1, 4};
	const McBar second = {8, 8, 4, 4};
	const double L = log(2);
	const double k = 0.34 / (1.34 + 3);
	/* without the overnight return of the first bar, which has no close before it */
	const double want[] = {L * sqrt((9 + 1) / (8 * L)), L * sqrt((4.5 + 0.5 - 2 * (2 * L - 1)) / 2),
	                       L * sqrt((2 + 2 + 0 + 0) / 2.0)};
	const McRangeEstimator estimator[] = {MC_PARKINSON, MC_GARMAN_KLASS, MC_ROGERS_SATCHELL};
	double work[10];
	McRangeVol window;
	double vol;

	for (int i = 0; i < 3; i++)
	{
		mc_range_vol_init(&window, estimator[i], 2, 4, work);
		check(mc_range_vol_add(&window, &first, &vol) == MC_TOO_FEW, "one bar of two");
		check(mc_range_vol_add(&window, &second, &vol) == MC_OK, "two bars of two");
		check_close(vol, 2 * want[i], 1e-15, "estimator %d by hand", (int) estimator[i]);
	}
	mc_range_vol_init(&window, MC_YANG_ZHANG, 2, 1, work);
	mc_range_vol_add(&window, &first, &vol);
	mc_range_vol_add(&window, &first, &vol);
	check(mc_range_vol_add(&window, &second, &vol) == MC_OK, "three bars");
	/* o: -1, 1; c: 1, -1; q: 4 (2 * 1 + 2 * 1), 0 */
	check_close(vol, L * sqrt(2 + k * 2 + (1 - k) * 2), 1e-15, "Yang-Zhang by hand");
	mc_range_vol_init(&window, MC_GARMAN_KLASS_YANG_ZHANG, 1, 1, work);
	check(mc_range_vol_add(&window, &first, &vol) == MC_TOO_FEW, "no close before the first bar");
	check(mc_range_vol_add(&window, &second, &vol) == MC_OK, "a window of one bar");
	check_close(vol, L * sqrt(1 + 0.5 - (2 * L - 1)), 1e-15, "Garman-Klass-Yang-Zhang by hand");
}

static void
test_consistency(void)
{
	const double p[] = {1, 2, 3, NAN};
	size_t wrong = 0;

	for (int i = 0; i < 81; i++)
	{
		McBar bar = {p[i % 3], p[i / 3 % 3], p[i / 9 % 3], p[i / 27]};

		wrong += mc_bar_is_consistent(&bar) !=
		         (bar.high == fmax(fmax(bar.open, bar.close), fmax(bar.high, bar.low)) &&
		          bar.low == fmin(fmin(bar.open, bar.close), fmin(bar.high, bar.low)));
	}
	check(wrong == 0, "which bars are bars");
	for (int i = 0; i < 4; i++)
	{
		McBar bar = {2, 3, 1, 2};

		*(&bar.open + i) = NAN;
		check(mc_bar_is_consistent(&bar), "a NaN passes");
	}
	check(mc_range_vol_min_bars(MC_CLOSE_TO_CLOSE) == 2 &&
	          mc_range_vol_min_bars(MC_YANG_ZHANG) == 2 && mc_range_vol_min_bars(MC_PARKINSON) == 1,
	      "fewest bars");
}

void
test_range_vol(void)
{
	for (int kind = 0; kind < KINDS; kind++)
	{
		fill(kind);
		for (int estimator = 0; estimator < ESTIMATORS; estimator++)
		{
			test_window(kind, estimator, mc_range_vol_min_bars(estimator));
			test_window(kind, estimator, 2);
			test_window(kind, estimator, 30);
			test_window(kind, estimator, 365);
		}
	}
	for (int estimator = 0; estimator < ESTIMATORS; estimator++)
		test_forgets(estimator);
	test_close_to_close();
	test_by_hand();
	test_consistency();
}
