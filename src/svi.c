/*
 * svi.c
 *	  margin_calib.svi_...: smiles of SVI, their parameters, their arbitrage, and the fit of one.
 */
#include "compat.h"

#include <gsl/gsl_sort.h>
#include <math.h>

#include "executor/executor.h"
#include "utils/float.h"

#include "errors.h"
#include "kernel/surface_fit.h"
#include "sample.h"
#include "smile_argument.h"
#include "values.h"

#define LEAST_POINTS 5
#define SCALE 0.005 /* of errors of vols that come without a spread */

static Datum
smile_datum(FunctionCallInfo fcinfo, const McSvi *smile)
{
	Datum values[5] = {Float8GetDatum(smile->a), Float8GetDatum(smile->b),
	                   Float8GetDatum(smile->rho), Float8GetDatum(smile->m),
	                   Float8GetDatum(smile->sigma)};
	bool nulls[5] = {false};

	return mc_row_datum(fcinfo, values, nulls);
}

static double
years_argument(FunctionCallInfo fcinfo, int arg)
{
	double t = PG_GETARG_FLOAT8(arg);

	if (!(t > 0) || isinf(t))
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("t must be positive and finite"),
		         errdetail("The t given is %s.", float8out_internal(t)),
		         errhint("Write the years to expiry.")));
	return t;
}

/* An answer at k: NaN where k is no number, and nothing else that is not finite. */
static Datum
finite_answer(double value, double k)
{
	if (isinf(value) || (isnan(value) && isfinite(k)))
		float_overflow_error();
	return Float8GetDatum(value);
}

/* A measure at k of the smile that is argument 0. */
static Datum
measure_smile(FunctionCallInfo fcinfo, double (*measure)(const McSvi *smile, double k), double k)
{
	McSvi smile;

	switch (mc_smile_argument(fcinfo, 0, &smile))
	{
		case MC_NO_SMILE:
			PG_RETURN_NULL();
		case MC_NO_NUMBER:
			PG_RETURN_FLOAT8(get_float8_nan());
		default:
			return finite_answer(measure(&smile, k), k);
	}
}

static double
butterfly(const McSvi *smile, double k)
{
	return mc_svi_butterfly(mc_svi_at(smile, k), k);
}

static double
least_butterfly(const McSvi *smile, double k)
{
	double at;

	return mc_svi_least_butterfly(smile, &at);
}

/* margin_calib.svi_total_variance(smile svi, k float8) -> float8 */
MC_FUNCTION(mc_svi_total_variance_at)
{
	return measure_smile(fcinfo, mc_svi_total_variance, PG_GETARG_FLOAT8(1));
}

/* margin_calib.svi_butterfly(smile svi, k float8) -> float8 */
MC_FUNCTION(mc_svi_butterfly_at)
{
	return measure_smile(fcinfo, butterfly, PG_GETARG_FLOAT8(1));
}

/* margin_calib.svi_least_butterfly(smile svi) -> float8 */
MC_FUNCTION(mc_svi_least_butterfly_of)
{
	return measure_smile(fcinfo, least_butterfly, 0);
}

/* margin_calib.svi_least_calendar(earlier svi, later svi) -> float8 */
MC_FUNCTION(mc_svi_least_calendar_of)
{
	McSvi earlier;
	McSvi later;
	McFound first = mc_smile_argument(fcinfo, 0, &earlier);
	McFound second = mc_smile_argument(fcinfo, 1, &later);
	double at;

	if (first == MC_NO_SMILE || second == MC_NO_SMILE)
		PG_RETURN_NULL();
	if (first == MC_NO_NUMBER || second == MC_NO_NUMBER)
		PG_RETURN_FLOAT8(get_float8_nan());
	return finite_answer(mc_svi_least_calendar(&earlier, &later, &at), 0);
}

/* margin_calib.svi_to_jw(smile svi, t float8) -> svi_jw */
MC_FUNCTION(mc_svi_to_jw_row)
{
	double t = years_argument(fcinfo, 1);
	bool nulls[5] = {false};
	McSvi smile;
	McSviJw jw;

	if (mc_smile_argument(fcinfo, 0, &smile) != MC_SMILE)
		PG_RETURN_NULL();
	jw = mc_svi_to_jw(&smile, t);
	if (isinf(jw.v) || isinf(jw.psi) || isinf(jw.p) || isinf(jw.c) || isinf(jw.v_least))
		float_overflow_error();
	return mc_row_datum(fcinfo,
	                    (Datum[]){Float8GetDatum(jw.v), Float8GetDatum(jw.psi),
	                              Float8GetDatum(jw.p), Float8GetDatum(jw.c),
	                              Float8GetDatum(jw.v_least)},
	                    nulls);
}

/* margin_calib.svi_from_jw(jw svi_jw, t float8) -> svi */
MC_FUNCTION(mc_svi_from_jw_row)
{
	HeapTupleHeader row = PG_GETARG_HEAPTUPLEHEADER(0);
	double t = years_argument(fcinfo, 1);
	double numbers[5];
	McSviJw jw;
	McSvi smile;

	for (int i = 0; i < 5; i++)
	{
		bool is_null;
		Datum value = GetAttributeByNum(row, i + 1, &is_null);

		if (is_null)
			PG_RETURN_NULL();
		numbers[i] = DatumGetFloat8(value);
	}
	jw = (McSviJw){numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]};
	if (!mc_svi_from_jw(&jw, t, &smile))
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		         errmsg("no smile of SVI has these parameters"),
		         errdetail("v %s, psi %s, p %s, c %s, v_least %s.", float8out_internal(jw.v),
		                   float8out_internal(jw.psi), float8out_internal(jw.p),
		                   float8out_internal(jw.c), float8out_internal(jw.v_least)),
		         errhint("p and c must be positive, psi lie between -p / 2 and c / 2, and v_least "
		                 "between 0 and v.")));
	return smile_datum(fcinfo, &smile);
}

/* margin_calib.svi_repair(smile svi, t float8) -> svi */
MC_FUNCTION(mc_svi_repair)
{
	double t = years_argument(fcinfo, 1);
	McSvi smile;
	McSvi repaired;

	if (mc_smile_argument(fcinfo, 0, &smile) != MC_SMILE ||
	    !mc_svi_towards_ssvi(&smile, t, 1, &repaired))
		PG_RETURN_NULL();
	return smile_datum(fcinfo, &repaired);
}

/* svi_fit_final(internal) -> margin_calib.svi */
MC_FUNCTION(mc_svi_fit_final)
{
	const McSample *sample = mc_sample(fcinfo);
	McSurfaceExpiry result;
	McSsviExpiry work;
	McSsvi surface;
	McSmile smile;
	double *k;
	double *vol;
	double *scale;
	double t;

	if (sample == NULL || sample->rows < LEAST_POINTS || sample->not_finite > 0)
		PG_RETURN_NULL();
	t = mc_setting_float8(&sample->settings, 0);
	if (!(t > 0) || isinf(t))
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("t must be positive and finite"),
		         errdetail("The t given is %s.", float8out_internal(t)),
		         errhint("Write the years to expiry.")));
	k = mc_sample_column(sample, 0);
	vol = mc_sample_column(sample, 1);
	gsl_sort2(k, 1, vol, 1, sample->rows);
	scale = mc_work_space(sample->rows, sizeof(double));
	for (Size i = 0; i < sample->rows; i++)
		scale[i] = SCALE;
	smile = (McSmile){.quotes = {sample->rows, k, vol, scale},
	                  .t = t,
	                  .robust = mc_work_space(sample->rows, sizeof(double))};
	for (Size i = 0; i < sample->rows; i++)
		if (!(smile.quotes.vol[i] > 0))
			ereport(ERROR,
			        (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("vol must be positive"),
			         errdetail("A vol given is %s.", float8out_internal(smile.quotes.vol[i])),
			         errhint("Write implied vols a year, 0.5 for 50 %%.")));
	mc_check_status(mc_surface_fit(&smile, &result, &work, 1, &surface, &mc_interrupt_poll));
	if (result.model == MC_SLICE_NONE)
		PG_RETURN_NULL();
	return smile_datum(fcinfo, &smile.smile);
}
