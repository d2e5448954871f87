/*
 * allocation.h
 *	  The cheapest allocation of collateral to requirements.
 *
 * Of asset i the value V_i is there, and giving a unit of it away costs c_i.  Requirement j asks for R_j; a unit of
 * asset i is worth 1 - h_ij to it, and at most L_ij of it is taken.  With x_ij the value of asset i given to
 * requirement j, and u_j what of it is not met:
 *
 *	  minimise sum_j u_j, and among those allocations sum_ij c_i x_ij
 *	  sum_i (1 - h_ij) x_ij + u_j >= R_j,   sum_j x_ij <= V_i,   0 <= x_ij <= L_ij
 *
 * Haircuts differ by requirement, so it is a flow with gains and no pure network: a linear programme (simplex.h).
 */
#ifndef MC_ALLOCATION_H
#define MC_ALLOCATION_H

#include "status.h"

typedef struct McAllocation
{
	size_t assets;
	size_t requirements;
	const double *values;  /* of each asset, >= 0 */
	const double *costs;   /* of each asset, >= 0 */
	const double *amounts; /* of each requirement, >= 0 */
	const double *worth;   /* 1 - haircut, assets x requirements, row by row; <= 0: not eligible */
	const double *limits;  /* likewise; INFINITY for none */
} McAllocation;

typedef struct McAllocated
{
	double *given;  /* assets x requirements */
	double *unmet;  /* of each requirement */
	double *prices; /* of each requirement: cost of one unit more of it; only when all are met */
	double *asset_gains; /* of each asset: cost that one unit more of it would save; likewise */
	double cost;
	bool all_met;
} McAllocated;

/* Doubles, and bytes for indexes and flags, that the work space has. */
extern size_t mc_allocation_worksize(size_t assets, size_t requirements);
extern size_t mc_allocation_index_bytes(size_t assets, size_t requirements);

/* Finite numbers.  MC_OVERFLOW when the cost leaves the range of a double, MC_STOPPED as polled. */
extern McStatus mc_allocate(const McAllocation *problem, double *work, void *indexes,
                            const McPoll *poll, McAllocated *result);

#endif
