/*
 * margin_method.h
 *	  A margin_calib.margin_method as an argument.
 */
#ifndef MC_MARGIN_METHOD_H
#define MC_MARGIN_METHOD_H

#include "compat.h"

#include "kernel/portfolio.h"

typedef struct McMarginMethod
{
	McPortfolioMethod method; /* without scenarios and roles */
	char **names;             /* of the components */
} McMarginMethod;

/* Expected shortfall, without components. */
extern void mc_margin_method_default(McMarginMethod *method);

/* Of a row; 22023 for one that makes no sense. */
extern void mc_margin_method_read(Datum row, McMarginMethod *method);

#endif
