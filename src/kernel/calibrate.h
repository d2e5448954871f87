/*
 * calibrate.h
 *	  Margin rates from the returns of one instrument (doc/calibration.md, sections 2 to 7).
 */
#ifndef MC_CALIBRATE_H
#define MC_CALIBRATE_H

#include <stdint.h>

#include "model_tail.h"
#include "policy.h"

/* What made a rate what it is. */
typedef enum McTerm
{
	MC_TERM_FALLBACK,
	MC_TERM_SPEED_LIMIT,
	MC_TERM_MAXIMUM,
	MC_TERM_MINIMUM,
	MC_TERM_BUFFER,
	MC_TERM_TAIL,
	MC_TERM_STRESS,
	MC_TERM_FLOOR
} McTerm;

/* Why a calibration fell back. */
typedef enum McFallback
{
	MC_NO_FALLBACK,
	MC_TOO_FEW_RETURNS,
	MC_DEAD_PRICE,
	MC_NO_MODEL
} McFallback;

/* One side; a value that the data or the policy does not give is NaN. */
typedef struct McSide
{
	double rate; /* before rounding */
	double core;
	double value_at_risk;
	double expected_shortfall;
	double stressed; /* the policy's measure in the stressed window */
	double stressed_es;
	double floor;
	double buffer_used;
	McTerm term;
	int64_t initial_steps; /* published rates, in rounding steps */
	int64_t maintenance_steps;
} McSide;

typedef struct McCalibration
{
	McSide side[MC_SIDES];
	McSideName larger; /* long on a tie */
	size_t used;       /* returns of the lookback */
	double vol;        /* per bar; NaN: none */
	McFallback fallback;
	int alternative;              /* of the model that answered; -1: none did */
	McFit fits[MC_MODEL_MEMBERS]; /* of the members that were asked */
	int asked;
	/* of the model at the calibrator's levels; the policy's own stands first */
	McMeasures measures[MC_LEVELS][MC_SIDES];
	bool has_stress;
	size_t stress_start; /* first return of the stressed window */
	size_t stress_width;
} McCalibration;

/* Bars 0 to n and the n finite log returns between them; returns[i] ends at ts[i + 1]. */
typedef struct McHistory
{
	const int64_t *ts; /* microseconds, ascending */
	const double *returns;
	size_t n;
} McHistory;

/*
 * What calibrations of one series under one policy share: work space, and GARCH models between two fits. A
 * caller that walks along a series keeps it; the digits do not depend on that.
 */
typedef struct McCalibrator
{
	const McPolicy *policy;
	double confidences[MC_LEVELS];
	int levels;
	McGarchMemory memory[MC_FILTERS];
	double *values;
	double *work;
} McCalibrator;

/* Doubles of work space for series of at most n returns. */
extern size_t mc_calibrator_worksize(const McPolicy *policy, size_t n);

/* For a checked policy. More levels to report, up to MC_LEVELS - 1, are asked for by mc_calibrator_level. */
extern void mc_calibrator_init(McCalibrator *calibrator, const McPolicy *policy, size_t n,
                               double *work);
extern void mc_calibrator_level(McCalibrator *calibrator, double confidence);

/*
 * Calibrate the first n returns of a history, n >= 0.  O(n) on average.  MC_OK or MC_STOPPED.
 */
extern McStatus mc_calibrate(McCalibrator *calibrator, const McHistory *history, size_t n,
                             McCalibration *result, const McPoll *poll);

/* Publish the rates of both sides, which something else than the calibration may have set. */
extern void mc_calibration_publish(const McPolicy *policy, McCalibration *result);

#endif
