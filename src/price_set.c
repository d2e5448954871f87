/*
 * price_set.c
 *	  Price series with times of their own, out of a sample with rows (series, seconds, price).
 */
#include "price_set.h"

#include <math.h>

#include "miscadmin.h"

#include "errors.h"
#include "kernel/series_sort.h"

static int
series_count(const McSample *sample)
{
	double most = 0;

	for (Size i = 0; i < sample->rows; i++)
	{
		double number = sample->values[3 * i];

		if (!(number >= 1 && number <= MC_MOST_PRICE_SERIES && number == floor(number)))
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			                errmsg("series are numbered from 1 to %d", MC_MOST_PRICE_SERIES),
			                errdetail("A series given is %g.", number)));
		most = fmax(most, number);
	}
	return (int) most;
}

/* Room for every series, empty. */
static McPriceSet
new_price_set(const McSample *sample)
{
	McPriceSet set = {NULL, series_count(sample), 0};
	Size *rows = palloc0((set.count + 1) * sizeof(Size));

	set.series = palloc0(Max(set.count, 1) * sizeof(McAlignSeries));
	for (Size i = 0; i < sample->rows; i++)
		rows[(int) sample->values[3 * i]]++;
	for (int i = 0; i < set.count; i++)
	{
		set.series[i].ts = mc_work_space(rows[i + 1], sizeof(int64));
		set.series[i].price = mc_work_space(rows[i + 1], sizeof(double));
		set.longest = Max(set.longest, rows[i + 1]);
	}
	pfree(rows);
	return set;
}

McPriceSet
mc_price_set(const McSample *sample)
{
	McPriceSet set = new_price_set(sample);
	int64 *ts_work = mc_work_space(set.longest, sizeof(int64));
	double *price_work = mc_work_space(set.longest, sizeof(double));

	for (Size i = 0; i < sample->rows; i++)
	{
		const double *row = sample->values + 3 * i;
		McAlignSeries *series = &set.series[(int) row[0] - 1];

		if (row[2] <= 0)
			continue;
		((int64 *) series->ts)[series->n] = (int64) rint(fmax(-9e18, fmin(9e18, row[1] * 1e6)));
		((double *) series->price)[series->n++] = row[2];
	}
	for (int i = 0; i < set.count; i++)
	{
		McAlignSeries *series = &set.series[i];

		CHECK_FOR_INTERRUPTS();
		mc_check_status(mc_series_sort((int64 *) series->ts, (double *) series->price, series->n,
		                               ts_work, price_work, &mc_interrupt_poll));
		series->n = mc_align_compact((int64 *) series->ts, (double *) series->price, series->n);
	}
	pfree(ts_work);
	pfree(price_work);
	return set;
}
