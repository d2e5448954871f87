/*
 * ewma_vol.c
 *	  margin_calib.ewma_vol and ewma_vol_half_life: aggregates over prices in the order of time.
 *
 * The state is a handful of numbers, and the final function only reads it, so a running window costs
 * the same for each row.  The answer depends on the order of the rows: there is no combine function.
 */
#include "compat.h"

#include <math.h>

#include "errors.h"
#include "kernel/ewma_vol.h"
#include "settings.h"
#include "vol_args.h"

typedef struct EwmaState
{
	McEwmaVol ewma;
	double periods_per_year;
	McSettings settings;
} EwmaState;

/* what the second argument is */
typedef double (*LambdaOf)(double setting);

static double
checked_lambda(double lambda)
{
	if (!(lambda > 0 && lambda < 1))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("lambda must lie strictly between 0 and 1"),
		                errdetail("The lambda given is %g.", lambda),
		                errhint("Write 0.94 for daily returns as RiskMetrics does; a larger lambda "
		                        "looks further back.")));
	return lambda;
}

static double
half_life_lambda(double bars)
{
	if (!(bars >= 0.001 && bars <= 1e15))
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		         errmsg("bars of a half-life must lie between 0.001 and 1e15"),
		         errdetail("The half-life given is %g bars.", bars),
		         errhint("Write 11.2 for weights that halve about every 11 returns, close to "
		                 "a lambda of 0.94.")));
	return mc_ewma_half_life_lambda(bars);
}

static EwmaState *
new_state(FunctionCallInfo fcinfo, LambdaOf lambda_of)
{
	MemoryContext context = mc_aggregate_context(fcinfo, "ewma_vol_accum");
	EwmaState *state = MemoryContextAllocZero(context, sizeof(EwmaState));

	mc_settings_read(&state->settings, fcinfo, 2, context);
	mc_ewma_vol_init(&state->ewma, lambda_of(mc_setting_float8(&state->settings, 0)));
	state->periods_per_year = 1;
	if (mc_setting_given(&state->settings, 1))
		state->periods_per_year = mc_setting_float8(&state->settings, 1);
	mc_check_periods_per_year(state->periods_per_year);
	return state;
}

/* accum(state, price, setting [, periods_per_year]) */
static Datum
accumulate(FunctionCallInfo fcinfo, LambdaOf lambda_of)
{
	EwmaState *state = PG_ARGISNULL(0) ? NULL : (EwmaState *) PG_GETARG_POINTER(0);
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
		state = new_state(fcinfo, lambda_of);
	price = PG_GETARG_FLOAT8(1);
	if (unlikely(price <= 0))
		mc_price_not_positive(price);
	mc_ewma_vol_add(&state->ewma, price);
	PG_RETURN_POINTER(state);
}

/* ewma_vol_accum(internal, price float8, lambda float8 [, periods_per_year float8]) */
MC_FUNCTION(mc_ewma_vol_accum)
{
	return accumulate(fcinfo, checked_lambda);
}

/* ewma_vol_half_life_accum(internal, price float8, bars float8 [, periods_per_year float8]) */
MC_FUNCTION(mc_ewma_vol_half_life_accum)
{
	return accumulate(fcinfo, half_life_lambda);
}

/* ewma_vol_final(internal) -> float8 */
MC_FUNCTION(mc_ewma_vol_final)
{
	const EwmaState *state = PG_ARGISNULL(0) ? NULL : (const EwmaState *) PG_GETARG_POINTER(0);
	McStatus status;
	double vol;

	if (state == NULL)
		PG_RETURN_NULL();
	status = mc_ewma_vol_result(&state->ewma, state->periods_per_year, &vol);
	mc_check_status(status);
	if (status == MC_TOO_FEW)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(vol);
}
