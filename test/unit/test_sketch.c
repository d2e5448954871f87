/*
 * test_sketch.c
 *	  The tail sketch beside its definition worked out from the sorted values, in any order and any
 *	  tree of merges; its bounds beside the exact measures; its bytes beside changed ones.
 */
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/select.h"
#include "kernel/sketch.h"
#include "unit.h"

static void
serve(McSketch *sketch, McSketchNeed need)
{
	if (need == MC_SKETCH_NEEDS_EXTREMES)
	{
		sketch->room = mc_sketch_more_extremes(sketch);
		sketch->extremes = realloc(sketch->extremes, sketch->room * sizeof(double));
	}
	else
	{
		McSketchSide *side = &sketch->sides[need - MC_SKETCH_NEEDS_LOSSES];
		size_t capacity = mc_sketch_more_places(side);
		McSketchBucket *old = side->buckets;

		mc_sketch_rebuild(side, calloc(capacity, sizeof(McSketchBucket)), capacity);
		free(old);
	}
}

static void
add(McSketch *sketch, double loss)
{
	McSketchNeed need;

	while ((need = mc_sketch_add(sketch, loss)) != MC_SKETCH_READY)
		serve(sketch, need);
}

static void
settle(McSketch *sketch)
{
	McSketchNeed need;

	while ((need = mc_sketch_settle(sketch)) != MC_SKETCH_READY)
		serve(sketch, need);
}

static void
merge(McSketch *a, const McSketch *b)
{
	McSketchNeed need;

	mc_sketch_adopt(a, b);
	for (int side = 0; side < MC_SKETCH_SIDES; side++)
		for (size_t i = 0; i < b->sides[side].capacity; i++)
			if (b->sides[side].buckets[i].count > 0)
				while ((need = mc_sketch_add_bucket(a, side, &b->sides[side].buckets[i])) !=
				       MC_SKETCH_READY)
					serve(a, need);
	for (size_t i = 0; i < b->kept; i++)
		add(a, b->extremes[i]);
	settle(a);
}

static void
forget(McSketch *sketch)
{
	free(sketch->extremes);
	for (int i = 0; i < MC_SKETCH_SIDES; i++)
		free(sketch->sides[i].buckets);
}

/* Bytes of a sketch, to be freed, and the flat one behind them. */
typedef struct Packed
{
	uint8_t *bytes;
	size_t length;
	McSketchBucket *places;
	McSketch flat;
} Packed;

static Packed
pack(McSketch *sketch)
{
	double *edges;
	Packed packed;

	settle(sketch);
	edges = malloc((sketch->sides[0].used + sketch->sides[1].used) * sizeof(double));
	packed.places =
	    calloc(sketch->sides[0].used + sketch->sides[1].used + 1, sizeof(McSketchBucket));
	mc_sketch_flatten(sketch, edges, packed.places, &packed.flat, NULL);
	free(edges);
	packed.bytes = malloc(mc_sketch_most_bytes(&packed.flat));
	packed.length = mc_sketch_encode(&packed.flat, packed.bytes);
	return packed;
}

static void
unpack(Packed *packed)
{
	free(packed->bytes);
	free(packed->places);
}

static bool
same_bytes(const Packed *a, const Packed *b)
{
	return a->length == b->length && memcmp(a->bytes, b->bytes, a->length) == 0;
}

static McSketch
sketch_of(const double *losses, size_t n, size_t size)
{
	McSketch sketch;

	mc_sketch_init(&sketch, size);
	for (size_t i = 0; i < n; i++)
		add(&sketch, losses[i]);
	return sketch;
}

/* Kinds of losses that are easy, heavy-tailed, tied, or made against buckets and levels. */
#define KINDS 16

static double
draw(UnitRandom *random, int kind, size_t i)
{
	double z = unit_normal(random);
	double u = unit_uniform(random);

	switch (kind)
	{
		case 0:
			return z;
		case 1: /* t with 2 degrees of freedom */
			return z / sqrt(-log(u));
		case 2: /* Pareto with index 1 */
			return 1 / u;
		case 3: /* mixture */
			return u < 0.02 ? 20 * z : z;
		case 4:
			return -0.25;
		case 5:
			return 7;
		case 6:
			return floor(3 * z);
		case 7: /* both sides of the edges of buckets */
			return nextafter(ldexp(1 + floor(64 * u) / 64, (int) (i % 5)), i % 2 ? INFINITY : 0);
		case 8: /* scales in turn */
			return ldexp(z, (int) (i * 37 % 600) - 300);
		case 9: /* every power of two */
			return ldexp(z < 0 ? -1.5 : 1.5, (int) (i % 2098) - 1074);
		case 10: /* denormals */
			return 5e-324 * floor(1000 * z);
		case 11:
			return 1e300 * z;
		case 12: /* gains only */
			return -exp(z);
		case 13:
			return u < 0.9 ? 0 : z;
		case 14: /* prices in ticks */
			return 0.01 * floor(10000 * z);
		default:
			return i % 1000 == 0 ? DBL_MAX * (2 * u - 1) : -1 - u;
	}
}

static uint64_t
bits_of(double x)
{
	uint64_t bits;

	memcpy(&bits, &x, sizeof(bits));
	return bits & ~(UINT64_C(1) << 63);
}

/* What the side of a body of descending losses must be, from its definition. */
static bool
side_is_right(const McSketchSide *side, const double *body, size_t n, bool gains, size_t limit)
{
	uint64_t *bits = malloc((n + 1) * sizeof(uint64_t));
	size_t m = 0;
	size_t used = 0;
	size_t at = 0;
	int level;
	bool right;

	/* magnitudes in descending order */
	for (size_t i = 0; i < n; i++)
	{
		double x = body[gains ? n - 1 - i : i];

		if ((x < 0) == gains)
			bits[m++] = bits_of(x);
	}
	for (level = 0; level <= 563; level++)
	{
		used = 0;
		for (size_t i = 0; i < m; i++)
			used += i == 0 || (bits[i] & ~mc_sketch_mask(level, bits[i])) !=
			                      (bits[i - 1] & ~mc_sketch_mask(level, bits[i - 1]));
		if (used <= limit || level == 563)
			break;
	}
	right = side->level == level && side->used == used;
	for (size_t b = 0; b < used && right; b++)
	{
		uint64_t edge = bits[at] & ~mc_sketch_mask(level, bits[at]);
		uint64_t low = 0;
		uint64_t high = 0;
		size_t first = at;

		for (; at < m && (bits[at] & ~mc_sketch_mask(level, bits[at])) == edge; at++)
		{
			low += bits[at] - edge;
			high += low < bits[at] - edge;
		}
		right = side->buckets[b].edge == edge && side->buckets[b].count == at - first &&
		        side->buckets[b].low == low && side->buckets[b].high == high;
	}
	free(bits);
	return right && at == m;
}

static bool
is_right(const McSketch *flat, const double *sorted, size_t n)
{
	size_t kept = n < flat->size ? n : flat->size;

	return flat->rows == n && flat->kept == kept &&
	       (kept == 0 || memcmp(flat->extremes, sorted, kept * sizeof(double)) == 0) &&
	       side_is_right(&flat->sides[0], sorted + kept, n - kept, false, flat->size) &&
	       side_is_right(&flat->sides[1], sorted + kept, n - kept, true, flat->size / 4);
}

static void
definition(void)
{
	const size_t sizes[] = {16, 17, 50, 256, 1024};
	const size_t counts[] = {0, 1, 2, 3, 15, 16, 17, 33, 64, 300, 5000};
	UnitRandom random = {11};
	double x[5000];
	int wrong = 0;

	for (int kind = 0; kind < KINDS; kind++)
		for (size_t s = 0; s < 5; s++)
			for (size_t c = 0; c < 11; c++)
			{
				size_t n = counts[c];
				McSketch sketch;
				Packed packed;

				for (size_t i = 0; i < n; i++)
					x[i] = 0 + draw(&random, kind, i);
				sketch = sketch_of(x, n, sizes[s]);
				packed = pack(&sketch);
				mc_sort_descending(x, n, NULL);
				wrong += !is_right(&packed.flat, x, n);
				unpack(&packed);
				forget(&sketch);
			}
	check(wrong == 0, "%d kinds of losses, 5 sizes, 0 to 5000 rows: as the definition says", KINDS);
}

/* Rows shuffled, cut at random and merged in a random tree, some of it through bytes. */
static void
orders_and_trees(void)
{
	UnitRandom random = {12};
	size_t n = 4000;
	double *x = malloc(n * sizeof(double));
	int wrong = 0;

	for (int trial = 0; trial < 12 * KINDS; trial++)
	{
		size_t size = trial % 3 == 0 ? 16 : trial % 3 == 1 ? 100 : 1000;
		McSketch parts[20];
		McSketch whole;
		Packed want;
		Packed got;
		int left = 20;

		for (size_t i = 0; i < n; i++)
			x[i] = 0 + draw(&random, trial % KINDS, i);
		whole = sketch_of(x, n, size);
		if (trial % 5 > 0)
			mc_sort_descending(x, n, NULL);
		for (size_t i = 0; i < n && trial % 5 > 1; i++)
		{
			size_t j = trial % 5 == 2 ? n - 1 - i : (size_t) ((double) n * unit_uniform(&random));
			double swap = x[i];

			if (trial % 5 == 2 && j <= i)
				break;
			x[i] = x[j];
			x[j] = swap;
		}
		for (int i = 0; i < 20; i++)
			/* parts made with more room merge into one that has less */
			mc_sketch_init(&parts[i], i == 7 ? size : size + (size_t) (trial % 2) * 10);
		for (size_t i = 0; i < n; i++)
			add(&parts[(int) (20 * unit_uniform(&random) * unit_uniform(&random))], x[i]);
		while (left > 1)
		{
			int a = (int) (left * unit_uniform(&random));
			int b = (int) (left * unit_uniform(&random));

			if (a == b)
				continue;
			if (unit_uniform(&random) < 0.5)
			{
				Packed packed = pack(&parts[b]);

				merge(&parts[a], &packed.flat);
				unpack(&packed);
			}
			else
				merge(&parts[a], &parts[b]);
			forget(&parts[b]);
			parts[b] = parts[--left];
		}
		want = pack(&whole);
		got = pack(&parts[0]);
		wrong += !same_bytes(&want, &got);
		unpack(&want);
		unpack(&got);
		forget(&whole);
		forget(&parts[0]);
	}
	free(x);
	check(wrong == 0, "any order and any tree of merges, through bytes or not: the same bytes");
}

/* What the bounds promise, against the exact measures. */
static void
bounds(void)
{
	const double confidences[] = {1e-9, 0.01, 0.3,   0.5,  0.7,   0.9,    0.95,
	                              0.97, 0.98, 0.985, 0.99, 0.995, 0.9991, 1 - 1e-9};
	UnitRandom random = {13};
	size_t n = 20000;
	double *x = malloc(n * sizeof(double));
	int outside = 0;
	int inexact = 0;
	int crossed = 0;
	double worst_var = 0;
	double worst_es = 0;

	for (int trial = 0; trial < 3 * KINDS; trial++)
	{
		size_t rows = trial % 3 == 0 ? n : trial % 3 == 1 ? 1777 : 300;
		McSketch sketch;
		Packed packed;

		for (size_t i = 0; i < rows; i++)
			x[i] = 0 + draw(&random, trial % KINDS, i);
		sketch = sketch_of(x, rows, trial % 3 == 2 ? 16 : 128);
		packed = pack(&sketch);
		mc_sort_descending(x, rows, NULL);
		for (size_t c = 0; c < 14; c++)
		{
			McTailRank rank = mc_tail_rank(rows, confidences[c]);
			McSketchMeasure var;
			McSketchMeasure es;
			double exact_var;
			double exact_es;

			mc_tail_measures(x, &rank, &exact_var, &exact_es);
			mc_sketch_measures(&packed.flat, confidences[c], &var, &es);
			outside += !(var.lower <= exact_var && exact_var <= var.upper);
			outside += !(es.lower <= exact_es && exact_es <= es.upper) &&
			           !is_close(es.value, exact_es, 2 * DBL_EPSILON);
			crossed += !(var.lower <= var.value && var.value <= var.upper && es.lower <= es.value &&
			             es.value <= es.upper && var.value <= es.value);
			if (rank.var_rank <= packed.flat.kept)
				inexact += var.value != exact_var || es.value != exact_es || es.lower != es.upper ||
				           var.lower != var.upper;
			if (trial % KINDS < 4 && trial % 3 == 0 && confidences[c] >= 0.9)
			{
				worst_var = fmax(worst_var, (var.upper - var.lower) / fabs(exact_var));
				worst_es = fmax(worst_es, (es.upper - es.lower) / fabs(exact_es));
			}
		}
		unpack(&packed);
		forget(&sketch);
	}
	free(x);
	check(outside == 0, "exact VaR and ES lie within the bounds: %d kinds, 14 confidences", KINDS);
	check(inexact == 0, "a tail within the extremes gives the digits of the exact measures");
	check(crossed == 0, "lower <= value <= upper, and VaR <= ES");
	check(worst_var < 0.12 && worst_es < 0.01,
	      "size 128, heavy tails, confidence from 0.9: VaR is known to %g, ES to %g", worst_var,
	      worst_es);
}

/* Bytes through the decoder; true when it takes them. */
static bool
decode(const uint8_t *bytes, size_t length, Packed *back)
{
	McSketch header;
	size_t buckets;
	bool good;

	back->bytes = NULL;
	back->places = NULL;
	if (!mc_sketch_decode_header(bytes, length, &header))
		return false;
	/* exactly as much room as the header asks for: valgrind and the sanitizer watch */
	buckets = header.sides[0].used + header.sides[1].used;
	back->bytes = malloc(header.kept * sizeof(double));
	back->places = malloc(buckets * sizeof(McSketchBucket));
	good =
	    mc_sketch_decode(bytes, length, (double *) (void *) back->bytes, back->places, &back->flat);
	return good;
}

/* What is decoded has the form of a sketch: measures exist, and writing it gives the bytes again. */
static bool
is_sound(const uint8_t *bytes, size_t length, Packed *back)
{
	uint8_t *again = malloc(mc_sketch_most_bytes(&back->flat));
	size_t written = mc_sketch_encode(&back->flat, again);
	bool sound = written == length && memcmp(again, bytes, length) == 0;

	for (double c = 0.005; c < 1 && back->flat.rows > 0; c += 0.0625)
	{
		McSketchMeasure var;
		McSketchMeasure es;

		mc_sketch_measures(&back->flat, c, &var, &es);
		sound = sound && var.lower <= var.value && var.value <= var.upper && es.lower <= es.value &&
		        es.value <= es.upper && isfinite(var.value) && isfinite(es.value);
	}
	free(again);
	return sound;
}

static void
hostile_bytes(void)
{
	UnitRandom random = {14};
	int unsound = 0;
	int taken = 0;
	int lost = 0;
	int prefixes = 0;

	for (int trial = 0; trial < 8 * KINDS; trial++)
	{
		McSketch sketch;
		Packed packed;
		Packed back;

		mc_sketch_init(&sketch, 16);
		for (size_t i = 0; i < (size_t) (trial / KINDS) * 30; i++)
			add(&sketch, 0 + draw(&random, trial % KINDS, i));
		packed = pack(&sketch);
		lost += !decode(packed.bytes, packed.length, &back) ||
		        !is_sound(packed.bytes, packed.length, &back);
		unpack(&back);
		for (size_t length = 0; length < packed.length; length++)
		{
			prefixes += decode(packed.bytes, length, &back);
			unpack(&back);
		}
		for (int change = 0; change < 400; change++)
		{
			size_t at = (size_t) ((double) packed.length * unit_uniform(&random));
			uint8_t was = packed.bytes[at];

			if (change % 2)
				packed.bytes[at] ^= (uint8_t) (1 << (int) (8 * unit_uniform(&random)));
			else
				packed.bytes[at] = (uint8_t) (256 * unit_uniform(&random));
			if (decode(packed.bytes, packed.length, &back))
			{
				taken++;
				unsound += !is_sound(packed.bytes, packed.length, &back);
			}
			unpack(&back);
			packed.bytes[at] = was;
		}
		unpack(&packed);
		forget(&sketch);
	}
	check(lost == 0, "bytes give back the sketch they were made of");
	check(prefixes == 0, "no sketch is the beginning of another one");
	check(unsound == 0 && taken > 1000, "changed bytes are refused, or a sketch (%d were)", taken);
}

/* One sketch of size 16 by hand: header, then what follows. */
#define BODY 8

static bool
takes(const uint8_t *bytes, size_t length)
{
	Packed back;
	bool good = decode(bytes, length, &back) && is_sound(bytes, length, &back);

	unpack(&back);
	return good;
}

static void
bytes_by_hand(void)
{
	/* version, size, not_finite, extremes, level and buckets of losses and of gains */
	const uint8_t empty[] = {1, 16, 0, 0, 0, 0, 0, 0};
	const uint8_t one[] = {1, 16, 3, 1, 0, 0, 0, 0, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0};
	uint8_t changed[256];
	size_t n;

	check(takes(empty, sizeof(empty)), "an empty sketch has eight bytes");
	check(takes(one, sizeof(one)), "a loss of 1.5 among three values that are not finite");
	memcpy(changed, one, sizeof(one));
	changed[0] = 2;
	check(!takes(changed, sizeof(one)), "another version is refused");
	changed[0] = 1;
	changed[1] = 15;
	check(!takes(changed, sizeof(one)), "so is a size below 16");
	changed[1] = 16;
	changed[4] = 1;
	check(!takes(changed, sizeof(one)), "and a level without buckets");
	memcpy(changed, one, sizeof(one));
	changed[8] = 0x7f;
	changed[9] = 0xf0;
	check(!takes(changed, sizeof(one)), "and an infinite loss");
	changed[8] = 0xff;
	check(!takes(changed, sizeof(one)), "and an infinite gain");
	changed[9] = 0xf8;
	check(!takes(changed, sizeof(one)), "and NaN");
	changed[8] = 0x80;
	changed[9] = 0;
	check(!takes(changed, sizeof(one)), "and a negative zero");
	changed[8] = 0;
	check(takes(changed, sizeof(one)), "but not zero");

	/* sixteen losses of zero and a gain of the smallest double */
	memset(changed, 0, sizeof(changed));
	memcpy(changed, empty, sizeof(empty));
	changed[3] = 16;
	changed[7] = 1;
	n = BODY + 16 * 8;
	memcpy(changed + n, "\xff\xff\xff\xff\xff\xff\xff\xff\x7f\x01\x00", 11);
	check(takes(changed, n + 11), "one gain of the smallest double");
	changed[n + 9] = 0;
	check(!takes(changed, n + 11), "a bucket without values is refused");
	changed[n + 9] = 1;
	changed[n + 10] = 1;
	check(!takes(changed, n + 11), "so is a sum that one double does not have");
	changed[n + 10] = 0;
	check(!takes(changed, n + 10), "so is one that ends early");
	changed[n + 11] = 0;
	check(!takes(changed, n + 12), "so is one that ends late");
	changed[n + 10] = 0x80;
	check(!takes(changed, n + 12), "so is a number that is longer than it needs to be");
	changed[5] = 1;
	changed[7] = 0;
	changed[n + 10] = 0;
	check(!takes(changed, n + 11), "so is a loss above the least extreme");
}

/* Sizes and levels at their ends. */
static void
coarsest(void)
{
	McSketch sketch;
	McSketch other;
	Packed packed;

	mc_sketch_init(&sketch, 16);
	mc_sketch_init(&other, 65536);
	for (int e = -1074; e < 1024; e++)
		for (int i = 0; i < 3; i++)
		{
			add(&sketch, ldexp(1, e) * (i - 1));
			add(&other, ldexp(1, e) * (i - 1));
		}
	packed = pack(&sketch);
	check(packed.flat.sides[0].level == 563 && packed.flat.sides[0].used == 1 + 2046 - 16,
	      "every power of two: one bucket each, denormals and zero in one, size or not");
	check(packed.flat.sides[1].used == 2047 && packed.flat.rows == 3 * 2098, "gains likewise");
	unpack(&packed);
	packed = pack(&other);
	check(packed.flat.kept == 3 * 2098 && packed.length < 8 * 3 * 2098 + MC_SKETCH_HEADER_SIZE,
	      "a large size keeps them as they are");
	unpack(&packed);
	forget(&sketch);
	forget(&other);

	mc_sketch_init(&sketch, 16);
	for (int i = 0; i < 100000; i++)
		add(&sketch, i % 2 ? 0.1 : -0.3);
	packed = pack(&sketch);
	check(packed.flat.sides[0].used == 1 && packed.flat.sides[0].level == 0 && packed.length < 170,
	      "few distinct values take few bytes, and stay exact");
	unpack(&packed);
	forget(&sketch);
}

void
test_sketch(void)
{
	definition();
	orders_and_trees();
	bounds();
	hostile_bytes();
	bytes_by_hand();
	coarsest();
}
