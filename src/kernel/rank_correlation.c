/*
 * rank_correlation.c
 *	  Spearman's rho and Kendall's tau-b.
 */
#include "rank_correlation.h"

#include <math.h>

__extension__ typedef __int128 I128;

/* x of pairs sorted by x becomes twice its rank, a whole number */
static void
rank_x(McPair *pairs, size_t n)
{
	size_t end;

	for (size_t start = 0; start < n; start = end)
	{
		double x = pairs[start].x;

		for (end = start + 1; end < n && pairs[end].x == x; end++)
			;
		for (size_t i = start; i < end; i++)
			pairs[i].x = (double) (start + 1 + end);
	}
}

/* The sum of (a - mean) (b - mean) for doubled ranks, whose mean is n + 1. */
static I128
comoment(const McPair *pairs, size_t n, bool of_x, bool of_y)
{
	I128 sum = 0;
	long long mean = (long long) n + 1;

	for (size_t i = 0; i < n; i++)
		sum += (I128) ((long long) (of_x ? pairs[i].x : pairs[i].y) - mean) *
		       ((long long) (of_y ? pairs[i].y : pairs[i].x) - mean);
	return sum;
}

McStatus
mc_spearman(McPair *pairs, size_t n, McPair *work, double *rho, const McPoll *poll)
{
	I128 xx;
	I128 yy;

	for (int side = 0; side < 2; side++)
	{
		if (mc_pairs_sort(pairs, n, work, NULL, poll) == MC_STOPPED)
			return MC_STOPPED;
		rank_x(pairs, n);
		mc_pairs_swap(pairs, n);
	}
	xx = comoment(pairs, n, true, false);
	yy = comoment(pairs, n, false, true);
	if (n < 2 || xx == 0 || yy == 0)
		return MC_TOO_FEW;
	/* equal sums: the root would round */
	*rho = (double) comoment(pairs, n, true, true) /
	       (xx == yy ? (double) xx : sqrt((double) xx) * sqrt((double) yy));
	*rho = fmax(-1, fmin(1, *rho));
	return MC_OK;
}

/* Pairs of rows with equal x, and with equal x and y, in rows sorted by x and y. */
static long long
count_ties(const McPair *pairs, size_t n, bool both)
{
	long long ties = 0;
	long long run = 0;

	for (size_t i = 1; i < n; i++)
	{
		bool tied = pairs[i].x == pairs[i - 1].x && (!both || pairs[i].y == pairs[i - 1].y);

		run = tied ? run + 1 : 0;
		ties += run;
	}
	return ties;
}

McStatus
mc_kendall(McPair *pairs, size_t n, McPair *work, double *tau, const McPoll *poll)
{
	long long all = n < 2 ? 0 : (long long) n * ((long long) n - 1) / 2;
	long long ties_x;
	long long ties_y;
	long long ties_both;
	long long discordant;
	double x;
	double y;

	if (mc_pairs_sort(pairs, n, work, NULL, poll) == MC_STOPPED)
		return MC_STOPPED;
	ties_x = count_ties(pairs, n, false);
	ties_both = count_ties(pairs, n, true);
	/* sorted by y alone: the place in the order by x breaks ties, so that they exchange nothing */
	mc_pairs_swap(pairs, n);
	for (size_t i = 0; i < n; i++)
		pairs[i].y = (double) i;
	if (mc_pairs_sort(pairs, n, work, &discordant, poll) == MC_STOPPED)
		return MC_STOPPED;
	ties_y = count_ties(pairs, n, false);
	if (ties_x == all || ties_y == all)
		return MC_TOO_FEW;
	x = (double) (all - ties_x);
	y = (double) (all - ties_y);
	/* concordant - discordant = all - ties - 2 discordant */
	*tau = (double) (all - ties_x - ties_y + ties_both - 2 * discordant) /
	       (x == y ? x : sqrt(x) * sqrt(y));
	*tau = fmax(-1, fmin(1, *tau));
	return MC_OK;
}
