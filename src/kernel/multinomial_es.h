/*
 * multinomial_es.h
 *	  Implicit backtest of expected shortfall: exceptions at N levels of value at risk at once.
 *
 * Levels c_j = c + (j - 1) / N (1 - c), j = 1..N; cell j counts the observations that exceed
 * exactly j of them.
 */
#ifndef MC_MULTINOMIAL_ES_H
#define MC_MULTINOMIAL_ES_H

#include "hypothesis.h"

/* Level j from 1 to `levels`. */
extern double mc_multinomial_level(double confidence, size_t levels, size_t j);

/* How many levels does a P&L exceed whose predicted probability from below is pit? */
extern size_t mc_multinomial_cell(double pit, size_t levels, double confidence);

/* counts: levels + 1 cells.  MC_TEST_TOO_FEW without observations. */
extern McTest mc_multinomial_pearson(const size_t *counts, size_t levels, double confidence);
extern McTest mc_multinomial_nass(const size_t *counts, size_t levels, double confidence);
extern McTest mc_multinomial_likelihood_ratio(const size_t *counts, size_t levels,
                                              double confidence);

#endif
