/*
 * test_stress_book.c
 *	  Losses, indexes, their slopes and the axes, by their equations in long double.
 */
#include "kernel/stress_axes.h"
#include "stress_cases.h"

static Case *
random_case(UnitRandom *random, size_t accounts)
{
	Case *c = new_case(4, 1);

	c->book.account_count = accounts;
	for (size_t a = 0; a < accounts; a++)
		c->equity[a] = 1 + 20 * unit_uniform(random);
	for (size_t i = 0; i < 3 * accounts; i++)
	{
		McStressInstrument *k =
		    hold(c, i % accounts, i % 3,
		         i % 4 == 0 ? future_at(100)
		                    : option_at(i % 2, 100, 90 + 20 * unit_uniform(random), 0.5, 0.2),
		         2 * unit_normal(random));

		k->vol_beta = unit_normal(random);
		k->vol_rise = unit_normal(random);
		/* the fourth factor is the vol of the second */
		k->vol_factor = k->factor == 1 ? 3 : MC_STRESS_NONE;
	}
	return c;
}

/* Equal equities and positions make ties. */
static void
make_ties(Case *c)
{
	for (size_t i = 0; i < c->book.position_count; i++)
	{
		c->instruments[i] = c->instruments[i % 3];
		c->positions[i].quantity = i % 3 ? 0 : -3;
	}
	for (size_t a = 0; a < c->book.account_count; a++)
	{
		c->positions[3 * a].account = c->positions[3 * a + 1].account =
		    c->positions[3 * a + 2].account = a;
		c->equity[a] = 2;
	}
}

static void
at_points(void)
{
	UnitRandom random = {31};
	bool losses = true;
	bool indexes = true;
	bool slopes = true;
	bool alone = true;

	for (int trial = 0; trial < 400; trial++)
	{
		size_t accounts = 1 + (size_t) trial % 7;
		Case *c = random_case(&random, accounts);
		double moves[4 * MC_STRESS_BLOCK] = {0};
		double loss[7 * MC_STRESS_BLOCK];
		double one[7 * MC_STRESS_BLOCK];
		double weights[7];
		double work[7];
		double slope[4];
		Real at[4];
		double index;
		Real want;

		if (trial % 5 == 4)
			make_ties(c);
		c->book.fund = trial % 3 ? 1 + 5 * unit_uniform(&random) : 0;
		c->book.cover = 1 + (size_t) trial % 4;
		for (size_t f = 0; f < 4; f++)
			at[f] = moves[f * MC_STRESS_BLOCK] = 0.3 * unit_normal(&random);
		mc_stress_losses(&c->book, moves, 1, MC_STRESS_NONE, loss, NULL);
		mc_stress_losses(&c->book, moves, 1, accounts - 1, one, NULL);
		alone = alone &&
		        one[(accounts - 1) * MC_STRESS_BLOCK] == loss[(accounts - 1) * MC_STRESS_BLOCK] &&
		        (accounts == 1 || one[0] == 0);
		for (size_t a = 0; a < accounts; a++)
			losses = losses && near(loss[a * MC_STRESS_BLOCK], wide_loss(c, at, a), 100, 1e-13);
		index = mc_stress_index(&c->book, loss, 0, MC_STRESS_NONE, work);
		want = wide_index(c, at);
		if (c->book.fund > 0 && want > -c->book.fund)
			indexes = indexes && near(index, want / c->book.fund, 100, 1e-12);
		else if (c->book.fund > 0)
			indexes = indexes && index <= -1;
		else
			indexes = indexes && near(index, want - 0, 100, 1e-12);
		/* what the weights make of the slopes, by differences of the index itself */
		mc_stress_weights(&c->book, loss, 0, MC_STRESS_NONE, weights, work);
		mc_stress_slopes(&c->book, moves, weights, slope, 4, NULL);
		for (size_t f = 0; f < 4; f++)
		{
			Real up[4];
			Real down[4];
			Real difference = 0;

			memcpy(up, at, sizeof(at));
			memcpy(down, at, sizeof(at));
			up[f] += 1e-6L;
			down[f] -= 1e-6L;
			for (size_t a = 0; a < accounts; a++)
				difference += weights[a] * (wide_loss(c, up, a) - wide_loss(c, down, a)) / 2e-6L;
			slopes = slopes && near(slope[f], difference, 1000, 1e-9);
		}
		free(c);
	}
	check(losses, "losses");
	check(alone, "of one account");
	check(indexes, "indexes");
	check(slopes, "slopes");
}

/* Weights are those of the counted: as many as the cover, with the largest shortfalls, the first of ties. */
static void
counted(void)
{
	const double losses[] = {5, 9, 9, 1, 9, 12};
	const double want[][6] = {{0, 0, 0, 0, 0, 1}, {0, 1, 0, 0, 0, 1}, {0, 1, 1, 0, 0, 1},
	                          {0, 1, 1, 0, 1, 1}, {1, 1, 1, 0, 1, 1}, {1, 1, 1, 0, 1, 1}};
	const double sums[] = {10, 17, 24, 31, 34, 34};
	Case *c = new_case(1, 2);
	double block[6 * MC_STRESS_BLOCK] = {0};
	double weights[6];
	double work[6];

	c->book.account_count = 6;
	c->book.fund = 4;
	for (size_t a = 0; a < 6; a++)
	{
		c->equity[a] = 2;
		block[a * MC_STRESS_BLOCK] = losses[a];
	}
	for (size_t cover = 1; cover <= 6; cover++)
	{
		c->book.cover = cover;
		mc_stress_weights(&c->book, block, 0, MC_STRESS_NONE, weights, work);
		check(memcmp(weights, want[cover - 1], sizeof(weights)) == 0, "who counts of %zu", cover);
		check_close(mc_stress_index(&c->book, block, 0, MC_STRESS_NONE, work),
		            sums[cover - 1] / 4 - 1, 0, "and their sum");
	}
	for (size_t a = 0; a < 6; a++)
		block[a * MC_STRESS_BLOCK] = -(double) a;
	check_close(mc_stress_index(&c->book, block, 0, MC_STRESS_NONE, work), -2 / 4.0 - 1, 0,
	            "no shortfall: the nearest to one shows the way");
	block[0] = INFINITY;
	check(isinf(mc_stress_index(&c->book, block, 0, MC_STRESS_NONE, work)), "an infinite loss");
	block[0] = NAN;
	check(isnan(mc_stress_index(&c->book, block, 0, MC_STRESS_NONE, work)), "no number");
	free(c);
}

/* The axes of what is held make its covariance; the others are carried along. */
static void
axes(void)
{
	UnitRandom random = {32};

	for (size_t n = 1; n <= 12; n++)
	{
		Case *c = new_case(n, 1);
		double made[144];
		bool held[12];
		double *work = calloc(mc_stress_axes_worksize(n), sizeof(double));
		double loading[12][4];
		size_t rank;
		bool good = true;

		/* three things in common: rank 3 at most, but for roundings */
		for (size_t i = 0; i < n; i++)
			for (size_t k = 0; k < 3; k++)
				loading[i][k] = pow(10, (double) (i % 5)) * unit_normal(&random);
		for (size_t i = 0; i < n; i++)
		{
			held[i] = i % 4 != 1;
			for (size_t j = 0; j <= i; j++)
			{
				double sum = 0;

				for (size_t k = 0; k < 3; k++)
					sum += loading[i][k] * loading[j][k];
				set_covariance(c, i, j, sum);
			}
		}
		check(mc_stress_axes(c->covariance, n, held, made, &rank, work), "axes of %zu", n);
		check(rank == (n < 3 ? 1 : n < 4 ? 2 : 3), "rank %zu of %zu factors", rank, n);
		for (size_t i = 0; i < n; i++)
			for (size_t j = 0; j < n; j++)
			{
				double sum = 0;

				for (size_t k = 0; k < rank; k++)
					sum += made[i * rank + k] * made[j * rank + k];
				/* with rank 3 of 3 the others are known as well */
				if ((held[i] && held[j]) || rank == 3)
					good = good && fabs(sum - covariance_of(c, i, j)) <=
					                   1e-7 * sqrt(covariance_of(c, i, i) * covariance_of(c, j, j));
			}
		check(good, "make the covariance");
		free(work);
		free(c);
	}
}

void
test_stress_book(void)
{
	at_points();
	counted();
	axes();
}
