/*
 * account_margin.c
 *	  Margin of one account from its positions.
 *
 * Positions are put in the order of underlyings, groups and names, those of an instrument as one, so that every sum is taken
 * in the same order whatever the order of the rows.
 */
#include "account_margin.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/float.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

#include "errors.h"
#include "kernel/exact_sum.h"
#include "sample.h"
#include "values.h"

#define ST_SORT sort_keys
#define ST_ELEMENT_TYPE uint64
#define ST_COMPARE(a, b) (*(a) < *(b) ? -1 : *(a) > *(b))
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

#define RESULT_COLUMNS 13
#define COMPONENTS_COLUMN 11
#define FEW_KEYS 48

static void
read_row_types(McAccountWork *work, Oid row)
{
	Oid components;

	work->row = BlessTupleDesc(lookup_rowtype_tupdesc_copy(row, -1));
	components = TupleDescAttr(work->row, COMPONENTS_COLUMN)->atttypid;
	work->component = BlessTupleDesc(lookup_rowtype_tupdesc_copy(get_element_type(components), -1));
}

McAccountWork *
mc_account_work_new(MemoryContext context, Oid row)
{
	McAccountWork *work = MemoryContextAllocZero(context, sizeof(McAccountWork));
	MemoryContext before = MemoryContextSwitchTo(context);

	work->context = context;
	if (OidIsValid(row))
		read_row_types(work, row);
	work->method_context =
	    AllocSetContextCreate(context, "margin_calib margin method", ALLOCSET_SMALL_SIZES);
	MemoryContextSwitchTo(work->method_context);
	mc_margin_method_default(&work->method);
	work->amounts = palloc0(sizeof(*work->amounts));
	MemoryContextSwitchTo(before);
	return work;
}

void
mc_account_method(McAccountWork *work, const Datum *method)
{
	MemoryContext before;

	if (method == NULL ? !work->has_method
	                   : work->has_method && datumIsEqual(*method, work->method_row, false, -1))
		return;
	work->has_method = false;
	work->set = NULL;
	MemoryContextReset(work->method_context);
	before = MemoryContextSwitchTo(work->method_context);
	if (method == NULL)
		mc_margin_method_default(&work->method);
	else
	{
		mc_margin_method_read(*method, &work->method);
		work->method_row = datumCopy(*method, false, -1);
		work->has_method = true;
	}
	work->amounts = palloc0(Max(work->method.method.components, 1) * sizeof(*work->amounts));
	MemoryContextSwitchTo(before);
}

static void
use_set(McAccountWork *work, const McRiskSet *set)
{
	MemoryContext before;

	if (work->set == set)
		return;
	work->set = set;
	work->method.method.scenarios = set->scenarios;
	work->method.method.roles = set->roles;
	if (work->scenarios >= set->scenarios)
		return;
	before = MemoryContextSwitchTo(work->context);
	if (work->scenarios > 0)
	{
		pfree(work->pnl);
		pfree(work->work);
		work->scenarios = 0;
	}
	work->pnl = mc_work_space(set->scenarios, sizeof(double));
	work->work = mc_work_space(2 * (Size) set->scenarios, sizeof(double));
	work->scenarios = set->scenarios;
	MemoryContextSwitchTo(before);
}

static void
make_room(McAccountWork *work, Size n)
{
	MemoryContext before;

	if (work->room >= n)
		return;
	before = MemoryContextSwitchTo(work->context);
	if (work->room > 0)
	{
		pfree(work->keys);
		pfree(work->holdings);
	}
	work->room = 0;
	n += n / 2;
	work->keys = mc_work_space(n, sizeof(uint64));
	work->holdings = mc_work_space(n, sizeof(McHolding));
	work->room = n;
	MemoryContextSwitchTo(before);
}

/* ---- one position an instrument ---- */

/* by name */
static int
compare_positions(const void *left, const void *right)
{
	return mc_compare_instruments(((const McPosition *) left)->stored,
	                              ((const McPosition *) right)->stored);
}

/* by underlying, group and name, for instruments that are there once */
static int
compare_groups(const void *left, const void *right)
{
	return mc_compare_risks(((const McPosition *) left)->stored,
	                        ((const McPosition *) right)->stored);
}

/* The quantities of one instrument, from `first` to before `end`, in one sum. */
static double
total_quantity(const McPosition *positions, Size first, Size end)
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
		                errdetail("It is %s.", mc_risk_text(a)),
		                errhint("Make one, from one price, for all positions of the instrument.")));
}

/* The positions as one of each instrument, in place and without those of quantity 0; how many there are. */
static Size
merge_positions(McPosition *positions, Size count)
{
	Size merged = 0;

	qsort(positions, count, sizeof(McPosition), compare_positions);
	for (Size first = 0, end; first < count; first = end)
	{
		const McStoredRisk *stored = positions[first].stored;
		double quantity;

		for (end = first + 1;
		     end < count && mc_compare_instruments(stored, positions[end].stored) == 0; end++)
			check_same_vector(stored, positions[end].stored);
		quantity = total_quantity(positions, first, end);
		if (quantity != 0)
			positions[merged++] = (McPosition){stored, quantity};
	}
	return merged;
}

/* Holdings by comparing names. */
static void
hold_by_name(McAccountWork *work, McPosition *positions, Size count)
{
	count = merge_positions(positions, count);
	qsort(positions, count, sizeof(McPosition), compare_groups);
	for (Size i = 0; i < count; i++)
		work->holdings[i] = (McHolding){positions[i].quantity, &positions[i].stored->risk};
	work->held = count;
}

/* The quantities of the instrument that keys[first..end) are of. */
static double
total_of_keys(const uint64 *keys, const McPosition *positions, Size first, Size end)
{
	McExactSum sum;
	McDD total;

	if (end - first == 1)
		return positions[(uint32) keys[first]].quantity;
	mc_exact_sum_init(&sum);
	for (Size i = first; i < end; i++)
		mc_exact_sum_add(&sum, positions[(uint32) keys[i]].quantity);
	total = mc_exact_sum_value(&sum);
	return total.hi + total.lo;
}

/* The usual few keys, all different: each goes to the place that as many are below it, without a branch. */
static void
place_keys(uint64 *keys, uint32 count)
{
	uint64 found[FEW_KEYS];
	uint32 below[FEW_KEYS] = {0};

	memcpy(found, keys, count * sizeof(uint64));
	for (uint32 i = 1; i < count; i++)
	{
		uint32 larger = 0;

		for (uint32 j = 0; j < i; j++)
		{
			uint32 is_larger = found[j] > found[i];

			below[j] += is_larger;
			larger += is_larger;
		}
		below[i] += i - larger;
	}
	for (uint32 i = 0; i < count; i++)
		keys[below[i]] = found[i];
}

/* Holdings by rank; false, and nothing done, when a vector has none or has a twin. */
static bool
hold_by_rank(McAccountWork *work, const McPosition *positions, Size count, Size *without_rank)
{
	uint64 *keys = work->keys;
	bool has_twins = false;
	bool in_order = true;

	*without_rank = 0;
	if (count > PG_UINT32_MAX)
		return false;
	for (Size i = 0; i < count; i++)
	{
		*without_rank += positions[i].stored->rank == 0;
		has_twins |= positions[i].stored->has_twin;
		keys[i] = (uint64) positions[i].stored->rank << 32 | i;
		in_order &= i == 0 || keys[i] > keys[i - 1];
	}
	if (*without_rank > 0 || has_twins)
		return false;
	if (!in_order && count <= FEW_KEYS)
		place_keys(keys, (uint32) count);
	else if (!in_order)
		sort_keys(keys, count);
	work->held = 0;
	for (Size first = 0, end; first < count; first = end)
	{
		double quantity;

		for (end = first + 1; end < count && keys[end] >> 32 == keys[first] >> 32;)
			end++;
		quantity = total_of_keys(keys, positions, first, end);
		if (quantity != 0)
			work->holdings[work->held++] =
			    (McHolding){quantity, &positions[(uint32) keys[first]].stored->risk};
	}
	return true;
}

void
mc_account_hold(McAccountWork *work, McRiskStore *store, McPosition *positions, Size n)
{
	Size without_rank;

	use_set(work, positions[0].stored->set);
	make_room(work, n);
	if (hold_by_rank(work, positions, n, &without_rank))
		return;
	mc_risk_store_rank_lazily(store, without_rank);
	if (!hold_by_rank(work, positions, n, &without_rank))
		hold_by_name(work, positions, n);
}

void
mc_account_compute(McAccountWork *work)
{
	mc_check_status(mc_portfolio_margin(work->holdings, work->held, &work->method.method, work->pnl,
	                                    work->work, work->amounts, &work->margin,
	                                    &mc_interrupt_poll));
}

void
mc_account_margin(McAccountWork *work, McRiskStore *store, McPosition *positions, Size n)
{
	mc_account_hold(work, store, positions, n);
	mc_account_compute(work);
}

void
mc_check_quantity(double quantity)
{
	if (!isfinite(quantity))
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("a quantity is not finite"),
		         errdetail("The value given is %s.", float8out_internal(quantity))));
}

/* ---- the row ---- */

/* margin_calib.component_amount[] */
static Datum
components_datum(const McAccountWork *work)
{
	int count = (int) work->method.method.components;
	Datum *rows;

	if (count == 0)
		return PointerGetDatum(construct_empty_array(work->component->tdtypeid));
	rows = palloc(count * sizeof(Datum));
	for (int i = 0; i < count; i++)
	{
		Datum values[3] = {CStringGetTextDatum(work->method.names[i]),
		                   Float8GetDatum(work->amounts[i][0]),
		                   Float8GetDatum(work->amounts[i][1])};
		bool nulls[3] = {false};

		rows[i] = HeapTupleGetDatum(heap_form_tuple(work->component, values, nulls));
	}
	return PointerGetDatum(
	    construct_array(rows, count, work->component->tdtypeid, -1, false, TYPALIGN_DOUBLE));
}

Datum
mc_account_datum(const McAccountWork *work, bool with_pnl)
{
	const McPortfolioMargin *margin = &work->margin;
	int scenarios = (int) work->method.method.scenarios;
	bool nulls[RESULT_COLUMNS] = {false};
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
	                                Int32GetDatum((int32) work->held),
	                                components_datum(work),
	                                (Datum) 0};

	nulls[5] = margin->worst >= scenarios;
	nulls[12] = !with_pnl;
	if (with_pnl)
		values[12] = mc_float8_array_datum(work->pnl, scenarios);
	return HeapTupleGetDatum(heap_form_tuple(work->row, values, nulls));
}
