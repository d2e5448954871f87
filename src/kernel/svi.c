/*
 * svi.c
 *	  Smiles in the raw and the jump-wings parameters of SVI: total variance, derivatives, arbitrage.
 */
#include "svi.h"

#include <stddef.h>

#define GRID 96        /* points on each side of the vertex */
#define REACH 64       /* how far the grid goes, in units of the largest scale of the smile */
#define REFINEMENTS 48 /* steps of golden section: 0.618^48 is below 1e-10 */
#define GOLDEN 0.6180339887498949

bool
mc_svi_is_valid(const McSvi *s)
{
	return isfinite(s->a) && isfinite(s->b) && isfinite(s->m) && isfinite(s->sigma) && s->b >= 0 &&
	       fabs(s->rho) < 1 && s->sigma > 0 &&
	       s->a + s->b * s->sigma * sqrt(1 - s->rho * s->rho) >= 0;
}

/* Something to be made least over k. */
typedef struct Target
{
	const McSvi *smile;
	const McSvi *minus; /* NULL: g of smile; else the difference of total variances */
} Target;

static double
value_at(const Target *target, double k)
{
	if (target->minus != NULL)
		return mc_svi_total_variance(target->smile, k) - mc_svi_total_variance(target->minus, k);
	return mc_svi_butterfly(mc_svi_at(target->smile, k), k);
}

/* Where this changes its sign the first term of g is 0: a dip that can be narrower than the grid. */
static double
turn_at(const McSvi *smile, double k)
{
	McSviPoint p = mc_svi_at(smile, k);

	return 1 - k * p.slope / (2 * p.w);
}

/* The least value between low and high, which has one minimum there. */
static void
refine(const Target *target, double low, double high, double *least, double *at)
{
	double x[2] = {high - GOLDEN * (high - low), low + GOLDEN * (high - low)};
	double y[2] = {value_at(target, x[0]), value_at(target, x[1])};

	for (int i = 0; i < REFINEMENTS; i++)
	{
		int worse = y[0] < y[1];

		if (worse)
		{
			high = x[1];
			x[1] = x[0];
			y[1] = y[0];
			x[0] = high - GOLDEN * (high - low);
			y[0] = value_at(target, x[0]);
		}
		else
		{
			low = x[0];
			x[0] = x[1];
			y[0] = y[1];
			x[1] = low + GOLDEN * (high - low);
			y[1] = value_at(target, x[1]);
		}
	}
	for (int i = 0; i < 2; i++)
		if (y[i] < *least)
		{
			*least = y[i];
			*at = x[i];
		}
}

/* The grid of one smile: steps of equal size in asinh((k - m) / sigma), far beyond its scales. */
static void
scan(const Target *target, const McSvi *grid, double *least, double *at)
{
	double bottom = grid->a + grid->b * grid->sigma * sqrt(1 - grid->rho * grid->rho);
	double scale = 1 + fabs(grid->m) + grid->sigma + (grid->b > 0 ? fmin(bottom / grid->b, 10) : 0);
	double width = fmax(grid->sigma, 1e-290); /* the quotient stays a double */
	double step = asinh(REACH * scale / width) / GRID;
	double k[3] = {0};
	double y[3] = {0};
	double turn[2] = {0};
	int known = 0; /* points so far, up to 2 */

	for (int i = -GRID - 1; i <= GRID + 1; i++)
	{
		k[2] = grid->m + width * sinh(i * step);
		if (target->minus != NULL)
			k[2] = fmin(fmax(k[2], -MC_SVI_REACH), MC_SVI_REACH);
		if (known == 2 && k[2] == k[0]) /* at an end of the reach, for the third time */
			continue;
		y[2] = value_at(target, k[2]);
		if (y[2] < *least)
		{
			*least = y[2];
			*at = k[2];
		}
		if (known == 2 && y[1] <= y[0] && y[1] <= y[2])
			refine(target, k[0], k[2], least, at);
		turn[1] = target->minus == NULL ? turn_at(target->smile, k[2]) : 0;
		if (turn[0] * turn[1] < 0)
			refine(target, k[1], k[2], least, at);
		k[0] = k[1];
		y[0] = y[1];
		k[1] = k[2];
		y[1] = y[2];
		turn[0] = turn[1];
		known += known < 2;
	}
}

double
mc_svi_least_butterfly(const McSvi *smile, double *at)
{
	Target target = {smile, NULL};
	double wings[2] = {smile->b * (1 - smile->rho), smile->b * (1 + smile->rho)};
	double least = INFINITY;

	*at = 0;
	scan(&target, smile, &least, at);
	for (int i = 0; i < 2; i++)
		if (wings[i] > 0 && 0.25 - wings[i] * wings[i] / 16 < least)
		{
			least = 0.25 - wings[i] * wings[i] / 16;
			*at = i == 0 ? -INFINITY : INFINITY;
		}
	return least;
}

double
mc_svi_least_calendar(const McSvi *earlier, const McSvi *later, double *at)
{
	Target target = {later, earlier};
	double least = INFINITY;

	*at = 0;
	scan(&target, earlier, &least, at);
	scan(&target, later, &least, at);
	return least;
}

McSviJw
mc_svi_to_jw(const McSvi *s, double t)
{
	McSviPoint money = mc_svi_at(s, 0);
	double root = sqrt(money.w);
	McSviJw jw = {money.w / t, money.slope / (2 * root), s->b * (1 - s->rho) / root,
	              s->b * (1 + s->rho) / root,
	              (s->a + s->b * s->sigma * sqrt(1 - s->rho * s->rho)) / t};

	return jw;
}

bool
mc_svi_from_jw(const McSviJw *jw, double t, McSvi *s)
{
	double w = jw->v * t;
	double root = sqrt(w);
	double beta;
	double flat; /* sqrt(1 - rho^2) */

	s->b = root / 2 * (jw->c + jw->p);
	s->rho = 1 - jw->p * root / s->b;
	beta = s->rho - 2 * jw->psi * root / s->b;
	if (!(s->b > 0 && fabs(s->rho) < 1 && fabs(beta) <= 1 && jw->v_least <= jw->v))
		return false;
	flat = sqrt(1 - s->rho * s->rho);
	if (fabs(beta) < 1e-12)
	{
		/* the vertex of the hyperbola is at the money: m = 0 and sigma from the height above the least */
		if (flat == 1)
			return false;
		s->m = 0;
		s->sigma = (w - jw->v_least * t) / (s->b * (1 - flat));
	}
	else
	{
		double alpha = copysign(sqrt(1 / (beta * beta) - 1), beta);

		s->m = (jw->v - jw->v_least) * t /
		       (s->b * (-s->rho + copysign(sqrt(1 + alpha * alpha), alpha) - alpha * flat));
		s->sigma = alpha * s->m;
	}
	s->a = jw->v_least * t - s->b * s->sigma * flat;
	return mc_svi_is_valid(s);
}

bool
mc_svi_towards_ssvi(const McSvi *smile, double t, double share, McSvi *moved)
{
	McSviJw jw = mc_svi_to_jw(smile, t);
	double c = jw.p + 2 * jw.psi;
	double v_least;

	if (!(c > 0))
		return false;
	v_least = jw.v * 4 * jw.p * c / ((jw.p + c) * (jw.p + c));
	jw.c += share * (c - jw.c);
	jw.v_least += share * (v_least - jw.v_least);
	return mc_svi_from_jw(&jw, t, moved);
}
