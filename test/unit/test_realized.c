/*
 * test_realized.c
 *	  Realised measures beside their formulas in long double, by hand, and with a planted jump.
 */
#include <float.h>
#include <math.h>

#include "kernel/log_return.h"
#include "kernel/realized.h"
#include "unit.h"

#define ROWS 2000

static double price[ROWS];
static double a[ROWS]; /* absolute returns, a[0] unused */

/* n prices with volatility sd a step, larger in between where it is above 0.01, and a jump at one of them */
static void
fill(unsigned seed, size_t n, double sd, double jump)
{
	UnitRandom random = {seed};

	price[0] = 100;
	for (size_t i = 1; i < n; i++)
		price[i] =
		    price[i - 1] * exp(sd * unit_normal(&random) * (sd > 0.01 && i % 60 < 10 ? 20 : 1) +
		                       (i == n / 2 ? jump : 0));
}

static McRealizedMeasures
measures_of(const double *prices, size_t n)
{
	McRealized state;
	McRealizedMeasures measures;

	mc_realized_init(&state);
	for (size_t i = 0; i < n; i++)
		mc_realized_add(&state, prices[i]);
	mc_realized_result(&state, &measures);
	return measures;
}

static long double
middle(long double x, long double y, long double z)
{
	long double least = fminl(x, fminl(y, z));
	long double most = fmaxl(x, fmaxl(y, z));

	return x + y + z - least - most;
}

static void
test_formulas(size_t n, double sd)
{
	const long double pi = acosl(-1);
	const long double moment = powl(2, 2.0L / 3) * tgammal(7.0L / 6) / tgammal(0.5L);
	McRealizedMeasures got;
	long double m = n - 1;
	long double rv = 0;
	long double bv = 0;
	long double min = 0;
	long double med = 0;
	long double tq = 0;
	double z;

	fill(3, n, sd, 0);
	got = measures_of(price, n);
	for (size_t i = 1; i < n; i++)
	{
		a[i] = fabs(mc_log_return(price[i - 1], price[i]));
		rv += (long double) a[i] * a[i];
		if (i > 1)
		{
			bv += (long double) a[i] * a[i - 1];
			min += powl(fminl(a[i], a[i - 1]), 2);
		}
		if (i > 2)
		{
			med += powl(middle(a[i], a[i - 1], a[i - 2]), 2);
			tq += powl((long double) a[i] * a[i - 1] * a[i - 2], 4.0L / 3);
		}
	}
	bv *= pi / 2 * m / (m - 1);
	min *= pi / (pi - 2) * m / (m - 1);
	med *= pi / (6 - 4 * sqrtl(3) + pi) * m / (m - 2);
	tq *= powl(moment, -3) * m * m / (m - 2);
	z = (double) ((rv - bv) / rv / sqrtl((pi * pi / 4 + pi - 5) * fmaxl(1, tq / (bv * bv)) / m));
	check(got.returns == n - 1, "%zu prices", n);
	check_close(got.realized_variance, (double) rv, 1e-15, "realised variance");
	check_close(got.bipower_variation, (double) bv, 1e-14, "bipower variation");
	check_close(got.minimum_realized_variance, (double) min, 1e-14, "MinRV");
	check_close(got.median_realized_variance, (double) med, 1e-14, "MedRV");
	check_close(got.tripower_quarticity, (double) tq, 1e-14, "tripower quarticity");
	check(got.has_jump_test && fabs(got.jump_statistic - z) < 1e-12 * fmax(1, fabs(z)),
	      "jump statistic %.17g, not %.17g", got.jump_statistic, z);
	check_close(got.jump_p_value, erfc(z / sqrt(2)) / 2, 1e-12, "p = 1 - Phi(z)");
	check(got.jump_share == 0 || fabs(got.jump_share - (double) ((rv - bv) / rv)) < 1e-14,
	      "jump share");
}

/* Without jumps every variance estimates M sd^2; a jump of 40 sd moves RV by its square. */
static void
test_jump(void)
{
	const size_t n = ROWS;
	const double sd = 1e-3;
	const double truth = (n - 1) * sd * sd;
	McRealizedMeasures calm;
	McRealizedMeasures jump;

	fill(17, n, sd, 0);
	calm = measures_of(price, n);
	fill(17, n, sd, 40 * sd);
	jump = measures_of(price, n);
	check(fabs(calm.realized_variance / truth - 1) < 0.1 &&
	          fabs(calm.bipower_variation / truth - 1) < 0.1 &&
	          fabs(calm.minimum_realized_variance / truth - 1) < 0.1 &&
	          fabs(calm.median_realized_variance / truth - 1) < 0.1 &&
	          fabs(calm.tripower_quarticity / (truth * truth) - 1) < 0.2,
	      "without jumps all estimate the same variance");
	check(calm.jump_p_value > 0.01, "and no jump is found: p = %.3g", calm.jump_p_value);
	check_close(jump.realized_variance - calm.realized_variance, 1600 * sd * sd, 0.1,
	            "a jump moves RV by its square");
	check(fabs(jump.bipower_variation / calm.bipower_variation - 1) < 0.1, "hardly BV");
	check(fabs(jump.minimum_realized_variance / calm.minimum_realized_variance - 1) < 0.01 &&
	          fabs(jump.median_realized_variance / calm.median_realized_variance - 1) < 0.01,
	      "still less MinRV and MedRV");
	check(jump.jump_p_value < 1e-6 && fabs(jump.jump_share - 1600.0 / 3599) < 0.05,
	      "and is found: p = %.3g, share %.3g", jump.jump_p_value, jump.jump_share);
}

/* ln 2 times 1, 3, 2 */
static void
test_by_hand(void)
{
	const double prices[] = {1, 2, 16, 4};
	const double L2 = log(2) * log(2);
	const double pi = acos(-1);
	McRealizedMeasures m = measures_of(prices, 4);

	check_close(m.realized_variance, 14 * L2, 1e-15, "RV by hand");
	check_close(m.bipower_variation, pi / 2 * 1.5 * 9 * L2, 1e-15, "BV by hand");
	check_close(m.minimum_realized_variance, pi / (pi - 2) * 1.5 * 5 * L2, 1e-15, "MinRV by hand");
	check_close(m.median_realized_variance, pi / (6 - 4 * sqrt(3) + pi) * 3 * 4 * L2, 2e-15,
	            "MedRV by hand");
	check_close(m.tripower_quarticity, 9 * pow(6, 4.0 / 3) * L2 * L2 / pow(0.8308609250295591, 3),
	            2e-15, "TQ by hand");
	check(m.jump_share == 0 && m.jump_statistic < 0 && m.jump_p_value > 0.5,
	      "BV above RV: no share of jumps");
}

static void
test_few(void)
{
	const double flat[] = {5, 5, 5, 5, 5};
	const double lone[] = {5, 5, 10, 10, 10};
	const double two[] = {1, 2, 8};
	double bad[] = {5, 6, NAN, 7, 8};
	McRealizedMeasures m = measures_of(flat, 0);

	check(m.returns == 0 && m.realized_variance == 0 && !m.has_jump_test, "no price");
	check(measures_of(flat, 1).returns == 0, "one price");
	m = measures_of(lone + 1, 2);
	check(m.returns == 1 && m.realized_variance > 0 && m.bipower_variation == 0, "one return");
	m = measures_of(lone + 1, 2);
	check(m.returns == 1 && m.bipower_variation == 0, "one return");
	m = measures_of(two, 3);
	check_close(m.bipower_variation, acos(-1) / 2 * 2 * 2 * log(2) * log(2), 1e-15, "BV of two");
	check_close(m.minimum_realized_variance, acos(-1) / (acos(-1) - 2) * 2 * log(2) * log(2), 1e-15,
	            "MinRV of two");
	m = measures_of(bad, 2);
	check(m.returns == 1 && m.minimum_realized_variance == 0 && !m.has_jump_test, "one return");
	m = measures_of(lone, 3);
	check(m.returns == 2 && m.tripower_quarticity == 0 && !m.has_jump_test, "two returns");
	m = measures_of(flat, 5);
	check(m.returns == 4 && m.realized_variance == 0 && !m.has_jump_test, "a constant price");
	m = measures_of(lone, 5);
	check(m.bipower_variation == 0 && m.has_jump_test && m.jump_share == 1, "one move of four");
	check_close(m.jump_statistic, 1 / sqrt((acos(-1) * acos(-1) / 4 + acos(-1) - 5) / 4), 1e-14,
	            "its statistic");
	m = measures_of(bad, 5);
	check(m.returns == 4 && isnan(m.realized_variance) && isnan(m.bipower_variation) &&
	          isnan(m.minimum_realized_variance) && isnan(m.median_realized_variance) &&
	          isnan(m.tripower_quarticity) && m.has_jump_test && isnan(m.jump_statistic) &&
	          isnan(m.jump_p_value) && isnan(m.jump_share),
	      "NaN");
	check(!measures_of(bad, 3).has_jump_test && measures_of(bad, 4).has_jump_test, "NaN, few");
	bad[2] = INFINITY;
	check(isnan(measures_of(bad, 3).realized_variance), "infinity");
}

void
test_realized(void)
{
	test_formulas(4, 0.01);
	test_formulas(390, 1e-3);
	test_formulas(ROWS, 1e-12);
	test_formulas(20, 5);
	test_formulas(ROWS, 0.011);
	test_jump();
	test_by_hand();
	test_few();
}
