/*
 * tail_parametric.h
 *	  What the fitted and the given distributions share.
 */
#ifndef MC_TAIL_PARAMETRIC_H
#define MC_TAIL_PARAMETRIC_H

#include "compat.h"

/* 22023 unless at least 1. */
extern void mc_check_degrees_of_freedom(double degrees_of_freedom);

#endif
