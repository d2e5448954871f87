/*
 * sketching.h
 *	  Sketches in plain memory, and kinds of losses to put into them.
 */
#ifndef MC_SKETCHING_H
#define MC_SKETCHING_H

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/sketch.h"
#include "unit.h"

static inline void
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

static inline void
add(McSketch *sketch, double loss)
{
	McSketchNeed need;

	while ((need = mc_sketch_add(sketch, loss)) != MC_SKETCH_READY)
		serve(sketch, need);
}

static inline void
settle(McSketch *sketch)
{
	McSketchNeed need;

	while ((need = mc_sketch_settle(sketch)) != MC_SKETCH_READY)
		serve(sketch, need);
}

static inline void
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

static inline void
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

static inline Packed
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

static inline void
unpack(Packed *packed)
{
	free(packed->bytes);
	free(packed->places);
}

static inline bool
same_bytes(const Packed *a, const Packed *b)
{
	return a->length == b->length && memcmp(a->bytes, b->bytes, a->length) == 0;
}

static inline McSketch
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

static inline double
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

#endif
