/*
 * realized.c
 *	  margin_calib.realized_measures, realized_vol and bipower_vol: aggregates over intraday prices.
 *
 * One transition function and one small state serve all three.  The answer depends on the order of
 * the rows: there is no combine function.
 */
#include "compat.h"

#include <math.h>

#include "errors.h"
#include "kernel/realized.h"
#include "settings.h"
#include "values.h"
#include "vol_args.h"

typedef struct RealizedState
{
	McRealized realized;
	double periods_per_year;
	McSettings settings;
} RealizedState;

/* in the order of the columns of margin_calib.realized_measures */
enum
{
	RETURNS,
	REALIZED_VARIANCE,
	BIPOWER_VARIATION,
	MEDIAN_REALIZED_VARIANCE,
	MINIMUM_REALIZED_VARIANCE,
	TRIPOWER_QUARTICITY,
	JUMP_STATISTIC,
	JUMP_P_VALUE,
	JUMP_SHARE,
	COLUMNS
};

static RealizedState *
new_state(FunctionCallInfo fcinfo)
{
	MemoryContext context = mc_aggregate_context(fcinfo, "realized_accum");
	RealizedState *state = MemoryContextAllocZero(context, sizeof(RealizedState));

	mc_settings_read(&state->settings, fcinfo, 2, context);
	mc_realized_init(&state->realized);
	state->periods_per_year = 1;
	if (mc_setting_given(&state->settings, 0))
		state->periods_per_year = mc_setting_float8(&state->settings, 0);
	mc_check_periods_per_year(state->periods_per_year);
	return state;
}

/* realized_accum(internal, price float8 [, periods_per_year float8]) */
MC_FUNCTION(mc_realized_accum)
{
	RealizedState *state = PG_ARGISNULL(0) ? NULL : (RealizedState *) PG_GETARG_POINTER(0);
	double price;

	if (PG_ARGISNULL(1))
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(state);
	}
	if (likely(state != NULL))
		mc_settings_compare(&state->settings, fcinfo, 2);
	else
		state = new_state(fcinfo);
	price = PG_GETARG_FLOAT8(1);
	if (unlikely(price <= 0))
		mc_price_not_positive(price);
	mc_realized_add(&state->realized, price);
	PG_RETURN_POINTER(state);
}

/* The measures of a state; false: no row but NULLs. */
static bool
measures_of(FunctionCallInfo fcinfo, McRealizedMeasures *measures)
{
	if (PG_ARGISNULL(0))
		return false;
	mc_realized_result(&((const RealizedState *) PG_GETARG_POINTER(0))->realized, measures);
	return true;
}

/* the root of a variance that needs so many returns */
static Datum
root(FunctionCallInfo fcinfo, const McRealizedMeasures *measures, double variance, Size needed)
{
	const RealizedState *state = (const RealizedState *) PG_GETARG_POINTER(0);

	if (measures->returns < needed)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(sqrt(variance) * sqrt(state->periods_per_year));
}

/* realized_vol_final(internal) -> float8 */
MC_FUNCTION(mc_realized_vol_final)
{
	McRealizedMeasures measures;

	if (!measures_of(fcinfo, &measures))
		PG_RETURN_NULL();
	return root(fcinfo, &measures, measures.realized_variance, 1);
}

/* bipower_vol_final(internal) -> float8 */
MC_FUNCTION(mc_bipower_vol_final)
{
	McRealizedMeasures measures;

	if (!measures_of(fcinfo, &measures))
		PG_RETURN_NULL();
	return root(fcinfo, &measures, measures.bipower_variation, 2);
}

/* realized_measures_final(internal) -> margin_calib.realized_measures */
MC_FUNCTION(mc_realized_measures_final)
{
	McRealizedMeasures measures;
	Datum values[COLUMNS];
	bool nulls[COLUMNS] = {false};

	if (!measures_of(fcinfo, &measures))
		PG_RETURN_NULL();
	values[RETURNS] = Int64GetDatum((int64) measures.returns);
	values[REALIZED_VARIANCE] = Float8GetDatum(measures.realized_variance);
	values[BIPOWER_VARIATION] = Float8GetDatum(measures.bipower_variation);
	values[MEDIAN_REALIZED_VARIANCE] = Float8GetDatum(measures.median_realized_variance);
	values[MINIMUM_REALIZED_VARIANCE] = Float8GetDatum(measures.minimum_realized_variance);
	values[TRIPOWER_QUARTICITY] = Float8GetDatum(measures.tripower_quarticity);
	values[JUMP_STATISTIC] = Float8GetDatum(measures.jump_statistic);
	values[JUMP_P_VALUE] = Float8GetDatum(measures.jump_p_value);
	values[JUMP_SHARE] = Float8GetDatum(measures.jump_share);
	nulls[REALIZED_VARIANCE] = measures.returns < 1;
	nulls[BIPOWER_VARIATION] = nulls[MINIMUM_REALIZED_VARIANCE] = measures.returns < 2;
	nulls[MEDIAN_REALIZED_VARIANCE] = nulls[TRIPOWER_QUARTICITY] = measures.returns < 3;
	nulls[JUMP_STATISTIC] = nulls[JUMP_P_VALUE] = nulls[JUMP_SHARE] = !measures.has_jump_test;
	return mc_row_datum(fcinfo, values, nulls);
}
