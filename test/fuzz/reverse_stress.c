/*
 * reverse_stress.c
 *	  Fuzz target: any small book on any covariance: what is reached is lost at the moves it says, no further than the
 *	  reach and at the distance of the moves; what is not reached is lost on none of the axes.
 */
#include "fuzz.h"
#include "kernel/rank_update.h"
#include "kernel/reverse_stress.h"

FUZZ_WITH_GSL

#define FACTORS 3
#define HELD 6
#define ACCOUNTS 3

typedef struct Market
{
	size_t factors;
	double root[FACTORS * FACTORS]; /* covariance = root root' */
	double covariance[FACTORS * (FACTORS + 1) / 2];
	McStressInstrument instruments[HELD];
	McStressPosition positions[HELD];
	double equity[ACCOUNTS];
	McStressBook book;
	double losses[ACCOUNTS * MC_STRESS_BLOCK];
	double scratch[ACCOUNTS];
} Market;

static double
take_share(Bytes *b)
{
	return ((double) take(b, 1) + 1) / 256;
}

static void
take_market(Bytes *b, Market *m)
{
	m->factors = 1 + take(b, 1) % FACTORS;
	for (size_t i = 0; i < m->factors; i++)
		for (size_t j = 0; j < m->factors; j++)
			m->root[i * m->factors + j] = (int8_t) take(b, 1) / 1024.0;
	for (size_t i = 0; i < m->factors; i++)
		for (size_t j = 0; j <= i; j++)
			for (size_t k = 0; k < m->factors; k++)
				m->covariance[mc_triangle_row(i) + j] +=
				    m->root[i * m->factors + k] * m->root[j * m->factors + k];
}

static void
take_book(Bytes *b, int kind, Market *m)
{
	size_t held = take(b, 1) % (HELD + 1);
	size_t accounts = 1 + take(b, 1) % ACCOUNTS;

	for (size_t k = 0; k < held; k++)
	{
		int what = (int) take(b, 1);

		m->instruments[k] =
		    (McStressInstrument){.exposure = {.contract = {.kind = (McContractKind) (what & 3),
		                                                   .payoff = (McPayoff) ((what >> 2) % 3),
		                                                   .is_call = what & 64,
		                                                   .strike = 200 * take_share(b),
		                                                   .units = 1},
		                                      .price = 200 * take_share(b),
		                                      .vol = 2 * take_share(b) - 0.0078125,
		                                      .years = take_share(b) - 0.00390625,
		                                      .discount = 1,
		                                      .settlement_price = 1,
		                                      .settlement_moves = what & 128,
		                                      .open = 1},
		                         .factor = take(b, 1) % m->factors,
		                         .vol_factor = what & 32 ? take(b, 1) % m->factors : MC_STRESS_NONE,
		                         .vol_beta = (int8_t) take(b, 1) / 64.0,
		                         .vol_rise = (int8_t) take(b, 1) / 64.0};
		m->positions[k] = (McStressPosition){k, take(b, 1) % accounts, take_finite(b, kind)};
	}
	for (size_t a = 0; a < accounts; a++)
		m->equity[a] = take_finite(b, kind);
	m->book =
	    (McStressBook){m->instruments,           held, m->positions, held, m->equity, accounts, 0,
	                   1 + take(b, 1) % ACCOUNTS};
	if (kind & 4)
		m->book.fund = fabs(take_finite(b, kind));
}

/* The index where all factors have these moves. */
static double
index_at(Market *m, const double *moves)
{
	double block[FACTORS * MC_STRESS_BLOCK];

	for (size_t f = 0; f < m->factors; f++)
		block[f * MC_STRESS_BLOCK] = moves[f];
	mc_stress_losses(&m->book, block, 1, MC_STRESS_NONE, m->losses, NULL);
	return mc_stress_index(&m->book, m->losses, 0, MC_STRESS_NONE, m->scratch);
}

/* The index is not above `most` where one z of the root is as far as the reach. */
static void
check_axes(Market *m, double reach, double most)
{
	for (size_t k = 0; k < 2 * m->factors; k++)
	{
		double moves[FACTORS];
		double z = k % 2 ? -reach : reach;

		for (size_t f = 0; f < m->factors; f++)
			moves[f] = z * m->root[f * m->factors + k / 2];
		CHECK(!(index_at(m, moves) >= 0), "an axis reaches what is not reached, %g", most);
	}
}

static void
check_answer(Market *m, double reach, const McReverseStress *r)
{
	double index = index_at(m, r->moves);
	double zero[FACTORS] = {0};
	double now = index_at(m, zero);

	CHECK(same(index, r->index), "index %.17g at the moves, %.17g said", index, r->index);
	CHECK(r->rank <= m->factors, "rank %zu", r->rank);
	for (size_t a = 0; a < m->book.account_count; a++)
		CHECK(isfinite(r->losses[a]), "loss %g", r->losses[a]);
	switch (r->outcome)
	{
		case MC_STRESS_REACHED:
			CHECK(now < 0, "reached where nothing moves: %g", now);
			CHECK(r->distance > 0 && r->distance <= reach * (1 + 1e-14), "distance %g of %g",
			      r->distance, reach);
			CHECK(index > -1e-9, "index %g", index);
			break;
		case MC_STRESS_EXHAUSTED:
			CHECK(now >= 0 && r->distance == 0, "exhausted: %g, distance %g", now, r->distance);
			break;
		case MC_STRESS_NOT_REACHED:
			CHECK(index < 0 && index >= now, "not reached: %g, now %g", index, now);
			if (m->factors == 1)
				check_axes(m, reach, index);
			break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Bytes b = {data, size};
	int kind = (int) take(&b, 1);
	double reach = 0.1 + 20 * take_share(&b);
	Market *m = calloc(1, sizeof(Market));
	McReverseStress result = {0};
	double *work;
	bool enough;

	if (m == NULL)
		abort();
	take_market(&b, m);
	take_book(&b, kind, m);
	result.moves = array(m->factors, sizeof(double));
	result.unit_pnl = array(m->book.instrument_count, sizeof(double));
	result.losses = array(m->book.account_count, sizeof(double));
	work = array(mc_reverse_stress_worksize(&m->book, m->factors), sizeof(double));
	if (mc_reverse_stress(&m->book, m->covariance, m->factors, reach, work, &enough, &result,
	                      NULL) == MC_OK)
		check_answer(m, reach, &result);
	free(result.moves);
	free(result.unit_pnl);
	free(result.losses);
	free(work);
	free(m);
	return 0;
}
