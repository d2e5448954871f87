/*
 * tail_analytic.c
 *	  Value at risk and expected shortfall of given distributions, and the parts of a portfolio's.
 */
#include "compat.h"

#include <math.h>

#include "utils/float.h"

#include "errors.h"
#include "kernel/parametric_tail.h"
#include "tail_parametric.h"
#include "values.h"

#define MOST_POSITIONS 10000

static void
check_spread(double spread, const char *name)
{
	if (spread < 0)
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s must not be negative", name),
		         errdetail("The %s given is %s.", name, float8out_internal(spread)),
		         errhint("It is in the unit of the P&L, as stddev_samp(pnl) gives it.")));
}

/* 22003 for what finite float8 arguments gave, unless it is finite */
static void
check_result(FunctionCallInfo fcinfo, double result)
{
	bool given = isfinite(result);

	for (int i = 0; i < PG_NARGS() && !given; i++)
		given = !isfinite(PG_GETARG_FLOAT8(i));
	mc_check_status(given ? MC_OK : MC_OVERFLOW);
}

/* The margin_calib.tail_risk_level that the running function returns; NaN in, NaN out. */
static Datum
level_datum(FunctionCallInfo fcinfo, double confidence, double var, double es)
{
	Datum values[3] = {Float8GetDatum(confidence), Float8GetDatum(var), Float8GetDatum(es)};
	bool nulls[3] = {false, false, false};

	check_result(fcinfo, var);
	/* the mean of a t distribution with one degree of freedom */
	if (es != INFINITY || PG_NARGS() != 4 || PG_GETARG_FLOAT8(2) > 1)
		check_result(fcinfo, es);
	return mc_row_datum(fcinfo, values, nulls);
}

/* normal_tail(mean, standard_deviation, confidence) */
MC_FUNCTION(mc_normal_tail)
{
	double mean = PG_GETARG_FLOAT8(0);
	double deviation = PG_GETARG_FLOAT8(1);
	double confidence = PG_GETARG_FLOAT8(2);
	double var;
	double es;

	mc_check_confidence(confidence);
	check_spread(deviation, "standard_deviation");
	mc_normal_measures(mean, deviation, confidence, &var, &es);
	return level_datum(fcinfo, confidence, var, es);
}

/* student_t_tail(location, scale, degrees_of_freedom, confidence) */
MC_FUNCTION(mc_student_t_tail)
{
	double location = PG_GETARG_FLOAT8(0);
	double scale = PG_GETARG_FLOAT8(1);
	double degrees_of_freedom = PG_GETARG_FLOAT8(2);
	double confidence = PG_GETARG_FLOAT8(3);
	double var;
	double es;

	mc_check_confidence(confidence);
	check_spread(scale, "scale");
	mc_check_degrees_of_freedom(degrees_of_freedom);
	mc_student_t_measures(location, scale, degrees_of_freedom, confidence, &var, &es);
	return level_datum(fcinfo, confidence, var, es);
}

/* cornish_fisher_tail(mean, standard_deviation, skewness, excess_kurtosis, confidence) */
MC_FUNCTION(mc_cornish_fisher_tail)
{
	double mean = PG_GETARG_FLOAT8(0);
	double deviation = PG_GETARG_FLOAT8(1);
	double skewness = PG_GETARG_FLOAT8(2);
	double excess_kurtosis = PG_GETARG_FLOAT8(3);
	double confidence = PG_GETARG_FLOAT8(4);
	double var;
	double es;

	mc_check_confidence(confidence);
	check_spread(deviation, "standard_deviation");
	mc_cornish_fisher_measures(mean, deviation, skewness, excess_kurtosis, confidence, &var, &es);
	return level_datum(fcinfo, confidence, var, es);
}

/* cornish_fisher_quantile(probability, skewness, excess_kurtosis) */
MC_FUNCTION(mc_cornish_fisher_quantile)
{
	double probability = PG_GETARG_FLOAT8(0);
	double quantile;

	if (!(probability > 0 && probability < 1))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("probability must lie strictly between 0 and 1"),
		                errdetail("The probability given is %g.", probability),
		                errhint("Write 0.01 for the quantile with one percent below it.")));
	quantile = mc_cornish_fisher(probability, PG_GETARG_FLOAT8(1), PG_GETARG_FLOAT8(2));
	check_result(fcinfo, quantile);
	PG_RETURN_FLOAT8(quantile);
}

/* cornish_fisher_is_monotone(skewness, excess_kurtosis) */
MC_FUNCTION(mc_cornish_fisher_is_monotone)
{
	PG_RETURN_BOOL(mc_cornish_fisher_monotone(PG_GETARG_FLOAT8(0), PG_GETARG_FLOAT8(1)));
}

static void
check_same_length(int n, int weights, const char *name)
{
	if (n != weights)
		ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
		                errmsg("weights and %s must have the same length", name),
		                errdetail("There are %d weights and %d %s.", weights, n, name),
		                errhint("Build them from the same list of instruments.")));
}

static void
check_symmetric(const double *matrix, int n)
{
	for (int i = 0; i < n; i++)
		for (int j = 0; j < i; j++)
			if (!(fabs(matrix[i * n + j] - matrix[j * n + i]) <= 1e-9 * fabs(matrix[i * n + j])))
				ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				                errmsg("covariance must be symmetric"),
				                errdetail("Element [%d][%d] is %s, [%d][%d] is %s.", i + 1, j + 1,
				                          float8out_internal(matrix[i * n + j]), j + 1, i + 1,
				                          float8out_internal(matrix[j * n + i])),
				                errhint("Write every covariance twice.")));
}

/* component_value_at_risk(weights, covariance, confidence [, means]) */
MC_FUNCTION(mc_component_value_at_risk)
{
	double confidence = PG_GETARG_FLOAT8(2);
	const double *means = NULL;
	const double *weights;
	const double *covariance;
	double *components;
	int rows;
	int n;

	mc_check_confidence(confidence);
	weights = mc_float8_array(fcinfo, 0, "weights", &n);
	covariance = mc_float8_square(fcinfo, 1, "covariance", MOST_POSITIONS, &rows);
	check_same_length(rows, n, "rows of covariance");
	mc_check_finite(weights, n, "weights");
	mc_check_finite(covariance, n * n, "covariance");
	check_symmetric(covariance, n);
	if (PG_NARGS() > 3)
	{
		means = mc_float8_array(fcinfo, 3, "means", &rows);
		check_same_length(rows, n, "means");
		mc_check_finite(means, n, "means");
	}
	components = palloc(n * sizeof(double));
	if (!mc_component_var(weights, covariance, means, n, confidence, components))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("covariance must be positive semidefinite"),
		                errdetail("The variance of the portfolio is negative."),
		                errhint("Use a covariance matrix of returns, not of rounded or patched "
		                        "entries.")));
	for (int i = 0; i < n; i++)
		if (!isfinite(components[i]))
			mc_check_status(MC_OVERFLOW);
	return mc_float8_array_datum(components, n);
}
