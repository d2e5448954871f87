/*
 * portfolio_floor.c
 *	  The plain C loop that portfolio margin is measured against: profits of accounts in scenarios, four positions a
 *	  pass, and expected shortfall from the k largest losses, which a running threshold finds.
 *
 *	  portfolio_floor ACCOUNTS POSITIONS SCENARIOS INSTRUMENTS K K2
 *
 * Standard input: profits [instruments][scenarios] and quantities [accounts][positions] as doubles, instruments
 * [accounts][positions] as 32-bit integers.  Then for every p that comes a run of the plain loop, for every k one of
 * the extension's kernel without a database around it: CPU seconds, and the sums of the shortfalls at k and k2.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kernel/portfolio.h"

#define BLOCK 16

typedef struct Books
{
	size_t accounts;
	size_t positions; /* of each */
	size_t scenarios;
	size_t k;
	size_t k2; /* not below k; equal to it for one level */
	const double *profits;
	const double *quantities;
	const int32_t *held; /* instruments */
	const double *zeros;
	McUnitRisk *risks;
} Books;

/* a function of its own, so that `restrict` is believed and the loop is vectorised at -O2 */
static __attribute__((noinline)) void
add_four(const double *restrict a, const double *restrict b, const double *restrict c,
         const double *restrict d, double qa, double qb, double qc, double qd, size_t n,
         double *restrict sum)
{
	size_t whole = n - n % BLOCK;

	for (size_t s = 0; s < whole; s += BLOCK)
		for (size_t j = s; j < s + BLOCK; j++)
			sum[j] = (((sum[j] + qa * a[j]) + qb * b[j]) + qc * c[j]) + qd * d[j];
	for (size_t s = whole; s < n; s++)
		sum[s] = (((sum[s] + qa * a[s]) + qb * b[s]) + qc * c[s]) + qd * d[s];
}

/* x[0..k) are the k smallest of x[0..n) */
static void
select_smallest(double *x, size_t n, size_t k)
{
	size_t low = 0;
	size_t high = n - 1;

	while (low < high)
	{
		double pivot = x[low + (high - low) / 2];
		size_t i = low;
		size_t j = high;

		for (;;)
		{
			double t;

			while (x[i] < pivot)
				i++;
			while (x[j] > pivot)
				j--;
			if (i >= j)
				break;
			t = x[i];
			x[i++] = x[j];
			x[j--] = t;
		}
		/* x[low..j] is not above x[j + 1..high] */
		if (k == j + 1)
			return;
		if (k <= j)
			high = j;
		else
			low = j + 1;
	}
}

static void
add_tails(const double *pnl, size_t n, size_t k, size_t k2, double *work, double total[2])
{
	size_t depth = k2;
	size_t room = 4 * depth + 128;
	size_t kept = 0;
	double threshold = __builtin_inf();
	double sum = 0;

	for (size_t s = 0; s < n; s++)
	{
		if (!(pnl[s] < threshold))
			continue;
		work[kept++] = pnl[s];
		if (kept == room)
		{
			select_smallest(work, kept, depth);
			kept = depth;
			threshold = work[0];
			for (size_t i = 1; i < depth; i++)
				threshold = work[i] > threshold ? work[i] : threshold;
		}
	}
	select_smallest(work, kept, depth);
	if (k2 > k)
		select_smallest(work, depth, k);
	for (size_t i = 0; i < k; i++)
		sum -= work[i];
	total[0] += sum / (double) k;
	for (size_t i = k; i < k2; i++)
		sum -= work[i];
	total[1] += sum / (double) k2;
}

/* The sums of the shortfalls of all accounts. */
static void
plain_loop(const Books *books, double *pnl, double *work, double total[2])
{
	for (size_t a = 0; a < books->accounts; a++)
	{
		const double *q = books->quantities + a * books->positions;
		const int32_t *h = books->held + a * books->positions;

		memset(pnl, 0, books->scenarios * sizeof(double));
		for (size_t i = 0; i < books->positions; i += 4)
		{
			const double *row[4] = {books->zeros, books->zeros, books->zeros, books->zeros};
			double by[4] = {0, 0, 0, 0};

			for (size_t j = 0; j < 4 && i + j < books->positions; j++)
			{
				row[j] = books->profits + (size_t) h[i + j] * books->scenarios;
				by[j] = q[i + j];
			}
			add_four(row[0], row[1], row[2], row[3], by[0], by[1], by[2], by[3], books->scenarios,
			         pnl);
		}
		add_tails(pnl, books->scenarios, books->k, books->k2, work, total);
	}
}

/* The same by the kernel of the extension, without a database around it. */
static void
kernel_loop(const Books *books, double *pnl, double *work, double total[2])
{
	McPortfolioMethod method = {.scenarios = books->scenarios,
	                            .measure = MC_PORTFOLIO_ES,
	                            .confidence = {1 - (double) books->k / (double) books->scenarios,
	                                           1 - (double) books->k2 / (double) books->scenarios},
	                            .factor = {1, 1}};
	McHolding *holdings = malloc(books->positions * sizeof(McHolding));
	McPortfolioMargin margin;

	for (size_t a = 0; a < books->accounts; a++)
	{
		for (size_t i = 0; i < books->positions; i++)
			holdings[i] = (McHolding){books->quantities[a * books->positions + i],
			                          &books->risks[books->held[a * books->positions + i]]};
		if (mc_portfolio_margin(holdings, books->positions, &method, pnl, work, NULL, &margin,
		                        NULL) != MC_OK)
			exit(3);
		total[0] += margin.requirement[0];
		total[1] += margin.requirement[1];
	}
	free(holdings);
}

static void *
read_block(size_t count, size_t size)
{
	void *block = aligned_alloc(64, (count * size + 63) / 64 * 64);

	if (block == NULL || fread(block, size, count, stdin) != count)
		exit(2);
	return block;
}

int
main(int argc, char **argv)
{
	Books books = {.accounts = strtoul(argv[1], NULL, 10),
	               .positions = strtoul(argv[2], NULL, 10),
	               .scenarios = strtoul(argv[3], NULL, 10),
	               .k = strtoul(argv[5], NULL, 10),
	               .k2 = strtoul(argv[6], NULL, 10)};
	size_t instruments = strtoul(argv[4], NULL, 10);
	size_t n = books.scenarios;
	double *pnl;
	double *work;
	int how;

	if (argc != 7)
		return 1;
	books.profits = read_block(instruments * n, sizeof(double));
	books.quantities = read_block(books.accounts * books.positions, sizeof(double));
	books.held = read_block(books.accounts * books.positions, sizeof(int32_t));
	books.zeros = calloc(n, sizeof(double));
	books.risks = calloc(instruments, sizeof(McUnitRisk));
	for (size_t i = 0; i < instruments; i++)
		books.risks[i] = (McUnitRisk){.pnl = books.profits + i * n,
		                              .group = (long long) i,
		                              .long_discount = 1,
		                              .short_discount = 1};
	pnl = aligned_alloc(64, (n * sizeof(double) + 63) / 64 * 64);
	work = malloc((n + 4 * (books.k2 > books.k ? books.k2 : books.k) + 128) * sizeof(double));
	while ((how = getchar()) == 'p' || how == 'k')
	{
		clock_t start = clock();
		double total[2] = {0, 0};

		(how == 'p' ? plain_loop : kernel_loop)(&books, pnl, work, total);
		printf("%.9g %.17g %.17g\n", (double) (clock() - start) / CLOCKS_PER_SEC, total[0],
		       total[1]);
		fflush(stdout);
	}
	return 0;
}
