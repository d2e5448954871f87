/*
 * tail.c
 *	  Fuzz target: VaR, ES and quantiles of a sample against a full sort.
 */
#include "fuzz.h"
#include "kernel/select.h"
#include "kernel/tail.h"

/* rank of VaR from the largest, 1 to n, by whole numbers: confidence is basis / 10000 */
static size_t
exact_var_rank(size_t n, long basis)
{
	size_t up = (n * (size_t) basis + 9999) / 10000; /* ceil(n c) */

	return n - up + 1;
}

/* mean of the tail in long double; the mass of decimal confidences is exact */
static long double
brute_es(const double *sorted, size_t n, long basis)
{
	long double mass = (long double) n * (10000 - basis) / 10000;
	size_t whole = (size_t) (n * (size_t) (10000 - basis) / 10000);
	long double sum = 0;

	for (size_t i = 0; i < whole; i++)
		sum += sorted[i] / mass;
	if (whole < n)
		sum += (mass - whole) * sorted[whole] / mass;
	return sum;
}

/* Hyndman and Fan (1996), with h = position from the smallest, counted from 1 */
static long double
brute_quantile(const double *sorted, size_t n, long basis, int type)
{
	long double p = basis / 10000.0L;
	long double h;
	long double weight;
	long low;

	if (type <= 3)
	{
		long at = (long) (n * (size_t) basis); /* n p in ten thousandths */
		long j = at / 10000;
		bool whole = at % 10000 == 0;

		if (type == 3)
		{
			/* nearest, half to even */
			long rest = at % 10000;

			j += rest > 5000 || (rest == 5000 && j % 2 == 1);
			j = j < 1 ? 1 : j > (long) n ? (long) n : j;
			return sorted[n - (size_t) j];
		}
		if (!whole)
			return sorted[n - (size_t) j - 1];
		if (type == 1 || j == (long) n)
			return sorted[n - (size_t) (j < 1 ? 1 : j)];
		return ((long double) sorted[n - (size_t) j] + sorted[n - (size_t) j - 1]) / 2;
	}
	if (type == 4)
		h = n * p;
	else if (type == 5)
		h = n * p + 0.5L;
	else if (type == 6)
		h = (n + 1) * p;
	else if (type == 7)
		h = (n - 1) * p + 1;
	else if (type == 8)
		h = (n + 1.0L / 3) * p + 1.0L / 3;
	else
		h = (n + 0.25L) * p + 3.0L / 8;
	if (h <= 1)
		return sorted[n - 1];
	if (h >= n)
		return sorted[0];
	low = (long) floorl(h);
	weight = h - low;
	return (1 - weight) * sorted[n - (size_t) low] + weight * sorted[n - (size_t) low - 1];
}

static void
check_quantiles(const double *sorted, size_t n, double confidence, long basis)
{
	static const char *const names[] = {"type1", "type2", "type3", "type4", "type5",
	                                    "type6", "type7", "type8", "type9"};
	long double scale = fmaxl(fabsl((long double) sorted[0]), fabsl((long double) sorted[n - 1]));

	for (int type = 1; type <= 9; type++)
	{
		McQuantileType named = mc_quantile_type(names[type - 1], 5);
		McQuantileRank rank = mc_quantile_rank(n, confidence, named);
		double quantile;

		CHECK((int) named == type, "%d", type);
		CHECK(rank.low >= 1 && rank.low <= n, "type %d n %zu low %zu", type, n, rank.low);
		CHECK(rank.high >= 1 && (rank.high == rank.low || rank.high + 1 == rank.low), "type %d",
		      type);
		CHECK(rank.weight >= 0 && rank.weight <= 1, "type %d weight %g", type, rank.weight);
		quantile = mc_quantile_between(sorted[rank.low - 1], sorted[rank.high - 1], &rank);
		CHECK(quantile >= sorted[n - 1] && quantile <= sorted[0], "type %d %g", type, quantile);
		if (basis)
		{
			long double brute = brute_quantile(sorted, n, basis, type);

			/* h is taken in double: an error of n ulps in the weight */
			CHECK(close_to(quantile, brute, scale, 1e-14 * (double) n),
			      "type %d n %zu basis %ld: %.17g %.17Lg", type, n, basis, quantile, brute);
		}
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Bytes b = {data, size};
	int kind = (int) take(&b, 1);
	long basis;
	double confidence = take_confidence(&b, &basis);
	size_t n = 0;
	double *pnl = array(size, sizeof(double));
	double *x;
	double *sorted;
	double *work;
	McTailRank rank;
	size_t depth;
	double var;
	double es;
	double again[2];
	bool infinite = false;

	while (b.left)
		pnl[n++] = (kind & 64) && take(&b, 1) == 7
		               ? ((infinite = true), INFINITY * (take(&b, 1) & 1 ? 1 : -1))
		               : take_finite(&b, kind);
	if (n == 0)
	{
		free(pnl);
		return 0;
	}
	x = array(n, sizeof(double));
	sorted = array(n, sizeof(double));
	for (size_t i = 0; i < n; i++)
	{
		x[i] = pnl[i];
		sorted[i] = -pnl[i];
	}
	qsort(sorted, n, sizeof(double), descending);

	rank = mc_tail_rank(n, confidence);
	CHECK(rank.n == n && rank.whole <= n - 1, "whole %zu of %zu", rank.whole, n);
	CHECK(rank.mass > 0 && rank.fraction >= 0 && rank.fraction <= 1, "mass %g fraction %g",
	      rank.mass, rank.fraction);
	CHECK(rank.var_rank >= 1 && rank.var_rank <= n, "rank %zu of %zu", rank.var_rank, n);
	if (basis)
		CHECK(rank.var_rank == exact_var_rank(n, basis), "n %zu basis %ld: rank %zu, exact %zu", n,
		      basis, rank.var_rank, exact_var_rank(n, basis));
	depth = mc_tail_depth(&rank);
	CHECK(depth >= 1 && depth <= n && mc_tail_worksize(depth) >= depth, "depth %zu of %zu", depth,
	      n);

	work = array(mc_tail_worksize(depth), sizeof(double));
	CHECK(mc_tail_largest(x, n, -1, depth, work, NULL) == MC_OK, "largest");
	CHECK(memcmp(x, pnl, n * sizeof(double)) == 0, "input was touched");
	for (size_t i = 0; i < depth; i++)
		CHECK(same(work[i], sorted[i]), "%zu of %zu: %g %g", i, depth, work[i], sorted[i]);
	mc_tail_measures(work, &rank, &var, &es);
	CHECK(same(var, sorted[rank.var_rank - 1]), "%g", var);
	if (!infinite)
	{
		CHECK(es >= var && es <= sorted[0] && isfinite(es),
		      "n %zu c %.17g: var %.17g es %.17g max %.17g", n, confidence, var, es, sorted[0]);
		if (basis)
		{
			/* the confidence itself is right to half an ulp only */
			long double scale =
			    fmaxl(fabsl((long double) sorted[0]), fabsl((long double) sorted[n - 1]));
			long double brute = brute_es(sorted, n, basis);

			CHECK(close_to(es, brute, scale, 1e-14), "n %zu basis %ld: es %.17g brute %.17Lg", n,
			      basis, es, brute);
		}
		check_quantiles(sorted, n, confidence, basis);
	}

	/* the order of arrival never matters, and neither does the way the largest are found */
	for (size_t i = 0; i < n; i++)
		x[i] = -pnl[n - 1 - i];
	CHECK(mc_tail_largest(x, n, 1, depth, work, NULL) == MC_OK, "largest");
	mc_tail_measures(work, &rank, &again[0], &again[1]);
	CHECK(same(again[0], var) && same(again[1], es), "%.17g %.17g reversed %.17g %.17g", var, es,
	      again[0], again[1]);
	CHECK(mc_tail_largest_in_place(x, n, depth, NULL) == MC_OK, "in place");
	mc_tail_measures(x, &rank, &again[0], &again[1]);
	CHECK(same(again[0], var) && same(again[1], es), "in place %.17g %.17g", again[0], again[1]);
	qsort(x, n, sizeof(double), descending);
	for (size_t i = 0; i < n; i++)
		CHECK(same(x[i], sorted[i]), "in place is no permutation at %zu", i);

	/* selection and sorting */
	for (size_t i = 0; i < n; i++)
		x[i] = -pnl[i];
	CHECK(mc_select_largest(x, n, depth, NULL) == MC_OK, "select");
	CHECK(same(x[depth - 1], sorted[depth - 1]), "select");
	for (size_t i = depth; i < n; i++)
		CHECK(x[i] <= x[depth - 1], "select");
	CHECK(mc_sort_descending(x, n, NULL) == MC_OK, "sort");
	for (size_t i = 0; i < n; i++)
		CHECK(same(x[i], sorted[i]), "sort at %zu", i);

	free(pnl);
	free(x);
	free(sorted);
	free(work);
	return 0;
}
