/*
 * surface_chain.c
 *	  The option quotes of one underlying on their way to a volatility surface.
 *
 * Rows are sorted by everything that a quote has, so that the surface does not depend on their order.
 */
#include "surface_chain.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/float.h"
#include "utils/timestamp.h"

#include "errors.h"
#include "kernel/surface_order.h"
#include "sample.h"
#include "years.h"

#define MOST_EXPIRIES 500

/* By expiry, strike and kind, the latest first; then by everything else, so that nothing is left to chance. */
static int
row_compare(const void *a, const void *b)
{
	const McChainRow *x = a;
	const McChainRow *y = b;
	const double prices[2][4] = {{x->quote.bid, x->quote.ask, x->quote.mark, x->quote.forward},
	                             {y->quote.bid, y->quote.ask, y->quote.mark, y->quote.forward}};
	int order = (x->expiry > y->expiry) - (x->expiry < y->expiry);

	if (order == 0)
		order = float8_cmp_internal(x->quote.strike, y->quote.strike);
	if (order == 0)
		order = (int) x->quote.problem - (int) y->quote.problem;
	if (order == 0)
		order = (int) x->quote.call - (int) y->quote.call;
	if (order == 0)
		order = (x->ts < y->ts) - (x->ts > y->ts);
	for (int i = 0; i < 4 && order == 0; i++)
		order = float8_cmp_internal(prices[0][i], prices[1][i]);
	return order;
}

/* What time says about each row, before they are sorted. */
static void
judge_times(McChain *chain)
{
	for (Size i = 0; i < chain->row_count; i++)
	{
		McChainRow *row = &chain->rows[i];

		if (row->quote.problem != MC_QUOTE_USED)
			continue;
		if (TIMESTAMP_NOT_FINITE(row->expiry))
			row->quote.problem = MC_QUOTE_NO_EXPIRY;
		else if (row->expiry <= chain->as_of)
			row->quote.problem = MC_QUOTE_EXPIRED;
		else if (row->ts > chain->as_of)
			row->quote.problem = MC_QUOTE_FUTURE;
		else if (!TIMESTAMP_NOT_FINITE(row->ts) &&
		         row->ts < chain->as_of - chain->settings.maximum_age)
			row->quote.problem = MC_QUOTE_STALE;
	}
}

/* Of the quotes of one option the first, which is the latest, counts. */
static void
mark_replaced(McChain *chain)
{
	const McChainRow *first = NULL;

	for (Size i = 0; i < chain->row_count; i++)
	{
		McChainRow *row = &chain->rows[i];

		if (row->quote.problem != MC_QUOTE_USED)
			continue;
		if (first != NULL && row->expiry == first->expiry &&
		    row->quote.strike == first->quote.strike && row->quote.call == first->quote.call)
			row->quote.problem = MC_QUOTE_REPLACED;
		else
			first = row;
	}
}

static void
too_many_expiries(void)
{
	ereport(ERROR,
	        (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("too many expiries of one underlying"),
	         errdetail("The limit is %d.", MOST_EXPIRIES),
	         errhint("Group by the underlying, and leave out what is not an option on it.")));
}

/* The expiries that lie ahead, in order. */
static void
group_rows(McChain *chain)
{
	chain->quotes = mc_work_space(chain->row_count, sizeof(McOptionQuote));
	chain->expiries = mc_work_space(MOST_EXPIRIES, sizeof(McChainExpiry));
	for (Size i = 0; i < chain->row_count; i++)
	{
		const McChainRow *row = &chain->rows[i];

		chain->quotes[i] = row->quote;
		if (TIMESTAMP_NOT_FINITE(row->expiry) || row->expiry <= chain->as_of)
			continue;
		if (chain->count == 0 || chain->expiries[chain->count - 1].time != row->expiry)
		{
			if (chain->count == MOST_EXPIRIES)
				too_many_expiries();
			chain->expiries[chain->count++] =
			    (McChainExpiry){.time = row->expiry,
			                    .quotes = &chain->quotes[i],
			                    .t = mc_years_between(chain->as_of, row->expiry),
			                    .median_half_spread = NAN,
			                    .fitted = -1};
		}
		chain->expiries[chain->count - 1].count++;
	}
}

/* Forwards of all expiries, then vols. */
static void
value_quotes(McChain *chain)
{
	double *work = mc_work_space(2 * chain->row_count, sizeof(double));
	double *t = mc_work_space(chain->count + 1, sizeof(double));

	chain->forwards = mc_work_space(chain->count + 1, sizeof(double));
	chain->sources = mc_work_space(chain->count + 1, sizeof(McForwardSource));
	for (int i = 0; i < chain->count; i++)
	{
		McChainExpiry *e = &chain->expiries[i];

		t[i] = e->t;
		chain->forwards[i] = NAN;
		mc_chain_judge(e->quotes, e->count, &chain->settings.chain);
		chain->sources[i] = mc_chain_forward(e->quotes, e->count, e->t, &chain->settings.chain,
		                                     work, &chain->forwards[i]);
	}
	mc_chain_carry(t, chain->forwards, chain->sources, chain->count);
	for (int i = 0; i < chain->count; i++)
	{
		McChainExpiry *e = &chain->expiries[i];

		e->used =
		    mc_chain_vols(e->quotes, e->count, e->t, chain->forwards[i], &chain->settings.chain);
		CHECK_FOR_INTERRUPTS();
	}
}

/* Columns of numbers for the fit, out of the quotes that are used. */
static void
gather(McChain *chain)
{
	Size n = chain->row_count;
	double *columns = mc_work_space(6 * n, sizeof(double));
	double *k = columns;
	double *vol = columns + n;
	double *robust = columns + 2 * n;
	double *half_spreads = columns + 3 * n;
	double *work = columns + 4 * n;
	double *scales = columns + 5 * n;
	Size at = 0;

	chain->smiles = mc_work_space(chain->count + 1, sizeof(McSmile));
	chain->results = mc_work_space(chain->count + 1, sizeof(McSurfaceExpiry));
	for (int i = 0; i < chain->count; i++)
	{
		McChainExpiry *e = &chain->expiries[i];
		Size from = at;

		if (e->used < chain->settings.minimum_quotes)
			continue;
		for (Size j = 0; j < e->count; j++)
			if (e->quotes[j].problem == MC_QUOTE_USED)
			{
				k[at] = e->quotes[j].k;
				vol[at] = e->quotes[j].vol;
				half_spreads[at++] = mc_chain_half_spread(&e->quotes[j]);
			}
		e->median_half_spread = mc_chain_scales(half_spreads + from, e->used, work, scales + from);
		e->fitted = chain->fitted;
		chain->smiles[chain->fitted++] =
		    (McSmile){.quotes = {e->used, k + from, vol + from, scales + from},
		              .t = e->t,
		              .robust = robust + from};
	}
}

/* Leave out the expiries whose level contradicts the others. */
static void
drop_out_of_order(McChain *chain)
{
	double *work = mc_work_space(2 * chain->fitted + 1, sizeof(double));
	bool *keep = mc_work_space(chain->fitted + 1, sizeof(bool));
	int kept = 0;

	mc_surface_order(chain->smiles, chain->fitted, work, keep);
	for (int i = 0; i < chain->count; i++)
	{
		McChainExpiry *e = &chain->expiries[i];

		if (e->fitted < 0)
			continue;
		if (keep[e->fitted])
		{
			chain->smiles[kept] = chain->smiles[e->fitted];
			e->fitted = kept++;
			continue;
		}
		e->out_of_order = true;
		e->fitted = -1;
	}
	chain->fitted = kept;
}

void
mc_chain_fit(McChain *chain)
{
	McSsviExpiry *work;
	McSsvi surface;

	judge_times(chain);
	qsort(chain->rows, chain->row_count, sizeof(McChainRow), row_compare);
	mark_replaced(chain);
	group_rows(chain);
	value_quotes(chain);
	gather(chain);
	drop_out_of_order(chain);
	work = mc_work_space(chain->fitted + 1, sizeof(McSsviExpiry));
	if (chain->fitted > 0)
		mc_check_status(mc_surface_fit(chain->smiles, chain->results, work, chain->fitted, &surface,
		                               &mc_interrupt_poll));
}
