/*
 * scenario_set.h
 *	  A margin_calib.scenario_set as an argument.
 */
#ifndef MC_SCENARIO_SET_H
#define MC_SCENARIO_SET_H

#include "compat.h"

#include "kernel/portfolio.h"
#include "kernel/scenario.h"

/* At which discount the value of a group of options counts. */
typedef struct McDiscountLaw
{
	double base;
	double rate_scale;
	double rate_add;
	bool given;
} McDiscountLaw;

/* What holds for the contracts on one underlying. */
typedef struct McFactorLaw
{
	char *factor; /* NULL: every other */
	McShockLaw shocks;
	McDiscountLaw long_side;
	McDiscountLaw short_side;
	const double
	    *price_shocks; /* [scenarios], relative, instead of those of the scenarios; or NULL */
	const double *vol_shocks;
	char *currency; /* in which the price is shocked; NULL: in that of the quotes */
} McFactorLaw;

typedef struct McScenarioSet
{
	char *name;
	int version;
	int count;
	McShock *shocks;
	McScenarioRole *roles; /* NULL: none differs from weight 1 */
	int law_count;
	McFactorLaw *laws; /* the first is that of every other factor */
	bool has_history;  /* a factor has shocks of its own: there is no other */
	uint64 digest;     /* of all of these but the name and the version */
} McScenarioSet;

/* Of everything that profits depend on; equal sets have equal digests. */
extern uint64 mc_scenario_set_digest(const McScenarioSet *set);

/* The set in argument `arg`, read once a query while it is the same; 22023 for one that makes no sense. */
extern const McScenarioSet *mc_scenario_set_argument(FunctionCallInfo fcinfo, int arg);

/* What holds for a factor by its name; NULL where the set does not name it. */
extern const McFactorLaw *mc_named_factor(const McScenarioSet *set, const char *factor);

/*
 * What holds for contracts on an underlying: its factor, else the factor *, else the law of the set; 22023 when the
 * set has histories, and none of it.
 */
extern const McFactorLaw *mc_factor_law(const McScenarioSet *set, const char *factor);

#endif
