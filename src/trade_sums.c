/*
 * trade_sums.c
 *	  An account before and after trades by its stored risk vectors, in one pass over its positions.
 *
 * What is unusual in a position (rows that cannot be used, a stale price, a position that a trade closes) is left to
 * SQL, which has the words for it; nothing of a position is judged here.
 */
#include "compat.h"

#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "account_margin.h"
#include "entered_pnl.h"
#include "holding_rows.h"
#include "row_lookup.h"
#include "sample.h"
#include "values.h"

/* Columns of margin_calib.what_if_trade and margin_calib.engine_profit. */
enum
{
	TRADE_INSTRUMENT,
	TRADE_QUANTITY,
	TRADE_PRICE,
	TRADE_FEE,
	TRADE_COLUMNS
};

enum
{
	PROFIT_CURRENCY,
	PROFIT_ASSET,
	PROFIT_PNL,
	PROFIT_COLUMNS
};

/* Of the result. */
enum
{
	SUM_INITIAL_BEFORE,
	SUM_VALUE_BEFORE,
	SUM_INITIAL_AFTER,
	SUM_VALUE_AFTER,
	SUM_IS_WHOLE,
	SUM_FRESH_UNTIL,
	SUM_PROFITS,
	SUM_UNUSUAL,
	SUM_COLUMNS
};

/* What is looked up of an instrument. */
static const char *const RISK_KEY[] = {"instrument", "scenario_set", "currency", NULL};
static const char *const INSTRUMENT_KEY[] = {"instrument", NULL};

static const char *const RISK_COLUMNS[] = {"set_version", "vector", "fresh_until", "stale_reason",
                                           NULL};
enum
{
	RISK_VERSION,
	RISK_VECTOR,
	RISK_FRESH_UNTIL,
	RISK_STALE_REASON
};

static const char *const INSTRUMENT_COLUMNS[] = {
    "kind", "multiplier", "currency", "last_price", "fresh_until", "stale_reason", NULL};
enum
{
	INSTRUMENT_KIND,
	INSTRUMENT_MULTIPLIER,
	INSTRUMENT_CURRENCY,
	INSTRUMENT_PRICE,
	INSTRUMENT_FRESH_UNTIL,
	INSTRUMENT_STALE_REASON
};

static const char *const TERMS_COLUMNS[] = {"kind",       "payoff",           "contract_size",
                                            "multiplier", "settlement_asset", NULL};
enum
{
	TERMS_KIND,
	TERMS_PAYOFF,
	TERMS_SIZE,
	TERMS_MULTIPLIER,
	TERMS_SETTLEMENT
};

typedef struct Holding
{
	Datum row; /* of engine_holding */
	Datum values[HOLDING_COLUMNS];
	bool nulls[HOLDING_COLUMNS];
	bool is_traded;
	Datum after; /* its quantity, numeric, when it is traded */
} Holding;

typedef struct Datums
{
	Datum *values;
	int count;
} Datums;

typedef struct Book
{
	TupleDesc holding; /* margin_calib.engine_holding */
	TupleDesc profit;  /* margin_calib.engine_profit */
	Holding *holdings; /* one of each instrument that is held or traded */
	int count;
	Datum currency; /* of the vectors */
	int32 version;  /* of the scenario set */
	McLookup risk;
	McLookup instrument;
	McLookup terms;
	McRiskStore *store;
	McPosition *before; /* [count] */
	McPosition *after;  /* [count] */
	Datums profits;
	Datums unusual;
	Datum zero;              /* numeric */
	TimestampTz fresh_until; /* of what is usual; DT_NOEND */
} Book;

static bool
is_text(Datum value, const char *expected)
{
	text *read = DatumGetTextPP(value);

	return VARSIZE_ANY_EXHDR(read) == strlen(expected) &&
	       memcmp(VARDATA_ANY(read), expected, strlen(expected)) == 0;
}

static void
add(Datums *list, Datum value)
{
	list->values[list->count++] = value;
}

/* ---- what is held and traded ---- */

/* Rows of a composite type, none of them NULL. */
static int
elements_of(Datum array, Datum **rows, TupleDesc *row, int columns)
{
	ArrayType *read = DatumGetArrayTypeP(array);
	int count;

	*row = lookup_rowtype_tupdesc_copy(ARR_ELEMTYPE(read), -1);
	if ((*row)->natts != columns)
		elog(ERROR, "a row of trades or holdings has an unexpected shape");
	deconstruct_array(read, ARR_ELEMTYPE(read), -1, false, TYPALIGN_DOUBLE, rows, NULL, &count);
	return count;
}

static void
deform(Datum row, TupleDesc desc, Datum *values, bool *nulls)
{
	HeapTupleHeader header = DatumGetHeapTupleHeader(row);
	HeapTupleData tuple = {.t_len = HeapTupleHeaderGetDatumLength(header), .t_data = header};

	heap_deform_tuple(&tuple, desc, values, nulls);
}

/* An instrument that is not held. */
static void
hold_nothing(Book *book, Holding *holding, Datum instrument, bool is_null)
{
	memset(holding->nulls, true, sizeof(holding->nulls));
	holding->values[HOLDING_INSTRUMENT] = instrument;
	holding->nulls[HOLDING_INSTRUMENT] = is_null;
	holding->values[HOLDING_QUANTITY] = book->zero;
	holding->nulls[HOLDING_QUANTITY] = false;
	holding->values[HOLDING_UNUSABLE] = Int64GetDatum(0);
	holding->nulls[HOLDING_UNUSABLE] = false;
	holding->row =
	    HeapTupleGetDatum(heap_form_tuple(book->holding, holding->values, holding->nulls));
}

static void
read_holdings(Book *book, McKeyTable *numbers, const Datum *rows, int count)
{
	for (; book->count < count; book->count++)
	{
		Holding *holding = &book->holdings[book->count];

		holding->row = rows[book->count];
		deform(holding->row, book->holding, holding->values, holding->nulls);
		if (mc_key_number(numbers, holding->values[HOLDING_INSTRUMENT],
		                  holding->nulls[HOLDING_INSTRUMENT]) != book->count)
			elog(ERROR, "an instrument is held twice");
	}
}

static void
read_trades(Book *book, McKeyTable *numbers, TupleDesc desc, const Datum *rows, int count)
{
	for (int i = 0; i < count; i++)
	{
		Datum values[TRADE_COLUMNS];
		bool nulls[TRADE_COLUMNS];
		Holding *holding;
		uint32 number;

		CHECK_FOR_INTERRUPTS();
		deform(rows[i], desc, values, nulls);
		number = mc_key_number(numbers, values[TRADE_INSTRUMENT], nulls[TRADE_INSTRUMENT]);
		holding = &book->holdings[number];
		if (number == book->count)
		{
			hold_nothing(book, holding, values[TRADE_INSTRUMENT], nulls[TRADE_INSTRUMENT]);
			book->count++;
		}
		if (!holding->is_traded)
			holding->after =
			    holding->nulls[HOLDING_QUANTITY] ? book->zero : holding->values[HOLDING_QUANTITY];
		holding->is_traded = true;
		if (!nulls[TRADE_QUANTITY])
			holding->after =
			    DirectFunctionCall2(numeric_add, holding->after, values[TRADE_QUANTITY]);
	}
}

static void
read_book(Book *book, Datum held, Datum trades)
{
	McKeyTable numbers;
	TupleDesc trade;
	Datum *holding_rows;
	Datum *trade_rows;
	int holdings = elements_of(held, &holding_rows, &book->holding, HOLDING_COLUMNS);
	int traded = elements_of(trades, &trade_rows, &trade, TRADE_COLUMNS);
	Size most = add_size(holdings, traded);

	book->holding = BlessTupleDesc(book->holding);
	book->holdings = mc_work_space(most, sizeof(Holding));
	memset((char *) book->holdings, 0, most * sizeof(Holding));
	mc_key_table_init(&numbers, TEXTOID, CurrentMemoryContext);
	read_holdings(book, &numbers, holding_rows, holdings);
	read_trades(book, &numbers, trade, trade_rows, traded);
	book->before = mc_work_space(book->count, sizeof(McPosition));
	book->after = mc_work_space(book->count, sizeof(McPosition));
	book->profits.values = mc_work_space(book->count, sizeof(Datum));
	book->unusual.values = mc_work_space(book->count, sizeof(Datum));
}

/* ---- a position ---- */

static double
float_of(Datum number)
{
	double value = DatumGetFloat8(DirectFunctionCall1(numeric_float8, number));

	mc_check_quantity(value);
	return value;
}

/* The position before and after, by its vector; false without one. */
static bool
add_vector(Book *book, int i)
{
	const Holding *holding = &book->holdings[i];
	const McStoredRisk *stored;
	double before;

	if (holding->nulls[HOLDING_INSTRUMENT] ||
	    !mc_lookup(&book->risk, holding->values[HOLDING_INSTRUMENT]) ||
	    DatumGetInt32(book->risk.values[RISK_VERSION]) != book->version ||
	    book->risk.nulls[RISK_VECTOR])
		return false;
	stored = mc_risk_store_datum(book->store, book->risk.values[RISK_VECTOR]);
	before = holding->nulls[HOLDING_QUANTITY] ? 0 : float_of(holding->values[HOLDING_QUANTITY]);
	book->before[i] = (McPosition){stored, before};
	book->after[i] = (McPosition){stored, holding->is_traded ? float_of(holding->after) : before};
	if (i > 0)
		mc_check_same_set(book->before[0].stored, stored);
	return true;
}

/* Is its profit its value, which the vector has? */
static bool
has_value(const Book *book, bool has_terms)
{
	Datum kind;

	if (!has_terms && book->instrument.nulls[INSTRUMENT_KIND])
		return false;
	kind = has_terms ? book->terms.values[TERMS_KIND] : book->instrument.values[INSTRUMENT_KIND];
	return is_text(kind, "option") || is_text(kind, "spot");
}

/* The profit of a position since it was entered, 0 of one that has a value instead; false when it is not known. */
static bool
find_profit(const Book *book, const Holding *holding, bool has_terms, Datum *pnl)
{
	const Datum *terms = book->terms.values;
	const McLookup *instrument = &book->instrument;
	bool is_inverse;
	Datum size;

	*pnl = (Datum) 0;
	if (has_value(book, has_terms))
	{
		*pnl = book->zero;
		return true;
	}
	if (holding->nulls[HOLDING_ENTRY_QUANTITY] || holding->nulls[HOLDING_ENTRY_VALUE] ||
	    holding->nulls[HOLDING_ENTRY_INVERSE] || instrument->nulls[INSTRUMENT_PRICE])
		return false;
	is_inverse =
	    is_text(has_terms ? terms[TERMS_PAYOFF] : instrument->values[INSTRUMENT_KIND], "inverse");
	size = has_terms ? DirectFunctionCall2(numeric_mul, terms[TERMS_SIZE], terms[TERMS_MULTIPLIER])
	                 : instrument->values[INSTRUMENT_MULTIPLIER];
	*pnl = mc_profit_since_entry(is_inverse, size, instrument->values[INSTRUMENT_PRICE],
	                             holding->values[HOLDING_ENTRY_QUANTITY],
	                             holding->values[HOLDING_ENTRY_VALUE],
	                             holding->values[HOLDING_ENTRY_INVERSE]);
	return true;
}

/* The profit of a position, if its currency or asset matters. */
static void
add_profit(Book *book, bool has_terms, bool is_known, Datum pnl)
{
	const McLookup *instrument = &book->instrument;
	bool is_priced = !instrument->nulls[INSTRUMENT_KIND];
	Datum currency =
	    is_priced ? instrument->values[INSTRUMENT_CURRENCY] : CStringGetTextDatum("USD");
	bool is_inverse = has_terms && is_text(book->terms.values[TERMS_PAYOFF], "inverse");
	Datum values[PROFIT_COLUMNS] = {
	    [PROFIT_CURRENCY] = currency,
	    [PROFIT_ASSET] = has_terms && !is_inverse ? book->terms.values[TERMS_SETTLEMENT] : currency,
	    [PROFIT_PNL] = pnl};
	bool nulls[PROFIT_COLUMNS] = {[PROFIT_PNL] = !is_known};

	if ((is_known && DatumGetBool(DirectFunctionCall2(numeric_ne, pnl, book->zero))) ||
	    (is_priced && is_text(instrument->values[INSTRUMENT_KIND], "spot")) ||
	    !DatumGetBool(DirectFunctionCall2Coll(texteq, C_COLLATION_OID, currency, book->currency)))
		add(&book->profits, HeapTupleGetDatum(heap_form_tuple(book->profit, values, nulls)));
}

/* Is there nothing that could be said against the position, whose quantity after the trades is not 0? */
static bool
is_usual(const Book *book, const Holding *holding, bool is_profit_known)
{
	const McLookup *instrument = &book->instrument;
	bool is_priced = !instrument->nulls[INSTRUMENT_KIND];

	if (DatumGetInt64(holding->values[HOLDING_UNUSABLE]) > 0 ||
	    !book->risk.nulls[RISK_STALE_REASON])
		return false;
	if (is_priced &&
	    (instrument->nulls[INSTRUMENT_PRICE] || !instrument->nulls[INSTRUMENT_STALE_REASON]))
		return false;
	return is_profit_known || holding->nulls[HOLDING_ENTRY_QUANTITY];
}

static void
take_time(Book *book, const McLookup *lookup, int column)
{
	if (!lookup->nulls[column])
		book->fresh_until = Min(book->fresh_until, DatumGetTimestampTz(lookup->values[column]));
}

/* false without a vector */
static bool
add_holding(Book *book, int i)
{
	const Holding *holding = &book->holdings[i];
	bool has_terms;
	bool is_known;
	Datum pnl;

	CHECK_FOR_INTERRUPTS();
	if (!add_vector(book, i))
		return false;
	mc_lookup(&book->instrument, holding->values[HOLDING_INSTRUMENT]);
	has_terms = mc_lookup(&book->terms, holding->values[HOLDING_INSTRUMENT]);
	is_known = find_profit(book, holding, has_terms, &pnl);
	add_profit(book, has_terms, is_known, pnl);
	if (book->after[i].quantity == 0 || !is_usual(book, holding, is_known))
		add(&book->unusual, holding->row);
	else
	{
		take_time(book, &book->risk, RISK_FRESH_UNTIL);
		take_time(book, &book->instrument, INSTRUMENT_FRESH_UNTIL);
	}
	return true;
}

/* ---- the account ---- */

static void
lookup_open(McLookup *lookup, const char *table, const char *const *keys,
            const char *const *columns)
{
	mc_lookup_open(lookup, mc_table_open(table), GetActiveSnapshot(), keys, columns);
}

static void
lookups_open(Book *book, Datum scenario_set)
{
	lookup_open(&book->risk, "instrument_risk", RISK_KEY, RISK_COLUMNS);
	book->risk.keys[1] = scenario_set;
	book->risk.keys[2] = book->currency;
	lookup_open(&book->instrument, "instrument", INSTRUMENT_KEY, INSTRUMENT_COLUMNS);
	lookup_open(&book->terms, "contract_terms", INSTRUMENT_KEY, TERMS_COLUMNS);
}

static void
lookups_close(Book *book)
{
	mc_lookup_close(&book->terms);
	mc_lookup_close(&book->instrument);
	mc_lookup_close(&book->risk);
}

/* false when a vector is missing */
static bool
add_holdings(Book *book, Datum scenario_set)
{
	bool is_whole = true;

	lookups_open(book, scenario_set);
	for (int i = 0; i < book->count && is_whole; i++)
		is_whole = add_holding(book, i);
	lookups_close(book);
	return is_whole;
}

/* Initial margin and value of positions, whose order changes. */
static void
find_margin(Book *book, McAccountWork *work, McPosition *positions, Datum *initial, Datum *value)
{
	mc_account_hold(work, book->store, positions, book->count);
	mc_account_compute(work);
	*initial = Float8GetDatum(work->margin.requirement[MC_INITIAL]);
	*value = Float8GetDatum(work->margin.value);
}

static Datum
array_of(const Datums *list, Oid element)
{
	return PointerGetDatum(
	    construct_array(list->values, list->count, element, -1, false, TYPALIGN_DOUBLE));
}

/*
 * margin_calib.trade_sums(held engine_holding[], trades what_if_trade[], currency text, scenario_set text,
 *                         set_version integer, method margin_method) -> margin_calib.engine_trade_sums
 */
MC_FUNCTION(mc_trade_sums)
{
	TupleDesc result = mc_row_descriptor(fcinfo);
	Datum values[SUM_COLUMNS] = {0};
	bool nulls[SUM_COLUMNS];
	Book book = {.currency = PG_GETARG_DATUM(2), .version = PG_GETARG_INT32(4)};
	Oid profit = get_element_type(TupleDescAttr(result, SUM_PROFITS)->atttypid);
	Datum method = PG_GETARG_DATUM(5);
	McAccountWork *work;

	memset(nulls, true, sizeof(nulls));
	book.fresh_until = DT_NOEND;
	book.zero = DirectFunctionCall1(int4_numeric, Int32GetDatum(0));
	book.profit = BlessTupleDesc(lookup_rowtype_tupdesc_copy(profit, -1));
	book.store = mc_risk_store_new(CurrentMemoryContext);
	read_book(&book, PG_GETARG_DATUM(0), PG_GETARG_DATUM(1));
	nulls[SUM_IS_WHOLE] = book.count == 0;
	values[SUM_IS_WHOLE] = BoolGetDatum(add_holdings(&book, PG_GETARG_DATUM(3)));
	if (book.count == 0 || !DatumGetBool(values[SUM_IS_WHOLE]))
		return mc_row_datum(fcinfo, values, nulls);
	work = mc_account_work_new(CurrentMemoryContext, InvalidOid);
	mc_account_method(work, &method);
	find_margin(&book, work, book.before, &values[SUM_INITIAL_BEFORE], &values[SUM_VALUE_BEFORE]);
	find_margin(&book, work, book.after, &values[SUM_INITIAL_AFTER], &values[SUM_VALUE_AFTER]);
	memset(&nulls[SUM_INITIAL_BEFORE], false, SUM_VALUE_AFTER - SUM_INITIAL_BEFORE + 1);
	nulls[SUM_FRESH_UNTIL] = book.fresh_until == DT_NOEND;
	values[SUM_FRESH_UNTIL] = TimestampTzGetDatum(book.fresh_until);
	nulls[SUM_PROFITS] = book.profits.count == 0;
	values[SUM_PROFITS] = array_of(&book.profits, profit);
	nulls[SUM_UNUSUAL] = book.unusual.count == 0;
	values[SUM_UNUSUAL] = array_of(&book.unusual, book.holding->tdtypeid);
	return mc_row_datum(fcinfo, values, nulls);
}
