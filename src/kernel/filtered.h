/*
 * filtered.h
 *	  Filtered historical simulation: losses of the next bar from returns rescaled by their volatility.
 *
 *	  x_t = mu + (r_t - mu) sigma_(n+1) / sigma_t,	 loss_t = -x_t
 *
 * with sigma from an EWMA (mu = 0) or from a GARCH model fitted to the returns.  G. Barone-Adesi, K.
 * Giannopoulos, L. Vosper, J. Futures Markets 19 (1999); J. Hull, A. White, J. Risk 1 (1998).
 */
#ifndef MC_FILTERED_H
#define MC_FILTERED_H

#include "fit.h"
#include "status.h"

typedef enum McFilter
{
	MC_FILTER_EWMA,
	MC_FILTER_GARCH,
	MC_FILTER_GJR,
	MC_FILTER_GARCH_T,
	MC_FILTER_GJR_T,
	MC_FILTER_NONE /* the returns as they are; only as a result */
} McFilter;

typedef struct McFiltered
{
	McFilter used;
	McFit fit;       /* of the GARCH model, if one was asked for */
	double next_vol; /* NaN without a filter */
} McFiltered;

/* Doubles of work space. */
extern size_t mc_filtered_worksize(size_t n);

/*
 * The n > 0 losses that finite returns imply for the next bar.  A filter that has no answer is replaced: GARCH
 * without a usable fit by EWMA, EWMA without a positive and finite volatility by none.
 * 0 < lambda < 1.  MC_OK or MC_STOPPED.
 */
extern McStatus mc_filtered_losses(const double *returns, size_t n, McFilter filter, double lambda,
                                   double *work, double *losses, McFiltered *result,
                                   const McPoll *poll);

#endif
