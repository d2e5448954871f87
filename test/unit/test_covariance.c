/*
 * test_covariance.c
 *	  Streaming covariances against two passes in 113 bits, merged in every way, on hostile data.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/covariance.h"
#include "kernel/definite.h"
#include "unit.h"
#include "wide.h"

#define K 5
#define N 3000
#define SIZE (K * (K + 1) / 2)

static double rows[N][K];

typedef struct Sums
{
	McCovariance c;
	double mean[K];
	double rest[K];
	double block[MC_COVARIANCE_WAIT * 8];
	double pending[SIZE];
	double high[SIZE];
	double low[SIZE];
} Sums;

static void
start(Sums *s)
{
	memset(s, 0, sizeof(*s));
	s->c.series = K;
	s->c.mean = s->mean;
	s->c.rest = s->rest;
	s->c.block = s->block;
	s->c.pending = s->pending;
}

/* the arrays of folds only when they are needed */
static void
flush(Sums *s)
{
	if (mc_covariance_must_fold(&s->c))
	{
		s->c.high = s->high;
		s->c.low = s->low;
	}
	mc_covariance_flush(&s->c);
}

static void
add(Sums *s, const double *row)
{
	if (mc_covariance_full(&s->c))
		flush(s);
	mc_covariance_add(&s->c, row);
}

static void
merge(Sums *s, const Sums *part)
{
	double comoments[SIZE];

	mc_covariance_comoments(&part->c, comoments);
	if (mc_covariance_full(&s->c))
		flush(s);
	s->c.high = s->high;
	s->c.low = s->low;
	mc_covariance_merge(&s->c, part->c.rows, part->mean, part->rest, comoments);
}

static void
wide_comoments(size_t n, Wide *comoments, Wide *mean)
{
	memset(comoments, 0, SIZE * sizeof(Wide));
	for (size_t i = 0; i < K; i++)
	{
		mean[i] = 0;
		for (size_t t = 0; t < n; t++)
			mean[i] += rows[t][i];
		mean[i] /= (Wide) n;
	}
	for (size_t t = 0; t < n; t++)
		for (size_t i = 0, at = 0; i < K; i++)
			for (size_t j = 0; j <= i; j++)
				comoments[at++] += (rows[t][i] - mean[i]) * (rows[t][j] - mean[j]);
}

/* the largest error of a comoment in units of the deviations, of a mean in units of both */
static void
measure(const Sums *s, size_t n, double *error, double *mean_error)
{
	double comoments[SIZE];
	Wide want[SIZE];
	Wide mean[K];

	wide_comoments(n, want, mean);
	mc_covariance_comoments(&s->c, comoments);
	*error = *mean_error = 0;
	for (size_t i = 0, at = 0; i < K; i++)
	{
		double own = sqrt((double) want[mc_triangle_row(i) + i]);
		double off = (double) ((Wide) s->mean[i] + s->rest[i] - mean[i]);

		for (size_t j = 0; j <= i; j++, at++)
		{
			double scale = own * sqrt((double) want[mc_triangle_row(j) + j]);
			double wrong = fabs((double) (comoments[at] - want[at]));

			*error = fmax(*error, scale > 0 ? wrong / scale : wrong);
		}
		*mean_error =
		    fmax(*mean_error, fabs(off) / (fabs((double) mean[i]) + own / sqrt((double) n)));
	}
}

typedef enum Kind
{
	BENIGN,
	LEVEL,   /* 1e8 above zero */
	OUTLIER, /* the first row lies far from the others */
	TREND,
	COLLINEAR,
	SMALL,
	LARGE,
	KINDS
} Kind;

static const char *const kind_names[] = {
    "benign",    "1e8 level",   "first row an outlier", "trend and outlier",
    "collinear", "1e-12 scale", "1e150 scale"};

static void
fill(Kind kind)
{
	UnitRandom random = {41 + kind};

	for (size_t t = 0; t < N; t++)
	{
		double common = unit_normal(&random);

		for (size_t i = 0; i < K; i++)
		{
			double x = common + unit_normal(&random) * (double) i;

			if (kind == LEVEL)
				x += 1e8;
			if (kind == OUTLIER && t == 0)
				x += 1e8 * (double) (i + 1);
			if (kind == TREND)
				x += 10.0 * (double) t + (t == N / 2 ? 1e6 : 0);
			if (kind == COLLINEAR)
				x = common * (double) (i + 1) + (i > 2 ? 1e-9 * unit_normal(&random) : 1 / 3.0);
			rows[t][i] = x * (kind == SMALL ? 1e-12 : kind == LARGE ? 1e150 : 1);
		}
	}
}

static void
test_kind(Kind kind)
{
	static Sums whole;
	static Sums parts[4];
	static Sums merged;
	double error;
	double mean_error;

	fill(kind);
	start(&whole);
	start(&merged);
	for (size_t p = 0; p < 4; p++)
		start(&parts[p]);
	for (size_t t = 0; t < N; t++)
	{
		add(&whole, rows[t]);
		/* very unequal parts, one of them empty */
		add(&parts[t < 5 ? 0 : t < 800 ? 1 : 3], rows[t]);
	}
	measure(&whole, N, &error, &mean_error);
	check(error < 1e-14, "%s: comoments, error %.2g of the deviations", kind_names[kind], error);
	check(mean_error < 5e-16, "%s: means, error %.2g", kind_names[kind], mean_error);
	merge(&merged, &parts[1]);
	merge(&merged, &parts[0]);
	merge(&merged, &parts[3]);
	measure(&merged, N, &error, &mean_error);
	check(error < 1e-14 && merged.c.rows == N, "%s: merged, error %.2g", kind_names[kind], error);
	/* rows after a merge */
	for (size_t t = 0; t < 700; t++)
		add(&parts[0], rows[t + 5]);
	start(&merged);
	merge(&merged, &parts[0]);
	for (size_t t = 705; t < N; t++)
		add(&merged, rows[t]);
	measure(&merged, N, &error, &mean_error);
	check(error < 1e-14, "%s: rows after a merge, error %.2g", kind_names[kind], error);
}

/* every number of rows around the sizes of blocks and folds */
static void
test_sizes(void)
{
	static Sums s;
	double worst = 0;
	bool same = true;

	fill(BENIGN);
	start(&s);
	for (size_t n = 1; n <= 1100; n++)
	{
		double error;
		double mean_error;
		Sums before;

		add(&s, rows[n - 1]);
		if (n > 70 && n % 64 > 3 && n % 64 < 61)
			continue;
		before = s;
		measure(&s, n, &error, &mean_error);
		worst = fmax(worst, error);
		same &= memcmp(&before, &s, sizeof(s)) == 0 && s.c.rows == (double) n;
	}
	check(worst < 1e-14, "any number of rows: error %.2g", worst);
	check(same, "reading the comoments changes nothing");
}

static void
test_constant(void)
{
	static Sums s;
	double m[SIZE];
	double deviation[K];

	start(&s);
	for (size_t t = 0; t < 1000; t++)
	{
		double row[K] = {0.1, 1e8 + 0.3, (double) t, -2.0 * (double) t + 7, 3e-310};

		add(&s, row);
	}
	mc_covariance_comoments(&s.c, m);
	check(m[0] == 0 && m[1] == 0 && m[2] == 0 && m[3] == 0 && m[4] == 0 && m[14] == 0 && m[12] == 0,
	      "a constant series has a variance of exactly 0, and covariances of 0");
	check(s.mean[0] + s.rest[0] == 0.1 && s.mean[1] + s.rest[1] == 1e8 + 0.3, "its mean is exact");
	check(mc_covariance_scale(m, s.mean, K, 999) == MC_OK, "scaled");
	mc_covariance_correlate(m, K, deviation);
	check(m[8] == -1 && m[9] == 1 && m[5] == 1 && m[0] == 0 && m[3] == 0 && deviation[0] == 0 &&
	          deviation[4] == 0,
	      "no correlation of a constant; exactly -1 of a negative multiple");
	memcpy(m, (double[]){4, 2, 1}, 3 * sizeof(double));
	mc_covariance_correlate(m, 2, deviation);
	check(m[1] == 1, "exactly 1 of a positive one");
	check_close(deviation[2], sqrt(1000 * 1001 / 12.0), 1e-15, "deviation of 0 to 999");
}

static void
test_not_finite(void)
{
	static Sums s;
	static Sums clean;
	static Sums other;
	double m[SIZE];
	double good[SIZE];
	bool right = true;

	fill(BENIGN);
	for (size_t bad = 0; bad < 3 * K; bad++)
	{
		const size_t at[] = {0, 1, 999};
		/* the last is series 2 */
		size_t spoilt = (bad / 3 + 3) % K;

		start(&s);
		start(&clean);
		for (size_t t = 0; t < 1000; t++)
		{
			double row[K];

			memcpy(row, rows[t], sizeof(row));
			add(&clean, row);
			if (t == at[bad % 3])
				row[spoilt] = bad % 3 == 1 ? INFINITY : NAN;
			add(&s, row);
		}
		mc_covariance_comoments(&s.c, m);
		mc_covariance_comoments(&clean.c, good);
		for (size_t i = 0, at_ij = 0; i < K; i++)
		{
			for (size_t j = 0; j <= i; j++, at_ij++)
				right &= i == spoilt || j == spoilt ? isnan(m[at_ij]) : m[at_ij] == good[at_ij];
			right &= i == spoilt ? isnan(s.mean[i]) && s.rest[i] == 0 : s.mean[i] == clean.mean[i];
		}
		right &= mc_covariance_scale(m, s.mean, K, 999) == MC_OK;
	}
	check(right, "a NaN or infinity concerns its own series only, wherever it comes");
	start(&other);
	merge(&other, &clean);
	merge(&other, &s);
	mc_covariance_comoments(&other.c, m);
	check(isnan(m[5]) && isnan(m[8]) && m[0] > 0 && isnan(other.mean[2]) && !isnan(other.mean[3]),
	      "and so after a merge");
}

static void
test_overflow(void)
{
	static Sums s;
	double m[SIZE];
	double row[K] = {1e200, 1, 2, 3, 4};

	start(&s);
	add(&s, row);
	row[0] = -1e200;
	add(&s, row);
	mc_covariance_comoments(&s.c, m);
	check(mc_covariance_scale(m, s.mean, K, 1) == MC_OVERFLOW, "squares of 1e200 overflow");
	start(&s);
	row[0] = 1.7e308;
	add(&s, row);
	row[0] = -1.7e308;
	add(&s, row);
	add(&s, row);
	mc_covariance_comoments(&s.c, m);
	check(mc_covariance_scale(m, s.mean, K, 1) == MC_OVERFLOW, "so do differences of 1.7e308");
}

static void
test_few(void)
{
	static Sums s;
	double m[SIZE];
	double row[K] = {1, 2, 3, 4, 5};

	start(&s);
	mc_covariance_comoments(&s.c, m);
	check(m[0] == 0 && s.c.rows == 0, "no rows");
	add(&s, row);
	mc_covariance_comoments(&s.c, m);
	check(m[SIZE - 1] == 0 && s.mean[4] == 5 && s.c.filled == 0, "one row");
	row[0] = 3;
	row[4] = 1;
	add(&s, row);
	mc_covariance_comoments(&s.c, m);
	check(m[0] == 2 && m[SIZE - 1] == 8 && m[10] == -4, "two rows: exact");
}

/* order of rows, at the promise of doc/dependence.md */
static void
test_order(void)
{
	static Sums forward;
	static Sums backward;
	double a[SIZE];
	double b[SIZE];
	double worst = 0;

	fill(LEVEL);
	start(&forward);
	start(&backward);
	for (size_t t = 0; t < N; t++)
	{
		add(&forward, rows[t]);
		add(&backward, rows[N - 1 - t]);
	}
	mc_covariance_comoments(&forward.c, a);
	mc_covariance_comoments(&backward.c, b);
	for (size_t i = 0; i < K; i++)
		for (size_t j = 0; j <= i; j++)
			worst = fmax(worst, fabs(a[mc_triangle_row(i) + j] - b[mc_triangle_row(i) + j]) /
			                        sqrt(a[mc_triangle_row(i) + i] * a[mc_triangle_row(j) + j]));
	check(worst < 1e-13, "another order of rows: %.2g of the deviations", worst);
}

void
test_covariance(void)
{
	for (Kind kind = 0; kind < KINDS; kind++)
		test_kind(kind);
	test_sizes();
	test_constant();
	test_not_finite();
	test_overflow();
	test_few();
	test_order();
}
