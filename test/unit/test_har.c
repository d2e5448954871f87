/*
 * test_har.c
 *	  The HAR model beside the normal equations in wide arithmetic, and its forecasts.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/har.h"
#include "unit.h"
#include "wide.h"

#define P MC_HAR_COEFFICIENTS
#define MONTH MC_HAR_MONTH
#define MOST 3000

static double v[MOST];

/* a series that follows the model with multiplicative shocks, in units of `unit` */
static void
fill(unsigned seed, size_t count, double unit)
{
	UnitRandom random = {seed};

	for (size_t t = 0; t < count; t++)
	{
		double week = 0;
		double month = 0;
		double level = 1;

		for (size_t i = 1; i <= MONTH && t >= MONTH; i++)
		{
			month += v[t - i] / unit / MONTH;
			week += i <= 5 ? v[t - i] / unit / 5 : 0;
		}
		if (t >= MONTH)
			level = 0.05 + 0.35 * v[t - 1] / unit + 0.3 * week + 0.3 * month;
		v[t] = unit * level * exp(0.4 * unit_normal(&random) - 0.08);
	}
}

static void
wide_row(size_t t, Wide row[P])
{
	row[0] = 1;
	row[1] = v[t - 1];
	row[2] = row[3] = 0;
	for (size_t i = 1; i <= MONTH; i++)
	{
		row[2] += i <= 5 ? v[t - i] : 0;
		row[3] += v[t - i];
	}
	row[2] /= 5;
	row[3] /= MONTH;
}

/* a[P][P] becomes its inverse, by Gauss and Jordan */
static void
invert(Wide a[P][P])
{
	Wide b[P][P] = {{0}};

	for (int i = 0; i < P; i++)
		b[i][i] = 1;
	for (int i = 0; i < P; i++)
	{
		Wide pivot = a[i][i];

		for (int j = 0; j < P; j++)
		{
			a[i][j] /= pivot;
			b[i][j] /= pivot;
		}
		for (int k = 0; k < P; k++)
		{
			Wide factor = a[k][i];

			for (int j = 0; j < P && k != i; j++)
			{
				a[k][j] -= factor * a[i][j];
				b[k][j] -= factor * b[i][j];
			}
		}
	}
	memcpy(a, b, sizeof(b));
}

static void
test_fit(size_t count, double unit)
{
	static double work[MOST * 20 + 100];
	static Wide e[MOST];
	static Wide rows[MOST][P];
	Wide inverse[P][P] = {{0}};
	Wide right[P] = {0};
	Wide beta[P] = {0};
	Wide middle[P][P] = {{0}};
	Wide rss = 0;
	Wide tss = 0;
	Wide mean = 0;
	size_t n = count - MONTH;
	size_t lag = (size_t) floor(4 * pow(n / 100.0, 2.0 / 9));
	McHarModel model;

	fill((unsigned) count, count, unit);
	work[mc_har_worksize(count)] = 12345;
	check(mc_har_fit(v, count, work, NULL, &model) == MC_OK && model.fit == MC_FIT_CONVERGED,
	      "%zu values of %g", count, unit);
	check(work[mc_har_worksize(count)] == 12345, "stays inside its work space");
	check(model.observations == n && model.newey_west_lag == lag, "%zu rows, lag %zu", n, lag);
	for (size_t t = 0; t < n; t++)
	{
		wide_row(t + MONTH, rows[t]);
		for (int j = 0; j < P; j++)
		{
			right[j] += rows[t][j] * v[t + MONTH];
			for (int k = 0; k < P; k++)
				inverse[j][k] += rows[t][j] * rows[t][k];
		}
		mean += (Wide) v[t + MONTH] / n;
	}
	invert(inverse);
	for (int j = 0; j < P; j++)
		for (int k = 0; k < P; k++)
			beta[j] += inverse[j][k] * right[k];
	for (size_t t = 0; t < n; t++)
	{
		e[t] = v[t + MONTH];
		for (int j = 0; j < P; j++)
			e[t] -= beta[j] * rows[t][j];
		rss += e[t] * e[t];
		tss += (v[t + MONTH] - mean) * (v[t + MONTH] - mean);
	}
	for (size_t t = 0; t < n; t++)
		for (size_t s = 0; s < n; s++)
		{
			size_t gap = t > s ? t - s : s - t;

			for (int j = 0; j < P && gap <= lag; j++)
				for (int k = 0; k < P; k++)
					middle[j][k] +=
					    (1 - (Wide) gap / (lag + 1)) * e[t] * e[s] * rows[t][j] * rows[s][k];
		}
	for (int j = 0; j < P; j++)
	{
		Wide robust = 0;

		for (int k = 0; k < P; k++)
			for (int l = 0; l < P; l++)
				robust += inverse[j][k] * middle[k][l] * inverse[l][j];
		check_close(model.coefficients[j], (double) beta[j], 1e-11, "coefficient %d", j);
		check_close(model.standard_errors[j], sqrt((double) (inverse[j][j] * rss / (n - P))), 1e-11,
		            "standard error %d", j);
		check_close(model.newey_west_errors[j], sqrt((double) robust), 1e-11, "Newey-West error %d",
		            j);
	}
	check_close(model.residual_sd, sqrt((double) (rss / (n - P))), 1e-12, "residual sd");
	check_close(model.r_squared, (double) (1 - rss / tss), 1e-11, "R squared");
}

/* the same digits in any unit that is a power of two */
static void
test_unit(void)
{
	static double work[MOST * 20 + 100];
	McHarModel one;
	McHarModel small;
	bool same;

	fill(5, 400, 1);
	mc_har_fit(v, 400, work, NULL, &one);
	for (size_t i = 0; i < 400; i++)
		v[i] = ldexp(v[i], -900);
	mc_har_fit(v, 400, work, NULL, &small);
	same = small.coefficients[0] == ldexp(one.coefficients[0], -900) &&
	       small.standard_errors[0] == ldexp(one.standard_errors[0], -900) &&
	       small.newey_west_errors[0] == ldexp(one.newey_west_errors[0], -900) &&
	       small.residual_sd == ldexp(one.residual_sd, -900) && small.r_squared == one.r_squared;
	for (int j = 1; j < P; j++)
		same &= small.coefficients[j] == one.coefficients[j] &&
		        small.standard_errors[j] == one.standard_errors[j] &&
		        small.newey_west_errors[j] == one.newey_west_errors[j];
	check(small.fit == MC_FIT_CONVERGED && same, "no digit depends on the unit");
}

static void
test_statuses(void)
{
	static double work[MOST * 20 + 100];
	McHarModel model;

	fill(7, 200, 1e-4);
	check(mc_har_fit(v, 0, work, NULL, &model) == MC_OK && model.fit == MC_FIT_TOO_FEW &&
	          model.observations == 0,
	      "no value");
	check(mc_har_fit(v, 22, work, NULL, &model) == MC_OK && model.observations == 0, "22 values");
	check(mc_har_fit(v, 26, work, NULL, &model) == MC_OK && model.fit == MC_FIT_TOO_FEW &&
	          model.observations == 4,
	      "26 values");
	check(mc_har_fit(v, 27, work, NULL, &model) == MC_OK && model.fit == MC_FIT_CONVERGED &&
	          isfinite(model.residual_sd),
	      "27 values");
	for (int i = 0; i < 200; i++)
		v[i] = 3;
	check(mc_har_fit(v, 200, work, NULL, &model) == MC_OK && model.fit == MC_FIT_CONSTANT,
	      "a constant");
	for (int i = 0; i < 200; i++)
		v[i] = 0;
	check(mc_har_fit(v, 200, work, NULL, &model) == MC_OK && model.fit == MC_FIT_CONSTANT, "zeros");
	v[199] = 5;
	check(mc_har_fit(v, 200, work, NULL, &model) == MC_OK && model.fit == MC_FIT_CONSTANT,
	      "a constant whose last value moves");
	for (int i = 0; i < 200; i++)
		v[i] = i < 22 ? (i * i) % 7 : 4;
	check(mc_har_fit(v, 200, work, NULL, &model) == MC_OK && model.fit == MC_FIT_CONSTANT,
	      "lags that vary before values that do not");
	check(model.r_squared == 0, "and no R squared");
}

static bool
stop_now(void *arg)
{
	(void) arg;
	return true;
}

static void
test_stop(void)
{
	static double work[MOST * 20 + 100];
	McPoll poll = {stop_now, NULL};
	McHarModel model;

	fill(9, MOST, 1);
	check(mc_har_fit(v, MOST, work, &poll, &model) == MC_STOPPED, "stops when asked");
}

static void
test_forecast(void)
{
	const double plain[P] = {0, 1, 0, 0};
	const double all[P] = {0.5, 0.25, 0.5, -0.25};
	const double explosive[P] = {0, 1e300, 0, 0};
	double tail[MONTH];
	double got[3] = {-1, -1, -1};
	double week = 0;
	double month = 0;

	for (int i = 0; i < MONTH; i++)
		tail[i] = (i + 1) * (i + 1);
	check(mc_har_forecast(plain, tail, 3, got) == MC_OK && got[0] == 484 && got[2] == 484,
	      "the last value again");
	for (int i = 0; i < MONTH; i++)
	{
		week += i >= MONTH - 5 ? tail[i] / 5 : 0;
		month += tail[i] / MONTH;
	}
	mc_har_forecast(all, tail, 2, got);
	check_close(got[0], 0.5 + 0.25 * 484 + 0.5 * week - 0.25 * month, 1e-15, "one step");
	week += (got[0] - tail[MONTH - 5]) / 5;
	month += (got[0] - tail[0]) / MONTH;
	check_close(got[1], 0.5 + 0.25 * got[0] + 0.5 * week - 0.25 * month, 1e-15, "two steps");
	check(got[2] == 484, "and no more");
	check(mc_har_forecast(explosive, tail, 1, got) == MC_OK &&
	          mc_har_forecast(explosive, tail, 2, got) == MC_OVERFLOW,
	      "beyond a double");
}

void
test_har(void)
{
	test_fit(27, 1);
	test_fit(100, 1e-4);
	test_fit(700, 1e-120);
	test_fit(MOST, 1e-4);
	test_fit(300, 1e150);
	test_unit();
	test_statuses();
	test_stop();
	test_forecast();
}
