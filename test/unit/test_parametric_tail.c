/*
 * test_parametric_tail.c
 *	  Tails of distributions beside 40-digit values (mpmath) and published numbers.
 */
#include <float.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <math.h>

#include "kernel/parametric_tail.h"
#include "unit.h"

typedef struct Row
{
	double degrees_of_freedom;
	double confidence;
	double var;
	double es;
} Row;

/* by mpmath from the densities, 20 digits */
static const Row rows[] = {{INFINITY, 0.5, 0, 0.79788456080286535588},
                           {INFINITY, 0.75, 0.6744897501960817432, 1.271106290736427736},
                           {INFINITY, 0.95, 1.6448536269514722843, 2.0627128075074256481},
                           {INFINITY, 0.975, 1.9599639845400538556, 2.3378027922014141044},
                           {INFINITY, 0.99, 2.3263478740408407676, 2.6652142203458045122},
                           {INFINITY, 0.999, 3.0902323061678132778, 3.3670900770639901858},
                           {INFINITY, 1 - 0x1p-30, 6.0093535655307438932, 6.1676121039274546055},
                           {1.5, 0.75, 0.87259466254157063604, 3.6899918470857016637},
                           {1.5, 0.975, 6.0166631044279282546, 18.261429420052421964},
                           {1.5, 0.999, 52.184430008992616749, 156.57792439378827152},
                           {3, 0.75, 0.76489232840434528066, 1.8454213428284116491},
                           {3, 0.975, 3.1824463052837084359, 5.039583061113470029},
                           {3, 0.999, 10.214531852407383456, 15.409336115108881897},
                           {5, 0.75, 0.72668684380042265302, 1.552730953831062992},
                           {5, 0.975, 2.5705818356363147828, 3.521577331739426314},
                           {5, 0.999, 5.8934295313560089535, 7.5143572827293764318},
                           {10, 0.75, 0.69981206131243162734, 1.3945926970984884789},
                           {10, 0.975, 2.2281388519862742245, 2.818997590565498925},
                           {40, 0.75, 0.68067271716444902707, 1.2993395949046650633},
                           {40, 0.975, 2.0210753903062730102, 2.4422975804769972427},
                           {500, 0.75, 0.67498073796593903107, 1.2733069914314380004},
                           {500, 0.975, 1.964719837467367411, 2.3458278279260363595},
                           {500, 0.999, 3.1066116243216285052, 3.3883410637312205882},
                           {10000, 0.75, 0.67451428448359243359, 1.2712160927593427275},
                           {10000, 0.975, 1.9602012398906258778, 2.3382027116590984436},
                           {10000, 0.999, 3.091047516030611849, 3.3681467693708212277},
                           {10, 0.999, 4.1437004940465891091, 4.8128957160411109327},
                           {40, 0.999, 3.3068777140858221344, 3.6514888254090183101},
                           {35, 1 - 0x1p-30, 8.0343471709569286244, 8.3887677474047940297},
                           {50, 1 - 0x1p-30, 7.325061895257505526, 7.6042980708150367629}};

static void
quantiles(void)
{
	int normal = 0;
	int student = 0;
	int mirrored = 0;
	int placed = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
	{
		const Row *row = &rows[i];
		double var, es, low, low_es, other, other_es;

		mc_student_t_measures(0, 1, row->degrees_of_freedom, row->confidence, &var, &es);
		if (isinf(row->degrees_of_freedom))
			normal += !is_close(var, row->var, 6e-16) || !is_close(es, row->es, 2e-14);
		else
			student += !is_close(var, row->var, 1e-13) || !is_close(es, row->es, 1e-12);
		/* the other tail: VaR mirrored, and tail means that add up to 0 */
		mc_student_t_measures(0, 1, row->degrees_of_freedom, 1 - row->confidence, &low, &low_es);
		if (row->confidence < 1)
			mirrored += fabs(low + var) > 1e-13 * fabs(var) ||
			            !is_close(low_es * row->confidence, es * (1 - row->confidence), 1e-10);
		mc_student_t_measures(5, 2, row->degrees_of_freedom, row->confidence, &other, &other_es);
		placed += other != 2 * var - 5 || other_es != 2 * es - 5;
	}
	check(normal == 0, "normal: VaR to 6e-16, ES to 2e-14");
	check(student == 0, "Student t, 1.5 to 10,000 degrees of freedom: VaR to 1e-13, ES to 1e-12");
	check(mirrored == 0, "the other tail is the mirror image");
	check(placed == 0, "location and scale");
}

static void
student_edges(void)
{
	double var = 0;
	double es = 0;

	mc_student_t_measures(0, 1, 1, 0.75, &var, &es);
	check(is_close(var, 1, 1e-14) && es == INFINITY, "1 degree of freedom: VaR tan, ES infinite");
	mc_student_t_measures(3, 0, 1, 0.75, &var, &es);
	check(var == -3 && es == -3, "no scale: the location, even so");
	mc_student_t_measures(0, 1, 4, 0.5, &var, NULL);
	check(var == 0, "the median is 0");
	mc_student_t_measures(0, 1, NAN, 0.9, &var, &es);
	check(isnan(var) && isnan(es), "NaN in, NaN out");
	mc_normal_measures(NAN, 1, 0.9, &var, &es);
	check(isnan(var) && isnan(es), "NaN in, NaN out");
	mc_student_t_measures(0, 1, 1, 1 - DBL_EPSILON, &var, NULL);
	check_close(var, 1 / (M_PI * DBL_EPSILON), 1e-13, "the far tail of 1 degree of freedom");
}

static void
cornish_fisher(void)
{
	double skewness = -sqrt(8);
	double deviation = sqrt(0.5e8);
	double var, es, normal_var, normal_es;

	check_close(-5000 + deviation * mc_cornish_fisher(0.99, skewness, 12), -4707.882373042, 1e-12,
	            "delta-gamma, fourth order: ORE, AS 269");
	mc_cornish_fisher_measures(0.1, 2, 0, 0, 0.99, &var, &es);
	mc_normal_measures(0.1, 2, 0.99, &normal_var, &normal_es);
	check(var == normal_var && is_close(es, normal_es, 1e-15), "no skewness, no kurtosis: normal");
	/* the formula of the paper term by term, lower tail, S = -0.5, K = 2 at 99 % */
	{
		double z = -2.3263478740408408;
		double g = z - (z * z - 1) * 0.5 / 6 + (z * z * z - 3 * z) * 2 / 24 -
		           (2 * z * z * z - 5 * z) * 0.25 / 36;
		double phi = exp(-g * g / 2) / sqrt(2 * M_PI);
		/* integrals of x^k phi(x) beyond g: I2, I4, I6; I1 and I3 less those of the lower orders */
		double i2 = g * g * phi + 2 * phi;
		double i4 = pow(g, 4) * phi + 4 * i2;
		double i6 = pow(g, 6) * phi + 6 * i4;
		double want = phi + (i4 - 6 * i2 + 3 * phi) * 2 / 24 - g * g * g * phi * 0.5 / 6 +
		              (i6 - 15 * i4 + 45 * i2 - 15 * phi) * 0.25 / 72;

		mc_cornish_fisher_measures(1, 3, -0.5, 2, 0.99, &var, &es);
		check_close(var, -1 - 3 * g, 2e-15, "modified VaR");
		check_close(es, -1 + 3 * want / (1 - 0.99), 1e-13, "modified ES (Boudt et al. 2008)");
	}
	mc_cornish_fisher_measures(0, 1, 2, 11, 0.99, &var, &es);
	check(es == var, "ES is never below VaR");
	mc_cornish_fisher_measures(2, 0, 2, 0, 0.99, &var, &es);
	check(var == -2 && es == -2, "no deviation: the mean");
}

/* Does h rise on a fine grid of z far out? */
static bool
rises(double skewness, double kurtosis)
{
	for (int i = -4000; i <= 4000; i++)
	{
		double z = 0.01 * i;

		if (1 + skewness * z / 3 + kurtosis * (z * z - 1) / 8 -
		        skewness * skewness * (6 * z * z - 5) / 36 <=
		    0)
			return false;
	}
	return true;
}

static void
monotone(void)
{
	int wrong = 0;

	for (int i = -40; i <= 40; i++)
		for (int j = -20; j <= 100; j++)
			wrong +=
			    mc_cornish_fisher_monotone(0.1001 * i, 0.1003 * j) != rises(0.1001 * i, 0.1003 * j);
	check(wrong == 0, "monotone where the derivative is positive: 81 x 121 points");
	check(mc_cornish_fisher_monotone(0, 0), "the normal quantile is");
	check(mc_cornish_fisher_monotone(0, 7.99) && !mc_cornish_fisher_monotone(0, 8),
	      "without skewness up to a kurtosis of 8");
	check(!mc_cornish_fisher_monotone(0, -0.01), "thin tails fall at the far end");
	check(!mc_cornish_fisher_monotone(1, 1 / 0.75), "a line through zero slope");
	check(!mc_cornish_fisher_monotone(NAN, 1), "NaN is not");
}

static void
components(void)
{
	const double w[] = {0.3, 0.4, 0.3};
	const double c[] = {4, 1, -0.5, 1, 9, 2, -0.5, 2, 1};
	const double hedge[] = {1, -1};
	const double one[] = {1, 1, 1, 1};
	const double wrong[] = {1, 2, 2, 1};
	const double means[] = {0.1, -0.2, 0.05};
	double parts[3];
	double var;

	check(mc_component_var(w, c, NULL, 3, 0.95, parts), "a covariance matrix");
	mc_normal_measures(0, sqrt(0.09 * 4 + 0.16 * 9 + 0.09 + 0.24 - 0.09 + 0.48), 0.95, &var, NULL);
	check_close(parts[0] + parts[1] + parts[2], var, 4e-16, "components add up to VaR");
	check_close(parts[1], 0.4 * (0.3 + 3.6 + 0.6) / 2.52 * var, 1e-15, "each by Euler");
	mc_component_var(w, c, means, 3, 0.95, parts);
	check_close(parts[0] + parts[1] + parts[2], var + 0.035, 4e-16, "means come off");
	check(mc_component_var(hedge, one, NULL, 2, 0.99, parts) && parts[0] == 0 && parts[1] == 0,
	      "a perfect hedge has none");
	check(!mc_component_var(hedge, wrong, NULL, 2, 0.99, parts), "a negative variance is refused");
	/* the variance is -2 d, the magnitude of its terms about 4: 32 roundings are let pass */
	for (int d = 4; d <= 64; d *= 2)
	{
		double nearly[] = {1, 1 + d * DBL_EPSILON, 1 + d * DBL_EPSILON, 1};

		check(mc_component_var(hedge, nearly, NULL, 2, 0.99, parts) == (d <= 16),
		      "a variance of -%d roundings", 2 * d);
		nearly[1] = nearly[2] = 1 - d * DBL_EPSILON;
		mc_component_var(hedge, nearly, NULL, 2, 0.99, parts);
		check((parts[0] == 0) == (d < 16), "%d roundings above 0", 2 * d);
	}
	check(mc_component_var(w, c, NULL, 0, 0.99, parts), "an empty portfolio");
}

void
test_parametric_tail(void)
{
	/* as the extension does when it is loaded */
	gsl_set_error_handler_off();
	quantiles();
	student_edges();
	cornish_fisher();
	monotone();
	components();
}
