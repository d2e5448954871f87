/*
 * margin_method.c
 *	  A margin_calib.margin_method as an argument.
 */
#include "margin_method.h"

#include <float.h>
#include <math.h>

#include "catalog/pg_type.h"
#include "utils/builtins.h"

#include "contract_argument.h"
#include "row_argument.h"
#include "settings.h"

/* columns of margin_calib.margin_component and margin_method (sql/parts/19_scenario_types.sql) */
enum
{
	NAME,
	KIND,
	INITIAL,
	MAINTENANCE,
	SLOPE,
	THRESHOLD,
	KINDS,
	COMPONENT_COLUMNS
};

enum
{
	MEASURE,
	INITIAL_CONFIDENCE,
	MAINTENANCE_CONFIDENCE,
	INITIAL_FACTOR,
	MAINTENANCE_FACTOR,
	OFFSET_SHARE,
	COMPONENTS,
	METHOD_COLUMNS
};

#define MOST_COMPONENTS 100
#define ALL_KINDS ((1u << (MC_OPTION + 1)) - 1)

static const char *const measures[] = {"worst", "value_at_risk", "expected_shortfall", NULL};

/* in the order of McComponentKind */
static const char *const component_kinds[MC_COMPONENT_KINDS + 1] = {
    "notional",      "naked_short",   "contingency", "confidence",
    "short_minimum", "delta_minimum", "vega",        "haircut"};

static pg_attribute_noreturn() void refuse(const char *rule)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s", rule),
	                errhint("Look at (margin_calib.scenario_set(name)).method of a set that is "
	                        "known.")));
}

static unsigned
kinds_of(const McRow *row)
{
	unsigned kinds = 0;
	Datum *elements;
	bool *nulls;
	int count = mc_row_elements(row, KINDS, TYPALIGN_INT, &elements, &nulls);

	if (row->nulls[KINDS])
		return ALL_KINDS;
	if (count == 0)
		refuse("kinds of a margin_component are one or more, or NULL for all");
	for (int i = 0; i < count; i++)
	{
		if (nulls[i])
			refuse("a kind of contract of a margin_component is NULL");
		kinds |=
		    1u << mc_choice(DatumGetTextPP(elements[i]), mc_contract_kinds, "kind of contract");
	}
	return kinds;
}

static void
read_component(Datum datum, McComponent *component, char **name)
{
	McRow row;

	mc_row_read(datum, COMPONENT_COLUMNS, "a margin_component", &row);
	if (row.nulls[NAME])
		refuse("a margin_component has a name");
	*name = TextDatumGetCString(row.values[NAME]);
	if (row.nulls[KIND])
		refuse("a margin_component has a kind");
	component->kind = mc_row_choice(&row, KIND, component_kinds, 0);
	component->rate[MC_INITIAL] = mc_row_number(&row, INITIAL, 0, DBL_MAX, 0);
	component->rate[MC_MAINTENANCE] = mc_row_number(&row, MAINTENANCE, 0, DBL_MAX, 0);
	component->slope = mc_row_number(&row, SLOPE, 0, DBL_MAX, 0);
	component->threshold = mc_row_number(&row, THRESHOLD, 0, 1, 1);
	component->kinds = kinds_of(&row);
}

void
mc_margin_method_default(McMarginMethod *method)
{
	*method = (McMarginMethod){
	    .method = {.measure = MC_PORTFOLIO_ES, .confidence = {0.99, 0.975}, .factor = {1, 1}}};
}

void
mc_margin_method_read(Datum row, McMarginMethod *method)
{
	McPortfolioMethod *m = &method->method;
	McComponent *components;
	Datum *elements = NULL;
	bool *nulls = NULL;
	McRow columns;
	int count;

	mc_margin_method_default(method);
	mc_row_read(row, METHOD_COLUMNS, "a margin_method", &columns);
	m->measure = mc_row_choice(&columns, MEASURE, measures, m->measure);
	for (int r = 0; r < MC_REQUIREMENTS; r++)
	{
		m->confidence[r] = mc_row_number(&columns, INITIAL_CONFIDENCE + r, DBL_EPSILON,
		                                 1 - DBL_EPSILON, m->confidence[r]);
		m->factor[r] = mc_row_number(&columns, INITIAL_FACTOR + r, 0, DBL_MAX, m->factor[r]);
	}
	m->offset_share = mc_row_number(&columns, OFFSET_SHARE, 0, 1, 1);
	m->has_offset_share = m->offset_share < 1;
	count = mc_row_elements(&columns, COMPONENTS, TYPALIGN_DOUBLE, &elements, &nulls);
	if (count > MOST_COMPONENTS)
		refuse("a margin_method has at most 100 components");
	components = palloc0(Max(count, 1) * sizeof(McComponent));
	method->names = palloc0(Max(count, 1) * sizeof(char *));
	for (int i = 0; i < count; i++)
	{
		if (nulls[i])
			refuse("a component of a margin_method is NULL");
		read_component(elements[i], &components[i], &method->names[i]);
	}
	m->components = count;
	m->component = components;
}
