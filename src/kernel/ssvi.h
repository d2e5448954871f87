/*
 * ssvi.h
 *	  One surface SVI through the vols of all expiries: free of arbitrage by construction.
 *
 *	  w(k, theta) = theta/2 (1 + rho phi k + sqrt((phi k + rho)^2 + 1 - rho^2)),   phi = eta theta^-gamma
 *
 * theta is the total variance at the money.  Where theta phi (1 + |rho|) < 4 and theta phi^2 (1 + |rho|) <= 4 there is
 * no butterfly arbitrage, and with 0 < gamma < 1 and theta that never falls from expiry to expiry no calendar arbitrage:
 * J. Gatheral and A. Jacquier, "Arbitrage-free SVI volatility surfaces" (2014), theorems 4.1 and 4.2, equation 4.5.
 * Both bounds are monotone in theta, so that what holds for the first and the last expiry holds between them.
 */
#ifndef MC_SSVI_H
#define MC_SSVI_H

#include "smile_fit.h"

typedef struct McSsvi
{
	double rho;
	double eta;
	double gamma;
} McSsvi;

/* The slice at theta > 0, in raw parameters. */
extern McSvi mc_ssvi_slice(const McSsvi *surface, double theta);

/* The quotes of one expiry. */
typedef struct McSsviExpiry
{
	McSmileQuotes quotes;
	double t;
	double theta; /* out: positive; never below that of the expiry before */
} McSsviExpiry;

/*
 * Robust least squares (as in smile_fit.h) over expiries in the order of t, each with at least one quote:
 * rho, eta and gamma by Levenberg-Marquardt steps (GSL), each theta by Newton's between them.
 * MC_TOO_FEW without expiries or with fewer than three quotes in all, MC_OVERFLOW without memory, MC_STOPPED.
 */
extern McStatus mc_ssvi_fit(McSsviExpiry *expiries, size_t n, McSsvi *surface, const McPoll *poll);

#endif
