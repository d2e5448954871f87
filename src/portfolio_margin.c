/*
 * portfolio_margin.c
 *	  The aggregate margin_calib.portfolio_margin: margin of the positions of one account.
 *
 * Vectors are kept once a query, however many accounts hold the instrument; a state is a list of quantities.  The sums
 * are taken by the final function, in the order of underlyings, expiries and names, so that the order of the rows never matters.
 */
#include "compat.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

#include "errors.h"
#include "kernel/exact_sum.h"
#include "portfolio_state.h"
#include "risk_store.h"
#include "sample.h"
#include "settings.h"
#include "values.h"

#define ARG_METHOD 3
#define FIRST_CAPACITY 16
#define RESULT_COLUMNS 13

typedef struct Position
{
	const McStoredRisk *stored;
	double quantity;
} Position;

typedef struct State
{
	Position *positions;
	Size count;
	Size capacity;
	McSettings method;
} State;

static char *
set_text(McRiskVector *vector)
{
	return psprintf("%s of set %s version %d",
	                pnstrdup(mc_risk_instrument(vector), vector->instrument_length),
	                pnstrdup(mc_risk_set_name(vector), vector->set_length), vector->set_version);
}

static void
check_same_set(McRiskVector *first, McRiskVector *other)
{
	if (first->set_digest == other->set_digest && first->scenarios == other->scenarios &&
	    mc_risk_has_roles(first) == mc_risk_has_roles(other) &&
	    first->set_version == other->set_version && first->set_length == other->set_length &&
	    memcmp(mc_risk_set_name(first), mc_risk_set_name(other), first->set_length) == 0)
		return;
	ereport(ERROR,
	        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
	         errmsg("risk vectors of different scenario sets cannot be added"),
	         errdetail("One is that of %s (%d scenarios, contents %08x), another that of %s (%d "
	                   "scenarios, contents %08x).",
	                   set_text(first), first->scenarios, (uint32) first->set_digest,
	                   set_text(other), other->scenarios, (uint32) other->set_digest),
	         errhint("Make all of them with margin_calib.scenario_pnl and the same set.")));
}

/* Is there one?  NULL stands for the default, as leaving it out does. */
static bool
has_method(FunctionCallInfo fcinfo)
{
	return PG_NARGS() > ARG_METHOD && !PG_ARGISNULL(ARG_METHOD);
}

/* portfolio_margin_accum(internal, quantity float8, vector risk_vector [, method]) -> internal */
MC_FUNCTION(mc_portfolio_margin_accum)
{
	MemoryContext context = mc_aggregate_context(fcinfo, "portfolio_margin_accum");
	State *state = PG_ARGISNULL(0) ? NULL : (State *) PG_GETARG_POINTER(0);
	Position *position;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(state);
	}
	if (state == NULL)
	{
		state = MemoryContextAllocZero(context, sizeof(State));
		if (has_method(fcinfo))
			mc_settings_read(&state->method, fcinfo, ARG_METHOD, context);
		state->capacity = FIRST_CAPACITY;
		state->positions = MemoryContextAlloc(context, state->capacity * sizeof(Position));
	}
	else if (has_method(fcinfo) != mc_setting_given(&state->method, 0))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("the method of a portfolio is NULL in some rows"),
		                errhint("Write the same method, or NULL, for all rows of a group.")));
	else if (has_method(fcinfo))
		mc_settings_compare(&state->method, fcinfo, ARG_METHOD);
	if (state->count == state->capacity)
	{
		state->capacity = mc_grown_capacity(state->capacity, state->count + 1, sizeof(Position));
		state->positions = repalloc_huge(state->positions, state->capacity * sizeof(Position));
	}
	position = &state->positions[state->count];
	position->quantity = PG_GETARG_FLOAT8(1);
	if (!isfinite(position->quantity))
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("a quantity is not finite"),
		         errdetail("The value given is %s.", float8out_internal(position->quantity))));
	position->stored = mc_risk_argument(fcinfo, 2);
	if (state->count > 0)
		check_same_set(state->positions[0].stored->vector, position->stored->vector);
	state->count++;
	PG_RETURN_POINTER(state);
}

static int
compare_bytes(const char *a, int a_length, const char *b, int b_length)
{
	int order = memcmp(a, b, Min(a_length, b_length));

	return order != 0 ? order : a_length - b_length;
}

static int
compare_names(McRiskVector *a, McRiskVector *b)
{
	return compare_bytes(mc_risk_instrument(a), a->instrument_length, mc_risk_instrument(b),
	                     b->instrument_length);
}

static int
compare_underlyings(McRiskVector *a, McRiskVector *b)
{
	if (a->underlying == b->underlying)
		return 0;
	return compare_bytes(mc_risk_underlying(a), a->underlying_length, mc_risk_underlying(b),
	                     b->underlying_length);
}

/* by name; those of one instrument by quantity, for a sum that is always the same */
static int
compare_positions(const void *left, const void *right)
{
	const Position *a = left;
	const Position *b = right;
	int order = compare_names(a->stored->vector, b->stored->vector);

	if (order != 0)
		return order;
	return a->quantity < b->quantity ? -1 : a->quantity > b->quantity;
}

/* by underlying, group and name, for instruments that are there once */
static int
compare_groups(const void *left, const void *right)
{
	const Position *a = left;
	const Position *b = right;
	int order = compare_underlyings(a->stored->vector, b->stored->vector);

	if (order != 0)
		return order;
	if (a->stored->risk.group != b->stored->risk.group)
		return a->stored->risk.group < b->stored->risk.group ? -1 : 1;
	return compare_names(a->stored->vector, b->stored->vector);
}

/* The quantities of one instrument, from `first` to before `end`, in one sum. */
static double
total_quantity(const Position *positions, Size first, Size end)
{
	McExactSum sum;
	McDD total;

	if (end - first == 1)
		return positions[first].quantity;
	mc_exact_sum_init(&sum);
	for (Size i = first; i < end; i++)
		mc_exact_sum_add(&sum, positions[i].quantity);
	total = mc_exact_sum_value(&sum);
	return total.hi + total.lo;
}

static void
check_same_vector(const McStoredRisk *a, const McStoredRisk *b)
{
	if (a != b)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("an instrument has two risk vectors"),
		                errdetail("It is %s.", set_text(a->vector)),
		                errhint("Make one, from one price, for all positions of the instrument.")));
}

/* The positions as one of each instrument, in place and without those of quantity 0; how many there are. */
static Size
merge_positions(Position *positions, Size count)
{
	Size merged = 0;

	qsort(positions, count, sizeof(Position), compare_positions);
	for (Size first = 0, end; first < count; first = end)
	{
		const McStoredRisk *stored = positions[first].stored;
		double quantity;

		for (end = first + 1;
		     end < count && compare_names(stored->vector, positions[end].stored->vector) == 0;
		     end++)
			check_same_vector(stored, positions[end].stored);
		quantity = total_quantity(positions, first, end);
		if (quantity != 0)
			positions[merged++] = (Position){stored, quantity};
	}
	return merged;
}

/* What is held, in the order of underlyings, groups and names. */
static Size
make_holdings(const State *state, McHolding *holdings)
{
	Position *positions = mc_work_space(state->count, sizeof(Position));
	Size count;

	memcpy(positions, state->positions, state->count * sizeof(Position));
	count = merge_positions(positions, state->count);
	qsort(positions, count, sizeof(Position), compare_groups);
	for (Size i = 0; i < count; i++)
		holdings[i] = (McHolding){positions[i].quantity, &positions[i].stored->risk};
	pfree(positions);
	return count;
}

static McScenarioRole *
make_roles(McRiskVector *vector)
{
	McScenarioRole *roles;

	if (!mc_risk_has_roles(vector))
		return NULL;
	roles = mc_work_space(vector->scenarios, sizeof(McScenarioRole));
	for (int i = 0; i < vector->scenarios; i++)
	{
		char byte = mc_risk_role_bytes(vector)[i];

		roles[i] = (McScenarioRole){mc_risk_weights(vector)[i], (byte & MC_ROLE_BOTH_WAYS) != 0,
		                            (byte & MC_ROLE_CONTINGENCY) != 0};
	}
	return roles;
}

/* margin_calib.component_amount[]: the type is that of a column of the result. */
static Datum
components_datum(Oid array_type, const McMarginMethod *method, double (*amounts)[MC_REQUIREMENTS])
{
	Oid type = get_element_type(array_type);
	TupleDesc desc = lookup_rowtype_tupdesc_copy(type, -1);
	int count = (int) method->method.components;
	Datum *rows = palloc(Max(count, 1) * sizeof(Datum));

	for (int i = 0; i < count; i++)
	{
		Datum values[3] = {CStringGetTextDatum(method->names[i]), Float8GetDatum(amounts[i][0]),
		                   Float8GetDatum(amounts[i][1])};
		bool nulls[3] = {false};

		rows[i] = HeapTupleGetDatum(heap_form_tuple(desc, values, nulls));
	}
	return PointerGetDatum(construct_array(rows, count, type, -1, false, TYPALIGN_DOUBLE));
}

static Datum
result_datum(FunctionCallInfo fcinfo, const McMarginMethod *method, const McPortfolioMargin *margin,
             Size positions, const double *pnl, double (*amounts)[MC_REQUIREMENTS])
{
	bool nulls[RESULT_COLUMNS] = {false};
	Size scenarios = method->method.scenarios;
	Oid components = TupleDescAttr(mc_row_descriptor(fcinfo), 11)->atttypid;
	Datum values[RESULT_COLUMNS] = {Float8GetDatum(margin->requirement[MC_INITIAL]),
	                                Float8GetDatum(margin->requirement[MC_MAINTENANCE]),
	                                Float8GetDatum(margin->scan[MC_INITIAL]),
	                                Float8GetDatum(margin->scan[MC_MAINTENANCE]),
	                                Float8GetDatum(margin->value),
	                                Int32GetDatum((int32) margin->worst + 1),
	                                Float8GetDatum(margin->worst_pnl),
	                                Float8GetDatum(margin->notional),
	                                Float8GetDatum(margin->delta),
	                                Float8GetDatum(margin->vega),
	                                Int32GetDatum((int32) positions),
	                                components_datum(components, method, amounts),
	                                mc_float8_array_datum(pnl, (int) scenarios)};

	nulls[5] = margin->worst >= scenarios;
	return mc_row_datum(fcinfo, values, nulls);
}

void
mc_portfolio_read(const void *aggregate, McPortfolio *portfolio)
{
	const State *state = aggregate;
	McRiskVector *first = state->positions[0].stored->vector;
	McPortfolioMethod *method = &portfolio->method.method;
	Size scenarios = first->scenarios;

	if (mc_setting_given(&state->method, 0))
		mc_margin_method_read(state->method.items[0].value, &portfolio->method);
	else
		mc_margin_method_default(&portfolio->method);
	method->scenarios = scenarios;
	method->roles = make_roles(first);
	portfolio->holdings = mc_work_space(state->count, sizeof(McHolding));
	portfolio->count = make_holdings(state, portfolio->holdings);
	portfolio->pnl = mc_work_space((method->has_offset_share ? 3 : 2) * scenarios, sizeof(double));
	portfolio->work = portfolio->pnl + scenarios;
	portfolio->amounts = mc_work_space(Max(method->components, 1), sizeof(*portfolio->amounts));
}

/* portfolio_margin_final(internal) -> margin_calib.portfolio_margin */
MC_FUNCTION(mc_portfolio_margin_final)
{
	McPortfolio p;
	McPortfolioMargin margin;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	mc_portfolio_read(PG_GETARG_POINTER(0), &p);
	mc_check_status(mc_portfolio_margin(p.holdings, p.count, &p.method.method, p.pnl, p.work,
	                                    p.amounts, &margin, &mc_interrupt_poll));
	return result_datum(fcinfo, &p.method, &margin, p.count, p.pnl, p.amounts);
}
