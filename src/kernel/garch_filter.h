/*
 * garch_filter.h
 *	  Variances under given GARCH parameters: of every bar, of the next one, of those ahead.
 */
#ifndef MC_GARCH_FILTER_H
#define MC_GARCH_FILTER_H

#include "garch.h"

/* alpha + gamma / 2 + beta */
extern double mc_garch_persistence(const McGarchParameters *p);

/* The variance of the next bar, given variance and return of this one. */
static inline double
mc_garch_step(const McGarchParameters *p, double variance, double r)
{
	double e = r - p->mu;

	return p->omega + (p->alpha + (e < 0 ? p->gamma : 0)) * (e * e) + p->beta * variance;
}

/*
 * Variances of n bars and of the one that follows, n + 1 values, in the units of the returns.  NaN throughout
 * with a NaN or infinite return; MC_OVERFLOW.  n may be 0 with the variance of the first bar unknown:
 * MC_TOO_FEW.
 */
extern McStatus mc_garch_filter(const double *returns, size_t n, const McGarchParameters *p,
                                McGarchPresample presample, double *variances, const McPoll *poll);

/* Variances of the next `horizon` bars from that of the next one.  MC_OK or MC_OVERFLOW. */
extern McStatus mc_garch_forecast(const McGarchParameters *p, double next, int horizon,
                                  double *variances);

#endif
