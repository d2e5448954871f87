/*
 * sketch.h
 *	  A mergeable summary of losses that is exact in the far tail and bounds its error elsewhere.
 *
 * The `size` largest losses are kept as they are.  All others, the body, are counted in buckets of
 * consecutive doubles.  A double other than zero is a sign and 63 bits that order like its magnitude; a
 * bucket is what has the same bits after `shift` of them are dropped, so that it never crosses a
 * power of two, and the sum of its values is an exact integer in units of its last place.  With g the
 * exponent field divided by four, the buckets of a level are
 *
 *	  shift = level - g, but at least 0 (a bucket a double) and at most 52 (one a power of two):
 *
 * 2^-p in relative width, p growing by one for each four powers of two upwards.  The level is the least at
 * which the body's losses fill no more than `size` buckets, and its gains size / 4.
 *
 * Extremes, levels, counts and sums are therefore functions of the bag of values alone: rows and
 * partial sketches may come in any order and any tree, the bytes are the same.  (A level that is too
 * fine for a part of the rows is too fine for all of them, and what is no extreme of a part is none of
 * the whole.)
 *
 * No value may be NaN or infinite: the caller counts those in not_finite.  A caller owns the memory; a
 * function that needs more of it does nothing, says which part has to grow, and is called again.
 */
#ifndef MC_SKETCH_H
#define MC_SKETCH_H

#include <stdint.h>

#include "status.h"
#include "tail.h"

#define MC_SKETCH_LEAST_SIZE 16
#define MC_SKETCH_MOST_SIZE 65536
#define MC_SKETCH_COARSEST_LEVEL 563 /* 52 bits dropped in the highest of 512 groups */
#define MC_SKETCH_MOST_ROWS (UINT64_C(1) << 53)
#define MC_SKETCH_HEADER_SIZE 40 /* bytes that hold any header */

typedef struct McSketchBucket
{
	uint64_t edge;  /* bits of its smallest magnitude */
	uint64_t count; /* 0: a free place */
	uint64_t low;   /* sum of (bits - edge), 128 bits */
	uint64_t high;
} McSketchBucket;

/* The losses (zero among them) or the gains of the body. */
typedef struct McSketchSide
{
	McSketchBucket *buckets; /* a hash table; sorted without gaps in a flat sketch */
	size_t capacity;         /* a power of two; as many as used in a flat sketch */
	size_t used;
	size_t most;  /* with so many used, the side is rebuilt before it takes a value; 0 at first */
	size_t limit; /* buckets that may be used, but for the level that is coarsest */
	int level;
	int hash_shift;
} McSketchSide;

enum
{
	MC_SKETCH_LOSSES,
	MC_SKETCH_GAINS,
	MC_SKETCH_SIDES
};

typedef struct McSketch
{
	double *extremes; /* the largest losses, and perhaps more that may leave */
	size_t kept;
	size_t room;
	size_t leaving;   /* selected: those above `size` are on their way to the body */
	double threshold; /* at or below it a loss goes straight to the body */
	size_t size;
	uint64_t rows;       /* finite ones */
	uint64_t not_finite; /* NaN and infinite ones: with any of them there is no answer */
	McSketchSide sides[MC_SKETCH_SIDES];
} McSketch;

/* What has to be done before the call is repeated. */
typedef enum McSketchNeed
{
	MC_SKETCH_READY,
	MC_SKETCH_NEEDS_LOSSES, /* mc_sketch_rebuild(&sides[MC_SKETCH_LOSSES]) */
	MC_SKETCH_NEEDS_GAINS,
	MC_SKETCH_NEEDS_EXTREMES /* room for mc_sketch_more_extremes() */
} McSketchNeed;

/* An empty sketch without memory. */
extern void mc_sketch_init(McSketch *sketch, size_t size);

/* Add one loss.  About 10 ns. */
extern McSketchNeed mc_sketch_add(McSketch *sketch, double loss);

/* How large the array of extremes should be next. */
extern size_t mc_sketch_more_extremes(const McSketch *sketch);

/* How many places a side should have next, and the move to so many that are zero. */
extern size_t mc_sketch_more_places(const McSketchSide *side);
extern void mc_sketch_rebuild(McSketchSide *side, McSketchBucket *places, size_t capacity);

/*
 * Merging b into a: mc_sketch_adopt, mc_sketch_add_bucket for every bucket and mc_sketch_add for every
 * extreme of b, then mc_sketch_settle.  The smaller size holds.
 */
extern void mc_sketch_adopt(McSketch *a, const McSketch *b);
extern McSketchNeed mc_sketch_add_bucket(McSketch *a, int side, const McSketchBucket *bucket);

/* No extreme above `size`, no bucket above the limit: the form that only depends on the values. */
extern McSketchNeed mc_sketch_settle(McSketch *sketch);

/*
 * A settled sketch with sorted extremes (in place) and its buckets in descending order, packed into
 * `places`; *flat shares the extremes.  There are places for the buckets of both sides, `edges` is work
 * space for as many doubles.  MC_OK or MC_STOPPED.
 */
extern McStatus mc_sketch_flatten(McSketch *sketch, double *edges, McSketchBucket *places,
                                  McSketch *flat, const McPoll *poll);

/* The bytes of a flat sketch; equal sketches have equal bytes.  Returns the length. */
extern size_t mc_sketch_most_bytes(const McSketch *flat);
extern size_t mc_sketch_encode(const McSketch *flat, uint8_t *bytes);

/*
 * Back from bytes of any origin: false unless they are what mc_sketch_encode could have written.  The
 * header tells how many extremes and buckets there are (both sides in one array).
 */
extern bool mc_sketch_decode_header(const uint8_t *bytes, size_t length, McSketch *flat);
extern bool mc_sketch_decode(const uint8_t *bytes, size_t length, double *extremes,
                             McSketchBucket *places, McSketch *flat);

/* A measure with bounds that hold whatever the values inside the buckets are. */
typedef struct McSketchMeasure
{
	double value;
	double lower;
	double upper;
} McSketchMeasure;

/* VaR and ES of a flat sketch of at least one finite row, as tail.h defines them. */
extern void mc_sketch_measures(const McSketch *flat, double confidence, McSketchMeasure *var,
                               McSketchMeasure *es);

/* The bits that a bucket of this level does not tell apart. */
static inline uint64_t
mc_sketch_mask(int level, uint64_t bits)
{
	int shift = level - (int) (bits >> 54);

	shift = shift < 0 ? 0 : shift > 52 ? 52 : shift;
	return (UINT64_C(1) << shift) - 1;
}

#endif
