/*
 * calibrate_margin.h
 *	  The state of calibrate_margin, which price_digest shares.
 */
#ifndef MC_CALIBRATE_MARGIN_H
#define MC_CALIBRATE_MARGIN_H

#include "compat.h"

#include "utils/timestamp.h"

#include "calibration.h"

/* Final functions may sort the rows in place, and do nothing else to a state. */
typedef struct McCalibrateState
{
	MemoryContext context;
	McPriceRows rows;
	Size capacity;
	HeapTupleHeader policy; /* as given, for the comparison row by row; NULL: none was asked for */
	HeapTupleHeader path;   /* to go on from; NULL: none */
	McNamedPolicy named;    /* decoded and checked, when there is a policy */
} McCalibrateState;

/* An empty state in `context`, with copies of policy and path. */
extern McCalibrateState *mc_calibrate_state_create(MemoryContext context, HeapTupleHeader policy,
                                                   HeapTupleHeader path);

/* Room for at least `wanted` rows; 54000 beyond margin_calib.max_state_mb. */
extern void mc_calibrate_state_reserve(McCalibrateState *state, Size wanted);

/* The row of a transition: its arguments 1 and 2 are ts and price. */
static inline void
mc_calibrate_state_add(McCalibrateState *state, FunctionCallInfo fcinfo)
{
	McPriceRows *rows = &state->rows;
	int64 ts = PG_GETARG_TIMESTAMPTZ(1);
	double price = PG_GETARG_FLOAT8(2);

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || !mc_price_row_usable(ts, price))
	{
		rows->rejected++;
		return;
	}
	if (rows->n == state->capacity)
		mc_calibrate_state_reserve(state, rows->n + 1);
	rows->ts[rows->n] = ts;
	rows->price[rows->n] = price;
	rows->n++;
}

#endif
