/*
 * model.h
 *	  The model of a policy: a chain of alternatives, each an average of members (doc/calibration.md,
 *	  section 2).
 *
 *	  gjr_historical + filtered_historical(0.98) > historical
 *
 * A member is a filter, which makes scenarios of the next bar from returns, and a tail, which measures them.
 */
#ifndef MC_MODEL_H
#define MC_MODEL_H

#include <stdbool.h>
#include <stddef.h>

#define MC_MODEL_MEMBERS 12

typedef enum McModelFilter
{
	MC_UNFILTERED,
	MC_FILTERED, /* EWMA */
	MC_GARCH,
	MC_GJR,
	MC_GARCH_T,
	MC_GJR_T,
	MC_FILTERS
} McModelFilter;

typedef enum McModelTail
{
	MC_TAIL_HISTORICAL,
	MC_TAIL_WEIGHTED,
	MC_TAIL_EVT,
	MC_TAIL_NORMAL,
	MC_TAIL_STUDENT_T,
	MC_TAILS
} McModelTail;

typedef struct McModelMember
{
	McModelFilter filter;
	McModelTail tail;
	double lambda; /* of the EWMA; 0: the policy's */
	int alternative;
	size_t at; /* where it stands in the text */
	size_t length;
} McModelMember;

/* Members of one alternative stand together, alternatives in their order. */
typedef struct McModel
{
	McModelMember members[MC_MODEL_MEMBERS];
	int count;
	int alternatives;
} McModel;

/* What is wrong with a text: `at` is the part of it that is meant. */
typedef struct McModelFault
{
	const char *rule;
	const char *hint;
	size_t at;
	size_t length;
} McModelFault;

static inline bool
mc_filter_is_garch(McModelFilter filter)
{
	return filter >= MC_GARCH;
}

/* Does the filter's own law have a tail of Student's t? */
static inline bool
mc_filter_is_student(McModelFilter filter)
{
	return filter >= MC_GARCH_T;
}

/* False with the first fault of a text of `length` bytes, which need not end in a zero. */
extern bool mc_model_parse(const char *text, size_t length, McModel *model, McModelFault *fault);

/* The same models, however they are written? */
extern bool mc_model_equal(const McModel *a, const McModel *b);

#endif
