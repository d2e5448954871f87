/*
 * test_moments.c
 *	  Exact sums: NIST's certified deviations, sliding windows without drift, any order, any range.
 */
#include <float.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/moments.h"
#include "nist.h"
#include "unit.h"
#include "wide.h"

#define SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define TOLERANCE 1e-15

static void
add(double *state, double x)
{
	double wider[MC_MOMENTS_LARGEST];

	if (mc_moments_add(state, x))
		return;
	mc_moments_widen(state, x, wider);
	memcpy(state, wider, mc_moments_size(wider) * sizeof(double));
	if (!mc_moments_add(state, x))
		check(false, "%g fits after widening", x);
}

static void
fill(double *state, const double *x, size_t n)
{
	mc_moments_init(state);
	for (size_t i = 0; i < n; i++)
		add(state, x[i]);
}

/* -1 stands for too few, -2 for overflow */
static double
sd(const double *state)
{
	double value;
	McStatus status = mc_moments_sd(state, &value);

	return status == MC_TOO_FEW ? -1 : status == MC_OVERFLOW ? -2 : value;
}

static double
sd_of(const double *x, size_t n)
{
	double state[MC_MOMENTS_LARGEST];

	fill(state, x, n);
	return sd(state);
}

/* NumAcc2 to 4: middle, then low and high in turn */
static void
numerical_accuracy(double *x, double middle, double low, double high)
{
	x[0] = middle;
	for (int i = 1; i < 1001; i++)
		x[i] = i % 2 ? low : high;
}

static void
test_nist(void)
{
	static const double numacc1[] = {10000001, 10000003, 10000002};
	double x[5000];
	size_t n;

	check_close(sd_of(nist_lew, SIZE(nist_lew)), 277.332168044316, 1e-14, "NIST Lew");
	check_close(sd_of(nist_lottery, SIZE(nist_lottery)), 291.699727470969, 1e-14, "NIST Lottery");
	check_close(sd_of(nist_mavro, SIZE(nist_mavro)), 0.000429123454003053, 2e-13, "NIST Mavro");
	check_close(sd_of(nist_michelson, SIZE(nist_michelson)), 0.0790105478190518, 5e-14,
	            "NIST Michelso");
	check_close(sd_of(numacc1, 3), 1, 1e-15, "NIST NumAcc1");
	numerical_accuracy(x, 1.2, 1.1, 1.3);
	check_close(sd_of(x, 1001), 0.1, 1e-14, "NIST NumAcc2");
	numerical_accuracy(x, 1000000.2, 1000000.1, 1000000.3);
	check_close(sd_of(x, 1001), 0.1, 1e-9, "NIST NumAcc3");
	numerical_accuracy(x, 10000000.2, 10000000.1, 10000000.3);
	check_close(sd_of(x, 1001), 0.1, 1e-7, "NIST NumAcc4 as certified");
	check_close(sd_of(x, 1001), 0.100000000558793544, 2e-15, "NumAcc4 of the doubles");
	n = unit_read_vector("nist_pidigits.csv", x, 5000);
	if (n == 5000)
		check_close(sd_of(x, n), 2.86733906028871, 1e-14, "NIST PiDigits");
	else
		skip("no ../shared/vectors", "NIST PiDigits");
}

/* the data that break floating-point windows */
static double
hostile(int kind, size_t i, UnitRandom *random)
{
	double z = unit_normal(random);

	switch (kind)
	{
		case 0:
			return 0.01 * z;
		case 1:
			return i % 700 == 300 ? 1e10 : 0.01 * z;
		case 2:
			return i % 900 == 400 ? (i % 1800 == 400 ? 1e20 : -1e20) : 0.01 * z;
		case 3:
			return z * pow(10, -1 - 5.0 * (double) i / 5000);
		case 4:
			return 1e8 + 0.01 * z;
		case 5:
			return i % 1000 < 500 ? 0.25 : 0.01 * z;
		case 6:
			return z * pow(10, 300 * (unit_uniform(random) - 0.5));
		case 7:
			return i % 977 == 5 ? NAN : i % 977 == 300 ? -INFINITY : z;
		default:
			return i % 5 == 0 ? -0.0 : 5e-324 * (double) (int) (10 * z);
	}
}

static const char *const hostile_name[] = {
    "benign",     "1e10 entering and leaving", "1e20 spikes", "10 % decaying to 1e-6",
    "1e8 offset", "constant stretches",        "300 decades", "NaN and infinity passing",
    "denormals"};

/* a window that slides over the data, beside the two passes over each of its positions */
static void
test_sliding(int kind, size_t width)
{
	double x[5000];
	double state[MC_MOMENTS_LARGEST];
	UnitRandom random = {(unsigned) kind + 1};
	size_t wrong = 0;
	size_t fresh = 0;

	mc_moments_init(state);
	for (size_t i = 0; i < SIZE(x); i++)
	{
		size_t from = i + 1 > width ? i + 1 - width : 0;
		double want;

		x[i] = hostile(kind, i, &random);
		add(state, x[i]);
		if (from > 0)
			mc_moments_remove(state, x[from - 1]);
		if (i == 0 || (i > 300 && i % 7 != 0))
			continue;
		want = wide_sd(x + from, i + 1 - from);
		/* a denormal has fewer digits */
		wrong += !is_close(sd(state), want, TOLERANCE) && !(fabs(sd(state) - want) <= DBL_TRUE_MIN);
		fresh += sd(state) != sd_of(x + from, i + 1 - from) && kind != 7;
	}
	check(wrong == 0, "%s, window %zu: as two passes (%zu differ)", hostile_name[kind], width,
	      wrong);
	check(fresh == 0, "%s, window %zu: no digit depends on the past", hostile_name[kind], width);
}

static void
test_drift(void)
{
	double x[1001];
	double state[MC_MOMENTS_LARGEST];
	size_t laps = unit_repeats(2000000, 0);
	double first;

	numerical_accuracy(x, 10000000.2, 10000000.1, 10000000.3);
	fill(state, x, 100);
	first = 0;
	for (size_t lap = 0; lap < laps; lap++)
	{
		size_t i = lap % 1001;

		add(state, x[(i + 100) % 1001]);
		mc_moments_remove(state, x[i]);
		if (i == 1000 && first == 0)
			first = sd(state);
	}
	for (size_t i = laps % 1001; i < 1001; i++)
	{
		add(state, x[(i + 100) % 1001]);
		mc_moments_remove(state, x[i]);
	}
	check(sd(state) == first && first == sd_of(x, 100),
	      "NumAcc4, many times around: the same digits");
}

static void
test_merge(void)
{
	UnitRandom random = {99};
	size_t wrong = 0;

	for (int round = 0; round < 300; round++)
	{
		double x[60];
		double whole[MC_MOMENTS_LARGEST];
		double a[MC_MOMENTS_LARGEST];
		double b[MC_MOMENTS_LARGEST];
		double ab[MC_MOMENTS_LARGEST];
		double ba[MC_MOMENTS_LARGEST];
		size_t cut = (size_t) (61 * unit_uniform(&random));

		for (size_t i = 0; i < SIZE(x); i++)
			x[i] = hostile(round % 7, i + 290, &random);
		fill(whole, x, SIZE(x));
		fill(a, x, cut);
		fill(b, x + cut, SIZE(x) - cut);
		mc_moments_merge(a, b, ab);
		mc_moments_merge(b, a, ba);
		wrong += sd(ab) != sd(whole) || sd(ba) != sd(whole) ||
		         !mc_moments_valid(ab, mc_moments_size(ab)) ||
		         mc_moments_size(ab) != mc_moments_merged_size(a, b);
	}
	check(wrong == 0, "merging in either order gives the digits of the whole");
}

static void
test_edges(void)
{
	static const double huge[] = {DBL_MAX, -DBL_MAX};
	static const double large[] = {1e308, -1e308, 0};
	static const double tiny[] = {5e-324, -5e-324, 0};
	static const double constant[] = {0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1};
	static const double zeros[] = {0.0, -0.0, 0.0};
	double state[MC_MOMENTS_LARGEST];
	double copy[MC_MOMENTS_LARGEST];

	mc_moments_init(state);
	check(sd(state) == -1, "no value: too few");
	add(state, 3);
	check(sd(state) == -1, "one value: too few");
	add(state, NAN);
	check(isnan(sd(state)), "NaN inside gives NaN");
	mc_moments_remove(state, NAN);
	check(sd(state) == -1, "NaN gone is forgotten");
	check(sd_of(constant, SIZE(constant)) == 0, "equal values give exactly 0");
	check(sd_of(zeros, SIZE(zeros)) == 0, "0 and -0 are equal");
	check_close(sd_of(large, 3), 1e308, 1e-15, "1e308, -1e308, 0");
	check(sd_of(huge, 2) == -2, "the result can overflow");
	check_close(sd_of(tiny, 3), 5e-324, 0, "the smallest denormals");
	fill(state, large, 3);
	check(mc_moments_valid(state, mc_moments_size(state)), "a state is valid");
	check(!mc_moments_valid(state, mc_moments_size(state) - 1), "not when it is cut");
	for (size_t i = 0; i < mc_moments_size(state); i++)
	{
		memcpy(copy, state, sizeof(copy));
		copy[i] = i == MC_MOMENTS_TAG ? 0 : 0.5;
		if (i != MC_MOMENTS_TAG && mc_moments_valid(copy, mc_moments_size(state)))
			check(false, "not with a fraction at %zu", i);
		copy[i] = NAN;
		if (i != MC_MOMENTS_TAG && mc_moments_valid(copy, mc_moments_size(state)))
			check(false, "not with NaN at %zu", i);
	}
}

/* more steps than a limb can take without carrying */
static void
test_many(void)
{
	double state[MC_MOMENTS_LARGEST];
	double n = 3000000;

	mc_moments_init(state);
	for (int i = 0; i < 3000000; i++)
		add(state, i % 2 ? -DBL_MAX / 4096 : DBL_MAX / 4096);
	check_close(sd(state), DBL_MAX / 4096 * sqrt(n / (n - 1)), 1e-15, "3 million values");
}

void
test_moments(void)
{
	test_nist();
	for (int kind = 0; kind < 9; kind++)
	{
		test_sliding(kind, 2);
		test_sliding(kind, 50);
		test_sliding(kind, 250);
	}
	test_drift();
	test_merge();
	test_edges();
	test_many();
}
