/*
 * test_definite.c
 *	  Certificate, repair and factor against eigenvalues in long double arithmetic.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/definite.h"
#include "unit.h"
#include "wide.h"

#define MOST 40
#define SIZE (MOST * (MOST + 1) / 2)

static double matrix[SIZE];
static double work[SIZE + MOST * 2 + MC_RANK * MOST + 8 + MC_RANK * 8];

/* Is the matrix positive semidefinite?  A = L D L' in 113 bits; a pivot of 0 has a column of 0. */
static bool
wide_definite(const double *a, size_t k)
{
	static Wide l[MOST][MOST];
	Wide d[MOST];

	for (size_t j = 0; j < k; j++)
	{
		Wide own = a[mc_triangle_row(j) + j];

		for (size_t i = j; i < k; i++)
		{
			Wide sum = a[mc_triangle_row(i) + j];

			for (size_t q = 0; q < j; q++)
				sum -= l[i][q] * l[j][q] * d[q];
			if (i == j)
				d[j] = sum > own * 1e-28 ? sum : 0;
			if (i == j && sum < own * -1e-28)
				return false;
			l[i][j] = d[j] > 0 ? sum / d[j] : 0;
		}
	}
	return true;
}

/* the Gram matrix of n rows of k random series, `rank` of which are independent */
static void
gram(size_t k, size_t n, size_t rank, unsigned long long seed)
{
	UnitRandom random = {seed};
	static double x[200][MOST];

	for (size_t t = 0; t < n; t++)
		for (size_t i = 0; i < k; i++)
			x[t][i] = i < rank ? unit_normal(&random) * pow(10, (double) (i % 7) - 3)
			                   : x[t][i % rank] / 3 + x[t][(i + 1) % rank] * 0.7;
	for (size_t i = 0; i < k; i++)
		for (size_t j = 0; j <= i; j++)
		{
			double sum = 0;

			for (size_t t = 0; t < n; t++)
				sum += x[t][i] * x[t][j];
			matrix[mc_triangle_row(i) + j] = sum;
		}
}

static void
test_repair(void)
{
	int wrong = 0;
	int repaired = 0;
	double largest = 0;
	double moved = 0;

	for (size_t k = 1; k <= MOST; k++)
		for (size_t n = 1; n <= 2 * k && n <= 60; n += 1 + k / 4)
		{
			double before[SIZE];
			double shrunk;
			size_t rank = n % 3 == 0 && k > 3 ? k / 2 : k;

			gram(k, n, rank, 1000 * k + n);
			memcpy(before, matrix, sizeof(before));
			wrong += mc_make_definite(matrix, k, work, &shrunk, NULL) != MC_OK;
			wrong += !wide_definite(matrix, k);
			repaired += shrunk > 0;
			largest = fmax(largest, shrunk / (((double) k + 3) * ((double) k + 3) * 0x1p-53));
			for (size_t i = 0; i < k; i++)
				for (size_t j = 0; j <= i; j++)
				{
					size_t at = mc_triangle_row(i) + j;

					if (i == j ? matrix[at] != before[at] : shrunk == 0 && matrix[at] != before[at])
						wrong++;
					if (before[at] != 0)
						moved = fmax(moved, fabs(matrix[at] / before[at] - 1) - shrunk);
				}
			/* once more: what is certified stays */
			memcpy(before, matrix, sizeof(before));
			mc_make_definite(matrix, k, work, &shrunk, NULL);
			wrong += shrunk != 0 || memcmp(before, matrix, sizeof(before)) != 0;
		}
	check(wrong == 0 && repaired > 50, "%d singular matrices become definite, the others stay",
	      repaired);
	check(largest > 2.49 && largest < 2.51, "rounding is repaired by %.3g t", largest);
	check(moved < 1e-15, "every covariance by as much");
}

static void
test_twins(void)
{
	/* series 0, its double, its negative, and another; then 0.3 times series 0 in its place */
	double twins[] = {2, 4, 8, -2, -4, 2, 0.5, 1, -0.5, 3};
	double zero[] = {0, 0, 5, 0, 1, 2};
	double indefinite[] = {1, 0.9, 1, -0.9, 0.9, 1};
	double before[10];
	double shrunk;

	memcpy(before, twins, sizeof(twins));
	mc_make_definite(twins, 4, work, &shrunk, NULL);
	check(shrunk == 0 && memcmp(before, twins, sizeof(twins)) == 0,
	      "a series, its double and its negative are no reason to repair");
	twins[6] = 0.6;
	twins[7] = 1.2;
	twins[8] = -0.6;
	twins[9] = 0.18;
	mc_make_definite(twins, 4, work, &shrunk, NULL);
	check(shrunk > 0 && twins[1] == 4 && twins[3] == -2 && twins[4] == -4 && twins[6] < 0.6 &&
	          twins[7] == 2 * twins[6] && twins[8] == -twins[6],
	      "they stay multiples of each other in a repair");
	mc_make_definite(zero, 3, work, &shrunk, NULL);
	check(shrunk == 0 && zero[4] == 1, "a series without variance counts for nothing");
	mc_make_definite(indefinite, 3, work, &shrunk, NULL);
	check(shrunk > 0.4 && shrunk <= 1 && wide_definite(indefinite, 3) && indefinite[5] == 1,
	      "a matrix far from definite: shrunk by %.3g", shrunk);
	indefinite[1] = 0.9;
	indefinite[0] = 0;
	mc_make_definite(indefinite, 3, work, &shrunk, NULL);
	check(shrunk == 1 && indefinite[1] == 0, "a covariance of no variance: only the diagonal");
}

static void
test_answers(void)
{
	double higham[] = {1, 1, 1, 0, 1, 1};
	double ones[] = {1, 1, 1, 1, 1, 1};
	double edge[] = {1, 1 + 1e-15, 1};
	double beyond[] = {1, 1 + 1e-13, 1};
	double negative[] = {1, 0, -1e-300};
	double cross[] = {0, 1e-300, 1};
	double nan[] = {1, NAN, 1};
	double scaled[] = {1e-200, 0.5, 1e200};
	bool answer;

	mc_is_semidefinite(higham, 3, work, &answer, NULL);
	check(!answer, "Higham's example is not definite");
	mc_is_semidefinite(ones, 3, work, &answer, NULL);
	check(answer, "a matrix of ones is");
	mc_is_semidefinite(edge, 2, work, &answer, NULL);
	check(answer, "1 + 1e-15 is rounding");
	mc_is_semidefinite(beyond, 2, work, &answer, NULL);
	check(!answer, "1 + 1e-13 is not");
	mc_is_semidefinite(negative, 2, work, &answer, NULL);
	check(!answer, "a negative variance");
	mc_is_semidefinite(cross, 2, work, &answer, NULL);
	check(!answer, "a covariance of no variance");
	mc_is_semidefinite(nan, 2, work, &answer, NULL);
	check(!answer, "NaN");
	mc_is_semidefinite(scaled, 2, work, &answer, NULL);
	check(answer, "any scale");
}

static void
test_cholesky(void)
{
	double worst = 0;
	bool answer;
	bool all = true;

	for (size_t k = 1; k <= MOST; k++)
	{
		double before[SIZE];

		gram(k, 3 * k, k % 3 == 0 ? k / 3 : k, k);
		memcpy(before, matrix, sizeof(before));
		mc_cholesky(matrix, k, work, &answer, NULL);
		all &= answer;
		for (size_t i = 0; i < k; i++)
			for (size_t j = 0; j <= i; j++)
			{
				Wide sum = 0;

				for (size_t q = 0; q <= j; q++)
					sum += (Wide) matrix[mc_triangle_row(i) + q] * matrix[mc_triangle_row(j) + q];
				worst = fmax(worst, fabs((double) sum - before[mc_triangle_row(i) + j]) /
				                        sqrt(before[mc_triangle_row(i) + i] *
				                             before[mc_triangle_row(j) + j]));
			}
	}
	check(all && worst < 1e-12, "L L' is the matrix, also of low rank: error %.2g", worst);
	matrix[0] = 1;
	matrix[1] = 2;
	matrix[2] = 1;
	mc_cholesky(matrix, 2, work, &answer, NULL);
	check(!answer, "no factor of an indefinite matrix");
	matrix[0] = 0;
	mc_cholesky(matrix, 2, work, &answer, NULL);
	check(!answer, "nor of a covariance without variance");
	matrix[0] = 0;
	matrix[1] = 0;
	matrix[2] = 4;
	mc_cholesky(matrix, 2, work, &answer, NULL);
	check(answer && matrix[0] == 0 && matrix[1] == 0 && matrix[2] == 2, "a row of 0");
	matrix[2] = -4;
	mc_cholesky(matrix, 2, work, &answer, NULL);
	check(!answer, "nor of a negative variance");
}

/* nothing is written behind the work space, whatever its alignment */
static void
test_bounds(void)
{
	size_t size = mc_definite_worksize(21);
	bool untouched = true;

	for (size_t offset = 0; offset < 8; offset++)
	{
		double shrunk;

		gram(21, 30, 21, 5);
		for (size_t i = 0; i < MC_RANK; i++)
			work[offset + size + i] = 42;
		mc_make_definite(matrix, 21, work + offset, &shrunk, NULL);
		for (size_t i = 0; i < MC_RANK; i++)
			untouched &= work[offset + size + i] == 42;
	}
	check(untouched, "nothing is written behind it");
}

static bool
stop(void *arg __attribute__((unused)))
{
	return true;
}

void
test_definite(void)
{
	const McPoll poll = {stop, NULL};
	double shrunk;
	bool answer;

	check(mc_definite_worksize(10) == 55 + 20 + MC_RANK * 16 + 8, "work space");
	check(mc_definite_worksize(MOST) <= sizeof(work) / sizeof(work[0]), "as much as there is");
	test_bounds();
	test_repair();
	test_twins();
	test_answers();
	test_cholesky();
	gram(20, 30, 20, 5);
	check(mc_make_definite(matrix, 20, work, &shrunk, &poll) == MC_STOPPED &&
	          mc_is_semidefinite(matrix, 20, work, &answer, &poll) == MC_STOPPED &&
	          mc_cholesky(matrix, 20, work, &answer, &poll) == MC_STOPPED,
	      "a cancel stops");
}
