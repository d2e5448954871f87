/*
 * test_exceptions.c
 *	  Kupiec's table and statistics, Christoffersen's, Basel's zones; deviances beside long double
 *	  logarithms and binomial sums; no exceptions, none in succession, nothing but exceptions.
 */
#include <math.h>
#include <string.h>

#include "kernel/exceptions.h"
#include "unit.h"

static McExceptions
count_hits(const size_t *hits, size_t number, size_t n)
{
	McExceptions counts;
	size_t next = 0;

	memset(&counts, 0, sizeof(counts));
	for (size_t i = 0; i < n; i++)
	{
		bool hit = next < number && hits[next] == i;

		next += hit;
		mc_exceptions_add(&counts, hit);
	}
	return counts;
}

/* Kupiec (1995), tables 3: least and greatest number of exceptions that is not rejected at 5 %. */
static void
non_rejection_table(void)
{
	static const double p[] = {0.01, 0.025, 0.05, 0.075, 0.10};
	static const size_t n[] = {255, 510, 1000};
	static const size_t above[5][3] = {
	    {0, 1, 4}, {2, 6, 15}, {6, 16, 37}, {11, 27, 59}, {16, 38, 81}};
	static const size_t below[5][3] = {
	    {7, 11, 17}, {12, 21, 36}, {21, 36, 65}, {28, 51, 92}, {36, 65, 120}};

	for (int i = 0; i < 5; i++)
		for (int j = 0; j < 3; j++)
		{
			int wrong = 0;

			/* its first cell is N < 7, where 0 exceptions have a p-value of 0.024 */
			for (size_t k = 0; k <= n[j]; k++)
			{
				bool kept = mc_kupiec_test(k, n[j], 1 - p[i]).p_value >= 0.05;

				wrong += kept != (k > above[i][j] && k < below[i][j]);
			}
			check(wrong == 0, "Kupiec's table: p %.3f, %zu observations", p[i], n[j]);
		}
}

static void
published_statistics(void)
{
	static const double lr[] = {5.0251679268, 1.1764911353,  0.1084352162, 0.0949401227,
	                            0.7691383644, 1.9568097882,  3.5553547711, 5.4969904478,
	                            7.7335507245, 10.2290306326, 12.9554910624};
	static const double p_value[] = {.0249815, .2780715, .7419327, .7579883, .3804837, .1618549,
	                                 .0593536, .0190492, .0054204, .0013825, .000319};
	static const double basel[] = {8.1059,  28.5752, 54.3169, 75.8117, 89.2188, 95.8817,
	                               98.6299, 99.5975, 99.8943, 99.9750, 99.9946};

	for (size_t k = 0; k <= 10; k++)
	{
		McTest test = mc_kupiec_test(k, 250, 0.99);

		check_close(test.statistic, lr[k], 1e-9, "LR of %zu exceptions in 250", k);
		check(fabs(test.p_value - p_value[k]) < 6e-8, "its p-value");
		check(fabs(100 * mc_binomial_at_most((double) k, 250, 0.01) - basel[k]) < 6e-5,
		      "Basel's cumulative probability of %zu", k);
	}
}

static void
christoffersen(void)
{
	static const size_t clustered[] = {20, 21, 100, 250, 251, 252, 400, 499};
	static const size_t apart[] = {10, 60, 120, 200};
	McExceptions counts = count_hits(clustered, 8, 500);
	McTest ind;
	McTest cc;

	check(counts.from[0][0] == 487 && counts.from[0][1] == 5 && counts.from[1][0] == 4 &&
	          counts.from[1][1] == 3 && counts.first == 21 && counts.exceptions == 8,
	      "transitions of 8 exceptions in 500");
	mc_christoffersen_test(&counts, 0.99, &ind, &cc);
	check_close(mc_kupiec_test(8, 500, 0.99).statistic, 1.5382767287717, 1e-12, "coverage");
	check_close(ind.statistic, 16.6015499114648, 1e-13, "independence");
	check_close(cc.statistic, 18.1398266402365, 1e-13, "conditional coverage");
	check_close(mc_kupiec_test(8, 500, 0.99).p_value, .21487449298, 1e-10, "p of coverage");
	check_close(ind.p_value, 4.6113321e-05, 2e-8, "p of independence");
	check_close(cc.p_value, 1.1507651e-04, 5e-8, "p of conditional coverage");
	check(cc.degrees_of_freedom == 2 && ind.degrees_of_freedom == 1 && cc.observations == 500,
	      "degrees of freedom");
	counts = count_hits(apart, 4, 250);
	mc_christoffersen_test(&counts, 0.99, &ind, &cc);
	check(counts.from[0][0] == 241 && counts.from[1][1] == 0, "no two in succession");
	check_close(ind.statistic, .1306180480877, 1e-12, "independence without succession");
	check_close(cc.statistic, .8997564124735, 1e-12, "conditional coverage without succession");
	counts = count_hits(apart, 0, 250);
	mc_christoffersen_test(&counts, 0.99, &ind, &cc);
	check(ind.statistic == 0 && ind.p_value == 1, "no exceptions: nothing against independence");
	check_close(cc.statistic, 5.0251679268, 1e-10, "conditional coverage is coverage then");
	counts = count_hits(apart, 0, 1);
	mc_christoffersen_test(&counts, 0.99, &ind, &cc);
	check(ind.status == MC_TEST_TOO_FEW && cc.status == MC_TEST_TOO_FEW, "one observation");
	memset(&counts, 0, sizeof(counts));
	mc_christoffersen_test(&counts, 0.99, &ind, &cc);
	check(ind.status == MC_TEST_TOO_FEW && isnan(ind.statistic), "no observation");
}

static void
only_exceptions(void)
{
	McExceptions counts;
	McTest ind;
	McTest cc;

	memset(&counts, 0, sizeof(counts));
	for (int i = 0; i < 5; i++)
		mc_exceptions_add(&counts, true);
	mc_christoffersen_test(&counts, 0.99, &ind, &cc);
	check(ind.statistic == 0 && counts.from[1][1] == 4 && counts.first == 1, "only exceptions");
	check_close(cc.statistic, 10 * log(100), 1e-14, "coverage of 5 in 5: -2 log(0.01^5)");
}

static void
first_failure(void)
{
	int kept = 0;

	/* Kupiec: -2 log(p (1 - p)^(v - 1)) + 2 log((1 / v) (1 - 1 / v)^(v - 1)) */
	for (size_t v = 1; v <= 1000; v += 37)
	{
		double n = (double) v;
		double want = -2 * (log(0.01) + (n - 1) * log1p(-0.01)) +
		              (v > 1 ? 2 * (-log(n) + (n - 1) * log1p(-1 / n)) : 0);

		check(fabs(mc_tuff_test(v, 2000, 0.99).statistic - want) < 1e-12 * (1 + want),
		      "first exception at %zu", v);
	}
	for (size_t v = 1; v <= 1000; v++)
		kept += (mc_tuff_test(v, 2000, 0.99).p_value >= 0.05) == (v > 6 && v < 439);
	check(kept == 1000, "Kupiec's region of the first failure at 1 %%: 6 < v < 439");
	check_close(mc_tuff_test(0, 200, 0.99).statistic, -400 * log1p(-0.01), 1e-13,
	            "none in 200: twice 200 log(1/0.99)");
	check(mc_tuff_test(7, 200, 0.99).observations == 200, "observations are all of them");
	check(mc_tuff_test(0, 0, 0.99).status == MC_TEST_TOO_FEW, "no observations");
}

/* 2 [k log(k / n p) + (n - k) log((n - k) / n q)] in long double */
static double
plain_ratio(size_t exceptions, size_t observations, double confidence)
{
	long double p = mc_exception_probability(confidence);
	long double k = exceptions;
	long double n = observations;
	long double sum = 0;

	if (exceptions > 0)
		sum += k * logl(k / (n * p));
	if (exceptions < observations)
		sum += (n - k) * logl((n - k) / (n * (long double) confidence));
	return (double) (2 * sum);
}

static void
deviances(void)
{
	static const double confidences[] = {1e-300, 1e-12, 0.001, 0.1, 0.5, 0.75, 0.99, 0.999};
	double worst = 0;

	for (size_t i = 0; i < 8; i++)
		for (size_t n = 1; n <= 100000; n = n * 3 + 1)
			for (size_t k = 0; k <= n; k += 1 + n / 57)
			{
				double want = plain_ratio(k, n, confidences[i]);
				double got = mc_kupiec_test(k, n, confidences[i]).statistic;

				/* valgrind computes long double as double, and the logarithms cancel */
				worst = fmax(worst, fabs(got - want) / (1e-12 * want + 1e-15 * (double) n));
			}
	check(worst < 1, "likelihood ratios to 1e-12 beside long double logarithms (%.1e)", worst);
	/* one exception too many in 10^12: (1e-6)^2 * 1e12 p / ... = 1 / (n p q) */
	check_close(mc_kupiec_test(10000000001, 1000000000000, 0.99).statistic,
	            1 / (1e12 * 0.01 * 0.99), 1e-6, "a ratio that plain logarithms lose");
	check(mc_kupiec_test(5, 500, 0.99).statistic < 1e-25, "k = n p");
	check(mc_kupiec_test(0, 0, 0.99).status == MC_TEST_TOO_FEW, "no observations");
}

static double
binomial_sum(size_t k, size_t n, double p)
{
	long double sum = 0;
	long double term = powl(1 - (long double) p, (long double) n);

	for (size_t i = 0; i <= k; i++)
	{
		sum += term;
		term *= (long double) (n - i) / (long double) (i + 1) * p / (1 - (long double) p);
	}
	return (double) sum;
}

static void
zones(void)
{
	static const struct
	{
		size_t n;
		double p;
		size_t green;
		size_t red;
	} limits[] = {{250, .01, 4, 10}, {250, .025, 10, 17}, {1000, .01, 14, 24},
	              {365, .01, 6, 13}, {730, .01, 11, 19},  {250, .005, 2, 7}};
	double worst = 0;
	int wrong = 0;
	size_t green;
	size_t red;

	for (int i = 0; i < 6; i++)
	{
		mc_zone_bounds(limits[i].n, limits[i].p, &green, &red);
		check(green == limits[i].green && red == limits[i].red, "zones of %zu at %g", limits[i].n,
		      limits[i].p);
		for (size_t k = 0; k <= 30; k++)
			wrong += mc_traffic_light(k, limits[i].n, limits[i].p) != (k <= green ? MC_GREEN
			                                                           : k < red  ? MC_YELLOW
			                                                                      : MC_RED);
	}
	check(wrong == 0, "the light changes at the limits");
	for (size_t n = 1; n <= 3000; n = n * 2 + 1)
		for (size_t k = 0; k <= n; k += 1 + n / 40)
			worst = fmax(worst, fabs(mc_binomial_at_most((double) k, (double) n, 0.02) /
			                             binomial_sum(k, n, 0.02) -
			                         1));
	check(worst < 2e-11, "binomial probabilities beside sums (%.1e)", worst);
	/* R's pbinom */
	check(fabs(mc_binomial_at_most(10000099498, 1e12, 0.01) - 0.841344153390887) < 1e-11 &&
	          fabs(mc_binomial_at_most(9999801002, 1e12, 0.01) - 0.0227498592326607) < 1e-11 &&
	          fabs(mc_binomial_at_most(10012585, 1e9 + 1, 0.01) - 0.999968215649971) < 1e-8,
	      "binomial probabilities of 10^12 trials");
	check(mc_traffic_light(0, 1, 0.01) == MC_GREEN && mc_traffic_light(1, 1, 0.01) == MC_RED,
	      "one observation: no exception is green");
	mc_zone_bounds(1, 0.01, &green, &red);
	check(green == 0 && red == 1, "limits of one observation");
	mc_zone_bounds(2, 0.99, &green, &red);
	check(green == 1 && red == 2, "two exceptions of two at 99 %% are the most there can be");
	check(strcmp(mc_zone_name(MC_GREEN), "green") == 0 &&
	          strcmp(mc_zone_name(MC_RED), "red") == 0 &&
	          strcmp(mc_zone_name(MC_YELLOW), "yellow") == 0,
	      "names");
}

static void
plus_factors(void)
{
	static const double plus[] = {0, 0, 0, 0, 0, .4, .5, .65, .75, .85, 1, 1, 1};
	static const double multiplier[] = {1.5,  1.5,  1.5,  1.5, 1.5, 1.7, 1.76,
	                                    1.83, 1.88, 1.92, 2,   2,   2};
	int wrong = 0;

	for (size_t k = 0; k <= 12; k++)
		wrong += mc_plus_factor_1996(k) != plus[k] ||
		         fabs(1.5 + mc_plus_factor_2019(k) - multiplier[k]) > 1e-15;
	check(wrong == 0, "Basel's additions of 1996 and 2019");
}

static void
probabilities(void)
{
	int wrong = 0;

	for (int i = 1; i < 10000; i++)
	{
		double p = i / 10000.0;

		wrong += mc_exception_probability(1 - p) != p;
	}
	check(wrong == 0, "1 - confidence is the decimal that was meant");
	check(mc_exception_probability(0.99) == 0.01 && mc_exception_probability(0.975) == 0.025,
	      "0.99");
	check(mc_exception_probability(1 - 0x1p-53) == 0x1p-53, "the largest confidence");
	check(mc_exception_probability(0x1.23456789abcdep-1) == 1 - 0x1.23456789abcdep-1,
	      "a confidence that is no decimal");
	check(!mc_is_exception(-1, 1) && mc_is_exception(-1 - 0x1p-52, 1) && !mc_is_exception(1, 0.5),
	      "a loss equal to the value at risk is no exception");
}

/* 2 * 50 ln(1 / 5e-324): shares whose ratio is no double */
static void
tiny_confidence(void)
{
	check_close(mc_kupiec_test(0, 50, 5e-324).statistic, 100 * 744.44007192138122, 1e-14,
	            "the least confidence");
}

void
test_exceptions(void)
{
	non_rejection_table();
	published_statistics();
	christoffersen();
	only_exceptions();
	first_failure();
	deviances();
	zones();
	plus_factors();
	probabilities();
	tiny_confidence();
}
