/*
 * contract.c
 *	  What contracts earn and pay: contract.h has the equations.
 */
#include "contract.h"

#include <math.h>

static McStatus
status_of(double result, bool finite_inputs)
{
	return isinf(result) && finite_inputs ? MC_OVERFLOW : MC_OK;
}

McStatus
mc_pnl_of(const McContract *contract, double entry_price, double price, double quantity,
          double *pnl)
{
	double move = price - entry_price;

	/* 1/e - 1/p would cancel for a small move */
	if (mc_divides_by_price(contract))
		move = isinf(price) || isinf(entry_price) ? 1 / entry_price - 1 / price
		                                          : move / price / entry_price;
	*pnl = quantity * contract->units * move;
	return status_of(*pnl, isfinite(entry_price) && isfinite(price) && isfinite(quantity));
}

McStatus
mc_notional_of(const McContract *contract, double price, double quantity, double *notional)
{
	*notional = quantity * contract->units;
	if (contract->payoff != MC_INVERSE)
		*notional *= price;
	else if (contract->kind != MC_OPTION)
		*notional /= price;
	return status_of(*notional, isfinite(price) && isfinite(quantity));
}

McStatus
mc_payoff_of(const McContract *option, double settlement_price, double *payoff)
{
	double gain = settlement_price - option->strike;

	if (!option->is_call)
		gain = -gain;
	/* a NaN fails the comparison and stays */
	*payoff = gain < 0 ? 0 : gain;
	if (option->payoff == MC_INVERSE)
		*payoff = isinf(settlement_price) ? (option->is_call ? 1 : 0) : *payoff / settlement_price;
	return status_of(*payoff, isfinite(settlement_price) && isfinite(option->strike));
}
