/*
 * fuzz.h
 *	  What the fuzz targets share: values out of bytes, arrays of exact size, and checks that abort.
 *
 * Each target is a libFuzzer program over one kernel, built with ASan and UBSan (tools/long.mk), that
 * compares the kernel with a brute-force computation in long double, made from its contract alone.
 */
#ifndef MC_FUZZ_H
#define MC_FUZZ_H

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_errno.h>

#include "kernel/status.h"

#define CHECK(condition, ...)                                               \
	do                                                                      \
	{                                                                       \
		if (!(condition))                                                   \
		{                                                                   \
			fprintf(stderr, "%s:%d: %s: ", __FILE__, __LINE__, #condition); \
			fprintf(stderr, __VA_ARGS__);                                   \
			fputc('\n', stderr);                                            \
			abort();                                                        \
		}                                                                   \
	} while (0)

extern int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* as the extension does: GSL reports by return codes */
#define FUZZ_WITH_GSL                                 \
	extern int LLVMFuzzerInitialize(int *, char ***); \
	int LLVMFuzzerInitialize(int *argc, char ***argv) \
	{                                                 \
		(void) argc;                                  \
		(void) argv;                                  \
		gsl_set_error_handler_off();                  \
		return 0;                                     \
	}

typedef struct Bytes
{
	const uint8_t *data;
	size_t left;
} Bytes;

static inline uint64_t
take(Bytes *b, size_t width)
{
	uint64_t value = 0;

	if (width > b->left)
		width = b->left;
	memcpy(&value, b->data, width);
	b->data += width;
	b->left -= width;
	return value;
}

static inline double
take_raw(Bytes *b)
{
	uint64_t bits = take(b, 8);
	double value;

	memcpy(&value, &bits, 8);
	return value;
}

/* a finite value: raw bits, small integers with ties, mild reals, extremes */
static inline double
take_finite(Bytes *b, int kind)
{
	static const double extremes[] = {0,       -0.0,        DBL_MAX, -DBL_MAX,    DBL_MIN, 5e-324,
	                                  -5e-324, 1e10,        -1e10,   1e-300,      1e300,   1,
	                                  -1,      DBL_MAX / 2, 0.1,     -DBL_MAX / 3};
	double value;

	switch (kind & 3)
	{
		case 0:
			return (int8_t) take(b, 1) / 4;
		case 1:
			return (int16_t) take(b, 2) * 1e-3 + (int8_t) take(b, 1) * 1e-9;
		case 2:
			return extremes[take(b, 1) % 16];
		default:
			value = take_raw(b);
			return isfinite(value) ? value : 1;
	}
}

/* strictly between 0 and 1; decimal when *digits gets a whole number of 1/10000 */
static inline double
take_confidence(Bytes *b, long *basis)
{
	uint64_t v = take(b, 2);
	double raw;

	*basis = (long) (v % 9999) + 1;
	if (v < 60000)
		return (double) *basis / 10000;
	*basis = 0;
	raw = take_raw(b);
	if (raw > 0 && raw < 1)
		return raw;
	return v & 1 ? 5e-324 : 0.99999999999999989;
}

/* exact size, so that the sanitizer sees one element too many */
static inline void *
array(size_t n, size_t size)
{
	void *p = malloc(n * size > 0 ? n * size : 1);

	if (p == NULL)
		abort();
	return p;
}

static inline int
descending(const void *a, const void *b)
{
	double x = *(const double *) a;
	double y = *(const double *) b;

	return (x < y) - (x > y);
}

static inline bool
same_bits(double a, double b)
{
	return memcmp(&a, &b, sizeof(a)) == 0;
}

/* equal values; 0 and -0 are */
static inline bool
same(double a, double b)
{
	return a == b || (isnan(a) && isnan(b));
}

static inline bool
close_to(double a, long double b, long double scale, double tolerance)
{
	if (isinf(a) || isinf((double) b))
		return (double) b == a || fabsl((long double) a - b) <= tolerance * scale;
	return fabsl((long double) a - b) <= tolerance * scale + 1e-320L;
}

#endif
