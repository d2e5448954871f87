/*
 * policy.h
 *	  Policies as PostgreSQL hands them over.
 */
#ifndef MC_POLICY_GLUE_H
#define MC_POLICY_GLUE_H

#include "compat.h"

#include "access/htup_details.h"

#include "kernel/policy.h"

/* A policy with its identity; the texts live in the memory context of the decoding. */
typedef struct McNamedPolicy
{
	McPolicy policy;
	char *name;
	char *model; /* as it is written: policy.model points into it */
	int32 version;
} McNamedPolicy;

/*
 * Decode a margin_calib.margin_policy and check it: 22023 for a field that is
 * NULL, out of its range or at odds with another.
 */
extern void mc_policy_decode(HeapTupleHeader tuple, McNamedPolicy *policy);

/* Same name, version and settings? */
extern bool mc_named_policy_equal(const McNamedPolicy *a, const McNamedPolicy *b);

/* 22004: no policy was given */
extern void mc_policy_missing(void) pg_attribute_noreturn();

#endif
