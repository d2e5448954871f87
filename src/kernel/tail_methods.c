/*
 * tail_methods.c
 *	  Expected shortfall by the estimators of other packages, beside that of Acerbi and Tasche.
 *
 * Every method is a mean of the losses above some loss and of that one with a weight, which is what
 * the measures of tail.h and order_tree.h sum up.  So a method only says how many losses count.
 * Tested in test/unit/test_tail_methods.c and test/oracle/tail_methods.py.
 */
#include "tail_methods.h"

const char *const mc_shortfall_methods[] = {"acerbi_tasche", "order_statistic", "below_var",
                                            "empyrical", NULL};

/* Losses in an array, the largest in front, or in a tree. */
typedef struct Losses
{
	const double *array;
	const McOrderTree *tree;
	size_t n;
} Losses;

static double
loss_of_rank(const Losses *losses, size_t rank)
{
	double loss;

	if (losses->tree == NULL)
		return losses->array[rank - 1];
	mc_order_tree_largest(losses->tree, (uint32_t) rank - 1, &loss);
	return loss;
}

static size_t
count_in_tree(const McOrderTree *tree, double x, bool equal_too)
{
	const McOrderNode *nodes = tree->nodes;
	int32_t at = tree->root;
	size_t count = 0;

	while (at != 0)
	{
		const McOrderNode *node = &nodes[at];
		bool counts = node->value > x || (equal_too && node->value == x);

		if (counts)
			count += node->count + nodes[node->link[1]].size;
		at = node->link[counts ? 0 : 1];
	}
	return count;
}

/* How many losses are above x, or equal to it too? */
static size_t
count_losses(const Losses *losses, double x, bool equal_too)
{
	size_t count = 0;

	if (losses->tree != NULL)
		return count_in_tree(losses->tree, x, equal_too);
	for (size_t i = 0; i < losses->n; i++)
		count += losses->array[i] > x || (equal_too && losses->array[i] == x);
	return count;
}

static double
weighted_mean(const Losses *losses, const McTailRank *rank)
{
	double var;
	double es;

	if (losses->tree != NULL)
		mc_order_tree_measures(losses->tree, rank, &var, &es);
	else
		mc_tail_measures(losses->array, rank, NULL, &es);
	return es;
}

/* The mean of the `count` largest losses; the last `ties` > 0 of them are equal. */
static double
mean_of_largest(const Losses *losses, size_t count, size_t ties)
{
	McTailRank rank = {losses->n, (double) count, count - ties, (double) ties, count - ties + 1};

	return weighted_mean(losses, &rank);
}

/* (n - 1) (1 - c): the whole part returned, from 0 to n - 1, and the rest */
static size_t
gaps_in_tail(size_t n, double confidence, double *rest)
{
	McTailRank rank;

	*rest = 0;
	if (n == 1)
		return 0;
	rank = mc_tail_rank(n - 1, confidence);
	if (rank.fraction < 1)
	{
		*rest = rank.fraction;
		return rank.whole;
	}
	/* a confidence so small that the mass rounds to n - 1 */
	return rank.whole + 1;
}

/* Type 7: between the losses of ranks gaps + 1 and gaps + 2. */
static double
linear_quantile(const Losses *losses, size_t gaps, double rest)
{
	McQuantileRank rank = {gaps + 1, gaps + 2, rest};
	double low = loss_of_rank(losses, gaps + 1);

	return rest == 0 ? low : mc_quantile_between(low, loss_of_rank(losses, gaps + 2), &rank);
}

static double
shortfall(const Losses *losses, double confidence, McShortfallMethod method)
{
	McTailRank rank = mc_tail_rank(losses->n, confidence);
	double rest;
	size_t gaps;
	size_t count;
	double x;

	switch (method)
	{
		case MC_ORDER_STATISTIC:
			x = loss_of_rank(losses, rank.var_rank);
			count = count_losses(losses, x, true);
			return mean_of_largest(losses, count, count - count_losses(losses, x, false));
		case MC_BELOW_VAR:
			gaps = gaps_in_tail(losses->n, confidence, &rest);
			x = linear_quantile(losses, gaps, rest);
			count = count_losses(losses, x, false);
			return count == 0 ? x : mean_of_largest(losses, count, 1);
		case MC_EMPYRICAL:
			return mean_of_largest(losses, gaps_in_tail(losses->n, confidence, &rest) + 1, 1);
		case MC_ACERBI_TASCHE:
			break;
	}
	return weighted_mean(losses, &rank);
}

size_t
mc_shortfall_depth(size_t n, double confidence, McShortfallMethod method)
{
	McTailRank rank = mc_tail_rank(n, confidence);
	double rest;

	if (method == MC_BELOW_VAR || method == MC_EMPYRICAL)
		return gaps_in_tail(n, confidence, &rest) + (rest > 0 ? 2 : 1);
	return mc_tail_depth(&rank);
}

double
mc_shortfall(const double *losses, size_t n, double confidence, McShortfallMethod method)
{
	Losses source = {losses, NULL, n};

	return shortfall(&source, confidence, method);
}

double
mc_order_tree_shortfall(const McOrderTree *tree, double confidence, McShortfallMethod method)
{
	Losses source = {NULL, tree, mc_order_tree_size(tree)};

	return shortfall(&source, confidence, method);
}
