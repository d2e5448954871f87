/*
 * test_rows.c
 *	  Rows of test results, and the checks of settings that the tests share.
 */
#include "compat.h"

#include "utils/builtins.h"

#include "test_rows.h"
#include "values.h"

static void
add(McRowBuilder *row, Datum value, bool is_null)
{
	Assert(row->count < MC_ROW_COLUMNS);
	row->values[row->count] = value;
	row->nulls[row->count++] = is_null;
}

void
mc_row_null(McRowBuilder *row)
{
	add(row, (Datum) 0, true);
}

void
mc_row_float8(McRowBuilder *row, double value)
{
	add(row, Float8GetDatum(value), false);
}

void
mc_row_int64(McRowBuilder *row, int64 value)
{
	add(row, Int64GetDatum(value), false);
}

void
mc_row_text(McRowBuilder *row, const char *value)
{
	add(row, CStringGetTextDatum(value), false);
}

void
mc_row_statistic(McRowBuilder *row, const McTest *test)
{
	bool is_null = !mc_test_usable(test);

	add(row, Float8GetDatum(test->statistic), is_null);
	add(row, Float8GetDatum(test->p_value), is_null);
}

Datum
mc_row_result(FunctionCallInfo fcinfo, const McRowBuilder *row)
{
	return mc_row_datum(fcinfo, row->values, row->nulls);
}

Datum
mc_test_row(FunctionCallInfo fcinfo, const McTest *test)
{
	McRowBuilder row = {0};

	mc_row_statistic(&row, test);
	add(&row, Float8GetDatum(test->degrees_of_freedom), !mc_test_usable(test));
	mc_row_int64(&row, (int64) test->observations);
	mc_row_text(&row, mc_test_status_name(test->status));
	return mc_row_result(fcinfo, &row);
}

int
mc_check_count(int count, int least, int most, const char *name)
{
	if (count < least || count > most)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("%s must lie between %d and %d", name, least, most),
		                errdetail("The number given is %d.", count),
		                errhint("Write a whole number in that range.")));
	return count;
}

void
mc_check_part(int64 part, int64 whole, const char *part_name, const char *whole_name)
{
	if (part < 0 || part > whole)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("%s must lie between 0 and %s", part_name, whole_name),
		                errdetail("Given are %lld of %lld.", (long long) part, (long long) whole),
		                errhint("Write the smaller count first.")));
}

void
mc_check_shortfall(double value_at_risk, double expected_shortfall, bool positive)
{
	if (positive && !(expected_shortfall > 0))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("expected shortfall must be positive"),
		                errdetail("The expected shortfall found is %g.", expected_shortfall),
		                errhint("Value at risk and expected shortfall are losses with a positive "
		                        "sign; write -es when yours are P&L.")));
	if (!(expected_shortfall >= value_at_risk))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("expected shortfall must not be below value at risk"),
		                errdetail("The expected shortfall found is %g, the value at risk %g.",
		                          expected_shortfall, value_at_risk),
		                errhint("Both are positive losses at the same confidence, value at risk "
		                        "first.")));
}

double
mc_required_float8(FunctionCallInfo fcinfo, int arg, const char *name)
{
	if (PG_ARGISNULL(arg))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
		                errmsg("%s must not be NULL", name), errdetail("Argument %d is NULL.", arg),
		                errhint("Write a number, or leave such rows out with FILTER.")));
	return PG_GETARG_FLOAT8(arg);
}

void
mc_row_datum_value(McRowBuilder *row, Datum value)
{
	add(row, value, false);
}
