/*
 * test_smile_fit.c
 *	  Smiles recovered from their own quotes, penalties, robust weights, few quotes, and stops.
 */
#include "kernel/smile_fit.h"
#include "smile_cases.h"

static const McSvi truths[] = {
    {0.01, 0.08, -0.5, 0.02, 0.12},  {0.001, 0.02, 0.1, 0.0, 0.03}, {0.04, 0.25, -0.7, 0.1, 0.4},
    {0.0004, 0.012, 0.3, 0.0, 0.02}, {0.5, 0.6, -0.2, -0.1, 0.5},
};

/* where a fit starts: flat, a little bent */
static McSvi
flat(const SmileCase *c)
{
	double w = c->vol[c->n / 2] * c->vol[c->n / 2] * c->t;

	return (McSvi){0.7 * w, 0.3 * sqrt(w), 0, 0, sqrt(w)};
}

static double
worst_vol(const McSvi *got, const McSvi *want, double t, double low, double high)
{
	double worst = 0;

	for (int i = 0; i <= 100; i++)
	{
		double k = low + (high - low) * i / 100;

		worst = fmax(worst, fabs(case_vol(got, t, k) - case_vol(want, t, k)));
	}
	return worst;
}

static void
test_recovered(bool free, int rounds)
{
	for (size_t i = 0; i < sizeof(truths) / sizeof(truths[0]); i++)
	{
		SmileCase c;
		McSmile smile;
		McFit fit = MC_FIT_FAILED;
		McSmileOptions options = {false, free, rounds, 1};
		double reach = 2.5 * sqrt((double) case_w(&truths[i], 0));
		double off;

		case_quotes(&c, &truths[i], 0.1 * (double) (i + 1), 25, -reach, reach, 0, 1e-4, NULL);
		smile = case_smile(&c, false);
		smile.prior = smile.smile = flat(&c);
		check(mc_smile_fit(&smile, 1, &options, &fit, NULL) == MC_OK && mc_fit_usable(fit),
		      "smile %zu is fitted%s", i, free ? " freely" : "");
		off = worst_vol(&smile.smile, &truths[i], c.t, -reach, reach);
		check(off < 2e-5, "and found again, within %g of vol", off);
	}
}

/* of 21 quotes one is absurd */
static void
test_robust(void)
{
	const double absurd[] = {5, 0.01, 1, 30};

	for (size_t i = 0; i < sizeof(absurd) / sizeof(absurd[0]); i++)
	{
		SmileCase c;
		McSmile smile;
		McFit fit;
		McSmileOptions options = {false, false, 8, 1};
		double off;
		double least = 1;

		case_quotes(&c, &truths[0], 0.25, 21, -0.5, 0.5, 0, 0.005, NULL);
		c.vol[5 * i + 1] = absurd[i];
		smile = case_smile(&c, false);
		smile.prior = smile.smile = flat(&c);
		mc_smile_fit(&smile, 1, &options, &fit, NULL);
		off = worst_vol(&smile.smile, &truths[0], 0.25, -0.5, 0.5);
		for (size_t j = 0; j < c.n; j++)
			least = j == 5 * i + 1 ? least : fmin(least, c.robust[j]);
		check(c.robust[5 * i + 1] < 0.1 && least > 0.9,
		      "a vol of %g counts %g, the others %g and more", absurd[i], c.robust[5 * i + 1],
		      least);
		check(off < 0.01, "and moves the smile by %g", off);
	}
}

/* quotes of Vogt's smile have arbitrage: free fits find it, others nearly none */
static void
test_penalty(void)
{
	const McSvi vogt = {-0.0410, 0.1331, 0.3060, 0.3586, 0.4153};
	SmileCase c;
	McFit fit;
	McSmile smile;
	McStatus free_fit;
	McStatus bound_fit;
	double least;

	case_quotes(&c, &vogt, 1, 41, -1, 1.5, 0, 1e-3, NULL);
	smile = case_smile(&c, false);
	smile.prior = smile.smile = flat(&c);
	free_fit = mc_smile_fit(&smile, 1, &(McSmileOptions){false, true, 0, 1}, &fit, NULL);
	least = case_least_butterfly(&smile.smile);
	check(free_fit == MC_OK && fabs(least + 0.03286) < 1e-3,
	      "a free fit has the arbitrage of its quotes: %g", least);
	smile.smile = smile.prior;
	bound_fit = mc_smile_fit(&smile, 1, &(McSmileOptions){false, false, 0, 10}, &fit, NULL);
	least = case_least_butterfly(&smile.smile);
	check(bound_fit == MC_OK && least > -2e-3, "penalties leave %g", least);
	check(worst_vol(&smile.smile, &vogt, 1, -1, 1.5) < 0.03, "at a small cost: %g",
	      worst_vol(&smile.smile, &vogt, 1, -1, 1.5));
}

/* the later expiry quotes less total variance */
static void
test_ordered(void)
{
	SmileCase c[2];
	McSmile smiles[2];
	McFit fit;
	McSvi low = {0.008, 0.06, -0.5, 0.02, 0.12};

	case_quotes(&c[0], &truths[0], 0.25, 21, -0.5, 0.5, 0, 0.01, NULL);
	case_quotes(&c[1], &low, 0.3, 21, -0.5, 0.5, 0, 0.01, NULL);
	for (int i = 0; i < 2; i++)
	{
		smiles[i] = case_smile(&c[i], false);
		smiles[i].prior = smiles[i].smile = flat(&c[i]);
	}
	mc_smile_fit(smiles, 2, &(McSmileOptions){false, false, 0, 1}, &fit, NULL);
	check(case_least_calendar(&smiles[0].smile, &smiles[1].smile) < -0.1,
	      "not ordered: the smiles cross");
	check(mc_smile_fit(smiles, 2, &(McSmileOptions){true, false, 0, 1}, &fit, NULL) == MC_OK &&
	          mc_fit_usable(fit),
	      "ordered");
	check(case_least_calendar(&smiles[0].smile, &smiles[1].smile) > -0.01,
	      "calendar excess %g of w", case_least_calendar(&smiles[0].smile, &smiles[1].smile));
	check(case_w(&smiles[0].smile, 0) < case_w(&truths[0], 0) &&
	          case_w(&smiles[1].smile, 0) > case_w(&low, 0),
	      "both give way");
}

static void
test_few(void)
{
	for (size_t n = 1; n <= 3; n++)
	{
		SmileCase c;
		McSmile smile;
		McFit fit;
		double off = 0;

		case_quotes(&c, &truths[0], 0.25, n, -0.2, 0.2, 0, 0.002, NULL);
		smile = case_smile(&c, false);
		smile.prior = smile.smile = flat(&c);
		check(mc_smile_fit(&smile, 1, &(McSmileOptions){false, false, 4, 1}, &fit, NULL) == MC_OK &&
		          mc_fit_usable(fit) && mc_svi_is_valid(&smile.smile),
		      "%zu quotes", n);
		for (size_t i = 0; i < n; i++)
			off = fmax(off, fabs(case_vol(&smile.smile, 0.25, c.k[i]) - c.vol[i]));
		check(off < 0.004, "are met within %g", off);
	}
}

static void
test_statuses(void)
{
	SmileCase c;
	McSmile smile;
	McFit fit;
	int left = 0;
	McPoll poll = {case_stop, &left};

	check(mc_smile_fit(NULL, 0, &(McSmileOptions){false, false, 0, 1}, &fit, NULL) == MC_TOO_FEW,
	      "no smile");
	case_quotes(&c, &truths[0], 0.25, 21, -0.5, 0.5, 0, 0.005, NULL);
	smile = case_smile(&c, false);
	smile.prior = smile.smile = flat(&c);
	check(mc_smile_fit(&smile, 1, &(McSmileOptions){false, false, 4, 1}, &fit, &poll) == MC_STOPPED,
	      "stops when asked");
	check(left >= -2, "at once");
}

void
test_smile_fit(void)
{
	test_recovered(true, 0);
	test_recovered(false, 0);
	test_recovered(false, 5);
	test_robust();
	test_penalty();
	test_ordered();
	test_few();
	test_statuses();
}
