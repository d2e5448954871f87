/*
 * series_set.h
 *	  Collect rows into one array per instrument: the hash table behind series_scan.h.
 */
#ifndef MC_SERIES_SET_H
#define MC_SERIES_SET_H

#include "series_scan.h"

typedef struct McSeriesBuilder
{
	McSeriesSet *set;
	McSeries **slots; /* open addressing, half empty at least */
	size_t mask;
	McSeries *latest;  /* the instrument of the row before: a clustered table hits it always */
	McSeries *unnamed; /* rows with a NULL instrument */
	bool integers;     /* instruments are compared as numbers */
	Size used;         /* bytes of the arrays, for the cap */
} McSeriesBuilder;

extern void mc_series_builder_init(McSeriesBuilder *builder, bool integers);

/* The series of an instrument, made when it is new. */
extern McSeries *mc_series_by_number(McSeriesBuilder *builder, int64 number);
extern McSeries *mc_series_by_bytes(McSeriesBuilder *builder, const char *bytes, size_t length);
extern McSeries *mc_series_unnamed(McSeriesBuilder *builder);

extern void mc_series_grow(McSeriesBuilder *builder, McSeries *series);

/* Names and order of the instruments; the builder is spent. */
extern McSeriesSet *mc_series_builder_finish(McSeriesBuilder *builder);

static inline void
mc_series_append(McSeriesBuilder *builder, McSeries *series, TimestampTz ts, double price)
{
	size_t n = series->n;

	if (n == series->capacity)
		mc_series_grow(builder, series);
	/* every NaN but the one that means NULL is the same NaN */
	if (unlikely(price != price) && !mc_is_null_price(price))
		price = mc_plain_nan();
	if (n > 0 && ts <= series->ts[n - 1])
		series->sorted = false;
	series->ts[n] = ts;
	series->price[n] = price;
	series->n = n + 1;
}

#endif
