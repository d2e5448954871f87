/*
 * test_moments_state.c
 *	  Canonical states, the mean, and states that no values could have made.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "kernel/moments_state.h"
#include "unit.h"
#include "wide.h"

#define N 300

static double x[N];

static void
fill(int kind)
{
	UnitRandom random = {(unsigned) kind + 31};

	for (int i = 0; i < N; i++)
	{
		double z = unit_normal(&random);

		x[i] = kind == 0   ? 0.01 * z
		       : kind == 1 ? z * pow(10, i % 40 - 20)
		       : kind == 2 ? (i % 2 ? DBL_TRUE_MIN : -DBL_MAX)
		       : kind == 3 ? 0
		       : kind == 4 ? 1e8 + z
		       : kind == 5 ? -DBL_TRUE_MIN * (i % 5)
		                   : (i % 2 ? 1e20 : -1e20) + (i == 7);
	}
}

static void
add_all(double *state, int from, int to, int step)
{
	double wider[MC_MOMENTS_LARGEST];

	for (int i = from; i != to; i += step)
	{
		if (mc_moments_add(state, x[i]))
			continue;
		mc_moments_widen(state, x[i], wider);
		memcpy(state, wider, sizeof(wider));
		mc_moments_add(state, x[i]);
	}
}

static void
test_one_form(int kind)
{
	double forward[MC_MOMENTS_LARGEST];
	double backward[MC_MOMENTS_LARGEST];
	double halves[2][MC_MOMENTS_LARGEST];
	double merged[MC_MOMENTS_LARGEST];
	double a[MC_MOMENTS_LARGEST];
	double b[MC_MOMENTS_LARGEST];
	double sd[2];
	size_t size;
	Wide sum = 0;
	double mean = -1;

	fill(kind);
	mc_moments_init(forward);
	mc_moments_init(backward);
	mc_moments_init(halves[0]);
	mc_moments_init(halves[1]);
	add_all(forward, 0, N, 1);
	add_all(backward, N - 1, -1, -1);
	add_all(halves[0], 0, N / 3, 1);
	add_all(halves[1], N / 3, N, 1);
	forward[MC_MOMENTS_TAG] = 252;
	size = mc_moments_size(forward);
	mc_moments_merge(halves[1], halves[0], merged);
	mc_moments_canonical(forward, a);
	mc_moments_canonical(backward, b);
	check(memcmp(a, b, size * sizeof(double)) == 0, "series %d: one form in any order", kind);
	mc_moments_canonical(merged, b);
	check(memcmp(a, b, size * sizeof(double)) == 0, "series %d: and merged", kind);
	check(mc_moments_plausible(a, size), "series %d: which passes", kind);
	check(mc_moments_sd(forward, &sd[0]) == mc_moments_sd(a, &sd[1]) && sd[0] == sd[1],
	      "series %d: the same volatility", kind);
	for (int i = 0; i < N; i++)
		sum += x[i];
	check(mc_moments_mean(a, &mean) == MC_OK, "series %d: a mean", kind);
	check_close(mean, (double) (sum / N), 2.3e-16, "series %d: which is right", kind);
}

/* what passes has a result, and is what it was made of: every single number matters */
static void
test_changes(int kind)
{
	double state[MC_MOMENTS_LARGEST];
	double good[MC_MOMENTS_LARGEST];
	const double values[] = {0,      1,       -1,    2,         3,   0x1p32 - 1, 0x1p32, -0x1p32,
	                         0x1p52, -0x1p53, 1e300, -INFINITY, NAN, 0.5,        66,     5e-324};
	size_t size;
	size_t wrong = 0;
	double sd;

	fill(kind);
	mc_moments_init(state);
	add_all(state, 0, N, 1);
	mc_moments_canonical(state, good);
	size = mc_moments_size(good);
	for (size_t i = 0; i < size; i++)
		for (int j = 0; j < 16; j++)
		{
			memcpy(state, good, sizeof(good));
			state[i] = values[j];
			if (!mc_moments_plausible(state, size))
				continue;
			/* whatever passes is in order: a volatility of at least 0, a mean within reach */
			wrong += mc_moments_sd(state, &sd) == MC_OK && !isnan(sd) && !(sd >= 0);
			wrong += mc_moments_mean(state, &sd) == MC_STOPPED;
			wrong += state[MC_MOMENTS_STEPS] != 0 || state[MC_MOMENTS_TAG] != 0;
		}
	check(wrong == 0, "series %d with one number changed", kind);
	check(!mc_moments_plausible(good, size - 1) && !mc_moments_plausible(good, size + 1) &&
	          !mc_moments_plausible(good, 0),
	      "series %d of another length", kind);
}

/* one value of 2^30 units in one limb: its square is 2^60 units, 2^28 in the second limb */
static void
test_bounds(void)
{
	double state[MC_MOMENTS_LARGEST];
	/* version count nan steps first limbs tag | sum, 2 more | squares, 2 more */
	const double made[] = {1, 1, 0, 0, 31, 1, 0, 0x1p30, 0, 0, 0, 0x1p28, 0, 0};
	const size_t size = sizeof(made) / sizeof(made[0]);
	const struct
	{
		int at;
		double value;
		bool passes;
		const char *name;
	} changes[] = {
	    {7, 0x1p30, true, "1"},
	    {7, 0x1p30 + 1, false, "a sum whose square exceeds the squares"},
	    {7, 0x1p30 - 1, true, "a smaller sum"},
	    {7, -0x1p30, false, "a negative limb that is not the last"},
	    {9, -1, false, "a sum of about -2^64"},
	    {11, 0x1p28 + 5, true, "more squares"},
	    {11, 0x1p28 - 1, false, "fewer squares"},
	    {12, 2, false, "more squares than one value can have"},
	    {13, 1, false, "many more"},
	    {13, -1, false, "negative squares"},
	    {1, 2, true, "two values"},
	    {1, 0, false, "no value"},
	    {2, 5, true, "and five NaN"},
	    {2, 0x1p53, false, "more than can be counted"},
	    {3, 1, false, "steps"},
	    {6, 252, false, "a tag"},
	    {4, 65, true, "the highest limb"},
	    {4, 66, false, "beyond the highest limb"},
	};

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++)
	{
		memcpy(state, made, sizeof(made));
		state[changes[i].at] = changes[i].value;
		check(mc_moments_plausible(state, size) == changes[i].passes, "%s", changes[i].name);
	}
}

/* four values of 2^30 units: the same numbers with carries that were not propagated */
static void
test_carries(void)
{
	const double made[][14] = {
	    {1, 4, 0, 0, 31, 1, 0, 0, 1, 0, 0, 0x1p30, 0, 0},
	    {1, 4, 0, 0, 31, 1, 0, 0x1p32, 0, 0, 0, 0x1p30, 0, 0},
	    {1, 4, 0, 0, 31, 1, 0, -0x1p32, 2, 0, 0, 0x1p30, 0, 0},
	    {1, 4, 0, 0, 31, 1, 0, 0, 1, 0, 0x1p32, 0x1p30 - 1, 0, 0},
	    {1, 4, 0, 0, 31, 1, 0, 0, 1, 0, 0, 0x1p30 + 0x1p32, -1, 0},
	    {1, 4, 0, 0, 31, 1, 0, 0, -0x1p32 + 1, 1, 0, 0x1p30, 0, 0},
	};

	for (int i = 0; i < 6; i++)
		check(mc_moments_plausible(made[i], 14) == (i == 0), "carries %d", i);
}

static void
test_empty(void)
{
	double state[MC_MOMENTS_LARGEST];
	double mean = -1;

	mc_moments_init(state);
	check(mc_moments_plausible(state, MC_MOMENTS_EMPTY), "the empty state");
	check(mc_moments_mean(state, &mean) == MC_TOO_FEW && mean == -1, "has no mean");
	state[MC_MOMENTS_COUNT] = 3;
	check(mc_moments_plausible(state, MC_MOMENTS_EMPTY) && mc_moments_mean(state, &mean) == MC_OK &&
	          mean == 0,
	      "three zeros");
	for (int i = MC_MOMENTS_HEADER; i < MC_MOMENTS_EMPTY; i++)
	{
		state[i] = 1;
		check(!mc_moments_plausible(state, MC_MOMENTS_EMPTY), "zeros have no sum: %d", i);
		state[i] = 0;
	}
	state[MC_MOMENTS_FIRST] = 1;
	check(!mc_moments_plausible(state, MC_MOMENTS_EMPTY), "no limbs begin nowhere");
	state[MC_MOMENTS_FIRST] = 0;
	state[MC_MOMENTS_NOT_FINITE] = 1;
	check(mc_moments_mean(state, &mean) == MC_OK && isnan(mean), "NaN has a mean of NaN");
	state[MC_MOMENTS_COUNT] = 0;
	check(mc_moments_mean(state, &mean) == MC_OK && isnan(mean), "alone, too");
}

void
test_moments_state(void)
{
	for (int kind = 0; kind < 7; kind++)
	{
		test_one_form(kind);
		test_changes(kind);
	}
	test_bounds();
	test_carries();
	test_empty();
}
