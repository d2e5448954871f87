/*
 * test_bounded_correlation.c
 *	  Matrices that do not fit together: the answer is definite and claims no more.
 */
#include <math.h>
#include <string.h>

#include "kernel/bounded_correlation.h"
#include "kernel/rank_update.h"
#include "kernel/symmetric_eigen.h"
#include "unit.h"

#define MOST 15
#define SIZE (MOST * (MOST + 1) / 2)

static double work[4000];

static double
smallest_eigenvalue(const double *a, size_t k)
{
	double values[MOST];
	double vectors[MOST * MOST];
	double eigen[MOST * MOST];

	mc_symmetric_eigen(a, k, values, vectors, eigen);
	return values[k - 1];
}

static void
test_random(void)
{
	UnitRandom random = {99};
	int wrong = 0;
	int changed = 0;
	double loss = 0;

	for (int round = 0; round < 200; round++)
	{
		size_t k = 1 + (size_t) (MOST * unit_uniform(&random));
		double a[SIZE];
		double b[SIZE];

		for (size_t i = 0; i < k; i++)
			for (size_t j = 0; j <= i; j++)
				a[mc_triangle_row(i) + j] = i == j                        ? 1
				                            : unit_uniform(&random) < 0.3 ? 0
				                            : round % 2 ? 1.6 * unit_uniform(&random) - 0.6
				                                        : 0.5 + 0.5 * unit_uniform(&random);
		memcpy(b, a, sizeof(a));
		if (mc_bounded_correlation(b, k, work, NULL) != MC_OK)
			wrong++;
		wrong += smallest_eigenvalue(b, k) < -1e-13;
		changed += memcmp(a, b, mc_triangle_row(k) * sizeof(double)) != 0;
		for (size_t i = 0; i < k; i++)
			for (size_t j = 0; j <= i; j++)
			{
				size_t at = mc_triangle_row(i) + j;

				wrong += i == j && b[at] != 1;
				wrong += fabs(b[at]) > fabs(a[at]) || a[at] * b[at] < 0;
				wrong += smallest_eigenvalue(a, k) > 1e-10 && a[at] != b[at];
				loss = fmax(loss, fabs(a[at]) - fabs(b[at]));
			}
	}
	check(wrong == 0, "200 matrices: definite, never more than was given: %d wrong", wrong);
	check(changed > 50, "most of them had to change: %d", changed);
	check(loss < 0.95, "and something is left: %g lost at most", loss);
}

/*
 * (1, r, r; r, 1, 0; r, 0, 1) has the eigenvalue 1 - r sqrt(2): whatever is done alike to both r, the most
 * that can stay of them is 1 / sqrt(2).
 */
static void
test_by_hand(void)
{
	double a[] = {1, 0.9, 1, 0.9, 0, 1};
	double fine[] = {1, 0.7, 1, 0.7, 0, 1};
	/* two long chains apart from each other: only one of them does not fit together */
	double apart[] = {1, 0.9, 1, 0.9, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0.8, 1};

	check(mc_bounded_worksize(MOST) < sizeof(work) / sizeof(work[0]), "work space");
	mc_bounded_correlation(a, 3, work, NULL);
	check_close(a[1], sqrt(0.5), 1e-12, "0.9 becomes 1 / sqrt(2)");
	check_close(a[3], sqrt(0.5), 1e-12, "and so does the other");
	check(a[4] == 0 && a[0] == 1, "0 stays 0");
	mc_bounded_correlation(fine, 3, work, NULL);
	check(fine[1] == 0.7 && fine[3] == 0.7 && fine[4] == 0, "what is definite stays");
	mc_bounded_correlation(apart, 5, work, NULL);
	check(apart[13] > 0.7, "what does not fit costs others little: %g left of 0.8", apart[13]);
	check(apart[13] <= 0.8, "and gives them nothing");
}

static bool
stop(void *arg __attribute__((unused)))
{
	return true;
}

void
test_bounded_correlation(void)
{
	const McPoll poll = {stop, NULL};
	double a[] = {1, 1, 1, 1, 0, 1};

	test_by_hand();
	test_random();
	check(mc_bounded_correlation(a, 3, work, &poll) == MC_STOPPED, "a cancel stops");
}
