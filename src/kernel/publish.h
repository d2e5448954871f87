/*
 * publish.h
 *	  From a computed rate to a published one: k steps, rounded up.
 */
#ifndef MC_PUBLISH_H
#define MC_PUBLISH_H

#include <stdint.h>

/*
 * The ceiling of rate / step, the quotient first rounded to 12 significant digits, so that noise
 * in the last bits never moves a step; at most maximum / step.  0 <= rate, 0 < step, and maximum a
 * multiple of step, at most 1e9 of them (mc_policy_check).  Exact: no decimal arithmetic needed.
 */
extern int64_t mc_publish_steps(double rate, double step, double maximum);

#endif
