/*
 * contract.h
 *	  What contracts earn and pay, in their settlement asset.
 *
 * With u units (contract size times multiplier), q contracts, entry price e, price p, strike k and
 * settlement price s:
 *	  profit      q u (p - e), of an inverse future or perpetual q u (1/e - 1/p)
 *	  notional    q u p, of an inverse future or perpetual q u / p, of an inverse option q u
 *	  payoff      max(s - k, 0) of a call and max(k - s, 0) of a put on one unit, divided by s when inverse
 * NaN in gives NaN out; MC_OVERFLOW when finite inputs give an infinite result.  Prices that amounts are
 * divided by are the caller's to check: they are positive or NaN.
 */
#ifndef MC_CONTRACT_H
#define MC_CONTRACT_H

#include "status.h"

typedef enum McContractKind
{
	MC_SPOT,
	MC_FUTURE,
	MC_PERPETUAL,
	MC_OPTION
} McContractKind;

typedef enum McPayoff
{
	MC_LINEAR,
	MC_INVERSE,
	MC_QUANTO
} McPayoff;

typedef struct McContract
{
	McContractKind kind;
	McPayoff payoff;
	bool is_call;  /* of an option */
	double strike; /* of an option */
	double units;
} McContract;

/* Does profit divide by the price of the contract? */
static inline bool
mc_divides_by_price(const McContract *contract)
{
	return contract->payoff == MC_INVERSE && contract->kind != MC_OPTION;
}

extern McStatus mc_pnl_of(const McContract *contract, double entry_price, double price,
                          double quantity, double *pnl);
extern McStatus mc_notional_of(const McContract *contract, double price, double quantity,
                               double *notional);
extern McStatus mc_payoff_of(const McContract *option, double settlement_price, double *payoff);

#endif
