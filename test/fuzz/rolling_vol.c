/*
 * rolling_vol.c
 *	  Fuzz target: the sliding window against a two-pass computation over each window.
 */
#include "fuzz.h"
#include "kernel/log_return.h"
#include "kernel/rolling_vol.h"

static double
take_price(Bytes *b, int kind)
{
	static const double prices[] = {1,        1e10,        1e-10, DBL_MAX, 5e-324, DBL_MIN,
	                                INFINITY, NAN,         100.5, 100,     101,    99,
	                                1,        1.000000001, 1e300, 1e-300};
	double value;

	switch (kind & 3)
	{
		case 0:
			return 100 + (int8_t) take(b, 1) * 0.01;
		case 1:
			return prices[take(b, 1) % 16];
		case 2:
			return exp2((int8_t) take(b, 1) / 4.0);
		default:
			value = fabs(take_raw(b));
			return value > 0 ? value : NAN;
	}
}

static long double
brute_vol(const double *price, size_t bars, double periods)
{
	long double mean = 0;
	long double square = 0;

	for (size_t i = 0; i < bars; i++)
		mean += (long double) mc_log_return(price[i], price[i + 1]) / bars;
	for (size_t i = 0; i < bars; i++)
	{
		long double d = (long double) mc_log_return(price[i], price[i + 1]) - mean;

		square += d * d;
	}
	return sqrtl(square / (bars - 1)) * sqrtl((long double) periods);
}

static double
largest_return(const double *price, size_t bars)
{
	double most = 0;

	for (size_t i = 0; i < bars; i++)
		most = fmax(most, fabs(mc_log_return(price[i], price[i + 1])));
	return most;
}

/* a window that has seen nothing but the prices it spans */
static McStatus
fresh_vol(const double *price, size_t bars, double periods, double *vol)
{
	McFixed *ring = array(bars, sizeof(McFixed));
	McRollingVol window;
	McStatus status = MC_TOO_FEW;

	mc_rolling_vol_init(&window, ring, bars, periods);
	for (size_t i = 0; i <= bars; i++)
		status = mc_rolling_vol_add(&window, price[i], vol);
	free(ring);
	return status;
}

static bool
all_equal_returns(const double *price, size_t bars)
{
	for (size_t i = 1; i < bars; i++)
		if (mc_log_return(price[i], price[i + 1]) != mc_log_return(price[0], price[1]))
			return false;
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Bytes b = {data, size};
	int kind = (int) take(&b, 1);
	size_t bars = 2 + take(&b, 1) % 20;
	double periods = kind & 4 ? 1 : kind & 8 ? 365 : fabs(take_raw(&b));
	double *price = array(size + 1, sizeof(double));
	size_t n = 0;
	McFixed *ring = array(bars, sizeof(McFixed));
	McRollingVol window;

	if (!(periods > 0 && isfinite(periods)))
		periods = DBL_MAX;
	mc_rolling_vol_init(&window, ring, bars, periods);
	while (b.left)
	{
		double vol = -1;
		double again = -1;
		bool finite = true;
		McStatus status;
		const double *span;

		price[n] = take_price(&b, kind);
		status = mc_rolling_vol_add(&window, price[n], &vol);
		n++;
		if (n <= bars)
		{
			CHECK(status == MC_TOO_FEW, "price %zu of %zu bars: %d", n, bars, status);
			continue;
		}
		span = price + n - bars - 1;
		for (size_t i = 0; i <= bars; i++)
			finite = finite && isfinite(span[i]);
		CHECK(fresh_vol(span, bars, periods, &again) == status, "price %zu", n);
		CHECK(status != MC_OK || same_bits(vol, again) || (isnan(vol) && isnan(again)),
		      "price %zu: %.17g, fresh %.17g", n, vol, again);
		if (!finite)
			CHECK(status == MC_OK && isnan(vol), "not finite: %d %g", status, vol);
		else
		{
			long double brute = brute_vol(span, bars, periods);

			if (status == MC_OVERFLOW)
				CHECK(brute > DBL_MAX * 0.999L, "overflow of %Lg", brute);
			else
			{
				long double dust =
				    1e-18L * largest_return(span, bars) * sqrtl((long double) periods);

				CHECK(status == MC_OK && vol >= 0, "%d %g", status, vol);
				CHECK(fabsl(vol - brute) <= 2e-15L * brute + 4 * dust,
				      "price %zu: %.17g, brute %.17Lg", n, vol, brute);
				if (all_equal_returns(span, bars))
					CHECK(vol == 0, "equal returns: %.17g", vol);
				else
					CHECK(vol > 0 || brute < 1e-300L, "unequal returns: 0, brute %Lg", brute);
			}
		}
	}
	free(price);
	free(ring);
	return 0;
}
