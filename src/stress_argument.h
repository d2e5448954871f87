/*
 * stress_argument.h
 *	  Names, factors and positions of a reverse stress test, from SQL to the book that the kernel values.
 */
#ifndef MC_STRESS_ARGUMENT_H
#define MC_STRESS_ARGUMENT_H

#include "compat.h"

#include "datatype/timestamp.h"

#include "kernel/stress_book.h"

/* A text[] of names, each once, and their order. */
typedef struct McNames
{
	const char *what; /* what an error calls the argument */
	char **names;
	int *order; /* places of the names, by name */
	int count;
} McNames;

/* 2202E, 22004 with a NULL inside, 22023 that names one that is there twice. */
extern void mc_names_argument(FunctionCallInfo fcinfo, int arg, const char *what, McNames *names);

/* The place of a name, -1 for none. */
extern int mc_name_place(const McNames *names, const char *name);

/* What moves: the prices of `factors`, then the vols of `vol_factors`. */
typedef struct McStressFactors
{
	McNames factors;
	McNames vol_factors;
	double *betas; /* [factors.count] */
	double *rises;
	int *vol_places; /* [factors.count]: row of the covariance, -1 for none */
	int count;       /* of both */
	const double *covariance;
} McStressFactors;

/* Arguments number 2 and 3, and three from number `vols`; 22023 where they do not fit each other. */
extern void mc_stress_factors(FunctionCallInfo fcinfo, int vols, McStressFactors *factors);

/* Positions as they came: the instrument in the book and the quantity of each. */
typedef struct McStressPlaces
{
	int count;
	size_t *instruments;
	double *quantities;
} McStressPlaces;

/*
 * Argument 0, in the market of argument 1: the instruments and positions of the book.  accounts NULL: all positions are of
 * account 0.
 */
extern void mc_stress_positions(FunctionCallInfo fcinfo, const McStressFactors *factors,
                                const McNames *accounts, McStressBook *book,
                                McStressPlaces *places);

#endif
