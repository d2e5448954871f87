/*
 * portfolio_losses.c
 *	  The largest losses of an account.
 *
 * The loops over lanes have vectors of eight doubles, which the compiler splits into what the instruction
 * set of each variant has (see rank_update.c).  The few losses that are left are ordered by counting how
 * many are larger, which has no branch to mispredict.
 */
#include "portfolio_losses.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "tail.h"

#define WIDTH 8

/* eight doubles anywhere in memory, and what comparing them gives: all ones or all zeros */
typedef double Lanes __attribute__((vector_size(WIDTH * sizeof(double)), aligned(8), may_alias));
typedef int64_t Mask __attribute__((vector_size(WIDTH * sizeof(int64_t)), aligned(8), may_alias));

#define LOAD(p) (*(const Lanes *) (p))
#define INLINE static inline __attribute__((always_inline))
/* the larger of two vectors, b where they are equal or one is NaN */
#define LARGER(a, b) ((Lanes) ((((a) > (b)) & (Mask) (a)) | (~((a) > (b)) & (Mask) (b))))

INLINE bool
take_lanes(const double *pnl, size_t n, double lane[MC_LOSS_LANES])
{
	Lanes a = LOAD(lane);
	Lanes b = LOAD(lane + WIDTH);
	Lanes c = LOAD(lane + 2 * WIDTH);
	Lanes d = LOAD(lane + 3 * WIDTH);
	/* 0 times a profit: NaN from the first that is not finite */
	Lanes zeros[2] = {{0}, {0}};
	bool finite = true;

	for (size_t s = 0; s < n; s += MC_LOSS_LANES)
	{
		Lanes w = -LOAD(pnl + s);
		Lanes x = -LOAD(pnl + s + WIDTH);
		Lanes y = -LOAD(pnl + s + 2 * WIDTH);
		Lanes z = -LOAD(pnl + s + 3 * WIDTH);

		a = LARGER(w, a);
		b = LARGER(x, b);
		c = LARGER(y, c);
		d = LARGER(z, d);
		zeros[0] += 0 * w + 0 * x;
		zeros[1] += 0 * y + 0 * z;
	}
	*(Lanes *) lane = a;
	*(Lanes *) (lane + WIDTH) = b;
	*(Lanes *) (lane + 2 * WIDTH) = c;
	*(Lanes *) (lane + 3 * WIDTH) = d;
	zeros[0] += zeros[1];
	for (size_t j = 0; j < WIDTH; j++)
		finite &= zeros[0][j] == 0;
	return finite;
}

/*
 * Eight of the values at a time: how many are larger than each of them.  Equal ones all go to the place of
 * the first, and the places behind it, which nothing goes to, take its value.
 */
INLINE void
sort_by_rank(double *x, size_t n)
{
	double values[MC_LOSS_FEW];
	size_t whole = (n + WIDTH - 1) / WIDTH * WIDTH;

	memcpy(values, x, n * sizeof(double));
	for (size_t i = n; i < whole; i++)
		values[i] = -INFINITY;
	for (size_t i = 0; i < n; i++)
		x[i] = NAN;
	for (size_t i = 0; i < n; i += WIDTH)
	{
		Lanes v = LOAD(values + i);
		Mask before = {0};
		size_t here = n - i < WIDTH ? n - i : WIDTH;

		for (size_t j = 0; j < n; j++)
			before -= values[j] > v;
		for (size_t k = 0; k < here; k++)
			x[before[k]] = v[k];
	}
	for (size_t i = 1; i < n; i++)
		x[i] = isnan(x[i]) ? x[i - 1] : x[i];
}

INLINE size_t
find_block(const double *pnl, size_t n, double profit)
{
	size_t s = 0;

	for (; s < n; s += MC_LOSS_LANES)
	{
		Mask found = (LOAD(pnl + s) == profit) | (LOAD(pnl + s + WIDTH) == profit) |
		             (LOAD(pnl + s + 2 * WIDTH) == profit) | (LOAD(pnl + s + 3 * WIDTH) == profit);

		if ((found[0] | found[1] | found[2] | found[3] | found[4] | found[5] | found[6] |
		     found[7]) != 0)
			break;
	}
	return s;
}

static bool
lanes_portable(const double *pnl, size_t n, double lane[MC_LOSS_LANES])
{
	return take_lanes(pnl, n, lane);
}

static void
sort_portable(double *x, size_t n)
{
	sort_by_rank(x, n);
}

static size_t
find_portable(const double *pnl, size_t n, double profit)
{
	return find_block(pnl, n, profit);
}

#ifdef __x86_64__
#define AVX2 __attribute__((target("avx2")))
#define AVX512 __attribute__((target("avx512f")))

AVX2 static bool
lanes_avx2(const double *pnl, size_t n, double lane[MC_LOSS_LANES])
{
	return take_lanes(pnl, n, lane);
}

AVX2 static void
sort_avx2(double *x, size_t n)
{
	sort_by_rank(x, n);
}

AVX2 static size_t
find_avx2(const double *pnl, size_t n, double profit)
{
	return find_block(pnl, n, profit);
}

AVX512 static bool
lanes_avx512(const double *pnl, size_t n, double lane[MC_LOSS_LANES])
{
	return take_lanes(pnl, n, lane);
}

AVX512 static void
sort_avx512(double *x, size_t n)
{
	sort_by_rank(x, n);
}

AVX512 static size_t
find_avx512(const double *pnl, size_t n, double profit)
{
	return find_block(pnl, n, profit);
}
#endif

size_t
mc_loss_variants(McLossLoops variants[MC_LOSS_VARIANTS])
{
	size_t n = 0;

#ifdef __x86_64__
	if (__builtin_cpu_supports("avx512f"))
		variants[n++] = (McLossLoops){lanes_avx512, sort_avx512, find_avx512};
	if (__builtin_cpu_supports("avx2"))
		variants[n++] = (McLossLoops){lanes_avx2, sort_avx2, find_avx2};
#endif
	variants[n++] = (McLossLoops){lanes_portable, sort_portable, find_portable};
	return n;
}

McLossLoops
mc_loss_loops(void)
{
	McLossLoops variants[MC_LOSS_VARIANTS];

	mc_loss_variants(variants);
	return variants[0];
}

void
mc_losses_take(const double *pnl, const McPortfolioMethod *method, McLosses *losses)
{
	size_t whole = 0;

	losses->n = 0;
	losses->finite = true;
	for (size_t j = 0; j < MC_LOSS_LANES; j++)
		losses->lane[j] = -INFINITY;
	if (method->roles == NULL)
	{
		whole = method->scenarios - method->scenarios % MC_LOSS_LANES;
		losses->n = whole;
		losses->finite = mc_loss_loops().lanes(pnl, whole, losses->lane);
	}
	for (size_t s = whole; s < method->scenarios; s++)
	{
		double *lane = &losses->lane[losses->n % MC_LOSS_LANES];

		losses->finite &= isfinite(pnl[s]) != 0;
		if (method->roles && method->roles[s].contingency)
			continue;
		*lane = -pnl[s] > *lane ? -pnl[s] : *lane;
		losses->n++;
	}
}

double
mc_losses_largest(const McLosses *losses)
{
	double largest = -INFINITY;

	for (size_t j = 0; j < MC_LOSS_LANES; j++)
		largest = losses->lane[j] > largest ? losses->lane[j] : largest;
	return largest;
}

/* What a loss is not below when it may be one of the `depth` largest. */
static double
threshold_of(const McLosses *losses, size_t depth)
{
	double lane[MC_LOSS_LANES];

	if (depth > MC_LOSS_LANES)
		return -INFINITY;
	memcpy(lane, losses->lane, sizeof(lane));
	mc_loss_loops().sort_few(lane, MC_LOSS_LANES);
	return lane[depth - 1];
}

/* The losses that count and are not below the threshold; how many there are. */
static size_t
collect(const double *restrict pnl, const McPortfolioMethod *method, double threshold,
        double *restrict work)
{
	size_t kept = 0;

	/* every one is written, and the next one over it unless it is kept: which are, no branch could know */
	if (method->roles == NULL)
		for (size_t s = 0; s < method->scenarios; s++)
		{
			double loss = -pnl[s];

			work[kept] = loss;
			kept += loss >= threshold;
		}
	else
		for (size_t s = 0; s < method->scenarios; s++)
			if (!method->roles[s].contingency && -pnl[s] >= threshold)
				work[kept++] = -pnl[s];
	return kept;
}

McStatus
mc_losses_order(const double *pnl, const McPortfolioMethod *method, const McLosses *losses,
                size_t depth, double *work, const McPoll *poll)
{
	size_t kept = collect(pnl, method, threshold_of(losses, depth), work);

	if (kept > MC_LOSS_FEW)
		return mc_tail_largest_in_place(work, kept, depth, poll);
	mc_loss_loops().sort_few(work, kept);
	return MC_OK;
}

size_t
mc_losses_find(const double *pnl, const McPortfolioMethod *method, double profit)
{
	size_t s = 0;

	if (method->roles == NULL)
		s = mc_loss_loops().find(pnl, method->scenarios - method->scenarios % MC_LOSS_LANES,
		                         profit);
	while (pnl[s] != profit || (method->roles && method->roles[s].contingency))
		s++;
	return s;
}
