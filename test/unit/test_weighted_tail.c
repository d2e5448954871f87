/*
 * test_weighted_tail.c
 *	  Weighted VaR and ES beside repeated rows, a long double recomputation and published numbers.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/select.h"
#include "kernel/tail.h"
#include "kernel/weighted_tail.h"
#include "unit.h"

#define MOST 2000

/* valgrind calculates long doubles with the precision of doubles */
static double
slack(void)
{
	volatile long double one = 1;

	return one + 0x1p-60L == one ? 1000 : 1;
}

static McStatus
measure(const double *losses, const double *weights, size_t n, double confidence, double *var,
        double *es)
{
	double l[MOST];
	double w[MOST];

	memcpy(l, losses, n * sizeof(double));
	memcpy(w, weights, n * sizeof(double));
	return mc_weighted_tail(l, w, n, confidence, var, es, NULL);
}

static void
unweighted(const double *losses, size_t n, double confidence, double *var, double *es)
{
	double copy[MOST];
	McTailRank rank = mc_tail_rank(n, confidence);

	memcpy(copy, losses, n * sizeof(double));
	mc_tail_largest_in_place(copy, n, mc_tail_depth(&rank), NULL);
	mc_tail_measures(copy, &rank, var, es);
}

/* Equal weights of any size, and whole weights as repeated rows. */
static void
repeated_rows(void)
{
	static const double confidences[] = {0.01, 0.3, 0.5, 0.6, 0.75, 0.9, 0.95, 0.975, 0.99};
	static const double sizes[] = {1, 0.1, 1.0 / 3, 7e300, 5e-324, 1e-10};
	UnitRandom random = {21};
	int equal_wrong = 0;
	int var_wrong = 0;
	int es_wrong = 0;

	for (size_t n = 1; n <= 60; n++)
		for (int c = 0; c < 9; c++)
		{
			double losses[60];
			double weights[60];
			double rows[MOST];
			size_t count = 0;
			double var, es, want_var, want_es;

			for (size_t i = 0; i < n; i++)
			{
				losses[i] = floor(6 * unit_normal(&random)) + (n % 2 ? 0 : unit_normal(&random));
				weights[i] = sizes[c % 6];
			}
			unweighted(losses, n, confidences[c], &want_var, &want_es);
			measure(losses, weights, n, confidences[c], &var, &es);
			equal_wrong += var != want_var || es != want_es;
			for (size_t i = 0; i < n; i++)
			{
				int times = (int) (6 * unit_uniform(&random)) + (i == 0);

				weights[i] = times * 0.1;
				for (int k = 0; k < times; k++)
					rows[count++] = losses[i];
			}
			unweighted(rows, count, confidences[c], &want_var, &want_es);
			measure(losses, weights, n, confidences[c], &var, &es);
			var_wrong += var != want_var;
			es_wrong += fabs(es - want_es) > 2e-15 * (1 + fabs(want_es));
		}
	check(equal_wrong == 0, "equal weights give the digits of no weights: n <= 60");
	check(var_wrong == 0, "VaR of whole weights is that of repeated rows");
	check(es_wrong == 0, "and so is ES");
}

/* Weights of many sizes: the definition, walking down sorted pairs. */
static void
by_definition(void)
{
	UnitRandom random = {22};
	int wrong = 0;
	int order = 0;
	int above = 0;

	for (int trial = 0; trial < 400; trial++)
	{
		size_t n = 2 + (size_t) (300 * unit_uniform(&random));
		double confidence = trial % 2 ? unit_uniform(&random) : 0.99;
		double losses[302], weights[302], back_losses[302], back_weights[302], sorted[302];
		long double total = 0, left, sum = 0;
		double var, es, back_var, back_es;
		size_t k = 0;

		for (size_t i = 0; i < n; i++)
		{
			losses[i] = unit_normal(&random) + 1e-9 * (double) i;
			weights[i] = trial % 3 ? unit_uniform(&random) : exp(-10 * unit_uniform(&random));
			back_losses[n - 1 - i] = losses[i];
			back_weights[n - 1 - i] = weights[i];
			total += weights[i];
		}
		memcpy(sorted, losses, n * sizeof(double));
		mc_sort_descending(sorted, n, NULL);
		left = total * (1 - (long double) confidence);
		for (;; k++)
		{
			double weight = 0;

			for (size_t i = 0; i < n; i++)
				weight = losses[i] == sorted[k] ? weights[i] : weight;
			if (weight > left || k == n - 1)
				break;
			sum += (long double) weight * sorted[k];
			left -= weight;
		}
		sum += left * sorted[k];
		sum /= total * (1 - (long double) confidence);
		measure(losses, weights, n, confidence, &var, &es);
		wrong += var != sorted[k] ||
		         fabs(es - (double) sum) > 1e-15 * slack() * (1 + fabs((double) sum));
		above += var > es;
		measure(back_losses, back_weights, n, confidence, &back_var, &back_es);
		order += var != back_var || es != back_es;
	}
	check(wrong == 0, "VaR and ES are their definitions: 400 samples of weights");
	check(order == 0, "the other way round the digits are the same");
	check(above == 0, "VaR is never above ES");
}

/*
 * J. C. Hull, "Options, Futures, and Other Derivatives", weighting of observations: the losses of
 * 500 scenarios, lambda 0.995; only the three largest matter.
 */
static void
hull(void)
{
	static const int scenarios[] = {494, 339, 349, 329, 487};
	static const double losses[] = {477841, 345435, 282204, 277041, 253385};
	double l[500];
	double w[500];
	double var;
	double es;

	for (int i = 0; i < 500; i++)
		l[i] = -1000 - i;
	for (int k = 0; k < 5; k++)
		l[scenarios[k] - 1] = losses[k];
	mc_age_weights(w, 500, 0.995);
	check_close(w[499], 1, 0, "the newest weighs 1");
	check_close(w[493] * 0.005 / (1 - pow(0.995, 500)), 0.00528, 1e-3, "Hull: weight 0.00528");
	mc_weighted_tail(l, w, 500, 0.99, &var, &es, NULL);
	check(var == 282204 && fabs(es - 400914) < 0.5, "Hull: VaR 282,204 and ES 400,914");
}

static void
ages(void)
{
	double w[4000];
	int wrong = 0;

	mc_age_weights(w, 4000, 0.97);
	for (int age = 0; age < 4000; age++)
	{
		double want = (double) powl(0.97L + (0.97 - 0.97L), age);

		wrong +=
		    want >= 0x1p-90 ? !is_close(w[3999 - age], want, 4e-16 * slack()) : w[3999 - age] != 0;
	}
	check(wrong == 0, "decay^age to the last bit, and 0 below 2^-90");
	mc_age_weights(w, 3, 1);
	check(w[0] == 1 && w[1] == 1 && w[2] == 1, "decay 1: equal weights");
	mc_age_weights(w, 3, 5e-324);
	check(w[0] == 0 && w[1] == 0 && w[2] == 1, "the smallest decay: only the newest");
	mc_age_weights(w, 0, 0.5);
	w[0] = 7;
	mc_age_weights(w + 1, 1, 0.5);
	check(w[0] == 7 && w[1] == 1, "no row, one row");
}

/* Masses within rounding of a whole weight count as that weight, as n c does in tail.c. */
static void
rounding(void)
{
	double losses[10002];
	double weights[10002];
	double var;
	double es;

	/* the weights add up to 20,000, and 20,000 (1 - 0.9999) is 2 but for rounding */
	for (int i = 0; i < 10002; i++)
	{
		losses[i] = i < 2 ? 3 - 2 * i : i < 7 ? -1 : -2;
		weights[i] = i < 2 ? 1 : i == 7 ? 0 : 2;
	}
	mc_weighted_tail(losses, weights, 10002, 0.9999, &var, &es, NULL);
	check(var == -1 && es == 2, "a tail of a whole weight: ES (3 + 1) / 2");
	losses[0] = 1;
	losses[1] = 2;
	losses[2] = 3;
	weights[0] = 1e-200;
	weights[1] = 3;
	weights[2] = 1;
	mc_weighted_tail(losses, weights, 3, 0.5, &var, &es, NULL);
	check(var == 2 && es == 2.5, "a first weight that is next to nothing");
}

static bool
always(void *arg)
{
	++*(size_t *) arg;
	return true;
}

static bool
third_time(void *arg)
{
	return ++*(size_t *) arg == 3;
}

static void
extremes(void)
{
	const double losses[] = {DBL_MAX, DBL_MAX, -DBL_MAX, 1};
	const double tiny[] = {5e-324, 1.5e-323, -5e-324, 0};
	const double weights[] = {1, 2, 3, 2};
	const double some[] = {0, 2, 0, 2};
	const double none[] = {0, 0, 0, 0};
	const double apart[] = {0, 1e300};
	const double least[] = {1, ldexp(1, -87)};
	const double mixed[] = {DBL_MAX, 5e-324, 1, DBL_MAX / 2};
	double var = 0;
	double es = 0;
	size_t polls = 0;
	McPoll poll = {always, &polls};
	McPoll later = {third_time, &polls};
	double *many = malloc(400000 * sizeof(double));

	measure(losses, weights, 4, 0.5, &var, &es);
	check(var == 1 && is_close(es, DBL_MAX * 0.75, 4e-16), "the largest doubles do not overflow");
	measure(tiny, weights, 4, 0.5, &var, &es);
	check(var == 0 && es == 1e-323, "nor do the smallest vanish");
	measure(losses, some, 4, 0.5, &var, &es);
	check(var == 1 && es == DBL_MAX, "weight 0 leaves a loss out");
	check(measure(losses, none, 4, 0.5, &var, &es) == MC_TOO_FEW, "no weight at all");
	check(measure(losses, none, 0, 0.5, &var, &es) == MC_TOO_FEW, "no loss at all");
	measure(losses, mixed, 4, 0.25, &var, NULL);
	check(var == 1, "weights from one end of the range to the other");
	measure(apart, least, 2, 0.5, &var, &es);
	check(var == 0 && is_close(es, ldexp(2e300, -87), 1e-15), "the least weight that counts");
	measure(losses, weights, 4, 1e-300, &var, &es);
	check(var == -DBL_MAX && es < DBL_MAX && es > -DBL_MAX, "a confidence near 0");
	measure(losses, weights, 4, 1 - DBL_EPSILON / 2, NULL, &es);
	check(es == DBL_MAX, "a confidence near 1");
	for (int i = 0; i < 200000; i++)
	{
		many[i] = i % 1000;
		many[200000 + i] = 1 + i % 7;
	}
	check(mc_weighted_tail(many, many + 200000, 200000, 0.5, &var, &es, &poll) == MC_STOPPED &&
	          polls == 1,
	      "it stops when the poll says so");
	polls = 0;
	check(mc_weighted_tail(many, many + 200000, 200000, 0.1, &var, &es, &later) == MC_STOPPED &&
	          polls == 3,
	      "also while the worst are taken off");
	free(many);
}

void
test_weighted_tail(void)
{
	repeated_rows();
	by_definition();
	hull();
	ages();
	rounding();
	extremes();
}
