/*
 * exposure_argument.h
 *	  A contract and its margin_calib.contract_market as what kernels revalue.
 */
#ifndef MC_EXPOSURE_ARGUMENT_H
#define MC_EXPOSURE_ARGUMENT_H

#include "contract_argument.h"
#include "kernel/scenario.h"
#include "row_argument.h"

/* columns of margin_calib.contract_market (sql/parts/19_scenario_types.sql) */
enum
{
	MC_MARKET_PRICE,
	MC_MARKET_SPOT,
	MC_MARKET_VOL,
	MC_MARKET_RATE,
	MC_MARKET_SETTLEMENT_PRICE,
	MC_MARKET_SETTLEMENT_MOVES,
	MC_MARKET_AVERAGE,
	MC_MARKET_AVERAGE_SHARE,
	MC_MARKET_CONFIDENCE,
	MC_MARKET_INITIAL_HAIRCUT,
	MC_MARKET_MAINTENANCE_HAIRCUT,
	MC_MARKET_COLUMNS
};

/* The contract in its market at a finite time; rate as it discounts.  22023 that names a column out of range. */
extern void mc_exposure_read(const McContractTerms *terms, const McRow *market, TimestampTz as_of,
                             McExposure *exposure, double *rate);

#endif
