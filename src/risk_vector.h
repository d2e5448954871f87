/*
 * risk_vector.h
 *	  The type risk_vector: what one contract of an instrument earns in every scenario of a set, and what components
 *	  of margin ask of it.
 */
#ifndef MC_RISK_VECTOR_H
#define MC_RISK_VECTOR_H

#include "compat.h"

#include "kernel/portfolio.h"

#define MC_MAX_SCENARIOS 100000
#define MC_MAX_NAME 500 /* bytes */

/* numbers of a vector, before its profits; money in the reporting currency, of one contract */
typedef enum McRiskNumber
{
	MC_RISK_BASE,
	MC_RISK_YEARS,
	MC_RISK_LONG_DISCOUNT,
	MC_RISK_SHORT_DISCOUNT,
	MC_RISK_STRIKE,
	MC_RISK_NOTIONAL,
	MC_RISK_DELTA,
	MC_RISK_VEGA,
	MC_RISK_CONFIDENCE,
	MC_RISK_INITIAL_HAIRCUT,
	MC_RISK_MAINTENANCE_HAIRCUT,
	MC_RISK_NUMBERS
} McRiskNumber;

#define MC_NO_EXPIRY PG_INT64_MIN

#define MC_RISK_IS_CALL 1
#define MC_RISK_HAS_ROLES 2

#define MC_ROLE_BOTH_WAYS 1
#define MC_ROLE_CONTINGENCY 2

/* As it is stored: after the head numbers[MC_RISK_NUMBERS], profits and, with roles, weights of each scenario, then with roles a byte of
 * each, then the names of the set, of the instrument and of its underlying. */
typedef struct McRiskVector
{
	int32 vl_len_; /* varlena header, see SET_VARSIZE */
	uint8 version;
	uint8 kind; /* McContractKind */
	uint8 flags;
	uint8 unused;
	int32 scenarios;
	int32 set_version;
	int32 set_length; /* of the names, in bytes */
	int32 instrument_length;
	int32 underlying_length;
	int64 expiry;      /* of an option; else MC_NO_EXPIRY */
	uint64 set_digest; /* of everything in the set that profits depend on */
	uint64 underlying; /* of its name, not sent */
	uint64 digest;     /* of everything else, not sent */
	double numbers[FLEXIBLE_ARRAY_MEMBER];
} McRiskVector;

static inline double *
mc_risk_pnl(McRiskVector *vector)
{
	return vector->numbers + MC_RISK_NUMBERS;
}

static inline double *
mc_risk_weights(McRiskVector *vector)
{
	return mc_risk_pnl(vector) + vector->scenarios;
}

static inline bool
mc_risk_has_roles(const McRiskVector *vector)
{
	return (vector->flags & MC_RISK_HAS_ROLES) != 0;
}

/* The role bytes; where there are none, the names begin here. */
static inline char *
mc_risk_role_bytes(McRiskVector *vector)
{
	return (char *) (mc_risk_pnl(vector) +
	                 (Size) vector->scenarios * (mc_risk_has_roles(vector) ? 2 : 1));
}

static inline char *
mc_risk_set_name(McRiskVector *vector)
{
	return mc_risk_role_bytes(vector) + (mc_risk_has_roles(vector) ? vector->scenarios : 0);
}

static inline char *
mc_risk_instrument(McRiskVector *vector)
{
	return mc_risk_set_name(vector) + vector->set_length;
}

static inline char *
mc_risk_underlying(McRiskVector *vector)
{
	return mc_risk_instrument(vector) + vector->instrument_length;
}

/* To be called when everything is in place. */
extern void mc_risk_vector_seal(McRiskVector *vector);

/* A vector with these names, everything else 0. */
extern McRiskVector *mc_risk_vector_new(int scenarios, bool has_roles, const char *set_name,
                                        const char *instrument, const char *underlying);

#define PG_GETARG_RISK_VECTOR(n) ((McRiskVector *) PG_DETOAST_DATUM(PG_GETARG_DATUM(n)))

#endif
