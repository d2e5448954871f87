/*
 * garch.h
 *	  GARCH(1,1) and GJR(1,1) with a constant mean, normal or Student t: likelihood, gradient, filter.
 *
 *	  e_t = r_t - mu
 *	  h_t = omega + (alpha + gamma [e_(t-1) < 0]) e_(t-1)^2 + beta h_(t-1),	 t = 1 ... n
 *	  e_0^2 = h_0 = s, and [e_0 < 0] = 1/2
 *
 * The presample variance s is either the back-cast, sum w_i (r_i - mean)^2 / sum w_i over the first 75
 * returns with w_i = 0.94^(i-1), or the mean of e_t^2, which moves with mu.  The t density has unit variance.
 *
 * T. Bollerslev, J. Econometrics 31 (1986); L. Glosten, R. Jagannathan, D. Runkle, J. Finance 48
 * (1993); G. Fiorentini, G. Calzolari, L. Panattoni, J. Appl. Econometrics 11 (1996).
 */
#ifndef MC_GARCH_H
#define MC_GARCH_H

#include "fit.h"
#include "status.h"

typedef enum McGarchPresample
{
	MC_GARCH_BACKCAST,
	MC_GARCH_SAMPLE_VARIANCE
} McGarchPresample;

typedef struct McGarchSpec
{
	bool asymmetric; /* gamma is free, else 0 */
	bool student;    /* t innovations, else normal */
	McGarchPresample presample;
} McGarchSpec;

/* In the units of the returns. */
typedef struct McGarchParameters
{
	double mu;
	double omega;
	double alpha;
	double gamma;
	double beta;
	double degrees_of_freedom; /* infinity for the normal density */
} McGarchParameters;

/*
 * Coordinates in which the likelihood is maximised: of scaled returns, with the reaction to a rise
 * (alpha) and to a fall (alpha + gamma), and with the reciprocal of the degrees of freedom.
 */
enum
{
	MC_GARCH_MU,
	MC_GARCH_OMEGA,
	MC_GARCH_BETA,
	MC_GARCH_RISE, /* to every move in the symmetric models */
	MC_GARCH_FALL, /* not used there */
	MC_GARCH_ETA,  /* not used with the normal density */
	MC_GARCH_DIM
};

/* Returns ready for the likelihood: z_t = (r_t - mean) / 2^exponent, of a deviation near 1. */
typedef struct McGarchSeries
{
	McGarchSpec spec;
	const double *z;
	size_t n;
	double level; /* mean of r / 2^shift */
	int shift;
	int exponent;
	double mean;     /* what rounding left: mean of z */
	double variance; /* mean of z^2, 0.25 to 1 */
	double backcast;
	double least; /* of z */
	double most;
} McGarchSeries;

/*
 * Minus the log-likelihood of z at theta, and its MC_GARCH_DIM derivatives (0
 * for coordinates that are not used).  Infinite or NaN where it overflows.  Wants omega > 0, the
 * reactions and beta >= 0, 0 < eta < 1/2.
 */
extern double mc_garch_value(const McGarchSeries *series, const double *theta, double *gradient);

/*
 * A matrix of MC_GARCH_DIM x MC_GARCH_DIM: the sum over the observations of the outer products of the scores (OPG),
 * or the expected second derivatives given the variances (Fisher; for eta the OPG entry).
 */
typedef enum McGarchInformation
{
	MC_GARCH_OPG,
	MC_GARCH_FISHER
} McGarchInformation;

/* MC_OK or MC_STOPPED: slower than a pass of mc_garch_value, so it asks by itself. */
extern McStatus mc_garch_information(const McGarchSeries *series, const double *theta,
                                     McGarchInformation kind, double *matrix, const McPoll *poll);

/* From coordinates to parameters, and the log-likelihood of the returns from minus that of z. */
extern McGarchParameters mc_garch_parameters(const McGarchSeries *series, const double *theta);
extern double mc_garch_log_likelihood(const McGarchSeries *series, double value);

/* The variance of the bar after the last at theta, in the units of the returns. */
extern double mc_garch_next(const McGarchSeries *series, const double *theta);

#endif
