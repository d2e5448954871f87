/*
 * test_rows.h
 *	  Rows of test results, and the checks of settings that the tests share.
 */
#ifndef MC_TEST_ROWS_H
#define MC_TEST_ROWS_H

#include "compat.h"
#include "kernel/hypothesis.h"
#include "kernel/status.h"
#include "settings.h"

#define MC_ROW_COLUMNS 24

/* A row under construction, column by column. */
typedef struct McRowBuilder
{
	int count;
	Datum values[MC_ROW_COLUMNS];
	bool nulls[MC_ROW_COLUMNS];
} McRowBuilder;

extern void mc_row_null(McRowBuilder *row);
extern void mc_row_float8(McRowBuilder *row, double value);
extern void mc_row_int64(McRowBuilder *row, int64 value);
extern void mc_row_text(McRowBuilder *row, const char *value);
extern void mc_row_datum_value(McRowBuilder *row, Datum value);

/* Statistic and p-value: NULL where there are none. */
extern void mc_row_statistic(McRowBuilder *row, const McTest *test);

extern Datum mc_row_result(FunctionCallInfo fcinfo, const McRowBuilder *row);

/* A row of margin_calib.test_result. */
extern Datum mc_test_row(FunctionCallInfo fcinfo, const McTest *test);

/* 22023 unless least <= count <= most; `name` is the argument's. */
extern int mc_check_count(int count, int least, int most, const char *name);

/* 22023 unless 0 <= part <= whole. */
extern void mc_check_part(int64 part, int64 whole, const char *part_name, const char *whole_name);

/* 22023 for an expected shortfall that is not positive, or below the value at risk. */
extern void mc_check_shortfall(double value_at_risk, double expected_shortfall, bool positive);

/* A float8 argument that must not be NULL: 22004. */
extern double mc_required_float8(FunctionCallInfo fcinfo, int arg, const char *name);

#endif
