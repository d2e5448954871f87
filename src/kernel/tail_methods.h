/*
 * tail_methods.h
 *	  Expected shortfall by the estimators of other packages, beside that of Acerbi and Tasche.
 *
 * With the losses in descending order L_(1) >= ... >= L_(n) and confidence c:
 *
 *	  acerbi_tasche    as tail.h: the boundary loss counts with its fraction
 *	  order_statistic  mean of all losses >= VaR, the one of tail.h (ORE)
 *	  below_var        mean of all losses > q, their quantile of type 7; q itself when there are
 *	                   none (PerformanceAnalytics, method historical)
 *	  empyrical        mean of L_(1) ... L_(m), m = 1 + floor((n - 1) (1 - c)) (empyrical)
 *
 * n c and (n - 1) c within rounding of a whole number count as that number, as in mc_tail_rank.
 * Means are correct to the last bit or the one before.  doc/tail_methods.md compares them.
 */
#ifndef MC_TAIL_METHODS_H
#define MC_TAIL_METHODS_H

#include "order_tree.h"
#include "tail.h"

typedef enum McShortfallMethod
{
	MC_ACERBI_TASCHE,
	MC_ORDER_STATISTIC,
	MC_BELOW_VAR,
	MC_EMPYRICAL
} McShortfallMethod;

/* Their names, in this order; NULL ends the list. */
extern const char *const mc_shortfall_methods[];

/* How many of the largest losses must stand in front, in order: 1 to n. */
extern size_t mc_shortfall_depth(size_t n, double confidence, McShortfallMethod method);

/*
 * ES of n > 0 finite losses, the largest of them in front in descending order to that depth.
 * O(depth), and O(n) for the methods that count losses.
 */
extern double mc_shortfall(const double *losses, size_t n, double confidence,
                           McShortfallMethod method);

/* The same of the losses in a tree that is not empty; O(log n). */
extern double mc_order_tree_shortfall(const McOrderTree *tree, double confidence,
                                      McShortfallMethod method);

#endif
