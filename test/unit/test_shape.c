/*
 * test_shape.c
 *	  Mean, deviation, skewness and kurtosis beside integers, certified values and shifted samples.
 */
#include <float.h>
#include <math.h>

#include "kernel/shape.h"
#include "nist.h"
#include "unit.h"

__extension__ typedef __int128 Int128;

/* valgrind calculates long doubles with the precision of doubles */
static double
slack(void)
{
	volatile long double one = 1;

	return one + 0x1p-60L == one ? 16 : 1;
}

static McShape
shape_of(const double *x, size_t n)
{
	McShape shape = {NAN, NAN, NAN, NAN};

	mc_shape(x, n, &shape, NULL);
	return shape;
}

static double
sample_deviation(const double *x, size_t n)
{
	return shape_of(x, n).deviation * sqrt((double) n / ((double) n - 1));
}

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void
certified(void)
{
	const double numacc1[] = {10000001, 10000003, 10000002};
	double numacc4[1001];

	numacc4[0] = 10000000.2;
	for (int i = 1; i < 1001; i++)
		numacc4[i] = i % 2 ? 10000000.1 : 10000000.3;
	check_close(sample_deviation(nist_lew, COUNT(nist_lew)), 277.332168044316, 1e-14, "Lew");
	check_close(sample_deviation(nist_lottery, COUNT(nist_lottery)), 291.699727470969, 1e-14,
	            "Lottery");
	check_close(sample_deviation(nist_mavro, COUNT(nist_mavro)), 0.000429123454003053, 2e-13,
	            "Mavro");
	check_close(sample_deviation(nist_michelson, COUNT(nist_michelson)), 0.0790105478190518, 5e-14,
	            "Michelson");
	check_close(sample_deviation(numacc1, 3), 1, 1e-15, "NumAcc1");
	check_close(sample_deviation(numacc4, 1001), 0.100000000558793544, 1e-15,
	            "NumAcc4: the deviation of its doubles");
	check_close(shape_of(numacc4, 1001).mean, 10000000.2, 1e-15, "NumAcc4: mean");
	/* two values as often as each other, and a few in the middle: kurtosis near 1 - 3 */
	check_close(shape_of(numacc4, 1001).excess_kurtosis, 1001.0 / 1000 - 3, 1e-14,
	            "NumAcc4: kurtosis");
}

/* By way of a double: the conversion in one go is wrong under valgrind. */
static long double
long_double(Int128 x)
{
	double high = (double) x;

	return (long double) high + (double) (x - (Int128) high);
}

/* Sums of powers of d = n x - sum x, whole numbers, in 128 bits. */
static void
by_integers(void)
{
	UnitRandom random = {31};
	int wrong = 0;
	int shifted = 0;
	int scaled = 0;

	for (size_t n = 2; n <= 60; n++)
	{
		double x[60], far[60], small[60];
		long whole[60];
		long sum = 0;
		Int128 powers[3] = {0, 0, 0};
		long double m2, m3, m4;
		McShape s, t, u;

		for (size_t i = 0; i < n; i++)
		{
			whole[i] = (long) (400 * unit_uniform(&random) * unit_uniform(&random));
			sum += whole[i];
			x[i] = (double) whole[i];
			far[i] = 1e8 + x[i] / 1024;
			small[i] = ldexp(x[i], -1060);
		}
		for (size_t i = 0; i < n; i++)
		{
			Int128 d = (Int128) whole[i] * (long) n - sum;

			powers[0] += d * d;
			powers[1] += d * d * d;
			powers[2] += d * d * d * d;
		}
		m2 = long_double(powers[0]) / n / n / n;
		m3 = long_double(powers[1]) / n / n / n / n;
		m4 = long_double(powers[2]) / n / n / n / n / n;
		s = shape_of(x, n);
		wrong += !is_close(s.mean, (double) ((long double) sum / n), 2e-16 * slack()) ||
		         !is_close(s.deviation, (double) sqrtl(m2), 4e-16 * slack()) ||
		         !is_close(s.skewness, (double) (m3 / (m2 * sqrtl(m2))), 9e-16 * slack()) ||
		         fabs(s.excess_kurtosis - (double) (m4 / (m2 * m2) - 3)) >
		             9e-16 * slack() * (double) (m4 / (m2 * m2));
		t = shape_of(far, n);
		shifted += t.skewness != s.skewness || t.excess_kurtosis != s.excess_kurtosis ||
		           t.deviation != s.deviation / 1024;
		u = shape_of(small, n);
		scaled += u.skewness != s.skewness || u.excess_kurtosis != s.excess_kurtosis;
	}
	check(wrong == 0, "moments of whole numbers to 9e-16: n <= 60");
	check(shifted == 0, "a level of 1e8 changes no digit");
	check(scaled == 0, "nor does a unit of 2^-1060");
}

static void
edges(void)
{
	const double two[] = {1, 3};
	const double equal[] = {0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1};
	const double huge[] = {DBL_MAX, -DBL_MAX, DBL_MAX, -DBL_MAX};
	const double four[] = {1, 2, 3, 10};
	McShape s = shape_of(two, 2);

	check(s.mean == 2 && s.deviation == 1 && s.skewness == 0 && s.excess_kurtosis == -2,
	      "{1, 3}: mean 2, deviation 1, skewness 0, kurtosis -2");
	s = shape_of(equal, 7);
	check(s.mean == 0.1 && s.deviation == 0 && s.skewness == 0 && s.excess_kurtosis == 0,
	      "equal values have no deviation, exactly");
	s = shape_of(huge, 4);
	check(s.mean == 0 && s.deviation == DBL_MAX && s.excess_kurtosis == -2,
	      "the largest doubles do not overflow");
	check(mc_shape(two, 0, &s, NULL) == MC_TOO_FEW, "no value, no shape");
	s = shape_of(four, 4);
	/* d = -3, -2, -1, 6: m2 = 50/4, m3 = 180/4, m4 = 1394/4 */
	check_close(s.skewness, 45 / (12.5 * sqrt(12.5)), 4e-16, "g1 of {1, 2, 3, 10}");
	check_close(s.excess_kurtosis, 348.5 / 156.25 - 3, 1e-15, "g2 of it");
	check_close(mc_sample_skewness(s.skewness, 4), 4.0 / (3 * 2) * 180 / pow(50.0 / 3, 1.5), 1e-15,
	            "G1 is n / ((n - 1) (n - 2)) sum (d / s)^3");
	check_close(mc_sample_kurtosis(s.excess_kurtosis, 4),
	            4.0 * 5 / (3 * 2) * 1394 / pow(50.0 / 3, 2) - 3 * 9 / (2.0 * 1), 1e-14,
	            "G2 is the formula of spreadsheets");
	check_close(mc_sample_kurtosis(-1.3, 5), 4 * (6 * -1.3 + 6) / (3 * 2), 1e-15,
	            "and of 5 values");
}

static bool
count_down(void *arg)
{
	return --*(int *) arg == 0;
}

static void
stopping(void)
{
	static double x[150000];
	McShape s;
	int stops = 0;

	for (int at = 1; at <= 6; at++)
	{
		int left = at;
		McPoll poll = {count_down, &left};

		stops += mc_shape(x, 150000, &s, &poll) == MC_STOPPED;
	}
	check(stops == 6, "both passes stop when the poll says so");
}

void
test_shape(void)
{
	certified();
	by_integers();
	edges();
	stopping();
}
