/*
 * drawdown.c
 *	  Drawdowns: of a curve of values (maximum_drawdown, drawdown_summary, the window function
 *	  drawdown) and of simple returns (maximum_drawdown_of_returns, calmar_ratio).
 *
 * States of a few numbers.  The order of the rows matters, so there is no combine function.
 */
#include "compat.h"

#include <math.h>

#include "nodes/execnodes.h"
#include "utils/float.h"

#include "errors.h"
#include "kernel/drawdown.h"
#include "settings.h"
#include "values.h"
#include "vol_args.h"
#include "window.h"

#define SUMMARY_COLUMNS 8

typedef struct ValueState
{
	McDrawdown curve;
	Size not_finite; /* from the first of them on the peak is not known */
} ValueState;

typedef struct ReturnState
{
	McReturnCurve curve;
	Size not_finite;
	McSettings settings; /* periods_per_year */
} ReturnState;

static void
check_value(double value)
{
	if (value <= 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("values must be positive to have relative drawdowns"),
		                errdetail("The value found is %g.", value),
		                errhint("Leave such rows out, or turn them into NULL with CASE WHEN value "
		                        "> 0 THEN value END; of simple returns take "
		                        "maximum_drawdown_of_returns.")));
}

static void
check_return(double r)
{
	if (r < -1)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("simple returns must not be below -1"),
		                errdetail("The return found is %g.", r),
		                errhint("More than everything cannot be lost of a value that compounds; "
		                        "write 0.01, not 1, for one percent.")));
}

static void
add_value(ValueState *state, double value)
{
	check_value(value);
	if (!isfinite(value))
		state->not_finite++;
	else
		mc_drawdown_add(&state->curve, value);
}

/* drawdown_accum(state, value) */
MC_FUNCTION(mc_drawdown_accum)
{
	ValueState *state = PG_ARGISNULL(0) ? NULL : (ValueState *) PG_GETARG_POINTER(0);

	if (PG_ARGISNULL(1))
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(state);
	}
	if (state == NULL)
		state = MemoryContextAllocZero(mc_aggregate_context(fcinfo, "drawdown_accum"),
		                               sizeof(ValueState));
	add_value(state, PG_GETARG_FLOAT8(1));
	PG_RETURN_POINTER(state);
}

/* maximum_drawdown(value) */
MC_FUNCTION(mc_maximum_drawdown_final)
{
	const ValueState *state = PG_ARGISNULL(0) ? NULL : (const ValueState *) PG_GETARG_POINTER(0);

	if (state == NULL)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(state->not_finite > 0 ? get_float8_nan() : state->curve.deepest);
}

/* drawdown_summary(value) */
MC_FUNCTION(mc_drawdown_summary_final)
{
	const ValueState *state = PG_ARGISNULL(0) ? NULL : (const ValueState *) PG_GETARG_POINTER(0);
	const McDrawdown *curve;
	Datum values[SUMMARY_COLUMNS];
	bool nulls[SUMMARY_COLUMNS] = {false};
	bool unknown;

	if (state == NULL)
		PG_RETURN_NULL();
	curve = &state->curve;
	unknown = state->not_finite > 0;
	values[0] = Int64GetDatum(curve->count + state->not_finite);
	values[1] = Float8GetDatum(unknown ? get_float8_nan() : curve->deepest);
	values[2] = Float8GetDatum(curve->deepest_peak);
	values[3] = Int64GetDatum(curve->deepest_peak_position);
	values[4] = Float8GetDatum(curve->deepest_trough);
	values[5] = Int64GetDatum(curve->deepest_trough_position);
	values[6] = Int64GetDatum(curve->recovery_position);
	values[7] = Float8GetDatum(unknown ? get_float8_nan() : curve->current);
	for (int i = 2; i <= 6; i++)
		nulls[i] = unknown || curve->deepest == 0;
	nulls[6] |= curve->recovery_position == 0;
	PG_RETURN_DATUM(mc_row_datum(fcinfo, values, nulls));
}

/* drawdown(value) OVER (ORDER BY ...): reads each row once, whatever the frame */
MC_FUNCTION(mc_drawdown)
{
	WindowObject winobj = PG_WINDOW_OBJECT();
	ValueState *state;
	bool is_null;
	double value;

	if (!WindowObjectIsValid(winobj))
		ereport(ERROR,
		        (errcode(ERRCODE_WINDOWING_ERROR), errmsg("drawdown(value) is a window function"),
		         errhint("Write drawdown(value) OVER (PARTITION BY instrument ORDER BY "
		                 "ts).")));
	state = WinGetPartitionLocalMemory(winobj, sizeof(ValueState));
	value = DatumGetFloat8(WinGetFuncArgCurrent(winobj, 0, &is_null));
	mc_release_rows(winobj);
	if (is_null)
		PG_RETURN_NULL();
	add_value(state, value);
	PG_RETURN_FLOAT8(state->not_finite > 0 ? get_float8_nan() : state->curve.current);
}

/* drawdown_return_accum(state, return [, periods_per_year]) */
MC_FUNCTION(mc_drawdown_return_accum)
{
	ReturnState *state = PG_ARGISNULL(0) ? NULL : (ReturnState *) PG_GETARG_POINTER(0);
	double r;

	if (PG_ARGISNULL(1))
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(state);
	}
	if (state != NULL)
		mc_settings_compare(&state->settings, fcinfo, 2);
	else
	{
		MemoryContext context = mc_aggregate_context(fcinfo, "drawdown_return_accum");

		state = MemoryContextAllocZero(context, sizeof(ReturnState));
		mc_settings_read(&state->settings, fcinfo, 2, context);
	}
	r = PG_GETARG_FLOAT8(1);
	check_return(r);
	if (isfinite(r))
		mc_return_curve_add(&state->curve, r);
	else
		state->not_finite++;
	PG_RETURN_POINTER(state);
}

/* maximum_drawdown_of_returns(return) */
MC_FUNCTION(mc_maximum_drawdown_of_returns_final)
{
	const ReturnState *state = PG_ARGISNULL(0) ? NULL : (const ReturnState *) PG_GETARG_POINTER(0);

	if (state == NULL)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(state->not_finite > 0 ? get_float8_nan() : state->curve.deepest);
}

/* calmar_ratio(return, periods_per_year) */
MC_FUNCTION(mc_calmar_ratio_final)
{
	const ReturnState *state = PG_ARGISNULL(0) ? NULL : (const ReturnState *) PG_GETARG_POINTER(0);
	McStatus status;
	double ratio;

	if (state == NULL)
		PG_RETURN_NULL();
	mc_check_periods_per_year(mc_setting_float8(&state->settings, 0));
	if (state->not_finite > 0)
		PG_RETURN_FLOAT8(get_float8_nan());
	status = mc_calmar_ratio(&state->curve, mc_setting_float8(&state->settings, 0), &ratio);
	mc_check_status(status);
	if (status == MC_TOO_FEW)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(ratio);
}
