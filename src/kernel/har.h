/*
 * har.h
 *	  The heterogeneous autoregressive model of realised variance.
 *
 *	  v_(t+1) = c + d v_t + w (v_t + ... + v_(t-4)) / 5 + m (v_t + ... + v_(t-21)) / 22 + e_(t+1)
 *
 * by ordinary least squares over every t with 22 values up to it (F. Corsi, "A simple approximate
 * long-memory model of realized volatility", J. Financial Econometrics 7, 2009, 174-196).
 *
 * Standard errors: of least squares, and those of W. K. Newey and K. D. West (Econometrica 55, 1987, 703)
 * with Bartlett weights and lag L = floor(4 (n / 100)^(2/9)), without a small-sample factor.
 *
 * Coefficients and errors agree with wide arithmetic to 1e-11 (test/unit/test_har.c), and with
 * statsmodels to 1e-8 (test/oracle/range_volatility.py).
 */
#ifndef MC_HAR_H
#define MC_HAR_H

#include "fit.h"
#include "status.h"

#define MC_HAR_WEEK 5
#define MC_HAR_MONTH 22
#define MC_HAR_COEFFICIENTS 4

typedef struct McHarModel
{
	McFit fit;                                /* converged, too_few, constant or failed */
	size_t observations;                      /* n */
	double coefficients[MC_HAR_COEFFICIENTS]; /* c, d, w, m */
	double standard_errors[MC_HAR_COEFFICIENTS];
	double newey_west_errors[MC_HAR_COEFFICIENTS];
	size_t newey_west_lag;
	double r_squared;
	double residual_sd; /* divisor n - 4 */
} McHarModel;

/* Doubles of work space for a series of so many values. */
extern size_t mc_har_worksize(size_t count);

/*
 * Fit to finite values in the order of time.  too_few below 27 values (5 observations of 4
 * coefficients); constant when the lags do not vary enough to tell the coefficients apart.  MC_STOPPED
 * is the only other status than MC_OK.  O(count (16 + L)).
 */
extern McStatus mc_har_fit(const double *values, size_t count, double *work, const McPoll *poll,
                           McHarModel *model);

/*
 * The next `horizon` values after the 22 in tail (the oldest first), each from those before it.
 * MC_OVERFLOW when they leave the range of a double.
 */
extern McStatus mc_har_forecast(const double *coefficients, const double *tail, size_t horizon,
                                double *forecasts);

#endif
