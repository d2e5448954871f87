/*
 * test_ssvi.c
 *	  Slices beside the formula, surfaces recovered from their own quotes, order, outliers and few quotes.
 */
#include "kernel/ssvi.h"
#include "smile_cases.h"

static long double
wide_slice(const McSsvi *s, long double theta, long double k)
{
	long double phi = s->eta * powl(theta, -(long double) s->gamma);

	return theta / 2 *
	       (1 + s->rho * phi * k +
	        sqrtl((phi * k + s->rho) * (phi * k + s->rho) + 1 - (long double) s->rho * s->rho));
}

static void
test_slices(void)
{
	UnitRandom random = {7};
	double worst = 0;
	double arbitrage = INFINITY;

	for (int i = 0; i < 500; i++)
	{
		McSsvi s = {1.9 * unit_uniform(&random) - 0.95, 0.1 + unit_uniform(&random),
		            0.05 + 0.45 * unit_uniform(&random)};
		double theta = exp(-8 + 8 * unit_uniform(&random));
		McSvi raw = mc_ssvi_slice(&s, theta);
		double phi = s.eta * pow(theta, -s.gamma);

		for (int j = -10; j <= 10; j++)
			worst =
			    fmax(worst,
			         fabs((double) (case_w(&raw, j / 5.0L) / wide_slice(&s, theta, j / 5.0L) - 1)));
		if (theta * phi * (1 + fabs(s.rho)) < 4 && theta * phi * phi * (1 + fabs(s.rho)) <= 4)
			arbitrage = fmin(arbitrage, case_least_butterfly(&raw));
	}
	check(worst < 1e-11, "slices by the formula: %g", worst);
	check(arbitrage >= -1e-9 && isfinite(arbitrage),
	      "and no butterfly arbitrage inside the bounds: %g", arbitrage);
}

static void
fill(SmileCase *c, McSsviExpiry *e, size_t count, const McSsvi *truth, const double *theta,
     double noise, UnitRandom *random)
{
	for (size_t i = 0; i < count; i++)
	{
		McSvi raw = mc_ssvi_slice(truth, theta[i]);

		case_quotes(&c[i], &raw, 0.05 * (double) (i + 1), 15, -2.5 * sqrt(theta[i]),
		            2 * sqrt(theta[i]), noise, 0.003, random);
		memset(&e[i], 0x5a, sizeof(e[i]));
		e[i].quotes = (McSmileQuotes){c[i].n, c[i].k, c[i].vol, c[i].scale};
		e[i].t = c[i].t;
	}
}

static bool
in_bounds(const McSsvi *s, const McSsviExpiry *e, size_t count)
{
	bool good = fabs(s->rho) < 1 && s->eta > 0 && s->gamma > 0 && s->gamma < 1;

	for (size_t i = 0; i < count; i++)
	{
		double phi = s->eta * pow(e[i].theta, -s->gamma);
		McSvi raw = mc_ssvi_slice(s, e[i].theta);
		McSvi before = mc_ssvi_slice(s, e[i > 0 ? i - 1 : 0].theta);

		good &= e[i].theta > 0 && (i == 0 || e[i].theta >= e[i - 1].theta) &&
		        mc_svi_is_valid(&raw) && e[i].theta * phi * (1 + fabs(s->rho)) < 4 &&
		        e[i].theta * phi * phi * (1 + fabs(s->rho)) <= 4 * (1 + 1e-12) &&
		        case_least_butterfly(&raw) >= -1e-9 && case_least_calendar(&before, &raw) >= -1e-12;
	}
	return good;
}

static void
test_recovered(void)
{
	static SmileCase c[8];
	static McSsviExpiry e[8];
	const double theta[8] = {0.004, 0.009, 0.013, 0.02, 0.03, 0.05, 0.09, 0.2};
	const McSsvi truths[] = {{-0.6, 0.8, 0.4}, {0.3, 0.5, 0.3}, {-0.2, 1, 0.45}};
	UnitRandom random = {17};

	for (size_t i = 0; i < 3; i++)
	{
		McSsvi got;
		McStatus status;
		double worst = 0;

		fill(c, e, 8, &truths[i], theta, 0, &random);
		check(mc_ssvi_fit(e, 8, &got, NULL) == MC_OK && in_bounds(&got, e, 8),
		      "surface %zu is fitted", i);
		check(fabs(got.rho - truths[i].rho) < 1e-2 && fabs(got.eta - truths[i].eta) < 2e-2 &&
		          fabs(got.gamma - truths[i].gamma) < 5e-3,
		      "rho %g, eta %g, gamma %g", got.rho, got.eta, got.gamma);
		for (int j = 0; j < 8; j++)
			worst = fmax(worst, fabs(e[j].theta / theta[j] - 1));
		check(worst < 1e-2, "theta within %g", worst);
		fill(c, e, 8, &truths[i], theta, 0.01, &random);
		c[3].vol[7] = 9;
		c[5].vol[2] = 0.02;
		status = mc_ssvi_fit(e, 8, &got, NULL);
		check(status == MC_OK && in_bounds(&got, e, 8) && fabs(got.rho - truths[i].rho) < 0.05,
		      "with noise and two absurd quotes: rho %g", got.rho);
	}
}

/* total variance that falls, one quote an expiry, equal quotes */
static void
test_odd(void)
{
	static SmileCase c[8];
	static McSsviExpiry e[8];
	const double falling[8] = {0.2, 0.09, 0.05, 0.03, 0.02, 0.013, 0.009, 0.004};
	const McSsvi truth = {-0.4, 0.8, 0.4};
	UnitRandom random = {19};
	McSsvi got;
	McStatus status;
	int left = 0;
	McPoll poll = {case_stop, &left};

	fill(c, e, 8, &truth, falling, 0, &random);
	check(mc_ssvi_fit(e, 8, &got, NULL) == MC_OK && in_bounds(&got, e, 8),
	      "falling total variance: theta does not fall");
	for (size_t n = 1; n <= 3; n++)
	{
		fill(c, e, 8, &truth, falling, 0.1, &random);
		for (int i = 0; i < 8; i++)
			e[i].quotes.n = n;
		check(mc_ssvi_fit(e, 8, &got, NULL) == MC_OK && in_bounds(&got, e, 8),
		      "%zu quotes an expiry", n);
		status = mc_ssvi_fit(e, 1, &got, NULL);
		check(n < 3 ? status == MC_TOO_FEW : status == MC_OK && in_bounds(&got, e, 1),
		      "and one expiry");
	}
	for (int i = 0; i < 15; i++)
		c[0].k[i] = 0.1;
	e[0].quotes.n = 15;
	check(mc_ssvi_fit(e, 1, &got, NULL) == MC_OK && in_bounds(&got, e, 1), "all at one strike");
	check(mc_ssvi_fit(e, 0, &got, NULL) == MC_TOO_FEW, "no expiry");
	fill(c, e, 8, &truth, falling, 0, &random);
	check(mc_ssvi_fit(e, 8, &got, &poll) == MC_STOPPED && left >= -2, "stops when asked");
}

void
test_ssvi(void)
{
	test_slices();
	test_recovered();
	test_odd();
}
