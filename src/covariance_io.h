/*
 * covariance_io.h
 *	  The type covariance_state: what a part of the rows contributes, as a value that can be stored, sent
 *	  and merged.
 */
#ifndef MC_COVARIANCE_IO_H
#define MC_COVARIANCE_IO_H

#include "compat.h"

#define MC_COVARIANCE_VERSION 1
#define MC_COVARIANCE_MOST_ROWS (INT64CONST(1) << 53)

typedef struct McCovarianceValue
{
	int32 vl_len_;
	int32 version;
	int32 series;
	int32 padding; /* 0 */
	int64 rows;
	int64 skipped; /* rows that are NULL or hold a NULL */
	double numbers[FLEXIBLE_ARRAY_MEMBER];
} McCovarianceValue;

/* The parts of numbers: kernel/covariance.h has their meaning. */
static inline double *
mc_value_mean(const McCovarianceValue *value)
{
	return (double *) value->numbers;
}

static inline double *
mc_value_rest(const McCovarianceValue *value)
{
	return mc_value_mean(value) + value->series;
}

static inline double *
mc_value_comoments(const McCovarianceValue *value)
{
	return mc_value_rest(value) + value->series;
}

/* A value with room for its numbers; 54000 when it would be too large. */
extern McCovarianceValue *mc_new_covariance_value(int series);

#endif
