/*
 * smile_fit.h
 *	  Smiles of SVI through the vols of one or several expiries by robust least squares, kept from arbitrage.
 */
#ifndef MC_SMILE_FIT_H
#define MC_SMILE_FIT_H

#include "fit.h"
#include "status.h"
#include "svi.h"

/* Quotes of one expiry; arrays of n finite elements, scale > 0. */
typedef struct McSmileQuotes
{
	size_t n;
	const double *k;     /* ln(strike / forward) */
	const double *vol;   /* a year */
	const double *scale; /* how far off a vol may be: errors count in units of it */
} McSmileQuotes;

#define MC_SMILE_CUTS 8

typedef enum McSmileArbitrage
{
	MC_SMILE_BUTTERFLY,
	MC_SMILE_CALENDAR
} McSmileArbitrage;

typedef struct McSmile
{
	McSmileQuotes quotes;
	double t;    /* years */
	McSvi prior; /* valid: where the fit goes without quotes */

	/* where to look for arbitrage beside a grid that follows the quotes, see mc_smile_cut */
	double cuts[2][MC_SMILE_CUTS];
	int cut_count[2];

	McSvi smile;    /* in: valid, where the fit starts; out: where it ended, valid */
	double *robust; /* [quotes.n] what each quote counts, 0 to 1: in, and out unless rounds is 0 */
} McSmile;

/*
 * Minimise, over all smiles together,
 *
 *	  sum robust_i ((vol(k_i) - vol_i) / scale_i)^2 + a weak pull to the prior + penalties
 *
 * where the penalties keep g(k) from falling below 0, and, when `ordered`, total variance from falling below
 * that of the expiry before (smiles in ascending t).  `free` leaves out all penalties.  By Levenberg-Marquardt
 * steps (GSL) on sparse normal equations.  Between rounds each quote gets Huber's weight.
 *
 * Penalties bring the smiles close to where there is no arbitrage, and no closer: svi.h checks.
 *
 * *fit: MC_FIT_CONVERGED, MC_FIT_ITERATIONS, or MC_FIT_FAILED with the smiles as they were.  MC_TOO_FEW without
 * smiles, MC_OVERFLOW without memory, MC_STOPPED.
 */
typedef struct McSmileOptions
{
	bool ordered;
	bool free;
	int rounds; /* 0: once, with the weights as they are */
	double
	    strictness; /* of the penalties, 1 or more: several times that for fits that will not give in */
} McSmileOptions;

/* Look for arbitrage at k too from now on: where a fit left some, between the points of its grid. */
static inline void
mc_smile_cut(McSmile *smile, McSmileArbitrage kind, double k)
{
	smile->cuts[kind][smile->cut_count[kind] % MC_SMILE_CUTS] = k;
	smile->cut_count[kind]++;
}

extern McStatus mc_smile_fit(McSmile *smiles, size_t n, const McSmileOptions *options, McFit *fit,
                             const McPoll *poll);

#endif
