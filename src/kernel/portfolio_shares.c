/*
 * portfolio_shares.c
 *	  What an account earns where profits on one underlying count only in part against losses on another.
 */
#include <string.h>

#include "portfolio_parts.h"

McStatus
mc_shared_profits(const McHolding *holdings, size_t n, const McPortfolioMethod *method, double *pnl,
                  double *work, McProgress *progress)
{
	size_t scenarios = method->scenarios;
	double share = method->offset_share;
	size_t end;

	memset(pnl, 0, scenarios * sizeof(double));
	for (size_t start = 0; start < n; start = end)
	{
		McStatus status;

		end = mc_underlying_end(holdings, n, start);
		status = mc_portfolio_profits(holdings + start, end - start, method, work, work + scenarios,
		                              progress);
		if (status != MC_OK)
			return status;
		for (size_t s = 0; s < scenarios; s++)
			pnl[s] += work[s] < 0 ? work[s] : share * work[s];
		if (mc_progress_stopped(progress, scenarios))
			return MC_STOPPED;
	}
	return MC_OK;
}
