/*
 * stress_cases.h
 *	  What the tests of reverse stress share: a book that is built up, the search, and losses in long double.
 */
#ifndef MC_STRESS_CASES_H
#define MC_STRESS_CASES_H

#include <stdlib.h>
#include <string.h>

#include "kernel/rank_update.h"
#include "kernel/reverse_stress.h"
#include "scenario_cases.h"
#include "unit.h"

#define MOST 512
#define MOST_FACTORS 40

typedef struct Case
{
	McStressInstrument instruments[MOST];
	McStressPosition positions[MOST];
	double equity[MOST];
	double covariance[MOST_FACTORS * (MOST_FACTORS + 1) / 2];
	size_t factors;
	double reach;
	McStressBook book;
	double moves[MOST_FACTORS];
	double unit_pnl[MOST];
	double losses[MOST];
	McReverseStress result;
} Case;

/* One account with an equity, factors that do not move. */
static inline Case *
new_case(size_t factors, double equity)
{
	Case *c = calloc(1, sizeof(Case));

	c->factors = factors;
	c->reach = 12;
	c->equity[0] = equity;
	c->book = (McStressBook){.instruments = c->instruments,
	                         .positions = c->positions,
	                         .equity = c->equity,
	                         .account_count = 1,
	                         .cover = 1};
	return c;
}

static inline void
set_covariance(Case *c, size_t i, size_t j, double value)
{
	c->covariance[i >= j ? mc_triangle_row(i) + j : mc_triangle_row(j) + i] = value;
}

static inline double
covariance_of(const Case *c, size_t i, size_t j)
{
	return c->covariance[i >= j ? mc_triangle_row(i) + j : mc_triangle_row(j) + i];
}

/* A position of an instrument of its own, which is returned to be changed. */
static inline McStressInstrument *
hold(Case *c, size_t account, size_t factor, McExposure exposure, double quantity)
{
	size_t k = c->book.instrument_count++;

	c->instruments[k] =
	    (McStressInstrument){.exposure = exposure, .factor = factor, .vol_factor = MC_STRESS_NONE};
	c->positions[k] = (McStressPosition){k, account, quantity};
	c->book.position_count++;
	return &c->instruments[k];
}

static inline McExposure
future_at(double price)
{
	McExposure e = plain;

	e.contract = (McContract){.kind = MC_FUTURE, .payoff = MC_LINEAR, .units = 1};
	e.price = price;
	return e;
}

static inline McExposure
option_at(bool call, double forward, double strike, double vol, double years)
{
	McExposure e = plain;

	e.contract.is_call = call;
	e.contract.strike = strike;
	e.price = forward;
	e.vol = vol;
	e.years = years;
	return e;
}

static inline McStatus
search_with(Case *c, const McPoll *poll)
{
	double *work = calloc(mc_reverse_stress_worksize(&c->book, c->factors) + 1, sizeof(double));
	bool enough = false;
	McStatus status;

	c->result.moves = c->moves;
	c->result.unit_pnl = c->unit_pnl;
	c->result.losses = c->losses;
	status = mc_reverse_stress(&c->book, c->covariance, c->factors, c->reach, work, &enough,
	                           &c->result, poll);
	free(work);
	check(enough, "memory for the axes");
	return status;
}

static inline double
search(Case *c)
{
	McStatus status = search_with(c, NULL);

	check(status == MC_OK, "status %d", (int) status);
	return c->result.distance;
}

/* The loss of an account by the equations of stress_book.h. */
static inline Real
wide_loss(const Case *c, const Real *moves, size_t account)
{
	Real sum = 0;

	for (size_t p = 0; p < c->book.position_count; p++)
	{
		const McStressInstrument *k = &c->instruments[c->positions[p].instrument];
		const McExposure *e = &k->exposure;
		Real x = moves[k->factor];
		Real w = k->vol_factor == MC_STRESS_NONE ? 0 : moves[k->vol_factor];
		Real price = e->price * expl(x);
		Real vol = e->vol * expl(w + k->vol_beta * x + k->vol_rise * fabsl(x));
		const McContract *o = &e->contract;
		Real pnl;

		if (c->positions[p].account != account)
			continue;
		if (o->kind != MC_OPTION)
			pnl = price - e->price;
		else
			pnl = black(o->is_call, price, o->strike, e->years, vol) -
			      black(o->is_call, e->price, o->strike, e->years, e->vol);
		sum -= c->positions[p].quantity * pnl;
	}
	return sum;
}

/* The index of stress_book.h where there is a fund or one account. */
static inline Real
wide_index(const Case *c, const Real *moves)
{
	Real worst = -INFINITY;
	Real kept[MOST];
	Real sum = 0;
	size_t accounts = c->book.account_count;

	for (size_t a = 0; a < accounts; a++)
	{
		kept[a] = wide_loss(c, moves, a) - c->equity[a];
		worst = fmaxl(worst, c->book.fund > 0 ? kept[a] : kept[a] / c->equity[a]);
	}
	if (!(c->book.fund > 0))
		return worst;
	for (size_t k = 0; k < c->book.cover && k < accounts; k++)
	{
		size_t top = 0;

		for (size_t a = 1; a < accounts; a++)
			if (kept[a] > kept[top])
				top = a;
		sum += fmaxl(kept[top], 0);
		kept[top] = -INFINITY;
	}
	return sum - c->book.fund;
}

/* The least distance with an index of 0 in two factors: rays all around, then the best angles narrowed. */
typedef struct Brute
{
	const Case *c;
	Real root[3]; /* of the covariance: l11, l21, l22 */
} Brute;

static inline Real
brute_at(const Brute *b, Real angle, Real radius)
{
	Real z0 = radius * cosl(angle);
	Real z1 = radius * sinl(angle);
	Real moves[2] = {b->root[0] * z0, b->root[1] * z0 + b->root[2] * z1};

	return wide_index(b->c, moves);
}

/* first crossing on a ray no further than `most`, or infinite */
static inline Real
brute_radius(const Brute *b, Real angle, Real most, int steps)
{
	for (int i = 1; i <= steps; i++)
		if (brute_at(b, angle, most * i / steps) >= 0)
		{
			Real low = most * (i - 1) / steps;
			Real high = most * i / steps;

			for (int k = 0; k < 60; k++)
			{
				Real middle = (low + high) / 2;

				if (brute_at(b, angle, middle) >= 0)
					high = middle;
				else
					low = middle;
			}
			return high;
		}
	return INFINITY;
}

static inline Real
brute_distance(const Case *c, int angles)
{
	Brute b = {.c = c};
	Real step = 2 * acosl(-1) / angles;
	Real best = c->reach;
	Real at = 0;

	b.root[0] = sqrtl(covariance_of(c, 0, 0));
	b.root[1] = b.root[0] > 0 ? covariance_of(c, 1, 0) / b.root[0] : 0;
	b.root[2] = sqrtl(fmaxl(covariance_of(c, 1, 1) - b.root[1] * b.root[1], 0));
	for (int i = 0; i < angles; i++)
	{
		Real radius = brute_radius(&b, i * step, best, 40);

		if (radius < best)
		{
			best = radius;
			at = i * step;
		}
	}
	for (int round = 0; round < 400 && step > 1e-9L; round++)
	{
		bool nearer = false;

		for (int i = -3; i <= 3; i++)
		{
			Real angle = at + i * step / 3;
			Real radius = brute_radius(&b, angle, best, 2);

			if (radius < best)
			{
				best = radius;
				at = angle;
				nearer = true;
			}
		}
		if (!nearer)
			step /= 3;
	}
	return best;
}

#endif
