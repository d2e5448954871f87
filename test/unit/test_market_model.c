/*
 * test_market_model.c
 *	  Regression of one series on another in 113 bits, at every level and in any order.
 */
#include <math.h>
#include <string.h>

#include "kernel/market_model.h"
#include "unit.h"
#include "wide.h"

#define N 500

static McPair rows[N];
static McPair pairs[N];
static McPair work[N];

static void
fill(double level, double scale)
{
	UnitRandom random = {8};

	for (size_t i = 0; i < N; i++)
	{
		rows[i].x = level + scale * unit_normal(&random);
		rows[i].y = scale * (0.5 * unit_normal(&random) + 3) + 1.5 * (rows[i].x - level);
	}
}

static void
reference(size_t n, McMarketModel *model)
{
	Wide mx = 0;
	Wide my = 0;
	Wide xx = 0;
	Wide xy = 0;
	Wide yy = 0;
	Wide rest;

	for (size_t i = 0; i < n; i++)
	{
		mx += rows[i].x / (Wide) n;
		my += rows[i].y / (Wide) n;
	}
	for (size_t i = 0; i < n; i++)
	{
		xx += (rows[i].x - mx) * (rows[i].x - mx);
		xy += (rows[i].x - mx) * (rows[i].y - my);
		yy += (rows[i].y - my) * (rows[i].y - my);
	}
	rest = yy - xy * xy / xx;
	model->beta = (double) (xy / xx);
	model->intercept = (double) (my - xy / xx * mx);
	model->r_squared = (double) (xy * xy / xx / yy);
	model->residual_vol = sqrt((double) (rest / (n - 2)));
	model->beta_error = sqrt((double) (rest / (n - 2) / xx));
	model->intercept_error = sqrt((double) (rest / (n - 2) * (1 / (Wide) n + mx * mx / xx)));
}

static void
test_level(double level, double scale)
{
	McMarketModel got;
	McMarketModel want;
	McMarketModel other;

	fill(level, scale);
	reference(N, &want);
	memcpy(pairs, rows, sizeof(rows));
	check(mc_market_model(pairs, N, work, &got, NULL) == MC_OK, "level %g, scale %g", level, scale);
	check_close(got.beta, want.beta, 1e-14, "beta");
	check_close(got.beta_error, want.beta_error, 1e-14, "its standard error");
	/* the rounding of beta counts with the level */
	check_close(got.intercept, want.intercept, 1e-14 * (1 + level / scale), "intercept");
	check_close(got.intercept_error, want.intercept_error, 1e-14, "its standard error");
	check_close(got.r_squared, want.r_squared, 1e-14, "r squared");
	check_close(got.residual_vol, want.residual_vol, 1e-14, "residual vol");
	for (size_t i = 0; i < N; i++)
		pairs[i] = rows[i * 7 % N];
	mc_market_model(pairs, N, work, &other, NULL);
	check(memcmp(&got, &other, sizeof(got)) == 0, "the same digits in any order");
}

static bool
stop(void *arg __attribute__((unused)))
{
	return true;
}

/* The unit of either series changes nothing but the unit of the answer. */
static void
test_units(void)
{
	static const int units[][2] = {{0, -1000},   {0, 1020},      {300, 300},
	                               {-510, -510}, {-1015, -1015}, {1015, 1015}};
	McMarketModel m;
	McMarketModel other;

	fill(5, 1);
	memcpy(pairs, rows, sizeof(rows));
	mc_market_model(pairs, N, work, &m, NULL);
	for (size_t u = 0; u < sizeof(units) / sizeof(units[0]); u++)
	{
		int a = units[u][0];
		int b = units[u][1];

		for (size_t i = 0; i < N; i++)
			pairs[i] = (McPair){ldexp(rows[i].x, a), ldexp(rows[i].y, b)};
		check(mc_market_model(pairs, N, work, &other, NULL) == MC_OK &&
		          other.beta == ldexp(m.beta, b - a) && other.r_squared == m.r_squared &&
		          other.beta_error == ldexp(m.beta_error, b - a) &&
		          other.intercept == ldexp(m.intercept, b) &&
		          other.intercept_error == ldexp(m.intercept_error, b) &&
		          other.residual_vol == ldexp(m.residual_vol, b),
		      "units of 2^%d and 2^%d", a, b);
	}
}

void
test_market_model(void)
{
	const McPoll poll = {stop, NULL};
	McPair line[] = {{1, 5}, {2, 7}, {3, 9}, {4, 11}};
	McPair two[] = {{1, 5}, {2, 7}};
	McPair rough[] = {{0.1, 0.3}, {0.7, 1 / 3.0}};
	McPair flat[] = {{1, 5}, {2, 5}, {3, 5}};
	McPair vertical[] = {{1, 5}, {1, 6}, {1, 7}};
	McPair steep[] = {{1e-300, 5e300}, {2e-300, 6e300}, {3e-300, 9e300}};
	McMarketModel m;
	UnitRandom random = {8};
	int above = 0;

	test_level(0, 1);
	test_level(1e8, 1);
	test_level(0, 1e-12);
	test_level(0, 1e100);
	check(mc_market_model(line, 4, work, &m, NULL) == MC_OK && m.beta == 2 && m.intercept == 3 &&
	          m.r_squared == 1 && m.residual_vol == 0 && m.beta_error == 0,
	      "a line is found exactly");
	check(mc_market_model(two, 2, work, &m, NULL) == MC_OK && m.beta == 2 && isnan(m.beta_error) &&
	          isnan(m.intercept_error) && isnan(m.residual_vol) && m.r_squared == 1,
	      "two rows have no standard errors");
	check(mc_market_model(rough, 2, work, &m, NULL) == MC_OK && isnan(m.beta_error) &&
	          isnan(m.intercept_error) && isnan(m.residual_vol),
	      "not even when the line misses them by rounding");
	check(mc_market_model(flat, 3, work, &m, NULL) == MC_OK && m.beta == 0 && m.intercept == 5 &&
	          isnan(m.r_squared) && m.residual_vol == 0,
	      "an asset that never moves has no r squared");
	for (int i = 0; i < 1000; i++)
	{
		McPair same[3];

		for (int j = 0; j < 3; j++)
			same[j].y = 3 * (same[j].x = unit_normal(&random));
		mc_market_model(same, 3, work, &m, NULL);
		above += m.r_squared > 1;
	}
	check(above == 0, "r squared is never above 1");
	check(mc_market_model(vertical, 3, work, &m, NULL) == MC_TOO_FEW,
	      "a market that never moves has no beta");
	check(mc_market_model(line, 1, work, &m, NULL) == MC_TOO_FEW &&
	          mc_market_model(line, 0, work, &m, NULL) == MC_TOO_FEW,
	      "too few rows");
	check(mc_market_model(steep, 3, work, &m, NULL) == MC_OVERFLOW, "a slope that overflows");
	test_units();
	fill(0, 1);
	check(mc_market_model(rows, N, work, &m, &poll) == MC_STOPPED, "a cancel stops");
}
