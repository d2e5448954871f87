/*
 * random.h
 *	  Random numbers by counter: the i-th word of a stream is a function of (seed, stream, purpose, i).
 *
 * Philox4x32-10: J. K. Salmon, M. A. Moraes, R. O. Dror and D. E. Shaw, "Parallel random numbers: as easy
 * as 1, 2, 3", SC'11 (2011).  Key: the seed; counter: block number (64 bits), stream, purpose.  Integer
 * arithmetic, the same on every machine; held against the published known answers in
 * test/unit/test_random.c.
 */
#ifndef MC_RANDOM_H
#define MC_RANDOM_H

#include <stdint.h>

#define MC_RANDOM_BLOCKS 16 /* made at a time */
#define MC_RANDOM_WORDS (4 * MC_RANDOM_BLOCKS)

typedef struct McRandom
{
	uint32_t key[2];
	uint32_t stream;
	uint32_t purpose;
	uint64_t block; /* the next one */
	uint32_t used;  /* words of those below */
	uint32_t words[MC_RANDOM_WORDS];
} McRandom;

/* The beginning of a stream. */
extern void mc_random_start(McRandom *random, uint64_t seed, uint32_t stream, uint32_t purpose);

/* Make the next words. */
extern void mc_random_refill(McRandom *random);

/* The next 32 bits. */
static inline uint32_t
mc_random_word(McRandom *random)
{
	if (random->used == MC_RANDOM_WORDS)
		mc_random_refill(random);
	return random->words[random->used++];
}

/*
 * A whole number from 0 to n - 1, n > 0, each exactly as likely: D. Lemire, "Fast random integer
 * generation in an interval", ACM TOMACS 29 (2019).  `reject` is mc_random_reject(n).
 */
static inline uint32_t
mc_random_below(McRandom *random, uint32_t n, uint32_t reject)
{
	uint64_t product;

	do
		product = (uint64_t) mc_random_word(random) * n;
	while ((uint32_t) product < reject);
	return (uint32_t) (product >> 32);
}

/* 2^32 modulo n */
static inline uint32_t
mc_random_reject(uint32_t n)
{
	return (UINT32_MAX - n + 1) % n;
}

#endif
