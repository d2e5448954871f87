/*
 * tail.c
 *	  Value at risk and expected shortfall of a sample of losses.
 *
 * C. Acerbi and D. Tasche, "On the coherence of expected shortfall", J. Bank.
 * Finance 26 (2002), proposition 4.1: the boundary loss counts with the
 * fraction of the tail mass that the whole ones leave.  R. T. Rockafellar and
 * S. Uryasev, "Conditional value-at-risk for general loss distributions",
 * J. Bank. Finance 26 (2002): the same number is the minimum over z of
 * z + mean(max(loss - z, 0)) / (1 - c), which test/unit checks.
 *
 * The largest losses are found in one pass: values above the depth-th largest
 * so far are kept, and whenever the room is full a selection cuts them back.
 */
#include "tail.h"

#include <math.h>
#include <string.h>

#include "select.h"

/* rounding of a product with n, in units of n: the confidence's own error and the product's */
#define ROUNDING (4 * DBL_EPSILON)

McTailRank
mc_tail_rank(size_t n, double confidence)
{
	McDD below = mc_dd_two_product((double) n, confidence);
	double nearest = nearbyint(below.hi);
	McTailRank rank;
	double kept;

	rank.n = n;
	if (fabs(mc_dd_value(below) - nearest) <= ROUNDING * (double) n && nearest >= 1 &&
	    nearest < (double) n)
		below = (McDD){nearest, 0};

	/* n c, rounded up: the losses at or below VaR, 1 to n */
	kept = ceil(below.hi);
	if (kept == below.hi && below.lo > 0)
		kept++;
	if (!(kept >= 1))
		kept = 1;
	if (kept > (double) n)
		kept = (double) n;

	rank.whole = n - (size_t) kept;
	rank.mass = ((double) n - below.hi) - below.lo;
	rank.fraction = (kept - below.hi) - below.lo;
	rank.var_rank = rank.whole + 1;
	return rank;
}

size_t
mc_tail_depth(const McTailRank *rank)
{
	return rank->var_rank;
}

size_t
mc_tail_worksize(size_t depth)
{
	return 4 * depth + 128;
}

McStatus
mc_tail_largest(const double *x, size_t n, double sign, size_t depth, double *work,
                const McPoll *poll)
{
	size_t room = mc_tail_worksize(depth);
	size_t kept = n < room ? n : room;
	double threshold = -INFINITY;
	size_t i;

	for (i = 0; i < kept; i++)
		work[i] = sign * x[i];
	while (i < n)
	{
		size_t stop = n - i < MC_POLL_STEPS ? n : i + MC_POLL_STEPS;

		if (kept == room)
		{
			if (mc_select_largest(work, kept, depth, poll) != MC_OK)
				return MC_STOPPED;
			kept = depth;
			threshold = work[depth - 1];
		}
		for (; i < stop && kept < room; i++)
		{
			double v = sign * x[i];

			if (v > threshold)
				work[kept++] = v;
		}
		if (i == stop && mc_poll_stop(poll))
			return MC_STOPPED;
	}
	if (mc_select_largest(work, kept, depth, poll) != MC_OK)
		return MC_STOPPED;
	return mc_sort_descending(work, depth, poll);
}

McStatus
mc_tail_largest_in_place(double *x, size_t n, size_t depth, const McPoll *poll)
{
	size_t room = mc_tail_worksize(depth);
	size_t kept = n < room ? n : room;
	double threshold = -INFINITY;
	size_t i = kept;

	while (i < n)
	{
		size_t stop = n - i < MC_POLL_STEPS ? n : i + MC_POLL_STEPS;

		if (kept == room)
		{
			if (mc_select_largest(x, kept, depth, poll) != MC_OK)
				return MC_STOPPED;
			kept = depth;
			threshold = x[depth - 1];
		}
		for (; i < stop && kept < room; i++)
		{
			double v = x[i];

			if (v > threshold)
			{
				/* what stands at kept was cut before, or is this value itself */
				x[i] = x[kept];
				x[kept++] = v;
			}
		}
		if (i == stop && mc_poll_stop(poll))
			return MC_STOPPED;
	}
	if (mc_select_largest(x, kept, depth, poll) != MC_OK)
		return MC_STOPPED;
	return mc_sort_descending(x, depth, poll);
}

/*
 * The scale, a power of two, that takes the sum of losses no larger in
 * magnitude than this away from overflow, and its products from underflow.
 */
static double
safe_scale(double a, double b)
{
	double magnitude = fabs(a) > fabs(b) ? fabs(a) : fabs(b);

	if (magnitude > 0x1p+900)
		return 0x1p-100;
	if (magnitude < 0x1p-700)
		return 0x1p+300;
	return 1;
}

double
mc_tail_shortfall(McDD sum, double next, const McTailRank *rank)
{
	double scale = safe_scale(sum.hi, next);
	McDD total = mc_dd_two_product(rank->fraction, scale * next);
	double es;

	total = mc_dd_add((McDD){scale * sum.hi, scale * sum.lo}, total);
	es = mc_dd_value(mc_dd_divide_double(total, rank->mass)) / scale;

	/* a mean of losses that are all at least next: the last bit must not say otherwise */
	return es < next ? next : es;
}

void
mc_tail_measures(const double *largest, const McTailRank *rank, double *var, double *es)
{
	double first = largest[0];
	double next = largest[rank->whole];
	double scale = safe_scale(first, next);
	McDD sum = {0, 0};

	if (var)
		*var = largest[rank->var_rank - 1];
	if (!es)
		return;
	if (isinf(first) || isinf(next))
	{
		/* infinities of both signs have no mean */
		*es = first + next;
		return;
	}
	for (size_t i = rank->whole; i-- > 0;)
		sum = mc_dd_add_double(sum, scale * largest[i]);
	*es = mc_tail_shortfall(sum, scale * next, rank) / scale;
	if (*es > first)
		*es = first;
}

McQuantileType
mc_quantile_type(const char *name, size_t length)
{
	static const char *const names[] = {"inverted_cdf",
	                                    "averaged_inverted_cdf",
	                                    "closest_observation",
	                                    "interpolated_inverted_cdf",
	                                    "hazen",
	                                    "weibull",
	                                    "linear",
	                                    "median_unbiased",
	                                    "normal_unbiased"};

	if (length == 5 && memcmp(name, "type", 4) == 0 && name[4] >= '1' && name[4] <= '9')
		return (McQuantileType) (name[4] - '0');
	for (int i = 0; i < 9; i++)
	{
		if (strlen(names[i]) == length && memcmp(names[i], name, length) == 0)
			return (McQuantileType) (i + 1);
	}
	return MC_QUANTILE_UNKNOWN;
}

/*
 * Types 1 to 3: order statistics of n p (less a half in type 3), taken as whole
 * within rounding.  The weight of the next one is 0, 1/2 or 1.
 */
static double
step_position(size_t n, double probability, McQuantileType type, double *weight)
{
	double position = (double) n * probability - (type == MC_CLOSEST_OBSERVATION ? 0.5 : 0);
	double nearest = nearbyint(position);
	bool whole = fabs(position - nearest) <= ROUNDING * (double) n;
	double j = whole ? nearest : floor(position);

	if (type == MC_INVERTED_CDF)
		*weight = whole ? 0 : 1;
	else if (type == MC_AVERAGED_INVERTED_CDF)
		*weight = whole ? 0.5 : 1;
	else
		*weight = whole && fmod(j, 2) == 0 ? 0 : 1;
	return j;
}

/* Types 4 to 9: a line through points (a, b), with the rounding rule of R's quantile(). */
static double
line_position(size_t n, double probability, McQuantileType type, double *weight)
{
	static const double offsets[][2] = {{0, 1}, {0.5, 0.5},       {0, 0},
	                                    {1, 1}, {1. / 3, 1. / 3}, {3. / 8, 3. / 8}};
	double a = offsets[type - MC_INTERPOLATED_INVERTED_CDF][0];
	double b = offsets[type - MC_INTERPOLATED_INVERTED_CDF][1];
	double position = a + probability * ((double) n + 1 - a - b);
	double j = floor(position + ROUNDING);

	*weight = position - j;
	/* rounding can leave it below zero too */
	if (*weight < ROUNDING)
		*weight = 0;
	return j;
}

McQuantileRank
mc_quantile_rank(size_t n, double probability, McQuantileType type)
{
	McQuantileRank rank;
	double j;

	if (type <= MC_CLOSEST_OBSERVATION)
		j = step_position(n, probability, type, &rank.weight);
	else
		j = line_position(n, probability, type, &rank.weight);

	/* x_(j) and x_(j+1) of the ascending sample; beyond either end the end itself */
	if (!(j >= 1))
		rank.low = rank.high = n;
	else if (j >= (double) n)
		rank.low = rank.high = 1;
	else
	{
		rank.low = n - (size_t) j + 1;
		rank.high = rank.low - 1;
	}
	return rank;
}

double
mc_quantile_between(double low, double high, const McQuantileRank *rank)
{
	if (rank->weight == 0 || low == high)
		return low;
	if (rank->weight == 1)
		return high;
	return (1 - rank->weight) * low + rank->weight * high;
}
