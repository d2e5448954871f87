/*
 * quantile_regression.c
 *	  margin_calib.quantile_regression(y, x, probability), with one regressor or an array of them.
 *
 * One regressor uses the transition function of sample.c; an array fills a sample of the same form.
 */
#include "compat.h"

#include <math.h>

#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/memutils.h"

#include "errors.h"
#include "kernel/quantile_regression.h"
#include "sample.h"
#include "values.h"

#define MODEL_COLUMNS 5
#define FIRST_CAPACITY 32

static McSample *
new_sample(FunctionCallInfo fcinfo, int regressors)
{
	MemoryContext context = mc_aggregate_context(fcinfo, "quantile_regression_accum");
	McSample *sample;

	if (regressors > MC_QUANTILE_MAX_REGRESSORS)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("too many regressors"),
		                errdetail("There are %d, the limit is %d.", regressors,
		                          MC_QUANTILE_MAX_REGRESSORS),
		                errhint("Leave some out of the array.")));
	sample = MemoryContextAllocZero(context, sizeof(McSample));
	sample->width = 1 + regressors;
	sample->capacity = FIRST_CAPACITY;
	sample->values = MemoryContextAlloc(context, sample->capacity * sample->width * sizeof(double));
	mc_settings_read(&sample->settings, fcinfo, 3, context);
	return sample;
}

/* Room for one more row. */
static void
grow(McSample *sample)
{
	Size row = sample->width * sizeof(double);

	sample->capacity = mc_grown_capacity(sample->capacity, sample->rows + 1, row);
	sample->values = repalloc_huge(sample->values, sample->capacity * row);
}

static void
check_regressors(int found, int before)
{
	if (found != before)
		ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
		                errmsg("x must have as many elements in every row"),
		                errdetail("Found %d after %d.", found, before),
		                errhint("Write ARRAY[a, b, ...] of the same columns.")));
}

/* quantile_regression_accum(state, y, x float8[], probability) */
MC_FUNCTION(mc_quantile_regression_accum)
{
	McSample *sample = PG_ARGISNULL(0) ? NULL : (McSample *) PG_GETARG_POINTER(0);
	const double *x;
	double *row;
	bool finite;
	int n;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
	{
		if (sample == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(sample);
	}
	x = mc_float8_array(fcinfo, 2, "x", &n);
	if (sample == NULL)
		sample = new_sample(fcinfo, n);
	else
		mc_settings_compare(&sample->settings, fcinfo, 3);
	check_regressors(n, sample->width - 1);
	if (sample->rows == sample->capacity)
		grow(sample);
	row = sample->values + sample->rows * sample->width;
	row[0] = PG_GETARG_FLOAT8(1);
	finite = isfinite(row[0]);
	for (int i = 0; i < n; i++)
	{
		row[i + 1] = x[i];
		finite &= isfinite(x[i]) != 0;
	}
	if (finite)
		sample->rows++;
	else
		sample->not_finite++;
	PG_RETURN_POINTER(sample);
}

/* quantile_regression_final(state) -> quantile_regression_model */
MC_FUNCTION(mc_quantile_regression_final)
{
	const McSample *sample = mc_sample(fcinfo);
	McQuantileRegression model = {MC_FIT_NOT_FINITE, {0}, 0};
	Datum values[MODEL_COLUMNS];
	bool nulls[MODEL_COLUMNS] = {false};
	double probability;

	if (sample == NULL)
		PG_RETURN_NULL();
	probability = mc_setting_float8(&sample->settings, 0);
	if (!(probability > 0 && probability < 1))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("probability must lie strictly between 0 and 1"),
		                errdetail("The probability given is %g.", probability),
		                errhint("Write 0.5 for the median, 0.01 for the worst one percent of "
		                        "P&L.")));
	if (sample->not_finite == 0)
	{
		void *work = mc_work_space(mc_quantile_regression_worksize(sample->rows), 1);

		mc_check_status(mc_quantile_regression(sample->values, sample->rows, sample->width - 1,
		                                       probability, work, &model, &mc_interrupt_poll));
		pfree(work);
	}
	values[0] = CStringGetTextDatum(mc_fit_name(model.fit));
	values[1] = Float8GetDatum(probability);
	values[2] = Int64GetDatum(sample->rows + sample->not_finite);
	nulls[3] = nulls[4] = !mc_fit_usable(model.fit);
	if (mc_fit_usable(model.fit))
	{
		values[3] = mc_float8_array_datum(model.coefficients, sample->width);
		values[4] = Float8GetDatum(model.objective);
	}
	PG_RETURN_DATUM(mc_row_datum(fcinfo, values, nulls));
}
