/*
 * garch_errors.h
 *	  Standard errors of a fitted GARCH model.
 *
 *	  hessian  sqrt diag H^-1, H the second derivatives of minus the log-likelihood
 *	  opg	   sqrt diag G^-1, G the sum of the outer products of the scores
 *	  qml	   sqrt diag H^-1 G H^-1, right whatever the distribution of the innovations
 *
 * The derivatives include those of the presample variance where it moves with mu.  T. Bollerslev, J. M.
 * Wooldridge, Econometric Reviews 11 (1992); B. D. McCullough, C. G. Renfro, J. Econ. Soc. Meas. 25 (1999).
 */
#ifndef MC_GARCH_ERRORS_H
#define MC_GARCH_ERRORS_H

#include "garch_fit.h"

typedef enum McGarchErrorKind
{
	MC_GARCH_NO_ERRORS,
	MC_GARCH_HESSIAN_ERRORS,
	MC_GARCH_OPG_ERRORS,
	MC_GARCH_QML_ERRORS
} McGarchErrorKind;

/*
 * The errors of the parameters of a usable fit, in their units.  NaN for one that is not free in the model or
 * that a bound holds, the others being those of the model with it fixed; NaN for all when the
 * matrix is not positive definite.  H costs 24 passes over the series.  MC_OK or MC_STOPPED.
 */
extern McStatus mc_garch_errors(const McGarchSeries *series, const McGarchFit *fit,
                                McGarchErrorKind kind, McGarchParameters *errors,
                                const McPoll *poll);

#endif
