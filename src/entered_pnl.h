/*
 * entered_pnl.h
 *	  Profit of futures and perpetuals since they were entered.
 */
#ifndef MC_ENTERED_PNL_H
#define MC_ENTERED_PNL_H

#include "compat.h"

/*
 * All numeric.  Linear: size * (quantity * price - value), with value = sum of quantity * entry; inverse:
 * size * (inverse * price - quantity) at the price, with inverse = sum of quantity / entry.
 */
extern Datum mc_profit_since_entry(bool is_inverse, Datum size, Datum price, Datum quantity,
                                   Datum value, Datum inverse);

#endif
