/*
 * test_black_batch.c
 *	  Black (1976) for many options: the bits of one option on every instruction set of this machine.
 */
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/black.h"
#include "kernel/black_batch.h"
#include "unit.h"

#define MOST 1000

static const char *const names[] = {"base", "AVX2", "AVX-512"};

static bool calls[MOST];
static double inputs[4][MOST];
static double columns[8][MOST + 1];

static McOptions
options_of(size_t count)
{
	return (McOptions){calls,          1,    {inputs[0], 1}, {inputs[1], 1}, {inputs[2], 1},
	                   {inputs[3], 1}, count};
}

static McGreekColumns
greek_columns(void)
{
	return (McGreekColumns){columns[0], columns[1], columns[2], columns[3],
	                        columns[4], columns[5], columns[6], columns[7]};
}

/* markets, wings, and now and then anything at all */
static void
draw(UnitRandom *random, size_t i)
{
	static const double odd[] = {0,       1,       NAN,    INFINITY, -1,       5e-324,
	                             DBL_MIN, DBL_MAX, 1e-300, 1e300,    0x1p-100, 1e-30,
	                             0x1p100, 1e30,    1000,   0x1p-50,  1e-17,    1e6};
	double s = exp(9 * unit_uniform(random) - 7);

	calls[i] = unit_uniform(random) < 0.5;
	inputs[0][i] = exp(30 * unit_uniform(random) - 15);
	inputs[2][i] = exp(12 * unit_uniform(random) - 10);
	inputs[3][i] = s / sqrt(inputs[2][i]);
	inputs[1][i] = inputs[0][i] * exp(s * unit_normal(random) * 12 * unit_uniform(random));
	for (int j = 0; j < 4; j++)
		if (unit_uniform(random) < 0.01)
			inputs[j][i] = odd[(size_t) (unit_uniform(random) * sizeof(odd) / sizeof(odd[0]))];
	if (unit_uniform(random) < 0.01)
		inputs[1][i] = inputs[0][i];
}

static bool
same_bits(double a, double b)
{
	return memcmp(&a, &b, sizeof(a)) == 0 || (isnan(a) && isnan(b));
}

static size_t
differences(McBlackIsa isa, size_t count)
{
	McOptions options = options_of(count);
	McGreekColumns greeks = greek_columns();
	size_t different = 0;

	for (int j = 0; j < 8; j++)
		columns[j][count] = 12345;
	mc_black76_greeks_all(&options, isa, &greeks);
	for (size_t i = 0; i < count; i++)
	{
		McOptionGreeks one;

		mc_black76_greeks(calls[i], inputs[0][i], inputs[1][i], inputs[2][i], inputs[3][i], &one);
		for (int j = 0; j < 8; j++)
			different += !same_bits((&one.price)[j], columns[j][i]);
	}
	for (int j = 0; j < 8; j++)
		different += columns[j][count] != 12345;
	mc_black76_prices(&options, isa, columns[1]);
	for (size_t i = 0; i < count; i++)
		different += !same_bits(columns[0][i], columns[1][i]);
	return different;
}

static void
test_same_bits(McBlackIsa isa)
{
	UnitRandom random = {99};
	size_t blocks = unit_repeats(700, 20);
	size_t different = 0;

	for (size_t b = 0; b < blocks; b++)
	{
		for (size_t i = 0; i < MOST; i++)
			draw(&random, i);
		different += differences(isa, MOST);
	}
	check(different == 0, "%s: %zu options as one at a time", names[isa], blocks * MOST);
	different = 0;
	for (size_t count = 0; count <= 150; count++)
		different += differences(isa, count);
	check(different == 0, "%s: any number of options, and not one more", names[isa]);
}

static void
test_one_for_all(McBlackIsa isa)
{
	UnitRandom random = {5};
	static double apart[MOST];
	size_t different = 0;

	for (int which = 0; which < 5; which++)
	{
		McOptions options = options_of(MOST);
		McColumn *const fields[] = {&options.forward, &options.strike, &options.t, &options.vol};

		for (size_t i = 0; i < MOST; i++)
			draw(&random, i);
		calls[0] = which & 1;
		for (int j = 0; j < 4; j++)
			inputs[j][0] = 0.5 + j;
		if (which < 4)
			fields[which]->step = 0;
		else
			options.call_step = 0;
		mc_black76_prices(&options, isa, apart);
		for (size_t i = 1; i < MOST; i++)
			if (which < 4)
				inputs[which][i] = inputs[which][0];
			else
				calls[i] = calls[0];
		options = options_of(MOST);
		mc_black76_prices(&options, isa, columns[0]);
		for (size_t i = 0; i < MOST; i++)
			different += !same_bits(apart[i], columns[0][i]);
	}
	check(different == 0, "%s: one value for all", names[isa]);
}

void
test_black_batch(void)
{
	McBlackIsa best = mc_black_isa();

	for (int isa = MC_BLACK_BASE; isa <= MC_BLACK_AVX512; isa++)
	{
		if (isa > (int) best)
		{
			skip("this machine does not have it", "%s", names[isa]);
			continue;
		}
		test_same_bits(isa);
		test_one_for_all(isa);
	}
}
