/*
 * option_args.h
 *	  Arguments of option pricing: kinds, and numbers that must lie in a range.
 */
#ifndef MC_OPTION_ARGS_H
#define MC_OPTION_ARGS_H

#include "compat.h"

#include "kernel/black.h"

/* What a number must be; NaN is let through, and gives NaN. */
typedef enum McRange
{
	MC_POSITIVE,     /* finite, above 0 */
	MC_NOT_NEGATIVE, /* 0 to Infinity */
	MC_FINITE,
	MC_ANY
} McRange;

extern bool mc_in_range(double value, McRange range);

/* 22023 that names the number, and its element unless that is 0 */
extern void mc_option_range_error(const char *name, McRange range, double value, int element)
    pg_attribute_noreturn();

static inline void
mc_check_option_number(const char *name, McRange range, double value)
{
	if (unlikely(!mc_in_range(value, range)))
		mc_option_range_error(name, range, value, 0);
}

/* true: a call.  22023 unless call, put, c or p in any case; element as above. */
extern bool mc_option_is_call(text *kind, int element);

/* Times a discount factor, mc_discount_greeks: 22003 when that goes beyond the range of a double. */
extern double mc_discounted_price(double price, double discount);
extern void mc_discounted_greeks(double t, double discount, McOptionGreeks *greeks);

#endif
