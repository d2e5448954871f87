/*
 * test_bootstrap.c
 *	  Replications beside resamples written out row by row, intervals beside their formulas, coverage
 *	  on simulated samples.
 */
#include <float.h>
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/bootstrap.h"
#include "kernel/random.h"
#include "kernel/select.h"
#include "kernel/tail.h"
#include "unit.h"

typedef struct Run
{
	McStatus status;
	double *replicates; /* descending, in the unit of the values; to be freed */
	McBootstrapResult result;
} Run;

static Run
run(McBootstrap settings, const double *x, size_t n)
{
	Run r = {MC_OK, malloc(settings.replications * sizeof(double)), {0, 0, 0, 0, 0}};
	void *work = malloc(mc_bootstrap_worksize(n));
	double unit = NAN;

	r.status = mc_bootstrap(&settings, x, n, work, r.replicates, &unit, &r.result, NULL);
	for (uint32_t i = 0; i < settings.replications && r.status == MC_OK; i++)
		r.replicates[i] *= unit;
	free(work);
	return r;
}

/* A statistic of any sample, from its definition. */
static double
statistic(const McBootstrap *settings, const double *x, size_t n)
{
	McTailRank rank = mc_tail_rank(n, settings->confidence);
	double *sorted;
	double var;
	double es;
	double scale = 0;
	double mean = 0;
	double squares = 0;

	if (settings->statistic == MC_STATISTIC_VOLATILITY)
	{
		/* differences from one of them, which lose nothing at any level or scale */
		for (size_t i = 0; i < n; i++)
			scale = fmax(scale, fabs(x[i] - x[0]));
		for (size_t i = 0; i < n && scale > 0; i++)
			mean += (x[i] - x[0]) / scale / (double) n;
		for (size_t i = 0; i < n && scale > 0; i++)
			squares += pow((x[i] - x[0]) / scale - mean, 2);
		return scale * sqrt(squares / (double) (n - 1));
	}
	sorted = malloc(n * sizeof(double));
	memcpy(sorted, x, n * sizeof(double));
	mc_sort_descending(sorted, n, NULL);
	mc_tail_measures(sorted, &rank, &var, &es);
	free(sorted);
	return settings->statistic == MC_STATISTIC_VALUE_AT_RISK ? var : es;
}

/* Resample number j, row by row. */
static void
resample(const McBootstrap *settings, const double *x, size_t n, uint32_t j, double *rows)
{
	double *sorted = malloc(n * sizeof(double));
	size_t length = (size_t) settings->block_length;
	size_t starts = settings->resampling == MC_RESAMPLE_MOVING ? n - length + 1 : n;
	size_t row = 0;
	McRandom random;

	memcpy(sorted, x, n * sizeof(double));
	mc_sort_descending(sorted, n, NULL);
	mc_random_start(&random, settings->seed, j, settings->resampling);
	for (size_t i = 0; i < n; i++)
	{
		bool fresh =
		    settings->resampling == MC_RESAMPLE_STATIONARY
		        ? i == 0 || mc_random_word(&random) < 4294967296.0 / settings->block_length - 1
		        : i % length == 0;

		if (settings->resampling == MC_RESAMPLE_INDEPENDENT || fresh)
			row = mc_random_below(&random, (uint32_t) starts, mc_random_reject((uint32_t) starts));
		else
			row = (row + 1) % n;
		rows[i] = settings->resampling == MC_RESAMPLE_INDEPENDENT ? sorted[row] : x[row];
	}
	free(sorted);
}

static void
row_by_row(void)
{
	const size_t counts[] = {1, 2, 3, 10, 64, 257, 1000};
	const double scales[] = {1, 1e-12, 1e300, 5e-324};
	UnitRandom random = {21};
	double x[1000];
	double rows[1000];
	uint32_t replications = (uint32_t) unit_repeats(40, 10);
	double want[40];
	double worst = 0;
	int estimates = 0;

	for (int trial = 0; trial < 4 * 3 * 7 * 4; trial++)
	{
		size_t n = counts[trial / 12 % 7];
		double scale = scales[trial / 84];
		McBootstrap settings = {.statistic = trial % 3,
		                        .resampling = trial / 3 % 4,
		                        .confidence = 0.5 + 0.5 * unit_uniform(&random),
		                        .replications = replications,
		                        .seed = (uint64_t) trial << 31,
		                        .level = 0.9};
		Run r;

		settings.block_length = fmin((double) n, 1 + trial % 7);
		for (size_t i = 0; i < n; i++)
			x[i] = scale * (trial % 5 ? unit_normal(&random) : floor(3 * unit_normal(&random))) +
			       (scale == 1 && trial % 2 ? 1e8 : 0);
		r = run(settings, x, n);
		if (n == 1 && settings.statistic == MC_STATISTIC_VOLATILITY)
		{
			estimates += r.status != MC_TOO_FEW;
			free(r.replicates);
			continue;
		}
		estimates += !is_close(r.result.estimate, statistic(&settings, x, n), 1e-9);
		for (uint32_t j = 0; j < replications; j++)
		{
			resample(&settings, x, n, j, rows);
			want[j] = statistic(&settings, rows, n);
		}
		mc_sort_descending(want, replications, NULL);
		for (uint32_t j = 0; j < replications; j++)
		{
			/* a mean is known to the last digit of the values */
			double level = fabs(x[0]) > 1e7 ? 1e8 : 1;
			double floor_of = scale == 5e-324 ? 1e-323 : DBL_EPSILON * scale * level;
			double wrong = fabs(r.replicates[j] - want[j]) - floor_of;

			worst = fmax(worst, wrong > 0 ? wrong / fabs(want[j]) : 0);
		}
		free(r.replicates);
	}
	check(estimates == 0, "estimates are those of the sample; one value has no volatility");
	check(worst < 1e-14, "replications are those of resamples written out, error %.2g", worst);
}

/* More rows than a stretch between two looks at the poll. */
static void
long_samples(void)
{
	size_t n = 9001;
	double *x = malloc(n * sizeof(double));
	double *rows = malloc(n * sizeof(double));
	UnitRandom random = {28};
	int wrong = 0;

	for (size_t i = 0; i < n; i++)
		x[i] = unit_normal(&random);
	for (int resampling = 0; resampling < 4; resampling++)
	{
		McBootstrap settings = {.statistic = MC_STATISTIC_EXPECTED_SHORTFALL,
		                        .resampling = resampling,
		                        .confidence = 0.4,
		                        .replications = 1,
		                        .seed = 3,
		                        .level = 0.9,
		                        .block_length = 6000};
		Run r = run(settings, x, n);

		resample(&settings, x, n, 0, rows);
		wrong += !is_close(r.replicates[0], statistic(&settings, rows, n), 1e-14);
		free(r.replicates);
	}
	check(wrong == 0, "9001 rows, and blocks of 6000");
	free(x);
	free(rows);
}

static double
quantile(const double *descending, size_t n, double p)
{
	double position = p * (double) (n - 1);
	size_t low = (size_t) position;
	double a = descending[n - 1 - low];
	double b = low + 1 < n ? descending[n - 2 - low] : a;

	return a + (b - a) * (position - (double) low);
}

/* BCa written out: jackknife by leaving out each row, bias by counting. */
static void
bca(const McBootstrap *settings, const double *x, size_t n, const Run *r, double ends[2])
{
	double *others = malloc(n * sizeof(double));
	double *values = malloc(n * sizeof(double));
	double below = 0;
	double mean = 0;
	double squares = 0;
	double cubes = 0;
	double z;

	for (size_t i = 0; i < n; i++)
	{
		memcpy(others, x, i * sizeof(double));
		memcpy(others + i, x + i + 1, (n - 1 - i) * sizeof(double));
		values[i] = statistic(settings, others, n - 1);
		mean += values[i] / (double) n;
	}
	for (size_t i = 0; i < n; i++)
	{
		squares += pow(mean - values[i], 2);
		cubes += pow(mean - values[i], 3);
	}
	for (uint32_t j = 0; j < settings->replications; j++)
		below += (r->replicates[j] < r->result.estimate) +
		         0.5 * (r->replicates[j] == r->result.estimate);
	below = fmax(0.5, fmin(settings->replications - 0.5, below));
	z = gsl_cdf_ugaussian_Pinv(below / settings->replications);
	for (int i = 0; i < 2; i++)
	{
		double shift = z + gsl_cdf_ugaussian_Pinv(i ? 1 - (1 - settings->level) / 2
		                                            : (1 - settings->level) / 2);
		double p = gsl_cdf_ugaussian_P(z + shift / (1 - cubes / (6 * pow(squares, 1.5)) * shift));

		ends[i] = quantile(r->replicates, settings->replications, p);
	}
	free(others);
	free(values);
}

static void
intervals(void)
{
	UnitRandom random = {22};
	double x[150];
	int wrong = 0;

	for (int trial = 0; trial < 60; trial++)
	{
		size_t n = 3 + (size_t) (147 * unit_uniform(&random));
		McBootstrap settings = {.statistic = trial % 3,
		                        .confidence = 0.6 + 0.3 * unit_uniform(&random),
		                        .replications = trial % 3 ? (trial % 2 ? 999 : 50) : 3,
		                        .seed = 77,
		                        .level = 0.5 + 0.45 * unit_uniform(&random)};
		double low = (1 - settings.level) / 2;
		double mean = 0;
		double squares = 0;
		double ends[2];
		Run r;

		for (size_t i = 0; i < n; i++)
			x[i] = exp(unit_normal(&random));
		r = run(settings, x, n);
		for (uint32_t j = 0; j < settings.replications; j++)
			mean += r.replicates[j] / settings.replications;
		for (uint32_t j = 0; j < settings.replications; j++)
			squares += pow(r.replicates[j] - mean, 2);
		wrong += fabs(r.result.bias - (mean - r.result.estimate)) > 1e-12;
		wrong +=
		    !is_close(r.result.standard_error, sqrt(squares / (settings.replications - 1)), 1e-12);
		ends[0] = quantile(r.replicates, settings.replications, low);
		ends[1] = quantile(r.replicates, settings.replications, 1 - low);
		wrong += !is_close(r.result.lower, ends[0], 1e-13);
		wrong += !is_close(r.result.upper, ends[1], 1e-13);
		free(r.replicates);
		settings.interval = MC_INTERVAL_BASIC;
		r = run(settings, x, n);
		wrong += fabs(r.result.lower - (2 * r.result.estimate - ends[1])) > 1e-13;
		wrong += fabs(r.result.upper - (2 * r.result.estimate - ends[0])) > 1e-13;
		free(r.replicates);
		settings.interval = MC_INTERVAL_BCA;
		r = run(settings, x, n);
		bca(&settings, x, n, &r, ends);
		wrong += !is_close(r.result.lower, ends[0], 1e-9);
		wrong += !is_close(r.result.upper, ends[1], 1e-9);
		free(r.replicates);
	}
	check(wrong == 0, "percentile, basic and BCa intervals, standard error and bias: 60 samples");
}

/* Share of samples whose interval holds the true value. */
static double
coverage(McBootstrap settings, bool heavy, double truth, int trials)
{
	UnitRandom random = {23};
	double x[150];
	int inside = 0;

	for (int trial = 0; trial < trials; trial++)
	{
		Run r;

		for (int i = 0; i < 150; i++)
		{
			double chi = 0;

			x[i] = unit_normal(&random);
			/* t with 5 degrees of freedom */
			for (int k = 0; heavy && k < 5; k++)
				chi += pow(unit_normal(&random), 2);
			x[i] /= heavy ? sqrt(chi / 5) : 1;
		}
		settings.seed = (uint64_t) trial;
		r = run(settings, x, 150);
		inside += r.result.lower <= truth && truth <= r.result.upper;
		free(r.replicates);
	}
	return (double) inside / trials;
}

static void
coverages(void)
{
	static const char *const names[] = {"VaR", "ES", "volatility"};
	/* of normal and t5: quantile at 0.9, mean beyond it, standard deviation */
	const double truths[2][3] = {{1.2815515655446004, 1.7549833193248675, 1},
	                             {1.475884048829421, 2.2964395560085956, 1.2909944487358056}};

	const int trials = (int) unit_repeats(250, 125);
	/* three deviations of a share of 0.8 */
	const double wider = 1.2 * (sqrt(1. / trials) - sqrt(1. / 250));

	for (int heavy = 0; heavy < 2; heavy++)
		for (int s = 0; s < 3; s++)
		{
			McBootstrap settings = {
			    .statistic = s, .confidence = 0.9, .replications = 200, .level = 0.9};
			double p = coverage(settings, heavy, truths[heavy][s], trials);
			double b;

			settings.interval = MC_INTERVAL_BCA;
			b = coverage(settings, heavy, truths[heavy][s], trials);
			check(p > 0.75 - wider && p < 0.96 + wider && b > 0.78 - wider && b < 0.96 + wider,
			      "90 %% intervals of %s cover %.3g (percentile), %.3g (BCa): %s", names[s], p, b,
			      heavy ? "t with 5 degrees of freedom" : "normal");
		}
}

static double
ar1(UnitRandom *random, double before, double rho)
{
	return rho * before + sqrt(1 - rho * rho) * unit_normal(random);
}

static void
dependence(void)
{
	UnitRandom random = {24};
	double *x = malloc(4000 * sizeof(double));
	double errors[4];
	McBootstrap settings = {.statistic = MC_STATISTIC_EXPECTED_SHORTFALL,
	                        .confidence = 0.9,
	                        .replications = 500,
	                        .level = 0.95,
	                        .block_length = 40};

	x[0] = 0;
	for (int i = 1; i < 4000; i++)
		x[i] = ar1(&random, x[i - 1], 0.8);
	for (int i = 0; i < 4; i++)
	{
		Run r;

		settings.resampling = i;
		r = run(settings, x, 4000);
		errors[i] = r.result.standard_error;
		free(r.replicates);
	}
	for (int i = 1; i < 4; i++)
		check(errors[i] > 1.5 * errors[0] && errors[i] < 4 * errors[0],
		      "blocks (%d) know that rows depend on each other: error %.3g, not %.3g", i, errors[i],
		      errors[0]);
	free(x);
}

typedef struct Counter
{
	int polls;
	int stop_at;
} Counter;

static bool
count_polls(void *arg)
{
	Counter *counter = arg;

	return ++counter->polls >= counter->stop_at;
}

static void
ends(void)
{
	const double huge[] = {DBL_MAX, -DBL_MAX, DBL_MAX, 0};
	const double same[] = {3.3, 3.3, 3.3, 3.3, 3.3};
	McBootstrap settings = {.statistic = MC_STATISTIC_EXPECTED_SHORTFALL,
	                        .confidence = 0.7,
	                        .replications = 30,
	                        .level = 0.95,
	                        .interval = MC_INTERVAL_BCA};
	Run r = run(settings, same, 5);

	check(r.result.estimate == 3.3 && r.result.lower == 3.3 && r.result.upper == 3.3 &&
	          r.result.standard_error == 0 && r.result.bias == 0,
	      "equal rows leave no doubt");
	free(r.replicates);
	settings.statistic = MC_STATISTIC_VOLATILITY;
	r = run(settings, same, 5);
	check(r.result.estimate == 0 && r.result.upper == 0, "nor about their volatility");
	free(r.replicates);
	r = run(settings, huge, 4);
	check(r.status == MC_OVERFLOW, "a volatility beyond the largest double");
	free(r.replicates);
	settings.statistic = MC_STATISTIC_EXPECTED_SHORTFALL;
	r = run(settings, huge, 4);
	check(r.status == MC_OK && r.result.upper <= DBL_MAX, "ES of the largest doubles");
	free(r.replicates);
	settings.interval = MC_INTERVAL_BASIC;
	r = run(settings, huge, 4);
	check(r.status == MC_OVERFLOW, "but not twice of it");
	free(r.replicates);
	settings.replications = 1;
	settings.interval = MC_INTERVAL_PERCENTILE;
	r = run(settings, huge, 4);
	check(r.result.lower == r.result.upper && r.result.standard_error == 0, "one replication");
	free(r.replicates);
	r = run(settings, huge, 0);
	check(r.status == MC_TOO_FEW, "no rows");
	free(r.replicates);
}

static void
stopping(void)
{
	size_t n = 100000;
	double *x = malloc(n * sizeof(double));
	double *replicates = malloc(100 * sizeof(double));
	void *work = malloc(mc_bootstrap_worksize(n));
	UnitRandom random = {25};
	int looks = (int) unit_repeats(60, 15);
	int late = 0;
	double unit;
	McBootstrapResult result;
	Counter counter;
	McPoll poll = {count_polls, &counter};

	for (size_t i = 0; i < n; i++)
		x[i] = i < 1 ? 0 : ar1(&random, x[i - 1], 0.999);
	for (int trial = 0; trial < 12; trial++)
	{
		McBootstrap settings = {.statistic = trial % 3,
		                        .resampling = trial / 3,
		                        .confidence = 0.99,
		                        .replications = 100,
		                        .block_length = 10,
		                        .interval = MC_INTERVAL_BCA,
		                        .level = 0.9};

		counter = (Counter){0, looks};
		late +=
		    mc_bootstrap(&settings, x, n, work, replicates, &unit, &result, &poll) != MC_STOPPED;
		late += counter.polls != looks;
	}
	check(late == 0, "a bootstrap stops when the poll says so: %d looks in 12 runs", looks);
	free(x);
	free(replicates);
	free(work);
}

void
test_bootstrap(void)
{
	row_by_row();
	long_samples();
	intervals();
	coverages();
	dependence();
	ends();
	stopping();
}
