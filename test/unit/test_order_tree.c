/*
 * test_order_tree.c
 *	  The order tree beside a sorted array, and sliding windows beside the tail kernel.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/order_tree.h"
#include "unit.h"

/* Height, order, sizes and links of a subtree; -1 when broken, else its height. */
static int
sound(const McOrderTree *tree, int32_t at, double low, double high)
{
	const McOrderNode *node = &tree->nodes[at];
	int left;
	int right;

	if (at == 0)
		return 0;
	if (at < 0 || at >= tree->used || !(node->value > low && node->value < high) || !node->count)
		return -1;
	left = sound(tree, node->link[0], low, node->value);
	right = sound(tree, node->link[1], node->value, high);
	if (left < 0 || right < 0 || abs(left - right) > 1)
		return -1;
	if (node->size !=
	    tree->nodes[node->link[0]].size + node->count + tree->nodes[node->link[1]].size)
		return -1;
	return node->height == 1 + (left > right ? left : right) ? node->height : -1;
}

/* Every query against a sorted copy. */
static int
wrong_queries(const McOrderTree *tree, const double *descending, size_t n)
{
	McDD sum = {0, 0};
	double magnitude = 0;
	int wrong = 0;

	for (size_t k = 0; k < n; k++)
	{
		double next = NAN;
		McDD got = mc_order_tree_largest(tree, (uint32_t) k, &next);

		wrong += next != descending[k];
		wrong += !(fabs((got.hi - sum.hi) + (got.lo - sum.lo)) <= 1e-30 * magnitude);
		sum = mc_dd_add_double(sum, descending[k]);
		magnitude += fabs(descending[k]);
	}
	return wrong;
}

static void
insert_sorted(double *descending, size_t n, double value)
{
	size_t i = n;

	for (; i > 0 && descending[i - 1] < value; i--)
		descending[i] = descending[i - 1];
	descending[i] = value;
}

static void
erase(double *descending, size_t n, size_t at)
{
	memmove(descending + at, descending + at + 1, (n - at - 1) * sizeof(double));
}

static void
random_changes(void)
{
	enum
	{
		MOST = 120
	};
	McOrderNode nodes[MOST + 2];
	double sorted[MOST];
	McOrderTree tree;
	UnitRandom random = {11};
	size_t n = 0;
	int wrong = 0;
	int broken = 0;

	mc_order_tree_init(&tree, nodes, MOST + 2);
	for (int step = 0; step < 20000; step++)
	{
		bool grow = n == 0 || (n < MOST && unit_uniform(&random) < (step / 1000 % 2 ? 0.3 : 0.7));

		if (grow)
		{
			double z = unit_normal(&random);
			double value = step % 3 ? z : floor(3 * z);

			broken += mc_order_tree_full(&tree);
			insert_sorted(sorted, n++, value);
			mc_order_tree_insert(&tree, value);
		}
		else
		{
			size_t at = (size_t) (unit_uniform(&random) * (double) n);

			broken += !mc_order_tree_remove(&tree, sorted[at]);
			erase(sorted, n--, at);
		}
		broken += mc_order_tree_size(&tree) != n;
		broken += sound(&tree, tree.root, -INFINITY, INFINITY) < 0;
		if (step % 7 == 0)
			wrong += wrong_queries(&tree, sorted, n);
	}
	check(broken == 0, "20,000 random changes keep the tree sound and balanced");
	check(wrong == 0, "every rank and every sum beside a sorted array");
	check(!mc_order_tree_remove(&tree, 1e9), "a value that is not there is not removed");
}

/* Values in order, the worst case of an unbalanced tree; and the array moves while it grows. */
static void
growth(void)
{
	const int32_t n = 100000;
	int32_t capacity = 2;
	McOrderNode *nodes = malloc((size_t) capacity * sizeof(McOrderNode));
	McOrderTree tree;
	int broken = 0;
	double next;

	mc_order_tree_init(&tree, nodes, capacity);
	for (int32_t i = 0; i < n; i++)
	{
		if (mc_order_tree_full(&tree))
		{
			capacity *= 2;
			nodes = realloc(nodes, (size_t) capacity * sizeof(McOrderNode));
			mc_order_tree_move(&tree, nodes, capacity);
		}
		mc_order_tree_insert(&tree, i);
	}
	check(tree.nodes[tree.root].height == 17, "100,000 values in order make a tree 17 high");
	check(mc_order_tree_largest(&tree, 1000, &next).hi == 99499500.0 && next == 98999.0,
	      "sum of the 1,000 largest of 0 to 99,999");
	for (int32_t i = 0; i < n; i++)
		broken += !mc_order_tree_remove(&tree, i);
	check(broken == 0 && tree.root == 0 && mc_order_tree_size(&tree) == 0, "all taken out again");
	for (int32_t i = 0; i < 1000; i++)
		mc_order_tree_insert(&tree, i);
	check(tree.used == n + 1, "freed nodes are used again");
	free(nodes);
}

static void
constant_series(void)
{
	McOrderNode nodes[4];
	McOrderTree tree;
	double next;
	McDD sum;

	mc_order_tree_init(&tree, nodes, 4);
	for (int i = 0; i < 1000000; i++)
		mc_order_tree_insert(&tree, 0.1);
	sum = mc_order_tree_largest(&tree, 999999, &next);
	check(tree.used == 2 && next == 0.1, "a million equal values share one node");
	check(sum.hi == 999999 * 0.1 && sum.lo == fma(999999, 0.1, -sum.hi), "and their sum is exact");
}

/* Sliding windows: the tree's measures are those of the tail kernel. */
static void
sliding(const char *name, int kind, size_t window)
{
	const size_t n = 4000;
	double *x = malloc(n * sizeof(double));
	double *work = malloc(mc_tail_worksize(window) * sizeof(double));
	McOrderNode *nodes = malloc((window + 3) * sizeof(McOrderNode));
	McOrderTree tree;
	UnitRandom random = {13};
	int wrong = 0;

	mc_order_tree_init(&tree, nodes, (int32_t) window + 3);
	for (size_t i = 0; i < n; i++)
	{
		double z = unit_normal(&random);
		size_t size = i + 1 < window ? i + 1 : window;
		McTailRank rank = mc_tail_rank(size, 0.975);
		double var;
		double es;
		double want_var;
		double want_es;

		x[i] = kind == 0   ? z
		       : kind == 1 ? (i % 700 == 300 ? 1e20 * z : z)
		       : kind == 2 ? 5
		       : kind == 3 ? floor(z)
		       : kind == 4 ? 1e308 * (z > 0 ? 1 : -1)
		       : kind == 5 ? 5e-324 * floor(4 * z)
		                   : 1e8 + 1e-6 * z;
		if (i >= window)
			wrong += !mc_order_tree_remove(&tree, x[i - window]);
		mc_order_tree_insert(&tree, x[i]);
		mc_order_tree_measures(&tree, &rank, &var, &es);
		mc_tail_largest(x + i + 1 - size, size, 1, mc_tail_depth(&rank), work, NULL);
		mc_tail_measures(work, &rank, &want_var, &want_es);
		wrong += var != want_var || !is_close(es, want_es, 1e-15) || es < var;
	}
	check(wrong == 0, "sliding window of %zu is the tail kernel's answer: %s", window, name);
	free(x);
	free(work);
	free(nodes);
}

void
test_order_tree(void)
{
	static const char *const names[] = {
	    "benign",   "outliers of 1e20 in and out", "constant", "ties", "1e308", "denormals",
	    "1e8 level"};

	random_changes();
	growth();
	constant_series();
	for (int kind = 0; kind < 7; kind++)
		sliding(names[kind], kind, 250);
	sliding(names[0], 0, 1);
	sliding(names[3], 3, 33);
}
