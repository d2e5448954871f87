/*
 * stress_window.c
 *	  The window with the largest sum of squared returns.
 *
 * The history is cut into blocks as long as the window.  A window that starts inside a block is
 * the rest of that block (suffix sums, from the right) and the head of the next (a running sum).
 */
#include "stress_window.h"

/* sums[i]: squares from i to the end of i's block */
static McStatus
suffix_sums(const double *r, size_t n, size_t width, double *sums, const McPoll *poll)
{
	for (size_t block = 0; block < n; block += width)
	{
		size_t end = n - block < width ? n : block + width;
		double sum = 0;

		for (size_t i = end; i-- > block;)
		{
			sum += r[i] * r[i];
			sums[i] = sum;
			if (i % MC_POLL_STEPS == 0 && mc_poll_stop(poll))
				return MC_STOPPED;
		}
		if (n - block < width)
			break;
	}
	return MC_OK;
}

/* sums[i], where a window starts: squares from i to i + width - 1; returns the largest */
static double
window_sums(const double *r, size_t n, size_t width, double *sums)
{
	double largest = 0;

	for (size_t block = 0; block + width <= n; block += width)
	{
		size_t next = block + width;
		size_t end = n - next < width - 1 ? n - next : width - 1;
		double head = 0;

		if (sums[block] > largest)
			largest = sums[block];
		for (size_t i = 1; i <= end; i++)
		{
			double value = r[block + width + i - 1];

			head += value * value;
			sums[block + i] += head;
			if (sums[block + i] > largest)
				largest = sums[block + i];
		}
	}
	return largest;
}

McStatus
mc_stress_window(const double *returns, size_t n, size_t width, double *scratch, size_t *start,
                 const McPoll *poll)
{
	size_t i = n - width;
	double bound;

	*start = i;
	if (i == 0)
		return MC_OK;
	if (suffix_sums(returns, n, width, scratch, poll) != MC_OK)
		return MC_STOPPED;
	bound = window_sums(returns, n, width, scratch) * (1 - MC_STRESS_TIE);
	while (i > 0 && scratch[i] < bound)
		i--;
	*start = i;
	return mc_poll_stop(poll) ? MC_STOPPED : MC_OK;
}
