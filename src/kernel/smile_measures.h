/*
 * smile_measures.h
 *	  What a smile says in single numbers: the fair variance of a variance swap, the strike of a delta.
 *
 * A variance swap (no jumps) pays what the log contract pays, whose total variance is the price of
 * options out of the money (P. Carr and D. Madan 1998; K. Demeterfi, E. Derman, M. Kamal and J. Zou 1999):
 *
 *	  V = 2 (int_(k<0) p(k) e^-k dk + int_(k>0) c(k) e^-k dk)
 *
 * with the undiscounted prices p, c of Black (1976) per unit of the forward.  By parts it is
 *
 *	  V = int w(k) phi(d2) (-d2') dk,   d2 = -k / sqrt(w) - sqrt(w) / 2
 *
 * (M. Fukasawa, "The normalizing transformation of the implied volatility smile", Math. Finance 22, 2012),
 * which nothing cancels in: that is what is computed, in u with k = m + sigma sinh(u), where w is entire.
 * It agrees with the first form in wide arithmetic to 1e-12 (test/unit/test_smile_measures.c) and with
 * mpmath (test/oracle/surface_measures.py).
 */
#ifndef MC_SMILE_MEASURES_H
#define MC_SMILE_MEASURES_H

#include <stdbool.h>

#include "status.h"
#include "svi.h"

/*
 * The fair total variance of a valid smile (mc_svi_is_valid); divide by the years.  Infinite where the put wing
 * is as steep as 2 or steeper.  MC_TOO_FEW when the integral does not converge to 1e-9 of itself.
 */
extern McStatus mc_smile_fair_variance(const McSvi *smile, double *total);

/*
 * ln(strike / forward) of the call or the put whose delta of Black (1976), per discounted forward, has the size
 * delta, 0 < delta <= 1/2: N(d1) of calls, N(-d1) of puts.  Adjusted by the premium, as of options that are paid for
 * and settled in the underlying: e^k N(d2) and e^k N(-d2); a call then has up to two such strikes,
 * and the higher is meant.  NaN where there is none: the call wing is as steep as 2, every vol is 0, or no
 * premium-adjusted delta of a call is so large.  For smiles without arbitrage the answer is the only one; of
 * others it is one of them, or NaN.
 */
extern double mc_smile_k_at_delta(const McSvi *smile, bool is_call, double delta,
                                  bool premium_adjusted);

#endif
