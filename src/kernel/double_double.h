/*
 * double_double.h
 *	  Unevaluated sums of two doubles: about 106 bits of significand.
 *
 * T. J. Dekker, "A floating-point technique for extending the available
 * precision", Numer. Math. 18 (1971); D. E. Knuth, TAOCP 2, 4.2.2, theorem B;
 * N. J. Higham, "Accuracy and Stability of Numerical Algorithms", ch. 4.
 *
 * Exact as long as nothing overflows, products do not underflow, and the
 * compiler neither contracts nor reassociates (-ffp-contract=off, no
 * -ffast-math; doubles must not carry excess precision).
 */
#ifndef MC_DOUBLE_DOUBLE_H
#define MC_DOUBLE_DOUBLE_H

#include <float.h>

#if FLT_EVAL_METHOD != 0
#error "double-double arithmetic needs doubles without excess precision (use SSE2, not x87)"
#endif

typedef struct McDD
{
	double hi;
	double lo;
} McDD;

/* a + b exactly, for any a and b */
static inline McDD
mc_dd_two_sum(double a, double b)
{
	double s = a + b;
	double bb = s - a;
	McDD r = {s, (a - (s - bb)) + (b - bb)};

	return r;
}

/* a + b exactly, when |a| >= |b| or a = 0 */
static inline McDD
mc_dd_quick_sum(double a, double b)
{
	double s = a + b;
	McDD r = {s, b - (s - a)};

	return r;
}

/* a * b exactly; |a|, |b| below 2^996 */
static inline McDD
mc_dd_two_product(double a, double b)
{
	const double split = 134217729.0; /* 2^27 + 1 */
	double ca = split * a;
	double cb = split * b;
	double ah = ca - (ca - a);
	double bh = cb - (cb - b);
	double al = a - ah;
	double bl = b - bh;
	double p = a * b;
	McDD r = {p, ((ah * bh - p) + ah * bl + al * bh) + al * bl};

	return r;
}

/* a + b, relative error about 2^-104 */
static inline McDD
mc_dd_add(McDD a, McDD b)
{
	McDD s = mc_dd_two_sum(a.hi, b.hi);
	McDD t = mc_dd_two_sum(a.lo, b.lo);

	s = mc_dd_quick_sum(s.hi, s.lo + t.hi);
	return mc_dd_quick_sum(s.hi, s.lo + t.lo);
}

static inline McDD
mc_dd_add_double(McDD a, double b)
{
	McDD s = mc_dd_two_sum(a.hi, b);

	return mc_dd_quick_sum(s.hi, s.lo + a.lo);
}

static inline McDD
mc_dd_negate(McDD a)
{
	McDD r = {-a.hi, -a.lo};

	return r;
}

/* a / b for a double b, relative error about 2^-103 */
static inline McDD
mc_dd_divide_double(McDD a, double b)
{
	double q = a.hi / b;
	McDD r = mc_dd_add(a, mc_dd_negate(mc_dd_two_product(q, b)));

	return mc_dd_quick_sum(q, (r.hi + r.lo) / b);
}

/* a * b, relative error about 2^-101; as mc_dd_two_product, below 2^996 */
static inline McDD
mc_dd_multiply(McDD a, McDD b)
{
	McDD p = mc_dd_two_product(a.hi, b.hi);

	return mc_dd_quick_sum(p.hi, p.lo + (a.hi * b.lo + a.lo * b.hi));
}

/* a / b as a double: correctly rounded but for numbers that lie 2^-98 from the middle of two */
static inline double
mc_dd_quotient(McDD a, McDD b)
{
	double q = a.hi / b.hi;
	McDD r = mc_dd_add(a, mc_dd_negate(mc_dd_multiply(b, (McDD){q, 0})));

	return q + (r.hi + r.lo) / b.hi;
}

static inline double
mc_dd_value(McDD a)
{
	return a.hi + a.lo;
}

#endif
