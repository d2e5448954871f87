/*
 * pairs.c
 *	  Pairs (x, y) and their order.
 */
#include "pairs.h"

#include <string.h>

#define RUN 12 /* sorted by insertion */

static inline bool
follows(const McPair *a, const McPair *b)
{
	return a->x > b->x || (a->x == b->x && a->y > b->y);
}

static long long
insertion_sort(McPair *pairs, size_t n)
{
	long long exchanges = 0;

	for (size_t i = 1; i < n; i++)
	{
		McPair pair = pairs[i];
		size_t j = i;

		for (; j > 0 && follows(&pairs[j - 1], &pair); j--)
			pairs[j] = pairs[j - 1];
		pairs[j] = pair;
		exchanges += (long long) (i - j);
	}
	return exchanges;
}

/* two neighbouring sorted runs of n pairs in total, the first of `half`, into one */
static long long
merge(const McPair *from, size_t half, size_t n, McPair *to)
{
	long long exchanges = 0;
	size_t i = 0;
	size_t j = half;

	for (size_t k = 0; k < n; k++)
		if (j >= n || (i < half && !follows(&from[i], &from[j])))
			to[k] = from[i++];
		else
		{
			exchanges += (long long) (half - i);
			to[k] = from[j++];
		}
	return exchanges;
}

McStatus
mc_pairs_sort(McPair *pairs, size_t n, McPair *work, long long *exchanges, const McPoll *poll)
{
	McPair *from = pairs;
	McPair *to = work;
	long long count = 0;

	for (size_t start = 0; start < n; start += RUN)
		count += insertion_sort(pairs + start, n - start < RUN ? n - start : RUN);
	for (size_t width = RUN; width < n; width *= 2)
	{
		McPair *other = from;

		for (size_t start = 0; start < n; start += 2 * width)
		{
			size_t end = n - start < 2 * width ? n : start + 2 * width;
			size_t half = end - start < width ? end - start : width;

			count += merge(from + start, half, end - start, to + start);
			if (end - start >= MC_POLL_STEPS && mc_poll_stop(poll))
				return MC_STOPPED;
		}
		if (mc_poll_stop(poll))
			return MC_STOPPED;
		from = to;
		to = other;
	}
	if (from != pairs)
		memcpy(pairs, from, n * sizeof(McPair));
	if (exchanges != NULL)
		*exchanges = count;
	return MC_OK;
}

void
mc_pairs_swap(McPair *pairs, size_t n)
{
	for (size_t i = 0; i < n; i++)
	{
		double x = pairs[i].x;

		pairs[i].x = pairs[i].y;
		pairs[i].y = x;
	}
}
