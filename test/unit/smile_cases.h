/*
 * smile_cases.h
 *	  What the tests of fits to smiles share: arbitrage on a dense grid in long double, written from the
 *	  definitions, and quotes of known smiles.
 */
#ifndef MC_SMILE_CASES_H
#define MC_SMILE_CASES_H

#include <math.h>
#include <string.h>

#include "kernel/surface_fit.h"
#include "unit.h"

#define CASE_EXPIRIES 16
#define CASE_QUOTES 80

typedef struct SmileCase
{
	double k[CASE_QUOTES];
	double vol[CASE_QUOTES];
	double scale[CASE_QUOTES];
	double robust[CASE_QUOTES];
	size_t n;
	double t;
} SmileCase;

static inline long double
case_w(const McSvi *s, long double k)
{
	long double z = k - s->m;

	return s->a + s->b * (s->rho * z + sqrtl(z * z + (long double) s->sigma * s->sigma));
}

static inline long double
case_g(const McSvi *s, long double k)
{
	long double z = k - s->m;
	long double r = sqrtl(z * z + (long double) s->sigma * s->sigma);
	long double w = case_w(s, k);
	long double slope = s->b * (s->rho + z / r);
	long double first = 1 - k * slope / (2 * w);

	return first * first - slope * slope / 4 * (1 / w + 0.25L) +
	       s->b * (s->sigma / r) * (s->sigma / r) / r / 2;
}

static inline double
case_vol(const McSvi *s, double t, double k)
{
	return (double) sqrtl(case_w(s, k) / t);
}

/* the least g from k = -2.5 to 2.5, and close to the vertex */
static inline double
case_least_butterfly(const McSvi *s)
{
	long double least = INFINITY;

	for (int i = -1500; i <= 1500; i++)
	{
		double near = s->m + s->sigma * sinh(i / 200.0);

		least = fminl(least, case_g(s, 2.5L * i / 1500));
		if (fabs(near) < 2.5)
			least = fminl(least, case_g(s, near));
	}
	return (double) least;
}

/* the least excess of w, relative to w, over the same range */
static inline double
case_least_calendar(const McSvi *early, const McSvi *late)
{
	long double least = INFINITY;

	for (int i = -2500; i <= 2500; i++)
	{
		long double k = i / 1000.0L;

		least = fminl(least, (case_w(late, k) - case_w(early, k)) / case_w(late, k));
	}
	return (double) least;
}

/* n quotes of a smile between two k, with relative noise, each as good as `scale` */
static inline void
case_quotes(SmileCase *c, const McSvi *s, double t, size_t n, double low, double high, double noise,
            double scale, UnitRandom *random)
{
	c->n = n;
	c->t = t;
	for (size_t i = 0; i < n; i++)
	{
		c->k[i] = n > 1 ? low + (high - low) * (double) i / (double) (n - 1) : (low + high) / 2;
		c->vol[i] = case_vol(s, t, c->k[i]) * exp(noise * (noise > 0 ? unit_normal(random) : 0));
		c->scale[i] = scale;
		c->robust[i] = 1;
	}
}

/* a smile before its fit; what the fit sets is garbage when asked */
static inline McSmile
case_smile(SmileCase *c, bool garbage)
{
	McSmile smile;

	memset(&smile, garbage ? 0x5a : 0, sizeof(smile));
	smile.quotes = (McSmileQuotes){c->n, c->k, c->vol, c->scale};
	smile.t = c->t;
	smile.robust = c->robust;
	return smile;
}

static inline bool
case_stop(void *arg)
{
	return --*(int *) arg < 0;
}

#endif
