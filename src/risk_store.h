/*
 * risk_store.h
 *	  Risk vectors of a query, each kept once however many rows have it.
 *
 * A store belongs to one function call site (fn_extra) or to one run of a set-returning function.  It numbers its
 * vectors in the order that sums are taken in, so that positions are put in order without looking at a name.
 */
#ifndef MC_RISK_STORE_H
#define MC_RISK_STORE_H

#include "compat.h"

#include "lib/stringinfo.h"

#include "risk_vector.h"

typedef struct McRiskStore McRiskStore;

/* A scenario set that vectors are of. */
typedef struct McRiskSet
{
	McRiskVector *vector; /* one of it */
	int scenarios;
	McScenarioRole *roles; /* NULL when all have weight 1 and no other role */
} McRiskSet;

typedef struct McStoredRisk
{
	uint64 digest;
	McRiskVector *vector; /* its profits begin at a line of the cache */
	const McRiskSet *set;
	McUnitRisk risk;
	uint32 rank;                     /* see mc_risk_store_rank; 0 of one that has none yet */
	bool has_twin;                   /* another vector is of an instrument of this name */
	bool is_placed;                  /* was read from: */
	struct varatt_external position; /* of the value out of line */
} McStoredRisk;

/* What the risk of a holding lies in. */
static inline const McStoredRisk *
mc_stored_risk(const McUnitRisk *risk)
{
	return (const McStoredRisk *) ((const char *) risk - offsetof(McStoredRisk, risk));
}

extern McRiskStore *mc_risk_store_new(MemoryContext context);

/* The store of a function that uses fn_extra for nothing else. */
extern McRiskStore *mc_risk_store(FunctionCallInfo fcinfo);

/*
 * Equal vectors give the same pointer, which stays valid as long as the store.  One out of line is fetched once.
 * 54000 when all of them are beyond margin_calib.max_state_mb.
 */
extern const McStoredRisk *mc_risk_store_datum(McRiskStore *store, Datum datum);

/* The same for one of another store, which has to live as long; its memory is shared. */
extern const McStoredRisk *mc_risk_store_share(McRiskStore *store, const McStoredRisk *other);

extern Size mc_risk_store_bytes(const McRiskStore *store);
extern Size mc_risk_store_count(const McRiskStore *store);

/*
 * Numbers all vectors from 1 on in the order of mc_compare_risks.  A vector that is put in later has no rank, and
 * numbers are given anew when asked for again.
 */
extern void mc_risk_store_rank(McRiskStore *store);

/* The same when so many are without a rank, or have been met so often, that it is worth it. */
extern void mc_risk_store_rank_lazily(McRiskStore *store, Size met);

/* The vectors by rank - 1. */
extern const McStoredRisk *const *mc_risk_store_ranked(const McRiskStore *store);

/* By name of the instrument; and by underlying, group and then name. */
extern int mc_compare_instruments(const McStoredRisk *a, const McStoredRisk *b);
extern int mc_compare_risks(const McStoredRisk *a, const McStoredRisk *b);

/* 22023 unless both are of the same scenario set. */
extern void mc_check_same_set(const McStoredRisk *first, const McStoredRisk *other);

/* "X of set Y version 1" */
extern char *mc_risk_text(const McStoredRisk *stored);

/*
 * A vector to another process: whole, or where it lies, for one that works on the same query.
 */
extern void mc_risk_send(StringInfo buffer, const McStoredRisk *stored, bool same_query);
extern const McStoredRisk *mc_risk_receive(StringInfo buffer, McRiskStore *store);

#endif
