/*
 * joint_returns.h
 *	  Log returns of several price series between the times at which all of them have a price.
 */
#ifndef MC_JOINT_RETURNS_H
#define MC_JOINT_RETURNS_H

#include "align.h"
#include "status.h"

/*
 * A row for each common time but the first: the time, in seconds, then the log return of every series since the common
 * time before.  Of `total` rows the latest min(total, most) are kept, row i (from 0) at place i % most of `rows`, which
 * has room for most rows of count + 1.  `work` has room for 2 count prices.  most >= 1; align->rule is the rule by
 * which times are common.  MC_OK or MC_STOPPED.
 */
extern McStatus mc_joint_returns(McAlign *align, size_t most, double *rows, double *work,
                                 size_t *total, const McPoll *poll);

#endif
