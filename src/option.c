/*
 * option.c
 *	  Prices, Greeks and implied vols of one option: black76_*, black_scholes_*, inverse_option_*,
 *	  implied_vol, black_scholes_implied_vol, inverse_implied_vol.
 */
#include "compat.h"

#include <math.h>

#include "utils/builtins.h"
#include "utils/float.h"

#include "kernel/option_forms.h"
#include "option_args.h"
#include "option_kind.h"
#include "values.h"

bool
mc_in_range(double value, McRange range)
{
	if (isnan(value))
		return true;
	switch (range)
	{
		case MC_POSITIVE:
			return value > 0 && isfinite(value);
		case MC_NOT_NEGATIVE:
			return value >= 0;
		case MC_FINITE:
			return isfinite(value);
		case MC_ANY:
			return true;
	}
	return false;
}

void
mc_option_range_error(const char *name, McRange range, double value, int element)
{
	static const char *const rules[] = {"must be positive and finite", "must not be negative",
	                                    "must be finite"};
	static const char *const hints[] = {"Write a number above 0.", "Write 0 or more.",
	                                    "Write a number such as 0.05 for 5 per cent."};

	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s %s", name, rules[range]),
	                element > 0 ? errdetail("Element %d is %s.", element, float8out_internal(value))
	                            : errdetail("The value given is %s.", float8out_internal(value)),
	                errhint("%s", hints[range])));
}

bool
mc_option_is_call(text *kind, int element)
{
	bool call;
	char *given;

	if (mc_option_kind_known(kind, &call))
		return call;
	given = text_to_cstring(kind);
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("kind must be call or put"),
	                element > 0 ? errdetail("Element %d is \"%s\".", element, given)
	                            : errdetail("The kind given is \"%s\".", given),
	                errhint("Write 'call', 'put', 'c' or 'p'.")));
}

/* The arguments that all pricers start with: kind, price of the underlying, strike, t, vol. */
typedef struct Option
{
	bool call;
	double underlying;
	double strike;
	double t;
	double vol;
} Option;

static Option
read_option(FunctionCallInfo fcinfo, const char *underlying)
{
	Option o = {mc_option_is_call(PG_GETARG_TEXT_PP(0), 0), PG_GETARG_FLOAT8(1),
	            PG_GETARG_FLOAT8(2), PG_GETARG_FLOAT8(3), PG_GETARG_FLOAT8(4)};

	mc_check_option_number(underlying, MC_POSITIVE, o.underlying);
	mc_check_option_number("strike", MC_POSITIVE, o.strike);
	mc_check_option_number("t", MC_NOT_NEGATIVE, o.t);
	mc_check_option_number("vol", MC_NOT_NEGATIVE, o.vol);
	return o;
}

static Datum
greeks_datum(FunctionCallInfo fcinfo, const McOptionGreeks *g)
{
	Datum values[] = {Float8GetDatum(g->price), Float8GetDatum(g->delta), Float8GetDatum(g->gamma),
	                  Float8GetDatum(g->vega),  Float8GetDatum(g->theta), Float8GetDatum(g->rho),
	                  Float8GetDatum(g->vanna), Float8GetDatum(g->volga)};
	bool nulls[lengthof(values)] = {false};

	return mc_row_datum(fcinfo, values, nulls);
}

static double
read_discount(FunctionCallInfo fcinfo, int arg)
{
	double discount = PG_GETARG_FLOAT8(arg);

	mc_check_option_number("discount", MC_POSITIVE, discount);
	return discount;
}

double
mc_discounted_price(double price, double discount)
{
	double discounted = price * discount;

	if (unlikely(isinf(discounted)))
		float_overflow_error();
	return discounted;
}

void
mc_discounted_greeks(double t, double discount, McOptionGreeks *greeks)
{
	McOptionGreeks before = *greeks;
	const double *b = &before.price;
	const double *a = &greeks->price;

	mc_discount_greeks(t, discount, greeks);
	for (size_t i = 0; i < sizeof(before) / sizeof(double); i++)
		if (unlikely(isinf(a[i]) && !isinf(b[i])))
			float_overflow_error();
}

/* black76_price(kind, forward, strike, t, vol, discount) */
MC_FUNCTION(mc_black76_price_one)
{
	Option o = read_option(fcinfo, "forward");
	double discount = read_discount(fcinfo, 5);

	PG_RETURN_FLOAT8(mc_discounted_price(
	    mc_black76_price(o.call, o.underlying, o.strike, o.t, o.vol), discount));
}

/* black76_greeks(kind, forward, strike, t, vol, discount) */
MC_FUNCTION(mc_black76_greeks_one)
{
	Option o = read_option(fcinfo, "forward");
	double discount = read_discount(fcinfo, 5);
	McOptionGreeks greeks;

	mc_black76_greeks(o.call, o.underlying, o.strike, o.t, o.vol, &greeks);
	mc_discounted_greeks(o.t, discount, &greeks);
	return greeks_datum(fcinfo, &greeks);
}

/* Forward and discount factor of a spot price, rates in arguments arg and arg + 1. */
static void
read_rates(FunctionCallInfo fcinfo, int arg, double spot, double t, double *forward,
           double *discount)
{
	double rate = PG_GETARG_FLOAT8(arg);
	double dividend_yield = PG_GETARG_FLOAT8(arg + 1);

	mc_check_option_number("rate", MC_FINITE, rate);
	mc_check_option_number("dividend_yield", MC_FINITE, dividend_yield);
	if (!mc_black_scholes_forward(spot, t, rate, dividend_yield, forward, discount))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
		                errmsg("the forward or the discount factor is out of range"),
		                errdetail("The forward is %s, the discount factor %s.",
		                          float8out_internal(*forward), float8out_internal(*discount)),
		                errhint("Rates are a year, such as 0.05, and t is in years.")));
}

/* black_scholes_price(kind, spot, strike, t, vol, rate, dividend_yield) */
MC_FUNCTION(mc_black_scholes_price_one)
{
	Option o = read_option(fcinfo, "spot");
	double forward;
	double discount;

	read_rates(fcinfo, 5, o.underlying, o.t, &forward, &discount);
	PG_RETURN_FLOAT8(mc_black76_price(o.call, forward, o.strike, o.t, o.vol) * discount);
}

/* black_scholes_greeks(kind, spot, strike, t, vol, rate, dividend_yield) */
MC_FUNCTION(mc_black_scholes_greeks_one)
{
	Option o = read_option(fcinfo, "spot");
	McOptionGreeks greeks;
	double forward;
	double discount;

	read_rates(fcinfo, 5, o.underlying, o.t, &forward, &discount);
	mc_black_scholes_greeks(o.call, o.underlying, o.strike, o.t, o.vol, PG_GETARG_FLOAT8(5),
	                        PG_GETARG_FLOAT8(6), &greeks);
	return greeks_datum(fcinfo, &greeks);
}

/* inverse_option_price(kind, forward, strike, t, vol) */
MC_FUNCTION(mc_inverse_option_price_one)
{
	Option o = read_option(fcinfo, "forward");
	double price = mc_black76_price(!o.call, o.strike, o.underlying, o.t, o.vol) / o.underlying;

	if (unlikely(isinf(price)))
		float_overflow_error();
	PG_RETURN_FLOAT8(price);
}

/* inverse_option_greeks(kind, forward, strike, t, vol) */
MC_FUNCTION(mc_inverse_option_greeks_one)
{
	Option o = read_option(fcinfo, "forward");
	McOptionGreeks greeks;

	mc_inverse_greeks(o.call, o.underlying, o.strike, o.t, o.vol, &greeks);
	/* NaN comes from NaN, and at the money some have no finite limit */
	if (!isnan(o.underlying + o.strike + o.t + o.vol) && o.underlying != o.strike)
		for (size_t i = 0; i < sizeof(greeks) / sizeof(double); i++)
			if (unlikely(!isfinite((&greeks.price)[i])))
				float_overflow_error();
	return greeks_datum(fcinfo, &greeks);
}

/* A quote: kind, price, price of the underlying, strike, t. */
typedef struct Quote
{
	bool call;
	double price;
	double underlying;
	double strike;
	double t;
} Quote;

static Quote
read_quote(FunctionCallInfo fcinfo, const char *underlying)
{
	Quote q = {mc_option_is_call(PG_GETARG_TEXT_PP(0), 0), PG_GETARG_FLOAT8(1), PG_GETARG_FLOAT8(2),
	           PG_GETARG_FLOAT8(3), PG_GETARG_FLOAT8(4)};

	mc_check_option_number(underlying, MC_POSITIVE, q.underlying);
	mc_check_option_number("strike", MC_POSITIVE, q.strike);
	mc_check_option_number("t", MC_NOT_NEGATIVE, q.t);
	return q;
}

static Datum
implied_vol_datum(const Quote *q, double forward, McPriceUnit unit)
{
	double vol;
	double lower;
	double upper;
	McImpliedVol result =
	    mc_unit_implied_vol(q->call, q->price, forward, q->strike, q->t, unit, &vol);

	if (result == MC_IV_OK || result == MC_IV_NOT_A_NUMBER)
		PG_RETURN_FLOAT8(vol);
	mc_unit_bounds(q->call, forward, q->strike, unit, &lower, &upper);
	if (q->t == 0)
		upper = lower;
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("no vol gives this price"),
	                errdetail("The price %s of the %s is not between %s and %s.",
	                          float8out_internal(q->price), q->call ? "call" : "put",
	                          float8out_internal(lower), float8out_internal(upper)),
	                errhint("Check that price, strike and forward have one unit and one time; "
	                        "implied_vols gives NULL for such a quote.")));
}

/* implied_vol(kind, price, forward, strike, t, discount) */
MC_FUNCTION(mc_implied_vol_one)
{
	Quote q = read_quote(fcinfo, "forward");

	return implied_vol_datum(&q, q.underlying, (McPriceUnit){read_discount(fcinfo, 5), 1});
}

/* black_scholes_implied_vol(kind, price, spot, strike, t, rate, dividend_yield) */
MC_FUNCTION(mc_black_scholes_implied_vol_one)
{
	Quote q = read_quote(fcinfo, "spot");
	double forward;
	double discount;

	read_rates(fcinfo, 5, q.underlying, q.t, &forward, &discount);
	return implied_vol_datum(&q, forward, (McPriceUnit){discount, 1});
}

/* inverse_implied_vol(kind, price, forward, strike, t) */
MC_FUNCTION(mc_inverse_implied_vol_one)
{
	Quote q = read_quote(fcinfo, "forward");

	return implied_vol_datum(&q, q.underlying, (McPriceUnit){1, q.underlying});
}
