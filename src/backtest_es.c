/*
 * backtest_es.c
 *	  Backtests of expected shortfall: acerbi_szekely_test with its simulated null distribution,
 *	  multinomial_es_test, and the e-processes.
 */
#include "compat.h"

#include <math.h>

#include "utils/builtins.h"
#include "utils/float.h"

#include "errors.h"
#include "kernel/acerbi_szekely.h"
#include "kernel/e_process.h"
#include "kernel/exceptions.h"
#include "kernel/multinomial_es.h"
#include "sample.h"
#include "test_rows.h"
#include "values.h"

/* Acerbi and Szekely's critical values of Z2 for 250 days at 97.5 % */
#define Z2_YELLOW (-0.70)
#define Z2_RED (-1.80)

#define MAX_OBSERVATIONS 1000000
#define MAX_PATHS 10000000
#define MAX_LEVELS 1000

static void
add_z2_zone(McRowBuilder *row, double z2, Size observations, double confidence)
{
	if (observations == 250 && confidence == 0.975)
		mc_row_text(row, mc_zone_name(z2 > Z2_YELLOW ? MC_GREEN
		                              : z2 > Z2_RED  ? MC_YELLOW
		                                             : MC_RED));
	else
		mc_row_null(row);
}

/* acerbi_szekely_test(pnl, value_at_risk, expected_shortfall, confidence) */
MC_FUNCTION(mc_acerbi_szekely_test_final)
{
	const McSample *sample = mc_sample(fcinfo);
	McRowBuilder row = {0};
	McAcerbiSzekely test = {0, get_float8_nan(), get_float8_nan()};
	double confidence;

	if (sample == NULL)
		PG_RETURN_NULL();
	confidence = mc_setting_float8(&sample->settings, 0);
	mc_check_confidence(confidence);
	for (Size i = 0; i < sample->rows; i++)
		mc_check_shortfall(sample->values[3 * i + 1], sample->values[3 * i + 2], true);
	if (sample->not_finite == 0)
		mc_check_status(mc_acerbi_szekely(mc_sample_column(sample, 0), mc_sample_column(sample, 1),
		                                  mc_sample_column(sample, 2), sample->rows, confidence,
		                                  mc_work_space(sample->rows, sizeof(double)),
		                                  &mc_interrupt_poll, &test));
	if (sample->not_finite == 0 && test.exceptions == 0)
		mc_row_null(&row);
	else
		mc_row_float8(&row, test.z1);
	mc_row_float8(&row, test.z2);
	mc_row_int64(&row, sample->rows);
	mc_row_int64(&row, test.exceptions);
	mc_row_float8(&row, (double) sample->rows * mc_exception_probability(confidence));
	if (sample->not_finite == 0)
		add_z2_zone(&row, test.z2, sample->rows, confidence);
	else
		mc_row_null(&row);
	return mc_row_result(fcinfo, &row);
}

static void
check_degrees_of_freedom(double degrees_of_freedom)
{
	if (!(degrees_of_freedom > 1))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("degrees_of_freedom must be above 1"),
		                errdetail("The number given is %g.", degrees_of_freedom),
		                errhint("Write 'Infinity' for normal P&L; with 1 or fewer there is no "
		                        "expected shortfall.")));
}

/* 22023 unless every predictive distribution has an expected shortfall above 0 */
static void
check_predictive(const McSample *sample, double expected)
{
	for (Size i = 0; i < sample->rows; i++)
	{
		double location = sample->values[3 * i + 1];
		double scale = sample->values[3 * i + 2];

		if (!(scale > 0))
			ereport(ERROR,
			        (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("scale must be positive"),
			         errdetail("The scale found is %g.", scale),
			         errhint("Pass the scale of the forecast: the standard deviation of a "
			                 "normal one.")));
		if (!(scale * expected > location))
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			                errmsg("a forecast must have an expected shortfall above 0"),
			                errdetail("Location %g and scale %g have none.", location, scale),
			                errhint("Location and scale are those of the P&L of one row.")));
	}
}

/* acerbi_szekely_rank_test(pnl, location, scale, confidence [, degrees_of_freedom]) */
MC_FUNCTION(mc_acerbi_szekely_rank_test_final)
{
	const McSample *sample = mc_sample(fcinfo);
	double degrees_of_freedom = INFINITY;
	double confidence;
	double expected;
	double z3;
	size_t k;

	if (sample == NULL)
		PG_RETURN_NULL();
	confidence = mc_setting_float8(&sample->settings, 0);
	mc_check_confidence(confidence);
	if (mc_setting_given(&sample->settings, 1))
		degrees_of_freedom = mc_setting_float8(&sample->settings, 1);
	check_degrees_of_freedom(degrees_of_freedom);
	if (sample->not_finite > 0)
		PG_RETURN_FLOAT8(get_float8_nan());
	k = mc_es_worst_ranks(sample->rows, confidence);
	if (k == 0 || k == sample->rows)
		PG_RETURN_NULL();
	mc_check_status(mc_es_worst_loss(sample->rows, k, degrees_of_freedom, &expected));
	check_predictive(sample, expected);
	mc_check_status(mc_acerbi_szekely_ranks(
	    mc_sample_column(sample, 0), mc_sample_column(sample, 1), mc_sample_column(sample, 2),
	    sample->rows, k, expected, mc_work_space(sample->rows, sizeof(double)), &mc_interrupt_poll,
	    &z3));
	PG_RETURN_FLOAT8(z3);
}

/*
 * The simulated statistics of a call (statistic, [value,] observations, confidence,
 * degrees_of_freedom, ..., paths, seed), where the arguments after `observations` stand from
 * number `first` on.
 */
static double *
simulate(FunctionCallInfo fcinfo, int first, int paths_arg, Size *kept)
{
	static const char *const names[] = {"z1", "z2", "z3", NULL};
	int which = mc_choice(PG_GETARG_TEXT_PP(0), names, "statistic") + 1;
	int paths = mc_check_count(PG_GETARG_INT32(paths_arg), 1, MAX_PATHS, "paths");
	McEsNull null;
	double *z;
	double *work;
	size_t count;

	null.observations = mc_check_count(PG_GETARG_INT32(first), 1, MAX_OBSERVATIONS, "observations");
	null.confidence = PG_GETARG_FLOAT8(first + 1);
	null.degrees_of_freedom = PG_GETARG_FLOAT8(first + 2);
	null.seed = (uint64_t) PG_GETARG_INT64(paths_arg + 1);
	mc_check_confidence(null.confidence);
	check_degrees_of_freedom(null.degrees_of_freedom);
	z = mc_work_space(paths, sizeof(double));
	work = mc_work_space(mc_es_paths_worksize(null.observations), sizeof(double));
	if (which == 3)
	{
		size_t k = mc_es_worst_ranks(null.observations, null.confidence);

		*kept = k > 0 && k < null.observations ? paths : 0;
		if (*kept > 0)
			mc_check_status(mc_es_rank_paths(&null, k, paths, z, work, &mc_interrupt_poll));
		return z;
	}
	mc_check_status(mc_es_paths(&null, which, paths, z, &count, work, &mc_interrupt_poll));
	*kept = count;
	return z;
}

/*
 * acerbi_szekely_critical(statistic, observations, confidence, degrees_of_freedom, significance,
 * paths, seed)
 */
MC_FUNCTION(mc_acerbi_szekely_critical)
{
	double significance = PG_GETARG_FLOAT8(4);
	double critical;
	double *z;
	Size kept;

	if (!(significance > 0 && significance < 1))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("significance must lie strictly between 0 and 1"),
		                errdetail("The significance given is %g.", significance),
		                errhint("Write 0.05 for a test that is wrong once in twenty times.")));
	z = simulate(fcinfo, 1, 5, &kept);
	if (kept == 0)
		PG_RETURN_NULL();
	mc_check_status(mc_es_critical(z, kept, significance, &mc_interrupt_poll, &critical));
	PG_RETURN_FLOAT8(critical);
}

/*
 * acerbi_szekely_p_value(statistic, value, observations, confidence, degrees_of_freedom, paths,
 * seed)
 */
MC_FUNCTION(mc_acerbi_szekely_p_value)
{
	double value = PG_GETARG_FLOAT8(1);
	Size kept;
	double *z = simulate(fcinfo, 2, 5, &kept);

	if (isnan(value))
		PG_RETURN_FLOAT8(value);
	if (kept == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(mc_es_p_value(z, kept, value));
}

typedef struct LevelState
{
	size_t *counts; /* levels + 1 cells */
	int levels;
	int64 not_finite;
	McSettings settings;
} LevelState;

static LevelState *
new_level_state(FunctionCallInfo fcinfo, int levels, int first_setting)
{
	MemoryContext context = mc_aggregate_context(fcinfo, "multinomial_es_accum");
	LevelState *state = MemoryContextAllocZero(context, sizeof(LevelState));

	state->levels = mc_check_count(levels, 1, MAX_LEVELS, "levels");
	state->counts = MemoryContextAllocZero(context, (levels + 1) * sizeof(size_t));
	mc_settings_read(&state->settings, fcinfo, first_setting, context);
	return state;
}

/* How many of the levels did the loss exceed?  -1 when a value is not finite. */
static int
levels_exceeded(double pnl, const double *values_at_risk, int levels)
{
	int exceeded = 0;

	if (!isfinite(pnl))
		return -1;
	for (int j = 0; j < levels; j++)
	{
		if (!isfinite(values_at_risk[j]))
			return -1;
		exceeded += mc_is_exception(pnl, values_at_risk[j]);
	}
	return exceeded;
}

/* multinomial_es_accum(state, pnl, values_at_risk float8[], confidence) */
MC_FUNCTION(mc_multinomial_es_accum)
{
	LevelState *state = PG_ARGISNULL(0) ? NULL : (LevelState *) PG_GETARG_POINTER(0);
	const double *values_at_risk;
	int levels;
	int cell;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(state);
	}
	values_at_risk = mc_float8_array(fcinfo, 2, "values_at_risk", &levels);
	if (state == NULL)
		state = new_level_state(fcinfo, levels, 3);
	else
		mc_settings_compare(&state->settings, fcinfo, 3);
	if (levels != state->levels)
		ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
		                errmsg("every row must have as many values at risk as the first"),
		                errdetail("Found %d after %d.", levels, state->levels),
		                errhint("Write one value at risk for each of multinomial_es_levels().")));
	cell = levels_exceeded(PG_GETARG_FLOAT8(1), values_at_risk, levels);
	if (cell < 0)
		state->not_finite++;
	else
		state->counts[cell]++;
	PG_RETURN_POINTER(state);
}

/* multinomial_es_pit_accum(state, pit, levels, confidence): pit is small for losses */
MC_FUNCTION(mc_multinomial_es_pit_accum)
{
	LevelState *state = PG_ARGISNULL(0) ? NULL : (LevelState *) PG_GETARG_POINTER(0);
	double pit;
	double confidence;

	if (PG_ARGISNULL(1))
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(state);
	}
	pit = PG_GETARG_FLOAT8(1);
	confidence = mc_required_float8(fcinfo, 3, "confidence");
	if (state == NULL)
		state = new_level_state(fcinfo, PG_ARGISNULL(2) ? 1 : PG_GETARG_INT32(2), 2);
	else
		mc_settings_compare(&state->settings, fcinfo, 2);
	if (!isfinite(pit))
	{
		state->not_finite++;
		PG_RETURN_POINTER(state);
	}
	if (pit < 0 || pit > 1)
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("pit must lie between 0 and 1"),
		         errdetail("The value found is %g.", pit),
		         errhint("It is the predicted probability of a P&L at or below the one "
		                 "that came.")));
	state->counts[mc_multinomial_cell(pit, state->levels, confidence)]++;
	PG_RETURN_POINTER(state);
}

MC_FUNCTION(mc_multinomial_es_test_final)
{
	const LevelState *state = PG_ARGISNULL(0) ? NULL : (const LevelState *) PG_GETARG_POINTER(0);
	McRowBuilder row = {0};
	McTest tests[3];
	double confidence;
	double *counts;

	if (state == NULL)
		PG_RETURN_NULL();
	/* confidence is the last setting of both forms */
	confidence = mc_setting_float8(&state->settings, state->settings.count - 1);
	mc_check_confidence(confidence);
	tests[0] = mc_multinomial_nass(state->counts, state->levels, confidence);
	tests[1] = mc_multinomial_pearson(state->counts, state->levels, confidence);
	tests[2] = mc_multinomial_likelihood_ratio(state->counts, state->levels, confidence);
	for (int i = 0; i < 3; i++)
	{
		if (tests[i].observations > 0 && !isfinite(tests[i].statistic + tests[i].p_value))
			mc_check_status(MC_OVERFLOW);
		if (state->not_finite > 0)
			tests[i].statistic = tests[i].p_value = get_float8_nan();
		mc_row_float8(&row, tests[i].statistic);
		mc_row_float8(&row, tests[i].p_value);
	}
	mc_row_int64(&row, (int64) tests[0].observations);
	counts = palloc((state->levels + 1) * sizeof(double));
	for (int j = 0; j <= state->levels; j++)
		counts[j] = (double) state->counts[j];
	mc_row_datum_value(&row, mc_float8_array_datum(counts, state->levels + 1));
	return mc_row_result(fcinfo, &row);
}

/* multinomial_es_levels(confidence, levels) -> float8[] */
MC_FUNCTION(mc_multinomial_es_levels)
{
	double confidence = PG_GETARG_FLOAT8(0);
	int levels = mc_check_count(PG_GETARG_INT32(1), 1, MAX_LEVELS, "levels");
	double *values = palloc(levels * sizeof(double));

	mc_check_confidence(confidence);
	for (int j = 0; j < levels; j++)
		values[j] = mc_multinomial_level(confidence, levels, j + 1);
	PG_RETURN_DATUM(mc_float8_array_datum(values, levels));
}

typedef struct EProcessState
{
	McEProcess process;
	bool not_finite; /* a NaN or infinite row has come */
} EProcessState;

/* Bring a row into the process; the bet is argument `bet_arg`, or adaptive without it. */
static Datum
add_e_value(FunctionCallInfo fcinfo, EProcessState *state, double e, int bet_arg)
{
	double bet = mc_e_adaptive_bet(&state->process);

	if (PG_NARGS() > bet_arg)
	{
		bet = mc_required_float8(fcinfo, bet_arg, "lambda");
		if (!(bet >= 0 && bet < 1))
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			                errmsg("lambda must be at least 0 and below 1"),
			                errdetail("The lambda found is %g.", bet),
			                errhint("Write 0.02, or leave it out for a bet that adapts to the "
			                        "rows before.")));
	}
	mc_e_process_add(&state->process, e, bet);
	PG_RETURN_POINTER(state);
}

static EProcessState *
e_process_state(FunctionCallInfo fcinfo)
{
	MemoryContext context = mc_aggregate_context(fcinfo, "e_process_accum");

	if (!PG_ARGISNULL(0))
		return (EProcessState *) PG_GETARG_POINTER(0);
	return MemoryContextAllocZero(context, sizeof(EProcessState));
}

static bool
null_among(FunctionCallInfo fcinfo, int first, int last)
{
	for (int i = first; i <= last; i++)
		if (PG_ARGISNULL(i))
			return true;
	return false;
}

static Datum
same_state(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

/* e_process_var_accum(state, pnl, value_at_risk, confidence [, lambda]) */
MC_FUNCTION(mc_e_process_var_accum)
{
	EProcessState *state;
	double pnl;
	double var;
	double confidence;

	if (null_among(fcinfo, 1, 2))
		return same_state(fcinfo);
	state = e_process_state(fcinfo);
	pnl = PG_GETARG_FLOAT8(1);
	var = PG_GETARG_FLOAT8(2);
	confidence = mc_required_float8(fcinfo, 3, "confidence");
	mc_check_confidence(confidence);
	if (!(isfinite(pnl) && isfinite(var)))
	{
		state->not_finite = true;
		PG_RETURN_POINTER(state);
	}
	return add_e_value(fcinfo, state, mc_e_value_at_risk(pnl, var, confidence), 4);
}

/* e_process_es_accum(state, pnl, value_at_risk, expected_shortfall, confidence [, lambda]) */
MC_FUNCTION(mc_e_process_es_accum)
{
	EProcessState *state;
	double pnl;
	double var;
	double es;
	double confidence;

	if (null_among(fcinfo, 1, 3))
		return same_state(fcinfo);
	state = e_process_state(fcinfo);
	pnl = PG_GETARG_FLOAT8(1);
	var = PG_GETARG_FLOAT8(2);
	es = PG_GETARG_FLOAT8(3);
	confidence = mc_required_float8(fcinfo, 4, "confidence");
	mc_check_confidence(confidence);
	if (!(isfinite(pnl) && isfinite(var) && isfinite(es)))
	{
		state->not_finite = true;
		PG_RETURN_POINTER(state);
	}
	mc_check_shortfall(var, es, false);
	return add_e_value(fcinfo, state, mc_e_expected_shortfall(pnl, var, es, confidence), 5);
}

MC_FUNCTION(mc_e_process_final)
{
	const EProcessState *state =
	    PG_ARGISNULL(0) ? NULL : (const EProcessState *) PG_GETARG_POINTER(0);

	if (state == NULL)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(state->not_finite ? get_float8_nan() : mc_e_process_wealth(&state->process));
}
