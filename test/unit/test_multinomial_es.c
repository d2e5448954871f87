/*
 * test_multinomial_es.c
 *	  Multinomial tests by hand, one level beside Kupiec's test, cells of PIT values, empty cells.
 */
#include <math.h>

#include "kernel/exceptions.h"
#include "kernel/multinomial_es.h"
#include "unit.h"

/* c = 0.96, 2 levels, 100 observations: expected 96, 2, 2 */
static void
by_hand(void)
{
	static const size_t counts[] = {93, 3, 4};
	McTest pearson = mc_multinomial_pearson(counts, 2, 0.96);
	McTest nass = mc_multinomial_nass(counts, 2, 0.96);
	McTest ratio = mc_multinomial_likelihood_ratio(counts, 2, 0.96);
	double want = 9.0 / 96 + 1.0 / 2 + 4.0 / 2;
	/* 2 * 2 - (4 + 8 + 1) / 100 + (1 / 0.96 + 50 + 50) / 100 */
	double variance = 4 - 0.13 + (1 / 0.96 + 100) / 100;

	check_close(pearson.statistic, want, 1e-13, "Pearson");
	check_close(pearson.p_value, exp(-want / 2), 1e-12, "its p-value, chi-squared (2)");
	check_close(nass.statistic, want * 4 / variance, 1e-13, "Nass");
	check_close(nass.degrees_of_freedom, 8 / variance, 1e-13, "its degrees of freedom");
	check_close(nass.p_value, gsl_cdf_chisq_Q(want * 4 / variance, 8 / variance), 1e-12,
	            "its p-value");
	check_close(ratio.statistic, 2 * (93 * log(93.0 / 96) + 3 * log(1.5) + 4 * log(2)), 1e-12,
	            "likelihood ratio");
	check(ratio.degrees_of_freedom == 2 && pearson.degrees_of_freedom == 2 &&
	          pearson.observations == 100 && ratio.observations == 100 && nass.observations == 100,
	      "degrees of freedom and observations");
}

static void
one_level(void)
{
	static const size_t counts[] = {246, 4};
	static const size_t none[] = {250, 0};
	static const size_t nothing[] = {0, 0};

	check_close(mc_multinomial_likelihood_ratio(counts, 1, 0.99).statistic,
	            mc_kupiec_test(4, 250, 0.99).statistic, 1e-12, "one level is Kupiec's test");
	check_close(mc_multinomial_likelihood_ratio(none, 1, 0.99).statistic, 5.0251679268, 1e-10,
	            "also without exceptions");
	check_close(mc_multinomial_pearson(counts, 1, 0.99).statistic, 2.25 / (250 * 0.01 * 0.99),
	            1e-12, "Pearson's is the squared normal score");
	check(mc_multinomial_pearson(nothing, 1, 0.99).status == MC_TEST_TOO_FEW &&
	          mc_multinomial_nass(nothing, 1, 0.99).status == MC_TEST_TOO_FEW &&
	          mc_multinomial_likelihood_ratio(nothing, 1, 0.99).status == MC_TEST_TOO_FEW,
	      "no observations");
	check(mc_multinomial_pearson(nothing, 1, 0.99).observations == 0 &&
	          mc_multinomial_likelihood_ratio(nothing, 1, 0.99).observations == 0,
	      "and that is what they say");
}

static void
levels_and_cells(void)
{
	static const double pit[] = {0, 0.006249, 0.00625, 0.0125, 0.01249, 0.02499, 0.025, 0.5, 1};
	static const size_t cell[] = {4, 4, 3, 2, 3, 1, 0, 0, 0};
	int wrong = 0;

	for (int i = 0; i < 9; i++)
		wrong += mc_multinomial_cell(pit[i], 4, 0.975) != cell[i];
	check(wrong == 0, "cells of PIT values at 4 levels from 0.975");
	check(mc_multinomial_level(0.975, 4, 1) == 0.975, "the first level is the confidence");
	check_close(mc_multinomial_level(0.975, 4, 4), 0.99375, 1e-15, "the last of four");
}

void
test_multinomial_es(void)
{
	by_hand();
	one_level();
	levels_and_cells();
}
