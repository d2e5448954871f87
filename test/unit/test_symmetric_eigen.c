/*
 * test_symmetric_eigen.c
 *	  Decompositions against the matrix they decompose.
 */
#include <math.h>

#include "kernel/rank_update.h"
#include "kernel/symmetric_eigen.h"
#include "unit.h"

#define MOST 30

static double a[MOST * (MOST + 1) / 2];
static double values[MOST];
static double vectors[MOST * MOST];
static double work[MOST * MOST];

/* largest error of V' A V = diag(values), V' V = I and the sign rule, at scale */
static double
residual(size_t k, double scale)
{
	double worst = 0;

	for (size_t v = 0; v < k; v++)
	{
		double largest = 0;

		for (size_t w = 0; w < k; w++)
		{
			double product = 0;
			double form = 0;

			for (size_t i = 0; i < k; i++)
			{
				product += vectors[v * k + i] * vectors[w * k + i];
				for (size_t j = 0; j < k; j++)
					form += vectors[v * k + i] * vectors[w * k + j] *
					        (a[i >= j ? mc_triangle_row(i) + j : mc_triangle_row(j) + i] / scale);
			}
			worst = fmax(worst, fabs(product - (v == w)));
			worst = fmax(worst, fabs(form - (v == w ? values[v] / scale : 0)));
		}
		for (size_t i = 0; i < k; i++)
			if (fabs(vectors[v * k + i]) > fabs(largest))
				largest = vectors[v * k + i];
		if (largest < 0 || (v > 0 && values[v] > values[v - 1]))
			worst = 1;
	}
	return worst;
}

void
test_symmetric_eigen(void)
{
	double scales[] = {1, 1e300, 1e-300};
	double known[] = {2, 1, 2};
	UnitRandom random = {9};

	for (int s = 0; s < 3; s++)
	{
		double worst = 0;
		bool done = true;

		for (size_t k = 1; k <= MOST; k++)
		{
			for (size_t i = 0; i < mc_triangle_row(k); i++)
				a[i] = scales[s] * unit_normal(&random);
			done &= mc_symmetric_eigen(a, k, values, vectors, work);
			worst = fmax(worst, residual(k, scales[s]));
		}
		check(done && worst < 1e-13, "scale %g: error %.2g", scales[s], worst);
	}
	mc_symmetric_eigen(known, 2, values, vectors, work);
	check_close(values[0], 3, 1e-15, "eigenvalue 3");
	check_close(values[1], 1, 1e-15, "eigenvalue 1");
	check_close(vectors[0], sqrt(0.5), 1e-15, "the vector of 3");
	check(vectors[0] > 0 && vectors[2] > 0, "of two elements as large, one is positive");
	known[0] = known[1] = known[2] = 0;
	check(mc_symmetric_eigen(known, 2, values, vectors, work) && values[0] == 0 && values[1] == 0,
	      "a matrix of 0");
	check(mc_eigen_worksize(MOST) == MOST * MOST, "work space");
}
