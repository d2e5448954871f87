/*
 * model_tail.h
 *	  VaR and ES of both sides from the scenarios of a model, by its tail (doc/calibration.md,
 *	  section 2, point 9).
 */
#ifndef MC_MODEL_TAIL_H
#define MC_MODEL_TAIL_H

#include <stdint.h>

#include "model_scenarios.h"

typedef enum McSideName
{
	MC_LONG,
	MC_SHORT,
	MC_SIDES
} McSideName;

typedef struct McMeasures
{
	double value_at_risk;
	double expected_shortfall;
} McMeasures;

/* Levels at which measures are asked for. */
#define MC_LEVELS 3

typedef struct McTailSpec
{
	McModelFilter filter;
	McModelTail tail;
	int32_t horizon;
	bool scaled; /* by the root of the horizon, else overlapping windows */
	double weight_decay;
	double evt_tail; /* at most 0.5 */
	const double *confidences;
	int levels; /* 1 to MC_LEVELS */
} McTailSpec;

/* The loss of one unit of notional when the log price moves by `against` against its side. */
extern double mc_move_loss(McSideName side, double against);

/* How many moves do n scenarios make? */
extern size_t mc_move_count(size_t n, int32_t horizon, bool scaled);

/* Doubles of work space for n scenarios. */
extern size_t mc_model_tail_worksize(const McTailSpec *spec, size_t n);

/*
 * Measures of each level and side; NaN for a level without an answer. *fit says whether the tail has one, of
 * finite numbers, at the first level: MC_FIT_CONSTANT when all moves are zero, whose historical measures are zero.
 * Wants at least one move; scenarios that are not usable have no answer. MC_OK or MC_STOPPED.
 */
extern McStatus mc_model_tail(const McTailSpec *spec, const McScenarios *scenarios, double *work,
                              McMeasures measures[MC_LEVELS][MC_SIDES], McFit *fit,
                              const McPoll *poll);

#endif
