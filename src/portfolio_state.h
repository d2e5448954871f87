/*
 * portfolio_state.h
 *	  The positions that an aggregate of this family has kept, ready for the kernel.
 */
#ifndef MC_PORTFOLIO_STATE_H
#define MC_PORTFOLIO_STATE_H

#include "compat.h"

#include "margin_method.h"

typedef struct McPortfolio
{
	McMarginMethod method;
	McHolding *holdings; /* in the order of underlyings, groups and names */
	Size count;
	double *pnl; /* work space of mc_portfolio_margin */
	double *work;
	double (*amounts)[MC_REQUIREMENTS];
} McPortfolio;

/* From the state of portfolio_margin_accum, which is not NULL and stays as it is. */
extern void mc_portfolio_read(const void *state, McPortfolio *portfolio);

#endif
