/*
 * publish.c
 *	  Rounding a rate up to its step.
 *
 * With q = rate / step, f its whole part and d the decimals that 12 significant digits leave it,
 * q rounds to f exactly when q - f < 10^-d / 2, and to something above f, whose ceiling is f + 1,
 * otherwise.  q - f is exact.  With at most 1e9 steps d is 3 or more, so that 10^-d / 2 is not a
 * double and no tie can occur.
 */
#include "publish.h"

#include <math.h>

int64_t
mc_publish_steps(double rate, double step, double maximum)
{
	double most = rint(maximum / step);
	double q = rate / step;
	double whole = floor(q);
	double unit = 1; /* of the last significant digit */

	if (!(q < most))
		return (int64_t) most;
	if (whole == 0)
		return q > 0;
	for (double power = 10; power <= q; power *= 10)
		unit *= 10;
	unit /= 1e11; /* 12 digits: 11 places below the first */
	return (int64_t) whole + (q - whole > unit / 2);
}
