/*
 * gamma_ratio.h
 *	  ln(Gamma(x + 1/2) / Gamma(x)), the constant of Student's distribution, without cancellation.
 *
 * From x = 20 on by the asymptotic series (F. Tricomi and A. Erdelyi 1951)
 *
 *	  ln(x) / 2 - 1 / (8 x) + 1 / (192 x^3) - 1 / (640 x^5) + 17 / (14336 x^7) - ...
 *
 * whose next term is below 4e-15 there; lgamma serves below.  Tested in test/unit/test_student_t_fit.c.
 */
#ifndef MC_GAMMA_RATIO_H
#define MC_GAMMA_RATIO_H

#include <gsl/gsl_sf_gamma.h>
#include <gsl/gsl_sf_psi.h>
#include <math.h>

#define MC_GAMMA_SERIES_FROM 20

static inline double
mc_log_gamma_ratio(double x)
{
	double y = 1 / (x * x);

	if (x < MC_GAMMA_SERIES_FROM)
		return gsl_sf_lngamma(x + 0.5) - gsl_sf_lngamma(x);
	return 0.5 * log(x) - (1. / 8 - y * (1. / 192 - y * (1. / 640 - y * 17 / 14336))) / x;
}

/* Its derivative less 1 / (2 x): about 1 / (8 x^2). */
static inline double
mc_digamma_excess(double x)
{
	double y = 1 / (x * x);

	if (x < MC_GAMMA_SERIES_FROM)
		return gsl_sf_psi(x + 0.5) - gsl_sf_psi(x) - 0.5 / x;
	return y * (1. / 8 - y * (1. / 64 - y * (1. / 128 - y * 17 / 2048)));
}

#endif
