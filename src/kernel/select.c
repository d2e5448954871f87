/*
 * select.c
 *	  Introselect and introsort in descending order.
 *
 * Hoare's partition, which halves runs of ties, about the median of three (of
 * nine in long ranges).  A range that has been cut badly too often is sorted by
 * heap instead (D. R. Musser, "Introspective sorting and selection algorithms",
 * Softw. Pract. Exper. 27 (1997)), so that no order of the data is slow.
 */
#include "select.h"

#define SHORT_RANGE 24 /* insertion sort below */
#define LONG_RANGE 256 /* median of nine above */

static inline void
swap(double *a, double *b)
{
	double t = *a;

	*a = *b;
	*b = t;
}

static void
insertion_sort(double *x, size_t n)
{
	for (size_t i = 1; i < n; i++)
	{
		double v = x[i];
		size_t j = i;

		for (; j > 0 && x[j - 1] < v; j--)
			x[j] = x[j - 1];
		x[j] = v;
	}
}

/* Restore the heap whose smallest value is x[0], after x[root] was replaced. */
static void
sift_down(double *x, size_t root, size_t n)
{
	double v = x[root];
	size_t child;

	while ((child = 2 * root + 1) < n)
	{
		if (child + 1 < n && x[child + 1] < x[child])
			child++;
		if (!(x[child] < v))
			break;
		x[root] = x[child];
		root = child;
	}
	x[root] = v;
}

static McStatus
heap_sort(double *x, size_t n, const McPoll *poll)
{
	for (size_t i = n / 2; i-- > 0;)
	{
		sift_down(x, i, n);
		if (i % MC_POLL_STEPS == 0 && mc_poll_stop(poll))
			return MC_STOPPED;
	}
	for (size_t i = n; i-- > 1;)
	{
		swap(&x[0], &x[i]);
		sift_down(x, 0, i);
		if (i % MC_POLL_STEPS == 0 && mc_poll_stop(poll))
			return MC_STOPPED;
	}
	return MC_OK;
}

static inline double
median_of_three(double a, double b, double c)
{
	double low = a < b ? a : b;
	double high = a < b ? b : a;

	return c < low ? low : (c > high ? high : c);
}

static double
choose_pivot(const double *x, size_t n)
{
	size_t s = n / 8;

	if (n < LONG_RANGE)
		return median_of_three(x[0], x[n / 2], x[n - 1]);
	return median_of_three(median_of_three(x[0], x[s], x[2 * s]),
	                       median_of_three(x[3 * s], x[4 * s], x[5 * s]),
	                       median_of_three(x[6 * s], x[7 * s], x[n - 1]));
}

/*
 * Cut x in two non-empty parts, none of the first below any of the second, and
 * return the length of the first.  The pivot is one of the values, so both
 * scans stop inside the array; both stop on ties, which splits them evenly.
 */
static size_t
partition(double *x, size_t n)
{
	double pivot = choose_pivot(x, n);
	size_t i = 0;
	size_t j = n - 1;

	for (;;)
	{
		while (x[i] > pivot)
			i++;
		while (x[j] < pivot)
			j--;
		if (i >= j)
			break;
		swap(&x[i++], &x[j--]);
	}
	/* i == j can only be on the pivot's value, which may stand on either side */
	if (i == j)
		i++;
	return i < n ? i : n - 1;
}

/* How many bad cuts a range may take: two for each halving. */
static int
cut_allowance(size_t n)
{
	int cuts = 8;

	for (; n > 1; n /= 2)
		cuts += 2;
	return cuts;
}

McStatus
mc_select_largest(double *x, size_t n, size_t k, const McPoll *poll)
{
	int cuts = cut_allowance(n);

	while (n > SHORT_RANGE)
	{
		size_t first;

		if (cuts-- == 0)
			return heap_sort(x, n, poll);
		if (n >= MC_POLL_STEPS && mc_poll_stop(poll))
			return MC_STOPPED;
		first = partition(x, n);
		if (k <= first)
			n = first;
		else
		{
			x += first;
			n -= first;
			k -= first;
		}
	}
	insertion_sort(x, n);
	return MC_OK;
}

McStatus
mc_sort_descending(double *x, size_t n, const McPoll *poll)
{
	struct
	{
		double *x;
		size_t n;
		int cuts;
	} stack[64], range = {x, n, cut_allowance(n)}; /* the shorter part is taken first */
	int waiting = 0;

	for (;;)
	{
		while (range.n > SHORT_RANGE && range.cuts > 0)
		{
			size_t first;

			if (range.n >= MC_POLL_STEPS && mc_poll_stop(poll))
				return MC_STOPPED;
			first = partition(range.x, range.n);
			range.cuts--;
			stack[waiting] = range;
			if (first < range.n - first)
			{
				stack[waiting].x += first;
				stack[waiting].n -= first;
				range.n = first;
			}
			else
			{
				stack[waiting].n = first;
				range.x += first;
				range.n -= first;
			}
			waiting++;
		}
		if (range.n <= SHORT_RANGE)
			insertion_sort(range.x, range.n);
		else if (heap_sort(range.x, range.n, poll) != MC_OK)
			return MC_STOPPED;
		if (waiting == 0)
			return MC_OK;
		range = stack[--waiting];
	}
}
