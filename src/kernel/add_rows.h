/*
 * add_rows.h
 *	  Up to four rows times a factor each, added to a sum: the inner loop of the profits of an account.
 *
 *	  sum[j] = (((sum[j] + q0 row0[j]) + q1 row1[j]) + q2 row2[j]) + q3 row3[j]
 *
 * One product after the other, without contraction: the vectors are as wide as the processor has them, and
 * neither their width nor how many rows a call takes changes a digit.
 */
#ifndef MC_ADD_ROWS_H
#define MC_ADD_ROWS_H

#include <stddef.h>

#define MC_ADD_ROWS 4

typedef struct McRowTerm
{
	const double *row;
	double factor;
} McRowTerm;

/* 1 <= rows <= MC_ADD_ROWS, n elements of each; no row overlaps the sum. */
typedef void (*McAddRows)(const McRowTerm *terms, size_t rows, size_t n, double *restrict sum);

/* The variant for this processor. */
extern McAddRows mc_add_rows(void);

/* The variants that this processor can run, the fastest first and NULL at the end: for tests. */
#define MC_ADD_ROWS_VARIANTS 4
extern void mc_add_rows_variants(McAddRows *variants);

#endif
