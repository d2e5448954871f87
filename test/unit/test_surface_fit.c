/*
 * test_surface_fit.c
 *	  Surfaces of random chains: recovered when the quotes have no arbitrage, free of it on a dense grid whatever
 *	  the quotes.
 */
#include <stdio.h>

#include "kernel/surface_fit.h"
#include "smile_cases.h"

static SmileCase cases[CASE_EXPIRIES];
static McSmile smiles[CASE_EXPIRIES];
static McSurfaceExpiry expiries[CASE_EXPIRIES];
static McSsviExpiry work[CASE_EXPIRIES];

static McStatus
fit(size_t n, const McPoll *poll)
{
	McSsvi ssvi;

	for (size_t i = 0; i < n; i++)
		smiles[i] = case_smile(&cases[i], true);
	return mc_surface_fit(smiles, expiries, work, n, &ssvi, poll);
}

/* are the smiles free of arbitrage, and the measures those of the smiles? */
static bool
is_sound(size_t n, const char *name, unsigned long long seed)
{
	const McSvi *before = NULL;
	bool sound = true;

	for (size_t i = 0; i < n && sound; i++)
	{
		const McSvi *s = &smiles[i].smile;
		double butterfly;
		double calendar;

		if (expiries[i].model == MC_SLICE_NONE)
			continue;
		butterfly = mc_svi_is_valid(s) ? case_least_butterfly(s) : NAN;
		calendar = before != NULL ? case_least_calendar(before, s) : 0;
		sound = butterfly >= -1e-10 && calendar >= -1e-10 && expiries[i].butterfly >= 0 &&
		        expiries[i].butterfly <= butterfly + 1e-5 &&
		        (expiries[i].calendar >= 0 || before == NULL);
		for (size_t j = 0; j < cases[i].n; j++)
			sound &= cases[i].robust[j] >= 0 && cases[i].robust[j] <= 1;
		if (!sound)
			check(false,
			      "%s %llu, expiry %zu of %zu: model %d g %g (%g) calendar %g (%g) of %.17g %.17g "
			      "%.17g %.17g %.17g",
			      name, seed, i, n, (int) expiries[i].model, butterfly, expiries[i].butterfly,
			      calendar, expiries[i].calendar, s->a, s->b, s->rho, s->m, s->sigma);
		before = s;
	}
	return sound;
}

/* quotes that a surface SVI gives, over n expiries; noise relative to vol */
static void
fill(size_t n, const McSsvi *truth, double vol, double first, double noise, double reach,
     UnitRandom *random)
{
	for (size_t i = 0; i < n; i++)
	{
		double t = first * exp(4.5 * (double) i / (double) (n > 1 ? n - 1 : 1));
		double theta = vol * vol * t;
		McSvi raw = mc_ssvi_slice(truth, theta);

		case_quotes(&cases[i], &raw, t, 8 + (size_t) (30 * unit_uniform(random)),
		            -reach * sqrt(theta), reach * sqrt(theta), noise,
		            fmax(vol * noise, 0.002 * vol), random);
	}
}

static double
worst_error(size_t n)
{
	double worst = 0;

	for (size_t i = 0; i < n; i++)
	{
		double off[CASE_QUOTES];
		double sum = 0;

		for (size_t j = 0; j < cases[i].n; j++)
		{
			off[j] = case_vol(&smiles[i].smile, cases[i].t, cases[i].k[j]) / cases[i].vol[j] - 1;
			sum += off[j] * off[j];
		}
		worst = fmax(worst, sqrt(sum / (double) cases[i].n));
	}
	return worst;
}

static void
test_recovered(void)
{
	UnitRandom random = {71};
	size_t count = unit_repeats(60, 6);
	size_t bad = 0;
	double worst = 0;
	double noisy = 0;

	for (size_t i = 0; i < count; i++)
	{
		McSsvi truth = {1.4 * unit_uniform(&random) - 0.7, 0.3 + 0.6 * unit_uniform(&random),
		                0.3 + 0.15 * unit_uniform(&random)};
		size_t n = 1 + i % 12;
		double vol = 0.1 + (i % 3) * 0.5;

		fill(n, &truth, vol, 0.01, 0, 2.5, &random);
		bad += fit(n, NULL) != MC_OK || !is_sound(n, "known", i);
		worst = fmax(worst, worst_error(n));
		fill(n, &truth, vol, 0.01, 0.02, 2.5, &random);
		bad += fit(n, NULL) != MC_OK || !is_sound(n, "noisy", i);
		for (size_t j = 0; j < n; j++)
			bad += expiries[j].model == MC_SLICE_NONE;
		noisy = fmax(noisy, worst_error(n));
	}
	check(bad == 0, "%zu known surfaces, clean and with noise of 2 %%: %zu wrong", count, bad);
	check(worst < 0.002, "clean quotes are met: %g of vol", worst);
	check(noisy < 0.08, "noisy ones as nearly as their noise: %g of vol", noisy);
}

/* vols from 50 % to 400 %, steep skew, from hours to years; half the quotes gone; conflicts */
static void
test_crash(void)
{
	UnitRandom random = {73};
	size_t count = unit_repeats(150, 8);
	size_t bad = 0;
	size_t none = 0;
	size_t total = 0;

	for (size_t i = 0; i < count; i++)
	{
		McSsvi truth = {-0.95 + 0.3 * unit_uniform(&random), 0.5 + 1.5 * unit_uniform(&random),
		                0.3 + 0.2 * unit_uniform(&random)};
		size_t n = 2 + i % 11;

		fill(n, &truth, 0.5 + 3.5 * unit_uniform(&random), i % 2 ? 0.0005 : 0.02,
		     (double) (i % 5) * 0.1, i % 3 ? 2 : 6, &random);
		for (size_t j = 0; j < n && i % 4 == 0; j++)
		{
			size_t kept = 0;

			for (size_t q = 0; q < cases[j].n; q++)
				if (q == 0 || unit_uniform(&random) < 0.5)
				{
					cases[j].k[kept] = cases[j].k[q];
					cases[j].vol[kept++] =
					    cases[j].vol[q] *
					    (unit_uniform(&random) < 0.1 ? 10 * unit_uniform(&random) : 1);
				}
			cases[j].n = kept;
		}
		bad += fit(n, NULL) != MC_OK || !is_sound(n, "crash", i);
		for (size_t j = 0; j < n; j++)
			none += expiries[j].model == MC_SLICE_NONE;
		total += n;
	}
	check(bad == 0, "%zu crashes: %zu with arbitrage", count, bad);
	check(none * 50 <= total, "%zu of %zu expiries without a smile", none, total);
}

/* vols drawn at will: every quote and every expiry contradicts the others */
static void
test_conflicts(void)
{
	UnitRandom random = {79};
	size_t count = unit_repeats(200, 10);
	size_t bad = 0;

	for (size_t i = 0; i < count; i++)
	{
		size_t n = 1 + i % 10;
		double t = i % 3 == 0 ? 1e-6 : 0.003;
		size_t total = 0;
		McStatus status;

		for (size_t j = 0; j < n; j++)
		{
			SmileCase *c = &cases[j];

			c->n = 1 + (size_t) (20 * unit_uniform(&random));
			c->t = t *= 1 + 3 * unit_uniform(&random);
			total += c->n;
			for (size_t q = 0; q < c->n; q++)
			{
				c->k[q] = (i % 2 ? 1 : 0.1) * unit_normal(&random);
				c->k[q] = q > 0 && i % 5 == 0 ? c->k[0] : c->k[q];
				c->vol[q] = exp(4 * unit_uniform(&random) - 2.5);
				c->scale[q] = exp(-7 + 6 * unit_uniform(&random));
			}
		}
		status = fit(n, NULL);
		bad += status == MC_OK ? !is_sound(n, "conflict", i) : status != MC_TOO_FEW || total >= 3;
	}
	check(bad == 0, "%zu surfaces of contradictions: %zu with arbitrage", count, bad);
}

static void
one_quote(SmileCase *c, double t, double k, double vol)
{
	c->n = 1;
	c->t = t;
	c->k[0] = k;
	c->vol[0] = vol;
	c->scale[0] = 0.01;
}

static void
test_odd(void)
{
	const double times[] = {1e-5, 1e-4, 1.0 / 365, 1, 30, 1000};
	McSsvi truth = {-0.5, 0.8, 0.4};
	UnitRandom random = {83};
	double off = 0;

	for (int i = 0; i < 6; i++)
		one_quote(&cases[i], times[i], 0.1 * (i - 2) * sqrt(times[i]), 0.5);
	check(fit(0, NULL) == MC_TOO_FEW && fit(2, NULL) == MC_TOO_FEW,
	      "no expiry, and two quotes in all");
	check(fit(6, NULL) == MC_OK && is_sound(6, "single quotes", 0),
	      "one quote in each of six expiries, from minutes to ages");
	for (int i = 0; i < 6; i++)
		off = fmax(off, fabs(case_vol(&smiles[i].smile, times[i], cases[i].k[0]) - 0.5));
	check(off < 0.02, "meets them: %g", off);
	for (int i = 0; i < 6; i++)
	{
		McSvi level = {0.25 * times[i], 0, 0, 0, 1};

		case_quotes(&cases[i], &level, times[i], 20, -0.5 * sqrt(times[i]), 0.5 * sqrt(times[i]), 0,
		            0.001, NULL);
	}
	check(fit(6, NULL) == MC_OK && is_sound(6, "flat", 0), "flat smiles");
	check(worst_error(6) < 2e-3, "are met: %g", worst_error(6));
	fill(3, &truth, 0.6, 0.02, 0, 2.5, &random);
	for (size_t i = 0; i < cases[1].n; i++)
		cases[1].k[i] = 0.05;
	check(fit(3, NULL) == MC_OK && is_sound(3, "duplicates", 0),
	      "all quotes of an expiry at one k");
	fill(3, &truth, 0.6, 0.02, 0, 2.5, &random);
	cases[1].t = nextafter(cases[0].t, 1);
	check(fit(3, NULL) == MC_OK && is_sound(3, "twins", 0), "two expiries a moment apart");
	for (size_t i = 0; i < cases[0].n; i++)
		cases[0].scale[i] = 1e-300;
	check(fit(3, NULL) == MC_OK && is_sound(3, "scales", 0), "quotes without error");
	for (size_t i = 0; i < cases[2].n; i++)
		cases[2].k[i] *= 300;
	check(fit(3, NULL) == MC_OK && is_sound(3, "far", 0), "strikes far away");
	for (size_t i = 0; i < cases[2].n; i++)
		cases[2].vol[i] = i % 2 ? 1e-6 : 19;
	check(fit(3, NULL) == MC_OK && is_sound(3, "wild", 0), "vols of nothing and of 1900 %%");
}

/* quotes that a flat smile fits best: its width may grow, but not until nothing is left of total variance */
static void
test_digits(void)
{
	const double k[4] = {-1.5, -1.3941176470588235, -0.79411764705882348, 0.19411764705882345};
	const double vol[4] = {1.15, 1.0970588235294085, 14.571324992169201, 0.41941176470588237};
	const double scale[4] = {0.0010110935051817552, 0.018941556255819877, 0.0010110935051817552,
	                         0.0020530690262120519};
	UnitRandom random = {5};
	size_t bad = 0;

	for (int e = 0; e < 2; e++)
	{
		cases[e].n = e == 0 ? 4 : 2;
		cases[e].t = e == 0 ? 0.75152643814707976 : 0.75152785002732403;
		for (int i = 0; i < 4; i++)
		{
			cases[e].k[i] = k[i];
			cases[e].vol[i] = vol[i];
			cases[e].scale[i] = e == 0 ? scale[i] : 0.001;
		}
	}
	check(fit(2, NULL) == MC_OK && is_sound(2, "absurd", 0) &&
	          smiles[0].smile.a + smiles[0].smile.b * smiles[0].smile.sigma > 0.01,
	      "an absurd vol among four leaves a smile");
	for (size_t i = 0; i < unit_repeats(3000, 100); i++)
	{
		size_t n = 1 + i % 3;
		double t = 0.003;

		for (size_t e = 0; e < n; e++)
		{
			SmileCase *c = &cases[e];
			double sd;

			c->n = 4 + (size_t) (8 * unit_uniform(&random));
			c->t = t *= 1 + 3 * unit_uniform(&random);
			sd = 0.6 * sqrt(t);
			for (size_t q = 0; q < c->n; q++)
			{
				c->k[q] = 2 * sd * unit_normal(&random);
				c->vol[q] = 0.6 + 0.06 * fabs(c->k[q] / sd) - 0.05 * c->k[q] / sd +
				            0.01 * unit_normal(&random);
				c->scale[q] = 0.005;
				if (unit_uniform(&random) < 0.1)
					c->vol[q] = 20 * unit_uniform(&random);
			}
		}
		bad += fit(n, NULL) != MC_OK || !is_sound(n, "absurd", i);
		for (size_t e = 0; e < n; e++)
		{
			const McSvi *s = &smiles[e].smile;

			bad += expiries[e].model != MC_SLICE_NONE &&
			       !((fabs(s->a) + s->b * s->sigma) * 1e-9 < mc_svi_total_variance(s, 0));
		}
	}
	check(bad == 0, "total variance keeps its digits whatever is absurd: %zu without", bad);
}

/* one expiry whose vols are nonsense: the others keep theirs */
static void
test_hopeless(double factor, size_t which)
{
	McSsvi truth = {-0.4, 0.8, 0.4};
	UnitRandom random = {89};
	double off = 0;
	size_t far = 0;

	fill(8, &truth, 0.6, 0.01, 0.005, 2, &random);
	for (size_t i = 0; i < cases[which].n; i++)
		cases[which].vol[i] *= factor;
	check(fit(8, NULL) == MC_OK && is_sound(8, "hopeless", which), "vols of expiry %zu times %g",
	      which, factor);
	for (size_t i = 0; i < 8; i++)
		for (size_t j = 0; j < cases[i].n && i != which; j++)
		{
			double error =
			    fabs(case_vol(&smiles[i].smile, cases[i].t, cases[i].k[j]) / cases[i].vol[j] - 1);

			off = fmax(off, error);
			far += error > 0.05;
		}
	printf("# largest error of the other expiries %g, %zu quotes off by more than 5 %%\n", off,
	       far);
}

static void
test_stop(void)
{
	McSsvi truth = {-0.4, 0.8, 0.4};
	UnitRandom random = {97};

	for (int after = 0; after < 40; after++)
	{
		int left = after;
		McPoll poll = {case_stop, &left};
		McStatus status;

		fill(12, &truth, 0.6, 0.01, 0.3, 2, &random);
		status = fit(12, &poll);
		if (left >= 0)
		{
			check(status == MC_OK && after > 3, "done after %d polls", after - left);
			return;
		}
		if (status != MC_STOPPED || left < -2)
		{
			check(false, "asked to stop at poll %d: status %d, %d polls later", after, (int) status,
			      -left);
			return;
		}
	}
	check(true, "stops at once at any poll");
}

/* no digit depends on what lay in memory, or on a run before */
static void
test_same(void)
{
	McSsvi truth = {-0.4, 0.8, 0.4};
	McSvi first[8];
	UnitRandom random = {101};

	fill(8, &truth, 0.6, 0.01, 0.1, 2, &random);
	fit(8, NULL);
	for (int i = 0; i < 8; i++)
		first[i] = smiles[i].smile;
	memset(work, 0x33, sizeof(work));
	memset(expiries, 0x33, sizeof(expiries));
	fit(8, NULL);
	check(memcmp(&first[7], &smiles[7].smile, sizeof(McSvi)) == 0 &&
	          memcmp(&first[0], &smiles[0].smile, sizeof(McSvi)) == 0,
	      "the same bits again");
}

void
test_surface_fit(void)
{
	test_recovered();
	test_crash();
	test_conflicts();
	test_odd();
	test_digits();
	test_hopeless(5, 2);
	test_hopeless(0.2, 5);
	test_stop();
	test_same();
}
