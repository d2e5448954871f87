/*
 * allocation.c
 *	  margin_calib.allocation_solve: the cheapest allocation of collateral to requirements.
 */
#include "compat.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "errors.h"
#include "kernel/allocation.h"
#include "sample.h"
#include "values.h"

/* in the order of the columns of margin_calib.allocation_solution */
enum
{
	GIVEN,
	UNMET,
	PRICES,
	ASSET_GAINS,
	COST,
	COLUMNS
};

static void
check_length(int length, int wanted, const char *name)
{
	if (length != wanted)
		ereport(
		    ERROR,
		    (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
		     errmsg("%s has an element for each asset, or for each asset and requirement", name),
		     errdetail("It has %d elements, not %d.", length, wanted)));
}

static void
check_not_negative(const double *values, int n, const char *name)
{
	for (int i = 0; i < n; i++)
		if (!(values[i] >= 0))
			ereport(ERROR,
			        (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s are zero or more", name),
			         errdetail("Element %d is %g.", i + 1, values[i])));
}

static McAllocation
read_problem(FunctionCallInfo fcinfo)
{
	static const char *const names[] = {"values", "costs", "amounts", "worth", "limits"};
	const double *arrays[lengthof(names)];
	int n[lengthof(names)];
	McAllocation problem;

	for (int i = 0; i < lengthof(names); i++)
		arrays[i] = mc_float8_array(fcinfo, i, names[i], &n[i]);
	check_length(n[1], n[0], names[1]);
	for (int i = 3; i < lengthof(names); i++)
		check_length(n[i], (int) Min((int64) n[0] * n[2], PG_INT32_MAX), names[i]);
	for (int i = 0; i < lengthof(names); i++)
	{
		if (i < 4)
			mc_check_finite(arrays[i], n[i], names[i]);
		check_not_negative(arrays[i], n[i], names[i]);
	}
	problem = (McAllocation){n[0], n[2], arrays[0], arrays[1], arrays[2], arrays[3], arrays[4]};
	return problem;
}

/* margin_calib.allocation_solve(values, costs, amounts, worth, limits: float8[]) -> allocation_solution */
MC_FUNCTION(mc_allocation_solve)
{
	McAllocation problem = read_problem(fcinfo);
	size_t pairs = problem.assets * problem.requirements;
	size_t size = mc_allocation_worksize(problem.assets, problem.requirements);
	double *work = mc_work_space(size, sizeof(double));
	void *indexes =
	    mc_work_space(mc_allocation_index_bytes(problem.assets, problem.requirements), 1);
	double *numbers =
	    mc_work_space(pairs + 2 * problem.requirements + problem.assets, sizeof(double));
	McAllocated result = {.given = numbers};
	Datum values[COLUMNS];
	bool nulls[COLUMNS] = {false};

	result.unmet = result.given + pairs;
	result.prices = result.unmet + problem.requirements;
	result.asset_gains = result.prices + problem.requirements;
	mc_check_status(mc_allocate(&problem, work, indexes, &mc_interrupt_poll, &result));
	values[GIVEN] = mc_float8_array_datum(result.given, pairs);
	values[UNMET] = mc_float8_array_datum(result.unmet, problem.requirements);
	values[PRICES] = mc_float8_array_datum(result.prices, problem.requirements);
	values[ASSET_GAINS] = mc_float8_array_datum(result.asset_gains, problem.assets);
	nulls[PRICES] = nulls[ASSET_GAINS] = !result.all_met;
	values[COST] = Float8GetDatum(result.cost);
	PG_RETURN_DATUM(mc_row_datum(fcinfo, values, nulls));
}
