/*
 * covariance_state.h
 *	  The running state of the covariance aggregates, for those that build on it.
 */
#ifndef MC_COVARIANCE_STATE_H
#define MC_COVARIANCE_STATE_H

#include "compat.h"

#include "kernel/covariance.h"

typedef struct McCovarianceState
{
	McCovariance sums; /* without arrays until the first row */
	int series;        /* 0 before the first row that is not NULL */
	int64 skipped;
	MemoryContext context;
} McCovarianceState;

/* A new state in a context. */
extern McCovarianceState *mc_new_covariance_state(MemoryContext context);

/* Take in argument `arg`, a float8[] that may be NULL; the row that was used, or NULL. */
extern const double *mc_covariance_row(McCovarianceState *state, FunctionCallInfo fcinfo, int arg);

/*
 * The covariance matrix with divisor rows - 1 or rows, not yet made definite; NULL when there are
 * fewer than two rows.  22003 when an element is too large for a double.
 */
extern double *mc_covariance_triangle(const McCovarianceState *state, bool maximum_likelihood);

/* 22023 unless 0 < lambda < 1: the decay of exponential weights */
extern void mc_check_decay(double lambda);

#endif
