/*
 * policy.h
 *	  One row of risk appetite, decoded, and the rules that it must satisfy.
 */
#ifndef MC_POLICY_H
#define MC_POLICY_H

#include <stdbool.h>
#include <stdint.h>

typedef enum McMeasure
{
	MC_EXPECTED_SHORTFALL,
	MC_VALUE_AT_RISK
} McMeasure;

typedef enum McModel
{
	MC_FILTERED_HISTORICAL,
	MC_HISTORICAL
} McModel;

/* The fields of margin_calib.margin_policy; intervals are microseconds. */
typedef struct McPolicy
{
	double confidence;
	McMeasure measure;
	McModel model;
	double ewma_lambda;
	int32_t horizon;
	int32_t lookback;
	int32_t min_returns;
	double stress_weight;
	int32_t stress_window;
	double buffer;
	int32_t floor_lookback; /* 0: no floor */
	double minimum_rate;
	double maximum_rate;
	double fallback_rate;
	double maintenance_ratio;
	double rounding_step;
	bool symmetric_rates;
	bool has_bar_interval;
	bool has_jump_bound;
	bool has_stale_after;
	int64_t bar_interval;
	double jump_bound;
	int64_t stale_after;
} McPolicy;

/* What is wrong, in the parts of an error message. */
typedef struct McPolicyFault
{
	const char *field;
	const char *rule;
	const char *hint; /* NULL: `least` says it */
	double value;     /* of the field, intervals in seconds */
	int64_t least;    /* smallest lookback that would do, else 0 */
} McPolicyFault;

/* More steps than this between 0 and maximum_rate are refused. */
#define MC_POLICY_STEPS 1000000000.0

/*
 * True when every field is in its range and the fields fit together, else the
 * first fault in the order of the fields.  NaN and infinities never pass.
 */
extern bool mc_policy_check(const McPolicy *policy, McPolicyFault *fault);

/* Do both ask for the same calibration? */
extern bool mc_policy_equal(const McPolicy *a, const McPolicy *b);

#endif
