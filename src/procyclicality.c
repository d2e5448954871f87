/*
 * procyclicality.c
 *	  procyclicality(ts, margin [, loss]) and margin_increases(ts, margin, steps): measures of a path of
 *	  margins, stored or hypothetical.
 *
 * A transition only appends.  The final functions sort by ts, and no ts comes twice: rows may arrive from
 * any plan and from parallel workers, and change no digit.
 */
#include "compat.h"

#include <float.h>
#include <math.h>

#include "access/htup_details.h"
#include "funcapi.h"
#include "libpq/pqformat.h"
#include "utils/array.h"
#include "utils/float.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "errors.h"
#include "kernel/procyclicality.h"
#include "sample.h"
#include "settings.h"
#include "values.h"

#define FIRST_CAPACITY 64
#define STATE_FORMAT 1
#define COLUMNS 24
#define INCREASE_COLUMNS 6
#define MOST_HORIZONS 1000

typedef struct PathState
{
	McMarginPath path;
	Size capacity;
	bool with_losses;
	McSettings settings; /* the steps of margin_increases */
} PathState;

static Size
row_size(const PathState *state)
{
	return sizeof(int64) + (state->with_losses ? 2 : 1) * sizeof(double);
}

static PathState *
new_state(MemoryContext context, bool with_losses, Size capacity)
{
	PathState *state = MemoryContextAllocZero(context, sizeof(PathState));

	state->with_losses = with_losses;
	mc_check_state_size(mul_size(capacity, row_size(state)));
	state->capacity = capacity;
	state->path.ts = MemoryContextAllocHuge(context, capacity * sizeof(int64));
	state->path.margin = MemoryContextAllocHuge(context, capacity * sizeof(double));
	if (with_losses)
		state->path.loss = MemoryContextAllocHuge(context, capacity * sizeof(double));
	return state;
}

/* Room for more rows. */
static pg_noinline void
grow(PathState *state, Size more)
{
	Size capacity =
	    mc_grown_capacity(state->capacity, add_size(state->path.n, more), row_size(state));

	state->path.ts = repalloc_huge(state->path.ts, capacity * sizeof(int64));
	state->path.margin = repalloc_huge(state->path.margin, capacity * sizeof(double));
	if (state->with_losses)
		state->path.loss = repalloc_huge(state->path.loss, capacity * sizeof(double));
	state->capacity = capacity;
}

static void
check_row(TimestampTz ts, double margin, double loss)
{
	if (TIMESTAMP_NOT_FINITE(ts))
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("times of margins are finite"),
		         errdetail("The ts found is %s.", timestamptz_to_str(ts)),
		         errhint("Leave such rows out with FILTER (WHERE isfinite(ts)).")));
	if (!(margin > 0 && margin <= DBL_MAX))
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		         errmsg("margins are positive and finite"),
		         errdetail("The margin at %s is %s.", timestamptz_to_str(ts),
		                   float8out_internal(margin)),
		         errhint("Leave such rows out with FILTER (WHERE margin > 0); a path begins with "
		                 "the first margin that was called.")));
	if (isinf(loss) || isnan(loss))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("losses are finite"),
		                errdetail("The loss at %s is %s.", timestamptz_to_str(ts),
		                          float8out_internal(loss)),
		                errhint("Write NULL for a loss that is not known yet.")));
}

/* ts and margin of a row, after the state is there; a NULL of either skips it */
static void
append(FunctionCallInfo fcinfo, PathState *state)
{
	McMarginPath *path = &state->path;
	bool has_loss = state->with_losses && !PG_ARGISNULL(3);

	check_row(PG_GETARG_TIMESTAMPTZ(1), PG_GETARG_FLOAT8(2), has_loss ? PG_GETARG_FLOAT8(3) : 0);
	if (unlikely(path->n == state->capacity))
		grow(state, 1);
	path->ts[path->n] = PG_GETARG_TIMESTAMPTZ(1);
	path->margin[path->n] = PG_GETARG_FLOAT8(2);
	if (state->with_losses)
		path->loss[path->n] = has_loss ? PG_GETARG_FLOAT8(3) : get_float8_nan();
	path->n++;
}

/* procyclicality_accum(state, ts, margin [, loss]) */
MC_FUNCTION(mc_procyclicality_accum)
{
	PathState *state = PG_ARGISNULL(0) ? NULL : (PathState *) PG_GETARG_POINTER(0);

	if (!PG_ARGISNULL(1) && !PG_ARGISNULL(2))
	{
		if (state == NULL)
			state = new_state(mc_aggregate_context(fcinfo, "procyclicality_accum"), PG_NARGS() > 3,
			                  FIRST_CAPACITY);
		append(fcinfo, state);
	}
	if (state == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(state);
}

/* margin_increases_accum(state, ts, margin, steps) */
MC_FUNCTION(mc_margin_increases_accum)
{
	PathState *state = PG_ARGISNULL(0) ? NULL : (PathState *) PG_GETARG_POINTER(0);

	if (!PG_ARGISNULL(1) && !PG_ARGISNULL(2))
	{
		if (state != NULL)
			mc_settings_compare(&state->settings, fcinfo, 3);
		else
		{
			MemoryContext context = mc_aggregate_context(fcinfo, "margin_increases_accum");

			state = new_state(context, false, FIRST_CAPACITY);
			mc_settings_read(&state->settings, fcinfo, 3, context);
		}
		append(fcinfo, state);
	}
	if (state == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(state);
}

/* margin_path_combine(state, state): concatenation */
MC_FUNCTION(mc_margin_path_combine)
{
	MemoryContext context = mc_aggregate_context(fcinfo, "margin_path_combine");
	PathState *state = PG_ARGISNULL(0) ? NULL : (PathState *) PG_GETARG_POINTER(0);
	const PathState *other = PG_ARGISNULL(1) ? NULL : (const PathState *) PG_GETARG_POINTER(1);
	Size n;

	if (other == NULL)
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(state);
	}
	n = other->path.n;
	if (state == NULL)
	{
		state = new_state(context, other->with_losses, Max(n, 1));
		mc_settings_copy(&state->settings, &other->settings, context);
	}
	else
		mc_settings_agree(&state->settings, &other->settings);
	if (state->capacity - state->path.n < n)
		grow(state, n);
	memcpy(state->path.ts + state->path.n, other->path.ts, n * sizeof(int64));
	memcpy(state->path.margin + state->path.n, other->path.margin, n * sizeof(double));
	if (state->with_losses)
		memcpy(state->path.loss + state->path.n, other->path.loss, n * sizeof(double));
	state->path.n += n;
	PG_RETURN_POINTER(state);
}

/* margin_path_serialize(state) -> bytea: format, losses, settings, rows, then the columns */
MC_FUNCTION(mc_margin_path_serialize)
{
	const PathState *state = (const PathState *) PG_GETARG_POINTER(0);
	Size n = state->path.n;
	StringInfoData buffer;

	if (n > MaxAllocSize / 2 / row_size(state))
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
		                errmsg("partial aggregate state is too large to be sent by a worker"),
		                errdetail("It holds %zu rows.", n),
		                errhint("Set max_parallel_workers_per_gather to 0 for this query.")));
	pq_begintypsend(&buffer);
	pq_sendbyte(&buffer, STATE_FORMAT);
	pq_sendbyte(&buffer, state->with_losses);
	mc_settings_send(&buffer, &state->settings);
	pq_sendint64(&buffer, (int64) n);
	pq_sendbytes(&buffer, (const char *) state->path.ts, (int) (n * sizeof(int64)));
	pq_sendbytes(&buffer, (const char *) state->path.margin, (int) (n * sizeof(double)));
	if (state->with_losses)
		pq_sendbytes(&buffer, (const char *) state->path.loss, (int) (n * sizeof(double)));
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

/* margin_path_deserialize(bytea, internal) -> state */
MC_FUNCTION(mc_margin_path_deserialize)
{
	bytea *bytes = PG_GETARG_BYTEA_PP(0);
	StringInfoData buffer = {VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes), 0, 0};
	McSettings settings;
	PathState *state;
	bool with_losses;
	Size n;

	if (pq_getmsgbyte(&buffer) != STATE_FORMAT)
		elog(ERROR, "unknown format of a margin path");
	with_losses = pq_getmsgbyte(&buffer);
	mc_settings_receive(&buffer, &settings);
	n = (Size) pq_getmsgint64(&buffer);
	state = new_state(CurrentMemoryContext, with_losses, Max(n, 1));
	state->settings = settings;
	state->path.n = n;
	pq_copymsgbytes(&buffer, (char *) state->path.ts, (int) (n * sizeof(int64)));
	pq_copymsgbytes(&buffer, (char *) state->path.margin, (int) (n * sizeof(double)));
	if (with_losses)
		pq_copymsgbytes(&buffer, (char *) state->path.loss, (int) (n * sizeof(double)));
	pq_getmsgend(&buffer);
	PG_RETURN_POINTER(state);
}

/* In the order of ts, each of them once; the state holds the same rows as before. */
static void
order_path(PathState *state, void *work)
{
	Size duplicate;

	mc_check_status(mc_margin_path_order(&state->path, work, &mc_interrupt_poll));
	duplicate = mc_margin_path_duplicate(&state->path);
	if (duplicate > 0)
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		         errmsg("a path has one margin at a time"),
		         errdetail("There are several margins at %s.",
		                   timestamptz_to_str(state->path.ts[duplicate])),
		         errhint("Group by instrument or account, or choose one with DISTINCT ON (ts).")));
}

/* A row under construction: NaN stands for what is not defined. */
typedef struct RowBuilder
{
	Datum values[COLUMNS];
	bool nulls[COLUMNS];
	int n;
} RowBuilder;

static void
put(RowBuilder *row, Datum value)
{
	row->nulls[row->n] = false;
	row->values[row->n++] = value;
}

static void
put_float8(RowBuilder *row, double x)
{
	put(row, Float8GetDatum(x));
	row->nulls[row->n - 1] = isnan(x);
}

static void
put_measures(RowBuilder *row, const McProcyclicality *m)
{
	put_float8(row, m->average);
	put_float8(row, m->lowest);
	put_float8(row, m->highest);
	put_float8(row, m->peak_to_trough);
	put_float8(row, m->peak_to_trough_within_year);
	put(row, Int64GetDatum(m->years));
	for (int h = 0; h < MC_RISE_HORIZONS; h++)
		put_float8(row, m->rise[h]);
	for (int h = 0; h < MC_RISE_HORIZONS; h++)
		put_float8(row, m->rise_in_days[h]);
	put_float8(row, m->high_rise[0]);
	put_float8(row, m->high_rise[1]);
	put_float8(row, m->log_change_deviation);
	put(row, Int64GetDatum(m->losses));
	put(row, Int64GetDatum(m->exceptions));
	put_float8(row, m->coverage);
	put_float8(row, m->average_shortfall);
	put_float8(row, m->largest_shortfall);
	put_float8(row, m->average_excess);
}

/* procyclicality(ts, margin [, loss]) */
MC_FUNCTION(mc_procyclicality_final)
{
	PathState *state = PG_ARGISNULL(0) ? NULL : (PathState *) PG_GETARG_POINTER(0);
	McProcyclicality measures;
	RowBuilder row = {0};
	void *work;

	if (state == NULL)
		PG_RETURN_NULL();
	work = mc_work_space(mc_margin_path_worksize(state->path.n), 1);
	order_path(state, work);
	mc_check_status(mc_procyclicality(&state->path, work, &measures, &mc_interrupt_poll));
	pfree(work);
	put(&row, Int64GetDatum(state->path.n));
	put(&row, TimestampTzGetDatum(state->path.ts[0]));
	put(&row, TimestampTzGetDatum(state->path.ts[state->path.n - 1]));
	put_measures(&row, &measures);
	PG_RETURN_DATUM(mc_row_datum(fcinfo, row.values, row.nulls));
}

/* The steps asked for: 1 or more each, at most MOST_HORIZONS of them. */
static const int32 *
steps_setting(const PathState *state, int *n)
{
	ArrayType *array = DatumGetArrayTypeP(state->settings.items[0].value);
	const int32 *steps = (const int32 *) ARR_DATA_PTR(array);

	*n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	if (ARR_NDIM(array) != 1 || array_contains_nulls(array) || *n > MOST_HORIZONS)
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		         errmsg("steps is a one-dimensional array of 1 to %d numbers", MOST_HORIZONS),
		         errdetail("It has %d elements in %d dimensions.", *n, ARR_NDIM(array)),
		         errhint("Write margin_increases(ts, margin, ARRAY[1, 5, 30]).")));
	for (int i = 0; i < *n; i++)
		if (steps[i] < 1)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			                errmsg("a number of steps is 1 or more"),
			                errdetail("Element %d is %d.", i + 1, steps[i]),
			                errhint("Write 5 for the increase over five observations.")));
	return steps;
}

static Datum
increase_row(TupleDesc descriptor, const McMarginPath *path, int32 steps)
{
	McMarginIncrease increase;
	McStatus status = mc_margin_increase(path, steps, &increase, &mc_interrupt_poll);
	RowBuilder row = {0};

	mc_check_status(status);
	put(&row, Int32GetDatum(steps));
	if (status == MC_TOO_FEW)
		memset(row.nulls + 1, true, INCREASE_COLUMNS - 1);
	else
	{
		put_float8(&row, increase.rise);
		put(&row, TimestampTzGetDatum(path->ts[increase.from]));
		put(&row, TimestampTzGetDatum(path->ts[increase.to]));
		put_float8(&row, path->margin[increase.from]);
		put_float8(&row, path->margin[increase.to]);
	}
	return HeapTupleGetDatum(heap_form_tuple(descriptor, row.values, row.nulls));
}

/* margin_increases(ts, margin, steps) */
MC_FUNCTION(mc_margin_increases_final)
{
	PathState *state = PG_ARGISNULL(0) ? NULL : (PathState *) PG_GETARG_POINTER(0);
	TupleDesc descriptor;
	const int32 *steps;
	Datum *rows;
	void *work;
	int n;

	if (state == NULL)
		PG_RETURN_NULL();
	steps = steps_setting(state, &n);
	work = mc_work_space(mc_margin_path_worksize(state->path.n), 1);
	order_path(state, work);
	pfree(work);
	descriptor =
	    lookup_rowtype_tupdesc_copy(get_element_type(get_fn_expr_rettype(fcinfo->flinfo)), -1);
	rows = palloc(n * sizeof(Datum));
	for (int i = 0; i < n; i++)
		rows[i] = increase_row(BlessTupleDesc(descriptor), &state->path, steps[i]);
	PG_RETURN_ARRAYTYPE_P(
	    construct_array(rows, n, descriptor->tdtypeid, -1, false, TYPALIGN_DOUBLE));
}
