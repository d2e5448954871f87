/*
 * test_rolling_vol.c
 *	  The sliding window beside two passes in wide arithmetic over the same returns.
 */
#include <float.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/log_return.h"
#include "kernel/rolling_vol.h"
#include "unit.h"
#include "wide.h"

#define ROWS 6000
#define TOLERANCE 2e-15

static double
next_price(int kind, size_t i, double price, UnitRandom *random)
{
	double z = unit_normal(random);

	switch (kind)
	{
		case 0: /* benign */
			return price * exp(0.02 * z);
		case 1: /* a factor of 1e10 and back */
			return i % 500 == 100   ? price * 1e10
			       : i % 500 == 101 ? price / 1e10
			                        : price * exp(0.02 * z);
		case 2: /* one print of 1e20 */
			return i % 800 == 300 ? 1e20 : 100 * exp(0.02 * z);
		case 3: /* volatility from 10 % to 1e-6 */
			return price * exp(z * pow(10, -1 - 5.0 * (double) i / ROWS));
		case 4: /* level 1e8, noise 1e-2 */
			return 1e8 + 0.01 * z;
		case 5: /* halted now and then */
			return i % 1000 < 400 ? price : price * exp(0.02 * z);
		case 6: /* growth with hardly any noise: almost all of the sums cancels */
			return i % 2000 == 0 ? 1e-100 : price * (1.01 + 1e-12 * z);
		case 7: /* one unit in the last place */
			return z > 0 ? 1.0 : 1.0 + DBL_EPSILON;
		case 8: /* the whole range of a double */
			return i % 2 ? DBL_TRUE_MIN * (1 + 1e6 * unit_uniform(random))
			             : DBL_MAX * unit_uniform(random);
		default: /* NaN and infinity pass */
			return i % 777 == 50 ? NAN : i % 777 == 300 ? INFINITY : 100 * exp(0.02 * z);
	}
}

static const char *const kind_name[] = {"benign",
                                        "outlier of 1e10",
                                        "spike of 1e20",
                                        "10 % decaying to 1e-6",
                                        "level 1e8, noise 1e-2",
                                        "halts",
                                        "steady growth",
                                        "last-place moves",
                                        "whole range",
                                        "NaN and infinity"};

static void
test_window(int kind, size_t bars)
{
	double r[ROWS];
	McFixed *ring = malloc(bars * sizeof(McFixed));
	McRollingVol window;
	UnitRandom random = {(unsigned) kind + 11};
	double price = 100;
	double worst = 0;
	size_t every = bars < 10 ? 1 : ROWS / unit_repeats(ROWS / 5, 200);
	size_t wrong = 0;

	mc_rolling_vol_init(&window, ring, bars, 1);
	for (size_t i = 0; i < ROWS; i++)
	{
		double previous = price;
		double vol = -1;
		McStatus status;
		double want;

		price = next_price(kind, i, price, &random);
		r[i] = isfinite(price) && isfinite(previous) ? mc_log_return(previous, price) : NAN;
		status = mc_rolling_vol_add(&window, price, &vol);
		if (i < bars)
			wrong += status != MC_TOO_FEW;
		else if (i % every == 0)
		{
			want = wide_sd(r + i + 1 - bars, bars);
			wrong += status != MC_OK || !is_close(vol, want, TOLERANCE);
			if (want > 0 && fabs(vol / want - 1) > worst)
				worst = fabs(vol / want - 1);
		}
	}
	check(wrong == 0, "%s, %zu bars: as two passes (worst %.2g)", kind_name[kind], bars, worst);
	free(ring);
}

/* a window reached by any past has the same digits as a fresh one */
static void
test_forgets(void)
{
	McFixed old_ring[30];
	McFixed new_ring[30];
	McRollingVol old;
	McRollingVol fresh;
	UnitRandom random = {5};
	double a = 0;
	double b = 1;

	mc_rolling_vol_init(&old, old_ring, 30, 365);
	mc_rolling_vol_init(&fresh, new_ring, 30, 365);
	for (size_t i = 0; i < unit_repeats(100000, 10000); i++)
		mc_rolling_vol_add(&old, next_price(8 + i % 2, i, 1, &random), &a);
	for (size_t i = 0; i < 31; i++)
	{
		double price = next_price(0, i, 100, &random);

		mc_rolling_vol_add(&old, price, &a);
		mc_rolling_vol_add(&fresh, price, &b);
	}
	check(a == b && a > 0, "hostile prices leave no trace");
}

/* prices taken in pieces of any length give the digits of prices taken one by one */
static void
test_many(int kind, size_t bars)
{
	double prices[ROWS];
	McFixed *one_ring = malloc(bars * sizeof(McFixed));
	McFixed *many_ring = malloc(bars * sizeof(McFixed));
	McRollingVol one;
	McRollingVol many;
	UnitRandom random = {(unsigned) kind + 23};
	double price = 100;
	size_t wrong = 0;
	size_t length = 0;

	mc_rolling_vol_init(&one, one_ring, bars, 365);
	mc_rolling_vol_init(&many, many_ring, bars, 365);
	for (size_t i = 0; i < ROWS; i++)
		prices[i] = price = next_price(kind, i, price, &random);
	for (size_t done = 0; done < ROWS; done += length)
	{
		double vols[ROWS];
		size_t absent;

		length = 1 + (length * 7 + 3) % 301;
		if (length > ROWS - done)
			length = ROWS - done;
		memcpy(vols, prices + done, length * sizeof(double));
		wrong += mc_rolling_vol_add_many(&many, vols, length, vols, &absent) != MC_OK;
		for (size_t i = 0; i < length; i++)
		{
			double vol = 0;
			McStatus status = mc_rolling_vol_add(&one, prices[done + i], &vol);

			wrong += (status == MC_TOO_FEW) != (i < absent);
			if (status == MC_OK && i >= absent)
				wrong += isnan(vol) ? !isnan(vols[i]) : vol != vols[i];
		}
	}
	check(wrong == 0, "%s, %zu bars: many at a time", kind_name[kind], bars);
	free(one_ring);
	free(many_ring);
}

/* Is the volatility of the two returns a and b = |a - b| / sqrt(2)?  Not when they are alike. */
static bool
is_vol_of_two(const double price[3])
{
	McFixed ring[2];
	McRollingVol window;
	double want =
	    fabs(mc_log_return(price[0], price[1]) - mc_log_return(price[1], price[2])) / sqrt(2);
	double vol = -1;

	mc_rolling_vol_init(&window, ring, 2, 1);
	mc_rolling_vol_add(&window, price[0], &vol);
	mc_rolling_vol_add(&window, price[1], &vol);
	return mc_rolling_vol_add(&window, price[2], &vol) == MC_OK && want > 0 &&
	       is_close(vol, want, TOLERANCE);
}

/* Returns almost alike leave (a - b)^2 of the sums, from 2^2 to 2^206 units: one to four words. */
static void
test_cancellation(void)
{
	size_t wrong = 0;

	for (int k = -52; k < 0; k++)
	{
		double step = ldexp(1, k);
		const double price[] = {1, 1 + step, 1 + 2 * step};

		wrong += !is_vol_of_two(price);
	}
	check(wrong == 0, "what is left of the sums, in any of their words");
}

/* One unit in the last place up and down: squares near 2^105 units, whose low word is random. */
static void
test_last_word(void)
{
	UnitRandom random = {9};
	size_t wrong = 0;

	for (int i = 0; i < 1000; i++)
	{
		double low = 1 + unit_uniform(&random);
		const double price[] = {low, nextafter(low, 3), low};

		wrong += !is_vol_of_two(price);
	}
	check(wrong == 0, "the smallest returns there are, to the last word of their squares");
}

static void
test_settings(void)
{
	McFixed ring[2];
	McRollingVol window;
	double vol;

	mc_rolling_vol_init(&window, ring, 2, 365);
	check(mc_rolling_vol_add(&window, 100, &vol) == MC_TOO_FEW, "one price");
	check(mc_rolling_vol_add(&window, 110, &vol) == MC_TOO_FEW, "two prices");
	check(mc_rolling_vol_add(&window, 100, &vol) == MC_OK, "three prices: two returns");
	/* returns a and -a: sd = a sqrt(2) */
	check_close(vol, log(1.1) * sqrt(2 * 365.0), 1e-15, "up and down, annualised");
	check(mc_rolling_vol_add(&window, 100, &vol) == MC_OK &&
	          mc_rolling_vol_add(&window, 100, &vol) == MC_OK && vol == 0,
	      "a flat price gives exactly 0");
	mc_rolling_vol_init(&window, ring, 2, DBL_MAX);
	mc_rolling_vol_add(&window, 1e-300, &vol);
	mc_rolling_vol_add(&window, 1e300, &vol);
	check(mc_rolling_vol_add(&window, 1e-300, &vol) == MC_OK && isfinite(vol),
	      "annualised by 1.8e308");
}

void
test_rolling_vol(void)
{
	for (int kind = 0; kind < 10; kind++)
	{
		test_window(kind, 2);
		test_window(kind, 30);
		test_window(kind, 365);
		test_many(kind, 2);
		test_many(kind, 30);
		test_many(kind, 365);
	}
	test_forgets();
	test_cancellation();
	test_last_word();
	test_settings();
}
