/*
 * tail_dependence.c
 *	  How often two series are in their tails together.
 */
#include "tail_dependence.h"

#include <math.h>

#include "select.h"
#include "tail.h"

size_t
mc_tail_dependence_worksize(size_t n)
{
	return n;
}

/* one series, one tail: the values at or beyond the threshold, seen with this sign */
typedef struct Side
{
	bool of_y;
	double sign;
	double threshold;
	size_t count;
} Side;

static inline double
seen(const McPair *pair, const Side *side)
{
	return side->sign * (side->of_y ? pair->y : pair->x);
}

static McStatus
find_threshold(const McPair *pairs, size_t n, size_t k, double *work, Side *side,
               const McPoll *poll)
{
	for (size_t i = 0; i < n; i++)
		work[i] = seen(&pairs[i], side);
	if (mc_select_largest(work, n, k, poll) == MC_STOPPED)
		return MC_STOPPED;
	side->threshold = work[k - 1];
	side->count = 0;
	for (size_t i = 0; i < n; i++)
		side->count += seen(&pairs[i], side) >= side->threshold;
	return MC_OK;
}

static McStatus
one_tail(const McPair *pairs, size_t n, size_t k, double sign, double *work, double *coefficient,
         const McPoll *poll)
{
	Side x = {false, sign, 0, 0};
	Side y = {true, sign, 0, 0};
	size_t both = 0;

	if (find_threshold(pairs, n, k, work, &x, poll) == MC_STOPPED ||
	    find_threshold(pairs, n, k, work, &y, poll) == MC_STOPPED)
		return MC_STOPPED;
	for (size_t i = 0; i < n; i++)
		both += seen(&pairs[i], &x) >= x.threshold && seen(&pairs[i], &y) >= y.threshold;
	*coefficient =
	    (double) both /
	    (x.count == y.count ? (double) x.count : sqrt((double) x.count) * sqrt((double) y.count));
	return mc_poll_stop(poll) ? MC_STOPPED : MC_OK;
}

static bool
all_equal(const McPair *pairs, size_t n)
{
	bool x = true;
	bool y = true;

	for (size_t i = 1; i < n; i++)
	{
		x &= pairs[i].x == pairs[0].x;
		y &= pairs[i].y == pairs[0].y;
	}
	return x || y;
}

McStatus
mc_tail_dependence(const McPair *pairs, size_t n, double confidence, double *work, double *lower,
                   double *upper, const McPoll *poll)
{
	McTailRank rank;
	size_t k;

	if (n < 2 || all_equal(pairs, n))
		return MC_TOO_FEW;
	rank = mc_tail_rank(n, confidence);
	/* a fraction of 1 is one more whole loss */
	k = rank.whole + (rank.fraction >= 1);
	if (k == 0)
		return MC_TOO_FEW;
	if (one_tail(pairs, n, k, -1, work, lower, poll) == MC_STOPPED)
		return MC_STOPPED;
	return one_tail(pairs, n, k, 1, work, upper, poll);
}
