/*
 * exposure_argument.c
 *	  A contract and its market as what kernels revalue.
 */
#include "exposure_argument.h"

#include <float.h>
#include <math.h>

#include "years.h"

void
mc_exposure_read(const McContractTerms *terms, const McRow *market, TimestampTz as_of,
                 McExposure *exposure, double *rate)
{
	bool is_option = terms->contract.kind == MC_OPTION;
	double share = mc_row_number(market, MC_MARKET_AVERAGE_SHARE, 0, 1, 0);

	*rate = mc_row_number(market, MC_MARKET_RATE, -10, 10, 0);
	*rate = fmax(*rate, 0);
	exposure->contract = terms->contract;
	exposure->price = mc_row_number(market, MC_MARKET_PRICE, DBL_MIN, DBL_MAX, NAN);
	exposure->vol = is_option ? mc_row_number(market, MC_MARKET_VOL, 0, DBL_MAX, NAN) : 0;
	exposure->years =
	    is_option && terms->expiry > as_of ? mc_years_between(as_of, terms->expiry) : 0;
	exposure->discount = terms->contract.payoff == MC_INVERSE ? 1 : exp(-*rate * exposure->years);
	exposure->settlement_price =
	    mc_row_number(market, MC_MARKET_SETTLEMENT_PRICE, DBL_MIN, DBL_MAX, 1);
	exposure->settlement_moves = mc_row_flag(market, MC_MARKET_SETTLEMENT_MOVES);
	exposure->settlement_prices = NULL;
	exposure->known = 0;
	exposure->open = 1;
	if (is_option && share > 0)
	{
		exposure->known = share * mc_row_number(market, MC_MARKET_AVERAGE, DBL_MIN, DBL_MAX, NAN);
		exposure->open = 1 - share;
	}
}
