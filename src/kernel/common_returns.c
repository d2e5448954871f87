/*
 * common_returns.c
 *	  Returns of two price series between the times at which both have a price.
 */
#include "common_returns.h"

#include <string.h>

#include "log_return.h"

/* Step back to a common time before i and j; false when there is none. */
static bool
step_back(const McAlignSeries *a, const McAlignSeries *b, size_t *i, size_t *j)
{
	while (*i > 0 && *j > 0)
	{
		int64_t ta = a->ts[*i - 1];
		int64_t tb = b->ts[*j - 1];

		if (ta >= tb)
			--*i;
		if (tb >= ta)
			--*j;
		if (ta == tb)
			return true;
	}
	return false;
}

size_t
mc_common_returns(const McAlignSeries *a, const McAlignSeries *b, size_t most, double *x, double *y)
{
	size_t i = a->n;
	size_t j = b->n;
	size_t n = 0;
	size_t later_i;
	size_t later_j;

	if (!step_back(a, b, &i, &j))
		return 0;
	/* from the back of x and y, then moved to their start */
	for (; n < most; n++)
	{
		later_i = i;
		later_j = j;
		if (!step_back(a, b, &i, &j))
			break;
		x[most - 1 - n] = mc_log_return(a->price[i], a->price[later_i]);
		y[most - 1 - n] = mc_log_return(b->price[j], b->price[later_j]);
	}
	memmove(x, x + most - n, n * sizeof(double));
	memmove(y, y + most - n, n * sizeof(double));
	return n;
}
