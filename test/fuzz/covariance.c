/*
 * covariance.c
 *	  Fuzz target: means and comoments of rows, in one piece and merged from parts, beside two passes in
 *	  long double; correlations of them.
 */
#include "fuzz.h"
#include "kernel/covariance.h"

#define MOST_SERIES 5

typedef struct Part
{
	McCovariance sums;
	double *space;
} Part;

static Part
empty_part(size_t k)
{
	size_t triangle = mc_triangle_size(k);
	size_t block = mc_rank_size(MC_COVARIANCE_WAIT, k);
	Part part = {.space = array(2 * k + 3 * triangle + block, sizeof(double))};

	memset(part.space, 0, (2 * k + 3 * triangle + block) * sizeof(double));
	part.sums = (McCovariance){.series = k};
	part.sums.mean = part.space;
	part.sums.rest = part.space + k;
	part.sums.pending = part.sums.rest + k;
	part.sums.high = part.sums.pending + triangle;
	part.sums.low = part.sums.high + triangle;
	part.sums.block = mc_rank_aligned(part.sums.low + triangle);
	return part;
}

static void
add_row(Part *part, const double *row)
{
	if (mc_covariance_full(&part->sums))
		mc_covariance_flush(&part->sums);
	mc_covariance_add(&part->sums, row);
}

static void
merge_part(Part *to, const Part *from)
{
	double *comoments = array(mc_triangle_size(from->sums.series), sizeof(double));

	mc_covariance_comoments(&from->sums, comoments);
	if (mc_covariance_full(&to->sums))
		mc_covariance_flush(&to->sums);
	if (from->sums.rows > 0)
		mc_covariance_merge(&to->sums, from->sums.rows, from->sums.mean, from->sums.rest,
		                    comoments);
	free(comoments);
}

/* the comoments of series i and j, and the scale of their error */
static long double
brute(const double *rows, size_t n, size_t k, size_t i, size_t j)
{
	long double mean_i = 0;
	long double mean_j = 0;
	long double sum = 0;

	for (size_t t = 0; t < n; t++)
	{
		mean_i += (long double) rows[t * k + i] / n;
		mean_j += (long double) rows[t * k + j] / n;
	}
	for (size_t t = 0; t < n; t++)
		sum += (rows[t * k + i] - mean_i) * (rows[t * k + j] - mean_j);
	return sum;
}

static void
check_correlations(double *matrix, const double *mean, size_t k)
{
	double deviation[MOST_SERIES];

	mc_covariance_correlate(matrix, k, deviation);
	for (size_t i = 0; i < k; i++)
		for (size_t j = 0; j <= i; j++)
		{
			double r = matrix[mc_triangle_row(i) + j];

			if (isnan(mean[i]) || isnan(mean[j]))
				continue;
			CHECK(r >= -1 && r <= 1, "correlation %.17g", r);
			CHECK(i != j || r == (deviation[i] > 0 ? 1 : 0) || r == 1, "diagonal %.17g", r);
		}
}

static void
check_part(const Part *part, const double *rows, size_t n, bool mild)
{
	size_t k = part->sums.series;
	double *matrix = array(mc_triangle_size(k), sizeof(double));
	bool bad[MOST_SERIES] = {false};

	for (size_t t = 0; t < n * k; t++)
		bad[t % k] = bad[t % k] || !isfinite(rows[t]);
	mc_covariance_comoments(&part->sums, matrix);
	CHECK(part->sums.rows == (double) n, "rows %g", part->sums.rows);
	for (size_t i = 0; i < k; i++)
	{
		CHECK(!bad[i] || isnan(part->sums.mean[i]), "the mean of series %zu is not NaN", i);
		for (size_t j = 0; j <= i; j++)
		{
			double got = matrix[mc_triangle_row(i) + j];
			long double scale;

			CHECK(!(bad[i] || bad[j]) || isnan(got), "comoment %zu %zu is not NaN", i, j);
			if (bad[i] || bad[j] || !mild)
				continue;
			/* a rounding of each value, and of the long double sums at their level */
			scale = sqrtl(brute(rows, n, k, i, i)) * sqrtl(brute(rows, n, k, j, j)) + 1e-13L;
			CHECK(close_to(got, brute(rows, n, k, i, j), scale, 1e-13),
			      "%zu %zu: %.17g, brute %.17Lg", i, j, got, brute(rows, n, k, i, j));
		}
	}
	if (n >= 2 && mc_covariance_scale(matrix, part->sums.mean, k, (double) n - 1) == MC_OK)
	{
		for (size_t i = 0; i < k; i++)
			for (size_t j = 0; j <= i; j++)
				CHECK(bad[i] || bad[j] || isfinite(matrix[mc_triangle_row(i) + j]), "scale: %g",
				      matrix[mc_triangle_row(i) + j]);
		check_correlations(matrix, part->sums.mean, k);
	}
	free(matrix);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Bytes b = {data, size};
	int kind = (int) take(&b, 1);
	size_t k = 1 + take(&b, 1) % MOST_SERIES;
	size_t cut = take(&b, 1);
	double *rows = array(size * k, sizeof(double));
	size_t n = 0;
	Part parts[3];

	while (b.left > 0)
	{
		for (size_t i = 0; i < k; i++)
			rows[n * k + i] = (kind & 64) && take(&b, 1) == 7 ? (take(&b, 1) & 1 ? NAN : -INFINITY)
			                                                  : take_finite(&b, kind);
		n++;
	}
	cut = n > 0 ? cut % (n + 1) : 0;
	for (int i = 0; i < 3; i++)
		parts[i] = empty_part(k);
	for (size_t t = 0; t < n; t++)
	{
		add_row(&parts[0], rows + t * k);
		add_row(&parts[t < cut ? 1 : 2], rows + t * k);
	}
	merge_part(&parts[1], &parts[2]);
	for (int i = 0; i < 2 && n > 0; i++)
		check_part(&parts[i], rows, n, (kind & 2) == 0);
	for (int i = 0; i < 3; i++)
		free(parts[i].space);
	free(rows);
	return 0;
}
