/*
 * test_rank_correlation.c
 *	  Spearman and Kendall against brute force over all pairs of rows.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/rank_correlation.h"
#include "unit.h"

#define MOST 400

static McPair pairs[MC_POLL_STEPS];
static McPair copy[MC_POLL_STEPS];
static McPair work[MC_POLL_STEPS];

static int
sign(double x)
{
	return (x > 0) - (x < 0);
}

/* tau-b by its definition; NaN without variation */
static double
brute_kendall(const McPair *p, size_t n)
{
	long long c = 0;
	long long x = 0;
	long long y = 0;

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < i; j++)
		{
			c += sign(p[i].x - p[j].x) * sign(p[i].y - p[j].y);
			x += p[i].x != p[j].x;
			y += p[i].y != p[j].y;
		}
	return x == 0 || y == 0 ? NAN : (double) c / sqrt((double) x * (double) y);
}

/* rank 1 + smaller + (equal others) / 2 */
static double
rank_of(const McPair *p, size_t n, size_t i, bool of_y)
{
	double rank = 0.5;

	for (size_t j = 0; j < n; j++)
	{
		double d = of_y ? p[i].y - p[j].y : p[i].x - p[j].x;

		rank += d > 0 ? 1 : d == 0 ? 0.5 : 0;
	}
	return rank;
}

static double
brute_spearman(const McPair *p, size_t n)
{
	double mean = ((double) n + 1) / 2;
	double xx = 0;
	double xy = 0;
	double yy = 0;

	for (size_t i = 0; i < n; i++)
	{
		double x = rank_of(p, n, i, false) - mean;
		double y = rank_of(p, n, i, true) - mean;

		xx += x * x;
		xy += x * y;
		yy += y * y;
	}
	return xx == 0 || yy == 0 ? NAN : xy / sqrt(xx * yy);
}

static void
fill(size_t n, int kind, UnitRandom *random)
{
	for (size_t i = 0; i < n; i++)
	{
		double common = unit_normal(random);

		pairs[i].x = common + unit_normal(random);
		pairs[i].y = common * (kind == 3 ? -1 : 1);
		if (kind == 1)
		{
			pairs[i].x = floor(pairs[i].x);
			pairs[i].y = floor(2 * pairs[i].y) / 2;
		}
		if (kind == 2)
			pairs[i].x = pairs[i].y > 0 ? 1 : 0;
		if (kind == 4)
			pairs[i].y = 1e300 * pairs[i].x;
		if (kind == 5)
			pairs[i].y = i % 2 == 0 ? 0.0 : -0.0;
	}
}

static void
test_brute(int kind)
{
	UnitRandom random = {100 + kind};
	double worst = 0;
	bool status = true;

	for (size_t n = 0; n <= MOST; n += n < 60 ? 1 : 37)
	{
		double rho = NAN;
		double tau = NAN;
		McStatus a;
		McStatus b;

		fill(n, kind, &random);
		memcpy(copy, pairs, n * sizeof(McPair));
		a = mc_spearman(copy, n, work, &rho, NULL);
		memcpy(copy, pairs, n * sizeof(McPair));
		b = mc_kendall(copy, n, work, &tau, NULL);
		status &= (a == MC_OK) == !isnan(rho) && (b == MC_OK) == !isnan(tau);
		status &= isnan(rho) == isnan(brute_spearman(pairs, n)) &&
		          isnan(tau) == isnan(brute_kendall(pairs, n));
		if (a == MC_OK)
			worst = fmax(worst, fabs(rho - brute_spearman(pairs, n)));
		if (b == MC_OK)
			worst = fmax(worst, fabs(tau - brute_kendall(pairs, n)));
		if (kind == 4 && n > 1)
			status &= rho == 1 && tau == 1;
	}
	check(status && worst < 1e-14, "data %d: error %.2g", kind, worst);
}

static void
test_order(void)
{
	UnitRandom random = {5};
	double rho[2];
	double tau[2];

	fill(MOST, 1, &random);
	for (int turn = 0; turn < 2; turn++)
	{
		for (size_t i = 0; i < MOST; i++)
			copy[i] = pairs[turn == 0 ? i : i * 37 % MOST];
		mc_spearman(copy, MOST, work, &rho[turn], NULL);
		for (size_t i = 0; i < MOST; i++)
			copy[i] = pairs[turn == 0 ? i : i * 37 % MOST];
		mc_kendall(copy, MOST, work, &tau[turn], NULL);
	}
	check(rho[0] == rho[1] && tau[0] == tau[1], "the same digits in any order of rows");
}

static int
compare(const void *a, const void *b)
{
	const McPair *p = a;
	const McPair *q = b;

	return p->x != q->x ? sign(p->x - q->x) : sign(p->y - q->y);
}

static void
test_sort(void)
{
	UnitRandom random = {6};
	bool same = true;
	long long exchanges;

	for (size_t n = 0; n < 300; n++)
	{
		long long inversions = 0;

		fill(n, 1, &random);
		memcpy(copy, pairs, n * sizeof(McPair));
		for (size_t i = 0; i < n; i++)
			for (size_t j = 0; j < i; j++)
				inversions += compare(&pairs[j], &pairs[i]) > 0;
		mc_pairs_sort(pairs, n, work, &exchanges, NULL);
		qsort(copy, n, sizeof(McPair), compare);
		same &= memcmp(copy, pairs, n * sizeof(McPair)) == 0 && exchanges == inversions;
	}
	check(same, "sorted as by qsort, exchanges counted");
	mc_pairs_swap(copy, 2);
	check(copy[0].x == pairs[0].y && copy[0].y == pairs[0].x && copy[2].x == pairs[2].x, "swapped");
}

static bool
stop(void *arg __attribute__((unused)))
{
	return true;
}

void
test_rank_correlation(void)
{
	const McPoll poll = {stop, NULL};
	double answer;

	for (int kind = 0; kind < 6; kind++)
		test_brute(kind);
	test_order();
	test_sort();
	check(mc_spearman(pairs, 100, work, &answer, &poll) == MC_STOPPED &&
	          mc_kendall(pairs, 100, work, &answer, &poll) == MC_STOPPED &&
	          mc_pairs_sort(pairs, MC_POLL_STEPS, work, NULL, &poll) == MC_STOPPED,
	      "a cancel stops");
}
