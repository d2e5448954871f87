/*
 * entered_pnl.c
 *	  Profit of futures and perpetuals since they were entered.
 */
#include "entered_pnl.h"

#include "utils/fmgrprotos.h"

Datum
mc_profit_since_entry(bool is_inverse, Datum size, Datum price, Datum quantity, Datum value,
                      Datum inverse)
{
	Datum worth = DirectFunctionCall2(numeric_mul, is_inverse ? inverse : quantity, price);
	Datum cost = is_inverse ? quantity : value;

	return DirectFunctionCall2(numeric_mul, size, DirectFunctionCall2(numeric_sub, worth, cost));
}

/* margin_calib.entered_pnl(is_inverse boolean, size numeric, price, quantity, value, inverse) -> numeric */
MC_FUNCTION(mc_entered_pnl)
{
	PG_RETURN_DATUM(mc_profit_since_entry(PG_GETARG_BOOL(0), PG_GETARG_DATUM(1), PG_GETARG_DATUM(2),
	                                      PG_GETARG_DATUM(3), PG_GETARG_DATUM(4),
	                                      PG_GETARG_DATUM(5)));
}
