/*
 * stress_book.c
 *	  Losses of accounts when prices and vols move together.
 */
#include "stress_book.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "select.h"

#define POLL_INSTRUMENTS 256

/* of a central difference in log moves: rounding and curvature both cost about 1e-10 of the slope */
#define STEP 1e-5

/* relative shocks as they are, no ranges, no skews */
static const McShockLaw as_given = {.beta = 1, .reference = 1, .least = 1};

static double
within_reach(double move)
{
	return move < -MC_STRESS_FARTHEST  ? -MC_STRESS_FARTHEST
	       : move > MC_STRESS_FARTHEST ? MC_STRESS_FARTHEST
	                                   : move;
}

static McShock
shock_of(const McStressInstrument *instrument, double x, double w)
{
	double vol = w + instrument->vol_beta * x + instrument->vol_rise * fabs(x);

	return (McShock){.price = expm1(within_reach(x)), .vol = expm1(within_reach(vol))};
}

static double
vol_move(const McStressInstrument *instrument, const double *moves, size_t i)
{
	return instrument->vol_factor == MC_STRESS_NONE
	           ? 0
	           : moves[instrument->vol_factor * MC_STRESS_BLOCK + i];
}

/* The shocks of an instrument at a block of points; those of one underlying share them. */
typedef struct Shocks
{
	const McStressInstrument *of; /* NULL: of none yet */
	McShock at[MC_STRESS_BLOCK];
} Shocks;

static bool
share_shocks(const McStressInstrument *a, const McStressInstrument *b)
{
	return a->factor == b->factor && a->vol_factor == b->vol_factor && a->vol_beta == b->vol_beta &&
	       a->vol_rise == b->vol_rise;
}

static void
unit_pnl(const McStressInstrument *instrument, const double *moves, size_t n, Shocks *shocks,
         double *pnl)
{
	double base;

	if (shocks->of == NULL || !share_shocks(shocks->of, instrument))
		for (size_t i = 0; i < n; i++)
			shocks->at[i] = shock_of(instrument, moves[instrument->factor * MC_STRESS_BLOCK + i],
			                         vol_move(instrument, moves, i));
	shocks->of = instrument;
	/* what overflows is seen in the losses */
	(void) mc_scenario_pnl(&instrument->exposure, &as_given, shocks->at, n, &base, pnl);
}

/* One past the last position in the instrument of position p. */
static size_t
run_end(const McStressBook *book, size_t p)
{
	size_t end = p + 1;

	while (end < book->position_count &&
	       book->positions[end].instrument == book->positions[p].instrument)
		end++;
	return end;
}

/* Has one of the positions p to end - 1 to do with account `only`? */
static bool
concerns(const McStressBook *book, size_t p, size_t end, size_t only)
{
	while (only != MC_STRESS_NONE && p < end && book->positions[p].account != only)
		p++;
	return p < end;
}

McStatus
mc_stress_losses(const McStressBook *book, const double *moves, size_t n, size_t only,
                 double *losses, const McPoll *poll)
{
	Shocks shocks = {0};
	size_t valued = 0;
	size_t end;

	memset(losses, 0, book->account_count * MC_STRESS_BLOCK * sizeof(double));
	for (size_t p = 0; p < book->position_count; p = end)
	{
		double pnl[MC_STRESS_BLOCK];

		end = run_end(book, p);
		if (!concerns(book, p, end, only))
			continue;
		if (valued++ % POLL_INSTRUMENTS == 0 && mc_poll_stop(poll))
			return MC_STOPPED;
		unit_pnl(&book->instruments[book->positions[p].instrument], moves, n, &shocks, pnl);
		for (size_t q = p; q < end; q++)
		{
			double quantity = book->positions[q].quantity;
			double *loss = losses + book->positions[q].account * MC_STRESS_BLOCK;

			for (size_t i = 0; i < n; i++)
				loss[i] -= quantity * pnl[i];
		}
	}
	return MC_OK;
}

/* A NaN stays. */
static double
bounded(double value)
{
	return value > DBL_MAX ? DBL_MAX : value < -DBL_MAX ? -DBL_MAX : value;
}

/* What an account adds to the question: relative to its equity where there is no fund. */
static double
account_index(const McStressBook *book, const double *losses, size_t account, size_t i)
{
	double loss = losses[account * MC_STRESS_BLOCK + i];

	if (book->fund > 0)
		return loss - book->equity[account];
	/* an equity that is not positive is exhausted where nothing moves */
	return book->equity[account] > 0 && isfinite(loss) ? bounded(loss / book->equity[account]) - 1
	       : isfinite(loss)                            ? 0
	                                                   : loss;
}

/* The account with the largest index, the first of equal ones; one without a number before all. */
static size_t
foremost(const McStressBook *book, const double *losses, size_t i, double *index)
{
	size_t first = 0;

	*index = -INFINITY;
	for (size_t account = 0; account < book->account_count; account++)
	{
		double own = account_index(book, losses, account, i);

		if (isnan(own) || own > *index)
		{
			first = account;
			*index = own;
		}
		if (isnan(own))
			break;
	}
	return first;
}

size_t
mc_stress_foremost(const McStressBook *book, const double *losses, size_t i)
{
	double index;

	return foremost(book, losses, i, &index);
}

/* The least of the shortfalls that count, and in work all shortfalls, those that count first. */
static double
least_counted(const McStressBook *book, const double *losses, size_t i, double *work)
{
	for (size_t account = 0; account < book->account_count; account++)
		work[account] = fmax(account_index(book, losses, account, i), 0);
	if (book->cover >= book->account_count)
		return 0;
	mc_select_largest(work, book->account_count, book->cover, NULL);
	return work[book->cover - 1];
}

double
mc_stress_index(const McStressBook *book, const double *losses, size_t i, size_t only, double *work)
{
	size_t counted = book->cover < book->account_count ? book->cover : book->account_count;
	double index;
	double sum = 0;

	if (only != MC_STRESS_NONE)
		return account_index(book, losses, only, i);
	foremost(book, losses, i, &index);
	if (!(book->fund > 0))
		return index;
	if (!(index > 0))
		return bounded(index / book->fund) - 1;
	least_counted(book, losses, i, work);
	for (size_t account = 0; account < counted; account++)
		sum += work[account];
	return isfinite(sum) ? bounded(sum / book->fund) - 1 : sum;
}

void
mc_stress_weights(const McStressBook *book, const double *losses, size_t i, size_t only,
                  double *weights, double *work)
{
	double index;
	size_t first = foremost(book, losses, i, &index);
	size_t room = book->cover;
	double least;

	memset(weights, 0, book->account_count * sizeof(double));
	if (book->account_count == 0)
		return;
	if (only != MC_STRESS_NONE)
		first = only;
	if (!(book->fund > 0))
	{
		weights[first] = book->equity[first] > 0;
		return;
	}
	if (!(index > 0))
	{
		weights[first] = 1;
		return;
	}
	least = least_counted(book, losses, i, work);
	for (int ties = 0; ties < 2; ties++)
		for (size_t account = 0; account < book->account_count && room > 0; account++)
		{
			double shortfall = account_index(book, losses, account, i);

			if (shortfall > 0 && (ties ? shortfall == least : shortfall > least))
			{
				weights[account] = 1;
				room--;
			}
		}
}

/* What one contract earns more a unit of the price's move, and of the vol's. */
static void
unit_slopes(const McStressInstrument *instrument, const double *moves, double *slopes)
{
	double x = moves[instrument->factor * MC_STRESS_BLOCK];
	double w = vol_move(instrument, moves, 0);
	double up = x + STEP;
	double down = x - STEP;
	McShock shocks[4];
	double pnl[4];
	double base;
	size_t n = instrument->vol_factor == MC_STRESS_NONE ? 2 : 4;

	shocks[0] = shock_of(instrument, up, w);
	shocks[1] = shock_of(instrument, down, w);
	shocks[2] = shock_of(instrument, x, w + STEP);
	shocks[3] = shock_of(instrument, x, w - STEP);
	(void) mc_scenario_pnl(&instrument->exposure, &as_given, shocks, n, &base, pnl);
	slopes[0] = (pnl[0] - pnl[1]) / (up - down);
	slopes[1] = n == 4 ? (pnl[2] - pnl[3]) / (w + STEP - (w - STEP)) : 0;
}

McStatus
mc_stress_slopes(const McStressBook *book, const double *moves, const double *weights,
                 double *slopes, size_t factors, const McPoll *poll)
{
	size_t valued = 0;
	size_t end;

	memset(slopes, 0, factors * sizeof(double));
	for (size_t p = 0; p < book->position_count; p = end)
	{
		const McStressInstrument *instrument = &book->instruments[book->positions[p].instrument];
		double weight = 0;
		double slope[2];

		end = run_end(book, p);
		for (size_t q = p; q < end; q++)
			weight += weights[book->positions[q].account] * book->positions[q].quantity;
		if (weight == 0)
			continue;
		if (valued++ % POLL_INSTRUMENTS == 0 && mc_poll_stop(poll))
			return MC_STOPPED;
		unit_slopes(instrument, moves, slope);
		slopes[instrument->factor] -= weight * slope[0];
		if (instrument->vol_factor != MC_STRESS_NONE)
			slopes[instrument->vol_factor] -= weight * slope[1];
	}
	return MC_OK;
}

void
mc_stress_unit_pnl(const McStressBook *book, const double *moves, double *pnl)
{
	Shocks shocks = {0};

	for (size_t k = 0; k < book->instrument_count; k++)
		unit_pnl(&book->instruments[k], moves, 1, &shocks, &pnl[k]);
}
