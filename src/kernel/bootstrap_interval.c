/*
 * bootstrap_interval.c
 *	  Confidence intervals from the replications of a bootstrap.
 *
 * With F* the distribution of the replications, its quantiles q(p), the estimate e and the level 1 - 2 a:
 *
 *	  percentile  q(a), q(1 - a)
 *	  basic       2 e - q(1 - a), 2 e - q(a)
 *	  bca         q(P(a)), q(P(1 - a)),  P(x) = Phi(z + (z + Phi^-1(x)) / (1 - A (z + Phi^-1(x)))),
 *	              z = Phi^-1(F*(e)), ties counted by half, A the acceleration by the jackknife:
 *	              sum d^3 / (6 (sum d^2)^1.5), d = mean of the jackknife - value without row i
 *
 * B. Efron and R. J. Tibshirani, "An Introduction to the Bootstrap" (1993), eq. 13.5, 14.9 to 14.15.
 * Held against scipy.stats.bootstrap on the same replications in test/oracle/bootstrap.py.
 */
#include "bootstrap_sample.h"

#include <gsl/gsl_cdf.h>
#include <math.h>

#include "select.h"

/* What the jackknife needs to leave out one value: the sums with all of them. */
typedef struct Jackknife
{
	McTailRank rank; /* of n - 1 losses */
	McDD top;        /* of the first whole + 1 */
	double sum;
	double squares;
} Jackknife;

static Jackknife
start_jackknife(const McBootstrapSample *sample)
{
	Jackknife j = {{0, 0, 0, 0, 0}, {0, 0}, 0, 0};

	if (sample->settings->statistic == MC_STATISTIC_VOLATILITY)
		for (size_t i = 0; i < sample->n; i++)
		{
			j.sum += sample->sorted[i];
			j.squares += sample->sorted[i] * sample->sorted[i];
		}
	else
	{
		j.rank = mc_tail_rank(sample->n - 1, sample->settings->confidence);
		for (size_t i = 0; i <= j.rank.whole; i++)
			j.top = mc_dd_add_double(j.top, sample->sorted[i]);
	}
	return j;
}

/* The statistic without the value at a place. */
static double
statistic_without(const McBootstrapSample *sample, const Jackknife *j, size_t place)
{
	double x = sample->sorted[place];
	double n = (double) sample->n;
	size_t whole = j->rank.whole;
	double variance;
	double next;

	if (sample->settings->statistic == MC_STATISTIC_VOLATILITY)
	{
		variance = (j->squares - x * x - (j->sum - x) * (j->sum - x) / (n - 1)) / (n - 2);
		return variance > 0 ? sqrt(variance) : 0;
	}
	/* without one of the tail the next one moves up; without any other the tail stays */
	next = sample->sorted[place <= whole ? whole + 1 : whole];
	if (sample->settings->statistic == MC_STATISTIC_VALUE_AT_RISK)
		return next;
	return mc_tail_shortfall(mc_dd_add_double(j->top, place <= whole ? -x : -next), next, &j->rank);
}

/* From the jackknife; 0 with too few rows for one, or when it does not vary.  MC_OK or MC_STOPPED. */
static McStatus
acceleration(McBootstrapSample *sample, double *a)
{
	size_t least = sample->settings->statistic == MC_STATISTIC_VOLATILITY ? 3 : 2;
	double mean = 0;
	double squares = 0;
	double cubes = 0;
	Jackknife jackknife;
	double base;

	*a = 0;
	if (sample->n < least)
		return MC_OK;
	jackknife = start_jackknife(sample);
	/* differences from one of them: where all are equal, nothing is left to round */
	base = statistic_without(sample, &jackknife, sample->n - 1);
	for (size_t i = 0; i < sample->n; i++)
	{
		mean += (statistic_without(sample, &jackknife, i) - base) / (double) sample->n;
		if (mc_bootstrap_must_stop(sample))
			return MC_STOPPED;
	}
	for (size_t i = 0; i < sample->n; i++)
	{
		double d = mean - (statistic_without(sample, &jackknife, i) - base);

		squares += d * d;
		cubes += d * d * d;
		if (mc_bootstrap_must_stop(sample))
			return MC_STOPPED;
	}
	if (squares > 0)
		*a = cubes / (6 * squares * sqrt(squares));
	return MC_OK;
}

static double
quantile(const double *descending, size_t n, double probability)
{
	McQuantileRank rank = mc_quantile_rank(n, probability, MC_QUANTILE_LINEAR);

	return mc_quantile_between(descending[rank.low - 1], descending[rank.high - 1], &rank);
}

/* The probabilities whose quantiles are the ends of the interval. */
static McStatus
correct(McBootstrapSample *sample, const double *replicates, double estimate, double ends[2])
{
	double n = sample->settings->replications;
	double below = 0;
	double z;
	double a;

	if (acceleration(sample, &a) != MC_OK)
		return MC_STOPPED;
	for (uint32_t i = 0; i < sample->settings->replications; i++)
		below += replicates[i] < estimate ? 1 : replicates[i] == estimate ? 0.5 : 0;
	/* all on one side: as if half of one were on the other */
	z = gsl_cdf_ugaussian_Pinv(fmin(fmax(below, 0.5), n - 0.5) / n);
	for (int i = 0; i < 2; i++)
	{
		double shifted = z + gsl_cdf_ugaussian_Pinv(ends[i]);

		/* beyond the pole: the last replication on that side */
		if (a * shifted < 1)
			ends[i] = gsl_cdf_ugaussian_P(z + shifted / (1 - a * shifted));
		else
			ends[i] = shifted > 0;
	}
	return MC_OK;
}

/* Mean and standard deviation about it. */
static void
spread(const double *x, size_t n, double *mean, double *deviation)
{
	McDD sum = {0, 0};
	double squares = 0;

	for (size_t i = 0; i < n; i++)
		sum = mc_dd_add_double(sum, x[i]);
	*mean = mc_dd_value(mc_dd_divide_double(sum, (double) n));
	for (size_t i = 0; i < n; i++)
		squares += (x[i] - *mean) * (x[i] - *mean);
	*deviation = n > 1 ? sqrt(squares / (double) (n - 1)) : 0;
}

McStatus
mc_bootstrap_interval(McBootstrapSample *sample, double *replicates, McBootstrapResult *result)
{
	size_t n = sample->settings->replications;
	double estimate = ldexp(result->estimate, -sample->exponent);
	double ends[2] = {(1 - sample->settings->level) / 2};
	double mean;

	ends[1] = 1 - ends[0];
	if (mc_sort_descending(replicates, n, sample->poll) != MC_OK)
		return MC_STOPPED;
	spread(replicates, n, &mean, &result->standard_error);
	if (sample->settings->interval == MC_INTERVAL_BCA &&
	    correct(sample, replicates, estimate, ends) != MC_OK)
		return MC_STOPPED;
	result->lower = quantile(replicates, n, ends[0]);
	result->upper = quantile(replicates, n, ends[1]);
	if (sample->settings->interval == MC_INTERVAL_BASIC)
	{
		double lower = 2 * estimate - result->upper;

		result->upper = 2 * estimate - result->lower;
		result->lower = lower;
	}
	result->standard_error = ldexp(result->standard_error, sample->exponent);
	result->bias = ldexp(mean - estimate, sample->exponent);
	result->lower = ldexp(result->lower, sample->exponent);
	result->upper = ldexp(result->upper, sample->exponent);
	return isfinite(result->lower) && isfinite(result->upper) ? MC_OK : MC_OVERFLOW;
}
