/*
 * margin_contributions.c
 *	  The aggregate margin_calib.margin_contributions: what each position contributes to the margin of an account.
 */
#include "compat.h"

#include "access/htup_details.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "account_margin.h"
#include "errors.h"
#include "kernel/portfolio_contributions.h"
#include "risk_store.h"
#include "sample.h"

/* columns of margin_calib.margin_contribution (sql/parts/19_contribution_type.sql) */
enum
{
	INSTRUMENT,
	UNDERLYING,
	QUANTITY,
	VALUE,
	INITIAL,
	MAINTENANCE,
	COLUMNS
};

static Datum
contribution_datum(TupleDesc desc, const McHolding *holding, const double *contribution)
{
	McRiskVector *v = mc_stored_risk(holding->risk)->vector;
	bool nulls[COLUMNS] = {false};
	Datum values[COLUMNS];

	values[INSTRUMENT] =
	    PointerGetDatum(cstring_to_text_with_len(mc_risk_instrument(v), v->instrument_length));
	values[UNDERLYING] =
	    PointerGetDatum(cstring_to_text_with_len(mc_risk_underlying(v), v->underlying_length));
	values[QUANTITY] = Float8GetDatum(holding->quantity);
	values[VALUE] = Float8GetDatum(holding->quantity * holding->risk->base);
	values[INITIAL] = Float8GetDatum(contribution[MC_INITIAL]);
	values[MAINTENANCE] = Float8GetDatum(contribution[MC_MAINTENANCE]);
	return HeapTupleGetDatum(heap_form_tuple(desc, values, nulls));
}

/* margin_contributions_final(internal) -> margin_calib.margin_contribution[] */
MC_FUNCTION(mc_margin_contributions_final)
{
	Oid type = get_element_type(get_fn_expr_rettype(fcinfo->flinfo));
	McAccountWork *work;
	double(*contributions)[MC_REQUIREMENTS];
	TupleDesc desc;
	Datum *rows;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	work = mc_account_work_new(CurrentMemoryContext, InvalidOid);
	mc_portfolio_hold(PG_GETARG_POINTER(0), work);
	contributions = mc_work_space(Max(work->held, 1), sizeof(*contributions));
	mc_check_status(mc_portfolio_contributions(work->holdings, work->held, &work->method.method,
	                                           work->pnl, work->work, work->amounts, &work->margin,
	                                           contributions, &mc_interrupt_poll));
	desc = lookup_rowtype_tupdesc_copy(type, -1);
	rows = mc_work_space(Max(work->held, 1), sizeof(Datum));
	for (Size i = 0; i < work->held; i++)
		rows[i] = contribution_datum(desc, &work->holdings[i], contributions[i]);
	PG_RETURN_ARRAYTYPE_P(
	    construct_array(rows, (int) work->held, type, -1, false, TYPALIGN_DOUBLE));
}
