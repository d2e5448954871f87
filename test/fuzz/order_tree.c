/*
 * order_tree.c
 *	  Fuzz target: insertions and removals against a sorted array, with the tree's invariants.
 */
#include "fuzz.h"
#include "kernel/order_tree.h"

#define MOST 300

typedef struct Count
{
	uint32_t size;
	int32_t height;
} Count;

/* search order, heights within one, sizes that add up */
static Count
check_node(const McOrderTree *tree, int32_t at, double low, double high, bool has_low,
           bool has_high)
{
	const McOrderNode *node = &tree->nodes[at];
	Count left;
	Count right;
	Count all;

	if (at == 0)
	{
		all.size = 0;
		all.height = 0;
		return all;
	}
	CHECK(at > 0 && at < tree->used, "link %d", at);
	CHECK(!has_low || node->value > low, "order %g %g", node->value, low);
	CHECK(!has_high || node->value < high, "order %g %g", node->value, high);
	left = check_node(tree, node->link[0], low, node->value, has_low, true);
	right = check_node(tree, node->link[1], node->value, high, true, has_high);
	CHECK(abs(left.height - right.height) <= 1, "balance %d %d", left.height, right.height);
	all.height = 1 + (left.height > right.height ? left.height : right.height);
	all.size = left.size + right.size + node->count;
	CHECK(node->height == all.height && node->size == all.size && node->count > 0, "node %d", at);
	return all;
}

static void
check_sums(const McOrderTree *tree, const double *sorted, uint32_t n)
{
	long double sum = 0;
	long double magnitude = 0;

	for (uint32_t k = 0; k < n; k++)
	{
		double next;
		McDD got = mc_order_tree_largest(tree, k, &next);

		CHECK(same(next, sorted[k]), "k %u of %u: next %g, %g", k, n, next, sorted[k]);
		if (magnitude < 1e299) /* products with a count are exact below 2^996 */
			CHECK(fabsl(((long double) got.hi + got.lo) - sum) <= 1e-17L * magnitude + 1e-320L,
			      "k %u of %u: %.20Lg, %.20Lg", k, n, (long double) got.hi + got.lo, sum);
		sum += sorted[k];
		magnitude += fabsl((long double) sorted[k]);
	}
}

static void
check_measures(const McOrderTree *tree, const double *sorted, uint32_t n, double confidence)
{
	McTailRank rank = mc_tail_rank(n, confidence);
	size_t depth = mc_tail_depth(&rank);
	double var;
	double es;
	double plain_var;
	double plain_es;
	double *largest = array(mc_tail_worksize(depth), sizeof(double));
	long double magnitude = 0;

	mc_order_tree_measures(tree, &rank, &var, &es);
	CHECK(mc_tail_largest(sorted, n, 1, depth, largest, NULL) == MC_OK, "largest");
	mc_tail_measures(largest, &rank, &plain_var, &plain_es);
	CHECK(same(var, plain_var), "var %.17g, %.17g", var, plain_var);
	/* the same to the last bit, unless losses of opposite sign cancel more than 100 bits */
	for (size_t i = 0; i < depth; i++)
		magnitude += fabsl((long double) sorted[i]) / rank.mass;
	CHECK(same(es, plain_es) || fabsl((long double) es - plain_es) <= n * 1e-30L * magnitude,
	      "n %u c %.17g: moving es %.17g, plain %.17g", n, confidence, es, plain_es);
	free(largest);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Bytes b = {data, size};
	int kind = (int) take(&b, 1);
	long basis;
	double confidence = take_confidence(&b, &basis);
	int32_t capacity = 2 + (kind >> 4);
	McOrderNode *nodes = array((size_t) capacity, sizeof(McOrderNode));
	McOrderTree tree;
	double sorted[MOST];
	uint32_t n = 0;

	mc_order_tree_init(&tree, nodes, capacity);
	while (b.left)
	{
		int what = (int) take(&b, 1);

		if (n == 0 || (what < 150 && n < MOST))
		{
			double value = take_finite(&b, kind);
			uint32_t at = 0;

			if (mc_order_tree_full(&tree))
			{
				McOrderNode *more = array((size_t) capacity * 2, sizeof(McOrderNode));

				memcpy(more, nodes, (size_t) capacity * sizeof(McOrderNode));
				free(nodes);
				nodes = more;
				capacity *= 2;
				mc_order_tree_move(&tree, nodes, capacity);
			}
			mc_order_tree_insert(&tree, value);
			while (at < n && sorted[at] >= value)
				at++;
			memmove(sorted + at + 1, sorted + at, (n - at) * sizeof(double));
			sorted[at] = value;
			n++;
		}
		else if (what < 250)
		{
			uint32_t at = (uint32_t) take(&b, 2) % n;

			CHECK(mc_order_tree_remove(&tree, sorted[at]), "value is there");
			memmove(sorted + at, sorted + at + 1, (n - at - 1) * sizeof(double));
			n--;
		}
		else
		{
			double value = take_finite(&b, kind);
			bool there = false;

			for (uint32_t i = 0; i < n; i++)
				there = there || sorted[i] == value;
			if (!there)
				CHECK(!mc_order_tree_remove(&tree, value), "value is not there");
		}
		CHECK(mc_order_tree_size(&tree) == n, "%u %u", mc_order_tree_size(&tree), n);
		if (what % 8 == 0 || !b.left)
		{
			check_node(&tree, tree.root, 0, 0, false, false);
			check_sums(&tree, sorted, n);
			if (n > 0)
				check_measures(&tree, sorted, n, confidence);
		}
	}
	free(nodes);
	return 0;
}
