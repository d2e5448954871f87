/*
 * black_single.h
 *	  black_body.h for one option at a time: for the base, and with fused multiplication where there is any.
 */
#ifndef MC_BLACK_SINGLE_H
#define MC_BLACK_SINGLE_H

#include "black_isa.h"

#define MC_WIDTH 2
#define MC_SINGLE 1

#define MC_ISA base
#define MC_FUSED 0
#define MC_TARGET
#include "black_body.h"

#ifdef MC_HAVE_AVX
#undef MC_ISA
#undef MC_FUSED
#undef MC_TARGET
#define MC_ISA avx2
#define MC_FUSED 1
#define MC_TARGET MC_TARGET_AVX2
#include "black_body.h"
#endif

#endif
