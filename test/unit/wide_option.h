/*
 * wide_option.h
 *	  Black (1976) from its textbook formula in wide arithmetic: exponential by Taylor's series, logarithm by
 *	  Newton's method, the normal law by its power series and Laplace's continued fraction.
 */
#ifndef MC_WIDE_OPTION_H
#define MC_WIDE_OPTION_H

#include <stdbool.h>

#include "wide.h"

typedef struct WideOption
{
	Wide call;
	Wide put;
	Wide d1;
	Wide d2;
	Wide above1;  /* Phi(d1) */
	Wide below1;  /* Phi(-d1) */
	Wide density; /* phi(d1) */
} WideOption;

static inline Wide
wide_ln2(void)
{
	return (Wide) 0x1.62e42fefa39efp-1 + (Wide) 0x1.abc9e3b39803fp-56 +
	       (Wide) 0x1.7b57a079a1934p-111;
}

static inline Wide
wide_exp(Wide x)
{
	int n = (int) floor((double) (x / wide_ln2()) + 0.5);
	Wide r = (x - n * wide_ln2()) / 64;
	Wide sum = 0;
	Wide term = 1;

	for (int k = 1; k < 24; k++)
	{
		sum += term;
		term *= r / k;
	}
	for (int i = 0; i < 6; i++)
		sum *= sum;
	for (; n > 0; n--)
		sum *= 2;
	for (; n < 0; n++)
		sum /= 2;
	return sum;
}

static inline Wide
wide_log(double a, double b)
{
	Wide ratio = (Wide) a / b;
	Wide y = log(a / b);

	for (int i = 0; i < 3; i++)
		y += ratio * wide_exp(-y) - 1;
	return y;
}

static inline Wide
wide_sqrt(double a)
{
	Wide y = sqrt(a);

	for (int i = 0; i < 3 && a > 0; i++)
		y = (y + a / y) / 2;
	return y;
}

/* phi(x) */
static inline Wide
wide_density(Wide x)
{
	Wide factor = (Wide) 0x1.9884533d43651p-2 + (Wide) -0x1.cbc0d30ebfd15p-56 +
	              (Wide) -0x1.c7402c7d60cfbp-112;

	return wide_exp(-x * x / 2) * factor;
}

/* Phi(x) / phi(x) for x <= 0 */
static inline Wide
wide_mills(Wide x, Wide density)
{
	Wide sum = 0;
	Wide term = x;

	if (x < -3)
	{
		Wide tail = -x;

		for (int k = 300; k >= 1; k--)
			tail = -x + k / tail;
		return 1 / tail;
	}
	for (int k = 1; k < 200; k++)
	{
		sum += term;
		term *= x * x / (2 * k + 1);
	}
	return 0.5 / density + sum;
}

static inline WideOption
wide_option(double forward, double strike, double t, double vol)
{
	WideOption o;
	Wide s = wide_sqrt(t) * vol;
	Wide x = wide_log(forward, strike);
	Wide density2;
	Wide above2;
	Wide below2;
	Wide tail1;
	Wide tail2;

	o.d1 = x / s + s / 2;
	o.d2 = x / s - s / 2;
	o.density = wide_density(o.d1);
	density2 = wide_density(o.d2);
	tail1 = o.density * wide_mills(o.d1 > 0 ? -o.d1 : o.d1, o.density);
	tail2 = density2 * wide_mills(o.d2 > 0 ? -o.d2 : o.d2, density2);
	o.above1 = o.d1 > 0 ? 1 - tail1 : tail1;
	o.below1 = o.d1 > 0 ? tail1 : 1 - tail1;
	above2 = o.d2 > 0 ? 1 - tail2 : tail2;
	below2 = o.d2 > 0 ? tail2 : 1 - tail2;
	/* the side out of the money, the other by parity */
	if (forward < strike)
	{
		o.call = forward * o.above1 - strike * above2;
		o.put = o.call + ((Wide) strike - forward);
	}
	else
	{
		o.put = strike * below2 - forward * o.below1;
		o.call = o.put + ((Wide) forward - strike);
	}
	return o;
}

#endif
