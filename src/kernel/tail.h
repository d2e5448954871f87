/*
 * tail.h
 *	  Value at risk, expected shortfall and quantiles of a sample of losses.
 *
 * With the losses in descending order L_(1) >= ... >= L_(n), confidence c and
 * tail mass t = n (1 - c) with whole part k:
 *
 *	  VaR = L_(n - ceil(n c) + 1), the smallest loss x with F(x) >= c
 *	  ES  = (L_(1) + ... + L_(k) + (t - k) L_(k+1)) / t
 *
 * A caller takes the rank, fetches the largest losses to its depth, and asks
 * for the measures:
 *
 *	  rank  = mc_tail_rank(n, c);
 *	  depth = mc_tail_depth(&rank);
 *	  work  = mc_tail_worksize(depth) doubles;
 *	  mc_tail_largest(x, n, -1, depth, work, poll);	 (x holds P&L: sign -1)
 *	  mc_tail_measures(work, &rank, &var, &es);
 *
 * No value may be NaN; infinities are ordered like any other value.
 */
#ifndef MC_TAIL_H
#define MC_TAIL_H

#include "double_double.h"
#include "status.h"

typedef struct McTailRank
{
	size_t n;
	double mass;     /* n (1 - c), above 0 */
	size_t whole;    /* k: losses that lie wholly in the tail, at most n - 1 */
	double fraction; /* mass - k: weight of the next one, 0 to 1 */
	size_t var_rank; /* VaR is the loss of this rank from the largest, counted from 1 */
} McTailRank;

/*
 * The tail of n > 0 losses at 0 < confidence < 1.  n * confidence within
 * rounding of a whole number counts as that number.
 */
extern McTailRank mc_tail_rank(size_t n, double confidence);

/* How many of the largest losses both measures need: 1 to n. */
extern size_t mc_tail_depth(const McTailRank *rank);

/* Doubles of work space that mc_tail_largest asks for; at least depth. */
extern size_t mc_tail_worksize(size_t depth);

/*
 * The depth largest values of sign * x[0..n), 1 <= depth <= n, in descending
 * order into work[0..depth); x is not touched.  O(n + depth log depth) time
 * on average, O(n log depth) whatever the order.  MC_OK or MC_STOPPED.
 */
extern McStatus mc_tail_largest(const double *x, size_t n, double sign, size_t depth, double *work,
                                const McPoll *poll);

/*
 * The same without work space: x is permuted so that its depth largest values
 * stand first, in descending order.  After MC_STOPPED x is still a permutation.
 */
extern McStatus mc_tail_largest_in_place(double *x, size_t n, size_t depth, const McPoll *poll);

/*
 * Both measures of the largest losses in descending order, to the depth of the
 * rank.  Correctly rounded but for the last bit, free of overflow in between,
 * and never es < var; either pointer may be NULL.
 */
extern void mc_tail_measures(const double *largest, const McTailRank *rank, double *var,
                             double *es);

/* ES from the next loss L_(k+1) and the sum of the k larger ones, both finite. */
extern double mc_tail_shortfall(McDD sum, double next, const McTailRank *rank);

/*
 * Sample quantiles: the nine definitions of Hyndman and Fan (1996), in their
 * order, with the names of numpy.
 */
typedef enum McQuantileType
{
	MC_QUANTILE_UNKNOWN = 0,
	MC_INVERTED_CDF = 1,
	MC_AVERAGED_INVERTED_CDF,
	MC_CLOSEST_OBSERVATION,
	MC_INTERPOLATED_INVERTED_CDF,
	MC_HAZEN,
	MC_WEIBULL,
	MC_QUANTILE_LINEAR,
	MC_MEDIAN_UNBIASED,
	MC_NORMAL_UNBIASED
} McQuantileType;

/* 'linear' or 'type7', ...; MC_QUANTILE_UNKNOWN for anything else. */
extern McQuantileType mc_quantile_type(const char *name, size_t length);

/* The quantile is L_(low) + weight (L_(high) - L_(low)), low >= high. */
typedef struct McQuantileRank
{
	size_t low;    /* rank from the largest, from 1: also the depth needed */
	size_t high;   /* low or low - 1 */
	double weight; /* 0 to 1 */
} McQuantileRank;

/* The ranks of the quantile of n > 0 values at 0 < probability < 1. */
extern McQuantileRank mc_quantile_rank(size_t n, double probability, McQuantileType type);

/* The quantile between the values of the two ranks. */
extern double mc_quantile_between(double low, double high, const McQuantileRank *rank);

#endif
