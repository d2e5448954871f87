/*
 * scenario_set.c
 *	  A margin_calib.scenario_set as an argument, and what is wrong with one.
 */
#include "scenario_set.h"

#include <float.h>
#include <math.h>

#include "access/detoast.h"
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/memutils.h"

#include "risk_vector.h"
#include "row_argument.h"

#define YEAR 365.0      /* days */
#define EVERY_OTHER "*" /* the factor of every underlying that no other is named after */

/* columns of margin_calib.scenario, skew_law, shock_law and scenario_set (sql/parts/19_scenario_types.sql) */
enum
{
	LABEL,
	PRICE_SHOCK,
	PRICE_UNIT,
	VOL_SHOCK,
	VOL_UNIT,
	SKEW,
	WEIGHT,
	BOTH_WAYS,
	CONTINGENCY,
	SCENARIO_COLUMNS
};

enum
{
	CAP,
	CAP_SLOPE,
	LEAST_WIDTH,
	WIDTH_SCALE,
	WIDTH,
	WIDTH_SLOPE,
	SKEW_COLUMNS
};

enum
{
	BETA,
	PRICE_RANGE,
	VOL_UP,
	VOL_DOWN,
	VOL_RANGE_UNIT,
	REFERENCE_DAYS,
	LEAST_DAYS,
	SHORT_POWER,
	LONG_POWER,
	LEAST_VOL_UP,
	LINEAR_SKEW,
	ABSOLUTE_SKEW,
	LONG_DISCOUNT,
	SHORT_DISCOUNT = LONG_DISCOUNT + 3,
	LAW_COLUMNS = SHORT_DISCOUNT + 3
};

enum
{
	NAME,
	VERSION,
	SCENARIOS,
	LAW,
	FACTORS,
	METHOD,
	SET_COLUMNS
};

/* of margin_calib.factor_law */
enum
{
	FACTOR,
	FACTOR_SHOCK_LAW,
	FACTOR_PRICE_SHOCKS,
	FACTOR_VOL_SHOCKS,
	FACTOR_CURRENCY,
	FACTOR_COLUMNS
};

static const char *const units[] = {"relative", "absolute", "range", NULL};
static const char *const skews[] = {"linear", "absolute", NULL};

static pg_attribute_noreturn() void refuse(const char *rule, const char *hint)
{
	ereport(ERROR,
	        (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s", rule), errhint("%s", hint)));
}

static void
read_scenario(Datum datum, McShock *shock, McScenarioRole *role)
{
	McRow row;

	mc_row_read(datum, SCENARIO_COLUMNS, "a scenario", &row);
	shock->price = mc_row_number(&row, PRICE_SHOCK, -DBL_MAX, DBL_MAX, 0);
	shock->price_unit = mc_row_choice(&row, PRICE_UNIT, units, MC_SHOCK_RELATIVE);
	shock->vol = mc_row_number(&row, VOL_SHOCK, -DBL_MAX, DBL_MAX, 0);
	shock->vol_unit = mc_row_choice(&row, VOL_UNIT, units, MC_SHOCK_RELATIVE);
	shock->skew = mc_row_choice(&row, SKEW, skews, -1) + 1;
	role->weight = mc_row_number(&row, WEIGHT, 0, DBL_MAX, 1);
	role->both_ways = mc_row_flag(&row, BOTH_WAYS);
	role->contingency = mc_row_flag(&row, CONTINGENCY);
}

static void
read_scenarios(const McRow *row, McScenarioSet *set)
{
	ArrayType *array;
	Datum *elements;
	bool *nulls;
	bool has_roles = false;

	if (row->nulls[SCENARIOS])
		refuse("a scenario set has no scenarios",
		       "margin_calib.scenario_set(name) has those that are known.");
	array = DatumGetArrayTypeP(row->values[SCENARIOS]);
	if (ARR_NDIM(array) > 1)
		ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
		                errmsg("scenarios of a set are a one-dimensional array")));
	set->count = mc_row_elements(row, SCENARIOS, TYPALIGN_DOUBLE, &elements, &nulls);
	if (set->count < 1 || set->count > MC_MAX_SCENARIOS)
		refuse("a scenario set has 1 to 100,000 scenarios",
		       "margin_calib.scenario_set(name) has those that are known.");
	set->shocks = palloc0(set->count * sizeof(McShock));
	set->roles = palloc0(set->count * sizeof(McScenarioRole));
	for (int i = 0; i < set->count; i++)
	{
		if (nulls[i])
			refuse("a scenario of a set is NULL", "Leave it out of the array.");
		read_scenario(elements[i], &set->shocks[i], &set->roles[i]);
		has_roles = has_roles || set->roles[i].weight != 1 || set->roles[i].both_ways ||
		            set->roles[i].contingency;
	}
	if (!has_roles)
		set->roles = NULL;
}

static void
read_skew(const McRow *law, int column, McSkewLaw *skew)
{
	McRow row;

	*skew = (McSkewLaw){.least_width = 0.01, .width_scale = 1, .width = 1};
	if (law->nulls[column])
		return;
	mc_row_read(law->values[column], SKEW_COLUMNS, "a skew_law", &row);
	skew->cap = mc_row_number(&row, CAP, -DBL_MAX, DBL_MAX, skew->cap);
	skew->cap_slope = mc_row_number(&row, CAP_SLOPE, -DBL_MAX, DBL_MAX, skew->cap_slope);
	skew->least_width = mc_row_number(&row, LEAST_WIDTH, DBL_MIN, DBL_MAX, skew->least_width);
	skew->width_scale = mc_row_number(&row, WIDTH_SCALE, 0, DBL_MAX, skew->width_scale);
	skew->width = mc_row_number(&row, WIDTH, 0, DBL_MAX, skew->width);
	skew->width_slope = mc_row_number(&row, WIDTH_SLOPE, -DBL_MAX, DBL_MAX, skew->width_slope);
}

static void
read_discount(const McRow *law, int column, McDiscountLaw *discount)
{
	discount->given = !law->nulls[column];
	discount->base = mc_row_number(law, column, 0, DBL_MAX, 1);
	discount->rate_scale = mc_row_number(law, column + 1, 0, DBL_MAX, 0);
	discount->rate_add = mc_row_number(law, column + 2, 0, DBL_MAX, 0);
}

/* A margin_calib.shock_law, or what holds without one. */
static void
read_law(Datum datum, bool is_null, McFactorLaw *factor)
{
	static const char *const range_units[] = {"relative", "absolute", NULL};
	McShockLaw *law = &factor->shocks;
	McRow row;

	if (is_null)
		memset(row.nulls, true, sizeof(row.nulls));
	else
		mc_row_read(datum, LAW_COLUMNS, "a shock_law", &row);
	law->beta = mc_row_number(&row, BETA, -DBL_MAX, DBL_MAX, 1);
	law->price_range = mc_row_number(&row, PRICE_RANGE, 0, DBL_MAX, 0);
	law->vol_up = mc_row_number(&row, VOL_UP, 0, DBL_MAX, 0);
	law->vol_down = mc_row_number(&row, VOL_DOWN, 0, DBL_MAX, 0);
	law->vol_range_absolute = mc_row_choice(&row, VOL_RANGE_UNIT, range_units, 0) == 1;
	law->reference = mc_row_number(&row, REFERENCE_DAYS, 1e-9, 1e6, 30) / YEAR;
	law->least = mc_row_number(&row, LEAST_DAYS, 1e-9, 1e6, 1) / YEAR;
	law->short_power = mc_row_number(&row, SHORT_POWER, -10, 10, 0);
	law->long_power = mc_row_number(&row, LONG_POWER, -10, 10, 0);
	law->least_vol_up = mc_row_number(&row, LEAST_VOL_UP, 0, DBL_MAX, 0);
	read_skew(&row, LINEAR_SKEW, &law->skew[0]);
	read_skew(&row, ABSOLUTE_SKEW, &law->skew[1]);
	read_discount(&row, LONG_DISCOUNT, &factor->long_side);
	read_discount(&row, SHORT_DISCOUNT, &factor->short_side);
}

/* Shocks of a factor, one for each scenario; NULL where it has none. */
static const double *
read_shocks(const McRow *factor, int column, const McScenarioSet *set)
{
	ArrayType *array;
	const double *shocks;

	if (factor->nulls[column])
		return NULL;
	array = DatumGetArrayTypeP(factor->values[column]);
	shocks = (const double *) ARR_DATA_PTR(array);
	if (ARR_NDIM(array) != 1 || ARR_DIMS(array)[0] != set->count || ARR_HASNULL(array))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("%s of a factor are one for each scenario, without NULL",
		                       factor->names[column]),
		                errdetail("The set has %d scenarios, and the array %d elements.",
		                          set->count, ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array)))));
	for (int i = 0; i < set->count; i++)
		if (!isfinite(shocks[i]))
			refuse("a shock of a factor is not finite", "Leave the scenario out, of every factor.");
	return shocks;
}

static void
read_factor(const McRow *factor, const McRow *row, McScenarioSet *set, McFactorLaw *law)
{
	if (factor->nulls[FACTOR_SHOCK_LAW])
		read_law(row->values[LAW], row->nulls[LAW], law);
	else
		read_law(factor->values[FACTOR_SHOCK_LAW], false, law);
	law->price_shocks = read_shocks(factor, FACTOR_PRICE_SHOCKS, set);
	law->vol_shocks = read_shocks(factor, FACTOR_VOL_SHOCKS, set);
	if (!factor->nulls[FACTOR_CURRENCY])
		law->currency = TextDatumGetCString(factor->values[FACTOR_CURRENCY]);
	set->has_history = set->has_history || law->price_shocks != NULL;
}

const McFactorLaw *
mc_named_factor(const McScenarioSet *set, const char *factor)
{
	for (int i = 1; i < set->law_count && set->laws[i].factor != NULL; i++)
		if (strcmp(set->laws[i].factor, factor) == 0)
			return &set->laws[i];
	return NULL;
}

static void
read_laws(const McRow *row, McScenarioSet *set)
{
	Datum *elements = NULL;
	bool *nulls = NULL;
	int count = mc_row_elements(row, FACTORS, TYPALIGN_DOUBLE, &elements, &nulls);

	set->law_count = count + 1;
	set->laws = palloc0(set->law_count * sizeof(McFactorLaw));
	read_law(row->values[LAW], row->nulls[LAW], &set->laws[0]);
	for (int i = 0; i < count; i++)
	{
		McFactorLaw *law = &set->laws[i + 1];
		McRow factor;

		if (nulls[i])
			refuse("a factor of a scenario set is NULL", "Leave it out of the array.");
		mc_row_read(elements[i], FACTOR_COLUMNS, "a factor_law", &factor);
		if (factor.nulls[FACTOR])
			refuse("a factor of a scenario set has no name",
			       "The law of every other factor is the law of the set.");
		law->factor = TextDatumGetCString(factor.values[FACTOR]);
		if (mc_named_factor(set, law->factor) != law)
			refuse("a factor of a scenario set is there twice", "Leave one of them out.");
		read_factor(&factor, row, set, law);
	}
}

const McFactorLaw *
mc_factor_law(const McScenarioSet *set, const char *factor)
{
	const McFactorLaw *found = mc_named_factor(set, factor);

	if (found == NULL)
		found = mc_named_factor(set, EVERY_OTHER);
	if (found != NULL)
		return found;
	if (set->has_history)
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		         errmsg("scenario set %s has no history of %s", set->name, factor),
		         errhint("Its factors have shocks of their own in every scenario: add one of "
		                 "%s, or one of * for every other, or leave its contracts out.",
		                 factor)));
	return &set->laws[0];
}

static McScenarioSet *
read_set(Datum datum)
{
	McScenarioSet *set = palloc0(sizeof(McScenarioSet));
	McRow row;

	mc_row_read(datum, SET_COLUMNS, "a scenario_set", &row);
	if (row.nulls[NAME])
		refuse("a scenario set has no name", "Vectors of different sets are told apart by it.");
	set->name = TextDatumGetCString(row.values[NAME]);
	set->version = row.nulls[VERSION] ? 0 : DatumGetInt32(row.values[VERSION]);
	if (set->version < 0)
		refuse("the version of a scenario set is 0 or more", "NULL stands for 0.");
	read_scenarios(&row, set);
	read_laws(&row, set);
	set->digest = mc_scenario_set_digest(set);
	return set;
}

/*
 * What a query keeps of the set that it saw last.  Large sets are told apart by the place out of line where they lie,
 * which holds one value while a query runs, and without being fetched.  No other pointer says what it points to: the
 * next row may well have its own set at the same address.
 */
typedef struct Kept
{
	Datum datum;
	McScenarioSet *set;
	MemoryContext context;
	struct varatt_external place; /* of the datum when it was seen last; or zeros */
} Kept;

static Kept *
kept_of(FmgrInfo *function)
{
	Kept *kept = function->fn_extra;

	if (kept == NULL)
	{
		kept = MemoryContextAllocZero(function->fn_mcxt, sizeof(Kept));
		kept->context = AllocSetContextCreate(function->fn_mcxt, "margin_calib scenario set",
		                                      ALLOCSET_SMALL_SIZES);
		function->fn_extra = kept;
	}
	return kept;
}

static void
keep_set(Kept *kept, Datum datum)
{
	MemoryContext caller;

	kept->set = NULL;
	MemoryContextReset(kept->context);
	caller = MemoryContextSwitchTo(kept->context);
	kept->datum = datumCopy(datum, false, -1);
	kept->set = read_set(kept->datum);
	MemoryContextSwitchTo(caller);
}

const McScenarioSet *
mc_scenario_set_argument(FunctionCallInfo fcinfo, int arg)
{
	struct varlena *value = (struct varlena *) PG_GETARG_POINTER(arg);
	struct varatt_external place = {0};
	Kept *kept = kept_of(fcinfo->flinfo);
	Datum datum;

	if (VARATT_IS_EXTERNAL_ONDISK(value))
	{
		VARATT_EXTERNAL_GET_POINTER(place, value);
		if (kept->set != NULL && memcmp(&place, &kept->place, sizeof(place)) == 0)
			return kept->set;
	}
	datum = PointerGetDatum(PG_DETOAST_DATUM(PG_GETARG_DATUM(arg)));
	if (kept->set == NULL || !datumIsEqual(datum, kept->datum, false, -1))
		keep_set(kept, datum);
	kept->place = place;
	return kept->set;
}
