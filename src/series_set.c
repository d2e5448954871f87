/*
 * series_set.c
 *	  Collect rows into one array per instrument.
 */
#include "compat.h"

#include "common/hashfn.h"
#include "utils/memutils.h"

#include "errors.h"
#include "series_set.h"

#define FIRST_CAPACITY 64
#define FIRST_SLOTS 256

void
mc_series_builder_init(McSeriesBuilder *builder, bool integers)
{
	MemoryContext context =
	    AllocSetContextCreate(CurrentMemoryContext, "margin_calib series", ALLOCSET_DEFAULT_SIZES);
	McSeriesSet *set = MemoryContextAllocZero(context, sizeof(McSeriesSet));

	memset(builder, 0, sizeof(*builder));
	set->context = context;
	builder->set = set;
	builder->integers = integers;
	builder->slots = MemoryContextAllocZero(context, FIRST_SLOTS * sizeof(McSeries *));
	builder->mask = FIRST_SLOTS - 1;
}

/* put a series where its hash leads; the table has an empty slot */
static void
insert_slot(McSeriesBuilder *builder, McSeries *series)
{
	size_t i = series->hash & builder->mask;

	while (builder->slots[i] != NULL)
		i = (i + 1) & builder->mask;
	builder->slots[i] = series;
}

static void
double_slots(McSeriesBuilder *builder)
{
	McSeries **old = builder->slots;
	size_t count = builder->mask + 1;

	builder->slots = MemoryContextAllocExtended(
	    builder->set->context, 2 * count * sizeof(McSeries *), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	builder->mask = 2 * count - 1;
	for (size_t i = 0; i < count; i++)
		if (old[i] != NULL)
			insert_slot(builder, old[i]);
	pfree(old);
	builder->used += count * sizeof(McSeries *);
	mc_check_state_size(builder->used);
}

static McSeries *
new_series(McSeriesBuilder *builder, uint64 hash)
{
	McSeries *series = MemoryContextAllocZero(builder->set->context, sizeof(McSeries));

	series->hash = hash;
	series->sorted = true;
	builder->set->n++;
	builder->used += sizeof(McSeries);
	return series;
}

/* a new series that is found by its hash */
static McSeries *
new_hashed_series(McSeriesBuilder *builder, uint64 hash)
{
	McSeries *series;

	if (2 * (builder->set->n + 1) > builder->mask)
		double_slots(builder);
	series = new_series(builder, hash);
	insert_slot(builder, series);
	builder->latest = series;
	return series;
}

/* the finalizer of splitmix64 (Steele, Lea and Flood 2014) */
static inline uint64
mix_bits(uint64 x)
{
	x = (x ^ (x >> 30)) * UINT64CONST(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64CONST(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

McSeries *
mc_series_by_number(McSeriesBuilder *builder, int64 number)
{
	McSeries *series = builder->latest;
	uint64 hash;

	if (series != NULL && series->number == number)
		return series;
	hash = mix_bits((uint64) number);
	for (size_t i = hash & builder->mask; (series = builder->slots[i]) != NULL;
	     i = (i + 1) & builder->mask)
		if (series->number == number)
			return builder->latest = series;
	series = new_hashed_series(builder, hash);
	series->number = number;
	return series;
}

static inline bool
has_bytes(const McSeries *series, const char *bytes, size_t length)
{
	return series->length == length && memcmp(series->bytes, bytes, length) == 0;
}

McSeries *
mc_series_by_bytes(McSeriesBuilder *builder, const char *bytes, size_t length)
{
	McSeries *series = builder->latest;
	uint64 hash;

	if (series != NULL && has_bytes(series, bytes, length))
		return series;
	hash = hash_bytes((const unsigned char *) bytes, (int) length);
	for (size_t i = hash & builder->mask; (series = builder->slots[i]) != NULL;
	     i = (i + 1) & builder->mask)
		if (series->hash == hash && has_bytes(series, bytes, length))
			return builder->latest = series;
	series = new_hashed_series(builder, hash);
	series->bytes = MemoryContextAlloc(builder->set->context, length + 1);
	memcpy(series->bytes, bytes, length);
	series->bytes[length] = '\0';
	series->length = length;
	builder->used += length + 1;
	return series;
}

McSeries *
mc_series_unnamed(McSeriesBuilder *builder)
{
	if (builder->unnamed == NULL)
		builder->unnamed = new_series(builder, 0);
	return builder->unnamed;
}

void
mc_series_grow(McSeriesBuilder *builder, McSeries *series)
{
	Size pair = sizeof(TimestampTz) + sizeof(double);
	size_t capacity = series->capacity == 0 ? FIRST_CAPACITY : 2 * series->capacity;

	builder->used += (capacity - series->capacity) * pair;
	mc_check_state_size(builder->used);
	if (series->capacity == 0)
	{
		series->ts = MemoryContextAlloc(builder->set->context, capacity * sizeof(TimestampTz));
		series->price = MemoryContextAlloc(builder->set->context, capacity * sizeof(double));
	}
	else
	{
		series->ts = repalloc_huge(series->ts, capacity * sizeof(TimestampTz));
		series->price = repalloc_huge(series->price, capacity * sizeof(double));
	}
	series->capacity = capacity;
}

static int
compare_numbers(const void *a, const void *b)
{
	int64 x = (*(McSeries *const *) a)->number;
	int64 y = (*(McSeries *const *) b)->number;

	return x < y ? -1 : x > y;
}

static int
compare_bytes(const void *a, const void *b)
{
	const McSeries *x = *(McSeries *const *) a;
	const McSeries *y = *(McSeries *const *) b;
	int order = memcmp(x->bytes, y->bytes, Min(x->length, y->length));

	return order != 0 ? order : x->length < y->length ? -1 : x->length > y->length;
}

McSeriesSet *
mc_series_builder_finish(McSeriesBuilder *builder)
{
	McSeriesSet *set = builder->set;
	size_t n = 0;

	set->series = MemoryContextAllocHuge(set->context, (set->n + 1) * sizeof(McSeries *));
	for (size_t i = 0; i <= builder->mask; i++)
		if (builder->slots[i] != NULL)
			set->series[n++] = builder->slots[i];
	pfree(builder->slots);
	qsort(set->series, n, sizeof(McSeries *), builder->integers ? compare_numbers : compare_bytes);
	for (size_t i = 0; i < n; i++)
		set->series[i]->instrument =
		    builder->integers
		        ? MemoryContextStrdup(set->context, psprintf(INT64_FORMAT, set->series[i]->number))
		        : set->series[i]->bytes;
	if (builder->unnamed != NULL)
		set->series[n] = builder->unnamed;
	return set;
}

void
mc_series_order(McSeriesSet *set, McSeries *series)
{
	TimestampTz *ts_work;
	double *price_work;
	McStatus status;

	if (series->sorted)
		return;
	ts_work = MemoryContextAllocHuge(set->context, series->n * sizeof(TimestampTz));
	price_work = MemoryContextAllocHuge(set->context, series->n * sizeof(double));
	status = mc_series_sort(series->ts, series->price, series->n, ts_work, price_work,
	                        &mc_interrupt_poll);
	pfree(ts_work);
	pfree(price_work);
	mc_check_status(status);
}

void
mc_series_discard(McSeries *series)
{
	if (series->capacity > 0)
	{
		pfree(series->ts);
		pfree(series->price);
	}
	series->ts = NULL;
	series->price = NULL;
	series->n = series->capacity = 0;
}

void
mc_series_free(McSeriesSet *set)
{
	MemoryContextDelete(set->context);
}
