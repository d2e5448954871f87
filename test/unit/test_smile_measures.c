/*
 * test_smile_measures.c
 *	  Fair variance beside the prices of options, strikes beside their deltas, and smiles at the edge.
 */
#include <math.h>

#include <gsl/gsl_errno.h>

#include "kernel/smile_measures.h"
#include "unit.h"

static const McSvi smiles[] = {
    {0.04, 0.4, -0.4, 0.05, 0.1},              /* of equities */
    {-0.0410, 0.1331, 0.3060, 0.3586, 0.4153}, /* Vogt's, with butterfly arbitrage */
    {0.001, 0.02, 0.1, 0.0, 0.02},             /* two days of bitcoin */
    {0.0, 0.3, -0.9, 0.2, 1e-4},               /* nearly a kink */
    {0.5, 1.0, 0.2, -0.3, 0.5},                /* years */
    {0.01, 0.55, -0.9, 0.0, 0.2}, /* a put wing of slope 1.045; steeper ones by mpmath */
    {1e-6, 1e-4, 0.5, 0.001, 1e-3},
    {0.09, 1e-9, 0.0, 0.0, 1.0},
    {0.02, 0.1, 0.3, 2.0, 0.01}, /* the vertex far away */
};
#define SMILES (sizeof(smiles) / sizeof(smiles[0]))

static long double
normal(long double x)
{
	return erfcl(-x / sqrtl(2)) / 2;
}

/* price of the option out of the money, per forward, times e^-k */
static long double
price(const McSvi *s, long double k)
{
	long double w = s->a + s->b * (s->rho * (k - s->m) + sqrtl((k - s->m) * (k - s->m) +
	                                                           (long double) s->sigma * s->sigma));
	long double root = sqrtl(w);
	long double one = -k / root + root / 2;
	long double two = one - root;

	if (k > 0)
		return expl(-k) * normal(one) - normal(two);
	return normal(-two) - expl(-k) * normal(-one);
}

/*
 * The first form of the header by the rule of the double exponential, on four pieces: each end of a piece
 * is a point where the integrand bends or ends.
 */
static long double
piece(const McSvi *s, long double low, long double high)
{
	const long double half_pi = acosl(-1) / 2;
	long double step = 1.0L / 64;
	long double sum = 0;

	for (int i = -300; i <= 300; i++)
	{
		long double v = half_pi * sinhl(i * step);
		long double x = (low + high) / 2 + (high - low) / 2 * tanhl(v);
		long double weight = half_pi * coshl(i * step) / (coshl(v) * coshl(v)) * step;

		if (x > low && x < high)
			sum += weight * price(s, x);
	}
	return sum * (high - low) / 2;
}

static double
by_prices(const McSvi *s)
{
	/* where the prices are below 1e-30 */
	long double ends[] = {-1, 0, s->m, s->m - 4 * s->sigma, s->m + 4 * s->sigma, -1, -1};
	long double sum = 0;
	long double deviation = sqrtl(mc_svi_total_variance(s, 0));
	int n = 7;

	for (ends[0] = -deviation; price(s, ends[0]) > 1e-22L; ends[0] *= 1.1L)
		;
	for (ends[1] = deviation; price(s, ends[1]) > 1e-22L; ends[1] *= 1.1L)
		;
	ends[5] = 0;
	ends[6] = ends[0] / 8;
	for (int i = 0; i < n; i++)
		for (int j = i + 1; j < n; j++)
			if (ends[j] < ends[i])
			{
				long double held = ends[i];

				ends[i] = ends[j];
				ends[j] = held;
			}
	for (int i = 1; i < n; i++)
		sum += piece(s, ends[i - 1], ends[i]);
	return (double) (2 * sum);
}

static void
test_variance(void)
{
	McSvi flat = {0.0625, 0, 0.3, 0.1, 0.2};
	McSvi steep = {0.01, 1.05, -0.95, 0, 0.2};
	McSvi nothing = {0, 0, 0, 0, 1};
	double total;

	for (size_t i = 0; i < SMILES; i++)
	{
		check(mc_svi_is_valid(&smiles[i]), "smile %zu is one", i);
		check(mc_smile_fair_variance(&smiles[i], &total) == MC_OK, "smile %zu converges", i);
		check_close(total, by_prices(&smiles[i]), 1e-12, "smile %zu by the prices of options", i);
	}
	check(mc_smile_fair_variance(&flat, &total) == MC_OK && total == 0.0625, "flat is exact");
	check(mc_smile_fair_variance(&nothing, &total) == MC_OK && total == 0, "no vol");
	check(mc_smile_fair_variance(&steep, &total) == MC_OK && total == INFINITY, "steeper than 2");
	flat.b = 1e-12;
	check(mc_smile_fair_variance(&flat, &total) == MC_OK, "nearly flat");
	check_close(total, 0.0625, 1e-11, "nearly flat is nearly that");
	/* the wing from 1.9 to 1.9999: finite, and ever more */
	for (double slope = 1.9, before = 0; slope < 2; slope += 0.0333)
	{
		McSvi wing = {0.01, slope / 1.95, -0.95, 0, 0.2};

		McStatus status = mc_smile_fair_variance(&wing, &total);

		check(status == MC_OK && isfinite(total) && total > before, "a put wing of slope %.4f: %g",
		      slope, total);
		before = total;
	}
}

static void
test_deltas(void)
{
	const double deltas[] = {0.5, 0.25, 0.1, 0.01, 1e-6};

	for (size_t i = 0; i < SMILES; i++)
		for (size_t j = 0; j < 5; j++)
			for (int kind = 0; kind < 4; kind++)
			{
				bool call = kind & 1;
				bool adjusted = kind & 2;
				double k = mc_smile_k_at_delta(&smiles[i], call, deltas[j], adjusted);
				double root = sqrt(mc_svi_total_variance(&smiles[i], k));
				double one = -k / root + root / 2;
				double d = adjusted ? exp(k) * (double) normal(call ? one - root : root - one)
				                    : (double) normal(call ? one : -one);

				/*
				 * The premium leaves no call as much as 0.5, or 0.25 of long ones.  The two whose
				 * vol falls steeply to the vertex have several largest deltas.
				 */
				if (isnan(k) && call && adjusted && (deltas[j] >= 0.25 || i == 3 || i == 8))
					continue;
				check(fabs(d / deltas[j] - 1) < 1e-9, "smile %zu: %s of %s delta %g at k %.4f", i,
				      call ? "call" : "put", adjusted ? "adjusted" : "forward", deltas[j], k);
			}
}

/* By closed form: without a smile k = -z sd + w / 2 for calls. */
static void
test_flat_deltas(void)
{
	McSvi flat = {0.09, 0, 0, 0, 1};
	const double z = 0.67448975019608174320; /* of 0.75 */

	check_close(mc_smile_k_at_delta(&flat, true, 0.25, false), z * 0.3 + 0.045, 1e-13, "flat call");
	check_close(mc_smile_k_at_delta(&flat, false, 0.25, false), -z * 0.3 + 0.045, 1e-13,
	            "flat put");
	check_close(mc_smile_k_at_delta(&flat, true, 0.5, false), 0.045, 1e-13, "flat at d1 = 0");
}

/* Both strikes of an adjusted delta: the higher is meant, and at the largest there is no more. */
static void
test_adjusted_calls(void)
{
	McSvi flat = {0.25, 0, 0, 0, 1};
	double largest = 0;
	double at = 0;
	double k;

	for (int i = -3000; i < 3000; i++)
	{
		double x = i / 1000.0;
		double delta = exp(x) * (double) normal(-x / 0.5 - 0.25);

		at = delta > largest ? x : at;
		largest = fmax(largest, delta);
	}
	check(largest > 0.4 && largest < 0.5, "the largest is %g at %g", largest, at);
	k = mc_smile_k_at_delta(&flat, true, largest - 1e-4, true);
	check(k > at, "%g is above", k);
	check(isnan(mc_smile_k_at_delta(&flat, true, largest + 1e-4, true)), "no more than that");
}

static void
test_no_strike(void)
{
	McSvi nothing = {0, 0, 0, 0, 1};
	McSvi steep = {0.01, 1.1, 0.9, 0, 0.2};

	check(isnan(mc_smile_k_at_delta(&nothing, true, 0.25, false)), "no vol");
	check(isnan(mc_smile_k_at_delta(&steep, true, 0.25, false)), "a call wing steeper than 2");
}

void
test_smile_measures(void)
{
	gsl_set_error_handler_off();
	test_variance();
	test_deltas();
	test_flat_deltas();
	test_adjusted_calls();
	test_no_strike();
}
