/*
 * implied_vol.c
 *	  The vol at which Black (1976) gives a price.
 */
#include "implied_vol.h"

#include <float.h>
#include <math.h>

#include "black_single.h"

#define INVERSE_SQRT_TWO_PI 0.3989422804014327
#define MOST_STEPS 40
#define LAST_STEP 1e-4 /* of s, or of 1 beyond it: the next would be below the last digit */
#define LARGE_DEVIATION 1.5

/* The option out of the money in units of a = min(F, K), and what is looked for. */
typedef struct Problem
{
	double gap; /* |F - K| / a */
	double x;   /* ln(min / max) = x + x_lo, not positive */
	double x_lo;
	double target; /* its price */
	double above;  /* 1 - target */
	bool fused;
} Problem;

/* At some s: the price, 1 - the price, and its derivative by s. */
typedef struct Value
{
	double price;
	double above;
	double slope;
	double
	    log_scale; /* price and slope are those of exp(log_scale) times as much; 0 but in deep wings */
} Value;

/* Where phi is below 1e-299, all is in units of it. */
#define DEFINE_STEPS(isa, target)                                                    \
	static target void distance_##isa(double a, double b, double *x, double *x_lo)   \
	{                                                                                \
		Real_##isa hi;                                                               \
		Real_##isa lo;                                                               \
                                                                                     \
		log_ratio_##isa(all_##isa(a), all_##isa(b), &hi, &lo);                       \
		*x = hi[0];                                                                  \
		*x_lo = lo[0];                                                               \
	}                                                                                \
                                                                                     \
	static target void value_at_##isa(const Problem *p, double s, Value *value)      \
	{                                                                                \
		Option_##isa o = {.x = all_##isa(p->x),                                      \
		                  .x_lo = all_##isa(p->x_lo),                                \
		                  .s = all_##isa(s),                                         \
		                  .s_lo = all_##isa(0),                                      \
		                  .inverse = all_##isa(1 / s),                               \
		                  .usable = ~(Bits_##isa){0}};                               \
                                                                                     \
		density_##isa(&o);                                                           \
		value->log_scale = 0;                                                        \
		if (!o.usable[0] || o.phi[0] == 0)                                           \
		{                                                                            \
			value->log_scale = -0.5 * o.d[0] * o.d[0] - 0.9189385332046727;          \
			o.phi = all_##isa(1);                                                    \
		}                                                                            \
		normal_##isa(&o);                                                            \
		value->price = o.unit[0];                                                    \
		value->above = o.close[0] ? 1 - o.unit[0] : o.near[0] + o.phi[0] * o.far[0]; \
		value->slope = o.phi[0];                                                     \
	}

DEFINE_STEPS(base, )
#ifdef MC_HAVE_AVX
DEFINE_STEPS(avx2, MC_TARGET_AVX2)
#endif

static void
value_at(const Problem *p, double s, Value *value)
{
#ifdef MC_HAVE_AVX
	if (p->fused)
	{
		value_at_avx2(p, s, value);
		return;
	}
#endif
	value_at_base(p, s, value);
}

/*
 * Bachelier: r = price / gap = (phi(h) - h Phi(-h)) / h; with q = ln(1 + 1 / r), h = q / sqrt(1 + q) times a
 * rational function of sqrt(q), fitted to 6e-5 for every h.  s = |x| / h, and carrying a vol of differences
 * over to logarithms adds the factor 1 + s^2 / 24 + ....  It serves while s is moderate.
 */
static double
guess_by_differences(const Problem *p)
{
	double ratio = p->gap / p->target;
	double q = log1p(ratio);
	double t = sqrt(q);
	double n =
	    ((((0.05058562 * t - 0.14502085) * t + 0.33614212) * t - 0.17999063) * t) + 0.39892151;
	double d = ((((0.03569697 * t - 0.09713163) * t + 0.33150834) * t - 0.45059458) * t) + 1;
	double s;

	if (ratio < 1e-8)
		s = p->target / INVERSE_SQRT_TWO_PI;
	else
		s = -p->x * sqrt(1 + q) * d / (q * n);
	return s * (1 + s * s * (1.0 / 24) * (1 + s * s * 0.0375));
}

/* Where the price is most of what it can be: d from -ln(1 - price), as at the money. */
static double
guess_by_rest(const Problem *p)
{
	const double k = 2 * INVERSE_SQRT_TWO_PI;
	double d = sqrt(k * k - 2 * log(p->above)) - k;

	return d + sqrt(d * d - 2 * p->x);
}

/* ln(a / b) where a - b is known better than either */
static double
log_of_ratio(double difference, double a, double b)
{
	return fabs(difference) < 0.3 * b ? log1p(difference / b) : log(a) - log(b);
}

/* The step of third order: `newton` and the second and third derivative over the first. */
static double
householder(double newton, double second, double third)
{
	double below = 1 + newton * (second + third * newton / 6);
	double step = newton * (1 + 0.5 * second * newton) / below;

	return below > 0 && isfinite(step) ? step : newton;
}

/* One step from s towards the target. */
static double
step_from(const Problem *p, double s, bool low)
{
	Value v;
	double xs = p->x / s;
	double second = (xs * xs - 0.25 * s * s) / s; /* f'' / f' */
	double third = second * second - (3 * xs * xs / s / s + 0.25);
	double l;

	value_at(p, s, &v);
	if (low)
	{
		double m = -log(v.price) - v.log_scale;
		double e = v.log_scale == 0 ? log_of_ratio(p->target - v.price, p->target, v.price)
		                            : log(p->target) + m;
		double r = -e / m;
		double w;

		l = v.slope / v.price;
		w = l / m;
		return householder(
		    2 * m / l *
		        (fabs(r) < 1e-4 ? r * (-0.5 + r * (0.375 - 0.3125 * r)) : sqrt(m / (m - e)) - 1),
		    second - l + 1.5 * w,
		    third - 3 * l * second + 2 * l * l + 4.5 * w * (second - l) + 3.75 * w * w);
	}
	if (v.log_scale != 0)
		return -0.25 * s;
	l = v.slope / v.above;
	return householder(-log_of_ratio(p->target < 0.5 ? v.price - p->target : p->above - v.above,
	                                 p->above, v.above) /
	                       l,
	                   second + l, third + 3 * l * second + 2 * l * l);
}

/* Below the middle, where s is large: y = -2 ln f grows like d^2 + k d from its value where d = 0. */
static double
guess_by_exponent(const Problem *p, double middle_price)
{
	double k = 2 * INVERSE_SQRT_TWO_PI / middle_price;
	double y = 2 * (log(middle_price) - log(p->target));
	double d = 0.5 * (sqrt(k * k + 4 * y) - k);

	return -2 * p->x / (d + sqrt(d * d - 2 * p->x));
}

/* s at which the price is the target */
static double
solve(const Problem *p)
{
	double middle = sqrt(-2 * p->x);
	/* the price where d = 0, with 2 / (z + sqrt(z^2 + 8 / pi)) for Y(-z), within 0.02 */
	double middle_price =
	    0.5 - 2 * INVERSE_SQRT_TWO_PI / (middle + sqrt(middle * middle + 2.5464790894703255));
	bool low = p->target < middle_price;
	double s = guess_by_differences(p);

	if (!(s < LARGE_DEVIATION))
		s = low ? guess_by_exponent(p, middle_price) : guess_by_rest(p);
	for (int i = 0; i < MOST_STEPS; i++)
	{
		double step = step_from(p, s, low);

		if (!(step > -0.75 * s))
			step = -0.75 * s;
		else if (step > 3 * s)
			step = 3 * s;
		s += step;
		if (fabs(step) <= LAST_STEP * fmin(s, 1))
			break;
	}
	return s;
}

void
mc_price_bounds(bool call, double forward, double strike, double *lower, double *upper)
{
	*lower = fmax(0, call ? forward - strike : strike - forward);
	*upper = call ? forward : strike;
}

/* Price less intrinsic value, and upper bound less price, each rounded once. */
static void
distances(bool call, double price, double forward, double strike, double *time_value, double *rest)
{
	double inside = call ? forward : strike;
	double other = call ? strike : forward;

	/* at the intrinsic value as a double has it there is none */
	*time_value = price;
	*rest = inside - price;
	if (inside > other)
	{
		/* inside - other = difference + lost */
		double difference = inside - other;
		double part = difference - inside;
		double lost = (inside - (difference - part)) - (other + part);

		*time_value = price == difference ? 0 : (price - difference) - lost;
	}
}

/* x of a <= b, both scaled where products of a would leave the range of a double */
static void
set_distance(Problem *p, double a, double b)
{
	bool small = a < 0x1p-900;
	bool together = !small || b < 0x1p800;
	double scale = small ? 0x1p200 : a > 0x1p900 ? 0x1p-200 : 1;

	a *= scale;
	if (together)
		b *= scale;
	p->fused = false;
#ifdef MC_HAVE_AVX
	p->fused = mc_has_avx2();
	if (p->fused)
		distance_avx2(a, b, &p->x, &p->x_lo);
	else
#endif
		distance_base(a, b, &p->x, &p->x_lo);
	if (!together)
		p->x -= 200 * 0.6931471805599453;
}

McImpliedVol
mc_implied_vol(bool call, double price, double forward, double strike, double t, double *vol)
{
	Problem p;
	double time_value;
	double rest;
	double b = fmax(forward, strike);
	double a = fmin(forward, strike);

	*vol = NAN;
	if (isnan(price) || !(a > 0) || !isfinite(b) || !(forward > 0) || !(strike > 0) || !(t >= 0))
		return MC_IV_NOT_A_NUMBER;
	distances(call, price, forward, strike, &time_value, &rest);
	if (time_value < 0)
		return MC_IV_BELOW;
	if (rest < 0 || (t == 0 && time_value > 0))
		return MC_IV_ABOVE;
	*vol = time_value == 0 ? 0 : INFINITY;
	if (time_value == 0 || rest == 0)
		return MC_IV_OK;
	p.target = time_value / a;
	p.above = rest / a;
	p.gap = (b - a) / a;
	set_distance(&p, a, b);
	*vol = solve(&p) / sqrt(t);
	return MC_IV_OK;
}
