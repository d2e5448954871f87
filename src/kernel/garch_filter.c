/*
 * garch_filter.c
 *	  Variances under given GARCH parameters: of every bar, of the next one, of those ahead.
 *
 * In the units of the returns, by the recursion as it is written in garch.h.  Forecasts iterate
 * h_(n+k+1) = omega + persistence h_(n+k); with a symmetric density half of the moves are falls.
 */
#include "garch_filter.h"

#include <math.h>

#include "garch_series.h"

double
mc_garch_persistence(const McGarchParameters *p)
{
	return p->alpha + p->gamma / 2 + p->beta;
}

static double
presample_variance(const double *returns, size_t n, double mu, McGarchPresample presample)
{
	double mean = 0;
	double sum = 0;

	/* not the sum divided: it may overflow */
	for (size_t i = 0; i < n; i++)
		mean += (returns[i] - mean) / (double) (i + 1);
	if (presample == MC_GARCH_BACKCAST)
		return mc_garch_backcast(returns, n, mean);
	for (size_t i = 0; i < n; i++)
		sum += (returns[i] - mu) * (returns[i] - mu);
	return sum / (double) n;
}

McStatus
mc_garch_filter(const double *returns, size_t n, const McGarchParameters *p,
                McGarchPresample presample, double *variances, const McPoll *poll)
{
	double s;
	bool finite = true;

	if (n == 0)
		return MC_TOO_FEW;
	for (size_t i = 0; i < n; i++)
		finite &= isfinite(returns[i]) != 0;
	if (mc_poll_stop(poll))
		return MC_STOPPED;
	if (!finite)
	{
		for (size_t i = 0; i <= n; i++)
			variances[i] = NAN;
		return MC_OK;
	}
	s = presample_variance(returns, n, p->mu, presample);
	variances[0] = p->omega + mc_garch_persistence(p) * s;
	for (size_t i = 0; i < n; i++)
	{
		variances[i + 1] = mc_garch_step(p, variances[i], returns[i]);
		if ((i + 1) % MC_POLL_STEPS == 0 && mc_poll_stop(poll))
			return MC_STOPPED;
	}
	/* what is not finite once stays so, but for beta = 0 */
	for (size_t i = 0; i <= n; i++)
		if (!isfinite(variances[i]))
			return MC_OVERFLOW;
	return MC_OK;
}

McStatus
mc_garch_forecast(const McGarchParameters *p, double next, int horizon, double *variances)
{
	double persistence = mc_garch_persistence(p);

	for (int i = 0; i < horizon; i++)
	{
		variances[i] = i == 0 ? next : p->omega + persistence * variances[i - 1];
		if (!isfinite(variances[i]))
			return MC_OVERFLOW;
	}
	return MC_OK;
}
