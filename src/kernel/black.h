/*
 * black.h
 *	  Undiscounted prices and Greeks of Black (1976) for one option.
 *
 * With x = ln(F / K), s = vol sqrt(t), d1 = x / s + s / 2 and d2 = d1 - s, a call is worth
 * F Phi(d1) - K Phi(d2) and a put K Phi(-d2) - F Phi(-d1) (F. Black, "The pricing of commodity contracts",
 * J. Financial Economics 3, 1976, 167-179).
 *
 * Neither difference is ever taken: the side that is out of the money is computed as
 *	  A phi(d) (Y(d) - Y(d - s)),  A = min(F, K),  d = -|x| / s + s / 2,  Y = Phi / phi,
 * where the difference of Y is s times a divided difference that a polynomial gives without cancellation,
 * and exponents carry what rounding took from d.  The other side adds |F - K|.
 *
 * Against 50 digits (test/unit/test_black.c): relative error below 1e-14 where a price is above 1e-300
 * of A.  black_batch.h computes the same bits for many options.
 */
#ifndef MC_BLACK_H
#define MC_BLACK_H

#include <stdbool.h>

typedef struct McOptionGreeks
{
	double price;
	double delta; /* dV/dF */
	double gamma; /* d2V/dF2 */
	double vega;  /* dV/dvol, per 1.00 of vol */
	double theta; /* -dV/dt, a year */
	double rho;   /* -t V: of a discount factor exp(-r t) at r = 0, F held */
	double vanna; /* d2V/dF dvol */
	double volga; /* d2V/dvol2 */
} McOptionGreeks;

/*
 * All results are NaN where an input is NaN, forward or strike is not positive and finite, or t or vol is
 * negative.
 *
 * t or vol = 0 gives the intrinsic value and the limits of the Greeks: delta 0, 1 or -1 and the others 0,
 * but at F = K delta is 0.5 or -0.5, gamma Infinity, and vega, vanna, volga and theta are those of the
 * formula (theta -Infinity where t alone is 0).  t or vol = Infinity gives the other limit: a call is worth F
 * and a put K.  t = 0 or vol = 0 goes before an Infinity of the other.
 */
extern double mc_black76_price(bool call, double forward, double strike, double t, double vol);
extern void mc_black76_greeks(bool call, double forward, double strike, double t, double vol,
                              McOptionGreeks *greeks);

#endif
