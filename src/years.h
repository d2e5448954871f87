/*
 * years.h
 *	  Time to expiry: years of 365 days.
 */
#ifndef MC_YEARS_H
#define MC_YEARS_H

#include "compat.h"

#include "datatype/timestamp.h"

/* Of finite times. The difference of the two ends of the calendar is beyond an int64; up to the year 2285 both are exact. */
static inline double
mc_years_between(TimestampTz from, TimestampTz to)
{
	return ((double) to - (double) from) / (365.0 * USECS_PER_DAY);
}

#endif
