/*
 * revaluation_floor.c
 *	  What full revaluation is measured against: Black-76 prices of options in scenarios by a plain loop, which the
 *	  compiler vectorises with the mathematical functions of its vector library.
 *
 *	  revaluation_floor OPTIONS SCENARIOS
 *
 * Standard input: as doubles the strikes and vols of calls [options], then the relative shocks of the price and of the vol
 * [scenarios]; the price is PRICE, the term YEARS.  Then for every p that comes a run of the plain loop, for every k
 * one of the extension's kernel without a database around it: CPU seconds, and the sum of the profits.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "kernel/scenario.h"

#define PRICE 90000.0
#define YEARS 0.25

typedef struct Book
{
	size_t options;
	size_t scenarios;
	const double *strikes;
	const double *vols;
	const double *price_shocks;
	const double *vol_shocks;
	const McShock *shocks;
} Book;

static inline double
call_price(double forward, double strike, double deviation)
{
	double d = log(forward / strike) / deviation + 0.5 * deviation;

	return 0.5 * (forward * erfc(-d * M_SQRT1_2) - strike * erfc((deviation - d) * M_SQRT1_2));
}

static __attribute__((noinline)) void
plain_prices(const Book *book, double strike, double vol, double *restrict pnl)
{
	const double *restrict x = book->price_shocks;
	const double *restrict y = book->vol_shocks;
	double root = sqrt(YEARS);
	double base = call_price(PRICE, strike, vol * root);

	for (size_t s = 0; s < book->scenarios; s++)
		pnl[s] = call_price(PRICE * (1 + x[s]), strike, vol * (1 + y[s]) * root) - base;
}

static void
kernel_prices(const Book *book, double strike, double vol, double *pnl)
{
	McShockLaw law = {.beta = 1, .reference = 1, .least = 1};
	McExposure option = {
	    .contract = {.kind = MC_OPTION, .is_call = true, .strike = strike, .units = 1},
	    .price = PRICE,
	    .vol = vol,
	    .years = YEARS,
	    .discount = 1,
	    .settlement_price = 1,
	    .open = 1};
	double base;

	if (mc_scenario_pnl(&option, &law, book->shocks, book->scenarios, &base, pnl) != MC_OK)
		exit(3);
}

static double *
numbers(size_t count)
{
	double *x = malloc(count * sizeof(double));

	if (x == NULL || fread(x, sizeof(double), count, stdin) != count)
		exit(2);
	return x;
}

int
main(int argc, char **argv)
{
	Book book = {.options = strtoul(argv[1], NULL, 10), .scenarios = strtoul(argv[2], NULL, 10)};
	McShock *shocks = calloc(book.scenarios, sizeof(McShock));
	double *pnl = calloc(book.options * book.scenarios, sizeof(double));
	int how;

	if (argc != 3 || shocks == NULL || pnl == NULL)
		return 1;
	book.strikes = numbers(book.options);
	book.vols = numbers(book.options);
	book.price_shocks = numbers(book.scenarios);
	book.vol_shocks = numbers(book.scenarios);
	for (size_t s = 0; s < book.scenarios; s++)
		shocks[s] = (McShock){.price = book.price_shocks[s], .vol = book.vol_shocks[s]};
	book.shocks = shocks;
	while ((how = getchar()) != EOF)
	{
		clock_t start = clock();
		double sum = 0;

		for (size_t i = 0; i < book.options; i++)
			(how == 'p' ? plain_prices : kernel_prices)(&book, book.strikes[i], book.vols[i],
			                                            pnl + i * book.scenarios);
		printf("%.9f ", (double) (clock() - start) / CLOCKS_PER_SEC);
		for (size_t i = 0; i < book.options * book.scenarios; i++)
			sum += pnl[i];
		printf("%.17g\n", sum);
		fflush(stdout);
	}
	return 0;
}
