/*
 * black_vector.h
 *	  Vectors of doubles for black_body.h, by the vector extensions of GCC and clang.
 *
 * The includer defines
 *	  MC_ISA      the end of all names: MC_N(x) is x_base, x_avx2, ...
 *	  MC_WIDTH    doubles in a vector: 2, 4 or 8
 *	  MC_TARGET   the attribute of the functions
 *	  MC_FUSED    1 where the instruction set has fused operations, else 0
 *	  MC_SINGLE   1 where a vector holds two copies of one option, else 0
 * Masks are all ones or all zeros.
 */
#include <stdbool.h>
#include <stdint.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#undef MC_V
#undef MC_U
#undef MC_N
#undef MC_GLUE
#undef MC_GLUE_NAMES
#undef MC_BODY
#undef MC_GT
#undef MC_LT
#undef MC_LE
#undef MC_IF

#define MC_GLUE_NAMES(name, isa) name##_##isa
#define MC_GLUE(name, isa) MC_GLUE_NAMES(name, isa)
#define MC_N(name) MC_GLUE(name, MC_ISA)
#define MC_V MC_N(Real)
#define MC_U MC_N(Bits)
#define MC_BODY static inline __attribute__((always_inline, unused)) MC_TARGET

typedef double MC_V __attribute__((vector_size(8 * MC_WIDTH)));
typedef uint64_t MC_U __attribute__((vector_size(8 * MC_WIDTH)));

#define MC_GT(a, b) ((MC_U) ((a) > (b)))
#define MC_LT(a, b) ((MC_U) ((a) < (b)))
#define MC_LE(a, b) ((MC_U) ((a) <= (b)))
#if MC_FUSED && MC_WIDTH == 2
#define MC_IF(mask, a, b) ((MC_V) _mm_blendv_pd((__m128d) (b), (__m128d) (a), (__m128d) (mask)))
#elif MC_FUSED && MC_WIDTH == 4
#define MC_IF(mask, a, b) ((MC_V) _mm256_blendv_pd((__m256d) (b), (__m256d) (a), (__m256d) (mask)))
#elif MC_FUSED
#define MC_IF(mask, a, b)                                                               \
	((MC_V) _mm512_mask_blend_pd(_mm512_movepi64_mask((__m512i) (mask)), (__m512d) (b), \
	                             (__m512d) (a)))
#else
#define MC_IF(mask, a, b) ((MC_V) (((mask) & (MC_U) (a)) | (~(mask) & (MC_U) (b))))
#endif

MC_BODY MC_V
MC_N(all)(double a)
{
	return a - (MC_V){0};
}

/* NaN becomes b */
MC_BODY MC_V
MC_N(smaller)(MC_V a, double b)
{
	return MC_IF(MC_LT(a, b), a, MC_N(all)(b));
}

MC_BODY MC_V
MC_N(square_root)(MC_V a)
{
#if defined(__x86_64__) && MC_WIDTH == 2
	return (MC_V) _mm_sqrt_pd((__m128d) a);
#elif defined(__x86_64__) && MC_WIDTH == 4
	return (MC_V) _mm256_sqrt_pd((__m256d) a);
#elif defined(__x86_64__)
	return (MC_V) _mm512_sqrt_pd((__m512d) a);
#else
	for (int i = 0; i < MC_WIDTH; i++)
		a[i] = __builtin_sqrt(a[i]);
	return a;
#endif
}

#if MC_FUSED
/* a b + c, rounded once */
MC_BODY MC_V
MC_N(fused)(MC_V a, MC_V b, MC_V c)
{
#if MC_WIDTH == 2
	return (MC_V) _mm_fmadd_pd((__m128d) a, (__m128d) b, (__m128d) c);
#elif MC_WIDTH == 4
	return (MC_V) _mm256_fmadd_pd((__m256d) a, (__m256d) b, (__m256d) c);
#else
	return (MC_V) _mm512_fmadd_pd((__m512d) a, (__m512d) b, (__m512d) c);
#endif
}
#endif

/* a b - p for p = a * b rounded: exact, so that a fused operation gives the same */
MC_BODY MC_V
MC_N(product_rest)(MC_V a, MC_V b, MC_V p)
{
#if MC_FUSED
	return MC_N(fused)(a, b, -p);
#else
	MC_V ca = 134217729.0 * a;
	MC_V cb = 134217729.0 * b;
	MC_V ah = ca - (ca - a);
	MC_V bh = cb - (cb - b);
	MC_V al = a - ah;
	MC_V bl = b - bh;

	return ((ah * bh - p) + ah * bl + al * bh) + al * bl;
#endif
}

/* a + b = *sum + the result, exactly */
MC_BODY MC_V
MC_N(sum_rest)(MC_V a, MC_V b, MC_V *sum)
{
	MC_V s = a + b;
	MC_V bb = s - a;

	*sum = s;
	return (a - (s - bb)) + (b - bb);
}

/*
 * Horner's scheme in za for two polynomials, c[first], c[first + 4], ..., and those one place on, and their
 * divided differences (p(za) - p(zb)) / (za - zb): from the coefficients of the quotient, which are what
 * the scheme passes through.  One option has room for both polynomials in one vector.
 */
typedef struct MC_N(Pair)
{
	MC_V p;
	MC_V q;
	MC_V p_slope;
	MC_V q_slope;
} MC_N(Pair);

MC_BODY
MC_N(Pair) MC_N(horner)(const double *c, int first, int last, MC_V za, MC_V zb)
{
	MC_N(Pair) r;
#if MC_SINGLE
	MC_V both = {c[last], c[last + 1]};
	MC_V slope = both;

#pragma GCC unroll 8
	for (int i = last - 4; i > first; i -= 4)
	{
		both = both * za + (MC_V){c[i], c[i + 1]};
		slope = slope * zb + both;
	}
	both = both * za + (MC_V){c[first], c[first + 1]};
	r.p = MC_N(all)(both[0]);
	r.q = MC_N(all)(both[1]);
	r.p_slope = MC_N(all)(slope[0]);
	r.q_slope = MC_N(all)(slope[1]);
#else
	r.p = r.p_slope = MC_N(all)(c[last]);
	r.q = r.q_slope = MC_N(all)(c[last + 1]);
#pragma GCC unroll 8
	for (int i = last - 4; i > first; i -= 4)
	{
		r.p = r.p * za + c[i];
		r.p_slope = r.p_slope * zb + r.p;
		r.q = r.q * za + c[i + 1];
		r.q_slope = r.q_slope * zb + r.q;
	}
	r.p = r.p * za + c[first];
	r.q = r.q * za + c[first + 1];
#endif
	return r;
}

/* c[0] + c[1] x + ... to an even degree, with c[degree + 1] = 0 and xx = x * x */
MC_BODY MC_V
MC_N(polynomial)(const double *c, int degree, MC_V x, MC_V xx)
{
#if MC_SINGLE
	MC_V both = {c[degree], c[degree + 1]};

#pragma GCC unroll 8
	for (int i = degree - 2; i >= 0; i -= 2)
		both = both * xx + (MC_V){c[i], c[i + 1]};
	return MC_N(all)(both[0]) + x * MC_N(all)(both[1]);
#else
	MC_V even = MC_N(all)(c[degree]);
	MC_V odd = MC_N(all)(c[degree - 1]);

	even = even * xx + c[degree - 2];
#pragma GCC unroll 8
	for (int i = degree - 4; i >= 0; i -= 2)
	{
		odd = odd * xx + c[i + 1];
		even = even * xx + c[i];
	}
	return even + x * odd;
#endif
}

/* The same of degree 8, in fewer steps one after the other. */
MC_BODY MC_V
MC_N(polynomial_eight)(const double *c, MC_V x, MC_V xx)
{
	MC_V xxxx = xx * xx;
#if MC_SINGLE
	MC_V low = (MC_V){c[0], c[1]} + xx * (MC_V){c[2], c[3]};
	MC_V high = ((MC_V){c[4], c[5]} + xx * (MC_V){c[6], c[7]}) + xxxx * (MC_V){c[8], c[9]};
	MC_V both = low + xxxx * high;

	return MC_N(all)(both[0]) + x * MC_N(all)(both[1]);
#else
	MC_V even = (c[0] + xx * c[2]) + xxxx * ((c[4] + xx * c[6]) + xxxx * c[8]);
	MC_V odd = (c[1] + xx * c[3]) + xxxx * (c[5] + xx * c[7]);

	return even + x * odd;
#endif
}
