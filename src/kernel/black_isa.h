/*
 * black_isa.h
 *	  Instruction sets that black_body.h is compiled for, and whether this machine has them.
 *
 * They are chosen at run time: nothing is built for one machine.  Other machines than x86-64 have the
 * base only, vectors of two.
 */
#ifndef MC_BLACK_ISA_H
#define MC_BLACK_ISA_H

#include <stdbool.h>

#if defined(__x86_64__) && defined(__GNUC__)

#define MC_HAVE_AVX
#define MC_TARGET_AVX2 __attribute__((target("avx2,fma")))
#define MC_TARGET_AVX512 __attribute__((target("avx2,fma,avx512f,avx512dq,avx512vl")))

static inline bool
mc_has_avx2(void)
{
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static inline bool
mc_has_avx512(void)
{
	return mc_has_avx2() && __builtin_cpu_supports("avx512f") &&
	       __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

#endif

#endif
