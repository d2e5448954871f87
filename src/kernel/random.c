/*
 * random.c
 *	  Philox4x32-10.
 */
#include "random.h"

#define ROUNDS 10

void
mc_philox4x32(const uint32_t counter[4], const uint32_t key[2], uint32_t words[4])
{
	uint32_t x0 = counter[0];
	uint32_t x1 = counter[1];
	uint32_t x2 = counter[2];
	uint32_t x3 = counter[3];
	uint32_t k0 = key[0];
	uint32_t k1 = key[1];

	for (int round = 0; round < ROUNDS; round++)
	{
		uint64_t a = (uint64_t) x0 * UINT32_C(0xD2511F53);
		uint64_t b = (uint64_t) x2 * UINT32_C(0xCD9E8D57);

		x0 = (uint32_t) (b >> 32) ^ x1 ^ k0;
		x1 = (uint32_t) b;
		x2 = (uint32_t) (a >> 32) ^ x3 ^ k1;
		x3 = (uint32_t) a;
		k0 += UINT32_C(0x9E3779B9);
		k1 += UINT32_C(0xBB67AE85);
	}
	words[0] = x0;
	words[1] = x1;
	words[2] = x2;
	words[3] = x3;
}

void
mc_random_start(McRandom *random, uint64_t seed, uint32_t stream, uint32_t purpose)
{
	random->key[0] = (uint32_t) seed;
	random->key[1] = (uint32_t) (seed >> 32);
	random->counter[0] = random->counter[1] = 0;
	random->counter[2] = stream;
	random->counter[3] = purpose;
	random->left = 0;
}

void
mc_random_refill(McRandom *random)
{
	mc_philox4x32(random->counter, random->key, random->words);
	if (++random->counter[0] == 0)
		random->counter[1]++;
	random->left = 4;
}
