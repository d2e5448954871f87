/*
 * test_sketch_bytes.c
 *	  The bytes of a sketch: back again, cut short, changed, and written by hand.
 */
#include "sketching.h"

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
		for (int change = 0; change < (int) unit_repeats(400, 0); change++)
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
	check(unsound == 0 && taken > (int) unit_repeats(1000, 0),
	      "changed bytes are refused, or a sketch (%d were)", taken);
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

/* A sum of offsets beyond 64 bits comes back whole. */
static void
wide_sums(void)
{
	const uint64_t one = UINT64_C(1023) << 52;
	McSketchBucket bucket = {one + (UINT64_C(5) << 40), UINT64_C(1) << 31, 12345, 33};
	McSketch sketch;
	McSketch coarse;
	McSketchNeed need;
	Packed packed;
	Packed back;

	mc_sketch_init(&sketch, 16);
	mc_sketch_init(&coarse, 16);
	for (int i = 0; i < 16; i++)
		add(&sketch, 1e9);
	coarse.sides[MC_SKETCH_LOSSES].level = (1023 >> 2) + 40;
	mc_sketch_adopt(&sketch, &coarse);
	while ((need = mc_sketch_add_bucket(&sketch, MC_SKETCH_LOSSES, &bucket)) != MC_SKETCH_READY)
		serve(&sketch, need);
	packed = pack(&sketch);
	check(decode(packed.bytes, packed.length, &back) &&
	          memcmp(&back.flat.sides[MC_SKETCH_LOSSES].buckets[0], &bucket, sizeof(bucket)) == 0,
	      "a sum of offsets beyond 64 bits");
	unpack(&back);
	unpack(&packed);
	forget(&sketch);
}

void
test_sketch_bytes(void)
{
	wide_sums();
	hostile_bytes();
	bytes_by_hand();
}
