/*
 * wide.h
 *	  The textbook in wide arithmetic: what exact sums are compared with.
 */
#ifndef MC_WIDE_H
#define MC_WIDE_H

#include <math.h>
#include <stddef.h>

/* 113 bits on x86-64 by gcc or clang; on arm64 long double has as many */
#ifdef __SIZEOF_FLOAT128__
__extension__ typedef __float128 Wide;
#else
typedef long double Wide;
#endif

/* sample standard deviation in two passes; the sum of the deviations is subtracted once more */
static inline double
wide_sd(const double *x, size_t n)
{
	Wide mean = 0;
	Wide rest = 0;
	Wide squares = 0;
	double scale = 0;

	for (size_t i = 0; i < n; i++)
	{
		mean += x[i];
		scale = fmax(scale, fabs(x[i]));
	}
	mean /= (Wide) n;
	/* so that neither large nor denormal values leave the range of the last line */
	scale = scale > 0 && isfinite(scale) ? scale : 1;
	for (size_t i = 0; i < n; i++)
	{
		Wide deviation = (x[i] - mean) / scale;

		rest += deviation;
		squares += deviation * deviation;
	}
	squares -= rest * rest / (Wide) n;
	return sqrt((double) (squares / (Wide) (n - 1))) * scale;
}

#endif
