/*
 * test_select.c
 *	  The order that makes every cut of a selection or a sort a bad one.
 */
#include <stdlib.h>
#include <string.h>

#include "kernel/select.h"
#include "unit.h"

static int
descending(const void *a, const void *b)
{
	double x = *(const double *) a;
	double y = *(const double *) b;

	return (x < y) - (x > y);
}

static bool
count_polls(void *arg)
{
	++*(size_t *) arg;
	return false;
}

/*
 * Values that make every one of the first `cuts` partitions a bad one: the pivot, a median of
 * medians of three at the eighths of the range, is always its fourth largest value.  A value is
 * chosen when its place is first looked at (M. D. McIlroy, "A killer adversary for quicksort",
 * Softw. Pract. Exper. 29 (1999)); the partition is followed to know whose place it is.
 */
static void
make_killer(double *x, size_t n, size_t cuts)
{
	static const size_t eighth[] = {0, 1, 3, 4}; /* two of the first triple, two of the second */
	size_t *at = malloc(n * sizeof(size_t));     /* which element of x stands where */
	double next = 2.0 * (double) n;
	size_t from = 0;

	/* all below whatever is chosen, and no two alike */
	for (size_t i = 0; i < n; i++)
	{
		at[i] = i;
		x[i] = (double) ((i * 7919) % n);
	}
	for (size_t cut = 0; cut < cuts; cut++, from += 4)
	{
		size_t i = from;
		size_t j = n - 1;
		double pivot;

		for (size_t k = 0; k < 4; k++)
			x[at[from + eighth[k] * ((n - from) / 8)]] = next--;
		pivot = next + 1;
		for (;; i++, j--)
		{
			size_t t;

			while (x[at[i]] > pivot)
				i++;
			while (x[at[j]] < pivot)
				j--;
			if (i >= j)
				break;
			t = at[i];
			at[i] = at[j];
			at[j] = t;
		}
	}
	free(at);
}

/* After 8 bad cuts and two for each halving the rest goes to the heap. */
void
test_select(void)
{
	const size_t n = 67000; /* 16 halvings; long enough to poll at every one of the 100 cuts */
	const size_t allowed = 8 + 2 * 16;
	const size_t heap = 2; /* polls of a heap sort: when it has built the heap, at 65,536 left */
	double *x = malloc(n * sizeof(double));
	double *sorted = malloc(n * sizeof(double));
	double *copy = malloc(n * sizeof(double));
	size_t polls = 0;
	McPoll poll = {count_polls, &polls};

	make_killer(x, n, 100);
	memcpy(sorted, x, n * sizeof(double));
	qsort(sorted, n, sizeof(double), descending);
	memcpy(copy, x, n * sizeof(double));
	check(mc_select_largest(copy, n, n, &poll) == MC_OK && copy[n - 1] == sorted[n - 1],
	      "selection from an order that always cuts off four values");
	check(polls == allowed + heap, "leaves it to the heap after 40 cuts (%zu polls)", polls);
	memcpy(copy, x, n * sizeof(double));
	polls = 0;
	check(mc_sort_descending(copy, n, &poll) == MC_OK &&
	          memcmp(copy, sorted, n * sizeof(double)) == 0,
	      "sorting that order");
	check(polls == allowed + heap, "leaves it to the heap after 40 cuts (%zu polls)", polls);
	free(x);
	free(sorted);
	free(copy);
}
