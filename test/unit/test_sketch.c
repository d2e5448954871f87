/*
 * test_sketch.c
 *	  The tail sketch beside its definition worked out from the sorted values, in any order and any
 *	  tree of merges, and its bounds beside the exact measures.
 */
#include "kernel/select.h"
#include "sketching.h"

__extension__ typedef unsigned __int128 Wide128;

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

	for (int trial = 0; trial < (int) unit_repeats(12 * KINDS, 3 * KINDS); trial++)
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

/* Counts beyond 2^40, whose sums of offsets pass 64 bits, in one bucket that becomes coarser. */
static void
wide_sums(void)
{
	const int level = (1023 >> 2) + 40;
	const uint64_t one = UINT64_C(1023) << 52;
	McSketchBucket bucket = {one + (UINT64_C(5) << 40), UINT64_C(1) << 45, 12345, 1 << 19};
	Wide128 sum = (Wide128) bucket.high << 64 | bucket.low;
	McSketch sketch;
	McSketch coarse;
	McSketchNeed need;
	const McSketchSide *side = &sketch.sides[MC_SKETCH_LOSSES];

	mc_sketch_init(&sketch, 16);
	mc_sketch_init(&coarse, 16);
	for (int i = 0; i < 16; i++)
		add(&sketch, 1e9);
	coarse.sides[MC_SKETCH_LOSSES].level = level;
	mc_sketch_adopt(&sketch, &coarse);
	for (int i = 0; i < 3; i++)
		while ((need = mc_sketch_add_bucket(&sketch, MC_SKETCH_LOSSES, &bucket)) != MC_SKETCH_READY)
			serve(&sketch, need);
	coarse.sides[MC_SKETCH_LOSSES].level = level + 3;
	mc_sketch_adopt(&sketch, &coarse);
	settle(&sketch);
	sum = 3 * (sum + ((Wide128) 5 << 85));
	for (size_t i = 0; i < side->capacity; i++)
		if (side->buckets[i].count > 0)
			check(side->buckets[i].edge == one && side->buckets[i].count == bucket.count * 3 &&
			          side->buckets[i].low == (uint64_t) sum &&
			          side->buckets[i].high == (uint64_t) (sum >> 64),
			      "sums of 106 bits, through a coarser level");
	check(side->used == 1 && sketch.rows == 16 + 3 * bucket.count, "in one bucket");
	forget(&sketch);
}

/* The offset below which a share p lies of the density 1 - a + 2 a x on [0, 1], by halving. */
static double
offset_at(double a, double p)
{
	double low = 0;
	double high = 1;

	for (int i = 0; i < 60; i++)
	{
		double x = (low + high) / 2;

		*((1 - a) * x + a * x * x < p ? &low : &high) = x;
	}
	return low;
}

/*
 * One bucket, [1, 2) or its part below the extremes, that holds a linear density of slope a: measures
 * near those of the sample, whatever they are of a body of losses or of gains, and the bounds of sketch_tail.c.
 */
static void
one_bucket(double a, double sign)
{
	enum
	{
		BODY = 1000,
		ROWS = BODY + 16
	};
	const double bottom = sign > 0 ? 1 : 1.25;
	const double least = sign > 0 ? 0 : 0.25;
	const double most = sign > 0 ? 0.75 : 1;
	double x[ROWS];
	double sum = 0;
	double worst_var = 0;
	double worst_es = 0;
	double bound = 0;
	McSketch sketch;
	McSketch coarse;
	Packed packed;

	mc_sketch_init(&sketch, 16);
	mc_sketch_init(&coarse, 16);
	for (int i = 0; i < BODY; i++)
	{
		x[i] = sign * (bottom + 0.75 * offset_at(a, (i + 0.5) / BODY));
		sum += fabs(x[i]) - 1;
	}
	for (int i = BODY; i < ROWS; i++)
		x[i] = sign > 0 ? 1.75 : -1.25;
	for (int side = 0; side < MC_SKETCH_SIDES; side++)
		coarse.sides[side].level = (1023 >> 2) + 52;
	mc_sketch_adopt(&sketch, &coarse);
	for (int i = 0; i < ROWS; i++)
		add(&sketch, x[i]);
	packed = pack(&sketch);
	mc_sort_descending(x, ROWS, NULL);
	for (int i = 0; i < 160; i++)
	{
		/* whole losses, then any share */
		double c = i < 80 ? 1 - (17 + i) / (double) ROWS : 0.01 + 0.0123 * (i - 80);
		McTailRank rank = mc_tail_rank(ROWS, c);
		double from_top = (double) (rank.var_rank - 16);
		double j = sign > 0 ? from_top : BODY + 1 - from_top;
		double upper = fmin(most, least + (sum - BODY * least) / j);
		double lower = fmax(least, (sum - (j - 1) * most) / (BODY - j + 1));
		McSketchMeasure var;
		McSketchMeasure es;
		double exact_var;
		double exact_es;

		mc_tail_measures(x, &rank, &exact_var, &exact_es);
		mc_sketch_measures(&packed.flat, c, &var, &es);
		worst_var = fmax(worst_var, fabs(var.value - exact_var));
		worst_es = fmax(worst_es, fabs(es.value - exact_es));
		bound = fmax(bound, fabs(fabs(sign > 0 ? var.upper : var.lower) - 1 - upper));
		bound = fmax(bound, fabs(fabs(sign > 0 ? var.lower : var.upper) - 1 - lower));
	}
	check(packed.flat.sides[sign > 0 ? MC_SKETCH_LOSSES : MC_SKETCH_GAINS].used == 1, "one bucket");
	check(fmax(worst_var, worst_es / 30) < 1e-6,
	      "slope %g, %s: VaR within %.2g of the sample's, ES within %.2g", a,
	      sign > 0 ? "losses" : "gains", worst_var, worst_es);
	check(bound < 1e-12, "the bounds of its VaR: %.2g", bound);
	unpack(&packed);
	forget(&sketch);
}

static void
not_finite(void)
{
	McSketch a;
	McSketch b;

	mc_sketch_init(&a, 16);
	mc_sketch_init(&b, 16);
	a.not_finite = 2;
	b.not_finite = 3;
	mc_sketch_adopt(&a, &b);
	check(a.not_finite == 5, "losses that are no numbers are counted on");
}

void
test_sketch(void)
{
	for (int i = 0; i < 10; i++)
		one_bucket((i / 2 - 2) * 0.4, i % 2 ? -1 : 1);
	not_finite();
	definition();
	orders_and_trees();
	bounds();
	coarsest();
	wide_sums();
}
