/*
 * test_stress_window.c
 *	  The most volatile window beside a search of all windows in long double.
 */
#include "kernel/stress_window.h"
#include "unit.h"

#define N 500

static double scratch[N];

static size_t
brute_force(const double *r, size_t n, size_t width)
{
	long double largest = 0;
	size_t best = 0;

	for (int pass = 0; pass < 2; pass++)
	{
		for (size_t start = 0; start + width <= n; start++)
		{
			long double sum = 0;

			for (size_t i = start; i < start + width; i++)
				sum += (long double) r[i] * r[i];
			if (pass == 0 && sum > largest)
				largest = sum;
			if (pass == 1 && sum >= largest * (1 - 1e-12L))
				best = start;
		}
	}
	return best;
}

static void
test_random(void)
{
	UnitRandom random = {5};
	double r[N];
	int wrong = 0;

	for (int round = 0; round < 300; round++)
	{
		size_t n = 1 + (size_t) ((N - 1) * unit_uniform(&random));
		size_t width = 1 + (size_t) ((double) (n - 1) * unit_uniform(&random));
		size_t start = n;

		/* a few distinct sizes, so that ties are common; sometimes none */
		for (size_t i = 0; i < n; i++)
			r[i] = round % 2 ? unit_normal(&random)
			                 : 0.1 * (int) (3 * unit_uniform(&random)) * (i % 2 ? 1 : -1);
		if (mc_stress_window(r, n, width, scratch, &start, NULL) != MC_OK ||
		    start != brute_force(r, n, width))
			wrong++;
	}
	check(wrong == 0, "300 random histories and widths agree with a full search, ties included");
}

void
test_stress_window(void)
{
	double spike[] = {0, 1e8, 0.01, 0.02, 0.03, 0.01, 0, 0};
	double flat[] = {0.1, -0.1, 0.1, -0.1, 0.1, -0.1, 0.1};
	double nothing[5] = {0};
	size_t start;

	mc_stress_window(spike, 8, 2, scratch, &start, NULL);
	check(start == 1, "the spike and what follows it");
	mc_stress_window(spike + 2, 6, 2, scratch, &start, NULL);
	check(start == 1, "after the spike: 0.02 and 0.03");
	mc_stress_window(flat, 7, 3, scratch, &start, NULL);
	check(start == 4, "equal windows: the latest");
	mc_stress_window(nothing, 5, 2, scratch, &start, NULL);
	check(start == 3, "no move at all: the latest");
	mc_stress_window(flat, 7, 7, scratch, &start, NULL);
	check(start == 0, "the whole history");
	test_random();
}
