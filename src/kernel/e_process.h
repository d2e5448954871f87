/*
 * e_process.h
 *	  Anytime-valid backtests: the wealth of a bet against forecasts of value at risk or expected
 *	  shortfall.
 *
 *	  E_t = E_(t-1) (1 - lambda_t + lambda_t e_t), E_0 = 1
 *	  VaR: e = 1{L > VaR} / (1 - c)
 *	  ES:  e = max(L - VaR, 0) / ((1 - c) (ES - VaR))
 *
 * When the forecasts are not too low, e has a mean of at most 1, so E exceeds 1 / s ever with
 * probability at most s, whenever one looks.
 */
#ifndef MC_E_PROCESS_H
#define MC_E_PROCESS_H

#include <stdbool.h>

typedef struct McEProcess
{
	double log_wealth; /* log E_t: 0 at the start, so all zeros is an empty process */
	double gains;      /* sums of (e - 1) and (e - 1)^2 for the adaptive bet */
	double squares;
} McEProcess;

extern double mc_e_value_at_risk(double pnl, double value_at_risk, double confidence);

/* ES = VaR with a loss above both is infinite evidence.  ES >= VaR. */
extern double mc_e_expected_shortfall(double pnl, double value_at_risk, double expected_shortfall,
                                      double confidence);

/*
 * The bet that would have made the past grow fastest, to second order, between 0 and 1/2; it uses
 * past rows only, 0 before the first.
 */
extern double mc_e_adaptive_bet(const McEProcess *process);

/* The next observation, with a bet 0 <= lambda < 1. */
extern void mc_e_process_add(McEProcess *process, double e, double lambda);

/* E_t; the largest double when it is beyond, also by infinite evidence. */
extern double mc_e_process_wealth(const McEProcess *process);

#endif
