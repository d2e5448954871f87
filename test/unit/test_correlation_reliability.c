/*
 * test_correlation_reliability.c
 *	  Evidence for a correlation beside plain formulas in wide arithmetic, and each verdict.
 */
#include <math.h>

#include "kernel/correlation_reliability.h"
#include "unit.h"
#include "wide.h"

#define N 400

static double work[2 * N];
static double parts[MC_MOST_SUBPERIODS];

static double
pearson(const double *x, const double *y, size_t from, size_t to)
{
	Wide mx = 0;
	Wide my = 0;
	Wide xx = 0;
	Wide yy = 0;
	Wide xy = 0;

	for (size_t i = from; i < to; i++)
	{
		mx += x[i];
		my += y[i];
	}
	mx /= (Wide) (to - from);
	my /= (Wide) (to - from);
	for (size_t i = from; i < to; i++)
	{
		xx += (x[i] - mx) * (x[i] - mx);
		yy += (y[i] - my) * (y[i] - my);
		xy += (x[i] - mx) * (y[i] - my);
	}
	return copysign(sqrt((double) (xy * xy / (xx * yy))), (double) xy);
}

static Wide
variance_sum(const double *x, size_t n)
{
	Wide mean = 0;
	Wide sum = 0;

	for (size_t i = 0; i < n; i++)
		mean += x[i] / (Wide) n;
	for (size_t i = 0; i < n; i++)
		sum += (x[i] - mean) * (x[i] - mean);
	return sum;
}

/* the start of the most volatile stretch, by looking at all of them */
static size_t
search_stretch(const double *x, const double *y, size_t n, size_t width)
{
	Wide vx = variance_sum(x, n);
	Wide vy = variance_sum(y, n);
	Wide largest = 0;
	size_t best = 0;

	for (size_t start = 0; start + width <= n; start++)
	{
		Wide sum = 0;

		for (size_t i = start; i < start + width; i++)
			sum += x[i] * (Wide) x[i] / vx + y[i] * (Wide) y[i] / vy;
		if (sum >= largest)
		{
			largest = sum;
			best = start;
		}
	}
	return best;
}

static McCorrelationEvidence
judge(const double *x, const double *y, size_t n, double confidence, size_t subperiods)
{
	McCorrelationEvidence e;

	mc_correlation_reliability(x, y, n, confidence, subperiods, parts, work, &e, NULL);
	return e;
}

static bool
agrees(const double *x, const double *y, size_t n, size_t s)
{
	/* the normal quantile of 0.99 */
	const double z = 2.3263478740408411;
	McCorrelationEvidence e = judge(x, y, n, 0.99, s);
	double r = pearson(x, y, 0, n);
	double sign = r < 0 ? -1 : 1;
	double bound = tanh(atanh(fabs(r)) - z / sqrt((double) n - 3));
	size_t stretch = search_stretch(x, y, n, n / s);
	double stressed = pearson(x, y, stretch, stretch + n / s);
	double least = sign * stressed;
	bool right = is_close(e.correlation, r, 1e-13);

	bound = fmax(bound, 0);
	right &= is_close(e.lower_bound, sign * bound, 1e-12);
	right &= is_close(e.stressed, stressed, 1e-12);
	for (size_t p = 0; p < s; p++)
	{
		double part = pearson(x, y, p * n / s, (p + 1) * n / s);

		right &= is_close(parts[p], part, 1e-12);
		least = fmin(least, sign * part);
	}
	least = fmin(least, bound);
	right &= is_close(e.smallest, sign * least, 1e-12);
	right &= is_close(e.offset, least > 0 ? sign * least : 0, 1e-12);
	right &= (e.verdict == MC_RELIABLE) == (least > 0);
	return right;
}

static void
test_random(void)
{
	UnitRandom random = {12};
	const double units[] = {1, 1e-200, 1e200};
	int wrong = 0;
	int reliable = 0;

	for (int round = 0; round < 300; round++)
	{
		double x[N];
		double y[N];
		double rho = 2 * unit_uniform(&random) - 1;
		size_t s = 1 + (size_t) (5 * unit_uniform(&random));
		size_t n = 20 * s + (size_t) ((double) (N - 20 * s) * unit_uniform(&random));

		for (size_t i = 0; i < n; i++)
		{
			double size = i % 97 < 20 ? 3 : 1;
			double common = unit_normal(&random);

			x[i] = units[round % 3] * size * common;
			y[i] = 0.01 + size * (rho * common + sqrt(1 - rho * rho) * unit_normal(&random));
		}
		wrong += !agrees(x, y, n, s);
		reliable += judge(x, y, n, 0.99, s).verdict == MC_RELIABLE;
	}
	check(wrong == 0, "300 pairs of series agree with plain formulas: %d do not", wrong);
	check(reliable > 100 && reliable < 290, "some reliable, some not: %d are", reliable);
}

static void
test_verdicts(void)
{
	UnitRandom random = {4};
	double x[N];
	double y[N];
	McCorrelationEvidence e;

	for (size_t i = 0; i < N; i++)
	{
		x[i] = unit_normal(&random);
		y[i] = x[i] + 0.3 * unit_normal(&random);
	}
	check(judge(x, y, N, 0.99, 4).verdict == MC_RELIABLE, "reliable");
	check(judge(x, y, 79, 0.99, 4).verdict == MC_TOO_FEW_RETURNS, "79 returns, 4 sub-periods");
	e = judge(x, y, 79, 0.99, 4);
	check(e.correlation > 0.8 && e.offset == 0 && isnan(e.stressed) && isnan(parts[0]),
	      "too few: a correlation all the same, and no offset");
	check(judge(x, y, 80, 0.99, 4).verdict == MC_RELIABLE, "80 are enough");
	check(judge(x, y, 1, 0.99, 1).verdict == MC_TOO_FEW_RETURNS, "one return");
	check(judge(x, y, 0, 0.99, 1).verdict == MC_TOO_FEW_RETURNS, "no return");
	for (size_t i = 0; i < N; i++)
		y[i] = 0.1;
	check(judge(x, y, N, 0.99, 4).verdict == MC_CONSTANT_SERIES, "a constant series");
	for (size_t i = 0; i < N; i++)
		y[i] = i < 100 ? 0.1 : 0.1 + x[i];
	check(judge(x, y, N, 0.99, 4).verdict == MC_CONSTANT_SUBPERIOD, "constant for one sub-period");
	for (size_t i = 0; i < N; i++)
		y[i] = i < 100 ? -x[i] : x[i];
	e = judge(x, y, N, 0.99, 4);
	check(e.verdict == MC_SIGN_CHANGES && e.smallest == -1 && e.offset == 0,
	      "the sign changes in a sub-period");
	/* quiet but for two stretches across sub-periods, in which the sign is the other one */
	for (size_t i = 0; i < N; i++)
	{
		double size = i >= 60 && i < 140 ? 1 : 0.9;

		x[i] = size * unit_normal(&random);
		y[i] = i >= 70 && i < 130 ? -4 * x[i] : 4 * x[i];
		if (i >= 70 && i < 130)
			x[i] *= 2;
	}
	e = judge(x, y, N, 0.99, 5);
	check(e.verdict == MC_SIGN_CHANGES && e.stressed < 0, "or in the stressed stretch: %g",
	      e.stressed);
	/* halted while the other is wild, in a stretch across two sub-periods, constant in neither */
	for (size_t i = 0; i < N; i++)
	{
		bool wild = i >= 120 && i < 200;

		x[i] = (wild ? 0.01 : 1e-6) * unit_normal(&random);
		y[i] = wild ? 0 : i < 80 || i >= 240 ? 1000 * x[i] : x[i];
	}
	e = judge(x, y, N, 0.5, 5);
	check(isnan(e.stressed) && !isnan(parts[1]) && !isnan(parts[2]) &&
	          e.verdict == MC_CONSTANT_SUBPERIOD,
	      "halted in the stressed stretch alone: verdict %d", e.verdict);
	for (size_t i = 0; i < N; i++)
		y[i] = unit_normal(&random);
	check(judge(x, y, N, 0.99, 1).verdict == MC_NOT_SIGNIFICANT, "independent series");
}

/* the mean of a series at a high level is no double; its distances from a round number are */
static void
test_level(void)
{
	UnitRandom random = {6};
	double x[N];
	double y[N];
	double moves[N];
	double want;

	for (size_t i = 0; i < N; i++)
	{
		y[i] = unit_normal(&random);
		x[i] = 1e8 + 1e-7 * (y[i] + unit_normal(&random));
		moves[i] = x[i] - 1e8;
	}
	want = pearson(moves, y, 0, N);
	check_close(judge(x, y, N, 0.99, 1).correlation, want, 1e-12,
	            "at a level of 1e8, moves of 1e-7");
	check_close(judge(y, x, N, 0.99, 1).correlation, want, 1e-12, "of either series");
}

/* the squares of a stretch far below the rest underflow unless it is scaled by itself */
static void
test_quiet_part(void)
{
	UnitRandom random = {10};
	double x[N];
	double y[N];
	McCorrelationEvidence e;

	for (size_t i = 0; i < N; i++)
	{
		double unit = i < 100 ? 1e-170 : 1;

		x[i] = unit * unit_normal(&random);
		y[i] = i < 100 ? -0.5 * x[i] + unit * unit_normal(&random) : x[i];
	}
	e = judge(x, y, N, 0.99, 4);
	check_close(parts[0], pearson(x, y, 0, 100), 1e-13, "both series 170 decimals below the rest");
	check(e.verdict == MC_SIGN_CHANGES && e.offset == 0, "whose sign is seen");
	for (size_t i = 0; i < 100; i++)
		y[i] *= 1e170;
	judge(x, y, N, 0.99, 4);
	check_close(parts[0], pearson(x, y, 0, 100), 1e-13, "one of them");
}

static void
test_perfect(void)
{
	double x[N];
	double y[N];
	UnitRandom random = {8};
	McCorrelationEvidence e;

	for (size_t i = 0; i < N; i++)
	{
		x[i] = unit_normal(&random);
		y[i] = -2 * x[i];
	}
	e = judge(x, y, N, 0.99, 4);
	check(e.correlation == -1 && e.lower_bound == -1 && e.offset == -1, "multiples: -1 throughout");
}

static bool
stop(void *arg __attribute__((unused)))
{
	return true;
}

void
test_correlation_reliability(void)
{
	const McPoll poll = {stop, NULL};
	double x[100];
	McCorrelationEvidence e;

	test_random();
	test_verdicts();
	test_level();
	test_quiet_part();
	test_perfect();
	for (int i = 0; i < 100; i++)
		x[i] = i % 7;
	check(mc_correlation_reliability(x, x, 100, 0.99, 2, parts, work, &e, &poll) == MC_STOPPED,
	      "a cancel stops");
}
