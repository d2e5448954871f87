/*
 * rolling_vol.c
 *	  margin_calib.rolling_vol: window function and array form.
 *
 * The window function ignores the frame: it keeps its own ring of returns in partition memory and
 * reads each row once, so the executor may drop the rows behind it.
 */
#include "compat.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/float.h"
#include "utils/memutils.h"

#include "errors.h"
#include "kernel/series_sort.h"
#include "vol_args.h"
#include "window.h"

/* one partition; zeroed by the executor at its start */
typedef struct RollingPartition
{
	McRollingVol window;
	bool started;
	bool null_setting; /* bars or periods_per_year is NULL: so is every result */
} RollingPartition;

void
mc_check_bars(int bars)
{
	if (bars < MC_MIN_BARS || bars > MC_MAX_BARS)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("bars must lie between %d and %d", MC_MIN_BARS, MC_MAX_BARS),
		                errdetail("The number of bars given is %d.", bars),
		                errhint("A volatility needs at least two returns; write 30 for a window of "
		                        "30 returns, which span 31 prices.")));
}

void
mc_check_periods_per_year(double periods_per_year)
{
	if (!(periods_per_year > 0 && isfinite(periods_per_year)))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("periods_per_year must be positive and finite"),
		                errdetail("The number given is %g.", periods_per_year),
		                errhint("Write 365 for daily bars of a market without holidays, 252 for "
		                        "daily bars of an exchange, 8760 for hourly bars; leave it out for "
		                        "volatility per bar.")));
}

void
mc_price_not_positive(double price)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_ARGUMENT_FOR_LOG),
	                errmsg("prices must be positive to have log returns"),
	                errdetail("The price found is %g.", price),
	                errhint("Leave such rows out, or turn them into NULL with CASE WHEN price > 0 "
	                        "THEN price END.")));
}

/* a stretch without NULLs, in place */
static size_t
plain_vols(McRollingVol *window, double *prices, size_t n)
{
	size_t absent;

	for (size_t i = 0; i < n; i++)
		if (unlikely(prices[i] <= 0))
			mc_price_not_positive(prices[i]);
	mc_check_status(mc_rolling_vol_add_many(window, prices, n, prices, &absent));
	for (size_t i = 0; i < absent; i++)
		prices[i] = mc_null_price();
	return n - absent;
}

size_t
mc_rolling_vols(McRollingVol *window, double *prices, size_t n)
{
	size_t present = 0;
	size_t end;

	for (size_t start = 0; start < n; start = end)
	{
		size_t limit = Min(n, start + MC_POLL_STEPS);

		CHECK_FOR_INTERRUPTS();
		for (end = start; end < limit && !mc_is_null_price(prices[end]); end++)
			;
		if (end > start)
			present += plain_vols(window, prices + start, end - start);
		else
			end++;
	}
	return present;
}

/* the ring, in the memory that the executor frees at the end of the partition */
static McFixed *
allocate_ring(RollingPartition *partition, int bars)
{
	Size size = (Size) bars * sizeof(McFixed);

	mc_check_state_size(size);
	return MemoryContextAllocHuge(GetMemoryChunkContext(partition), size);
}

/* The settings are read in the first row of a partition and count for all of it. */
static void
start_partition(WindowObject winobj, RollingPartition *partition, int nargs)
{
	bool is_null;
	double periods_per_year = 1;
	int bars;

	partition->started = true;
	bars = DatumGetInt32(WinGetFuncArgCurrent(winobj, 1, &is_null));
	if (!is_null && nargs > 2)
		periods_per_year = DatumGetFloat8(WinGetFuncArgCurrent(winobj, 2, &is_null));
	partition->null_setting = is_null;
	if (is_null)
		return;
	mc_check_bars(bars);
	mc_check_periods_per_year(periods_per_year);
	mc_rolling_vol_init(&partition->window, allocate_ring(partition, bars), bars, periods_per_year);
}

static void
require_window(WindowObject winobj)
{
	if (!WindowObjectIsValid(winobj))
		ereport(ERROR, (errcode(ERRCODE_WINDOWING_ERROR),
		                errmsg("rolling_vol(price, bars) is a window function"),
		                errhint("Write rolling_vol(price, bars) OVER (PARTITION BY instrument "
		                        "ORDER BY ts).")));
}

/* margin_calib.rolling_vol(price float8, bars int [, periods_per_year float8]) OVER (...) */
MC_FUNCTION(mc_rolling_vol)
{
	WindowObject winobj = PG_WINDOW_OBJECT();
	RollingPartition *partition;
	bool is_null;
	double price;
	double vol;

	require_window(winobj);
	partition = WinGetPartitionLocalMemory(winobj, sizeof(RollingPartition));
	if (!partition->started)
		start_partition(winobj, partition, PG_NARGS());
	price = DatumGetFloat8(WinGetFuncArgCurrent(winobj, 0, &is_null));
	mc_release_rows(winobj);
	if (is_null || partition->null_setting || !mc_next_vol(&partition->window, price, &vol))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(vol);
}

/* the elements of a one-dimensional float8 array */
static int
array_elements(ArrayType *array, Datum **elements, bool **nulls)
{
	int n;

	if (ARR_NDIM(array) > 1)
		ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
		                errmsg("prices must be a one-dimensional array"),
		                errdetail("The array given has %d dimensions.", ARR_NDIM(array)),
		                errhint("Write array_agg(price ORDER BY ts).")));
	deconstruct_array(array, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE, elements,
	                  nulls, &n);
	return n;
}

/* margin_calib.rolling_vol(prices float8[], bars int [, periods_per_year float8]) -> float8[] */
MC_FUNCTION(mc_rolling_vol_array)
{
	ArrayType *array = PG_GETARG_ARRAYTYPE_P(0);
	int bars = PG_GETARG_INT32(1);
	double periods_per_year = PG_NARGS() > 2 ? PG_GETARG_FLOAT8(2) : 1;
	McRollingVol window;
	Datum *elements;
	bool *nulls;
	double *vols;
	int n;
	int lower = 1;

	mc_check_bars(bars);
	mc_check_periods_per_year(periods_per_year);
	n = array_elements(array, &elements, &nulls);
	if (n == 0)
		PG_RETURN_ARRAYTYPE_P(construct_empty_array(FLOAT8OID));
	/* a window longer than the series gives NULLs only: no room for all of it */
	mc_rolling_vol_init(&window, palloc_extended(Min(bars, n) * sizeof(McFixed), MCXT_ALLOC_HUGE),
	                    bars, periods_per_year);
	vols = palloc_extended(n * sizeof(double), MCXT_ALLOC_HUGE);
	for (int i = 0; i < n; i++)
	{
		double price = DatumGetFloat8(elements[i]);

		vols[i] = nulls[i] ? mc_null_price() : isnan(price) ? mc_plain_nan() : price;
	}
	mc_rolling_vols(&window, vols, n);
	for (int i = 0; i < n; i++)
	{
		nulls[i] = mc_is_null_price(vols[i]);
		elements[i] = Float8GetDatum(vols[i]);
	}
	lower = ARR_LBOUND(array)[0];
	PG_RETURN_ARRAYTYPE_P(construct_md_array(elements, nulls, 1, &n, &lower, FLOAT8OID,
	                                         sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}
