/*
 * multinomial_es.c
 *	  Implicit backtest of expected shortfall: exceptions at N levels of value at risk at once.
 *
 * M. Kratz, Y. H. Lok, A. J. McNeil, "Multinomial VaR backtests: a simple implicit approach to
 * backtesting expected shortfall", J. Banking & Finance 88 (2018) 393-407, section 3.  With cells
 * of probability q_0 = c and q_j = (1 - c) / N and counts O_j of n observations
 *
 *	  S = sum (O_j - n q_j)^2 / (n q_j)						  chi-squared (N)
 *	  Nass: a S, a = 2 E(S) / var(S), E(S) = N,				  chi-squared (a N)
 *			var(S) = 2 N - (N^2 + 4 N + 1) / n + sum(1 / q_j) / n
 *	  G = 2 sum O_j log(O_j / (n q_j))						  chi-squared (N)
 *
 * Nass's correction holds its level best when expected counts are small.
 */
#include "exceptions.h"
#include "multinomial_es.h"

double
mc_multinomial_level(double confidence, size_t levels, size_t j)
{
	return 1 - mc_exception_probability(confidence) * (double) (levels - j + 1) / (double) levels;
}

size_t
mc_multinomial_cell(double pit, size_t levels, double confidence)
{
	double p = mc_exception_probability(confidence);
	size_t cell = 0;

	/* 1 - level, without its rounding */
	while (cell < levels && pit < p * (double) (levels - cell) / (double) levels)
		cell++;
	return cell;
}

static double
cell_probability(size_t j, size_t levels, double confidence)
{
	return j == 0 ? confidence : mc_exception_probability(confidence) / (double) levels;
}

static size_t
total(const size_t *counts, size_t levels)
{
	size_t n = 0;

	for (size_t j = 0; j <= levels; j++)
		n += counts[j];
	return n;
}

McTest
mc_multinomial_pearson(const size_t *counts, size_t levels, double confidence)
{
	size_t n = total(counts, levels);
	double sum = 0;

	if (n == 0)
		return mc_no_test(MC_TEST_TOO_FEW, 0);
	for (size_t j = 0; j <= levels; j++)
	{
		double expected = (double) n * cell_probability(j, levels, confidence);

		sum += ((double) counts[j] - expected) * ((double) counts[j] - expected) / expected;
	}
	return mc_chi_squared_test(sum, (double) levels, n);
}

McTest
mc_multinomial_nass(const size_t *counts, size_t levels, double confidence)
{
	McTest pearson = mc_multinomial_pearson(counts, levels, confidence);
	double n = (double) pearson.observations;
	double cells = (double) levels;
	double inverses = 0;
	double variance;
	double factor;

	if (!mc_test_usable(&pearson))
		return pearson;
	for (size_t j = 0; j <= levels; j++)
		inverses += 1 / cell_probability(j, levels, confidence);
	variance = 2 * cells - (cells * cells + 4 * cells + 1) / n + inverses / n;
	factor = variance == 0 ? INFINITY : 2 * cells / variance;
	return mc_chi_squared_test(factor * pearson.statistic, factor * cells, pearson.observations);
}

McTest
mc_multinomial_likelihood_ratio(const size_t *counts, size_t levels, double confidence)
{
	size_t n = total(counts, levels);
	double sum = 0;

	if (n == 0)
		return mc_no_test(MC_TEST_TOO_FEW, 0);
	for (size_t j = 0; j <= levels; j++)
	{
		double expected = (double) n * cell_probability(j, levels, confidence);

		if (counts[j] > 0)
			sum += 2 * (double) counts[j] * log((double) counts[j] / expected);
	}
	return mc_chi_squared_test(sum, (double) levels, n);
}
