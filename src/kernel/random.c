/*
 * random.c
 *	  Philox4x32-10, many blocks abreast: no block waits for another, so the compiler may use vectors.
 */
#include "random.h"

#define ROUNDS 10
#define BLOCKS MC_RANDOM_BLOCKS

/* One round of the four words of every block. */
static inline void
mix(uint32_t x[4][BLOCKS], uint32_t key0, uint32_t key1)
{
	for (int i = 0; i < BLOCKS; i++)
	{
		uint64_t a = (uint64_t) x[0][i] * UINT32_C(0xD2511F53);
		uint64_t b = (uint64_t) x[2][i] * UINT32_C(0xCD9E8D57);

		x[0][i] = (uint32_t) (b >> 32) ^ x[1][i] ^ key0;
		x[1][i] = (uint32_t) b;
		x[2][i] = (uint32_t) (a >> 32) ^ x[3][i] ^ key1;
		x[3][i] = (uint32_t) a;
	}
}

void
mc_random_refill(McRandom *random)
{
	uint32_t x[4][BLOCKS];
	uint32_t key0 = random->key[0];
	uint32_t key1 = random->key[1];

	for (int i = 0; i < BLOCKS; i++)
	{
		uint64_t block = random->block + (uint64_t) i;

		x[0][i] = (uint32_t) block;
		x[1][i] = (uint32_t) (block >> 32);
		x[2][i] = random->stream;
		x[3][i] = random->purpose;
	}
	for (int round = 0; round < ROUNDS; round++)
	{
		mix(x, key0, key1);
		key0 += UINT32_C(0x9E3779B9);
		key1 += UINT32_C(0xBB67AE85);
	}
	for (int i = 0; i < MC_RANDOM_WORDS; i++)
		random->words[i] = x[i % 4][i / 4];
	random->block += BLOCKS;
	random->used = 0;
}

void
mc_random_start(McRandom *random, uint64_t seed, uint32_t stream, uint32_t purpose)
{
	random->key[0] = (uint32_t) seed;
	random->key[1] = (uint32_t) (seed >> 32);
	random->stream = stream;
	random->purpose = purpose;
	random->block = 0;
	random->used = MC_RANDOM_WORDS;
}
