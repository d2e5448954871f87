/*
 * tiers.c
 *	  Tier tables (arrays of margin_calib.margin_tier): the check, and the margin of a notional.
 *
 * With bounds b_k, rates r_k and r_0 = 0
 *	  margin(N) = sum over b_k < N of (r_k - r_(k-1)) (N - b_k)
 * in numeric, so that it is exact.  It is what brackets with deductions give,
 * N r_k - d_k with d_k = d_(k-1) + b_k (r_k - r_(k-1)), without a search for the bracket.
 */
#include "compat.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/numeric.h"
#include "utils/typcache.h"

#define TIER_COLUMNS 3

/* columns of margin_calib.margin_tier, in order (sql/parts/15_tier_type.sql) */
enum
{
	TIER_BOUND,
	TIER_INITIAL,
	TIER_MAINTENANCE
};

typedef struct Tier
{
	Datum values[TIER_COLUMNS];
} Tier;

static bool
less(Datum a, Datum b)
{
	return DatumGetBool(DirectFunctionCall2(numeric_lt, a, b));
}

static Datum
integer_numeric(int64 value)
{
	return NumericGetDatum(int64_to_numeric(value));
}

static char *
numeric_text(Datum value)
{
	return DatumGetCString(DirectFunctionCall1(numeric_out, value));
}

static pg_attribute_noreturn() void refuse_tiers(const char *rule, const char *detail)
{
	ereport(
	    ERROR,
	    (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s", rule),
	     detail ? errdetail("%s", detail) : 0,
	     errhint("Write ARRAY[(0, 0.05, 0.025), (100000, 0.1, 0.05)]::margin_calib.margin_tier[]: "
	             "lower bound, initial rate, maintenance rate.")));
}

static void
read_tier(Datum row, int number, Tier *tier)
{
	HeapTupleHeader header = DatumGetHeapTupleHeader(row);
	TupleDesc desc =
	    lookup_rowtype_tupdesc(HeapTupleHeaderGetTypeId(header), HeapTupleHeaderGetTypMod(header));
	HeapTupleData tuple = {.t_len = HeapTupleHeaderGetDatumLength(header), .t_data = header};
	bool nulls[TIER_COLUMNS];

	if (desc->natts != TIER_COLUMNS)
		elog(ERROR, "margin_calib.margin_tier has an unexpected shape");
	heap_deform_tuple(&tuple, desc, tier->values, nulls);
	ReleaseTupleDesc(desc);
	for (int i = 0; i < TIER_COLUMNS; i++)
		if (nulls[i])
			refuse_tiers(psprintf("tier %d has a bound and two rates, none of them NULL", number),
			             NULL);
}

static bool
is_rate(Datum rate)
{
	return less(integer_numeric(0), rate) && !less(integer_numeric(1), rate);
}

/* The rule that a tier breaks, NULL for a good one. */
static const char *
broken_rule(const Tier *tier, const Tier *last, int number)
{
	const Datum *v = tier->values;

	if (numeric_is_nan(DatumGetNumeric(v[TIER_BOUND])) ||
	    numeric_is_inf(DatumGetNumeric(v[TIER_BOUND])))
		return psprintf("the bound of tier %d is finite", number);
	if (!last && DatumGetBool(DirectFunctionCall2(numeric_ne, v[TIER_BOUND], integer_numeric(0))))
		return "tier 1 starts at a notional of 0";
	if (last && !less(last->values[TIER_BOUND], v[TIER_BOUND]))
		return psprintf("tier %d starts above tier %d", number, number - 1);
	if (!is_rate(v[TIER_INITIAL]) || !is_rate(v[TIER_MAINTENANCE]))
		return psprintf("the rates of tier %d are above 0 and at most 1", number);
	if (less(v[TIER_INITIAL], v[TIER_MAINTENANCE]))
		return psprintf("the maintenance rate of tier %d is not above its initial rate", number);
	if (last && (less(v[TIER_INITIAL], last->values[TIER_INITIAL]) ||
	             less(v[TIER_MAINTENANCE], last->values[TIER_MAINTENANCE])))
		return psprintf("the rates of tier %d are not below those of tier %d", number, number - 1);
	return NULL;
}

static void
check_tier(const Tier *tier, const Tier *last, int number)
{
	const char *rule = broken_rule(tier, last, number);

	if (rule)
		refuse_tiers(rule, psprintf("Tier %d is (%s, %s, %s).", number,
		                            numeric_text(tier->values[TIER_BOUND]),
		                            numeric_text(tier->values[TIER_INITIAL]),
		                            numeric_text(tier->values[TIER_MAINTENANCE])));
}

/* The tiers of an array, checked. */
static Tier *
read_tiers(ArrayType *array, int *n)
{
	Datum *rows;
	bool *nulls;
	Tier *tiers;

	if (ARR_NDIM(array) > 1)
		refuse_tiers("tiers are an array of one dimension", NULL);
	deconstruct_array(array, ARR_ELEMTYPE(array), -1, false, TYPALIGN_DOUBLE, &rows, &nulls, n);
	if (*n == 0)
		refuse_tiers("a tier table has at least one tier", NULL);
	tiers = palloc(*n * sizeof(Tier));
	for (int i = 0; i < *n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (nulls[i])
			refuse_tiers(psprintf("tier %d is NULL", i + 1), NULL);
		read_tier(rows[i], i + 1, &tiers[i]);
		check_tier(&tiers[i], i > 0 ? &tiers[i - 1] : NULL, i + 1);
	}
	return tiers;
}

/* margin_calib.check_tiers(tiers margin_tier[]) -> margin_tier[] */
MC_FUNCTION(mc_check_tiers)
{
	int n;

	read_tiers(PG_GETARG_ARRAYTYPE_P(0), &n);
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

static int
rate_column(text *which)
{
	char *name = text_to_cstring(which);

	if (strcmp(name, "initial") != 0 && strcmp(name, "maintenance") != 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("a tier margin is initial or maintenance"),
		                errdetail("The value given is \"%s\".", name),
		                errhint("Write tier_margin(notional, tiers, 'maintenance').")));
	return strcmp(name, "initial") == 0 ? TIER_INITIAL : TIER_MAINTENANCE;
}

/* margin_calib.tier_margin(notional numeric, tiers margin_tier[], which text) -> numeric */
MC_FUNCTION(mc_tier_margin)
{
	Datum notional = PG_GETARG_DATUM(0);
	int column = rate_column(PG_GETARG_TEXT_PP(2));
	int n;
	Tier *tiers = read_tiers(PG_GETARG_ARRAYTYPE_P(1), &n);
	Datum last_rate = integer_numeric(0);
	Datum result = integer_numeric(0);

	if (less(notional, integer_numeric(0)) || numeric_is_nan(PG_GETARG_NUMERIC(0)) ||
	    numeric_is_inf(PG_GETARG_NUMERIC(0)))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("a notional is zero or more, and finite"),
		                errdetail("The value given is %s.", numeric_text(notional)),
		                errhint("A short position of -2 at 100 has a notional of 200.")));
	for (int k = 0; k < n && less(tiers[k].values[TIER_BOUND], notional); k++)
	{
		Datum step = DirectFunctionCall2(numeric_sub, tiers[k].values[column], last_rate);
		Datum above = DirectFunctionCall2(numeric_sub, notional, tiers[k].values[TIER_BOUND]);

		CHECK_FOR_INTERRUPTS();
		last_rate = tiers[k].values[column];
		result =
		    DirectFunctionCall2(numeric_add, result, DirectFunctionCall2(numeric_mul, step, above));
	}
	PG_RETURN_DATUM(result);
}
