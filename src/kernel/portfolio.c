/*
 * portfolio.c
 *	  Margin of one account: the measure of its profits in scenarios, and the components beside it.
 *
 * Methods that are cases of it: the sixteen scenarios and the short option minimum of SPAN; grids
 * of price and vol with weighted tails (Deribit, Paradex); Derive's PMRM_2, whose groups are
 * discounted and whose contingencies for the basis stand beside the scenarios; historical VaR and ES.
 */
#include <math.h>

#include "portfolio_losses.h"
#include "portfolio_parts.h"
#include "tail.h"

static double
not_negative(double x)
{
	return x > 0 ? x : 0;
}

/* The scan losses; work is overwritten. */
static McStatus
measure_losses(const double *pnl, const McLosses *losses, const McPortfolioMethod *method,
               double *work, double scan[MC_REQUIREMENTS], const McPoll *poll)
{
	McTailRank rank[MC_REQUIREMENTS];
	size_t depth = 1;

	scan[MC_INITIAL] = scan[MC_MAINTENANCE] = not_negative(losses->largest);
	if (method->measure == MC_PORTFOLIO_WORST || losses->n == 0)
		return MC_OK;
	for (int r = 0; r < MC_REQUIREMENTS; r++)
	{
		rank[r] = mc_tail_rank(losses->n, method->confidence[r]);
		if (mc_tail_depth(&rank[r]) > depth)
			depth = mc_tail_depth(&rank[r]);
	}
	if (mc_losses_order(pnl, method, losses, depth, work, poll) != MC_OK)
		return MC_STOPPED;
	for (int r = 0; r < MC_REQUIREMENTS; r++)
	{
		double var;
		double es;

		mc_tail_measures(work, &rank[r], &var, method->measure == MC_PORTFOLIO_ES ? &es : NULL);
		scan[r] = not_negative(method->measure == MC_PORTFOLIO_ES ? es : var);
	}
	return MC_OK;
}

/* Contingencies stand beside the scenarios, minimums come after all that adds up. */
typedef enum Stage
{
	STAGE_CONTINGENCY,
	STAGE_SUM,
	STAGE_MINIMUM
} Stage;

static Stage
stage_of(McComponentKind kind)
{
	if (kind == MC_COMPONENT_CONTINGENCY)
		return STAGE_CONTINGENCY;
	if (mc_is_minimum(kind))
		return STAGE_MINIMUM;
	return STAGE_SUM;
}

/* Adds the amount to the total, or raises the total to it; returns by how much. */
static double
apply(Stage stage, double amount, double *total)
{
	double before = *total;

	if (stage != STAGE_MINIMUM)
	{
		*total += amount;
		return amount;
	}
	if (!(amount > before))
		return 0;
	*total = amount;
	return amount - before;
}

static McStatus
apply_components(Stage stage, const McHolding *holdings, size_t n, const McPortfolioMethod *method,
                 double total[MC_REQUIREMENTS], double (*amounts)[MC_REQUIREMENTS],
                 McProgress *progress)
{
	for (size_t i = 0; i < method->components; i++)
	{
		const McComponent *component = &method->component[i];
		double amount[MC_REQUIREMENTS];

		if (stage_of(component->kind) != stage)
			continue;
		if (mc_component_amount(component, holdings, n, method, amount, progress) != MC_OK)
			return MC_STOPPED;
		for (int r = 0; r < MC_REQUIREMENTS; r++)
		{
			double added;

			if (!isfinite(amount[r]))
				return MC_OVERFLOW;
			added = apply(stage, amount[r], &total[r]);
			if (amounts)
				amounts[i][r] = added;
		}
	}
	return MC_OK;
}

/* Sums that do not depend on scenarios or components. */
static bool
add_up(const McHolding *holdings, size_t n, McPortfolioMargin *margin)
{
	margin->value = margin->notional = margin->delta = margin->vega = 0;
	for (size_t i = 0; i < n; i++)
	{
		const McUnitRisk *risk = holdings[i].risk;
		double q = holdings[i].quantity;

		margin->value += q * risk->base;
		margin->notional += fabs(q) * risk->notional;
		margin->delta += q * risk->delta;
		margin->vega += q * risk->vega;
	}
	return isfinite(margin->value) && isfinite(margin->notional) && isfinite(margin->delta) &&
	       isfinite(margin->vega);
}

/* From the scan losses in margin->scan to the requirements. */
static McStatus
charge(const McHolding *holdings, size_t n, const McPortfolioMethod *method,
       double (*amounts)[MC_REQUIREMENTS], McPortfolioMargin *margin, McProgress *progress)
{
	double contingency[MC_REQUIREMENTS] = {0, 0};
	McStatus status;

	status =
	    apply_components(STAGE_CONTINGENCY, holdings, n, method, contingency, amounts, progress);
	if (contingency[MC_INITIAL] > margin->scan[MC_INITIAL])
		margin->worst = method->scenarios;
	for (int r = 0; r < MC_REQUIREMENTS; r++)
	{
		margin->scan[r] = method->factor[r] * fmax(margin->scan[r], contingency[r]);
		margin->requirement[r] = margin->scan[r];
	}
	for (Stage stage = STAGE_SUM; stage <= STAGE_MINIMUM && status == MC_OK; stage++)
		status =
		    apply_components(stage, holdings, n, method, margin->requirement, amounts, progress);
	if (status != MC_OK)
		return status;
	return isfinite(margin->requirement[MC_INITIAL]) &&
	               isfinite(margin->requirement[MC_MAINTENANCE])
	           ? MC_OK
	           : MC_OVERFLOW;
}

McStatus
mc_portfolio_margin(const McHolding *holdings, size_t n, const McPortfolioMethod *method,
                    double *pnl, double *work, double (*amounts)[MC_REQUIREMENTS],
                    McPortfolioMargin *margin, const McPoll *poll)
{
	McProgress progress = {poll, 0};
	McStatus status;
	McLosses losses;

	if (!add_up(holdings, n, margin))
		return MC_OVERFLOW;
	status = (method->has_offset_share ? mc_shared_profits : mc_portfolio_profits)(
	    holdings, n, method, pnl, work, &progress);
	if (status != MC_OK)
		return status;
	mc_losses_take(pnl, method, &losses);
	if (!losses.finite)
		return MC_OVERFLOW;
	margin->worst = method->scenarios;
	margin->worst_pnl = -not_negative(losses.largest);
	if (margin->worst_pnl < 0)
		margin->worst = mc_losses_worst(pnl, method, &losses);
	else
		margin->worst_pnl = 0;
	if (measure_losses(pnl, &losses, method, work, margin->scan, poll) != MC_OK)
		return MC_STOPPED;
	return charge(holdings, n, method, amounts, margin, &progress);
}
