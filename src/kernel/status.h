/*
 * status.h
 *	  What a kernel reports, and how a caller stops one that runs long.
 *
 * A kernel takes arrays and sizes, writes through out-parameters and returns a
 * status.  It never allocates, prints or throws.
 */
#ifndef MC_STATUS_H
#define MC_STATUS_H

#include <stdbool.h>
#include <stddef.h>

typedef enum McStatus
{
	MC_OK = 0,
	MC_TOO_FEW,  /* not enough data for an answer: SQL NULL */
	MC_OVERFLOW, /* finite inputs, result outside the range of a double */
	MC_STOPPED   /* the poll asked to stop: the caller handles the interrupt */
} McStatus;

/* A kernel that may run longer than a millisecond asks this every few ten thousand steps. */
typedef struct McPoll
{
	bool (*stop)(void *arg); /* true: give up and return MC_STOPPED */
	void *arg;
} McPoll;

#define MC_POLL_STEPS 65536

static inline bool
mc_poll_stop(const McPoll *poll)
{
	return poll != NULL && poll->stop(poll->arg);
}

#endif
