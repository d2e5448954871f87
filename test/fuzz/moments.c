/*
 * moments.c
 *	  Fuzz target: exact moments under additions, removals and merges against states made afresh,
 *	  and states of raw bytes that claim to be valid.
 */
#include "fuzz.h"
#include "kernel/moments.h"

#define MOST 60

typedef struct State
{
	double *limbs; /* exact size */
	double values[MOST];
	size_t n;
} State;

static void
add(double **limbs, double x)
{
	if (mc_moments_add(*limbs, x))
		return;
	double *wider = array(mc_moments_wider_size(*limbs, x), sizeof(double));

	mc_moments_widen(*limbs, x, wider);
	CHECK(mc_moments_size(wider) == mc_moments_wider_size(*limbs, x), "size of the wider state");
	free(*limbs);
	*limbs = wider;
	CHECK(mc_moments_add(*limbs, x), "the wider state takes %g", x);
}

static double *
fresh(const double *values, size_t n)
{
	double *limbs = array(MC_MOMENTS_EMPTY, sizeof(double));

	mc_moments_init(limbs);
	for (size_t i = 0; i < n; i++)
		add(&limbs, values[i]);
	return limbs;
}

/* in the middle of the range of a long double, by two passes */
static void
check_brute(const State *s, double sd)
{
	long double mean = 0;
	long double square = 0;
	long double most = 0;

	for (size_t i = 0; i < s->n; i++)
	{
		mean += (long double) s->values[i] / s->n;
		most = fmaxl(most, fabsl((long double) s->values[i]));
	}
	for (size_t i = 0; i < s->n; i++)
		square += (s->values[i] - mean) * (s->values[i] - mean);
	square = sqrtl(square / (s->n - 1));
	CHECK(fabsl(sd - square) <= 1e-15L * square + 1e-17L * most + 1e-320L, "sd %.17g, brute %.17Lg",
	      sd, square);
}

static void
check(const State *s)
{
	double *again = fresh(s->values, s->n);
	double sd = -1;
	double sd2 = -1;
	McStatus status;
	bool finite = true;
	bool equal = true;

	CHECK(mc_moments_valid(s->limbs, mc_moments_size(s->limbs)), "the state is not valid");
	status = mc_moments_sd(s->limbs, &sd);
	CHECK(mc_moments_sd(again, &sd2) == status, "status %d afresh", status);
	for (size_t i = 0; i < s->n; i++)
	{
		finite = finite && isfinite(s->values[i]);
		equal = equal && s->values[i] == s->values[0];
	}
	if (s->n < 2)
		CHECK(status == MC_TOO_FEW, "%zu values: %d", s->n, status);
	else if (!finite)
		CHECK(status == MC_OK && isnan(sd), "not finite: %g", sd);
	else if (status == MC_OK)
	{
		CHECK(same_bits(sd, sd2), "sd %.17g, afresh %.17g", sd, sd2);
		CHECK(sd >= 0 && isfinite(sd) && (!equal || sd == 0), "sd %.17g", sd);
		check_brute(s, sd);
	}
	else
		CHECK(status == MC_OVERFLOW, "status %d", status);
	free(again);
}

static void
merge(State *a, const State *b)
{
	size_t size = mc_moments_merged_size(a->limbs, b->limbs);
	double *merged = array(size, sizeof(double));

	if (a->n + b->n > MOST)
	{
		free(merged);
		return;
	}
	mc_moments_merge(a->limbs, b->limbs, merged);
	CHECK(mc_moments_size(merged) == size, "size of the union");
	free(a->limbs);
	a->limbs = merged;
	memcpy(a->values + a->n, b->values, b->n * sizeof(double));
	a->n += b->n;
}

/* what a user could put into a float8[] */
static void
check_foreign(Bytes *b)
{
	size_t n = 0;
	double *limbs = array(b->left, sizeof(double));
	double *exact;
	double sd;

	while (b->left)
	{
		uint64_t kind = take(b, 1);

		limbs[n++] = kind < 200   ? (double) (int8_t) kind
		             : kind < 230 ? (double) (int32_t) take(b, 4)
		                          : take_raw(b);
	}
	if (n > 0 && n < 300)
		limbs[0] = MC_MOMENTS_FORMAT;
	exact = array(n, sizeof(double));
	memcpy(exact, limbs, n * sizeof(double));
	free(limbs);
	if (mc_moments_valid(exact, n))
	{
		CHECK(mc_moments_size(exact) == n, "size");
		(void) mc_moments_sd(exact, &sd);
		add(&exact, 1.5);
		add(&exact, -1e300);
		(void) mc_moments_sd(exact, &sd);
	}
	free(exact);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Bytes b = {data, size};
	int kind = (int) take(&b, 1);
	State s[2] = {{0}};

	if (kind >= 224)
	{
		check_foreign(&b);
		return 0;
	}
	s[0].limbs = fresh(NULL, 0);
	s[1].limbs = fresh(NULL, 0);
	while (b.left)
	{
		int what = (int) take(&b, 1);
		State *one = &s[what & 1];

		if (what < 180 || one->n == 0)
		{
			double x = what == 179 ? NAN : what == 178 ? INFINITY : take_finite(&b, kind);

			if (one->n < MOST)
			{
				add(&one->limbs, x);
				one->values[one->n++] = x;
			}
		}
		else if (what < 245)
		{
			size_t at = take(&b, 1) % one->n;

			mc_moments_remove(one->limbs, one->values[at]);
			one->values[at] = one->values[--one->n];
		}
		else
			merge(one, &s[!(what & 1)]);
		if (what % 8 == 0 || !b.left)
			check(one);
	}
	check(&s[0]);
	check(&s[1]);
	free(s[0].limbs);
	free(s[1].limbs);
	return 0;
}
