/*
 * calibrate.h
 *	  Margin rates from the returns of one instrument (doc/calibration.md, sections 2 to 7).
 */
#ifndef MC_CALIBRATE_H
#define MC_CALIBRATE_H

#include <stdint.h>

#include "policy.h"
#include "status.h"

/* What made a rate what it is. */
typedef enum McTerm
{
	MC_TERM_FALLBACK,
	MC_TERM_MAXIMUM,
	MC_TERM_MINIMUM,
	MC_TERM_BUFFER,
	MC_TERM_TAIL,
	MC_TERM_STRESS,
	MC_TERM_FLOOR
} McTerm;

typedef enum McSideName
{
	MC_LONG,
	MC_SHORT,
	MC_SIDES
} McSideName;

/* One side; a value that the data or the policy does not give is NaN. */
typedef struct McSide
{
	double rate; /* before rounding */
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
	bool fallback;
	bool has_stress;
	size_t stress_start; /* first return of the stressed window */
	size_t stress_width;
} McCalibration;

/* Doubles of work space that a calibration of n returns asks for. */
extern size_t mc_calibrate_worksize(const McPolicy *policy, size_t n);

/*
 * Calibrate n >= 0 finite log returns under a checked policy.  O(n) on average.
 * MC_OK or MC_STOPPED.
 */
extern McStatus mc_calibrate(const McPolicy *policy, const double *returns, size_t n, double *work,
                             McCalibration *result, const McPoll *poll);

#endif
