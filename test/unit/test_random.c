/*
 * test_random.c
 *	  Philox4x32-10 beside the known answers that Random123 ships (tests/kat_vectors), and its use as
 *	  streams of words and of whole numbers.
 */
#include <stdint.h>
#include <string.h>

#include "kernel/random.h"
#include "unit.h"

static void
known_answers(void)
{
	static const struct
	{
		uint32_t counter[4];
		uint32_t key[2];
		uint32_t words[4];
	} answers[] = {
	    {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
	    {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
	     {0xffffffff, 0xffffffff},
	     {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
	    {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
	     {0xa4093822, 0x299f31d0},
	     {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
	};

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
	{
		const uint32_t *c = answers[i].counter;
		const uint32_t *k = answers[i].key;
		McRandom random;

		mc_random_start(&random, (uint64_t) k[1] << 32 | k[0], c[2], c[3]);
		random.block = (uint64_t) c[1] << 32 | c[0];
		mc_random_refill(&random);
		check(memcmp(random.words, answers[i].words, sizeof(answers[i].words)) == 0,
		      "known answer %zu", i + 1);
	}
}

static void
streams(void)
{
	uint32_t want[4];
	McRandom random;
	McRandom far;
	bool same = true;

	/* block 31, by another way, and the carry of the block number */
	mc_random_start(&random, UINT64_C(0x0123456789abcdef), 7, 3);
	far = random;
	far.block = 31;
	mc_random_refill(&far);
	for (int i = 0; i < 4 * 31; i++)
		(void) mc_random_word(&random);
	for (int i = 0; i < 8; i++)
		same = same && mc_random_word(&random) == far.words[i];
	check(same, "words come in the order of their blocks");
	far.block = UINT64_C(1) << 32;
	mc_random_refill(&far);
	memcpy(want, far.words, sizeof(want));
	far.block = (UINT64_C(1) << 32) - 1;
	mc_random_refill(&far);
	check(memcmp(far.words + 4, want, sizeof(want)) == 0, "the block number carries");
}

static void
whole_numbers(void)
{
	McRandom random;
	McRandom words;
	uint32_t n = 3000000000;
	uint32_t counts[7] = {0};
	double chi = 0;
	int wrong = 0;

	check(mc_random_reject(3) == 1 && mc_random_reject(1) == 0 &&
	          mc_random_reject(UINT32_C(1) << 31) == 0 && mc_random_reject(n) == 1294967296 &&
	          mc_random_reject(UINT32_MAX) == 1,
	      "2^32 modulo n");
	mc_random_start(&random, 5, 0, 0);
	for (int i = 0; i < 70000; i++)
		counts[mc_random_below(&random, 7, mc_random_reject(7))]++;
	for (int i = 0; i < 7; i++)
		chi += (counts[i] - 10000.) * (counts[i] - 10000.) / 10000;
	check(chi < 22.5, "numbers below 7 are equally likely: chi-square %.3g with 6 degrees", chi);

	/* words whose product ends below 2^32 mod n are passed over */
	mc_random_start(&random, 6, 1, 2);
	mc_random_start(&words, 6, 1, 2);
	for (int i = 0; i < 1000; i++)
	{
		uint64_t product;

		do
			product = (uint64_t) mc_random_word(&words) * n;
		while (product % (UINT64_C(1) << 32) < (UINT64_C(1) << 32) % n);
		wrong += mc_random_below(&random, n, mc_random_reject(n)) != product >> 32;
	}
	check(wrong == 0, "rejection leaves every number below 3e9 as likely");
}

void
test_random(void)
{
	known_answers();
	streams();
	whole_numbers();
}
