/*
 * garch_series.h
 *	  Returns made ready for a GARCH likelihood: scaled, centred, with their back-cast variance.
 */
#ifndef MC_GARCH_SERIES_H
#define MC_GARCH_SERIES_H

#include "garch.h"

#define MC_GARCH_BACKCAST_BARS 75
#define MC_GARCH_BACKCAST_DECAY 0.94

/* Fewest observations of a fit: five a parameter. */
extern size_t mc_garch_fewest(McGarchSpec spec);

/*
 * Scale n returns into z, n doubles that the series goes on to use.  *fit is MC_FIT_CONVERGED, or why
 * there is nothing to fit.  Multiplying the returns by a power of two changes the exponent and
 * nothing else.
 */
extern McStatus mc_garch_prepare(const double *returns, size_t n, McGarchSpec spec, double *z,
                                 McGarchSeries *series, McFit *fit, const McPoll *poll);

/*
 * The back-cast of n >= 1 returns about a mean: the weighted mean of (r_i - mean)^2 over the first 75.
 */
extern double mc_garch_backcast(const double *returns, size_t n, double mean);

#endif
