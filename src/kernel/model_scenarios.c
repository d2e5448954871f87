/*
 * model_scenarios.c
 *	  Returns as they were, filtered by EWMA, or by a GARCH model that is fitted now and then.
 */
#include "model_scenarios.h"

#include <math.h>

#include "ewma.h"
#include "garch_filter.h"
#include "garch_fit.h"

size_t
mc_model_scenarios_worksize(size_t k)
{
	return k + 1;
}

static McStatus
unfiltered(const McLookback *lookback, McScenarios *scenarios, const McPoll *poll)
{
	const double *u = lookback->returns + (lookback->n - lookback->m);
	bool moves = false;

	for (size_t i = 0; i < lookback->m && !moves; i++)
		moves = u[i] != 0;
	scenarios->fit = moves ? MC_FIT_CONVERGED : MC_FIT_CONSTANT;
	scenarios->y = u;
	scenarios->n = lookback->m;
	return lookback->m >= 2 ? mc_sample_deviation(u, lookback->m, &scenarios->vol, poll) : MC_OK;
}

static McStatus
filtered(const McLookback *lookback, double lambda, double *y, McScenarios *scenarios,
         const McPoll *poll)
{
	const double *u = lookback->returns + (lookback->n - lookback->m);
	McStatus status = mc_ewma_filter(u, lookback->m, lambda, y, &scenarios->vol, poll);

	/* beyond the range of a double the square of a tiny return is 0, and the ratio of two is not finite */
	scenarios->fit = scenarios->vol > 0 ? MC_FIT_CONVERGED : MC_FIT_CONSTANT;
	scenarios->y = y;
	scenarios->n = lookback->m;
	return status;
}

/* Fit the window anew: parameters, residuals, and the variance of the bar after it. */
static McStatus
garch_fit_window(const McLookback *lookback, McGarchSpec spec, double *work, McGarchMemory *memory,
                 const McPoll *poll)
{
	const double *w = lookback->returns + (lookback->fitted - lookback->k);
	McGarchSeries series;
	McGarchFit fit;
	McStatus status;

	status = mc_garch_prepare(w, lookback->k, spec, work, &series, &memory->fit, poll);
	if (status != MC_OK || memory->fit != MC_FIT_CONVERGED)
		return status;
	status = mc_garch_fit(&series, &fit, poll);
	memory->fit = fit.fit;
	if (status != MC_OK || !mc_fit_usable(fit.fit))
		return status;
	memory->parameters = fit.parameters;
	status = mc_garch_filter(w, lookback->k, &fit.parameters, spec.presample, work, poll);
	if (status == MC_STOPPED)
		return status;
	if (status != MC_OK)
		memory->fit = MC_FIT_FAILED;
	for (size_t i = 0; i < lookback->k; i++)
		memory->residuals[i] = (w[i] - fit.parameters.mu) / sqrt(work[i]);
	memory->next_variance = work[lookback->k];
	return MC_OK;
}

/* The memory made to be of this window and to have seen all n returns. */
static McStatus
garch_advance(const McLookback *lookback, McModelFilter filter, double *work, McGarchMemory *memory,
              const McPoll *poll)
{
	McGarchSpec spec = {filter == MC_GJR || filter == MC_GJR_T, mc_filter_is_student(filter),
	                    MC_GARCH_BACKCAST};
	McStatus status = MC_OK;

	if (!memory->known || memory->fitted != lookback->fitted || memory->k != lookback->k ||
	    memory->through > lookback->n)
	{
		memory->known = false;
		memory->fitted = lookback->fitted;
		memory->k = lookback->k;
		memory->through = lookback->fitted;
		memory->fit = MC_FIT_TOO_FEW;
		if (lookback->k > 0)
			status = garch_fit_window(lookback, spec, work, memory, poll);
		if (status != MC_OK)
			return status;
		memory->known = true;
	}
	if (!mc_fit_usable(memory->fit))
		return MC_OK;
	for (; memory->through < lookback->n; memory->through++)
		memory->next_variance = mc_garch_step(&memory->parameters, memory->next_variance,
		                                      lookback->returns[memory->through]);
	return MC_OK;
}

static McStatus
garch(const McLookback *lookback, McModelFilter filter, McGarchMemory *memory, double *work,
      double *y, McScenarios *scenarios, const McPoll *poll)
{
	McStatus status = garch_advance(lookback, filter, work, memory, poll);
	double mu = memory->parameters.mu;

	scenarios->fit = memory->fit;
	scenarios->y = y;
	scenarios->n = lookback->k;
	if (status != MC_OK || !mc_fit_usable(memory->fit))
		return status;
	scenarios->vol = sqrt(memory->next_variance);
	scenarios->parameters = memory->parameters;
	if (!(scenarios->vol > 0 && isfinite(scenarios->vol)))
		scenarios->fit = MC_FIT_FAILED;
	for (size_t i = 0; i < lookback->k; i++)
		y[i] = mu + memory->residuals[i] * scenarios->vol;
	return MC_OK;
}

McStatus
mc_model_scenarios(const McLookback *lookback, McModelFilter filter, double lambda,
                   McGarchMemory *memory, double *work, double *y, McScenarios *scenarios,
                   const McPoll *poll)
{
	*scenarios = (McScenarios){.fit = MC_FIT_FAILED, .vol = NAN};
	if (filter == MC_UNFILTERED)
		return unfiltered(lookback, scenarios, poll);
	if (filter == MC_FILTERED)
		return filtered(lookback, lambda, y, scenarios, poll);
	return garch(lookback, filter, memory, work, y, scenarios, poll);
}
