/*
 * weighted_tail.c
 *	  Fuzz target: VaR and ES of weighted losses beside a full sort in long double, and beside the same
 *	  losses in another order.
 */
#include "fuzz.h"
#include "kernel/weighted_tail.h"

typedef struct Pair
{
	double loss;
	double weight;
} Pair;

static int
worst_first(const void *a, const void *b)
{
	return descending(&((const Pair *) a)->loss, &((const Pair *) b)->loss);
}

/* whole weights below 256: sums are exact, and so is the tail mass in ten thousandths */
static void
check_brute(Pair *pairs, size_t n, long basis, double var, double es)
{
	long total = 0;
	long tail;
	long before = 0;
	long double sum = 0;
	long double scale = 0;
	size_t i = 0;

	qsort(pairs, n, sizeof(Pair), worst_first);
	for (size_t j = 0; j < n; j++)
	{
		total += (long) pairs[j].weight;
		if (pairs[j].weight > 0)
			scale = fmaxl(scale, fabsl((long double) pairs[j].loss));
	}
	tail = total * (10000 - basis);
	for (; i < n && (before + (long) pairs[i].weight) * 10000 <= tail; i++)
	{
		sum += (long double) pairs[i].loss * pairs[i].weight * 10000 / tail;
		before += (long) pairs[i].weight;
	}
	while (i < n && pairs[i].weight == 0)
		i++;
	CHECK(i < n && same(var, pairs[i].loss), "VaR %.17g, brute %.17g", var, pairs[i].loss);
	sum += (long double) (tail - before * 10000) * pairs[i].loss / tail;
	/* the tail is a difference from 1, whose rounding weighs the more the smaller it is */
	CHECK(close_to(es, sum, scale, 1e-14 + DBL_EPSILON * 10000 / (double) (10000 - basis)),
	      "ES %.17g, brute %.17Lg", es, sum);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Bytes b = {data, size};
	int kind = (int) take(&b, 1);
	bool whole = kind & 4;
	long basis;
	double confidence = take_confidence(&b, &basis);
	size_t n = 0;
	Pair *pairs = array(size, sizeof(Pair));
	double *losses;
	double *weights;
	double var = -1;
	double es = -1;
	double again[2] = {-1, -1};
	double most = -INFINITY;
	bool any = false;
	McStatus status;

	while (b.left > 0)
	{
		pairs[n].weight = whole ? (double) take(&b, 1) : fabs(take_finite(&b, kind >> 3));
		pairs[n].loss = take_finite(&b, kind) + 0.0;
		any = any || pairs[n].weight > 0;
		most = fmax(most, pairs[n].loss);
		n++;
	}
	losses = array(n, sizeof(double));
	weights = array(n, sizeof(double));
	for (size_t i = 0; i < n; i++)
	{
		losses[i] = pairs[i].loss;
		weights[i] = pairs[i].weight;
	}
	status = mc_weighted_tail(losses, weights, n, confidence, &var, &es, NULL);
	CHECK(status == (any ? MC_OK : MC_TOO_FEW), "status %d", status);
	for (size_t i = 0; i < n; i++)
	{
		losses[i] = pairs[n - 1 - i].loss;
		weights[i] = pairs[n - 1 - i].weight;
	}
	CHECK(mc_weighted_tail(losses, weights, n, confidence, &again[0], &again[1], NULL) == status,
	      "status of the reverse");
	CHECK(same_bits(var, again[0]) && same_bits(es, again[1]), "%.17g %.17g reversed %.17g %.17g",
	      var, es, again[0], again[1]);
	if (any)
	{
		CHECK(isfinite(var) && es >= var && es <= most, "%.17g %.17g of %.17g", var, es, most);
		if (whole && basis)
			check_brute(pairs, n, basis, var, es);
	}
	free(pairs);
	free(losses);
	free(weights);
	return 0;
}
