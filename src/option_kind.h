/*
 * option_kind.h
 *	  Calls and puts as SQL writes them.
 */
#ifndef MC_OPTION_KIND_H
#define MC_OPTION_KIND_H

#include "compat.h"

/* 'call', 'put', 'c' or 'p', in any case; false for anything else. */
extern bool mc_option_kind_known(text *kind, bool *call);

#endif
