/*
 * sketch_bytes.c
 *	  The tail sketch as bytes, the same on every machine, and back.
 *
 *	  header    version, size, not_finite, extremes; levels and numbers of buckets of losses and gains
 *	  extremes  descending, 8 bytes each, most significant first
 *	  buckets   losses, then gains, by descending edge: steps down from the edge before (at first from
 *	            2^63) in buckets of the width of that one, count, sum
 *
 * Numbers are unsigned, seven bits a byte, the least significant first, as short as possible.  So a sketch
 * has one form, and the decoder refuses any other: what it lets in keeps every promise of sketch.h.
 * test/unit/test_sketch_bytes.c feeds it changed bytes.
 */
#include <math.h>
#include <string.h>

#include "sketch.h"

__extension__ typedef unsigned __int128 U128;

#define VERSION 1
#define MOST_NUMBER 19 /* bytes of 128 bits */
#define TOP (UINT64_C(1) << 63)
#define INFINITE_BITS (UINT64_C(0x7ff) << 52)

typedef struct Reader
{
	const uint8_t *at;
	const uint8_t *end;
	bool good; /* false: the bytes ended early, or a number was not the shortest form of 128 bits */
} Reader;

static uint8_t *
write_number(uint8_t *at, U128 number)
{
	for (; number >= 128; number >>= 7)
		*at++ = (uint8_t) ((number & 127) | 128);
	*at++ = (uint8_t) number;
	return at;
}

static U128
read_number(Reader *reader)
{
	U128 number = 0;

	for (int i = 0; i < MOST_NUMBER && reader->at < reader->end; i++)
	{
		uint8_t byte = *reader->at++;

		/* the last of 19 bytes has two bits left; the last of several is not zero */
		if ((i == MOST_NUMBER - 1 && byte > 3) || (i > 0 && byte == 0))
			break;
		number |= (U128) (byte & 127) << (7 * i);
		if (byte < 128)
			return number;
	}
	reader->good = false;
	return 0;
}

/* A number of at most `most`. */
static uint64_t
read_limited(Reader *reader, uint64_t most)
{
	U128 number = read_number(reader);

	reader->good &= number <= most;
	return number <= most ? (uint64_t) number : 0;
}

static uint8_t *
write_double(uint8_t *at, double x)
{
	uint64_t bits;

	memcpy(&bits, &x, sizeof(bits));
	for (int i = 56; i >= 0; i -= 8)
		*at++ = (uint8_t) (bits >> i);
	return at;
}

static double
read_double(Reader *reader)
{
	uint64_t bits = 0;
	double x;

	if (reader->end - reader->at < 8)
	{
		reader->good = false;
		return 0;
	}
	for (int i = 0; i < 8; i++)
		bits = bits << 8 | *reader->at++;
	memcpy(&x, &bits, sizeof(x));
	return x;
}

size_t
mc_sketch_most_bytes(const McSketch *flat)
{
	size_t buckets = flat->sides[MC_SKETCH_LOSSES].used + flat->sides[MC_SKETCH_GAINS].used;

	/* an edge has 63 bits, a count 54, a sum 106 */
	return MC_SKETCH_HEADER_SIZE + 8 * flat->kept + (9 + 8 + 16) * buckets;
}

static uint8_t *
write_side(uint8_t *at, const McSketchSide *side)
{
	uint64_t edge = TOP;
	uint64_t width = 1;

	for (size_t i = 0; i < side->used; i++)
	{
		const McSketchBucket *bucket = &side->buckets[i];

		at = write_number(at, (edge - bucket->edge) / width);
		at = write_number(at, bucket->count);
		at = write_number(at, (U128) bucket->high << 64 | bucket->low);
		edge = bucket->edge;
		width = mc_sketch_mask(side->level, edge) + 1;
	}
	return at;
}

size_t
mc_sketch_encode(const McSketch *flat, uint8_t *bytes)
{
	uint8_t *at = bytes;

	*at++ = VERSION;
	at = write_number(at, flat->size);
	at = write_number(at, flat->not_finite);
	at = write_number(at, flat->kept);
	for (int i = 0; i < MC_SKETCH_SIDES; i++)
	{
		at = write_number(at, (uint64_t) flat->sides[i].level);
		at = write_number(at, flat->sides[i].used);
	}
	for (size_t i = 0; i < flat->kept; i++)
		at = write_double(at, flat->extremes[i]);
	for (int i = 0; i < MC_SKETCH_SIDES; i++)
		at = write_side(at, &flat->sides[i]);
	return (size_t) (at - bytes);
}

static bool
read_header(Reader *reader, McSketch *flat)
{
	if (reader->at == reader->end || *reader->at++ != VERSION)
		return false;
	mc_sketch_init(flat, (size_t) read_limited(reader, MC_SKETCH_MOST_SIZE));
	flat->not_finite = read_limited(reader, MC_SKETCH_MOST_ROWS);
	flat->kept = flat->room = (size_t) read_limited(reader, flat->size);
	for (int i = 0; i < MC_SKETCH_SIDES; i++)
	{
		McSketchSide *side = &flat->sides[i];
		uint64_t most;

		side->level = (int) read_limited(reader, MC_SKETCH_COARSEST_LEVEL);
		most = side->level < MC_SKETCH_COARSEST_LEVEL || side->limit > 2047 ? side->limit : 2047;
		side->used = side->capacity = (size_t) read_limited(reader, most);
		/* a value only leaves the extremes when they are full; without buckets there is no level */
		if (side->used > 0 ? flat->kept < flat->size : side->level != 0)
			return false;
	}
	return reader->good && flat->size >= MC_SKETCH_LEAST_SIZE;
}

bool
mc_sketch_decode_header(const uint8_t *bytes, size_t length, McSketch *flat)
{
	Reader reader = {bytes, bytes + length, true};
	size_t buckets;

	if (!read_header(&reader, flat))
		return false;
	/* so that nobody makes room for what is not there: a bucket has at least three bytes */
	buckets = flat->sides[MC_SKETCH_LOSSES].used + flat->sides[MC_SKETCH_GAINS].used;
	return (size_t) (reader.end - reader.at) >= 8 * flat->kept + 3 * buckets;
}

static bool
read_extremes(Reader *reader, McSketch *flat)
{
	double before = INFINITY;

	for (size_t i = 0; i < flat->kept; i++)
	{
		double x = read_double(reader);

		/* finite, descending, and no negative zero */
		if (!(x <= before) || isinf(x) || (x == 0 && signbit(x)))
			return false;
		flat->extremes[i] = before = x;
	}
	flat->rows = flat->kept;
	if (flat->kept == flat->size)
		flat->threshold = before;
	return reader->good;
}

/* Can so many values of the body, none above an extreme, have this sum? */
static bool
is_possible(const McSketch *flat, int side, const McSketchBucket *bucket)
{
	double nearest = fabs(flat->threshold);
	uint64_t most = mc_sketch_mask(flat->sides[side].level, bucket->edge);
	U128 sum = (U128) bucket->high << 64 | bucket->low;
	uint64_t least = 0;
	uint64_t bound;

	memcpy(&bound, &nearest, sizeof(bound));
	if ((bucket->edge & most) != 0 || bucket->edge >= INFINITE_BITS || bucket->count == 0)
		return false;
	if (side == MC_SKETCH_LOSSES)
	{
		if (flat->threshold < 0 || bucket->edge > bound)
			return false;
		if (bound - bucket->edge < most)
			most = bound - bucket->edge;
	}
	else
	{
		/* a gain is not zero */
		least = bucket->edge == 0;
		if (flat->threshold < 0 && bound > bucket->edge + least)
			least = bound - bucket->edge;
	}
	return least <= most && sum >= (U128) bucket->count * least &&
	       sum <= (U128) bucket->count * most;
}

static bool
read_side(Reader *reader, McSketch *flat, int number)
{
	McSketchSide *side = &flat->sides[number];
	uint64_t edge = TOP;
	uint64_t width = 1;

	for (size_t i = 0; i < side->used; i++)
	{
		McSketchBucket *bucket = &side->buckets[i];
		uint64_t steps = read_limited(reader, edge / width);
		U128 sum;

		bucket->edge = edge - steps * width;
		bucket->count = read_limited(reader, MC_SKETCH_MOST_ROWS - flat->rows);
		sum = read_number(reader);
		bucket->low = (uint64_t) sum;
		bucket->high = (uint64_t) (sum >> 64);
		if (!reader->good || steps == 0 || !is_possible(flat, number, bucket))
			return false;
		flat->rows += bucket->count;
		edge = bucket->edge;
		width = mc_sketch_mask(side->level, edge) + 1;
	}
	return true;
}

bool
mc_sketch_decode(const uint8_t *bytes, size_t length, double *extremes, McSketchBucket *places,
                 McSketch *flat)
{
	Reader reader = {bytes, bytes + length, true};

	if (!read_header(&reader, flat))
		return false;
	flat->extremes = extremes;
	flat->sides[MC_SKETCH_LOSSES].buckets = places;
	flat->sides[MC_SKETCH_GAINS].buckets = places + flat->sides[MC_SKETCH_LOSSES].used;
	return read_extremes(&reader, flat) && read_side(&reader, flat, MC_SKETCH_LOSSES) &&
	       read_side(&reader, flat, MC_SKETCH_GAINS) && reader.at == reader.end;
}
