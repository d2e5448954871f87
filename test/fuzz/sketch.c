/*
 * sketch.c
 *	  Fuzz target: tail sketches of values in several orders beside the sorted sample, and bytes of any
 *	  origin in the decoder.
 */
#include "fuzz.h"

#include "../unit/sketching.h"
#include "kernel/tail.h"

static const double confidences[] = {0.001, 0.3, 0.5, 0.9, 0.99, 0.999999};

static void
check_measures(const McSketch *flat, double confidence, McSketchMeasure *var, McSketchMeasure *es)
{
	mc_sketch_measures(flat, confidence, var, es);
	CHECK(isfinite(var->lower) && isfinite(var->upper) && var->lower <= var->value &&
	          var->value <= var->upper,
	      "VaR %g: %.17g %.17g %.17g", confidence, var->lower, var->value, var->upper);
	CHECK(isfinite(es->lower) && isfinite(es->upper) && es->lower <= es->value &&
	          es->value <= es->upper,
	      "ES %g: %.17g %.17g %.17g", confidence, es->lower, es->value, es->upper);
	CHECK(es->value >= var->value, "ES %.17g below VaR %.17g", es->value, var->value);
}

/* the sorted sample lies within the bounds */
static void
check_sample(const McSketch *flat, double *losses, size_t n)
{
	CHECK(flat->rows == n, "%zu rows", (size_t) flat->rows);
	if (n == 0)
		return;
	qsort(losses, n, sizeof(double), descending);
	for (size_t i = 0; i < sizeof(confidences) / sizeof(*confidences); i++)
	{
		McTailRank rank = mc_tail_rank(n, confidences[i]);
		double scale = fmax(fabs(losses[0]), fabs(losses[n - 1])) * 1e-14;
		McSketchMeasure var;
		McSketchMeasure es;
		double exact_var;
		double exact_es;

		check_measures(flat, confidences[i], &var, &es);
		mc_tail_measures(losses, &rank, &exact_var, &exact_es);
		CHECK(exact_var >= var.lower && exact_var <= var.upper, "VaR %.17g not in %.17g, %.17g",
		      exact_var, var.lower, var.upper);
		CHECK(exact_es >= es.lower - scale && exact_es <= es.upper + scale,
		      "ES %.17g not in %.17g, %.17g", exact_es, es.lower, es.upper);
	}
}

/* What the decoder takes is written as the same bytes, has measures, and merges into nothing as itself. */
static void
check_bytes(const uint8_t *bytes, size_t length)
{
	uint8_t *copy = array(length, 1);
	double *extremes;
	McSketchBucket *places;
	McSketch flat;
	size_t buckets;

	memcpy(copy, bytes, length);
	if (!mc_sketch_decode_header(copy, length, &flat))
	{
		free(copy);
		return;
	}
	buckets = flat.sides[0].used + flat.sides[1].used;
	extremes = array(flat.kept, sizeof(double));
	places = array(buckets, sizeof(McSketchBucket));
	if (mc_sketch_decode(copy, length, extremes, places, &flat))
	{
		uint8_t *again = array(mc_sketch_most_bytes(&flat), 1);
		McSketchMeasure var;
		McSketchMeasure es;
		McSketch merged;
		Packed packed;

		CHECK(mc_sketch_encode(&flat, again) == length && memcmp(again, copy, length) == 0,
		      "written differently");
		for (size_t i = 0; flat.rows > 0 && i < sizeof(confidences) / sizeof(*confidences); i++)
			check_measures(&flat, confidences[i], &var, &es);
		mc_sketch_init(&merged, flat.size);
		merge(&merged, &flat);
		packed = pack(&merged);
		for (size_t i = 0; merged.rows > 0 && i < sizeof(confidences) / sizeof(*confidences); i++)
			check_measures(&packed.flat, confidences[i], &var, &es);
		unpack(&packed);
		merge(&merged, &flat);
		packed = pack(&merged);
		CHECK(merged.rows == 2 * flat.rows, "rows");
		unpack(&packed);
		forget(&merged);
		free(again);
	}
	free(copy);
	free(extremes);
	free(places);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Bytes b = {data, size};
	int kind = (int) take(&b, 1);
	size_t cut = take(&b, 1);
	size_t n = 0;
	double *losses;
	double *turned;
	McSketch sketches[3];
	Packed packed[2];

	if (kind >= 128)
	{
		check_bytes(b.data, b.left);
		return 0;
	}
	losses = array(size, sizeof(double));
	turned = array(size, sizeof(double));
	while (b.left > 8)
		losses[n++] = take_finite(&b, kind) + 0.0;
	for (size_t i = 0; i < n; i++)
		turned[i] = losses[n - 1 - i];
	cut = n > 0 ? cut % n : 0;
	sketches[0] = sketch_of(losses, n, 16 + (size_t) (kind >> 2 & 1));
	sketches[1] = sketch_of(turned, cut, 16 + (size_t) (kind >> 2 & 1));
	sketches[2] = sketch_of(turned + cut, n - cut, 16 + (size_t) (kind >> 2 & 1));
	merge(&sketches[1], &sketches[2]);
	for (int i = 0; i < 2; i++)
		packed[i] = pack(&sketches[i]);
	CHECK(same_bytes(&packed[0], &packed[1]), "the order of %zu rows matters", n);
	check_sample(&packed[0].flat, losses, n);
	check_bytes(packed[0].bytes, packed[0].length);
	/* and with one letter changed, written over, or missing */
	if (packed[0].length > 0 && b.left == 8)
	{
		uint8_t *bytes = packed[0].bytes;

		for (int i = 0; i < 2; i++)
			bytes[take(&b, 2) % packed[0].length] ^= (uint8_t) take(&b, 1);
		check_bytes(bytes, packed[0].length);
		check_bytes(bytes, packed[0].length - take(&b, 1) % packed[0].length);
	}
	for (int i = 0; i < 2; i++)
		unpack(&packed[i]);
	for (int i = 0; i < 3; i++)
		forget(&sketches[i]);
	free(losses);
	free(turned);
	return 0;
}
