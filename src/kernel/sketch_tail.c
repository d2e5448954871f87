/*
 * sketch_tail.c
 *	  Value at risk and expected shortfall of a tail sketch, with bounds.
 *
 * As long as the tail lies within the extremes both are those of the sample, from the same functions.
 * Beyond, one bucket holds the boundary of the tail: c magnitudes whose offsets from its edge, in units of
 * their last place, lie in [0, w] and have the sum T.  The j-th largest of any such values obeys
 *
 *	  (T - (j - 1) w) / (c - j + 1)  <=  v_(j)  <=  min(w, T / j)
 *
 * and the sum of the t largest, a fraction of the next one included, is a concave G(t) with G(c) = T:
 *
 *	  t T / c  <=  G(t)  <=  min(t w, T)
 *
 * Both are attained.  Larger buckets count with their exact sums.  The value given is that of a density
 * that is linear in the bucket and has its mean; it lies within the bounds.
 */
#include "sketch.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define SLACK (8 * DBL_EPSILON)

__extension__ typedef unsigned __int128 U128;
__extension__ typedef __int128 I128;

/* The bucket with the loss whose rank is that of VaR; what is known of the extremes narrows it. */
typedef struct Boundary
{
	int side;
	size_t index;
	uint64_t edge;
	uint64_t count;
	uint64_t width;
	U128 sum;
	uint64_t above; /* larger losses, extremes among them */
} Boundary;

static double
double_of(uint64_t bits)
{
	double x;

	memcpy(&x, &bits, sizeof(x));
	return x;
}

/* The exponent of the last place of a magnitude. */
static int
last_place(uint64_t bits)
{
	int exponent = (int) (bits >> 52);

	return (exponent > 0 ? exponent : 1) - 1075;
}

static uint64_t
whole_units(uint64_t bits)
{
	uint64_t fraction = bits & ((UINT64_C(1) << 52) - 1);

	return bits >> 52 > 0 ? fraction | UINT64_C(1) << 52 : fraction;
}

/* Bucket i of a side in the order of descending losses. */
static const McSketchBucket *
bucket_at(const McSketch *flat, int side, size_t i)
{
	const McSketchSide *s = &flat->sides[side];

	return &s->buckets[side == MC_SKETCH_GAINS ? s->used - 1 - i : i];
}

/* No value of the body is above the least extreme. */
static void
narrow(const McSketch *flat, Boundary *b)
{
	double nearest = fabs(flat->threshold);
	uint64_t bound;

	memcpy(&bound, &nearest, sizeof(bound));
	if (b->side == MC_SKETCH_LOSSES && bound - b->edge < b->width)
		b->width = bound - b->edge;
	if (b->side == MC_SKETCH_GAINS && flat->threshold < 0 && bound > b->edge)
	{
		b->sum -= (U128) b->count * (bound - b->edge);
		b->width -= bound - b->edge;
		b->edge = bound;
	}
}

/* Where rank number `rank`, beyond the extremes, lies. */
static Boundary
find_boundary(const McSketch *flat, uint64_t rank)
{
	Boundary b = {MC_SKETCH_LOSSES, 0, 0, 0, 0, 0, flat->kept};
	const McSketchBucket *bucket;

	for (;; b.index++)
	{
		if (b.side == MC_SKETCH_LOSSES && b.index == flat->sides[MC_SKETCH_LOSSES].used)
		{
			b.side = MC_SKETCH_GAINS;
			b.index = 0;
		}
		bucket = bucket_at(flat, b.side, b.index);
		if (rank - b.above <= bucket->count)
			break;
		b.above += bucket->count;
	}
	b.edge = bucket->edge;
	b.count = bucket->count;
	b.width = mc_sketch_mask(flat->sides[b.side].level, bucket->edge);
	b.sum = (U128) bucket->high << 64 | bucket->low;
	narrow(flat, &b);
	return b;
}

/* The sum of a bucket's magnitudes times 2^scale, to 106 bits. */
static McDD
bucket_sum(const McSketchBucket *bucket, int scale)
{
	U128 units = (U128) bucket->high << 64 | bucket->low;
	int place = last_place(bucket->edge) + scale;
	double hi;
	McDD sum;

	units += (U128) bucket->count * whole_units(bucket->edge);
	hi = (double) units;
	sum.hi = ldexp(hi, place);
	sum.lo = ldexp((double) ((I128) units - (I128) hi), place);
	return sum;
}

static McDD
add_bucket(McDD sum, const McSketchBucket *bucket, int side, int scale)
{
	McDD more = bucket_sum(bucket, scale);

	return mc_dd_add(sum, side == MC_SKETCH_GAINS ? mc_dd_negate(more) : more);
}

/* The sum of all losses above the boundary's bucket, times 2^scale. */
static McDD
sum_above(const McSketch *flat, const Boundary *b, int scale)
{
	McDD sum = {0, 0};

	for (size_t i = flat->kept; i-- > 0;)
		sum = mc_dd_add_double(sum, ldexp(flat->extremes[i], scale));
	for (int side = 0; side <= b->side; side++)
	{
		size_t n = side == b->side ? b->index : flat->sides[side].used;

		for (size_t i = 0; i < n; i++)
			sum = add_bucket(sum, bucket_at(flat, side, i), side, scale);
	}
	return sum;
}

/* The slope a, -1 to 1, of a density 1 - a + 2 a x on [0, 1] with the mean of the bucket. */
static double
density_slope(const Boundary *b)
{
	double mean = (double) b->sum / (double) b->count / (double) b->width;

	return fmax(-1, fmin(1, 6 * mean - 3));
}

/* Its quantile at p. */
static double
density_quantile(double a, double p)
{
	double divisor = 1 - a + sqrt((1 - a) * (1 - a) + 4 * a * p);

	return divisor > 0 ? fmin(1, 2 * p / divisor) : 0;
}

/* The offset of the j-th largest magnitude, 1 <= j <= count. */
static McSketchMeasure
largest_offset(const Boundary *b, uint64_t j)
{
	U128 others = (U128) (j - 1) * b->width;
	uint64_t rest = b->count - j + 1;
	McSketchMeasure v = {0, 0, (double) b->width};
	double p = 1 - ((double) j - 0.5) / (double) b->count;

	if (b->sum / j < b->width)
		v.upper = (double) (uint64_t) (b->sum / j);
	if (b->sum > others)
		v.lower = (double) (uint64_t) ((b->sum - others + rest - 1) / rest);
	if (b->width > 0)
		v.value = rint((double) b->width * density_quantile(density_slope(b), p));
	v.value = fmax(v.lower, fmin(v.upper, v.value));
	return v;
}

/* The sum of the `whole` + `fraction` largest offsets. */
static McSketchMeasure
largest_sum(const Boundary *b, uint64_t whole, double fraction)
{
	double count = (double) b->count;
	double width = (double) b->width;
	double sum = (double) b->sum;
	double taken = (double) whole + fraction;
	McSketchMeasure g = {0, 0, 0};
	double a;
	double x;

	if (taken == 0 || b->width == 0)
		return g;
	/* wider by more than what rounding can take away */
	g.lower = sum * (taken / count) * (1 - SLACK);
	g.upper = (1 - fraction) * fmin((double) whole * width, sum);
	g.upper += fraction * fmin(((double) whole + 1) * width, sum);
	g.upper *= 1 + SLACK;
	a = density_slope(b);
	x = density_quantile(a, 1 - taken / count);
	g.value = count * width * ((1 - a) * (1 - x * x) / 2 + 2 * a * (1 - x * x * x) / 3);
	g.value = fmax(g.lower, fmin(g.upper, g.value));
	return g;
}

static McSketchMeasure
var_in_body(const Boundary *b, uint64_t rank)
{
	uint64_t j = rank - b->above;
	bool gain = b->side == MC_SKETCH_GAINS;
	McSketchMeasure v = largest_offset(b, gain ? b->count - j + 1 : j);

	v.value = double_of(b->edge + (uint64_t) v.value);
	v.lower = double_of(b->edge + (uint64_t) v.lower);
	v.upper = double_of(b->edge + (uint64_t) v.upper);
	return gain ? (McSketchMeasure){-v.value, -v.upper, -v.lower} : v;
}

/* ES when the boundary's bucket gives `taken` losses with this sum of offsets; never above the first. */
static double
shortfall(const Boundary *b, McDD above, double taken, double offsets, double mass, int scale)
{
	double place = ldexp(offsets, last_place(b->edge) + scale);
	McDD sum = mc_dd_two_product(taken, ldexp(double_of(b->edge), scale));

	sum = mc_dd_add_double(sum, place);
	if (b->side == MC_SKETCH_GAINS)
		sum = mc_dd_negate(sum);
	return ldexp(mc_dd_value(mc_dd_divide_double(mc_dd_add(above, sum), mass)), -scale);
}

/* G of the losses taken; of gains, which are taken from the smallest on, what G of the others leaves. */
static McSketchMeasure
offsets_taken(const Boundary *b, uint64_t whole, double fraction)
{
	double sum = (double) b->sum;
	McSketchMeasure g;
	double slack;

	if (b->side == MC_SKETCH_LOSSES)
		return largest_sum(b, whole, fraction);
	if (fraction > 0)
		g = largest_sum(b, b->count - whole - 1, 1 - fraction);
	else
		g = largest_sum(b, b->count - whole, 0);
	slack = g.lower < g.upper ? sum * SLACK : 0;
	return (McSketchMeasure){sum - g.value, sum - g.lower + slack, sum - g.upper - slack};
}

static McSketchMeasure
es_in_body(const McSketch *flat, const Boundary *b, const McTailRank *rank)
{
	double end = double_of(b->edge + b->width);
	int scale = -ilogb(fmax(fmax(fabs(flat->extremes[0]), end), DBL_MIN));
	McDD above = sum_above(flat, b, scale);
	uint64_t whole = rank->whole - b->above;
	double taken = (double) whole + rank->fraction;
	McSketchMeasure offsets = {0, 0, 0};
	McSketchMeasure es;

	if (taken == (double) b->count)
	{
		/* all of the bucket: its own sum, which has more digits */
		above = add_bucket(above, bucket_at(flat, b->side, b->index), b->side, scale);
		taken = 0;
	}
	else
		offsets = offsets_taken(b, whole, rank->fraction);
	es.value = shortfall(b, above, taken, offsets.value, rank->mass, scale);
	es.lower = shortfall(b, above, taken, offsets.lower, rank->mass, scale);
	es.upper = shortfall(b, above, taken, offsets.upper, rank->mass, scale);
	if (offsets.lower != offsets.upper)
	{
		es.lower = nextafter(es.lower, -INFINITY);
		es.upper = nextafter(es.upper, INFINITY);
	}
	return es;
}

/* What holds of any sample: VaR <= ES <= the largest loss.  Rounding may say otherwise. */
static void
put_in_order(const McSketchMeasure *var, McSketchMeasure *es, double largest)
{
	es->upper = fmin(fmax(es->upper, var->lower), largest);
	es->lower = fmin(fmax(es->lower, var->lower), es->upper);
	es->value = fmin(fmax(es->value, fmax(var->value, es->lower)), es->upper);
}

void
mc_sketch_measures(const McSketch *flat, double confidence, McSketchMeasure *var,
                   McSketchMeasure *es)
{
	McTailRank rank = mc_tail_rank((size_t) flat->rows, confidence);
	Boundary b;

	if (mc_tail_depth(&rank) <= flat->kept)
	{
		mc_tail_measures(flat->extremes, &rank, &var->value, &es->value);
		var->lower = var->upper = var->value;
		es->lower = es->upper = es->value;
		return;
	}
	b = find_boundary(flat, rank.var_rank);
	*var = var_in_body(&b, rank.var_rank);
	*es = es_in_body(flat, &b, &rank);
	put_in_order(var, es, flat->extremes[0]);
}
