/*
 * errors.h
 *	  From kernel statuses, wrong contexts and limits to PostgreSQL errors.
 */
#ifndef MC_ERRORS_H
#define MC_ERRORS_H

#include "compat.h"
#include "kernel/status.h"

/* A poll that stops a kernel when a cancel or termination is pending. */
extern const McPoll mc_interrupt_poll;

/*
 * Raise the error of a status other than MC_OK and MC_TOO_FEW; for MC_STOPPED
 * serve the interrupt that asked for it.  Call it after releasing everything
 * that PostgreSQL does not own.
 */
extern void mc_check_status(McStatus status);

/* The memory context of the running aggregate; an error if there is none. */
extern MemoryContext mc_aggregate_context(FunctionCallInfo fcinfo, const char *name);

/* margin_calib.max_state_mb: SQLSTATE 54000 when one aggregate state wants more. */
extern void mc_check_state_size(Size bytes);

/*
 * Rows of `row` bytes that a state should have room for when it needs more than its capacity: at least double, up to
 * the limit of mc_check_state_size, whose error it raises when the needed ones are beyond it.
 */
extern Size mc_grown_capacity(Size capacity, Size needed, Size row);

/* 22023 unless 0 < confidence < 1. */
extern void mc_check_confidence(double confidence);

#endif
