/*
 * smile_argument.h
 *	  A margin_calib.svi as an argument.
 */
#ifndef MC_SMILE_ARGUMENT_H
#define MC_SMILE_ARGUMENT_H

#include "compat.h"

#include "kernel/svi.h"

typedef enum McFound
{
	MC_NO_SMILE,  /* a parameter is NULL */
	MC_NO_NUMBER, /* one is NaN */
	MC_SMILE
} McFound;

/* The smile that is an argument of the running function; 22023 unless it is one. */
extern McFound mc_smile_argument(FunctionCallInfo fcinfo, int arg, McSvi *smile);

#endif
