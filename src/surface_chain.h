/*
 * surface_chain.h
 *	  The option quotes of one underlying on their way to a volatility surface.
 */
#ifndef MC_SURFACE_CHAIN_H
#define MC_SURFACE_CHAIN_H

#include "compat.h"

#include "datatype/timestamp.h"

#include "kernel/option_chain.h"
#include "kernel/surface_fit.h"

typedef struct McChainRow
{
	int64 expiry; /* DT_NOEND when NULL */
	int64 ts;     /* DT_NOBEGIN when NULL */
	McOptionQuote quote;
} McChainRow;

typedef struct McSurfaceSettings
{
	McChainSettings chain;
	int64 maximum_age; /* microseconds */
	int32 minimum_quotes;
} McSurfaceSettings;

/* One expiry, and what becomes of its quotes. */
typedef struct McChainExpiry
{
	int64 time;
	double t;
	McOptionQuote *quotes;
	Size count;
	Size used;
	double median_half_spread;
	int fitted;        /* number among those that are fitted, or -1 */
	bool out_of_order; /* its level contradicts the other expiries: not fitted */
} McChainExpiry;

typedef struct McChain
{
	/* in */
	McChainRow *rows; /* sorted here */
	Size row_count;
	TimestampTz as_of;
	McSurfaceSettings settings;

	/* out */
	McOptionQuote *quotes; /* one of each row, in the same order */
	McChainExpiry *expiries;
	int count;
	double *forwards;
	McForwardSource *sources;
	McSmile *smiles; /* of the expiries that are fitted */
	McSurfaceExpiry *results;
	int fitted;
} McChain;

/* Everything from rows to smiles, in the current memory context; 54000 for too many expiries. */
extern void mc_chain_fit(McChain *chain);

/* A margin_calib.vol_surface of a chain that was fitted, as the running function returns it. */
extern Datum mc_chain_datum(FunctionCallInfo fcinfo, const McChain *chain);

#endif
