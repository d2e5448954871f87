/*
 * scenario_pnl.c
 *	  margin_calib.scenario_pnl: the risk vector of a contract under a scenario set.
 */
#include "compat.h"

#include <float.h>
#include <math.h>

#include "utils/timestamp.h"

#include "contract_argument.h"
#include "errors.h"
#include "exposure_argument.h"
#include "risk_vector.h"
#include "row_argument.h"
#include "sample.h"
#include "scenario_set.h"

/* What the value of its group counts where it is positive and where it is negative; 1 of all but options. */
static void
set_discounts(McRiskVector *vector, const McFactorLaw *law, double rate, double years)
{
	const McDiscountLaw *up = &law->long_side;
	const McDiscountLaw *down = &law->short_side;
	double *factors = vector->numbers + MC_RISK_LONG_DISCOUNT;

	factors[0] = factors[1] = 1;
	if (vector->kind == MC_OPTION && up->given)
		factors[0] = up->base * exp(-years * (rate * up->rate_scale + up->rate_add));
	if (vector->kind == MC_OPTION && down->given)
		factors[1] = fmin(exp(rate * years),
		                  down->base * exp(years * (rate * down->rate_scale + down->rate_add)));
}

static void
set_roles(McRiskVector *vector, const McScenarioSet *set)
{
	for (int i = 0; set->roles != NULL && i < set->count; i++)
	{
		mc_risk_weights(vector)[i] = set->roles[i].weight;
		mc_risk_role_bytes(vector)[i] = (set->roles[i].both_ways ? MC_ROLE_BOTH_WAYS : 0) |
		                                (set->roles[i].contingency ? MC_ROLE_CONTINGENCY : 0);
	}
}

static void
set_terms(McRiskVector *vector, const McContractTerms *terms, const McRow *market,
          const McExposure *exposure)
{
	bool is_option = terms->contract.kind == MC_OPTION;
	McExposure at_spot = *exposure;
	McExposureSize size;
	McExposureSize spot_size;

	at_spot.price = mc_row_number(market, MC_MARKET_SPOT, DBL_MIN, DBL_MAX, exposure->price);
	mc_exposure_size(exposure, &size);
	mc_exposure_size(&at_spot, &spot_size);
	vector->kind = terms->contract.kind;
	if (is_option && terms->contract.is_call)
		vector->flags |= MC_RISK_IS_CALL;
	vector->expiry = is_option ? terms->expiry : MC_NO_EXPIRY;
	vector->numbers[MC_RISK_YEARS] = exposure->years;
	vector->numbers[MC_RISK_STRIKE] = is_option ? terms->contract.strike : 0;
	vector->numbers[MC_RISK_NOTIONAL] = spot_size.notional;
	vector->numbers[MC_RISK_DELTA] = size.delta;
	vector->numbers[MC_RISK_VEGA] = size.vega;
	vector->numbers[MC_RISK_CONFIDENCE] = mc_row_number(market, MC_MARKET_CONFIDENCE, 0, 1, 1);
	vector->numbers[MC_RISK_INITIAL_HAIRCUT] =
	    mc_row_number(market, MC_MARKET_INITIAL_HAIRCUT, 0, 1, 0);
	vector->numbers[MC_RISK_MAINTENANCE_HAIRCUT] =
	    mc_row_number(market, MC_MARKET_MAINTENANCE_HAIRCUT, 0, 1, 0);
	if (!(isfinite(spot_size.notional) && isfinite(size.delta) && isfinite(size.vega)))
		mc_check_status(MC_OVERFLOW);
}

/* The shocks of a contract: those of the scenarios, or those that its factor has instead. */
static const McShock *
shocks_of(const McScenarioSet *set, const McFactorLaw *law)
{
	McShock *shocks;

	if (law->price_shocks == NULL && law->vol_shocks == NULL)
		return set->shocks;
	shocks = mc_work_space(set->count, sizeof(McShock));
	for (int i = 0; i < set->count; i++)
	{
		shocks[i] = set->shocks[i];
		if (law->price_shocks != NULL)
		{
			shocks[i].price = law->price_shocks[i];
			shocks[i].price_unit = MC_SHOCK_RELATIVE;
		}
		if (law->vol_shocks != NULL)
		{
			shocks[i].vol = law->vol_shocks[i];
			shocks[i].vol_unit = MC_SHOCK_RELATIVE;
		}
	}
	return shocks;
}

/* What an asset costs in each scenario where it costs `price` now; NULL where the set has no factor of its name. */
static const double *
asset_prices(const McScenarioSet *set, const char *asset, double price)
{
	const McFactorLaw *law = asset == NULL ? NULL : mc_named_factor(set, asset);
	double *prices;

	if (law == NULL)
		return NULL;
	prices = mc_work_space(set->count, sizeof(double));
	mc_asset_prices(price, &law->shocks, shocks_of(set, law), set->count, prices);
	return prices;
}

/* A settlement asset that is not the underlying moves with the factor of its name, whatever the market says. */
static void
set_settlement_prices(const McContractTerms *terms, const McScenarioSet *set, McExposure *exposure)
{
	const double *prices;

	if (terms->asset == NULL || strcmp(terms->asset, terms->underlying) == 0)
		return;
	prices = asset_prices(set, terms->asset, exposure->settlement_price);
	if (prices == NULL)
		return;
	exposure->settlement_prices = prices;
	exposure->settlement_moves = false;
}

/*
 * The shocks of a contract that is quoted in another currency than the price of its factor is shocked in: relative to
 * the price that it is quoted at, which law then takes as they are.
 */
static const McShock *
quoted_shocks(const McScenarioSet *set, const McFactorLaw *factor, const McContractTerms *terms,
              const McExposure *exposure, McShockLaw *law)
{
	const McShock *given = shocks_of(set, factor);
	const double *currency;
	const double *quote;
	McShock *shocks;

	if (factor->currency == NULL || terms->quote_currency == NULL ||
	    strcmp(factor->currency, terms->quote_currency) == 0)
		return given;
	currency = asset_prices(set, factor->currency, 1);
	quote = asset_prices(set, terms->quote_currency, 1);
	if (currency == NULL && quote == NULL)
		return given;
	shocks = mc_work_space(set->count, sizeof(McShock));
	for (int i = 0; i < set->count; i++)
	{
		double price = mc_shocked_price(exposure, &factor->shocks, &given[i]);

		if (quote != NULL && quote[i] == 0)
			ereport(ERROR,
			        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			         errmsg("scenario %d of set %s leaves %s worth nothing, and no price in it",
			                i + 1, set->name, terms->quote_currency),
			         errdetail("Contract %s is quoted in it.", terms->instrument),
			         errhint("Let it keep a part of its value: write -0.99.")));
		shocks[i] = given[i];
		shocks[i].price = price / exposure->price * (currency == NULL ? 1 : currency[i]) /
		                      (quote == NULL ? 1 : quote[i]) -
		                  1;
		shocks[i].price_unit = MC_SHOCK_RELATIVE;
	}
	law->beta = 1;
	return shocks;
}

/* scenario_pnl(contract, market contract_market, as_of timestamptz, scenarios scenario_set) -> risk_vector */
MC_FUNCTION(mc_scenario_pnl_vector)
{
	const McScenarioSet *set = mc_scenario_set_argument(fcinfo, 3);
	TimestampTz as_of = PG_GETARG_TIMESTAMPTZ(2);
	const McFactorLaw *law;
	McRow market;
	McContractTerms terms;
	McExposure exposure;
	McShockLaw shock_law;
	const McShock *shocks;
	McRiskVector *vector;
	double rate;

	if (TIMESTAMP_NOT_FINITE(as_of))
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("as_of must be a finite time"),
		         errhint("Write the time of the prices.")));
	mc_contract_read(PG_GETARG_DATUM(0), &terms);
	law = mc_factor_law(set, terms.underlying);
	shock_law = law->shocks;
	mc_row_read(PG_GETARG_DATUM(1), MC_MARKET_COLUMNS, "a contract_market", &market);
	mc_exposure_read(&terms, &market, as_of, &exposure, &rate);
	set_settlement_prices(&terms, set, &exposure);
	vector = mc_risk_vector_new(set->count, set->roles != NULL, set->name, terms.instrument,
	                            terms.underlying);
	vector->set_version = set->version;
	vector->set_digest = set->digest;
	shocks = quoted_shocks(set, law, &terms, &exposure, &shock_law);
	mc_check_status(mc_scenario_pnl(&exposure, &shock_law, shocks, set->count,
	                                &vector->numbers[MC_RISK_BASE], mc_risk_pnl(vector)));
	set_terms(vector, &terms, &market, &exposure);
	set_discounts(vector, law, rate, exposure.years);
	set_roles(vector, set);
	mc_risk_vector_seal(vector);
	PG_RETURN_POINTER(vector);
}
