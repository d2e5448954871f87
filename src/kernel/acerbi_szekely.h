/*
 * acerbi_szekely.h
 *	  Backtests of expected shortfall by Acerbi and Szekely, and their distribution under a null
 *	  hypothesis.
 *
 * With N exceptions in T observations, X the P&L, ES positive:
 *
 *	  Z1 = (sum over exceptions of X / ES) / N + 1
 *	  Z2 = (sum over exceptions of X / ES) / (T (1 - c)) + 1
 *
 * Both have a mean of 0 when VaR and ES are right, and are negative when ES is too low.  The third test
 * asks for the whole predictive distribution, F_t = F((x - location_t) / scale_t) with F normal or Student
 * t, and looks at the k = floor(T (1 - c)) worst ranks.  With a the mean of the k worst standardised
 * losses, and b what it is expected to be when the ranks are uniform:
 *
 *	  Z3 = 1 - mean over t of (scale_t a - location_t) / (scale_t b - location_t)
 */
#ifndef MC_ACERBI_SZEKELY_H
#define MC_ACERBI_SZEKELY_H

#include <stdint.h>

#include "status.h"

typedef struct McAcerbiSzekely
{
	size_t exceptions;
	double z1; /* NaN without exceptions */
	double z2;
} McAcerbiSzekely;

/*
 * Both statistics of n > 0 observations with ES > 0, the same digits in any order of the rows.
 * work holds n doubles.  MC_OVERFLOW when a loss over its ES is beyond a double; MC_STOPPED.
 */
extern McStatus mc_acerbi_szekely(const double *pnl, const double *value_at_risk,
                                  const double *expected_shortfall, size_t n, double confidence,
                                  double *work, const McPoll *poll, McAcerbiSzekely *result);

/* k: the whole number of ranks in the tail, 0 when n (1 - confidence) is below one. */
extern size_t mc_es_worst_ranks(size_t n, double confidence);

/*
 * b: the expected mean of the k worst of n independent standard losses, 0 < k < n; infinite degrees of
 * freedom for normal ones, else above 1.  Relative error below 1e-9.  MC_OVERFLOW when it has no value
 * that a double holds.
 */
extern McStatus mc_es_worst_loss(size_t n, size_t k, double degrees_of_freedom, double *expected);

/*
 * Z3 of n observations; scale > 0, and scale b > location everywhere (an ES above 0).  The same digits in any
 * order of the rows.  work holds n doubles.  MC_OVERFLOW, MC_STOPPED.
 */
extern McStatus mc_acerbi_szekely_ranks(const double *pnl, const double *location,
                                        const double *scale, size_t n, size_t k, double expected,
                                        double *work, const McPoll *poll, double *z3);

/*
 * P&L independent and Student t (normal when the degrees of freedom are infinite), with right
 * forecasts.
 */
typedef struct McEsNull
{
	size_t observations;
	double confidence;
	double degrees_of_freedom; /* above 1: below, there is no ES */
	uint64_t seed;
} McEsNull;

extern size_t mc_es_paths_worksize(size_t observations);

/*
 * Z of `paths` samples of the null hypothesis into z, the same for the same arguments on every
 * machine; Z1 of paths without exceptions is left out, *kept counts the others.  which is 1 or 2;
 * work holds mc_es_paths_worksize(observations) doubles.  MC_OK, MC_STOPPED, or
 * MC_OVERFLOW when a quantile is beyond a double (a confidence within 1e-16 of 0).
 */
extern McStatus mc_es_paths(const McEsNull *null, int which, size_t paths, double *z, size_t *kept,
                            double *work, const McPoll *poll);

/* The same for Z3, with the k worst ranks and locations of 0; all paths have one. */
extern McStatus mc_es_rank_paths(const McEsNull *null, size_t k, size_t paths, double *z,
                                 double *work, const McPoll *poll);

/*
 * The smallest z with F(z) >= significance among kept > 0 values, which are reordered.
 */
extern McStatus mc_es_critical(double *z, size_t kept, double significance, const McPoll *poll,
                               double *critical);

/* (1 + number of values <= statistic) / (1 + kept): never 0. */
extern double mc_es_p_value(const double *z, size_t kept, double statistic);

#endif
