/*
 * test_joint_returns.c
 *	  Returns of several series between common times, by hand and beside mc_common_returns.
 */
#include <math.h>
#include <string.h>

#include "kernel/common_returns.h"
#include "kernel/joint_returns.h"
#include "unit.h"

#define N 300

static void
test_by_hand(void)
{
	const int64_t ta[] = {1000000, 2000000, 4000000, 5000000, 9000000};
	const double pa[] = {10, 11, 12, 6, 24};
	const int64_t tb[] = {0, 2000000, 3000000, 5000000, 9000000, 10000000};
	const double pb[] = {1, 2, 3, 4, 2, 7};
	McAlignSeries series[] = {{ta, pa, 5, 0}, {tb, pb, 6, 0}};
	McAlign align = {MC_ALIGN_INTERSECTION, series, 2, INT64_MAX};
	double rows[15];
	double work[4];
	size_t total = 7;

	/* common times 2, 5 and 9 seconds */
	check(mc_joint_returns(&align, 5, rows, work, &total, NULL) == MC_OK && total == 2,
	      "three common times, two rows");
	check(rows[0] == 5 && rows[3] == 9, "at the later times, in seconds");
	check_close(rows[1], log(6.0 / 11), 1e-15, "the first from 2 to 5");
	check_close(rows[2], log(2.0), 1e-15, "and the second");
	check_close(rows[4], log(4.0), 1e-15, "the first from 5 to 9");
	check_close(rows[5], -log(2.0), 1e-15, "and the second");
	series[0].next = series[1].next = 0;
	check(mc_joint_returns(&align, 1, rows, work, &total, NULL) == MC_OK && total == 2,
	      "with room for one row two are counted");
	check(rows[0] == 9, "and the latest is kept");
	series[0].next = series[1].next = 0;
	series[1].n = 0;
	check(mc_joint_returns(&align, 5, rows, work, &total, NULL) == MC_OK && total == 0,
	      "an empty series: no row");
}

/* Random walks with holes. */
static size_t
fill(UnitRandom *random, int64_t *ts, double *price)
{
	double level = 100;
	size_t n = 0;

	for (int i = 0; i < N; i++)
	{
		level *= exp(0.02 * unit_normal(random));
		if (unit_uniform(random) < 0.2)
			continue;
		ts[n] = (int64_t) i * 3600000000;
		price[n++] = level;
	}
	return n;
}

/* Two series are a pair, however small the ring. */
static void
test_beside_pairs(size_t most)
{
	static int64_t ts[2][N];
	static double price[2][N];
	static double rows[3 * N];
	double x[N];
	double y[N];
	double work[4];
	double worst = 0;
	UnitRandom random = {5 + most};
	McAlignSeries series[2];
	McAlign align = {MC_ALIGN_INTERSECTION, series, 2, INT64_MAX};
	size_t total;
	size_t kept;
	size_t want;

	for (int k = 0; k < 2; k++)
		series[k] = (McAlignSeries){ts[k], price[k], fill(&random, ts[k], price[k]), 0};
	want = mc_common_returns(&series[0], &series[1], most, x, y);
	check(mc_joint_returns(&align, most, rows, work, &total, NULL) == MC_OK, "a pair");
	kept = total < most ? total : most;
	check(kept == want, "as many rows as a pair has, up to %zu: %zu", most, kept);
	for (size_t i = 0; i < kept; i++)
	{
		const double *row = rows + (total - kept + i) % most * 3;

		worst = fmax(worst, fmax(fabs(row[1] - x[i]), fabs(row[2] - y[i])));
	}
	check(worst == 0, "the latest %zu, in order", most);
}

static bool
stop(void *arg __attribute__((unused)))
{
	return true;
}

static void
test_stop(void)
{
	static int64_t ts[3 * MC_POLL_STEPS];
	static double price[3 * MC_POLL_STEPS];
	McAlignSeries series = {ts, price, 3 * MC_POLL_STEPS, 0};
	McAlign align = {MC_ALIGN_INTERSECTION, &series, 1, INT64_MAX};
	const McPoll poll = {stop, NULL};
	double rows[2];
	double work[2];
	size_t total;

	for (int64_t i = 0; i < 3 * MC_POLL_STEPS; i++)
	{
		ts[i] = i;
		price[i] = 1;
	}
	check(mc_joint_returns(&align, 1, rows, work, &total, &poll) == MC_STOPPED,
	      "it can be stopped");
	check(total < 2 * MC_POLL_STEPS, "soon");
}

void
test_joint_returns(void)
{
	test_by_hand();
	test_beside_pairs(1);
	test_beside_pairs(7);
	test_beside_pairs(N);
	test_stop();
}
