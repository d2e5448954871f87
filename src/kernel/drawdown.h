/*
 * drawdown.h
 *	  Falls from the highest value so far, of a curve of values or of the wealth that returns make.
 *
 *	  drawdown = (peak - value) / peak,  peak = the largest value so far
 *
 * a fraction from 0 to 1, losses positive.  One step is O(1); nothing is kept of the past but the peak
 * and the deepest fall.  Positions count the observations from 1.
 *
 * For simple returns r the wealth starts at 1 before the first one, and the drawdown itself is
 * carried on: d' = d (1 + r) - r, which neither overflows nor cancels.
 *
 * Accuracy: one rounding for values, one or two a step since the last peak for returns
 * (test/unit/test_drawdown.c).
 */
#ifndef MC_DRAWDOWN_H
#define MC_DRAWDOWN_H

#include "double_double.h"
#include "status.h"

typedef struct McDrawdown
{
	double peak;
	double current; /* drawdown of the last value */
	double deepest;
	double deepest_peak; /* the value that the deepest one fell from, and fell to */
	double deepest_trough;
	size_t count;
	size_t peak_position; /* the last time that the peak was seen */
	size_t deepest_peak_position;
	size_t deepest_trough_position;
	size_t recovery_position; /* first value at or above the deepest's peak again; 0: not yet */
} McDrawdown;

/* A new curve is all zeros.  Add a value > 0, finite. */
static inline void
mc_drawdown_add(McDrawdown *curve, double value)
{
	curve->count++;
	if (value >= curve->peak)
	{
		curve->peak = value;
		curve->peak_position = curve->count;
	}
	curve->current = (curve->peak - value) / curve->peak;
	if (curve->current > curve->deepest)
	{
		curve->deepest = curve->current;
		curve->deepest_peak = curve->peak;
		curve->deepest_trough = value;
		curve->deepest_peak_position = curve->peak_position;
		curve->deepest_trough_position = curve->count;
		curve->recovery_position = 0;
	}
	else if (curve->recovery_position == 0 && curve->deepest > 0 && value >= curve->deepest_peak)
		curve->recovery_position = curve->count;
}

typedef struct McReturnCurve
{
	double current; /* drawdown after the last return */
	double deepest;
	McDD growth; /* sum of log(1 + r) */
	size_t count;
	bool ruined; /* a return of -1: nothing is left to grow */
} McReturnCurve;

/* A new curve is all zeros.  Add a return >= -1, finite. */
extern void mc_return_curve_add(McReturnCurve *curve, double r);

/* Geometric mean return a year; MC_TOO_FEW without returns, MC_OVERFLOW. */
extern McStatus mc_return_curve_annual(const McReturnCurve *curve, double periods_per_year,
                                       double *annual);

/* Annual return / deepest drawdown; MC_TOO_FEW also without a drawdown. */
extern McStatus mc_calmar_ratio(const McReturnCurve *curve, double periods_per_year, double *ratio);

#endif
