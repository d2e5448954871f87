/*
 * acerbi_szekely.c
 *	  Backtests of expected shortfall by Acerbi and Szekely, and their distribution under a null
 *	  hypothesis.
 *
 * C. Acerbi, B. Szekely, "Back-testing expected shortfall", Risk 27 (December 2014) 76-81, tests 1
 * to 3.  A path of the simulation needs no more than its tail.  For Z1 and Z2 the number of
 * exceptions is binomial, and each of them a quantile at a uniform probability below 1 - c; for Z3
 * the least uniform numbers come one after the other from exponential spacings (A. Renyi 1953).
 */
#include <math.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_integration.h>
#include <gsl/gsl_randist.h>

#include "acerbi_szekely.h"
#include "double_double.h"
#include "exceptions.h"
#include "random.h"
#include "select.h"
#include "tail.h"

McStatus
mc_acerbi_szekely(const double *pnl, const double *value_at_risk, const double *expected_shortfall,
                  size_t n, double confidence, double *work, const McPoll *poll,
                  McAcerbiSzekely *result)
{
	McDD sum = {0, 0};
	size_t count = 0;
	double shortfalls;
	McStatus status;

	for (size_t i = 0; i < n; i++)
		if (mc_is_exception(pnl[i], value_at_risk[i]))
			work[count++] = -pnl[i] / expected_shortfall[i];
	status = mc_sort_descending(work, count, poll);
	if (status != MC_OK)
		return status;
	for (size_t i = 0; i < count; i++)
		sum = mc_dd_add_double(sum, work[i]);
	shortfalls = mc_dd_value(sum);
	result->exceptions = count;
	result->z1 = count > 0 ? 1 - shortfalls / (double) count : NAN;
	result->z2 = 1 - shortfalls / ((double) n * mc_exception_probability(confidence));
	return isfinite(result->z2) ? MC_OK : MC_OVERFLOW;
}

/* Uniform in (0, 1), never an end. */
static double
next_uniform(McRandom *random)
{
	uint64_t high = mc_random_word(random);
	uint64_t bits = high << 32 | mc_random_word(random);

	return ((double) (bits >> 12) + 0.5) * 0x1p-52;
}

/* The loss that is exceeded with this probability. */
static double
loss_quantile(double probability, double degrees_of_freedom)
{
	return isinf(degrees_of_freedom) ? gsl_cdf_ugaussian_Qinv(probability)
	                                 : gsl_cdf_tdist_Qinv(probability, degrees_of_freedom);
}

static double
loss_density(double loss, double degrees_of_freedom)
{
	return isinf(degrees_of_freedom) ? gsl_ran_ugaussian_pdf(loss)
	                                 : gsl_ran_tdist_pdf(loss, degrees_of_freedom);
}

static double
null_shortfall(double p, double degrees_of_freedom)
{
	double nu = degrees_of_freedom;
	double var = loss_quantile(p, nu);

	if (isinf(nu))
		return loss_density(var, nu) / p;
	return loss_density(var, nu) / p * (nu + var * var) / (nu - 1);
}

/*
 * Quantiles at p exp(-t) and their derivatives by t, for t = 0, STEP, ...: where a tail is a power
 * or thinner, both are smooth in t, and a cubic between two of them is good to 1e-9
 * (test_acerbi_szekely.c).  A quantile of Student's t itself takes a microsecond or more.
 */
#define STEP 0.02
#define NODES 1900 /* beyond t = 53 log(2), the least uniform number */

#define RANDOM_PURPOSE 3 /* other users of a seed get other numbers */

static McStatus
quantile_table(double p, double degrees_of_freedom, double *table, const McPoll *poll)
{
	for (size_t i = 0; i < NODES; i++)
	{
		double u = p * exp(-STEP * (double) i);
		double q = loss_quantile(u, degrees_of_freedom);

		double density = loss_density(q, degrees_of_freedom);

		table[2 * i] = q;
		table[2 * i + 1] = density > 0 ? STEP * u / density : INFINITY;
		if (!(isfinite(q) && isfinite(table[2 * i + 1])))
			return MC_OVERFLOW;
		if (mc_poll_stop(poll))
			return MC_STOPPED;
	}
	return MC_OK;
}

/* The quantile at p u: Hermite's cubic between two nodes. */
static double
tail_quantile(const double *table, double u)
{
	double t = -log(u) / STEP;
	size_t i = (size_t) t;
	double x = t - (double) i;
	const double *a = table + 2 * i;
	double rise = a[2] - a[0];

	return a[0] + x * (a[1] + x * (3 * rise - 2 * a[1] - a[3] + x * (a[1] + a[3] - 2 * rise)));
}

/* P(N <= k) for k = 0, 1, ... until it is 1; the number of entries. */
static McStatus
count_table(const McEsNull *null, double *table, const McPoll *poll, size_t *entries)
{
	double n = (double) null->observations;
	double p = mc_exception_probability(null->confidence);
	size_t k = 0;

	for (; k < null->observations; k++)
	{
		table[k] = mc_binomial_at_most((double) k, n, p);
		if (table[k] >= 1)
			break;
		if (k % 1024 == 0 && mc_poll_stop(poll))
			return MC_STOPPED;
	}
	table[k] = 1;
	*entries = k + 1;
	return MC_OK;
}

/* The least k with table[k] >= u, by halving. */
static size_t
draw_count(const double *table, size_t entries, double u)
{
	size_t low = 0;
	size_t high = entries - 1;

	while (low < high)
	{
		size_t middle = low + (high - low) / 2;

		if (table[middle] < u)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

size_t
mc_es_paths_worksize(size_t observations)
{
	return observations + 1 + 2 * NODES;
}

McStatus
mc_es_paths(const McEsNull *null, int which, size_t paths, double *z, size_t *kept, double *work,
            const McPoll *poll)
{
	double p = mc_exception_probability(null->confidence);
	double es = null_shortfall(p, null->degrees_of_freedom);
	double mass = (double) null->observations * p;
	const double *quantiles = work;
	double *counts = work + 2 * NODES;
	McRandom random;
	size_t entries = 0;
	size_t steps = 0;
	McStatus status;

	*kept = 0;
	mc_random_start(&random, null->seed, (uint32_t) which, RANDOM_PURPOSE);
	status = quantile_table(p, null->degrees_of_freedom, work, poll);
	if (status == MC_OK)
		status = count_table(null, counts, poll, &entries);
	if (status != MC_OK)
		return status;
	for (size_t path = 0; path < paths; path++)
	{
		size_t count = draw_count(counts, entries, next_uniform(&random));
		double sum = 0;

		if (path % MC_POLL_STEPS == 0 && mc_poll_stop(poll))
			return MC_STOPPED;
		for (size_t i = 0; i < count; i++)
		{
			sum += tail_quantile(quantiles, next_uniform(&random));
			if (++steps % MC_POLL_STEPS == 0 && mc_poll_stop(poll))
				return MC_STOPPED;
		}
		if (which == 2)
			z[(*kept)++] = 1 - sum / es / mass;
		else if (count > 0)
			z[(*kept)++] = 1 - sum / es / (double) count;
	}
	return MC_OK;
}

/* The density of the mean of the k worst of T ranks at p: k / T times what is returned. */
typedef struct WorstRanks
{
	double k;
	double rest; /* T - k */
	double degrees_of_freedom;
} WorstRanks;

static double
worst_rank_loss(double p, void *arg)
{
	const WorstRanks *ranks = arg;

	return loss_quantile(p, ranks->degrees_of_freedom) * gsl_cdf_beta_Q(p, ranks->k, ranks->rest);
}

size_t
mc_es_worst_ranks(size_t n, double confidence)
{
	McTailRank rank = mc_tail_rank(n, confidence);

	return rank.whole + (rank.fraction >= 1);
}

McStatus
mc_es_worst_loss(size_t n, size_t k, double degrees_of_freedom, double *expected)
{
	WorstRanks ranks = {(double) k, (double) (n - k), degrees_of_freedom};
	gsl_function function = {worst_rank_loss, &ranks};
	/* half of the mass lies on each side, so that neither end is missed */
	double middle = gsl_cdf_beta_Pinv(0.5, ranks.k, ranks.rest + 1);
	gsl_integration_workspace *space = gsl_integration_workspace_alloc(1000);
	double lower;
	double upper;
	double error;
	int failed;

	if (space == NULL)
		return MC_OVERFLOW;
	failed = gsl_integration_qags(&function, 0, middle, 0, 1e-11, 1000, space, &lower, &error);
	/* the upper part is small beside the lower one */
	if (!failed)
		failed = gsl_integration_qags(&function, middle, 1, fabs(lower) * 1e-12, 1e-11, 1000, space,
		                              &upper, &error);
	gsl_integration_workspace_free(space);
	if (failed || !isfinite(lower + upper))
		return MC_OVERFLOW;
	*expected = (lower + upper) * (double) n / ranks.k;
	return MC_OK;
}

McStatus
mc_acerbi_szekely_ranks(const double *pnl, const double *location, const double *scale, size_t n,
                        size_t k, double expected, double *work, const McPoll *poll, double *z3)
{
	McDD sum = {0, 0};
	double worst;
	McStatus status;

	for (size_t i = 0; i < n; i++)
		work[i] = -(pnl[i] - location[i]) / scale[i];
	status = mc_tail_largest_in_place(work, n, k, poll);
	if (status != MC_OK)
		return status;
	for (size_t i = 0; i < k; i++)
		sum = mc_dd_add_double(sum, work[i]);
	worst = mc_dd_value(sum) / (double) k;
	for (size_t i = 0; i < n; i++)
		work[i] = (scale[i] * worst - location[i]) / (scale[i] * expected - location[i]);
	status = mc_sort_descending(work, n, poll);
	sum = (McDD){0, 0};
	for (size_t i = 0; i < n; i++)
		sum = mc_dd_add_double(sum, work[i]);
	*z3 = 1 - mc_dd_value(sum) / (double) n;
	if (status == MC_OK && !isfinite(*z3))
		status = MC_OVERFLOW;
	return status;
}

/* The mean loss at the k least of n uniform numbers, in rising order. */
static double
draw_worst(const double *quantiles, double base, size_t n, size_t k, double degrees_of_freedom,
           McRandom *random)
{
	double spacing = 0;
	double sum = 0;

	for (size_t i = 0; i < k; i++)
	{
		double u;

		spacing -= log(next_uniform(random)) / (double) (n - i);
		u = -expm1(-spacing);
		sum += u < base ? tail_quantile(quantiles, u / base) : loss_quantile(u, degrees_of_freedom);
	}
	return sum / (double) k;
}

McStatus
mc_es_rank_paths(const McEsNull *null, size_t k, size_t paths, double *z, double *work,
                 const McPoll *poll)
{
	size_t n = null->observations;
	/* one path in ten thousand leaves the table */
	double base = fmin(gsl_cdf_beta_Qinv(1e-4, (double) k, (double) (n - k) + 1), 0.9);
	double expected;
	size_t steps = 0;
	McRandom random;
	McStatus status = mc_es_worst_loss(n, k, null->degrees_of_freedom, &expected);

	if (status == MC_OK)
		status = quantile_table(base, null->degrees_of_freedom, work, poll);
	if (status != MC_OK)
		return status;
	mc_random_start(&random, null->seed, 3, RANDOM_PURPOSE);
	for (size_t path = 0; path < paths; path++)
	{
		z[path] = 1 - draw_worst(work, base, n, k, null->degrees_of_freedom, &random) / expected;
		steps += k;
		if (steps >= MC_POLL_STEPS)
		{
			steps = 0;
			if (mc_poll_stop(poll))
				return MC_STOPPED;
		}
	}
	return MC_OK;
}

McStatus
mc_es_critical(double *z, size_t kept, double significance, const McPoll *poll, double *critical)
{
	double rank = ceil((double) kept * significance * (1 - 1e-12));
	size_t depth = rank < 1 ? 1 : rank > (double) kept ? kept : (size_t) rank;
	McStatus status;

	/* the lowest values are the largest of the negatives */
	for (size_t i = 0; i < kept; i++)
		z[i] = -z[i];
	status = mc_tail_largest_in_place(z, kept, depth, poll);
	for (size_t i = 0; i < kept; i++)
		z[i] = -z[i];
	*critical = z[depth - 1];
	return status;
}

double
mc_es_p_value(const double *z, size_t kept, double statistic)
{
	size_t below = 0;

	for (size_t i = 0; i < kept; i++)
		below += z[i] <= statistic;
	return (1 + (double) below) / (1 + (double) kept);
}
