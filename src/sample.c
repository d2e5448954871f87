/*
 * sample.c
 *	  The state of aggregates over a whole sample: its rows, in the order they came, and settings.
 */
#include "compat.h"

#include "libpq/pqformat.h"
#include "utils/memutils.h"

#include "errors.h"
#include "sample.h"

#define FIRST_CAPACITY 32
#define STATE_FORMAT 1

static McSample *
new_sample(MemoryContext context, int width, Size capacity)
{
	McSample *sample = MemoryContextAllocZero(context, sizeof(McSample));
	Size bytes = mul_size(capacity, width * sizeof(double));

	mc_check_state_size(bytes);
	sample->width = width;
	sample->capacity = capacity;
	sample->values = MemoryContextAllocHuge(context, bytes);
	return sample;
}

/* Room for more rows. */
static pg_noinline void
grow(McSample *sample, Size more)
{
	Size row = sample->width * sizeof(double);
	Size capacity = mc_grown_capacity(sample->capacity, add_size(sample->rows, more), row);

	sample->values = repalloc_huge(sample->values, capacity * row);
	sample->capacity = capacity;
}

/* sampleN_accum(state, N x float8, settings ...) */
static inline Datum
sample_accum(FunctionCallInfo fcinfo, int width)
{
	McSample *sample = PG_ARGISNULL(0) ? NULL : (McSample *) PG_GETARG_POINTER(0);
	double *row;
	bool finite = true;

	for (int i = 1; i <= width; i++)
		if (PG_ARGISNULL(i))
		{
			if (sample == NULL)
				PG_RETURN_NULL();
			PG_RETURN_POINTER(sample);
		}
	if (likely(sample != NULL))
		mc_settings_compare(&sample->settings, fcinfo, width + 1);
	else
	{
		MemoryContext context = mc_aggregate_context(fcinfo, "sample_accum");

		sample = new_sample(context, width, FIRST_CAPACITY);
		mc_settings_read(&sample->settings, fcinfo, width + 1, context);
	}
	if (unlikely(sample->rows == sample->capacity))
		grow(sample, 1);
	row = sample->values + sample->rows * width;
	for (int i = 0; i < width; i++)
	{
		row[i] = PG_GETARG_FLOAT8(i + 1);
		finite &= row[i] - row[i] == 0;
	}
	if (likely(finite))
		sample->rows++;
	else
		sample->not_finite++;
	PG_RETURN_POINTER(sample);
}

MC_FUNCTION(mc_sample1_accum)
{
	return sample_accum(fcinfo, 1);
}

MC_FUNCTION(mc_sample2_accum)
{
	return sample_accum(fcinfo, 2);
}

MC_FUNCTION(mc_sample3_accum)
{
	return sample_accum(fcinfo, 3);
}

/* sample_combine(state, state): concatenation */
MC_FUNCTION(mc_sample_combine)
{
	MemoryContext context = mc_aggregate_context(fcinfo, "sample_combine");
	McSample *sample = PG_ARGISNULL(0) ? NULL : (McSample *) PG_GETARG_POINTER(0);
	const McSample *other = PG_ARGISNULL(1) ? NULL : (const McSample *) PG_GETARG_POINTER(1);

	if (other == NULL)
	{
		if (sample == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(sample);
	}
	if (sample == NULL)
	{
		sample = new_sample(context, other->width, Max(other->rows, 1));
		mc_settings_copy(&sample->settings, &other->settings, context);
	}
	else
		mc_settings_agree(&sample->settings, &other->settings);
	if (sample->capacity - sample->rows < other->rows)
		grow(sample, other->rows);
	memcpy(sample->values + sample->rows * sample->width, (const char *) other->values,
	       other->rows * other->width * sizeof(double));
	sample->rows += other->rows;
	sample->not_finite += other->not_finite;
	PG_RETURN_POINTER(sample);
}

/* sample_serialize(state) -> bytea */
MC_FUNCTION(mc_sample_serialize)
{
	const McSample *sample = (const McSample *) PG_GETARG_POINTER(0);
	Size block = sample->rows * sample->width * sizeof(double);
	StringInfoData buffer;

	if (block > MaxAllocSize / 2)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
		                errmsg("partial aggregate state is too large to be sent by a worker"),
		                errdetail("It holds %zu rows.", sample->rows),
		                errhint("Set max_parallel_workers_per_gather to 0 for this query.")));
	pq_begintypsend(&buffer);
	pq_sendbyte(&buffer, STATE_FORMAT);
	pq_sendbyte(&buffer, sample->width);
	mc_settings_send(&buffer, &sample->settings);
	pq_sendint64(&buffer, sample->not_finite);
	pq_sendint64(&buffer, sample->rows);
	enlargeStringInfo(&buffer, (int) block);
	pq_sendbytes(&buffer, (const char *) sample->values, (int) block);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

/* sample_deserialize(bytea, internal) -> state, which only lives until it is combined */
MC_FUNCTION(mc_sample_deserialize)
{
	bytea *bytes = PG_GETARG_BYTEA_PP(0);
	McSample *sample = palloc0(sizeof(McSample));
	StringInfoData buffer = {VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes), 0, 0};

	if (pq_getmsgbyte(&buffer) != STATE_FORMAT)
		elog(ERROR, "unknown format of a sample state");
	sample->width = pq_getmsgbyte(&buffer);
	mc_settings_receive(&buffer, &sample->settings);
	sample->not_finite = pq_getmsgint64(&buffer);
	sample->rows = pq_getmsgint64(&buffer);
	sample->values =
	    (double *) pq_getmsgbytes(&buffer, (int) (sample->rows * sample->width * sizeof(double)));
	pq_getmsgend(&buffer);
	PG_RETURN_POINTER(sample);
}

double *
mc_sample_column(const McSample *sample, int column)
{
	double *values = mc_work_space(sample->rows, sizeof(double));

	for (Size i = 0; i < sample->rows; i++)
		values[i] = sample->values[i * sample->width + column];
	return values;
}

void *
mc_work_space(Size count, Size size)
{
	Size bytes = mul_size(Max(count, 1), size);

	mc_check_state_size(bytes);
	return palloc_extended(bytes, MCXT_ALLOC_HUGE);
}
