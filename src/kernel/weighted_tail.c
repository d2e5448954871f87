/*
 * weighted_tail.c
 *	  Value at risk and expected shortfall of losses that have weights.
 *
 * A heap gives the losses from the worst on, until the tail is full: so only the tail is sorted.
 */
#include "weighted_tail.h"

#include <math.h>

#include "double_double.h"
#include "scale.h"
#include "tail.h"

__extension__ typedef unsigned __int128 U128;

#define MASS_BITS 88               /* 2^38 masses below 2^88 add up to less than 2^126 */
#define ROUNDING (4 * DBL_EPSILON) /* of a mass, in units of the total: as in tail.c */
#define SMALLEST_AGE_WEIGHT 0x1p-90

/* Losses with their masses: weights as whole numbers. */
typedef struct Tail
{
	double *losses;
	double *masses;
	size_t n;
} Tail;

/* Is element i worse than element j?  Equal ones are interchangeable. */
static inline bool
is_worse(const Tail *tail, size_t i, size_t j)
{
	if (tail->losses[i] != tail->losses[j])
		return tail->losses[i] > tail->losses[j];
	return tail->masses[i] > tail->masses[j];
}

static inline void
swap(Tail *tail, size_t i, size_t j)
{
	double loss = tail->losses[i];
	double mass = tail->masses[i];

	tail->losses[i] = tail->losses[j];
	tail->masses[i] = tail->masses[j];
	tail->losses[j] = loss;
	tail->masses[j] = mass;
}

/* Put element i where it belongs among the first `size`, a heap below it. */
static void
sift_down(Tail *tail, size_t size, size_t i)
{
	for (;;)
	{
		size_t child = 2 * i + 1;

		if (child >= size)
			return;
		if (child + 1 < size && is_worse(tail, child + 1, child))
			child++;
		if (!is_worse(tail, child, i))
			return;
		swap(tail, i, child);
		i = child;
	}
}

static McStatus
make_heap(Tail *tail, const McPoll *poll)
{
	for (size_t i = tail->n / 2; i-- > 0;)
	{
		sift_down(tail, tail->n, i);
		if (i % MC_POLL_STEPS == 0 && mc_poll_stop(poll))
			return MC_STOPPED;
	}
	return MC_OK;
}

/*
 * Weights to whole numbers below 2^88; those that are 0 go, with their losses.  Are all that stay
 * equal?
 */
static bool
weights_to_masses(Tail *tail)
{
	double largest = 0;
	size_t kept = 0;
	bool equal = true;
	int exponent;

	for (size_t i = 0; i < tail->n; i++)
		largest = tail->masses[i] > largest ? tail->masses[i] : largest;
	frexp(largest, &exponent);
	for (size_t i = 0; i < tail->n; i++)
	{
		double mass = floor(ldexp(tail->masses[i], MASS_BITS - exponent));

		if (mass > 0)
		{
			tail->losses[kept] = tail->losses[i];
			tail->masses[kept++] = mass;
			equal &= mass == tail->masses[0];
		}
	}
	tail->n = kept;
	return equal;
}

static McStatus
equal_weights(const Tail *tail, double confidence, double *var, double *es, const McPoll *poll)
{
	McTailRank rank = mc_tail_rank(tail->n, confidence);
	McStatus status = mc_tail_largest_in_place(tail->losses, tail->n, mc_tail_depth(&rank), poll);

	if (status == MC_OK)
		mc_tail_measures(tail->losses, &rank, var, es);
	return status;
}

static McDD
double_double(U128 x)
{
	double hi = (double) x;
	U128 back = (U128) hi;
	McDD r = {hi, x >= back ? (double) (x - back) : -(double) (back - x)};

	return r;
}

/* total (1 - c) */
static McDD
tail_mass(U128 total, double confidence)
{
	return mc_dd_multiply(double_double(total), mc_dd_two_sum(1, -confidence));
}

/*
 * ES when the elements from `next + 1` to the last, in ascending order, lie wholly in the tail, and
 * element 0, the worst of the others, with mass `rest`.
 */
static double
weighted_mean(const Tail *tail, size_t next, McDD rest, McDD mass)
{
	double boundary = tail->losses[0];
	double worst = next + 1 < tail->n ? tail->losses[tail->n - 1] : boundary;
	double scale = mc_scale_of(fmax(fabs(worst), fabs(boundary)));
	McDD sum = mc_dd_multiply(rest, (McDD){scale * boundary, 0});
	double es;

	for (size_t i = next + 1; i < tail->n; i++)
		sum = mc_dd_add(sum, mc_dd_two_product(tail->masses[i], scale * tail->losses[i]));
	es = mc_dd_quotient(sum, mass) / scale;
	return es < boundary ? boundary : es > worst ? worst : es;
}

McStatus
mc_weighted_tail(double *losses, double *weights, size_t n, double confidence, double *var,
                 double *es, const McPoll *poll)
{
	Tail tail = {losses, weights, n};
	bool equal = weights_to_masses(&tail);
	U128 total = 0;
	U128 above = 0;
	McDD mass;
	McDD rest;
	size_t left = tail.n;

	if (tail.n == 0)
		return MC_TOO_FEW;
	if (equal)
		return equal_weights(&tail, confidence, var, es, poll);
	for (size_t i = 0; i < tail.n; i++)
		total += (U128) tail.masses[i];
	if (make_heap(&tail, poll) != MC_OK)
		return MC_STOPPED;

	/* the worst go behind the heap while they fit into the tail; one must stay */
	mass = tail_mass(total, confidence);
	rest = mass;
	while (left > 1)
	{
		U128 with = above + (U128) tail.masses[0];
		McDD gap = mc_dd_add(mass, mc_dd_negate(double_double(with)));

		if (gap.hi < -ROUNDING * (double) total)
			break;
		above = with;
		rest = gap;
		swap(&tail, 0, --left);
		sift_down(&tail, left, 0);
		if (left % MC_POLL_STEPS == 0 && mc_poll_stop(poll))
			return MC_STOPPED;
	}
	if (above > 0 && fabs(rest.hi) <= ROUNDING * (double) total)
	{
		mass = double_double(above);
		rest = (McDD){0, 0};
	}
	if (var)
		*var = tail.losses[0];
	if (es)
		*es = weighted_mean(&tail, left - 1, rest, mass);
	return MC_OK;
}

void
mc_age_weights(double *weights, size_t n, double decay)
{
	McDD weight = {1, 0};

	for (size_t i = n; i-- > 0;)
	{
		weights[i] = weight.hi;
		weight = mc_dd_multiply(weight, (McDD){decay, 0});
		if (weight.hi < SMALLEST_AGE_WEIGHT)
			weight = (McDD){0, 0};
	}
}
