/*
 * har.c
 *	  margin_calib.har_fit and har_forecast: the HAR model of a series of realised variances.
 */
#include "compat.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "errors.h"
#include "kernel/har.h"
#include "sample.h"
#include "values.h"

#define MAX_HORIZON 100000

/* in the order of the columns of margin_calib.har_model */
enum
{
	STATUS,
	OBSERVATIONS,
	INTERCEPT,
	DAILY,
	WEEKLY,
	MONTHLY,
	STANDARD_ERRORS,
	NEWEY_WEST_ERRORS,
	NEWEY_WEST_LAG,
	R_SQUARED,
	RESIDUAL_SD,
	FORECAST,
	TAIL,
	COLUMNS
};

static const char *const coefficient_names[] = {"intercept", "daily", "weekly", "monthly"};

/* har_fit_final(internal) -> margin_calib.har_model */
MC_FUNCTION(mc_har_fit_final)
{
	const McSample *sample = mc_sample(fcinfo);
	McHarModel model = {MC_FIT_NOT_FINITE};
	Datum values[COLUMNS] = {0};
	bool nulls[COLUMNS];
	double *series;
	double forecast;

	if (sample == NULL)
		PG_RETURN_NULL();
	memset(nulls, true, sizeof(nulls));
	series = mc_sample_column(sample, 0);
	if (sample->not_finite == 0)
		mc_check_status(mc_har_fit(series, sample->rows,
		                           mc_work_space(mc_har_worksize(sample->rows), sizeof(double)),
		                           &mc_interrupt_poll, &model));
	if (mc_fit_usable(model.fit) &&
	    mc_har_forecast(model.coefficients, series + sample->rows - MC_HAR_MONTH, 1, &forecast) !=
	        MC_OK)
		model.fit = MC_FIT_FAILED;
	values[STATUS] = CStringGetTextDatum(mc_fit_name(model.fit));
	values[OBSERVATIONS] = Int64GetDatum((int64) model.observations);
	nulls[STATUS] = nulls[OBSERVATIONS] = false;
	if (!mc_fit_usable(model.fit))
		return mc_row_datum(fcinfo, values, nulls);
	memset(nulls, false, sizeof(nulls));
	for (int i = 0; i < MC_HAR_COEFFICIENTS; i++)
		values[INTERCEPT + i] = Float8GetDatum(model.coefficients[i]);
	values[STANDARD_ERRORS] = mc_float8_array_datum(model.standard_errors, MC_HAR_COEFFICIENTS);
	values[NEWEY_WEST_ERRORS] = mc_float8_array_datum(model.newey_west_errors, MC_HAR_COEFFICIENTS);
	values[NEWEY_WEST_LAG] = Int32GetDatum((int32) model.newey_west_lag);
	values[R_SQUARED] = Float8GetDatum(model.r_squared);
	values[RESIDUAL_SD] = Float8GetDatum(model.residual_sd);
	values[FORECAST] = Float8GetDatum(forecast);
	values[TAIL] = mc_float8_array_datum(series + sample->rows - MC_HAR_MONTH, MC_HAR_MONTH);
	return mc_row_datum(fcinfo, values, nulls);
}

static void
not_a_model(const char *what)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("not a model of har_fit"),
	                errdetail("Its %s is not what har_fit makes.", what),
	                errhint("Pass on a row of har_fit, unchanged.")));
}

/* The coefficients and the last values of a model; false: the fit has none. */
static bool
read_model(HeapTupleHeader row, double *coefficients, double *tail)
{
	ArrayType *array;
	Datum value;
	bool is_null;

	for (int i = 0; i < MC_HAR_COEFFICIENTS; i++)
	{
		value = GetAttributeByName(row, coefficient_names[i], &is_null);
		if (is_null)
			return false;
		coefficients[i] = DatumGetFloat8(value);
		if (!isfinite(coefficients[i]))
			not_a_model(coefficient_names[i]);
	}
	value = GetAttributeByName(row, "tail", &is_null);
	if (is_null)
		return false;
	array = DatumGetArrayTypeP(value);
	if (ARR_NDIM(array) != 1 || ARR_DIMS(array)[0] != MC_HAR_MONTH || array_contains_nulls(array))
		not_a_model("tail");
	memcpy(tail, ARR_DATA_PTR(array), MC_HAR_MONTH * sizeof(double));
	for (int i = 0; i < MC_HAR_MONTH; i++)
		if (!isfinite(tail[i]))
			not_a_model("tail");
	return true;
}

/* margin_calib.har_forecast(model har_model, horizon int) -> float8[] */
MC_FUNCTION(mc_har_forecast_array)
{
	HeapTupleHeader row = PG_GETARG_HEAPTUPLEHEADER(0);
	int horizon = PG_GETARG_INT32(1);
	double coefficients[MC_HAR_COEFFICIENTS];
	double tail[MC_HAR_MONTH];
	double *forecasts;

	if (horizon < 1 || horizon > MAX_HORIZON)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("horizon must lie between 1 and %d", MAX_HORIZON),
		                errdetail("The horizon given is %d.", horizon),
		                errhint("Write the number of periods to forecast, such as 10.")));
	if (!read_model(row, coefficients, tail))
		PG_RETURN_NULL();
	forecasts = mc_work_space(horizon, sizeof(double));
	mc_check_status(mc_har_forecast(coefficients, tail, horizon, forecasts));
	PG_RETURN_DATUM(mc_float8_array_datum(forecasts, horizon));
}
