/*
 * realized.h
 *	  Realised variance of one span of bars, and what of it is robust to jumps.
 *
 * With M log returns r_i of consecutive prices, a_i = |r_i|, and all sums over what exists:
 *
 *	  RV     = sum r_i^2
 *	  BV     = (pi / 2) (M / (M - 1)) sum a_i a_(i-1)
 *	  MinRV  = pi / (pi - 2) (M / (M - 1)) sum min(a_i, a_(i-1))^2
 *	  MedRV  = pi / (6 - 4 sqrt(3) + pi) (M / (M - 2)) sum median(a_i, a_(i-1), a_(i-2))^2
 *	  TQ     = m^-3 M (M / (M - 2)) sum (a_i a_(i-1) a_(i-2))^(4/3),  m = 2^(2/3) Gamma(7/6) / Gamma(1/2)
 *
 * RV estimates the quadratic variation; BV (O. E. Barndorff-Nielsen, N. Shephard, J. Financial
 * Econometrics 2, 2004, 1), MinRV and MedRV (T. G. Andersen, D. Dobrev, E. Schaumburg, J. Econometrics
 * 169, 2012, 75) the part of it that is not jumps; TQ the integral of the fourth power of volatility.
 * The factors M / (M - 1) and M / (M - 2) make each unbiased for a constant volatility without drift.
 *
 * Jumps are tested by their share of RV (Barndorff-Nielsen and Shephard, J. Financial Econometrics 4,
 * 2006, 1), in the form with the maximum that X. Huang and G. Tauchen (ibid. 3, 2005, 456) recommend:
 *
 *	  z = ((RV - BV) / RV) / sqrt((pi^2 / 4 + pi - 5) max(1, TQ / BV^2) / M),
 *
 * standard normal without jumps; p = 1 - Phi(z).
 *
 * Terms are never negative and sums double-double: relative error of each measure below 1e-14
 * (test/unit/test_realized.c).
 */
#ifndef MC_REALIZED_H
#define MC_REALIZED_H

#include "double_double.h"
#include "status.h"

typedef struct McRealized
{
	double previous; /* price */
	bool has_previous;
	bool not_finite; /* a return touches a NaN or infinite price */
	size_t returns;  /* M */
	double a1;       /* the last two a_i */
	double a2;
	McDD squares; /* the sums, without their factors */
	McDD products;
	McDD minima;
	McDD medians;
	McDD thirds;
} McRealized;

typedef struct McRealizedMeasures
{
	size_t returns;
	double realized_variance;         /* with at least 1 return */
	double bipower_variation;         /* 2 */
	double minimum_realized_variance; /* 2 */
	double median_realized_variance;  /* 3 */
	double tripower_quarticity;       /* 3 */
	bool has_jump_test;               /* 3, and RV other than 0 */
	double jump_statistic;
	double jump_p_value;
	double jump_share; /* max(0, RV - BV) / RV */
} McRealizedMeasures;

extern void mc_realized_init(McRealized *state);

/* Take the next price, above 0 or NaN.  O(1). */
extern void mc_realized_add(McRealized *state, double price);

/*
 * What there are too few returns for is 0.  Once a NaN or infinite price has come, every measure that
 * has enough returns is NaN.
 */
extern void mc_realized_result(const McRealized *state, McRealizedMeasures *measures);

#endif
