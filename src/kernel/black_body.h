/*
 * black_body.h
 *	  The arithmetic of black.h, written once for every width of vector.
 *
 * It is included once for each instruction set (black_vector.h has its macros).  Only IEEE additions,
 * multiplications, divisions and square roots, in one order and without a branch: every width gives
 * the same bits.  Fused operations serve only where their result is exact, the rest of a product.
 */
#include "black_vector.h"

/*
 * ln(a / b) for 0 < a <= b as *hi + *lo, to about 2^-58 of itself: b is brought within a factor of 1.51 of a
 * by a power of two, and the rest is 2 artanh(q), q = (a - b) / (a + b), |q| < 0.2013.
 */
MC_BODY void
MC_N(log_ratio)(MC_V a, MC_V b, MC_V *hi, MC_V *lo)
{
	static const double c[] = {0x1.5555555555555p-1, 0x1.9999999999987p-2,
	                           0x1.249249249533fp-2, 0x1.c71c71c158b0ep-3,
	                           0x1.745d1a1f36f0cp-3, 0x1.3b12e721ad862p-3,
	                           0x1.1131d9835fe06p-3, 0x1.dbb971febafb0p-4,
	                           0x1.fdb481394229bp-4, 0};
	MC_U shift = ((MC_U) b - (MC_U) a + ((uint64_t) 1 << 51)) >> 52;
	MC_V m = (MC_V) (shift | 0x4330000000000000) - 0x1p52;
	MC_V near = (MC_V) ((MC_U) b - (shift << 52));
	MC_V difference = a - near;
	MC_V total;
	MC_V total_rest = MC_N(sum_rest)(a, near, &total);
	MC_V inverse = 1.0 / total;
	MC_V q = difference * inverse;
	MC_V p = q * total;
	MC_V q_rest = ((difference - p) - MC_N(product_rest)(q, total, p) - q * total_rest) * inverse;
	MC_V z = q * q;
	MC_V small = 2.0 * q_rest + (q * z) * MC_N(polynomial_eight)(c, z, z * z);
	MC_V whole = m * 0x1.62e42fefa3000p-1;
	MC_V first = 2.0 * q - whole;
	MC_V rest = (2.0 * q - (first + whole)) + (small - m * 2.8235290563031577e-13);

	*hi = first + rest;
	*lo = rest - (*hi - first);
}

/* exp(-(a + b)) for 0 <= a <= 700 and a small b, to 0.6 units of the last digit */
MC_BODY MC_V
MC_N(exp_minus)(MC_V a, MC_V b)
{
	static const double c[] = {0.5,
	                           0x1.5555555555557p-3,
	                           0x1.5555555555556p-5,
	                           0x1.1111111110054p-7,
	                           0x1.6c16c16c16287p-10,
	                           0x1.a01a01ac3191dp-13,
	                           0x1.a01a01a702926p-16,
	                           0x1.71de0149347acp-19,
	                           0x1.27e4dadfa9832p-22,
	                           0x1.af4fcb21c5beep-26,
	                           0x1.1f7416719d77ep-29,
	                           0};
	MC_V shifted = a * -1.4426950408889634 + 0x1.8p52;
	MC_V n = shifted - 0x1.8p52;
	MC_V first = -a - n * 0x1.62e42fefa3000p-1;
	MC_V second = -b - n * 2.8235290563031577e-13;
	MC_V r = first + second;
	MC_V rest = second - (r - first);
	MC_V z = r * r;
	MC_V power = 1.0 + (r + (z * MC_N(polynomial)(c, 10, r, z) + rest));

	return (MC_V) ((MC_U) power + ((MC_U) shifted << 52));
}

/* An option in the making: what goes in, and what each step adds for the next ones. */
typedef struct MC_N(Option)
{
	MC_U call;
	MC_V forward;
	MC_V strike;
	MC_V t;
	MC_V vol;

	MC_U below;  /* forward <= strike */
	MC_U usable; /* black.c has an answer for what is not */
	MC_V a;      /* min(forward, strike) */
	MC_V root;   /* sqrt(t) */
	MC_V s;      /* vol sqrt(t) = s + s_lo */
	MC_V s_lo;
	MC_V inverse; /* 1 / s */
	MC_V x;       /* -|ln(forward / strike)| = x + x_lo */
	MC_V x_lo;

	MC_V d;     /* x / s + s / 2 */
	MC_V plain; /* d without the rest that rounding took: soon there, and good enough for Y */
	MC_V other; /* x / s - s / 2 */
	MC_V phi;   /* phi(d) */
	MC_U close; /* d <= 1/2 */
	MC_V near;  /* Phi(d), or 1 - Phi(d) where not close */
	MC_V far;   /* Phi(other) / phi(other) */
	MC_V unit;  /* value of the side out of the money, in units of a */
	MC_V price;
} MC_N(Option);

/* The distance to the strike and the deviation, with what rounding took from them. */
MC_BODY void
MC_N(prepare)(MC_N(Option) * o)
{
	MC_U below = MC_LE(o->forward, o->strike);
	MC_V a = MC_IF(below, o->forward, o->strike);
	MC_V b = MC_IF(below, o->strike, o->forward);
	MC_V root = MC_N(square_root)(o->t);
	MC_V square = root * root;
	MC_V root_rest = (o->t - square) - MC_N(product_rest)(root, root, square);
	MC_V s = o->vol * root;
	MC_V inverse = 1.0 / s;

	MC_N(log_ratio)(a, b, &o->x, &o->x_lo);
	o->s_lo = MC_N(product_rest)(o->vol, root, s) + root_rest * (o->vol * o->vol) * (0.5 * inverse);
	o->below = below;
	o->usable = MC_GT(a, 0x1p-100) & MC_LT(b, 0x1p100) & MC_GT(o->t, 0x1p-50) &
	            MC_LT(o->t, 0x1p20) & MC_GT(s, 0x1p-60) & MC_LT(s, 1000.0);
	o->a = a;
	o->root = root;
	o->s = s;
	o->inverse = inverse;
}

/*
 * d, and phi(d) with what rounding took from d, of x and s.  Not usable where the exponent is between 690
 * and 760; beyond it phi is 0.
 */
MC_BODY void
MC_N(density)(MC_N(Option) * o)
{
	MC_V h = o->x * o->inverse;
	MC_V back = h * o->s;
	MC_V h_lo =
	    ((o->x - back) - MC_N(product_rest)(h, o->s, back) + (o->x_lo - h * o->s_lo)) * o->inverse;
	MC_V d;
	MC_V rest = MC_N(sum_rest)(h, 0.5 * o->s, &d) + (h_lo + 0.5 * o->s_lo);
	MC_V sum = d + rest;
	MC_V sum_lo = rest - (sum - d);
	MC_V square = sum * sum;
	MC_V exponent = 0.5 * square;
	MC_V exponent_lo = 0.5 * MC_N(product_rest)(sum, sum, square) + sum * sum_lo;
	MC_U in_range = MC_LT(exponent, 760.0);

	exponent_lo = MC_IF(in_range, exponent_lo, MC_N(all)(0.0));
	exponent = MC_N(smaller)(exponent, 700.0);
	o->usable = o->usable & (~in_range | MC_LT(exponent, 690.0));
	o->phi = MC_IF(in_range, MC_N(exp_minus)(exponent, exponent_lo) * 0.3989422804014327,
	               MC_N(all)(0.0));
	o->d = sum;
	o->other = h - 0.5 * o->s;
	o->plain = d;
	o->close = MC_LE(d, 0.5);
}

/*
 * Y(z) = Phi(z) / phi(z) at d (-d where not close) and at other, and their difference.
 *
 * With w = 1 / (4.5 - z), v = 8 w - 1 in (-1, 1] for z <= 1/2, Y = w (1 + (1 + v) q(v)); the polynomial q of
 * degree 24 interpolates at the Chebyshev points to 3e-17 of Y.  Divided differences of q, by fours of its
 * powers, give those of Y, which times s is the difference: no two numbers that are close are subtracted.
 */
MC_BODY void
MC_N(normal)(MC_N(Option) * o)
{
	static const double c[] = {0x1.21ee484f16f28p+0,   0x1.061386bb4f955p+0,
	                           0x1.7544abbd9c113p-1,   0x1.92077f067bbf5p-2,
	                           0x1.24f21bdf8d278p-3,   0x1.5bbc076b98c90p-6,
	                           -0x1.390686b9cf5a7p-7,  -0x1.6c2b7cb503417p-8,
	                           0x1.1d8923218147fp-13,  0x1.ced7a75e93234p-11,
	                           0x1.476e7736ca93dp-14,  -0x1.3709ae0622fbep-13,
	                           -0x1.26e5a5c214bc9p-16, 0x1.df777255bba33p-16,
	                           0x1.ff13b835a372bp-20,  -0x1.95adb952e499fp-18,
	                           0x1.5f554595809b5p-22,  0x1.56c62313edba5p-20,
	                           -0x1.34e3d99a18c44p-22, -0x1.01428393f4d43p-22,
	                           0x1.c599cd6a7c834p-24,  0x1.23afdd50cb9fbp-25,
	                           -0x1.98f5b5e3f722fp-26, -0x1.683f979299de4p-29,
	                           0x1.689c51f6e2516p-29,  0};
	MC_V a = MC_IF(o->close, o->plain, -o->plain);
	MC_V wa = 1.0 / (4.5 - a);
	MC_V wb = 1.0 / (4.5 - o->other);
	MC_V va = (3.5 + a) * wa;
	MC_V vb = (3.5 + o->other) * wb;
	MC_V za = va * va;
	MC_V zb = vb * vb;
	MC_N(Pair) low = MC_N(horner)(c, 0, 24, za * za, zb * zb);
	MC_N(Pair) high = MC_N(horner)(c, 2, 22, za * za, zb * zb);
	MC_V yb = 8.0 * wb;
	/* what the slopes are multiplied with, in time for them */
	MC_V by_even = (yb * yb) * (va + vb);
	MC_V by_low = by_even * (za + zb);
	MC_V by_high = by_low * zb;
	MC_V odd = low.q + za * high.q;
	MC_V q = (low.p + za * high.p) + va * odd;
	MC_V g = 1.0 + (8.0 * wa) * q;
	MC_V first = high.p + vb * high.q;
	MC_V second = low.p_slope + vb * low.q_slope;
	MC_V third = high.p_slope + vb * high.q_slope;
	/* (Y(a) - Y(b)) / (a - b) over wa wb, and the divided difference of q */
	MC_V slope =
	    (((g + yb * q) + (yb * yb) * odd) + by_even * first) + (by_low * second + by_high * third);
	MC_V q_slope = odd + (va + vb) * (first + (za + zb) * (second + zb * third));

	o->near = o->phi * (wa * g);
	o->far = wb * (1.0 + yb * (q + (vb - va) * q_slope));
	o->unit =
	    MC_IF(o->close, ((o->phi * o->s) * (wa * wb)) * slope, 1.0 - (o->near + o->phi * o->far));
}

/* A call above its strike and a put below it are in the money; at the strike the difference is 0. */
MC_BODY MC_V
MC_N(value)(MC_N(Option) * o)
{
	MC_V gap = MC_IF(o->below, o->strike - o->forward, o->forward - o->strike);

	o->price = o->a * o->unit + MC_IF(o->call ^ o->below, gap, MC_N(all)(0.0));
	return o->price;
}

typedef struct MC_N(Greeks)
{
	MC_V delta;
	MC_V gamma;
	MC_V vega;
	MC_V theta;
	MC_V rho;
	MC_V vanna;
	MC_V volga;
} MC_N(Greeks);

MC_BODY
MC_N(Greeks) MC_N(sensitivities)(const MC_N(Option) * o)
{
	MC_V inverse_forward = 1.0 / o->forward;
	MC_V v = o->a * o->phi; /* F phi(d1) = K phi(d2) */
	MC_V density = v * inverse_forward;
	MC_V inverse_vol = o->root * o->inverse;
	MC_V tail = MC_IF(o->below, o->near, density * o->far);
	MC_U direct = o->below & o->close;
	MC_N(Greeks) g;

	g.delta =
	    MC_IF(o->call, MC_IF(direct, tail, 1.0 - tail), MC_IF(direct, tail - 1.0, 0.0 - tail));
	g.gamma = density * inverse_forward * o->inverse;
	g.vega = v * o->root;
	g.theta = 0.0 - v * (o->vol * o->vol) * (0.5 * o->inverse);
	g.rho = 0.0 - o->t * o->price;
	g.vanna = 0.0 + density * inverse_vol * MC_IF(o->below, -o->other, o->d);
	g.volga = 0.0 + g.vega * inverse_vol * o->d * o->other;
	return g;
}
