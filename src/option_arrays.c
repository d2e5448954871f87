/*
 * option_arrays.c
 *	  Prices, Greeks and implied vols of many options, in arrays: black76_prices, black76_greeks_all,
 *	  implied_vols.  Element by element what option.c gives.
 */
#include "compat.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"

#include "kernel/black_batch.h"
#include "kernel/option_forms.h"
#include "option_args.h"
#include "sample.h"
#include "values.h"

/* options between two looks for an interrupt: less than a millisecond */
#define CHUNK 16384
#define GREEKS 8

/* Arrays of one length, or of one element that counts for all. */
typedef struct Arrays
{
	int n; /* -1: none of them has a length other than 1 so far */
	const char *name;
} Arrays;

static void
join_length(Arrays *arrays, int n, const char *name)
{
	if (n == 1)
		return;
	if (arrays->n >= 0 && arrays->n != n)
		ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
		                errmsg("%s and %s must have the same length", arrays->name, name),
		                errdetail("%s has %d elements, %s %d.", arrays->name, arrays->n, name, n),
		                errhint("Write one element for each option, or one for all of them.")));
	arrays->n = n;
	arrays->name = name;
}

static McColumn
read_column(FunctionCallInfo fcinfo, int arg, const char *name, McRange range, Arrays *arrays)
{
	int n;
	const double *values = mc_float8_array(fcinfo, arg, name, &n);

	for (int i = 0; i < n; i++)
		if (unlikely(!mc_in_range(values[i], range)))
			mc_option_range_error(name, range, values[i], i + 1);
	join_length(arrays, n, name);
	return (McColumn){values, n == 1 ? 0 : 1};
}

static const bool *
read_kinds(FunctionCallInfo fcinfo, size_t *step, Arrays *arrays)
{
	ArrayType *array = PG_GETARG_ARRAYTYPE_P(0);
	Datum *kinds;
	bool *nulls;
	bool *call;
	int n;

	if (ARR_NDIM(array) > 1)
		ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
		                errmsg("kind must be a one-dimensional array"),
		                errdetail("The array given has %d dimensions.", ARR_NDIM(array)),
		                errhint("Write array_agg(kind ORDER BY ...) to make one.")));
	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &kinds, &nulls, &n);
	call = mc_work_space(n, sizeof(bool));
	for (int i = 0; i < n; i++)
	{
		if (nulls[i])
			ereport(ERROR,
			        (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("kind must not contain NULL"),
			         errdetail("Element %d is NULL.", i + 1),
			         errhint("Write 'call' or 'put' for each option.")));
		call[i] = mc_option_is_call(DatumGetTextPP(kinds[i]), i + 1);
	}
	join_length(arrays, n, "kind");
	*step = n == 1 ? 0 : 1;
	return call;
}

/* (kind, forward, strike, t, vol, discount) */
static McOptions
read_options(FunctionCallInfo fcinfo, McColumn *discount)
{
	Arrays arrays = {-1, NULL};
	McOptions o;

	o.call = read_kinds(fcinfo, &o.call_step, &arrays);
	o.forward = read_column(fcinfo, 1, "forward", MC_POSITIVE, &arrays);
	o.strike = read_column(fcinfo, 2, "strike", MC_POSITIVE, &arrays);
	o.t = read_column(fcinfo, 3, "t", MC_NOT_NEGATIVE, &arrays);
	o.vol = read_column(fcinfo, 4, "vol", MC_NOT_NEGATIVE, &arrays);
	*discount = read_column(fcinfo, 5, "discount", MC_POSITIVE, &arrays);
	o.count = arrays.n < 0 ? 1 : arrays.n;
	return o;
}

static inline double
element(McColumn column, size_t i)
{
	return column.values[i * column.step];
}

static McColumn
from(McColumn column, size_t i)
{
	column.values += i * column.step;
	return column;
}

/* Options start, start + 1, ...: at most a chunk. */
static McOptions
chunk_of(const McOptions *o, size_t start)
{
	McOptions chunk = *o;

	chunk.call += start * o->call_step;
	chunk.forward = from(o->forward, start);
	chunk.strike = from(o->strike, start);
	chunk.t = from(o->t, start);
	chunk.vol = from(o->vol, start);
	chunk.count = Min(o->count - start, CHUNK);
	return chunk;
}

/* black76_prices(kind, forward, strike, t, vol, discount) -> float8[] */
MC_FUNCTION(mc_black76_prices_array)
{
	McColumn discount;
	McOptions o = read_options(fcinfo, &discount);
	double *prices = mc_work_space(o.count, sizeof(double));

	for (size_t start = 0; start < o.count; start += CHUNK)
	{
		McOptions chunk = chunk_of(&o, start);

		CHECK_FOR_INTERRUPTS();
		mc_black76_prices(&chunk, mc_black_isa(), prices + start);
	}
	for (size_t i = 0; i < o.count; i++)
		prices[i] = mc_discounted_price(prices[i], element(discount, i));
	PG_RETURN_DATUM(mc_float8_array_datum(prices, (int) o.count));
}

static McGreekColumns
columns_from(double *const *columns, size_t start)
{
	return (McGreekColumns){columns[0] + start, columns[1] + start, columns[2] + start,
	                        columns[3] + start, columns[4] + start, columns[5] + start,
	                        columns[6] + start, columns[7] + start};
}

static void
discount_columns(const McOptions *o, McColumn discount, double *const *columns)
{
	for (size_t i = 0; i < o->count; i++)
	{
		McOptionGreeks g = {columns[0][i], columns[1][i], columns[2][i], columns[3][i],
		                    columns[4][i], columns[5][i], columns[6][i], columns[7][i]};

		mc_discounted_greeks(element(o->t, i), element(discount, i), &g);
		columns[0][i] = g.price;
		columns[1][i] = g.delta;
		columns[2][i] = g.gamma;
		columns[3][i] = g.vega;
		columns[4][i] = g.theta;
		columns[5][i] = g.rho;
		columns[6][i] = g.vanna;
		columns[7][i] = g.volga;
	}
}

/* black76_greeks_all(kind, forward, strike, t, vol, discount) -> option_greeks_arrays */
MC_FUNCTION(mc_black76_greeks_array)
{
	McColumn discount;
	McOptions o = read_options(fcinfo, &discount);
	double *columns[GREEKS];
	Datum values[GREEKS];
	bool nulls[GREEKS] = {false};

	for (int j = 0; j < GREEKS; j++)
		columns[j] = mc_work_space(o.count, sizeof(double));
	for (size_t start = 0; start < o.count; start += CHUNK)
	{
		McOptions chunk = chunk_of(&o, start);
		McGreekColumns greeks = columns_from(columns, start);

		CHECK_FOR_INTERRUPTS();
		mc_black76_greeks_all(&chunk, mc_black_isa(), &greeks);
	}
	if (discount.step != 0 || o.count == 0 || discount.values[0] != 1)
		discount_columns(&o, discount, columns);
	for (int j = 0; j < GREEKS; j++)
		values[j] = mc_float8_array_datum(columns[j], (int) o.count);
	return mc_row_datum(fcinfo, values, nulls);
}

/* implied_vols(kind, price, forward, strike, t, discount) -> float8[], NULL where no vol gives the price */
MC_FUNCTION(mc_implied_vols_array)
{
	Arrays arrays = {-1, NULL};
	size_t call_step;
	const bool *call = read_kinds(fcinfo, &call_step, &arrays);
	/* any number is a price: the bounds decide */
	McColumn price = read_column(fcinfo, 1, "price", MC_ANY, &arrays);
	McColumn forward = read_column(fcinfo, 2, "forward", MC_POSITIVE, &arrays);
	McColumn strike = read_column(fcinfo, 3, "strike", MC_POSITIVE, &arrays);
	McColumn t = read_column(fcinfo, 4, "t", MC_NOT_NEGATIVE, &arrays);
	McColumn discount = read_column(fcinfo, 5, "discount", MC_POSITIVE, &arrays);
	int n = arrays.n < 0 ? 1 : arrays.n;
	int lower = 1;
	Datum *vols = mc_work_space(n, sizeof(Datum));
	bool *nulls = mc_work_space(n, sizeof(bool));

	for (int i = 0; i < n; i++)
	{
		McPriceUnit unit = {element(discount, i), 1};
		double vol;
		McImpliedVol result =
		    mc_unit_implied_vol(call[i * call_step], element(price, i), element(forward, i),
		                        element(strike, i), element(t, i), unit, &vol);

		if (i % 4096 == 0)
			CHECK_FOR_INTERRUPTS();
		nulls[i] = result == MC_IV_BELOW || result == MC_IV_ABOVE;
		vols[i] = Float8GetDatum(vol);
	}
	if (n == 0)
		PG_RETURN_ARRAYTYPE_P(construct_empty_array(FLOAT8OID));
	PG_RETURN_ARRAYTYPE_P(construct_md_array(vols, nulls, 1, &n, &lower, FLOAT8OID, sizeof(float8),
	                                         FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}
