/*
 * surface_fit.c
 *	  The smiles of all expiries of one underlying, together free of arbitrage.
 */
#include "surface_fit.h"

#define ALONE_ROUNDS 3
#define ATTEMPTS 8 /* at a fit without arbitrage, each with STRICTER times the penalty */
#define STRICTER 2
#define FRESH 6      /* the attempt that starts again from the surface SVI */
#define NEIGHBOURS 2 /* that move with a smile */
#define FARTHEST 10  /* k */
#define SHARES 16    /* steps of a repair towards the surface SVI */
#define LIFTS 3      /* of total variance, until it is above that of the expiry before */
#define SLACK 1e-9   /* of a lift, relative: for rounding */

static bool
is_free(const McSvi *smile, const McSvi *earlier)
{
	double at;

	return mc_svi_is_valid(smile) && mc_svi_least_butterfly(smile, &at) >= 0 &&
	       (earlier == NULL || mc_svi_least_calendar(earlier, smile, &at) >= 0);
}

/* Raise total variance over that of the earlier smile. */
static bool
lift(const McSvi *earlier, McSvi *smile)
{
	for (int i = 0; earlier != NULL && i < LIFTS; i++)
	{
		double at;
		double excess = mc_svi_least_calendar(earlier, smile, &at);

		if (excess >= 0)
			break;
		smile->a += SLACK * mc_svi_total_variance(earlier, at) - excess;
	}
	return is_free(smile, earlier);
}

/* A smile near the fit that is free of arbitrage. */
static McSliceModel
repair(McSmile *s, const McSvi *earlier)
{
	McSvi moved = s->smile;

	if (is_free(&moved, earlier))
		return MC_SLICE_SVI;
	for (int i = 0; i <= SHARES; i++)
		if ((i == 0 || mc_svi_towards_ssvi(&s->smile, s->t, (double) i / SHARES, &moved)) &&
		    lift(earlier, &moved))
		{
			s->smile = moved;
			return MC_SLICE_REPAIRED;
		}
	s->smile = s->prior;
	if (lift(earlier, &s->smile))
		return MC_SLICE_SSVI;
	return MC_SLICE_NONE;
}

/* What is still not free of arbitrage is moved, from the first expiry to the last. */
static void
settle(McSmile *smiles, McSurfaceExpiry *e, size_t n)
{
	const McSvi *earlier = NULL;

	for (size_t i = 0; i < n; i++)
	{
		double at;

		e[i].model = repair(&smiles[i], earlier);
		e[i].butterfly = mc_svi_least_butterfly(&smiles[i].smile, &at);
		e[i].calendar =
		    earlier != NULL ? mc_svi_least_calendar(earlier, &smiles[i].smile, &at) : NAN;
		if (e[i].model != MC_SLICE_NONE)
			earlier = &smiles[i].smile;
	}
}

/* Is there arbitrage?  Where there is most of it, the next fit looks too. */
static bool
find_arbitrage(McSmile *smiles, McSurfaceExpiry *e, size_t n)
{
	bool any = false;

	for (size_t i = 0; i < n; i++)
	{
		double at;

		e[i].arbitrage = false;
		if (mc_svi_least_butterfly(&smiles[i].smile, &at) < 0)
		{
			mc_smile_cut(&smiles[i], MC_SMILE_BUTTERFLY, fmin(fmax(at, -FARTHEST), FARTHEST));
			e[i].arbitrage = true;
		}
		if (i > 0 && mc_svi_least_calendar(&smiles[i - 1].smile, &smiles[i].smile, &at) < 0)
		{
			mc_smile_cut(&smiles[i], MC_SMILE_CALENDAR, at);
			e[i].arbitrage = true;
		}
		any = any || e[i].arbitrage;
	}
	return any;
}

static McStatus
fit_alone(McSmile *smiles, size_t n, const McPoll *poll)
{
	McSmileOptions options = {.rounds = ALONE_ROUNDS, .strictness = 1};
	McStatus status = MC_OK;
	McFit fit;

	for (size_t i = 0; i < n && status == MC_OK; i++)
	{
		smiles[i].smile = smiles[i].prior;
		for (size_t q = 0; q < smiles[i].quotes.n; q++)
			smiles[i].robust[q] = 1;
		status = mc_smile_fit(&smiles[i], 1, &options, &fit, poll);
	}
	return status;
}

/* From the smile `first` with arbitrage to the last that is not further from one than its neighbours. */
static size_t
last_of_block(const McSurfaceExpiry *e, size_t n, size_t first)
{
	size_t last = first;

	for (size_t i = first; i < n && i <= last + 2 * NEIGHBOURS; i++)
		if (e[i].arbitrage)
			last = i;
	return last;
}

/*
 * Smiles with arbitrage together with those beside them, under penalties that grow until there is none.  A fit that
 * disturbs the order with a smile outside takes that one in the next time; in the end all are fitted together,
 * at last from the surface SVI, which has no arbitrage, since fits to each expiry alone can be too far apart.
 */
static McStatus
fit_together(McSmile *smiles, McSurfaceExpiry *e, size_t n, const McPoll *poll)
{
	McSmileOptions options = {.ordered = true, .strictness = 1};

	for (int attempt = 0; attempt < ATTEMPTS && find_arbitrage(smiles, e, n); attempt++)
	{
		if (attempt == FRESH)
			for (size_t i = 0; i < n; i++)
				smiles[i].smile = smiles[i].prior;
		for (size_t i = 0; i < n; i++)
		{
			size_t first = i > NEIGHBOURS ? i - NEIGHBOURS : 0;
			size_t end;
			McStatus status;
			McFit fit;

			if (!e[i].arbitrage)
				continue;
			i = last_of_block(e, n, i);
			end = i + NEIGHBOURS + 1 < n ? i + NEIGHBOURS + 1 : n;
			if (attempt >= ATTEMPTS / 2)
			{
				first = 0;
				end = i = n;
			}
			status = mc_smile_fit(smiles + first, end - first, &options, &fit, poll);
			if (status != MC_OK)
				return status;
		}
		options.strictness *= STRICTER;
	}
	return MC_OK;
}

McStatus
mc_surface_fit(McSmile *smiles, McSurfaceExpiry *expiries, McSsviExpiry *work, size_t n,
               McSsvi *surface, const McPoll *poll)
{
	McStatus status;

	for (size_t i = 0; i < n; i++)
		work[i] = (McSsviExpiry){smiles[i].quotes, smiles[i].t, 0};
	status = mc_ssvi_fit(work, n, surface, poll);
	if (status != MC_OK)
		return status;
	for (size_t i = 0; i < n; i++)
	{
		smiles[i].prior = mc_ssvi_slice(surface, work[i].theta);
		smiles[i].cut_count[MC_SMILE_BUTTERFLY] = smiles[i].cut_count[MC_SMILE_CALENDAR] = 0;
	}
	status = fit_alone(smiles, n, poll);
	if (status == MC_OK)
		status = fit_together(smiles, expiries, n, poll);
	if (status == MC_OK)
		settle(smiles, expiries, n);
	return status;
}
