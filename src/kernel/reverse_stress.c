/*
 * reverse_stress.c
 *	  The most likely move of the market that loses a given amount: where the search begins, and its order.
 */
#include "reverse_stress.h"

#include <math.h>
#include <string.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_math.h>

#include "random.h"
#include "stress_axes.h"
#include "stress_search.h"

#define AXES 64    /* principal axes looked along */
#define SCATTER 64 /* directions at random */
#define PACES 16   /* points looked at along each */
#define CLIMBS 24  /* of the directions */
#define ACCOUNT_CLIMBS 16
#define MIRRORED 8
#define MIRROR_ROUNDS 3

/* Directions looked along, and the point on each with the largest index: of the book, and of every account. */
typedef struct Starts
{
	double *units; /* [count * rank] */
	double *index; /* [count] */
	double *at;    /* [count] */
	size_t count;
	double *account_index; /* [accounts] */
	double *account_at;    /* [accounts] distance */
	double *account_along; /* [accounts] direction */
} Starts;

static size_t
most_starts(size_t factors)
{
	return 2 + 2 * AXES + 2 * factors + SCATTER;
}

static size_t
search_size(size_t accounts, size_t factors, size_t rank)
{
	return (MC_STRESS_BLOCK + 2 * MC_STRESS_MEMORY + 3 + 5) * rank + factors * MC_STRESS_BLOCK +
	       factors + accounts * (MC_STRESS_BLOCK + 2);
}

/* held, axes with their work space, search, starts, and a point */
size_t
mc_reverse_stress_worksize(const McStressBook *book, size_t factors)
{
	size_t accounts = book->account_count;

	return factors + factors * factors + mc_stress_axes_worksize(factors) +
	       search_size(accounts, factors, factors) + most_starts(factors) * (factors + 2) +
	       3 * accounts + factors;
}

static double *
cut(double **work, size_t count)
{
	double *piece = *work;

	*work += count;
	return piece;
}

static void
divide_work(McStressSearch *s, Starts *starts, double **work)
{
	size_t accounts = s->book->account_count;

	s->points = cut(work, MC_STRESS_BLOCK * s->rank);
	s->pairs = cut(work, (2 * MC_STRESS_MEMORY + 3) * s->rank);
	s->best = cut(work, s->rank);
	s->gradient = cut(work, s->rank);
	s->unit = cut(work, s->rank);
	s->step = cut(work, s->rank);
	s->trial = cut(work, s->rank);
	s->moves = cut(work, s->factors * MC_STRESS_BLOCK);
	s->slopes = cut(work, s->factors);
	s->losses = cut(work, accounts * MC_STRESS_BLOCK);
	s->weights = cut(work, accounts);
	s->scratch = cut(work, accounts);
	starts->units = cut(work, most_starts(s->factors) * s->rank);
	starts->index = cut(work, most_starts(s->factors));
	starts->at = cut(work, most_starts(s->factors));
	starts->account_index = cut(work, accounts);
	starts->account_at = cut(work, accounts);
	starts->account_along = cut(work, accounts);
	memset(s->best, 0, s->rank * sizeof(double));
	for (size_t a = 0; a < accounts; a++)
		starts->account_index[a] = -INFINITY;
}

/* A direction and its opposite. */
static void
add_direction(Starts *starts, size_t rank, const double *z)
{
	double *unit = starts->units + starts->count * rank;

	if (mc_stress_direction(z, rank, unit) == 0)
		return;
	for (size_t i = 0; i < rank; i++)
		unit[rank + i] = 0 - unit[i];
	starts->count += 2;
}

/* Steepest losses now; the axes; each factor with what goes along with it; directions all around. */
static void
add_directions(McStressSearch *s, Starts *starts, const bool *held, double *z)
{
	McRandom random;

	memset(z, 0, s->rank * sizeof(double));
	mc_stress_gradient(s, z);
	add_direction(starts, s->rank, s->gradient);
	for (size_t i = 0; i < s->rank && i < AXES; i++)
	{
		memset(z, 0, s->rank * sizeof(double));
		z[i] = 1;
		add_direction(starts, s->rank, z);
	}
	if (s->rank == 1)
		return;
	for (size_t f = 0; f < s->factors; f++)
		if (held[f])
			add_direction(starts, s->rank, s->axes + f * s->rank);
	mc_random_start(&random, 0, 0, 0);
	for (size_t k = 0; k < SCATTER / 2; k++)
	{
		double angle = M_PI * ((double) k + 0.5) / (SCATTER / 2);

		for (size_t i = 0; i < s->rank; i++)
			z[i] = s->rank == 2 ? (i == 0 ? cos(angle) : sin(angle))
			                    : gsl_cdf_ugaussian_Pinv((mc_random_word(&random) + 0.5) * 0x1p-32);
		add_direction(starts, s->rank, z);
	}
}

/* The accounts at the points of direction k. */
static void
note_accounts(const McStressSearch *s, Starts *starts, size_t k, const double *radii)
{
	for (size_t a = 0; a < s->book->account_count; a++)
		for (size_t i = 0; i < PACES; i++)
		{
			double index = mc_stress_index(s->book, s->losses, i, a, s->scratch);

			if (index > starts->account_index[a])
			{
				starts->account_index[a] = index;
				starts->account_at[a] = radii[i];
				starts->account_along[a] = (double) k;
			}
		}
}

/* Look along a direction, as far as the nearest point so far. */
static void
look_along(McStressSearch *s, Starts *starts, size_t k)
{
	const double *unit = starts->units + k * s->rank;
	double radii[PACES];
	double radius;
	size_t best = 0;
	size_t first = PACES;

	for (size_t i = 0; i < PACES; i++)
		radii[i] = s->radius * (double) (i + 1) / PACES;
	mc_stress_on_ray(s, unit, radii, PACES);
	if (s->status != MC_OK)
		return;
	for (size_t i = 0; i < PACES; i++)
	{
		if (s->index[i] > s->index[best])
			best = i;
		if (s->index[i] >= 0 && first == PACES)
			first = i;
	}
	starts->index[k] = s->index[best];
	starts->at[k] = radii[best];
	if (!(s->book->fund > 0) && s->book->account_count > 1)
		note_accounts(s, starts, k, radii);
	if (first == PACES)
		return;
	radius = mc_stress_root(s, unit, first > 0 ? radii[first - 1] : 0, radii[first]);
	if (s->status == MC_OK && (!s->reached || radius < s->radius))
		mc_stress_keep(s, unit, radius);
}

static size_t
largest(const double *values, size_t count)
{
	size_t best = 0;

	for (size_t i = 1; i < count; i++)
		if (values[i] > values[best])
			best = i;
	return best;
}

static void
climb_along(McStressSearch *s, const double *unit, double distance, double *z)
{
	for (size_t i = 0; i < s->rank; i++)
		z[i] = fmin(distance, s->radius) * unit[i];
	mc_stress_climb(s, z);
}

static void
climb_directions(McStressSearch *s, Starts *starts, double *z)
{
	for (size_t i = 0; i < CLIMBS && i < starts->count && s->status == MC_OK; i++)
	{
		size_t k = largest(starts->index, starts->count);

		starts->index[k] = -INFINITY;
		climb_along(s, starts->units + k * s->rank, starts->at[k], z);
	}
}

/* Each of the accounts nearest to their ends alone, from where it was nearest and along its steepest losses. */
static void
climb_accounts(McStressSearch *s, Starts *starts, double *z)
{
	size_t accounts = s->book->account_count;

	if (s->book->fund > 0 || accounts < 2)
		return;
	for (size_t i = 0; i < ACCOUNT_CLIMBS && i < accounts && s->status == MC_OK; i++)
	{
		size_t a = largest(starts->account_index, accounts);
		size_t k = (size_t) starts->account_along[a];

		starts->account_index[a] = -INFINITY;
		s->only = a;
		climb_along(s, starts->units + k * s->rank, starts->account_at[a], z);
		memset(z, 0, s->rank * sizeof(double));
		mc_stress_gradient(s, z);
		if (s->status == MC_OK && mc_stress_direction(s->gradient, s->rank, s->unit) > 0)
			climb_along(s, s->unit, s->radius, z);
	}
	s->only = MC_STRESS_NONE;
}

/* The best point with the move of one factor the other way round, and what goes along with it. */
static void
mirror(const McStressSearch *s, size_t factor, double *z)
{
	const double *row = s->axes + factor * s->rank;
	double size = mc_stress_dot(row, row, s->rank);
	double move = size > 0 ? mc_stress_dot(row, s->best, s->rank) / size : 0;

	for (size_t i = 0; i < s->rank; i++)
		z[i] = s->best[i] - 2 * move * row[i];
}

/* The indexes of all mirrored points, into starts. */
static void
value_mirrored(McStressSearch *s, Starts *starts, const bool *held)
{
	for (size_t first = 0; first < s->factors; first += MC_STRESS_BLOCK)
	{
		size_t left = s->factors - first;
		size_t count = left < MC_STRESS_BLOCK ? left : MC_STRESS_BLOCK;

		for (size_t i = 0; i < count; i++)
			mirror(s, first + i, s->points + i * s->rank);
		mc_stress_at_points(s, count);
		for (size_t i = 0; i < count && s->status == MC_OK; i++)
			starts->index[first + i] = held[first + i] ? s->index[i] : -INFINITY;
	}
}

static void
climb_mirrored(McStressSearch *s, Starts *starts, const bool *held, double *z)
{
	for (int round = 0; round < MIRROR_ROUNDS && s->status == MC_OK; round++)
	{
		double radius = s->radius;
		double index = s->best_index;

		value_mirrored(s, starts, held);
		for (size_t i = 0; i < MIRRORED && i < s->factors && s->status == MC_OK; i++)
		{
			size_t f = largest(starts->index, s->factors);

			if (isinf(starts->index[f]))
				break;
			starts->index[f] = -INFINITY;
			mirror(s, f, z);
			mc_stress_climb(s, z);
		}
		if (s->radius == radius && s->best_index == index)
			break;
	}
}

static void
look(McStressSearch *s, Starts *starts, const bool *held, double *z)
{
	add_directions(s, starts, held, z);
	for (size_t k = 0; k < starts->count && s->status == MC_OK; k++)
		look_along(s, starts, k);
	if (s->reached && s->status == MC_OK)
	{
		mc_stress_focus(s, s->best);
		mc_stress_shrink(s);
		s->only = MC_STRESS_NONE;
	}
	climb_directions(s, starts, z);
	climb_accounts(s, starts, z);
	climb_mirrored(s, starts, held, z);
}

static void
mark_held(const McStressBook *book, size_t factors, bool *held)
{
	memset(held, 0, factors * sizeof(bool));
	for (size_t p = 0; p < book->position_count; p++)
	{
		const McStressInstrument *instrument = &book->instruments[book->positions[p].instrument];

		if (book->positions[p].quantity == 0)
			continue;
		held[instrument->factor] = true;
		if (instrument->vol_factor != MC_STRESS_NONE &&
		    instrument->exposure.contract.kind == MC_OPTION)
			held[instrument->vol_factor] = true;
	}
}

/* What is known of the best point. */
static void
describe(McStressSearch *s, McReverseStress *result)
{
	double foremost = -INFINITY;
	size_t accounts = s->book->account_count;

	/* the same point by another order of sums may be a rounding short of it */
	for (int i = 0; i < 8 && s->status == MC_OK; i++)
	{
		memcpy(s->points, s->best, s->rank * sizeof(double));
		mc_stress_at_points(s, 1);
		if (!s->reached || s->index[0] >= 0)
			break;
		for (size_t k = 0; k < s->rank; k++)
			s->best[k] *= 1 + 0x1p-51;
	}
	if (s->status != MC_OK)
		return;
	result->index = s->index[0];
	result->distance = s->reached ? s->radius : sqrt(mc_stress_dot(s->best, s->best, s->rank));
	result->foremost = MC_STRESS_NONE;
	for (size_t f = 0; f < s->factors; f++)
		result->moves[f] = s->moves[f * MC_STRESS_BLOCK];
	for (size_t a = 0; a < accounts; a++)
	{
		double index = mc_stress_index(s->book, s->losses, 0, a, s->scratch);

		result->losses[a] = s->losses[a * MC_STRESS_BLOCK];
		if (index > foremost)
		{
			foremost = index;
			result->foremost = a;
		}
	}
	mc_stress_unit_pnl(s->book, s->moves, result->unit_pnl);
}

McStatus
mc_reverse_stress(const McStressBook *book, const double *covariance, size_t factors, double reach,
                  double *work, bool *enough, McReverseStress *result, const McPoll *poll)
{
	McStressSearch s = {
	    .book = book, .factors = factors, .poll = poll, .only = MC_STRESS_NONE, .radius = reach};
	Starts starts = {0};
	bool *held = (bool *) cut(&work, factors);
	double *axes = cut(&work, factors * factors);

	mark_held(book, factors, held);
	*enough = mc_stress_axes(covariance, factors, held, axes, &s.rank, work);
	if (!*enough)
		return MC_OK;
	s.axes = axes;
	result->rank = s.rank;
	work += mc_stress_axes_worksize(factors);
	divide_work(&s, &starts, &work);
	memset(s.points, 0, s.rank * sizeof(double));
	mc_stress_at_points(&s, 1);
	s.best_index = s.index[0];
	if (s.status == MC_OK && s.best_index < 0 && s.rank > 0)
		look(&s, &starts, held, cut(&work, s.rank));
	describe(&s, result);
	if (s.status != MC_OK)
		return s.status;
	result->outcome = s.reached          ? MC_STRESS_REACHED
	                  : s.best_index < 0 ? MC_STRESS_NOT_REACHED
	                                     : MC_STRESS_EXHAUSTED;
	return MC_OK;
}
