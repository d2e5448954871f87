/*
 * sketch.c
 *	  The tail sketch: adding, merging, and coarser buckets when there are too many.
 *
 * A relative of the sketches with logarithmic buckets: C. Masson, J. E. Rim and H. K. Lee, "DDSketch",
 * PVLDB 12 (2019), and I. Epicoco et al., "UDDSketch", IEEE Access 8 (2020), whose uniform collapse is
 * the change of level here.  Different are the extremes, the exact sums, buckets that are read off the
 * bits of a double, and a precision that grows towards the tail.
 *
 * Integer arithmetic throughout.  Held against a construction from the sorted values in
 * test/unit/test_sketch.c.
 */
#include "sketch.h"

#include <math.h>
#include <string.h>

#include "select.h"

__extension__ typedef unsigned __int128 U128;

#define COARSEST_LEVEL MC_SKETCH_COARSEST_LEVEL
#define FIRST_PLACES 64
#define FIRST_ROOM 16

static inline uint64_t
magnitude_bits(double x)
{
	uint64_t bits;

	memcpy(&bits, &x, sizeof(bits));
	return bits & ~(UINT64_C(1) << 63);
}

static void
set_limits(McSketch *sketch, size_t size)
{
	sketch->size = size;
	sketch->sides[MC_SKETCH_LOSSES].limit = size;
	sketch->sides[MC_SKETCH_GAINS].limit = size / 4;
}

void
mc_sketch_init(McSketch *sketch, size_t size)
{
	memset(sketch, 0, sizeof(*sketch));
	sketch->threshold = -INFINITY;
	set_limits(sketch, size);
}

/* More buckets than the limit, and a coarser level to go to. */
static inline bool
too_many(const McSketchSide *side)
{
	return side->used > side->limit && side->level < COARSEST_LEVEL;
}

/* One bucket above the limit is taken in: the next rebuild then finds a coarser level. */
static void
set_most(McSketchSide *side)
{
	side->most = side->capacity / 4 * 3;
	if (side->level < COARSEST_LEVEL && side->most > side->limit + 1)
		side->most = side->limit + 1;
}

/* The bucket of an edge, or the free place for it; there is one. */
static inline McSketchBucket *
find_bucket(const McSketchSide *side, uint64_t edge)
{
	/* edges end in zeros: only the upper bits of a product tell them apart */
	size_t i = (size_t) ((edge * UINT64_C(0x9E3779B97F4A7C15)) >> side->hash_shift);
	size_t mask = side->capacity - 1;

	while (side->buckets[i].count != 0 && side->buckets[i].edge != edge)
		i = (i + 1) & mask;
	return &side->buckets[i];
}

static inline void
put(McSketchSide *side, uint64_t edge, uint64_t count, U128 sum)
{
	McSketchBucket *bucket = find_bucket(side, edge);

	side->used += bucket->count == 0;
	bucket->edge = edge;
	bucket->count += count;
	sum += (U128) bucket->high << 64 | bucket->low;
	bucket->low = (uint64_t) sum;
	bucket->high = (uint64_t) (sum >> 64);
}

/* The same for a bucket of this or a finer level. */
static inline void
put_bucket(McSketchSide *side, const McSketchBucket *bucket)
{
	uint64_t dropped = bucket->edge & mc_sketch_mask(side->level, bucket->edge);
	U128 sum = (U128) bucket->high << 64 | bucket->low;

	put(side, bucket->edge - dropped, bucket->count, sum + (U128) bucket->count * dropped);
}

size_t
mc_sketch_more_places(const McSketchSide *side)
{
	if (side->capacity == 0)
		return FIRST_PLACES;
	return too_many(side) || side->used < side->capacity / 4 * 3 ? side->capacity
	                                                             : 2 * side->capacity;
}

/* The edges of a table in descending order, as the doubles that they are.  MC_OK or MC_STOPPED. */
static McStatus
sort_edges(const McSketchSide *side, double *edges, const McPoll *poll)
{
	size_t used = 0;

	for (size_t i = 0; i < side->capacity; i++)
		if (side->buckets[i].count != 0)
			memcpy(&edges[used++], &side->buckets[i].edge, sizeof(double));
	return mc_sort_descending(edges, used, poll);
}

/*
 * The least level with no more buckets than the limit.  Neighbours in one power of two become one
 * when the highest bit in which they differ is dropped; others never do.
 */
static int
fitting_level(const double *edges, size_t used, size_t limit)
{
	uint32_t joined[COARSEST_LEVEL + 1] = {0};
	size_t left = used;
	int level = 0;

	for (size_t i = 1; i < used; i++)
	{
		uint64_t upper = magnitude_bits(edges[i - 1]);
		uint64_t lower = magnitude_bits(edges[i]);
		int bits = 0;

		if (upper >> 52 != lower >> 52)
			continue;
		while ((upper ^ lower) >> bits != 0)
			bits++;
		joined[(upper >> 54) + (uint64_t) bits]++;
	}
	for (level = 0; level < COARSEST_LEVEL; level++)
	{
		left -= joined[level];
		if (left <= limit)
			break;
	}
	return level;
}

static void
move_buckets(McSketchSide *side, const McSketchBucket *from, size_t n)
{
	side->used = 0;
	for (size_t i = 0; i < n; i++)
		if (from[i].count != 0)
			put_bucket(side, &from[i]);
}

void
mc_sketch_rebuild(McSketchSide *side, McSketchBucket *places, size_t capacity)
{
	McSketchSide old = *side;

	side->buckets = places;
	side->capacity = capacity;
	side->hash_shift = 64;
	while (capacity >> (64 - side->hash_shift) > 1)
		side->hash_shift--;
	/* most often one level is enough, and nothing has to be sorted */
	if (old.most > 0 && too_many(&old))
		side->level++;
	move_buckets(side, old.buckets, old.capacity);
	if (too_many(side))
	{
		/* the new places are not needed until the level is known */
		double *edges = (double *) (void *) places;

		(void) sort_edges(&old, edges, NULL);
		side->level = fitting_level(edges, old.used, side->limit);
		memset(places, 0, capacity * sizeof(*places));
		move_buckets(side, old.buckets, old.capacity);
	}
	set_most(side);
}

/* Count one value, or say that the side has to be rebuilt first. */
static inline McSketchNeed
add_to_body(McSketch *sketch, double loss)
{
	int number = loss < 0 ? MC_SKETCH_GAINS : MC_SKETCH_LOSSES;
	McSketchSide *side = &sketch->sides[number];
	uint64_t bits = magnitude_bits(loss);
	uint64_t dropped = bits & mc_sketch_mask(side->level, bits);

	if (side->used >= side->most)
		return MC_SKETCH_NEEDS_LOSSES + number;
	put(side, bits - dropped, 1, dropped);
	return MC_SKETCH_READY;
}

/* Move what is no extreme any more to the body; a call may continue an earlier one. */
static McSketchNeed
evict(McSketch *sketch)
{
	if (sketch->leaving == 0)
	{
		(void) mc_select_largest(sketch->extremes, sketch->kept, sketch->size, NULL);
		sketch->threshold = sketch->extremes[sketch->size - 1];
		sketch->leaving = sketch->kept - sketch->size;
	}
	for (; sketch->leaving > 0; sketch->leaving--, sketch->kept--)
	{
		McSketchNeed need = add_to_body(sketch, sketch->extremes[sketch->kept - 1]);

		if (need != MC_SKETCH_READY)
			return need;
	}
	return MC_SKETCH_READY;
}

size_t
mc_sketch_more_extremes(const McSketch *sketch)
{
	size_t most = 2 * sketch->size;

	if (sketch->room == 0)
		return FIRST_ROOM;
	return 2 * sketch->room < most ? 2 * sketch->room : most;
}

McSketchNeed
mc_sketch_add(McSketch *sketch, double loss)
{
	McSketchNeed need;

	if (loss > sketch->threshold)
	{
		if (sketch->kept == sketch->room || sketch->leaving > 0)
		{
			bool grows = sketch->leaving == 0 && sketch->room < 2 * sketch->size;

			need = grows ? MC_SKETCH_NEEDS_EXTREMES : evict(sketch);
			if (need != MC_SKETCH_READY)
				return need;
		}
		sketch->extremes[sketch->kept++] = loss;
	}
	else
	{
		need = add_to_body(sketch, loss);
		if (need != MC_SKETCH_READY)
			return need;
	}
	sketch->rows++;
	return MC_SKETCH_READY;
}

void
mc_sketch_adopt(McSketch *a, const McSketch *b)
{
	if (b->size < a->size)
		set_limits(a, b->size);
	a->not_finite += b->not_finite;
	for (int i = 0; i < MC_SKETCH_SIDES; i++)
	{
		McSketchSide *side = &a->sides[i];

		if (b->sides[i].level > side->level)
			side->level = b->sides[i].level;
		/* rebuilt, at the level it has now, before anything enters */
		side->most = 0;
	}
}

McSketchNeed
mc_sketch_add_bucket(McSketch *a, int side, const McSketchBucket *bucket)
{
	if (a->sides[side].used >= a->sides[side].most)
		return MC_SKETCH_NEEDS_LOSSES + side;
	put_bucket(&a->sides[side], bucket);
	a->rows += bucket->count;
	return MC_SKETCH_READY;
}

McSketchNeed
mc_sketch_settle(McSketch *sketch)
{
	McSketchNeed need = MC_SKETCH_READY;

	if (sketch->kept > sketch->size)
		need = evict(sketch);
	for (int i = 0; i < MC_SKETCH_SIDES && need == MC_SKETCH_READY; i++)
	{
		const McSketchSide *side = &sketch->sides[i];

		if (too_many(side) || (side->most == 0 && side->used > 0))
			need = MC_SKETCH_NEEDS_LOSSES + i;
	}
	return need;
}

McStatus
mc_sketch_flatten(McSketch *sketch, double *edges, McSketchBucket *places, McSketch *flat,
                  const McPoll *poll)
{
	McStatus status = mc_sort_descending(sketch->extremes, sketch->kept, poll);

	*flat = *sketch;
	flat->threshold = flat->kept == flat->size ? flat->extremes[flat->size - 1] : -INFINITY;
	for (int i = 0; i < MC_SKETCH_SIDES && status == MC_OK; i++)
	{
		const McSketchSide *table = &sketch->sides[i];

		status = sort_edges(table, edges, poll);
		flat->sides[i].buckets = places;
		flat->sides[i].capacity = table->used;
		for (size_t j = 0; j < table->used && status == MC_OK; j++)
			*places++ = *find_bucket(table, magnitude_bits(edges[j]));
	}
	return status;
}
