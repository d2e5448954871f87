/*
 * test_surface_order.c
 *	  Expiries whose level contradicts the others.
 */
#include <math.h>
#include <stdbool.h>

#include "kernel/surface_order.h"
#include "unit.h"

#define N 6
#define QUOTES 5

static const double k[QUOTES] = {-0.2, -0.1, 0, 0.1, 0.2};
static const double scale[QUOTES] = {0.01, 0.01, 0.01, 0.01, 0.01};
static double vols[N][QUOTES];
static McSmile smiles[N];
static double work[2 * N];
static bool keep[N];

static int
count_kept(void)
{
	int kept = 0;

	mc_surface_order(smiles, N, work, keep);
	for (int i = 0; i < N; i++)
		kept += keep[i];
	return kept;
}

/* Expiries of a month each, all with a vol of 0.5, one of them with a multiple of it. */
static void
fill(int odd, double factor)
{
	for (int i = 0; i < N; i++)
	{
		for (int j = 0; j < QUOTES; j++)
			vols[i][j] = 0.5 * (i == odd ? factor : 1);
		smiles[i] = (McSmile){.quotes = {QUOTES, k, vols[i], scale}, .t = (i + 1) / 12.0};
	}
}

void
test_surface_order(void)
{
	for (int i = 0; i < N; i++)
	{
		fill(i, 1.3);
		check(count_kept() == N, "expiry %d, vols higher by a third: all are kept", i);
		fill(i, 0.8);
		check(count_kept() == N, "expiry %d, vols lower by a fifth: all are kept", i);
		/* beside one neighbour alone, either may be the one that is wrong */
		fill(i, 5);
		check(count_kept() == (i < N - 1 ? N - 1 : N) && (i >= N - 2 || !keep[i]),
		      "expiry %d, vols five times as high: left out", i);
		fill(i, 0.2);
		check(count_kept() == (i > 0 ? N - 1 : N) && (i <= 1 || !keep[i]),
		      "expiry %d, vols a fifth: left out", i);
	}
	fill(2, 5);
	vols[2][0] = vols[2][4] = vols[2][2] = 0.5;
	vols[2][1] = 0.5;
	check(count_kept() == N, "one absurd vol of the three nearest does not decide");
	fill(2, 5);
	smiles[2].quotes.n = 2;
	check(count_kept() == N, "quotes on one side of the forward do not tell the level");
	mc_surface_order(smiles, 0, work, keep);
	mc_surface_order(smiles, 1, work, keep);
	check(keep[0], "one expiry agrees with itself");
}
