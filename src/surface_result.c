/*
 * surface_result.c
 *	  A fitted chain as a margin_calib.vol_surface.
 */
#include "surface_chain.h"

#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "sample.h"
#include "surface_columns.h"
#include "values.h"

/* A row under construction; what is not set stays NULL. */
typedef struct Columns
{
	Datum values[S_COLUMNS];
	bool nulls[S_COLUMNS];
} Columns;

static void
columns_reset(Columns *columns)
{
	memset(columns->nulls, true, sizeof(columns->nulls));
}

static void
set(Columns *columns, int i, Datum value)
{
	columns->values[i] = value;
	columns->nulls[i] = false;
}

static void
set_number(Columns *columns, int i, double value)
{
	if (!isnan(value))
		set(columns, i, Float8GetDatum(value));
}

static void
set_text(Columns *columns, int i, const char *value)
{
	if (value != NULL)
		set(columns, i, CStringGetTextDatum(value));
}

static const char *
source_text(McForwardSource source)
{
	static const char *const texts[] = {NULL, "quoted", "parity", "carried"};

	return texts[source];
}

static double
fitted_vol(const McSmile *smile, double k)
{
	return sqrt(mc_svi_total_variance(&smile->smile, k) / smile->t);
}

/* How far the smile is from the quotes: median and worst. */
static void
set_errors(Columns *columns, const McSmile *smile)
{
	Size n = smile->quotes.n;
	double *errors = mc_work_space(n, sizeof(double));

	for (Size i = 0; i < n; i++)
		errors[i] = fabs(fitted_vol(smile, smile->quotes.k[i]) - smile->quotes.vol[i]);
	gsl_sort(errors, 1, n);
	set_number(columns, S_MEDIAN_ERROR, gsl_stats_median_from_sorted_data(errors, 1, n));
	set_number(columns, S_WORST_ERROR, errors[n - 1]);
	pfree(errors);
}

static void
set_smile(Columns *columns, const McSmile *smile, const McSurfaceExpiry *result)
{
	static const char *const status[] = {"fitted", "repaired", "repaired", "failed"};

	set_text(columns, S_STATUS, status[result->model]);
	if (result->model == MC_SLICE_NONE)
	{
		set_text(columns, S_REASON, "no smile was found that is free of arbitrage");
		return;
	}
	set_text(columns, S_MODEL, result->model == MC_SLICE_SSVI ? "ssvi" : "svi");
	set_number(columns, S_A, smile->smile.a);
	set_number(columns, S_B, smile->smile.b);
	set_number(columns, S_RHO, smile->smile.rho);
	set_number(columns, S_M, smile->smile.m);
	set_number(columns, S_SIGMA, smile->smile.sigma);
	set_number(columns, S_ATM_VOL, fitted_vol(smile, 0));
	set_number(columns, S_LOWEST_K, smile->quotes.k[0]);
	set_number(columns, S_HIGHEST_K, smile->quotes.k[smile->quotes.n - 1]);
	set_number(columns, S_BUTTERFLY, result->butterfly);
	set_number(columns, S_CALENDAR, result->calendar);
	set_errors(columns, smile);
}

static const char *
failure_text(const McChain *chain, int i)
{
	const McChainExpiry *e = &chain->expiries[i];

	if (e->out_of_order)
		return "its vols contradict those of the other expiries: total variance would fall with "
		       "time";
	if (chain->sources[i] == MC_FORWARD_NONE)
		return "no forward: none is quoted, and no strike has a call and a put";
	return psprintf("%d strikes with usable quotes, %d are needed", (int) e->used,
	                chain->settings.minimum_quotes);
}

static void
set_slice(Columns *columns, const McChain *chain, int i)
{
	const McChainExpiry *e = &chain->expiries[i];

	columns_reset(columns);
	set(columns, S_EXPIRY, TimestampTzGetDatum(e->time));
	set_number(columns, S_T, e->t);
	set_number(columns, S_FORWARD, chain->forwards[i]);
	set_text(columns, S_FORWARD_SOURCE, source_text(chain->sources[i]));
	set(columns, S_STRIKES, Int32GetDatum((int32) e->used));
	set(columns, S_LEFT_OUT, Int32GetDatum((int32) (e->count - e->used)));
	set_number(columns, S_MEDIAN_HALF_SPREAD, e->median_half_spread);
	set(columns, S_FITTED_AS_OF, TimestampTzGetDatum(chain->as_of));
	if (e->fitted >= 0)
		set_smile(columns, &chain->smiles[e->fitted], &chain->results[e->fitted]);
	else
	{
		set_text(columns, S_STATUS, "failed");
		set_text(columns, S_REASON, failure_text(chain, i));
	}
}

/* Everything of a quote but what its expiry knows of it. */
static void
set_point(Columns *columns, int64 expiry, const McOptionQuote *quote)
{
	columns_reset(columns);
	if (!TIMESTAMP_NOT_FINITE(expiry))
		set(columns, P_EXPIRY, TimestampTzGetDatum(expiry));
	set_number(columns, P_STRIKE, quote->strike);
	if (quote->problem != MC_QUOTE_BAD_KIND)
		set_text(columns, P_KIND, quote->call ? "call" : "put");
	set_number(columns, P_K, quote->k);
	set_number(columns, P_BID_VOL, quote->bid_vol);
	set_number(columns, P_ASK_VOL, quote->ask_vol);
	set_number(columns, P_VOL, quote->vol);
	set_text(columns, P_PROBLEM, mc_quote_problem_text(quote->problem));
}

static double
least(const double *values, Size n)
{
	double value = INFINITY;

	for (Size i = 0; i < n; i++)
		value = fmin(value, values[i]);
	return value;
}

/* An array of a composite type: the type of column number `column` of the result. */
typedef struct Rows
{
	TupleDesc descriptor;
	Oid type;
	Datum *datums;
	int count;
} Rows;

static void
rows_begin(Rows *rows, TupleDesc result, int column, Size capacity)
{
	rows->type = get_element_type(TupleDescAttr(result, column)->atttypid);
	rows->descriptor = lookup_rowtype_tupdesc(rows->type, -1);
	rows->datums = mc_work_space(capacity + 1, sizeof(Datum));
	rows->count = 0;
}

static void
rows_add(Rows *rows, Columns *columns)
{
	rows->datums[rows->count++] =
	    HeapTupleGetDatum(heap_form_tuple(rows->descriptor, columns->values, columns->nulls));
}

static Datum
rows_end(Rows *rows)
{
	ReleaseTupleDesc(rows->descriptor);
	return PointerGetDatum(
	    construct_array(rows->datums, rows->count, rows->type, -1, false, TYPALIGN_DOUBLE));
}

static void
add_points(Rows *points, const McChain *chain)
{
	Columns columns;
	double tightest = 0; /* scale in expiry e */
	int e = 0;
	Size within = 0; /* quotes of expiry e that are used, so far */

	for (Size i = 0; i < chain->row_count; i++)
	{
		const McOptionQuote *quote = &chain->quotes[i];
		const McSmile *smile = NULL;

		while (e < chain->count && quote >= chain->expiries[e].quotes + chain->expiries[e].count)
		{
			e++;
			within = 0;
		}
		set_point(&columns, chain->rows[i].expiry, quote);
		if (e < chain->count && quote >= chain->expiries[e].quotes &&
		    chain->expiries[e].fitted >= 0)
			smile = &chain->smiles[chain->expiries[e].fitted];
		if (smile != NULL && chain->results[chain->expiries[e].fitted].model == MC_SLICE_NONE)
			smile = NULL;
		if (smile != NULL && !isnan(quote->k))
			set_number(&columns, P_FITTED_VOL, fitted_vol(smile, quote->k));
		if (quote->problem == MC_QUOTE_USED && smile != NULL)
		{
			double share;

			if (within == 0)
				tightest = least(smile->quotes.scale, smile->quotes.n);
			share = tightest / smile->quotes.scale[within];
			set_number(&columns, P_WEIGHT, share * share * smile->robust[within]);
			within++;
		}
		rows_add(points, &columns);
	}
}

Datum
mc_chain_datum(FunctionCallInfo fcinfo, const McChain *chain)
{
	Datum values[3] = {TimestampTzGetDatum(chain->as_of)};
	bool nulls[3] = {false, false, false};
	TupleDesc result = mc_row_descriptor(fcinfo);
	Columns columns;
	Rows rows;

	rows_begin(&rows, result, 1, chain->count);
	for (int i = 0; i < chain->count; i++)
	{
		set_slice(&columns, chain, i);
		rows_add(&rows, &columns);
	}
	values[1] = rows_end(&rows);
	rows_begin(&rows, result, 2, chain->row_count);
	add_points(&rows, chain);
	values[2] = rows_end(&rows);
	return mc_row_datum(fcinfo, values, nulls);
}
