/*
 * test_nearest_correlation.c
 *	  Higham's example, and the conditions that only the nearest matrix fulfils.
 */
#include <math.h>
#include <string.h>

#include "kernel/nearest_correlation.h"
#include "kernel/rank_update.h"
#include "kernel/symmetric_eigen.h"
#include "unit.h"

#define MOST 12
#define SIZE (MOST * (MOST + 1) / 2)

static double work[4000];
static double values[MOST];
static double vectors[MOST * MOST];
static double eigen[MOST * MOST];

/* N. J. Higham (2002), section 5: 0.7607, 0.1573, distance 0.5278 */
static void
test_published(void)
{
	double a[] = {1, 1, 1, 0, 1, 1};
	int iterations;
	double distance;
	McStatus status = mc_nearest_correlation(a, 3, 1e-14, work, &iterations, NULL);

	check(status == MC_OK && iterations > 10, "Higham's example: %d iterations", iterations);
	distance = sqrt(2 * (2 * (1 - a[1]) * (1 - a[1]) + a[3] * a[3]));
	check_close(a[1], 0.7606898534022, 2e-13, "element 2, 1");
	check_close(a[3], 0.1572981061384, 2e-13, "element 3, 1");
	check_close(a[4], 0.7606898534022, 2e-13, "element 3, 2");
	check_close(distance, 0.5277904635818, 2e-13, "distance");
	check(a[0] == 1 && a[2] == 1 && a[5] == 1, "unit diagonal");
}

/*
 * X is nearest exactly when X is a correlation matrix and A = X + D + Z with D diagonal and Z negative
 * semidefinite, Z X = 0 (Higham 2002, theorem 2.2).  Returns the largest violation.
 */
static double
violation(const double *a, const double *x, size_t k)
{
	double z[SIZE] = {0};
	double worst = 0;
	double trace = 0;

	/* the diagonal that makes (Z X)_ii = 0, where X_ii = 1 */
	for (size_t i = 0; i < k; i++)
	{
		double sum = 0;

		for (size_t j = 0; j < k; j++)
			if (j != i)
			{
				size_t at = i > j ? mc_triangle_row(i) + j : mc_triangle_row(j) + i;

				z[at] = a[at] - x[at];
				sum += z[at] * x[at];
			}
		z[mc_triangle_row(i) + i] = -sum;
	}
	mc_symmetric_eigen(z, k, values, vectors, eigen);
	worst = fmax(worst, values[0]);
	for (size_t i = 0; i < k; i++)
		for (size_t j = 0; j < k; j++)
		{
			double sum = 0;

			for (size_t l = 0; l < k; l++)
				sum += z[i >= l ? mc_triangle_row(i) + l : mc_triangle_row(l) + i] *
				       x[j >= l ? mc_triangle_row(j) + l : mc_triangle_row(l) + j];
			worst = fmax(worst, fabs(sum));
		}
	mc_symmetric_eigen(x, k, values, vectors, eigen);
	worst = fmax(worst, -values[k - 1]);
	for (size_t i = 0; i < k; i++)
		trace += fabs(x[mc_triangle_row(i) + i] - 1);
	return fmax(worst, trace);
}

static void
test_conditions(void)
{
	UnitRandom random = {77};
	double worst = 0;
	double worst_loose = 0;

	for (size_t k = 1; k <= MOST; k++)
		for (int rep = 0; rep < 3; rep++)
		{
			double a[SIZE];
			double x[SIZE];
			int iterations;

			for (size_t i = 0; i < k; i++)
				for (size_t j = 0; j <= i; j++)
					a[mc_triangle_row(i) + j] = i == j     ? (rep == 1 ? 2 : 1)
					                            : rep == 2 ? 0.9 + 0.2 * unit_uniform(&random)
					                                       : 2 * unit_uniform(&random) - 1;
			memcpy(x, a, sizeof(a));
			mc_nearest_correlation(x, k, 1e-13, work, &iterations, NULL);
			worst = fmax(worst, iterations == 0 ? 1 : violation(a, x, k));
			memcpy(x, a, sizeof(a));
			mc_nearest_correlation(x, k, 1e-6, work, &iterations, NULL);
			worst_loose = fmax(worst_loose, iterations == 0 ? 1 : violation(a, x, k));
		}
	check(worst < 1e-10, "conditions of the nearest: violated by %.2g", worst);
	check(worst_loose > worst && worst_loose < 1e-3, "with a loose tolerance by %.2g", worst_loose);
}

/* nothing is expected of the work space, and nothing written behind it */
static void
test_work(void)
{
	double a[] = {1, 0.9, 1, -0.9, 0.9, 1, 0.5, 0.5, -0.8, 1};
	size_t size = mc_nearest_worksize(4);
	bool untouched = true;
	bool same = true;
	double first = 0;

	for (size_t offset = 0; offset < 8; offset++)
	{
		double x[10];
		int iterations;

		memcpy(x, a, sizeof(a));
		for (size_t i = 0; i < size + 8; i++)
			work[offset + i] = NAN;
		mc_nearest_correlation(x, 4, 1e-12, work + offset, &iterations, NULL);
		for (size_t i = 0; i < 8; i++)
			untouched &= isnan(work[offset + size + i]);
		if (offset == 0)
			first = x[6];
		same &= iterations > 0 && x[6] == first;
	}
	check(untouched && same, "the work space may hold anything, and is large enough");
	check(size == 40 + 4 + 16 + 16 + 64 + 8, "and no larger");
}

static bool
stop(void *arg __attribute__((unused)))
{
	return true;
}

/* Nothing is left of a matrix without a positive eigenvalue but the diagonal. */
static void
test_nothing(void)
{
	for (int i = 0; i < 2; i++)
	{
		double a[] = {-i, 0, -i};
		int iterations;

		mc_nearest_correlation(a, 2, 1e-10, work, &iterations, NULL);
		check(iterations > 0 && a[0] == 1 && a[1] == 0 && a[2] == 1, "nearest to %d times one", -i);
	}
}

void
test_nearest_correlation(void)
{
	const McPoll poll = {stop, NULL};
	double a[] = {1, 1, 1, 0, 1, 1};
	double hopeless[] = {0, 0, 0};
	double before[6];
	int iterations;

	check(mc_nearest_worksize(MOST) < sizeof(work) / sizeof(work[0]), "work space");
	test_work();
	test_published();
	test_conditions();
	check(mc_nearest_correlation(a, 3, 1e-10, work, &iterations, &poll) == MC_STOPPED,
	      "a cancel stops");
	memcpy(before, a, sizeof(a));
	mc_nearest_correlation(a, 3, 0, work, &iterations, NULL);
	check(iterations >= 0, "a tolerance of 0 ends");
	mc_nearest_correlation(hopeless, 2, 1e-10, work, &iterations, NULL);
	check(iterations == 0 || hopeless[0] == 1, "a matrix of 0 ends");
	test_nothing();
}
