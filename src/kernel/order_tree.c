/*
 * order_tree.c
 *	  A multiset of finite doubles that knows the sum of its k largest.
 *
 * A sum is the plain sum of the parts and the sum of what each addition lost
 * (T. Ogita, S. M. Rump, S. Oishi, "Accurate sum and dot product", SIAM J. Sci.
 * Comput. 26 (2005)): as accurate as double-double, and with one addition a
 * level on the critical path.
 */
#include "order_tree.h"

#include <math.h>

/* 1.44 log2 of MC_ORDER_TREE_MOST nodes, rounded up */
#define MAX_HEIGHT 48

/* The way from the root to a node. */
typedef struct Path
{
	int32_t node[MAX_HEIGHT];
	int side[MAX_HEIGHT];
	int length;
} Path;

void
mc_order_tree_init(McOrderTree *tree, McOrderNode *nodes, int32_t capacity)
{
	nodes[0] = (McOrderNode){0};
	*tree = (McOrderTree){nodes, capacity, 1, 0, 0};
}

void
mc_order_tree_move(McOrderTree *tree, McOrderNode *nodes, int32_t capacity)
{
	tree->nodes = nodes;
	tree->capacity = capacity;
}

/* Add a pair of sum and error to another. */
static inline void
add_pair(McDD *total, double sum, double error)
{
	McDD s = mc_dd_two_sum(total->hi, sum);

	total->hi = s.hi;
	total->lo += error + s.lo;
}

/* count values equal to value */
static inline McDD
repeat(double value, uint32_t count)
{
	McDD single = {value, 0};

	return count == 1 ? single : mc_dd_two_product(value, (double) count);
}

/* Size, sum and height of a node from its children's. */
static inline void
gather(McOrderNode *nodes, McOrderNode *node)
{
	const McOrderNode *smaller = &nodes[node->link[0]];
	const McOrderNode *larger = &nodes[node->link[1]];
	McDD total = repeat(node->value, node->count);

	add_pair(&total, smaller->sum, smaller->error);
	add_pair(&total, larger->sum, larger->error);
	node->sum = total.hi;
	node->error = total.lo;
	node->size = smaller->size + larger->size + node->count;
	node->height = 1 + (smaller->height > larger->height ? smaller->height : larger->height);
}

/* Lift the child on one side above its parent; returns it. */
static int32_t
rotate(McOrderNode *nodes, int32_t parent, int side)
{
	int32_t child = nodes[parent].link[side];

	nodes[parent].link[side] = nodes[child].link[!side];
	nodes[child].link[!side] = parent;
	gather(nodes, &nodes[parent]);
	gather(nodes, &nodes[child]);
	return child;
}

/* Restore the balance of a node whose children are balanced; returns the node in its place. */
static int32_t
balance(McOrderNode *nodes, int32_t top)
{
	McOrderNode *node = &nodes[top];
	int32_t tilt = nodes[node->link[1]].height - nodes[node->link[0]].height;
	int side = tilt > 0;
	McOrderNode *child;

	if (tilt >= -1 && tilt <= 1)
		return top;
	child = &nodes[node->link[side]];
	if (nodes[child->link[!side]].height > nodes[child->link[side]].height)
		node->link[side] = rotate(nodes, node->link[side], !side);
	return rotate(nodes, top, side);
}

/* Bring sums and balance up to date along a path, from its end to the root. */
static void
climb(McOrderTree *tree, const Path *path)
{
	McOrderNode *nodes = tree->nodes;

	for (int i = path->length; i-- > 0;)
	{
		int32_t top;

		gather(nodes, &nodes[path->node[i]]);
		top = balance(nodes, path->node[i]);
		if (i > 0)
			nodes[path->node[i - 1]].link[path->side[i - 1]] = top;
		else
			tree->root = top;
	}
}

static inline void
descend(Path *path, int32_t node, int side)
{
	path->node[path->length] = node;
	path->side[path->length++] = side;
}

/* The path to the node of a value, or to where it would be; returns the node or 0. */
static int32_t
find(const McOrderTree *tree, double value, Path *path)
{
	int32_t node = tree->root;

	path->length = 0;
	while (node != 0 && tree->nodes[node].value != value)
	{
		int side = tree->nodes[node].value < value;

		descend(path, node, side);
		node = tree->nodes[node].link[side];
	}
	return node;
}

static int32_t
take_node(McOrderTree *tree, double value)
{
	int32_t node = tree->free;

	if (node != 0)
		tree->free = tree->nodes[node].link[0];
	else
		node = tree->used++;
	tree->nodes[node] = (McOrderNode){.value = value, .count = 1};
	return node;
}

void
mc_order_tree_insert(McOrderTree *tree, double value)
{
	Path path;
	int32_t node = find(tree, value, &path);

	if (node != 0)
		tree->nodes[node].count++;
	else
	{
		node = take_node(tree, value);
		if (path.length > 0)
			tree->nodes[path.node[path.length - 1]].link[path.side[path.length - 1]] = node;
	}
	descend(&path, node, 0);
	climb(tree, &path);
}

/* Unlink the node at the end of a path, which has at most one child. */
static void
drop_node(McOrderTree *tree, const Path *path, int32_t node)
{
	McOrderNode *nodes = tree->nodes;
	int32_t child = nodes[node].link[nodes[node].link[0] == 0];

	if (path->length > 0)
		nodes[path->node[path->length - 1]].link[path->side[path->length - 1]] = child;
	else
		tree->root = child;
	nodes[node].link[0] = tree->free;
	tree->free = node;
}

bool
mc_order_tree_remove(McOrderTree *tree, double value)
{
	McOrderNode *nodes = tree->nodes;
	Path path;
	int32_t node = find(tree, value, &path);

	if (node == 0)
		return false;
	if (nodes[node].count > 1)
	{
		nodes[node].count--;
		descend(&path, node, 0);
	}
	else
	{
		int32_t last = node;

		if (nodes[node].link[0] != 0 && nodes[node].link[1] != 0)
		{
			/* the next larger value moves here, and its node goes instead */
			descend(&path, node, 1);
			for (last = nodes[node].link[1]; nodes[last].link[0] != 0; last = nodes[last].link[0])
				descend(&path, last, 0);
			nodes[node].value = nodes[last].value;
			nodes[node].count = nodes[last].count;
		}
		drop_node(tree, &path, last);
	}
	climb(tree, &path);
	return true;
}

McDD
mc_order_tree_largest(const McOrderTree *tree, uint32_t k, double *next)
{
	const McOrderNode *nodes = tree->nodes;
	const McOrderNode *node = &nodes[tree->root];
	McDD total = {0, 0};

	for (;;)
	{
		const McOrderNode *larger = &nodes[node->link[1]];

		if (k < larger->size)
		{
			node = larger;
			continue;
		}
		k -= larger->size;
		add_pair(&total, larger->sum, larger->error);
		if (k < node->count)
		{
			McDD part = repeat(node->value, k);

			*next = node->value;
			if (k > 0)
				add_pair(&total, part.hi, part.lo);
			return mc_dd_two_sum(total.hi, total.lo);
		}
		else
		{
			McDD part = repeat(node->value, node->count);

			add_pair(&total, part.hi, part.lo);
			k -= node->count;
		}
		node = &nodes[node->link[0]];
	}
}

/* ES where the sums in the tree overflow: value by value, scaled down. */
static double
huge_shortfall(const McOrderTree *tree, const McTailRank *rank)
{
	const double scale = 0x1p-100;
	McDD sum = {0, 0};
	double value;

	for (size_t i = 0; i < rank->whole; i++)
	{
		mc_order_tree_largest(tree, (uint32_t) i, &value);
		sum = mc_dd_add_double(sum, scale * value);
	}
	mc_order_tree_largest(tree, (uint32_t) rank->whole, &value);
	return mc_tail_shortfall(sum, scale * value, rank) / scale;
}

void
mc_order_tree_measures(const McOrderTree *tree, const McTailRank *rank, double *var, double *es)
{
	McDD sum = mc_order_tree_largest(tree, (uint32_t) rank->whole, var);
	double first;

	if (isfinite(sum.hi) && isfinite(sum.lo))
		*es = mc_tail_shortfall(sum, *var, rank);
	else
		*es = huge_shortfall(tree, rank);
	/* as mc_tail_measures: the last bit must not put a mean above the largest loss */
	mc_order_tree_largest(tree, 0, &first);
	if (*es > first)
		*es = first;
}
