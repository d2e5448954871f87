/*
 * tail_sketch.c
 *	  Aggregates tail_sketch and tail_sketch_merge, and what is asked of a sketch.
 *
 * A sketch depends on the bag of its values alone (kernel/sketch.h), so that parallel workers, shards and
 * sketches stored by the day give the bytes of one serial scan.  A worker sends the value itself.
 */
#include "compat.h"

#include "utils/float.h"
#include "utils/memutils.h"

#include "errors.h"
#include "tail_sketch.h"
#include "values.h"

#define DEFAULT_SIZE 1024

typedef struct SketchState
{
	McSketch sketch;
	MemoryContext context;
} SketchState;

static SketchState *
new_state(MemoryContext context, Size size)
{
	SketchState *state = MemoryContextAlloc(context, sizeof(SketchState));

	mc_sketch_init(&state->sketch, size);
	state->context = context;
	return state;
}

static inline SketchState *
get_state(FunctionCallInfo fcinfo, int arg)
{
	return PG_ARGISNULL(arg) ? NULL : (SketchState *) PG_GETARG_POINTER(arg);
}

static Datum
return_state(FunctionCallInfo fcinfo, SketchState *state)
{
	if (state == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(state);
}

/* Give the part that is full more memory. */
static pg_noinline void
serve(SketchState *state, McSketchNeed need)
{
	McSketch *sketch = &state->sketch;

	if (need == MC_SKETCH_NEEDS_EXTREMES)
	{
		Size room = mc_sketch_more_extremes(sketch);
		Size bytes = room * sizeof(double);

		mc_check_state_size(bytes);
		sketch->extremes = sketch->extremes == NULL ? MemoryContextAlloc(state->context, bytes)
		                                            : repalloc(sketch->extremes, bytes);
		sketch->room = room;
	}
	else
	{
		McSketchSide *side = &sketch->sides[need - MC_SKETCH_NEEDS_LOSSES];
		Size capacity = mc_sketch_more_places(side);
		McSketchBucket *old = side->buckets;

		mc_check_state_size(capacity * sizeof(McSketchBucket));
		mc_sketch_rebuild(side,
		                  MemoryContextAllocZero(state->context, capacity * sizeof(McSketchBucket)),
		                  capacity);
		if (old != NULL)
			pfree(old);
	}
}

static inline void
add_loss(SketchState *state, double loss)
{
	McSketchNeed need;

	while (unlikely((need = mc_sketch_add(&state->sketch, loss)) != MC_SKETCH_READY))
		serve(state, need);
}

static void
settle(SketchState *state)
{
	McSketchNeed need;

	while ((need = mc_sketch_settle(&state->sketch)) != MC_SKETCH_READY)
		serve(state, need);
}

static void
check_rows(uint64 a, uint64 b)
{
	if (a + b > MC_SKETCH_MOST_ROWS)
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
		                errmsg("too many rows for a tail_sketch"),
		                errdetail("A sketch counts at most 2^53 rows."),
		                errhint("Merge fewer sketches.")));
}

static void
merge(SketchState *state, const McSketch *other)
{
	McSketch *sketch = &state->sketch;
	McSketchNeed need;

	check_rows(sketch->rows, other->rows);
	check_rows(sketch->not_finite, other->not_finite);
	mc_sketch_adopt(sketch, other);
	for (int side = 0; side < MC_SKETCH_SIDES; side++)
	{
		const McSketchSide *from = &other->sides[side];

		for (Size i = 0; i < from->capacity; i++)
			if (from->buckets[i].count > 0)
				while ((need = mc_sketch_add_bucket(sketch, side, &from->buckets[i])) !=
				       MC_SKETCH_READY)
					serve(state, need);
	}
	for (Size i = 0; i < other->kept; i++)
		add_loss(state, other->extremes[i]);
	settle(state);
}

static void
check_size(int32 size)
{
	if (size < MC_SKETCH_LEAST_SIZE || size > MC_SKETCH_MOST_SIZE)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("size of a tail_sketch must lie between %d and %d",
		                       MC_SKETCH_LEAST_SIZE, MC_SKETCH_MOST_SIZE),
		                errdetail("The size given is %d.", size),
		                errhint("Leave it out for %d.", DEFAULT_SIZE)));
}

static pg_noinline void
size_differs(FunctionCallInfo fcinfo, Size size)
{
	if (PG_ARGISNULL(2))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
		                errmsg("size of a tail_sketch must not be NULL"),
		                errhint("Leave it out for %d.", DEFAULT_SIZE)));
	check_size(PG_GETARG_INT32(2));
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
	                errmsg("size of a tail_sketch must be the same in every row"),
	                errdetail("Found %d after %zu.", PG_GETARG_INT32(2), size),
	                errhint("Write it as a constant, or group by it.")));
}

/* tail_sketch_accum(state, pnl [, size]) */
MC_FUNCTION(mc_tail_sketch_accum)
{
	SketchState *state = get_state(fcinfo, 0);
	double loss;

	if (PG_ARGISNULL(1))
		return return_state(fcinfo, state);
	if (unlikely(state == NULL))
	{
		MemoryContext context = mc_aggregate_context(fcinfo, "tail_sketch_accum");
		int32 size = DEFAULT_SIZE;

		if (PG_NARGS() > 2)
		{
			if (PG_ARGISNULL(2))
				size_differs(fcinfo, 0);
			size = PG_GETARG_INT32(2);
			check_size(size);
		}
		state = new_state(context, size);
	}
	else if (PG_NARGS() > 2 &&
	         unlikely(PG_ARGISNULL(2) || PG_GETARG_INT32(2) != (int32) state->sketch.size))
		size_differs(fcinfo, state->sketch.size);

	/* not -pnl: the loss of a P&L of 0 is 0, not -0 */
	loss = 0 - PG_GETARG_FLOAT8(1);
	if (unlikely(!(loss - loss == 0)))
		state->sketch.not_finite++;
	else
		add_loss(state, loss);
	PG_RETURN_POINTER(state);
}

/* tail_sketch_merge_accum(state, tail_sketch) */
MC_FUNCTION(mc_tail_sketch_merge_accum)
{
	SketchState *state = get_state(fcinfo, 0);
	const McSketch *other;

	if (PG_ARGISNULL(1))
		return return_state(fcinfo, state);
	other = mc_sketch_argument(fcinfo, 1);
	if (state == NULL)
		state = new_state(mc_aggregate_context(fcinfo, "tail_sketch_merge_accum"), other->size);
	merge(state, other);
	PG_RETURN_POINTER(state);
}

/* tail_sketch_combine(state, state) */
MC_FUNCTION(mc_tail_sketch_combine)
{
	MemoryContext context = mc_aggregate_context(fcinfo, "tail_sketch_combine");
	SketchState *state = get_state(fcinfo, 0);
	const SketchState *other = get_state(fcinfo, 1);

	if (other == NULL)
		return return_state(fcinfo, state);
	if (state == NULL)
		state = new_state(context, other->sketch.size);
	merge(state, &other->sketch);
	PG_RETURN_POINTER(state);
}

/* tail_sketch_serialize(state) -> bytea: the value that the state stands for */
MC_FUNCTION(mc_tail_sketch_serialize)
{
	SketchState *state = get_state(fcinfo, 0);

	settle(state);
	PG_RETURN_BYTEA_P((bytea *) mc_sketch_pack(&state->sketch));
}

/* tail_sketch_deserialize(bytea, internal) -> state, which only lives until it is combined */
MC_FUNCTION(mc_tail_sketch_deserialize)
{
	SketchState *state = palloc(sizeof(SketchState));

	state->sketch = *mc_sketch_argument(fcinfo, 0);
	state->context = NULL;
	PG_RETURN_POINTER(state);
}

/* tail_sketch_final(state) -> tail_sketch.  The state stays the same bag of values. */
MC_FUNCTION(mc_tail_sketch_final)
{
	SketchState *state = get_state(fcinfo, 0);

	if (state == NULL)
		PG_RETURN_NULL();
	settle(state);
	PG_RETURN_POINTER(mc_sketch_pack(&state->sketch));
}

/* Both measures of arguments (tail_sketch, confidence); false: no rows. */
static bool
measure(FunctionCallInfo fcinfo, McSketchMeasure *var, McSketchMeasure *es)
{
	const McSketch *sketch = mc_sketch_argument(fcinfo, 0);
	double confidence = PG_GETARG_FLOAT8(1);
	double nan = get_float8_nan();

	mc_check_confidence(confidence);
	if (sketch->not_finite > 0)
		*var = *es = (McSketchMeasure){nan, nan, nan};
	else if (sketch->rows > 0)
		mc_sketch_measures(sketch, confidence, var, es);
	return sketch->rows + sketch->not_finite > 0;
}

/* value_at_risk(tail_sketch, confidence) */
MC_FUNCTION(mc_tail_sketch_value_at_risk)
{
	McSketchMeasure var;
	McSketchMeasure es;

	if (!measure(fcinfo, &var, &es))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(var.value);
}

/* expected_shortfall(tail_sketch, confidence) */
MC_FUNCTION(mc_tail_sketch_expected_shortfall)
{
	McSketchMeasure var;
	McSketchMeasure es;

	if (!measure(fcinfo, &var, &es))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(es.value);
}

/* tail_sketch_bounds(tail_sketch, confidence) -> tail_bounds */
MC_FUNCTION(mc_tail_sketch_bounds)
{
	McSketchMeasure var;
	McSketchMeasure es;
	Datum values[7];
	bool nulls[7] = {false};

	if (!measure(fcinfo, &var, &es))
		PG_RETURN_NULL();
	values[0] = Float8GetDatum(var.value);
	values[1] = Float8GetDatum(var.lower);
	values[2] = Float8GetDatum(var.upper);
	values[3] = Float8GetDatum(es.value);
	values[4] = Float8GetDatum(es.lower);
	values[5] = Float8GetDatum(es.upper);
	values[6] = BoolGetDatum(var.lower == var.upper && es.lower == es.upper);
	return mc_row_datum(fcinfo, values, nulls);
}

/* tail_sketch_count(tail_sketch) -> bigint: rows, finite or not */
MC_FUNCTION(mc_tail_sketch_count)
{
	const McSketch *sketch = mc_sketch_argument(fcinfo, 0);

	PG_RETURN_INT64((int64) (sketch->rows + sketch->not_finite));
}
