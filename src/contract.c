/*
 * contract.c
 *	  Profit, notional, payoff and funding of contracts (margin_calib.contract), the time to their expiry,
 *	  and the average that they settle to.
 */
#include "compat.h"

#include <math.h>

#include "access/htup_details.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "contract_argument.h"
#include "errors.h"
#include "years.h"

/* columns of margin_calib.contract, in order (sql/parts/17_contract_types.sql) */
enum
{
	INSTRUMENT,
	VENUE,
	KIND,
	PAYOFF,
	OPTION_KIND,
	UNDERLYING,
	QUOTE_CURRENCY,
	SETTLEMENT_ASSET,
	EXPIRY,
	STRIKE,
	CONTRACT_SIZE,
	MULTIPLIER,
	SETTLEMENT_WINDOW,
	FUNDING_INTERVAL,
	PREMIUM,
	COLUMNS
};

typedef struct Terms
{
	Datum values[COLUMNS];
	bool nulls[COLUMNS];
} Terms;

#define MOST_ROWS 9007199254740992.0 /* that a double counts */

const char *const mc_contract_kinds[] = {"spot", "future", "perpetual", "option", NULL};
static const char *const payoff_names[] = {"linear", "inverse", "quanto", NULL};
static const char *const option_names[] = {"put", "call", NULL};

static void
read_terms(Datum row, Terms *terms)
{
	HeapTupleHeader header = DatumGetHeapTupleHeader(row);
	TupleDesc desc =
	    lookup_rowtype_tupdesc(HeapTupleHeaderGetTypeId(header), HeapTupleHeaderGetTypMod(header));
	HeapTupleData tuple = {.t_len = HeapTupleHeaderGetDatumLength(header), .t_data = header};

	if (desc->natts != COLUMNS)
		elog(ERROR, "margin_calib.contract has an unexpected shape");
	heap_deform_tuple(&tuple, desc, terms->values, terms->nulls);
	ReleaseTupleDesc(desc);
}

/* which of the names a text column has, -1 for none or NULL */
static int
choice(const Terms *terms, int column, const char *const *names)
{
	text *value;

	if (terms->nulls[column])
		return -1;
	value = DatumGetTextPP(terms->values[column]);
	for (int i = 0; names[i] != NULL; i++)
		if (strlen(names[i]) == VARSIZE_ANY_EXHDR(value) &&
		    memcmp(names[i], VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value)) == 0)
			return i;
	return -1;
}

static double
number(const Terms *terms, int column)
{
	return terms->nulls[column] ? NAN
	                            : DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow,
	                                                                 terms->values[column]));
}

static pg_attribute_noreturn() void refuse(const Terms *terms, const char *rule, const char *hint)
{
	ereport(ERROR,
	        (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s", rule),
	         terms->nulls[INSTRUMENT] ? errdetail("The contract given has no name.")
	                                  : errdetail("The contract given is %s.",
	                                              TextDatumGetCString(terms->values[INSTRUMENT])),
	         hint ? errhint("%s", hint) : 0));
}

/* A margin_calib.contract; 22023 unless it can be valued. */
static void
read_contract(Datum row, Terms *terms, McContract *contract)
{
	int kind;
	int payoff;
	double size;
	double multiplier;

	read_terms(row, terms);
	kind = choice(terms, KIND, mc_contract_kinds);
	payoff = choice(terms, PAYOFF, payoff_names);
	size = number(terms, CONTRACT_SIZE);
	multiplier = number(terms, MULTIPLIER);
	if (kind < 0 || payoff < 0 || !(size > 0 && isfinite(size)) ||
	    !(multiplier > 0 && isfinite(multiplier)))
		refuse(terms,
		       "a contract that is valued has a kind, a payoff, and a positive contract size and "
		       "multiplier",
		       "Give what the venue says: jsonb_populate_record(contract, '{\"contract_size\": "
		       "0.01}'), "
		       "or margin_calib.set_contract.");
	contract->kind = kind;
	contract->payoff = payoff;
	contract->is_call = false;
	contract->strike = NAN;
	contract->units = size * multiplier;
}

static char *
name(const Terms *terms, int column)
{
	return terms->nulls[column] ? NULL : TextDatumGetCString(terms->values[column]);
}

void
mc_contract_read(Datum row, McContractTerms *contract)
{
	Terms terms;
	int option;

	read_contract(row, &terms, &contract->contract);
	option = choice(&terms, OPTION_KIND, option_names);
	contract->contract.is_call = option == 1;
	contract->contract.strike = number(&terms, STRIKE);
	contract->expiry = terms.nulls[EXPIRY] ? DT_NOEND : DatumGetTimestampTz(terms.values[EXPIRY]);
	contract->instrument = name(&terms, INSTRUMENT);
	contract->underlying = name(&terms, UNDERLYING);
	contract->quote_currency = name(&terms, QUOTE_CURRENCY);
	contract->asset = contract->contract.kind == MC_SPOT ? contract->quote_currency
	                                                     : name(&terms, SETTLEMENT_ASSET);
	if (contract->instrument == NULL || contract->underlying == NULL)
		refuse(&terms, "a contract in a portfolio has an instrument and an underlying",
		       "Positions are told apart by the one and move with the other: parse_symbol gives "
		       "both.");
	if (contract->contract.kind == MC_OPTION &&
	    !(option >= 0 && contract->contract.strike > 0 && isfinite(contract->contract.strike) &&
	      !TIMESTAMP_NOT_FINITE(contract->expiry)))
		refuse(&terms, "an option is a call or a put with a positive finite strike and an expiry",
		       NULL);
}

/* A price that amounts are divided by: 22023 unless it is positive or NaN. */
static double
divisor(double price)
{
	if (price <= 0)
		ereport(
		    ERROR,
		    (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		     errmsg("the price of an inverse contract is positive"),
		     errdetail("The value given is %s.", float8out_internal(price)),
		     errhint("Such a contract pays in its underlying, an amount divided by the price.")));
	return price;
}

/* margin_calib.contract_pnl(contract, entry_price float8, price float8, quantity float8) -> float8 */
MC_FUNCTION(mc_contract_pnl)
{
	double entry_price = PG_GETARG_FLOAT8(1);
	double price = PG_GETARG_FLOAT8(2);
	Terms terms;
	McContract contract;
	double pnl;

	read_contract(PG_GETARG_DATUM(0), &terms, &contract);
	if (mc_divides_by_price(&contract))
	{
		divisor(entry_price);
		divisor(price);
	}
	mc_check_status(mc_pnl_of(&contract, entry_price, price, PG_GETARG_FLOAT8(3), &pnl));
	PG_RETURN_FLOAT8(pnl);
}

static double
notional(const McContract *contract, double price, double quantity)
{
	double result;

	if (mc_divides_by_price(contract))
		divisor(price);
	mc_check_status(mc_notional_of(contract, price, quantity, &result));
	return result;
}

/* margin_calib.contract_notional(contract, price float8, quantity float8) -> float8 */
MC_FUNCTION(mc_contract_notional)
{
	Terms terms;
	McContract contract;

	read_contract(PG_GETARG_DATUM(0), &terms, &contract);
	PG_RETURN_FLOAT8(notional(&contract, PG_GETARG_FLOAT8(1), PG_GETARG_FLOAT8(2)));
}

/* margin_calib.funding_payment(contract, quantity float8, price float8, funding_rate float8) -> float8 */
MC_FUNCTION(mc_funding_payment)
{
	Terms terms;
	McContract contract;

	read_contract(PG_GETARG_DATUM(0), &terms, &contract);
	if (contract.kind != MC_PERPETUAL)
		refuse(&terms, "funding is paid on perpetuals", NULL);
	PG_RETURN_FLOAT8(float8_mul(notional(&contract, PG_GETARG_FLOAT8(2), PG_GETARG_FLOAT8(1)),
	                            PG_GETARG_FLOAT8(3)));
}

/* margin_calib.contract_payoff(contract, settlement_price float8) -> float8 */
MC_FUNCTION(mc_contract_payoff)
{
	double settlement_price = PG_GETARG_FLOAT8(1);
	Terms terms;
	McContract contract;
	int option;
	double payoff;

	read_contract(PG_GETARG_DATUM(0), &terms, &contract);
	option = choice(&terms, OPTION_KIND, option_names);
	if (contract.kind != MC_OPTION || option < 0)
		refuse(&terms, "a payoff is that of an option",
		       "What a future pays depends on its entry: "
		       "margin_calib.contract_pnl(contract, entry_price, settlement_price, 1).");
	if (terms.nulls[STRIKE])
		PG_RETURN_NULL();
	contract.is_call = option == 1;
	contract.strike = number(&terms, STRIKE);
	if (contract.payoff == MC_INVERSE)
		divisor(settlement_price);
	mc_check_status(mc_payoff_of(&contract, settlement_price, &payoff));
	PG_RETURN_FLOAT8(float8_mul(payoff, contract.units));
}

/* margin_calib.contract_units(contract) -> float8 */
MC_FUNCTION(mc_contract_units)
{
	Terms terms;
	McContract contract;

	read_contract(PG_GETARG_DATUM(0), &terms, &contract);
	PG_RETURN_FLOAT8(contract.units);
}

/* margin_calib.years_to_expiry(expiry timestamptz, as_of timestamptz) -> float8 */
MC_FUNCTION(mc_years_to_expiry)
{
	TimestampTz expiry = PG_GETARG_TIMESTAMPTZ(0);
	TimestampTz as_of = PG_GETARG_TIMESTAMPTZ(1);

	if (TIMESTAMP_NOT_FINITE(expiry) || TIMESTAMP_NOT_FINITE(as_of))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("expiry and as_of must be finite"),
		                errhint("A contract without an expiry has NULL there.")));
	if (expiry <= as_of)
		PG_RETURN_FLOAT8(0);
	PG_RETURN_FLOAT8(mc_years_between(as_of, expiry));
}

/*
 * settlement_average_accum(state float8[], price float8, ts timestamptz, expiry timestamptz,
 * settlement_window interval) -> float8[]: float8_accum, whose arguments are the first two, for the rows
 * that count.
 */
MC_FUNCTION(mc_settlement_average_accum)
{
	TimestampTz ts = PG_ARGISNULL(2) ? DT_NOEND : PG_GETARG_TIMESTAMPTZ(2);
	TimestampTz expiry = PG_ARGISNULL(3) ? DT_NOBEGIN : PG_GETARG_TIMESTAMPTZ(3);
	TimestampTz start;
	ArrayType *state;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = PG_GETARG_ARRAYTYPE_P(0);
	if (ARR_NDIM(state) != 1 || ARR_DIMS(state)[0] != 3 || ARR_HASNULL(state) ||
	    !(((const float8 *) ARR_DATA_PTR(state))[0] >= 0 &&
	      ((const float8 *) ARR_DATA_PTR(state))[0] <= MOST_ROWS))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("not a state of settlement_average")));
	if (PG_ARGISNULL(1) || PG_ARGISNULL(4) || TIMESTAMP_NOT_FINITE(ts) ||
	    TIMESTAMP_NOT_FINITE(expiry) || ts > expiry)
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	start = DatumGetTimestampTz(DirectFunctionCall2(
	    timestamp_mi_interval, TimestampTzGetDatum(expiry), PG_GETARG_DATUM(4)));
	if (ts <= start)
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	return float8_accum(fcinfo);
}
