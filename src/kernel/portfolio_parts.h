/*
 * portfolio_parts.h
 *	  What the files of the margin of an account share.
 */
#ifndef MC_PORTFOLIO_PARTS_H
#define MC_PORTFOLIO_PARTS_H

#include <math.h>

#include "portfolio.h"

/* Steps since the poll was asked last. */
typedef struct McProgress
{
	const McPoll *poll;
	size_t steps;
} McProgress;

static inline bool
mc_progress_stopped(McProgress *progress, size_t steps)
{
	progress->steps += steps;
	if (progress->steps < MC_POLL_STEPS)
		return false;
	progress->steps = 0;
	return mc_poll_stop(progress->poll);
}

/* Where the underlying of holdings[start] ends. */
static inline size_t
mc_underlying_end(const McHolding *holdings, size_t n, size_t start)
{
	size_t end = start + 1;

	while (end < n && holdings[end].risk->underlying == holdings[start].risk->underlying)
		end++;
	return end;
}

/* Where its group ends. */
static inline size_t
mc_group_end(const McHolding *holdings, size_t n, size_t start)
{
	const McUnitRisk *first = holdings[start].risk;
	size_t end = start + 1;

	while (end < n && holdings[end].risk->group == first->group &&
	       holdings[end].risk->underlying == first->underlying)
		end++;
	return end;
}

/*
 * pnl[scenarios]: the profits P of the account, of a method without an offset share; not finite
 * where a sum is not.  work[scenarios].
 */
extern McStatus mc_portfolio_profits(const McHolding *holdings, size_t n,
                                     const McPortfolioMethod *method, double *pnl, double *work,
                                     McProgress *progress);

/* The same of a method with an offset share; work[2 scenarios]. */
extern McStatus mc_shared_profits(const McHolding *holdings, size_t n,
                                  const McPortfolioMethod *method, double *pnl, double *work,
                                  McProgress *progress);

/*
 * What a component comes to for both requirements: of a minimum the minimum itself.  Not finite
 * where a sum is not.
 */
extern McStatus mc_component_amount(const McComponent *component, const McHolding *holdings,
                                    size_t n, const McPortfolioMethod *method,
                                    double amount[MC_REQUIREMENTS], McProgress *progress);

/*
 * Adds share[r] times what each holding contributes to the component to contributions[n]
 * (portfolio_contributions.h).
 */
extern McStatus mc_component_contributions(const McComponent *component, const McHolding *holdings,
                                           size_t n, const McPortfolioMethod *method,
                                           const double share[MC_REQUIREMENTS],
                                           double (*contributions)[MC_REQUIREMENTS],
                                           McProgress *progress);

/*
 * Of the holdings of one group: the largest loss of those that the component counts in the contingency
 * scenarios, and the first scenario that has it, `scenarios` where none loses.
 */
extern McStatus mc_contingency_loss(const McComponent *component, const McHolding *holdings,
                                    size_t n, const McPortfolioMethod *method, double *loss,
                                    size_t *worst, McProgress *progress);

static inline bool
mc_is_minimum(McComponentKind kind)
{
	return kind == MC_COMPONENT_SHORT_MINIMUM || kind == MC_COMPONENT_DELTA_MINIMUM;
}

static inline bool
mc_is_option(const McHolding *holding)
{
	return holding->risk->kind == MC_OPTION;
}

static inline bool
mc_is_future(const McHolding *holding)
{
	return holding->risk->kind == MC_FUTURE || holding->risk->kind == MC_PERPETUAL;
}

static inline bool
mc_is_counted(const McComponent *component, const McHolding *holding)
{
	return component->kinds == 0 || (component->kinds >> holding->risk->kind & 1);
}

static inline double
mc_holding_notional(const McHolding *holding)
{
	return fabs(holding->quantity) * holding->risk->notional;
}

/* (1 - c) of a confidence below the threshold, else 0 */
static inline double
mc_doubt(double confidence, double threshold)
{
	return confidence < threshold ? 1 - confidence : 0;
}

#endif
