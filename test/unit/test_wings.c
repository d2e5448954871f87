/*
 * test_wings.c
 *	  Wings beside the raw form, their derivatives beside central differences, and bounds.
 */
#include <float.h>
#include <math.h>

#include "kernel/wings.h"
#include "unit.h"

static void
random_variables(UnitRandom *random, double *x)
{
	x[MC_WINGS_LEAST] = -8 + 6 * unit_uniform(random);
	x[MC_WINGS_LEFT] = -5 + 7 * unit_uniform(random);
	x[MC_WINGS_RIGHT] = -5 + 7 * unit_uniform(random);
	x[MC_WINGS_VERTEX] = unit_uniform(random) - 0.5;
	x[MC_WINGS_WIDTH] = -4 + 4 * unit_uniform(random);
}

/* w, w', w'' and g by the raw form in long double */
static void
wide_at(const double *p, long double k, long double *out)
{
	long double half = ((long double) p[MC_WINGS_RIGHT] - p[MC_WINGS_LEFT]) / 2;
	long double b = ((long double) p[MC_WINGS_RIGHT] + p[MC_WINGS_LEFT]) / 2;
	long double sigma = p[MC_WINGS_WIDTH];
	long double z = k - p[MC_WINGS_VERTEX];
	long double r = sqrtl(z * z + sigma * sigma);
	long double first;

	out[0] = p[MC_WINGS_LEAST] - sigma * sqrtl((long double) p[MC_WINGS_LEFT] * p[MC_WINGS_RIGHT]) +
	         half * z + b * r;
	out[1] = half + b * z / r;
	out[2] = b * sigma * sigma / (r * r * r);
	first = 1 - k * out[1] / (2 * out[0]);
	out[3] = first * first - out[1] * out[1] / 4 * (1 / out[0] + 0.25L) + out[2] / 2;
}

static void
test_variables(void)
{
	UnitRandom random = {3};
	double worst = 0;
	double back = 0;
	bool valid = true;

	for (int i = 0; i < 2000; i++)
	{
		double x[MC_WINGS_DIM];
		double y[MC_WINGS_DIM];
		McWings wings;
		McSvi s;

		random_variables(&random, x);
		mc_wings_of_variables(x, &wings);
		worst = fmax(worst, fabs(wings.p[0] / exp(x[0]) - 1));
		worst = fmax(worst, fabs(wings.p[1] / (2 / (1 + exp(-x[1]))) - 1));
		worst = fmax(worst, fabs(wings.p[2] / (2 / (1 + exp(-x[2]))) - 1));
		worst = fmax(worst, fabs(wings.p[3] - x[3]));
		worst = fmax(worst, fabs(wings.p[4] / exp(x[4]) - 1));
		worst = fmax(worst, fabs(wings.root / sqrt(wings.p[1] * wings.p[2]) - 1));
		for (int j = 0; j < MC_WINGS_DIM; j++)
		{
			McWings up;
			McWings down;
			double h = 1e-5;
			double was = x[j];

			x[j] = was + h;
			mc_wings_of_variables(x, &up);
			x[j] = was - h;
			mc_wings_of_variables(x, &down);
			x[j] = was;
			worst = fmax(worst, 1e-5 * fabs((up.p[j] - down.p[j]) / (2 * h) / wings.rate[j] - 1));
		}
		s = mc_wings_smile(&wings);
		valid &= mc_svi_is_valid(&s);
		worst =
		    fmax(worst, 1e-3 * fabs(s.a + s.b * s.sigma * sqrt(1 - s.rho * s.rho) - wings.p[0]) /
		                    (wings.p[0] + s.b * s.sigma));
		mc_wings_variables(&s, y);
		mc_wings_of_variables(y, &wings);
		for (int j = 0; j < 5; j++)
		{
			double k = j - 2;
			double w = mc_svi_total_variance(&s, k);

			worst = fmax(worst, 1e-4 * fabs(mc_wings_at(&wings, k).w / w - 1));
			back = fmax(back, fabs(x[j] - y[j]) / (1 + fabs(x[j])));
		}
	}
	check(worst < 1e-13, "variables, rates, raw form: %g", worst);
	check(back < 1e-5, "and back: %g", back);
	check(valid, "every smile is valid");
}

/* what a fit may be given: too steep, flat, a minimum of 0 */
static void
test_bounds(void)
{
	const McSvi smiles[] = {{0.2, 3, 0.5, 0, 0.5},
	                        {0.04, 0, 0, 0, 1},
	                        {0, 0.1, 0, 0, 1e-8},
	                        {-0.02, 0.1, 0, 0, 0.2},
	                        {0, 0, 0, 0, 1},
	                        {1e300, 1, 0, 0, 1},
	                        {0.01, 1, 0.999999999, 0, 1},
	                        {0, 1e-300, 0, 1e300, 1e-300}};
	bool good = true;

	for (size_t i = 0; i < sizeof(smiles) / sizeof(smiles[0]); i++)
	{
		double x[MC_WINGS_DIM];
		McWings wings;
		McSvi s;

		mc_wings_variables(&smiles[i], x);
		mc_wings_of_variables(x, &wings);
		s = mc_wings_smile(&wings);
		for (int j = 0; j < MC_WINGS_DIM; j++)
			good &= check(isfinite(x[j]), "variable %d of smile %zu is finite", j, i);
		good &= check(wings.p[MC_WINGS_LEFT] > 0 && wings.p[MC_WINGS_LEFT] <= MC_WINGS_STEEPEST &&
		                  wings.p[MC_WINGS_RIGHT] > 0 &&
		                  wings.p[MC_WINGS_RIGHT] <= MC_WINGS_STEEPEST && mc_svi_is_valid(&s),
		              "wings of smile %zu are inside the bounds", i);
	}
	check(good, "bounds");
}

static void
test_derivatives(void)
{
	UnitRandom random = {5};
	double worst[4] = {0};
	double value = 0;

	for (int i = 0; i < 3000; i++)
	{
		double x[MC_WINGS_DIM];
		double gradient[MC_WINGS_DIM];
		long double here[4];
		McWings wings;
		McWingsJet jet;
		double k = 1.5 * unit_normal(&random) * (i % 2 ? 1 : 0.1);

		random_variables(&random, x);
		mc_wings_of_variables(x, &wings);
		mc_wings_jet(&wings, k, &jet);
		mc_wings_butterfly_gradient(&jet, k, gradient);
		wide_at(wings.p, k, here);
		value = fmax(value, fabs((double) (jet.at.w / here[0] - 1)) * (double) here[0] /
		                        (1 + (double) here[0]));
		value = fmax(value, fabs((double) (jet.at.slope - here[1])) / 2);
		value = fmax(value, fabs((double) (jet.at.curvature / here[2] - 1)));
		value = fmax(value, fabs(mc_wings_at(&wings, k).w - jet.at.w) / (1 + jet.at.w));
		for (int j = 0; j < MC_WINGS_DIM; j++)
		{
			double p[MC_WINGS_DIM];
			long double up[4];
			long double down[4];
			long double h = 1e-5L * fmin(fabs(wings.p[j]) + (j == MC_WINGS_VERTEX ? wings.p[4] : 0),
			                             wings.p[4]);
			const double got[4] = {jet.w[j], jet.slope[j], jet.curvature[j], gradient[j]};

			for (int q = 0; q < MC_WINGS_DIM; q++)
				p[q] = wings.p[q];
			p[j] = (double) (wings.p[j] + h);
			wide_at(p, k, up);
			h = p[j];
			p[j] = (double) (2 * (long double) wings.p[j] - h);
			wide_at(p, k, down);
			h -= p[j];
			for (int q = 0; q < 4; q++)
			{
				long double want = (up[q] - down[q]) / h;
				long double size = fabsl(want) + fabsl(up[q]) + fabsl(here[q]);

				worst[q] = fmax(worst[q], fabs((double) ((got[q] - want) / (size + 1e-3L))));
			}
		}
	}
	check(value < 1e-13, "w and its derivatives in k: %g", value);
	for (int q = 0; q < 4; q++)
		check(worst[q] < 1e-6, "derivatives of %s by differences: %g",
		      q == 0   ? "w"
		      : q == 1 ? "the slope"
		      : q == 2 ? "the curvature"
		               : "g",
		      worst[q]);
}

void
test_wings(void)
{
	test_variables();
	test_bounds();
	test_derivatives();
}
