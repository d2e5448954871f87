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
#ifdef __x86_64__
#include <immintrin.h>
#endif

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

/* Every loss is written, and the next one over it unless it is kept: which are, no branch could know. */
INLINE size_t
keep_each(const double *restrict pnl, size_t n, double threshold, double *restrict kept)
{
	size_t count = 0;

	for (size_t s = 0; s < n; s++)
	{
		double loss = -pnl[s];

		kept[count] = loss;
		count += loss >= threshold;
	}
	return count;
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
keep_portable(const double *restrict pnl, size_t n, double threshold, double *restrict kept)
{
	return keep_each(pnl, n, threshold, kept);
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
keep_avx2(const double *restrict pnl, size_t n, double threshold, double *restrict kept)
{
	return keep_each(pnl, n, threshold, kept);
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

/* as keep_each, eight at a time: those to keep move to the front of their eight */
AVX512 static size_t
keep_avx512(const double *restrict pnl, size_t n, double threshold, double *restrict kept)
{
	size_t whole = n - n % WIDTH;
	size_t count = 0;

	for (size_t s = 0; s < whole; s += WIDTH)
	{
		__m512d loss = (__m512d) -LOAD(pnl + s);
		__mmask8 keep = _mm512_cmp_pd_mask(loss, _mm512_set1_pd(threshold), _CMP_GE_OQ);

		_mm512_storeu_pd(kept + count, _mm512_maskz_compress_pd(keep, loss));
		count += (size_t) __builtin_popcount(keep);
	}
	return count + keep_each(pnl + whole, n - whole, threshold, kept + count);
}
#endif

size_t
mc_loss_variants(McLossLoops variants[MC_LOSS_VARIANTS])
{
	size_t n = 0;

#ifdef __x86_64__
	if (__builtin_cpu_supports("avx512f"))
		variants[n++] = (McLossLoops){lanes_avx512, sort_avx512, keep_avx512};
	if (__builtin_cpu_supports("avx2"))
		variants[n++] = (McLossLoops){lanes_avx2, sort_avx2, keep_avx2};
#endif
	variants[n++] = (McLossLoops){lanes_portable, sort_portable, keep_portable};
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
	losses->largest = -INFINITY;
	for (size_t j = 0; j < MC_LOSS_LANES; j++)
		losses->largest = losses->lane[j] > losses->largest ? losses->lane[j] : losses->largest;
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

	if (method->roles == NULL)
		kept = mc_loss_loops().keep(pnl, method->scenarios, threshold, work);
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

/* The first scenario of a lane with this profit, or `end` when it is not before that. */
static size_t
find_in_lane(const double *pnl, size_t lane, size_t end, double profit)
{
	for (size_t s = lane; s < end; s += MC_LOSS_LANES)
		if (pnl[s] == profit)
			return s;
	return end;
}

size_t
mc_losses_worst(const double *pnl, const McPortfolioMethod *method, const McLosses *losses)
{
	double largest = losses->largest;
	size_t found = method->scenarios;

	if (method->roles == NULL)
		for (size_t j = 0; j < MC_LOSS_LANES; j++)
			found = losses->lane[j] == largest ? find_in_lane(pnl, j, found, -largest) : found;
	else
		for (found = 0; pnl[found] != -largest || method->roles[found].contingency;)
			found++;
	return found;
}
