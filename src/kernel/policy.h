/*
 * policy.h
 *	  One row of risk appetite, decoded, and the rules that it must satisfy.
 */
#ifndef MC_POLICY_H
#define MC_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "model.h"

typedef enum McMeasure
{
	MC_EXPECTED_SHORTFALL,
	MC_VALUE_AT_RISK
} McMeasure;

/*
 * The fields of margin_calib.margin_policy; intervals are microseconds. What is not given is 0, a limit of speed
 * that never holds: INFINITY for rises, 1 for falls.
 */
typedef struct McPolicy
{
	double confidence;
	McMeasure measure;
	McModel model;
	double ewma_lambda;
	double weight_decay;
	double evt_tail;
	int32_t refit_interval;
	int32_t horizon;
	bool scaled_horizon;
	int32_t lookback;
	int32_t min_returns;
	double stress_weight;
	int32_t stress_window;
	double buffer;
	int32_t buffer_recovery; /* 0: only as the core falls */
	int32_t floor_lookback;  /* 0: no floor */
	double minimum_rate;
	double maximum_rate;
	double fallback_rate;
	double maintenance_ratio;
	double rounding_step;
	bool symmetric_rates;
	int64_t lookback_time;
	double rise_per_step;
	double rise_per_day;
	double rise_after_breach;
	double fall_per_day;
	int32_t dead_after;
	int64_t restart_gap;
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
