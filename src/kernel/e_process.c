/*
 * e_process.c
 *	  Anytime-valid backtests: the wealth of a bet against forecasts of value at risk or expected
 *	  shortfall.
 *
 * Q. Wang, R. Wang, J. Ziegel, "E-backtesting", arXiv:2209.00991, sections 3 and 5.  The wealth is
 * kept as a logarithm, so that decades of quiet days do not underflow and a disaster does not
 * overflow. The adaptive bet is their growth-rate optimal one for the empirical e-values so far,
 * by the second order expansion of log(1 + lambda (e - 1)): mean(e - 1) / mean((e - 1)^2), capped
 * at 1/2.
 */
#include <float.h>
#include <math.h>

#include "e_process.h"
#include "exceptions.h"

#define LARGEST_BET 0.5

double
mc_e_value_at_risk(double pnl, double value_at_risk, double confidence)
{
	return mc_is_exception(pnl, value_at_risk) ? 1 / mc_exception_probability(confidence) : 0;
}

double
mc_e_expected_shortfall(double pnl, double value_at_risk, double expected_shortfall,
                        double confidence)
{
	double forecast = mc_exception_probability(confidence) * (expected_shortfall - value_at_risk);

	if (!mc_is_exception(pnl, value_at_risk))
		return 0;
	return forecast > 0 ? (-pnl - value_at_risk) / forecast : INFINITY;
}

double
mc_e_adaptive_bet(const McEProcess *process)
{
	double bet;

	/* an infinite e-value in the past */
	if (!isfinite(process->squares))
		return LARGEST_BET;
	bet = process->squares > 0 ? process->gains / process->squares : 0;
	return fmin(LARGEST_BET, fmax(0, bet));
}

void
mc_e_process_add(McEProcess *process, double e, double lambda)
{
	/* who bets nothing wins nothing, even from infinite evidence */
	if (lambda > 0)
		process->log_wealth += log1p(lambda * (e - 1));
	process->gains += e - 1;
	process->squares += (e - 1) * (e - 1);
}

double
mc_e_process_wealth(const McEProcess *process)
{
	return fmin(exp(process->log_wealth), DBL_MAX);
}
