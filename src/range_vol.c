/*
 * range_vol.c
 *	  margin_calib.rolling_vol over bars: window function of open, high, low and close.
 *
 * Like the form over prices it ignores the frame, reads each row once and keeps its own ring in
 * partition memory, so the executor may drop the rows behind it.
 */
#include "compat.h"

#include "utils/float.h"
#include "utils/memutils.h"

#include "errors.h"
#include "kernel/range_vol.h"
#include "settings.h"
#include "vol_args.h"
#include "window.h"

enum
{
	ARG_BARS = 4,
	ARG_ESTIMATOR,
	ARG_PERIODS_PER_YEAR
};

/* in the order of McRangeEstimator */
static const char *const estimator_names[] = {
    "close_to_close",          "close_to_close_zero_mean", "parkinson",  "garman_klass",
    "garman_klass_yang_zhang", "rogers_satchell",          "yang_zhang", NULL};

/* one partition; zeroed by the executor at its start */
typedef struct RangePartition
{
	McRangeVol window;
	bool started;
	bool null_setting; /* a setting is NULL: so is every result */
} RangePartition;

static void
check_range_bars(McRangeEstimator estimator, int bars)
{
	int least = (int) mc_range_vol_min_bars(estimator);

	if (bars < least || bars > MC_MAX_BARS)
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		         errmsg("bars must lie between %d and %d for %s", least, MC_MAX_BARS,
		                estimator_names[estimator]),
		         errdetail("The number of bars given is %d.", bars),
		         errhint("A sample variance needs two returns, a mean of ranges one bar; write 30 "
		                 "for a window of 30 bars.")));
}

/* An argument of the first row, noting whether it is NULL. */
static Datum
setting(WindowObject winobj, RangePartition *partition, int arg)
{
	bool is_null;
	Datum value = WinGetFuncArgCurrent(winobj, arg, &is_null);

	partition->null_setting |= is_null;
	return value;
}

/* The settings are read in the first row of a partition and count for all of it. */
static void
start_partition(WindowObject winobj, RangePartition *partition, int nargs)
{
	Datum bars = setting(winobj, partition, ARG_BARS);
	Datum name = setting(winobj, partition, ARG_ESTIMATOR);
	Datum periods = Float8GetDatum(1);
	McRangeEstimator estimator;
	Size size;

	partition->started = true;
	if (nargs > ARG_PERIODS_PER_YEAR)
		periods = setting(winobj, partition, ARG_PERIODS_PER_YEAR);
	if (partition->null_setting)
		return;
	estimator = (McRangeEstimator) mc_choice(DatumGetTextPP(name), estimator_names, "estimator");
	check_range_bars(estimator, DatumGetInt32(bars));
	mc_check_periods_per_year(DatumGetFloat8(periods));
	size = mc_range_vol_worksize(estimator, DatumGetInt32(bars));
	mc_check_state_size(size);
	mc_range_vol_init(&partition->window, estimator, DatumGetInt32(bars), DatumGetFloat8(periods),
	                  MemoryContextAllocHuge(GetMemoryChunkContext(partition), size));
}

static void
require_window(WindowObject winobj)
{
	if (!WindowObjectIsValid(winobj))
		ereport(
		    ERROR,
		    (errcode(ERRCODE_WINDOWING_ERROR),
		     errmsg("rolling_vol(open, high, low, close, bars, estimator) is a window function"),
		     errhint("Write rolling_vol(open, high, low, close, bars, estimator) OVER (PARTITION "
		             "BY instrument ORDER BY ts).")));
}

static pg_noinline void
inconsistent_bar(const McBar *bar)
{
	ereport(ERROR,
	        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
	         errmsg("high must be the highest and low the lowest price of a bar"),
	         errdetail("The bar has open %s, high %s, low %s and close %s.",
	                   float8out_internal(bar->open), float8out_internal(bar->high),
	                   float8out_internal(bar->low), float8out_internal(bar->close)),
	         errhint("Correct the bar, or leave it out; greatest(high, open, close) and least(low, "
	                 "open, close) widen it to what it contains.")));
}

/* The bar of the current row; false: a price is NULL. */
static bool
read_bar(WindowObject winobj, McBar *bar)
{
	double prices[4];
	bool is_null;

	for (int i = 0; i < 4; i++)
	{
		prices[i] = DatumGetFloat8(WinGetFuncArgCurrent(winobj, i, &is_null));
		if (is_null)
			return false;
	}
	for (int i = 0; i < 4; i++)
		if (unlikely(prices[i] <= 0))
			mc_price_not_positive(prices[i]);
	*bar = (McBar){prices[0], prices[1], prices[2], prices[3]};
	if (unlikely(!mc_bar_is_consistent(bar)))
		inconsistent_bar(bar);
	return true;
}

/*
 * margin_calib.rolling_vol(open, high, low, close float8, bars int, estimator text
 * [, periods_per_year float8]) OVER (...)
 */
MC_FUNCTION(mc_rolling_vol_bars)
{
	WindowObject winobj = PG_WINDOW_OBJECT();
	RangePartition *partition;
	McStatus status;
	McBar bar;
	bool present;
	double vol;

	require_window(winobj);
	partition = WinGetPartitionLocalMemory(winobj, sizeof(RangePartition));
	if (!partition->started)
		start_partition(winobj, partition, PG_NARGS());
	present = read_bar(winobj, &bar);
	mc_release_rows(winobj);
	if (!present || partition->null_setting)
		PG_RETURN_NULL();
	status = mc_range_vol_add(&partition->window, &bar, &vol);
	mc_check_status(status);
	if (status == MC_TOO_FEW)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(vol);
}
