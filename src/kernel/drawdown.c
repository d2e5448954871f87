/*
 * drawdown.c
 *	  The wealth that simple returns make.
 */
#include "drawdown.h"

#include <math.h>

void
mc_return_curve_add(McReturnCurve *curve, double r)
{
	curve->count++;
	if (r == -1)
		curve->ruined = true;
	if (curve->ruined)
		curve->current = 1;
	else
	{
		curve->growth = mc_dd_add_double(curve->growth, log1p(r));
		curve->current = fmax(curve->current * (1 + r) - r, 0);
	}
	curve->deepest = fmax(curve->deepest, curve->current);
}

McStatus
mc_return_curve_annual(const McReturnCurve *curve, double periods_per_year, double *annual)
{
	if (curve->count == 0)
		return MC_TOO_FEW;
	*annual = curve->ruined
	              ? -1
	              : expm1(mc_dd_value(curve->growth) * periods_per_year / (double) curve->count);
	return isfinite(*annual) ? MC_OK : MC_OVERFLOW;
}

McStatus
mc_calmar_ratio(const McReturnCurve *curve, double periods_per_year, double *ratio)
{
	McStatus status = mc_return_curve_annual(curve, periods_per_year, ratio);

	if (curve->deepest == 0)
		return MC_TOO_FEW;
	if (status != MC_OK)
		return status;
	*ratio /= curve->deepest;
	return isfinite(*ratio) ? MC_OK : MC_OVERFLOW;
}
