/*
 * order_tree.h
 *	  A multiset of finite doubles that knows the sum of its k largest.
 *
 * A height-balanced search tree (G. M. Adelson-Velsky and E. M. Landis, 1962)
 * with one node for each distinct value; every node holds the number and the
 * sum of the values below it.  Sums are added up from the children on every
 * change and never subtracted, so that a value which has left leaves no trace:
 * nothing drifts, however long a window slides.
 *
 * Nodes live in an array of the caller's, linked by index, so that it may move
 * when it grows.  Insertion, removal and query take O(log n) steps at worst.
 */
#ifndef MC_ORDER_TREE_H
#define MC_ORDER_TREE_H

#include <stdint.h>

#include "double_double.h"
#include "status.h"
#include "tail.h"

typedef struct McOrderNode
{
	double value;
	double sum;      /* of the values in this subtree, as a plain sum ... */
	double error;    /* ... and the sum of its rounding errors */
	int32_t link[2]; /* children: smaller, larger; 0 for none. Free node: link[0] is the next */
	uint32_t size;   /* values in this subtree */
	uint32_t count;  /* values equal to this one */
	int32_t height;  /* 1 for a leaf */
} McOrderNode;

typedef struct McOrderTree
{
	McOrderNode *nodes; /* nodes[0] is the empty tree */
	int32_t capacity;   /* of nodes */
	int32_t used;       /* nodes ever taken, with nodes[0] */
	int32_t free;       /* first free node among them, 0 for none */
	int32_t root;
} McOrderTree;

/* Most values and most nodes that a tree can hold. */
#define MC_ORDER_TREE_MOST INT32_MAX

/* An empty tree over capacity >= 2 nodes. */
extern void mc_order_tree_init(McOrderTree *tree, McOrderNode *nodes, int32_t capacity);

/* Does the next insertion need more nodes? */
static inline bool
mc_order_tree_full(const McOrderTree *tree)
{
	return tree->free == 0 && tree->used == tree->capacity;
}

/* The nodes have been moved to a larger array. */
extern void mc_order_tree_move(McOrderTree *tree, McOrderNode *nodes, int32_t capacity);

/* How many values the tree holds. */
static inline uint32_t
mc_order_tree_size(const McOrderTree *tree)
{
	return tree->nodes[tree->root].size;
}

/* Add a finite value to a tree that is not full and holds less than MC_ORDER_TREE_MOST. */
extern void mc_order_tree_insert(McOrderTree *tree, double value);

/* Take one such value out; false when there is none. */
extern bool mc_order_tree_remove(McOrderTree *tree, double value);

/*
 * The sum of the k largest values and the next one below them, 0 <= k < size.
 * The sum has a relative error of about n 2^-104 of the sum of magnitudes, and
 * is not finite when it overflows.
 */
extern McDD mc_order_tree_largest(const McOrderTree *tree, uint32_t k, double *next);

/* Both measures of all values as losses; rank is mc_tail_rank of the tree's size, above 0. */
extern void mc_order_tree_measures(const McOrderTree *tree, const McTailRank *rank, double *var,
                                   double *es);

#endif
