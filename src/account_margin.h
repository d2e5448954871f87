/*
 * account_margin.h
 *	  Margin of one account from its positions: what the aggregate and the set path have in common.
 */
#ifndef MC_ACCOUNT_MARGIN_H
#define MC_ACCOUNT_MARGIN_H

#include "compat.h"

#include "access/tupdesc.h"

#include "margin_method.h"
#include "risk_store.h"

typedef struct McPosition
{
	const McStoredRisk *stored;
	double quantity; /* finite */
} McPosition;

/* Work space for one account after the other, and the rows that come of them. */
typedef struct McAccountWork
{
	MemoryContext context;        /* of everything here */
	MemoryContext method_context; /* of the method and the amounts */
	McMarginMethod method;        /* with the scenarios and roles of `set` */
	const McRiskSet *set;
	Datum method_row; /* what method was read from; a copy */
	bool has_method;
	double *pnl;  /* [scenarios] */
	double *work; /* [2 * scenarios] */
	Size scenarios;
	double (*amounts)[MC_REQUIREMENTS];
	uint64 *keys;
	McHolding *holdings;
	Size room; /* for holdings */
	Size held;
	McPortfolioMargin margin;
	TupleDesc row;       /* margin_calib.portfolio_margin */
	TupleDesc component; /* margin_calib.component_amount */
} McAccountWork;

/* `row`: the type margin_calib.portfolio_margin; InvalidOid when no rows are made. */
extern McAccountWork *mc_account_work_new(MemoryContext context, Oid row);

/* The method of the next accounts; NULL: expected shortfall.  Free of charge when it is that of the last one. */
extern void mc_account_method(McAccountWork *work, const Datum *method);

/* n > 0 positions of one scenario set into work->holdings, an instrument each; changes their order. */
extern void mc_account_hold(McAccountWork *work, McRiskStore *store, McPosition *positions, Size n);

/* The same for the state of portfolio_margin_accum, which is not NULL and stays as it is. */
extern void mc_portfolio_hold(const void *state, McAccountWork *work);

/* The margin of what is held. */
extern void mc_account_compute(McAccountWork *work);

/*
 * The margin of n > 0 positions of one scenario set into work->margin, what each component comes to into
 * work->amounts, profits into work->pnl.  The order of the positions, which changes, does not matter to the last
 * bit.  22023 when two vectors are of one instrument, 22003 for a sum that is not finite.
 */
extern void mc_account_margin(McAccountWork *work, McRiskStore *store, McPosition *positions,
                              Size n);

/* The margin as a row, in the current context; its profits are NULL unless wanted. */
extern Datum mc_account_datum(const McAccountWork *work, bool with_pnl);

extern void mc_check_quantity(double quantity);

#endif
