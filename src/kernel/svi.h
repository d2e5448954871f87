/*
 * svi.h
 *	  Smiles in the raw and the jump-wings parameters of SVI: total variance, derivatives, arbitrage.
 *
 *	  w(k) = a + b (rho (k - m) + sqrt((k - m)^2 + sigma^2)),   k = ln(strike / forward),  w = vol^2 t
 *
 * J. Gatheral, "A parsimonious arbitrage-free implied volatility parameterization" (2004);
 * J. Gatheral and A. Jacquier, "Arbitrage-free SVI volatility surfaces", Quant. Finance 14 (2014): "GJ".
 */
#ifndef MC_SVI_H
#define MC_SVI_H

#include <math.h>
#include <stdbool.h>

typedef struct McSvi
{
	double a;
	double b;
	double rho;
	double m;
	double sigma;
} McSvi;

/* Total variance and its derivatives in k. */
typedef struct McSviPoint
{
	double w;
	double slope;
	double curvature;
} McSviPoint;

static inline McSviPoint
mc_svi_at(const McSvi *smile, double k)
{
	double z = k - smile->m;
	double r = hypot(z, smile->sigma);
	double s = smile->sigma / r;
	McSviPoint point = {smile->a + smile->b * (smile->rho * z + r), smile->b * (smile->rho + z / r),
	                    smile->b * s * s / r};

	return point;
}

static inline double
mc_svi_total_variance(const McSvi *smile, double k)
{
	double z = k - smile->m;

	return smile->a + smile->b * (smile->rho * z + sqrt(z * z + smile->sigma * smile->sigma));
}

/* GJ eq. 2.1: the density of the price at expiry is positive exactly where this is; NaN where there is no variance. */
static inline double
mc_svi_butterfly(McSviPoint p, double k)
{
	double first;

	if (p.w == 0)
		return NAN;
	first = 1 - k * p.slope / (2 * p.w);
	return first * first - p.slope * p.slope / 4 * (1 / p.w + 0.25) + p.curvature / 2;
}

/* Finite, b >= 0, |rho| < 1, sigma > 0, and total variance nowhere negative. */
extern bool mc_svi_is_valid(const McSvi *smile);

/*
 * The least g(k) of a valid smile over all k, its limits at both ends included, and where it is (infinite
 * for a limit).  Found on a grid that follows the scales of the smile, then by golden section; beyond |k| = 12 to two digits only.
 */
extern double mc_svi_least_butterfly(const McSvi *smile, double *at);

/*
 * The least w_later(k) - w_earlier(k) over strikes from a twelfth of the forward to twelve times it, k from
 * -MC_SVI_REACH to MC_SVI_REACH: below 0 is calendar arbitrage.
 */
#define MC_SVI_REACH 2.5
extern double mc_svi_least_calendar(const McSvi *earlier, const McSvi *later, double *at);

/* GJ eq. 3.5, for a smile of t years; the smile must be positive at the money. */
typedef struct McSviJw
{
	double v;       /* variance a year at the money */
	double psi;     /* slope of the vol at the money, per sqrt(year) of its size */
	double p;       /* slope of the put wing */
	double c;       /* slope of the call wing */
	double v_least; /* least variance a year */
} McSviJw;

extern McSviJw mc_svi_to_jw(const McSvi *smile, double t);

/* GJ lemma 3.2; false for parameters that no smile has. */
extern bool mc_svi_from_jw(const McSviJw *jw, double t, McSvi *smile);

/*
 * GJ section 5.1: keep v, psi and p, and take for c and v_least the share `share` of the way to
 * c' = p + 2 psi, v_least' = v 4 p c' / (p + c')^2, where there is no butterfly arbitrage for
 * the moderate slopes that markets have.  False when there is no such smile.
 */
extern bool mc_svi_towards_ssvi(const McSvi *smile, double t, double share, McSvi *moved);

#endif
