/*
 * ewma_vol.c
 *	  Exponentially weighted volatility of log returns with mean zero, one price at a time.
 */
#include "ewma_vol.h"

#include <math.h>
#include <string.h>

#include "log_return.h"

/* below this the sum of squares is moved up, so that no part of a product underflows or overflows */
#define SMALL 0x1p-600
#define SMALL_BITS 500
/* here the root is 0, whatever the sum */
#define LOWEST_EXPONENT (-2300)

void
mc_ewma_vol_init(McEwmaVol *ewma, double lambda)
{
	memset(ewma, 0, sizeof(*ewma));
	ewma->lambda = lambda;
}

/* a * factor, relative error about 2^-102 */
static inline McDD
multiply(McDD a, double factor)
{
	McDD product = mc_dd_two_product(a.hi, factor);

	return mc_dd_quick_sum(product.hi, product.lo + a.lo * factor);
}

static void
decay(McEwmaVol *ewma)
{
	if (ewma->squares.hi == 0)
		return;
	while (ewma->squares.hi * ewma->lambda < SMALL && ewma->exponent > LOWEST_EXPONENT)
	{
		ewma->squares.hi = ldexp(ewma->squares.hi, SMALL_BITS);
		ewma->squares.lo = ldexp(ewma->squares.lo, SMALL_BITS);
		ewma->exponent -= SMALL_BITS;
	}
	ewma->squares = multiply(ewma->squares, ewma->lambda);
}

static void
take_return(McEwmaVol *ewma, double r)
{
	ewma->weights = mc_dd_add_double(multiply(ewma->weights, ewma->lambda), 1);
	decay(ewma);
	if (r == 0)
		return;
	/* at least 2^-106: beside it what stands below 2^-600 is nothing */
	if (ewma->exponent < 0)
	{
		ewma->squares = (McDD){0, 0};
		ewma->exponent = 0;
	}
	ewma->squares = mc_dd_add(ewma->squares, mc_dd_two_product(r, r));
}

void
mc_ewma_vol_add(McEwmaVol *ewma, double price)
{
	double r;

	if (ewma->has_previous)
	{
		r = mc_log_return(ewma->previous, price);
		if (isfinite(r))
			take_return(ewma, r);
		else
			ewma->not_finite = true;
	}
	ewma->previous = price;
	ewma->has_previous = true;
}

McStatus
mc_ewma_vol_result(const McEwmaVol *ewma, double periods_per_year, double *vol)
{
	double mean;

	if (ewma->not_finite)
	{
		*vol = NAN;
		return MC_OK;
	}
	if (ewma->weights.hi == 0)
		return MC_TOO_FEW;
	mean = mc_dd_value(ewma->squares) / mc_dd_value(ewma->weights);
	*vol = ldexp(sqrt(mean), ewma->exponent / 2) * sqrt(periods_per_year);
	return isinf(*vol) ? MC_OVERFLOW : MC_OK;
}

double
mc_ewma_half_life_lambda(double bars)
{
	return exp2(-1 / bars);
}
