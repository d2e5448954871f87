/*
 * test_student_t_fit.c
 *	  The maximum likelihood fit beside 40-digit optima (mpmath), its likelihood equations, and
 *	  likelihoods around it; what has no maximum; the gamma function's ratio.
 */
#include <float.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/gamma_ratio.h"
#include "kernel/select.h"
#include "kernel/student_t_fit.h"
#include "nist.h"
#include "unit.h"

#define MOST 5000

static McStudentT
fit(const double *x, size_t n, double degrees_of_freedom)
{
	static double sorted[MOST];
	static double work[MOST];
	McStudentT t = {MC_FIT_FAILED, NAN, NAN, NAN, NAN};

	memcpy(sorted, x, n * sizeof(double));
	mc_sort_descending(sorted, n, NULL);
	mc_student_t_fit(sorted, n, degrees_of_freedom, work, &t, NULL);
	return t;
}

/* valgrind calculates long doubles with the precision of doubles */
static double
slack(void)
{
	volatile long double one = 1;

	return one + 0x1p-60L == one ? 1000 : 1;
}

static double
log_likelihood(const double *x, size_t n, double m, double s, double nu)
{
	long double sum = 0;

	for (size_t i = 0; i < n; i++)
	{
		long double z = ((long double) x[i] - m) / s;

		sum += lgammal((nu + 1) / 2.0L) - lgammal(nu / 2.0L) - 0.5L * logl(nu * acosl(-1)) -
		       logl(s) - (nu + 1) / 2.0L * log1pl(z * z / nu);
	}
	return (double) sum;
}

static void
high_precision(void)
{
	static const double x[] = {-9, -3, -1.5, -1, -0.5, -0.25, 0, 0.25, 0.75, 1, 1.5, 2, 4, 7};
	McStudentT t = fit(x, 14, 0);

	check(t.fit == MC_FIT_CONVERGED, "14 values: converged");
	check_close(t.location, 0.21137896541825205833, 1e-9, "location by mpmath");
	check_close(t.scale, 1.4711327924262085337, 1e-10, "scale");
	check_close(t.degrees_of_freedom, 1.5509005553399955224, 1e-9, "degrees of freedom");
	check_close(t.log_likelihood, -35.150386200098953454, 1e-14, "log likelihood");
	t = fit(nist_michelson, 100, 0);
	check(t.fit == MC_FIT_CONVERGED, "Michelson: converged");
	check_close(t.location, 299.85233397312093118, 1e-13, "location");
	check_close(t.scale, 0.074936439283153626282, 1e-9, "scale");
	check_close(t.degrees_of_freedom, 21.749438069153693011, 1e-7, "degrees of freedom");
	check_close(t.log_likelihood, 112.56864644601613492, 1e-13, "log likelihood");
}

/* The three likelihood equations, per observation, scaled by the parameters. */
static double
largest_slope(const double *x, size_t n, const McStudentT *t)
{
	double nu = t->degrees_of_freedom;
	long double slopes[3] = {0, 0, 0};
	double largest = 0;

	for (size_t i = 0; i < n; i++)
	{
		long double z = ((long double) x[i] - t->location) / t->scale;
		long double w = (nu + 1) / (nu + z * z);

		slopes[0] += w * z / n;
		slopes[1] += (w * z * z - 1) / n;
		slopes[2] +=
		    0.5 * (nu * mc_digamma_excess(nu / 2) - nu * log1pl(z * z / nu) + w * z * z) / n;
	}
	for (int k = 0; k < 3; k++)
		largest = fmax(largest, (double) fabsl(slopes[k]));
	return largest;
}

static void
random_samples(void)
{
	static const double degrees[] = {1.2, 2, 3, 4.5, 8, 20};
	static const double levels[] = {0, 1e8, -3e-5, 1e300, 1e-300, 5};
	static const double units[] = {1, 1e-2, 1e-7, 1e296, 1e-302, 1e-3};
	UnitRandom random = {41};
	static double x[2000];
	int unusable = 0;
	int steep = 0;
	int lower = 0;
	int likelihood = 0;

	for (size_t trial = 0; trial < unit_repeats(60, 36); trial++)
	{
		size_t n = trial % 5 == 0 ? 2000 : (size_t) (10 + 200 * unit_uniform(&random));
		double nu = degrees[trial % 6];
		size_t kind = trial / 6 % 6;
		McStudentT t;

		for (size_t i = 0; i < n; i++)
		{
			double u = unit_uniform(&random);

			/* R. W. Bailey, Math. Comput. 62 (1994): the polar method for Student's t */
			x[i] = sqrt(nu * (pow(u, -2 / nu) - 1)) * cos(2 * M_PI * unit_uniform(&random));
			x[i] = levels[kind] + units[kind] * x[i];
		}
		t = fit(x, n, 0);
		unusable += !mc_fit_usable(t.fit) || t.fit == MC_FIT_ITERATIONS;
		if (t.fit != MC_FIT_CONVERGED)
			continue;
		/* a level far above the unit leaves it no more digits */
		steep += largest_slope(x, n, &t) > (kind == 1 ? 1e-6 : 1e-10);
		if (kind != 0)
			continue;
		likelihood +=
		    !is_close(t.log_likelihood,
		              log_likelihood(x, n, t.location, t.scale, t.degrees_of_freedom), 1e-13);
		for (int k = -20; k <= 20; k++)
		{
			double shift = exp(0.3 * k);

			lower +=
			    log_likelihood(x, n, t.location, t.scale, fmax(1, t.degrees_of_freedom * shift)) >
			    t.log_likelihood * (1 - 1e-13);
			lower += log_likelihood(x, n, t.location, t.scale * shift, t.degrees_of_freedom) >
			         t.log_likelihood + 1e-13 * fabs(t.log_likelihood);
		}
	}
	check(unusable == 0, "samples at levels from 1e-300 to 1e300 all have a fit");
	check(steep == 0, "which satisfies the likelihood equations");
	check(likelihood == 0, "the log likelihood is that of the parameters, to 1e-13");
	check(lower == 0, "nothing around it is likelier");
}

static void
given(void)
{
	static const double x[] = {-9, -3, -1.5, -1, -0.5, -0.25, 0, 0.25, 0.75, 1, 1.5, 2, 4, 7};
	static const double zeros[] = {0, 0, 0, 1, 2};
	McStudentT free_fit = fit(x, 14, 0);
	McStudentT t = fit(x, 14, free_fit.degrees_of_freedom);

	check(t.fit == MC_FIT_CONVERGED && is_close(t.scale, free_fit.scale, 1e-9) &&
	          is_close(t.log_likelihood, free_fit.log_likelihood, 1e-14),
	      "the best degrees of freedom, given, lead to the same fit");
	t = fit(x, 14, INFINITY);
	check(is_close(t.location, 1.25 / 14, 1e-15) && t.degrees_of_freedom == INFINITY,
	      "infinite ones to mean and deviation");
	check_close(t.log_likelihood, -7 * (log(2 * M_PI) + 1 + 2 * log(t.scale)), 1e-15,
	            "with the likelihood of the normal distribution");
	check(fit(zeros, 5, 1.5).fit == MC_FIT_FAILED && fit(zeros, 5, 1.4).fit == MC_FIT_FAILED,
	      "three values of five are equal: no maximum up to 1.5 degrees of freedom");
	t = fit(zeros, 5, 4);
	check(t.fit == MC_FIT_CONVERGED && t.location > 0 && t.location < 1 && t.scale > 0, "one at 4");
	check(fit(zeros, 5, INFINITY).fit == MC_FIT_CONVERGED, "and at infinity");
	check(fit(x, 3, 4).fit == MC_FIT_CONVERGED && fit(x, 2, 4).fit == MC_FIT_TOO_FEW,
	      "3 values are enough, 2 are not");
}

static void
limits(void)
{
	static const double two_sided[] = {-1, -1.1, -0.9, 1, 1.1, 0.9};
	static const double equal[] = {4, 4, 4, 4, 4};
	static const double half[] = {0, 0, 0, 1, 2, 3};
	static const double wild[] = {-1e12, -1e5, -3, -1, 0, 1, 2, 1e6, 1e13};
	static const double outlier[] = {1e140, 1, 2, 3, 4, 5, 6, 7};
	static const double absurd[] = {1e160, 1, 2, 3, 4, 5, 6, 7};
	static const double huge[] = {DBL_MAX, -DBL_MAX, 1e307, -1e307, 5e307, 0};
	static const double wide[] = {1.0 * DBL_MAX,  0.95 * DBL_MAX, 0.98 * DBL_MAX,
	                              0.97 * DBL_MAX, 0.99 * DBL_MAX, -DBL_MAX};
	static const double least[] = {0, 0, 0, DBL_TRUE_MIN, DBL_TRUE_MIN, DBL_TRUE_MIN};
	double small[6];
	McStudentT s;
	McStudentT t = fit(two_sided, 6, 0);

	check(t.fit == MC_FIT_BOUNDARY && t.degrees_of_freedom == INFINITY &&
	          fabs(t.location) < 1e-15 && is_close(t.scale, sqrt(6.04 / 6), 1e-15),
	      "thin tails: the normal limit");
	t = fit(wild, 9, 0);
	check(t.fit == MC_FIT_BOUNDARY && t.degrees_of_freedom == 1, "wild tails: 1 degree of freedom");
	check(fit(equal, 5, 0).fit == MC_FIT_CONSTANT, "equal values");
	check(fit(half, 6, 0).fit == MC_FIT_FAILED, "half of the values equal: no maximum");
	check(fit(two_sided, 3, 0).fit == MC_FIT_TOO_FEW, "3 values are too few");
	check(fit(two_sided, 0, 0).fit == MC_FIT_TOO_FEW, "none, too");
	t = fit(outlier, 8, 0);
	check(mc_fit_usable(t.fit) && fabs(t.location - 4) < 1, "an outlier of 1e140 does no harm");
	check(fit(absurd, 8, 0).fit == MC_FIT_FAILED, "one of 1e160 does");
	t = fit(huge, 6, 0);
	check(mc_fit_usable(t.fit) && isfinite(t.location) && isfinite(t.scale),
	      "the largest doubles do not overflow");
	for (int i = 0; i < 6; i++)
		small[i] = ldexp(wide[i], -500);
	t = fit(wide, 6, 3);
	s = fit(small, 6, 3);
	check(t.fit == MC_FIT_CONVERGED && is_close(t.location, ldexp(s.location, 500), 1e-13) &&
	          is_close(t.scale, ldexp(s.scale, 500), 1e-13),
	      "nor when all but one are at one end");
	t = fit(least, 6, INFINITY);
	check(!mc_fit_usable(t.fit) || t.scale > 0, "half of the least double is no scale");
}

static bool
count_down(void *arg)
{
	return --*(int *) arg == 0;
}

static void
stopping(void)
{
	static double work[100];
	static double sorted[100];
	int ran = 0;
	int stops = 0;

	memcpy(sorted, nist_michelson, sizeof(sorted));
	mc_sort_descending(sorted, 100, NULL);
	for (int at = 1; at <= 300; at += 13)
	{
		int left = at;
		McPoll poll = {count_down, &left};
		McStudentT t;

		stops += mc_student_t_fit(sorted, 100, 0, work, &t, &poll) == MC_STOPPED;
		ran += left <= 0;
	}
	check(stops == ran && stops > 10, "it stops whenever the poll says so: %d times", stops);
}

static void
gamma_ratio(void)
{
	int ratio = 0;
	int excess = 0;

	for (double x = 0.5; x < 5100; x *= 1.07)
	{
		long double want = lgammal(x + 0.5L) - lgammal(x);

		ratio += fabs(mc_log_gamma_ratio(x) - (double) want) >
		         1e-14 * slack() * (1 + fabs((double) want));
	}
	/* psi(x + 1/2) - psi(x) is the sum of (1/2) / ((x + k) (x + k + 1/2)); its end by an integral */
	for (double x = 0.5; x < 600; x *= 1.3)
	{
		long double sum = 0;
		int last = 200000;

		for (int k = last; k-- > 0;)
			sum += 0.5L / ((x + k) * (x + k + 0.5L));
		sum += logl((x + last + 0.5L) / (x + last)) + 0.25L / ((x + last) * (x + last + 0.5L));
		excess += fabs(mc_digamma_excess(x) - (double) (sum - 0.5L / x)) > 2e-14 * slack() / x;
	}
	check(ratio == 0, "ln(Gamma(x + 1/2) / Gamma(x)) to 1e-14");
	check(excess == 0, "and its derivative");
}

/* Values of a cluster that is nothing beside its distance to others, and a fit that creeps. */
static void
collapse(void)
{
	const double apart[] = {1e300, 1e300, 1, 1e-300, 1e-300};
	const double creeping[] = {2.598, 0, -1e-9, -0.000999995};
	double work[5];
	McStudentT t;

	mc_student_t_fit(apart, 5, 0, work, &t, NULL);
	check(t.fit == MC_FIT_FAILED, "distances 1e300 apart: %s", mc_fit_name(t.fit));
	mc_student_t_fit(creeping, 4, 0, work, &t, NULL);
	check(t.fit == MC_FIT_ITERATIONS && t.degrees_of_freedom == 1,
	      "a boundary that is not reached says so: %s", mc_fit_name(t.fit));
}

void
test_student_t_fit(void)
{
	/* as the extension does when it is loaded */
	gsl_set_error_handler_off();
	high_precision();
	random_samples();
	given();
	limits();
	stopping();
	gamma_ratio();
	collapse();
}
