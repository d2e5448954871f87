/*
 * volatility.c
 *	  margin_calib.volatility: the sample standard deviation of returns as an aggregate.
 *
 * The plain and the partial aggregate keep a float8[] (a state that Citus and postgres_fdw can
 * ship); moving frames keep the same state outside of an array.  All arithmetic is exact
 * (kernel/moments.h), so every plan gives the same digits.
 */
#include "compat.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/memutils.h"

#include "errors.h"
#include "kernel/moments.h"
#include "vol_args.h"

/* the state of a moving frame */
typedef struct MovingState
{
	double *moments;
	Size size; /* doubles allocated */
} MovingState;

static ArrayType *
new_array(Size size)
{
	Size bytes = ARR_OVERHEAD_NONULLS(1) + size * sizeof(float8);
	ArrayType *array = palloc0(bytes);

	SET_VARSIZE(array, bytes);
	array->ndim = 1;
	array->elemtype = FLOAT8OID;
	ARR_DIMS(array)[0] = (int) size;
	ARR_LBOUND(array)[0] = 1;
	return array;
}

static inline double *
array_moments(ArrayType *array)
{
	return (double *) ARR_DATA_PTR(array);
}

/*
 * A state argument, or a new one in place of '{}'.  Inside an aggregate only our own states
 * arrive, and may be changed in place; from elsewhere anything can.
 */
static ArrayType *
state_argument(FunctionCallInfo fcinfo, int number)
{
	bool trusted = AggCheckCallContext(fcinfo, NULL);
	ArrayType *array = trusted ? PG_GETARG_ARRAYTYPE_P(number) : PG_GETARG_ARRAYTYPE_P_COPY(number);

	if (ARR_NDIM(array) == 0)
	{
		array = new_array(MC_MOMENTS_EMPTY);
		mc_moments_init(array_moments(array));
		return array;
	}
	if (ARR_NDIM(array) != 1 || ARR_HASNULL(array) || ARR_ELEMTYPE(array) != FLOAT8OID ||
	    (!trusted && !mc_moments_valid(array_moments(array), ARR_DIMS(array)[0])))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("not a state of the aggregate volatility"),
		                errdetail("The array does not have the layout of a state."),
		                errhint("Pass on the states that the aggregate made, unchanged.")));
	return array;
}

/* keep the setting of the first row; the others must give the same */
static void
note_periods(double *moments, double periods_per_year)
{
	double noted = moments[MC_MOMENTS_TAG];

	/* 0 stands for not noted yet, and is not a valid setting */
	if (likely(noted == periods_per_year && noted != 0))
		return;
	mc_check_periods_per_year(periods_per_year);
	if (noted != 0)
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		         errmsg("periods_per_year must be the same in every row"),
		         errdetail("It is %g in one row and %g in another.", noted, periods_per_year),
		         errhint("Group by it, or write a constant.")));
	moments[MC_MOMENTS_TAG] = periods_per_year;
}

/* volatility_accum(state float8[], return float8 [, periods_per_year float8]) */
MC_FUNCTION(mc_volatility_accum)
{
	ArrayType *array = state_argument(fcinfo, 0);
	double value = PG_GETARG_FLOAT8(1);

	if (PG_NARGS() > 2)
		note_periods(array_moments(array), PG_GETARG_FLOAT8(2));
	if (!mc_moments_add(array_moments(array), value))
	{
		ArrayType *wider = new_array(mc_moments_wider_size(array_moments(array), value));

		mc_moments_widen(array_moments(array), value, array_moments(wider));
		mc_moments_add(array_moments(wider), value);
		array = wider;
	}
	PG_RETURN_ARRAYTYPE_P(array);
}

/* volatility_combine(float8[], float8[]) */
MC_FUNCTION(mc_volatility_combine)
{
	ArrayType *a = state_argument(fcinfo, 0);
	ArrayType *b = state_argument(fcinfo, 1);
	ArrayType *merged = new_array(mc_moments_merged_size(array_moments(a), array_moments(b)));
	double periods_per_year = array_moments(b)[MC_MOMENTS_TAG];

	mc_moments_merge(array_moments(a), array_moments(b), array_moments(merged));
	/* a state without rows knows no setting */
	if (periods_per_year != 0)
		note_periods(array_moments(merged), periods_per_year);
	PG_RETURN_ARRAYTYPE_P(merged);
}

/* the volatility of a state; false: NULL */
static bool
annualised(const double *moments, double *vol)
{
	double periods_per_year = moments[MC_MOMENTS_TAG];
	McStatus status = mc_moments_sd(moments, vol);

	if (status == MC_TOO_FEW)
		return false;
	if (status == MC_OK && periods_per_year != 0)
	{
		*vol *= sqrt(periods_per_year);
		if (isinf(*vol))
			status = MC_OVERFLOW;
	}
	mc_check_status(status);
	return true;
}

/* volatility_final(float8[]) -> float8 */
MC_FUNCTION(mc_volatility_final)
{
	ArrayType *array = state_argument(fcinfo, 0);
	double vol;

	if (!annualised(array_moments(array), &vol))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(vol);
}

static MovingState *
new_moving_state(MemoryContext context)
{
	MovingState *state = MemoryContextAlloc(context, sizeof(MovingState));

	/* room for values of one scale */
	state->size = MC_MOMENTS_EMPTY + 3 * 4;
	state->moments = MemoryContextAlloc(context, state->size * sizeof(double));
	mc_moments_init(state->moments);
	return state;
}

static void
add_moving(MovingState *state, double value, MemoryContext context)
{
	double *wider;

	if (mc_moments_add(state->moments, value))
		return;
	state->size = mc_moments_wider_size(state->moments, value);
	wider = MemoryContextAlloc(context, state->size * sizeof(double));
	mc_moments_widen(state->moments, value, wider);
	pfree(state->moments);
	state->moments = wider;
	mc_moments_add(state->moments, value);
}

/* any argument but the state is NULL: the row does not count */
static bool
row_is_null(FunctionCallInfo fcinfo)
{
	return PG_ARGISNULL(1) || (PG_NARGS() > 2 && PG_ARGISNULL(2));
}

/* volatility_moving_accum(internal, float8 [, float8]) */
MC_FUNCTION(mc_volatility_moving_accum)
{
	MemoryContext context = mc_aggregate_context(fcinfo, "volatility_moving_accum");
	MovingState *state =
	    PG_ARGISNULL(0) ? new_moving_state(context) : (MovingState *) PG_GETARG_POINTER(0);

	if (!row_is_null(fcinfo))
	{
		if (PG_NARGS() > 2)
			note_periods(state->moments, PG_GETARG_FLOAT8(2));
		add_moving(state, PG_GETARG_FLOAT8(1), context);
	}
	PG_RETURN_POINTER(state);
}

/* volatility_moving_inverse(internal, float8 [, float8]): exact, so it never asks for a restart */
MC_FUNCTION(mc_volatility_moving_inverse)
{
	MovingState *state;

	(void) mc_aggregate_context(fcinfo, "volatility_moving_inverse");
	if (PG_ARGISNULL(0))
		elog(ERROR, "volatility_moving_inverse called without a state");
	state = (MovingState *) PG_GETARG_POINTER(0);
	if (!row_is_null(fcinfo))
		mc_moments_remove(state->moments, PG_GETARG_FLOAT8(1));
	PG_RETURN_POINTER(state);
}

/* volatility_moving_final(internal) -> float8 */
MC_FUNCTION(mc_volatility_moving_final)
{
	double vol;

	(void) mc_aggregate_context(fcinfo, "volatility_moving_final");
	if (PG_ARGISNULL(0) || !annualised(((MovingState *) PG_GETARG_POINTER(0))->moments, &vol))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(vol);
}
