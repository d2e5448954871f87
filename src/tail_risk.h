/*
 * tail_risk.h
 *	  What the plain and the moving tail aggregates share.
 */
#ifndef MC_TAIL_RISK_H
#define MC_TAIL_RISK_H

#include "compat.h"

/* One element of tail_risk's result. */
typedef struct TailLevel
{
	double confidence;
	double value_at_risk;
	double expected_shortfall;
} TailLevel;

/* The margin_calib.tail_risk_level[] that the running function returns. */
extern Datum mc_tail_levels_array(FunctionCallInfo fcinfo, const TailLevel *levels, int n);

#endif
