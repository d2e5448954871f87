/*
 * filtered.c
 *	  Filtered historical simulation: losses of the next bar from returns rescaled by their volatility.
 *
 * GARCH scenarios are finite because squares of the returns are, and the factors stay below some 1e14: omega is
 * at least 1e-8 of the sample's variance.  EWMA's floor can underflow, so those are looked at.
 * Tested in test/unit/test_filtered.c and test/oracle/garch.py.
 */
#include "filtered.h"

#include <math.h>

#include "ewma.h"
#include "garch_filter.h"
#include "garch_fit.h"

size_t
mc_filtered_worksize(size_t n)
{
	return n + 1;
}

/* Scenarios of a fitted GARCH model; `used` stays NONE when there is no such model. */
static McStatus
garch_scenarios(const double *returns, size_t n, McFilter filter, double *work, double *scenarios,
                McFiltered *result, const McPoll *poll)
{
	McGarchSpec spec = {filter == MC_FILTER_GJR || filter == MC_FILTER_GJR_T,
	                    filter == MC_FILTER_GARCH_T || filter == MC_FILTER_GJR_T,
	                    MC_GARCH_BACKCAST};
	McGarchSeries series;
	McGarchFit fit;
	McStatus status;

	status = mc_garch_prepare(returns, n, spec, work, &series, &result->fit, poll);
	if (status != MC_OK || result->fit != MC_FIT_CONVERGED)
		return status;
	status = mc_garch_fit(&series, &fit, poll);
	result->fit = fit.fit;
	if (status != MC_OK || !mc_fit_usable(fit.fit))
		return status;
	status = mc_garch_filter(returns, n, &fit.parameters, spec.presample, work, poll);
	if (status != MC_OK)
		return status == MC_STOPPED ? MC_STOPPED : MC_OK;
	for (size_t t = 0; t < n; t++)
		scenarios[t] =
		    fit.parameters.mu + (returns[t] - fit.parameters.mu) * sqrt(work[n] / work[t]);
	result->used = filter;
	result->next_vol = sqrt(work[n]);
	return MC_OK;
}

static bool
all_finite(const double *x, size_t n)
{
	bool finite = true;

	for (size_t i = 0; i < n; i++)
		finite &= x[i] - x[i] == 0;
	return finite;
}

static McStatus
ewma_scenarios(const double *returns, size_t n, double lambda, double *scenarios,
               McFiltered *result, const McPoll *poll)
{
	double vol;
	McStatus status = mc_ewma_filter(returns, n, lambda, scenarios, &vol, poll);

	if (status == MC_OK && vol > 0 && isfinite(vol) && all_finite(scenarios, n))
	{
		result->used = MC_FILTER_EWMA;
		result->next_vol = vol;
	}
	return status;
}

McStatus
mc_filtered_losses(const double *returns, size_t n, McFilter filter, double lambda, double *work,
                   double *losses, McFiltered *result, const McPoll *poll)
{
	McStatus status = MC_OK;

	*result = (McFiltered){MC_FILTER_NONE, MC_FIT_FAILED, NAN};
	if (filter != MC_FILTER_EWMA && filter != MC_FILTER_NONE)
		status = garch_scenarios(returns, n, filter, work, losses, result, poll);
	if (status == MC_OK && result->used == MC_FILTER_NONE && filter != MC_FILTER_NONE)
		status = ewma_scenarios(returns, n, lambda, losses, result, poll);
	if (status != MC_OK)
		return status;
	/* not -x: the loss of a return of 0 is 0, not -0 */
	for (size_t t = 0; t < n; t++)
		losses[t] = 0 - (result->used == MC_FILTER_NONE ? returns[t] : losses[t]);
	return MC_OK;
}
