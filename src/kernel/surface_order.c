/*
 * surface_order.c
 *	  Which expiries agree on the order of total variance?
 */
#include "surface_order.h"

#include <math.h>

#define NEAREST 3
#define LEAST_SHARE 0.3 /* of the total variance of the expiry before */

/* Total variance at the money as the nearest vols say it; NaN when the quotes do not reach around the forward. */
static double
level_of(const McSmile *smile)
{
	const McSmileQuotes *q = &smile->quotes;
	double distance[NEAREST] = {INFINITY, INFINITY, INFINITY};
	double vol[NEAREST] = {0};
	double middle;
	bool below = false;
	bool above = false;

	for (size_t i = 0; i < q->n; i++)
	{
		double d = fabs(q->k[i]);
		double v = q->vol[i];

		below = below || q->k[i] <= 0;
		above = above || q->k[i] >= 0;
		for (int j = 0; j < NEAREST; j++)
			if (d < distance[j])
			{
				double t = distance[j];

				distance[j] = d;
				d = t;
				t = vol[j];
				vol[j] = v;
				v = t;
			}
	}
	if (!below || !above || isinf(distance[NEAREST - 1]))
		return NAN;
	middle = fmax(fmin(vol[0], vol[1]), fmin(fmax(vol[0], vol[1]), vol[2]));
	return middle * middle * smile->t;
}

void
mc_surface_order(const McSmile *smiles, size_t n, double *work, bool *keep)
{
	double *level = work;
	double *weight = work + n; /* of the heaviest sequence that ends here */
	size_t last = n;

	for (size_t i = 0; i < n; i++)
	{
		level[i] = level_of(&smiles[i]);
		keep[i] = isnan(level[i]);
		weight[i] = 0;
		for (size_t j = 0; j < i; j++)
			if (level[i] >= LEAST_SHARE * level[j])
				weight[i] = fmax(weight[i], weight[j]);
		weight[i] += smiles[i].quotes.n;
		if (!keep[i] && (last == n || weight[i] > weight[last]))
			last = i;
	}
	/* back along the sequence */
	for (size_t i = last; i < n;)
	{
		double before = weight[i] - smiles[i].quotes.n;
		size_t next = n;

		keep[i] = true;
		for (size_t j = i; j-- > 0 && next == n;)
			if (before > 0 && weight[j] == before && level[i] >= LEAST_SHARE * level[j])
				next = j;
		i = next;
	}
}
