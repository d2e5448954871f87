/*
 * risk_store.h
 *	  Risk vectors of a query, each kept once however many rows have it.
 */
#ifndef MC_RISK_STORE_H
#define MC_RISK_STORE_H

#include "compat.h"

#include "risk_vector.h"

typedef struct McStoredRisk
{
	uint64 digest;
	McRiskVector *vector;
	McUnitRisk risk;
} McStoredRisk;

/* What the risk of a holding lies in. */
static inline const McStoredRisk *
mc_stored_risk(const McUnitRisk *risk)
{
	return (const McStoredRisk *) ((const char *) risk - offsetof(McStoredRisk, risk));
}

/*
 * The risk_vector in argument `arg` of a function that uses fn_extra for nothing else: equal vectors give the same
 * pointer, which stays valid while the query runs.  One out of line is fetched once.
 */
extern const McStoredRisk *mc_risk_argument(FunctionCallInfo fcinfo, int arg);

#endif
