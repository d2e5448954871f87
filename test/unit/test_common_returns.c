/*
 * test_common_returns.c
 *	  Returns between common times, by hand and beside a full join.
 */
#include <math.h>
#include <string.h>

#include "kernel/common_returns.h"
#include "unit.h"

#define N 200

static void
test_by_hand(void)
{
	const int64_t ta[] = {1, 2, 4, 5, 9};
	const double pa[] = {10, 11, 12, 6, 24};
	const int64_t tb[] = {0, 2, 3, 5, 9, 10};
	const double pb[] = {1, 2, 3, 4, 2, 7};
	McAlignSeries a = {ta, pa, 5, 0};
	McAlignSeries b = {tb, pb, 6, 0};
	McAlignSeries none = {tb + 5, pb + 5, 1, 0};
	double x[5];
	double y[5];

	/* common times 2, 5, 9 */
	check(mc_common_returns(&a, &b, 5, x, y) == 2, "three common times, two returns");
	check_close(x[0], log(6.0 / 11), 1e-15, "from 2 to 5");
	check_close(y[0], log(2.0), 1e-15, "of both");
	check_close(x[1], log(4.0), 1e-15, "from 5 to 9");
	check_close(y[1], -log(2.0), 1e-15, "of both");
	check(mc_common_returns(&a, &b, 1, x, y) == 1, "the latest alone");
	check_close(x[0], log(4.0), 1e-15, "is that from 5 to 9");
	check(mc_common_returns(&a, &none, 5, x, y) == 0, "no common time");
	a.n = 0;
	check(mc_common_returns(&a, &b, 5, x, y) == 0, "an empty series");
}

/* the same by a loop over all pairs of rows, forwards */
static size_t
join(const McAlignSeries *a, const McAlignSeries *b, size_t most, double *x, double *y)
{
	double all_x[N];
	double all_y[N];
	size_t n = 0;
	size_t last_i = N;
	size_t last_j = N;

	for (size_t i = 0; i < a->n; i++)
		for (size_t j = 0; j < b->n; j++)
			if (a->ts[i] == b->ts[j])
			{
				if (last_i < N)
				{
					all_x[n] = log(a->price[i] / a->price[last_i]);
					all_y[n++] = log(b->price[j] / b->price[last_j]);
				}
				last_i = i;
				last_j = j;
			}
	most = n < most ? n : most;
	memcpy(x, all_x + n - most, most * sizeof(double));
	memcpy(y, all_y + n - most, most * sizeof(double));
	return most;
}

void
test_common_returns(void)
{
	UnitRandom random = {3};
	int wrong = 0;

	test_by_hand();
	for (int round = 0; round < 200; round++)
	{
		int64_t ts[2][N];
		double price[2][N];
		McAlignSeries s[2];
		double x[N];
		double y[N];
		double wx[N];
		double wy[N];
		size_t most = 1 + (size_t) (N * unit_uniform(&random)) % N;
		size_t n;

		for (int k = 0; k < 2; k++)
		{
			size_t rows = (size_t) (N * unit_uniform(&random));
			int64_t now = 0;

			for (size_t i = 0; i < rows; i++)
			{
				now += 1 + (int64_t) (3 * unit_uniform(&random));
				ts[k][i] = now;
				price[k][i] = exp(unit_normal(&random));
			}
			s[k] = (McAlignSeries){ts[k], price[k], rows, 0};
		}
		n = mc_common_returns(&s[0], &s[1], most, x, y);
		if (n != join(&s[0], &s[1], most, wx, wy))
			wrong++;
		else
			for (size_t i = 0; i < n; i++)
				wrong += fabs(x[i] - wx[i]) > 1e-14 || fabs(y[i] - wy[i]) > 1e-14;
	}
	check(wrong == 0, "200 pairs of series agree with a full join: %d differ", wrong);
}
