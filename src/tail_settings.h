/*
 * tail_settings.h
 *	  Confidences, quantile type and method of a tail aggregate: read once, the same in every row.
 */
#ifndef MC_TAIL_SETTINGS_H
#define MC_TAIL_SETTINGS_H

#include "compat.h"
#include "kernel/tail.h"
#include "kernel/tail_methods.h"

typedef struct TailSettings
{
	bool constant;            /* the query says that the arguments are the same in every row */
	double confidence;        /* the first level, the only one but for tail_risk */
	int32 levels;             /* how many */
	McQuantileType type;      /* of value_at_risk */
	McShortfallMethod method; /* of expected_shortfall */
	double *confidences;      /* all levels */
	const char *given;        /* bytes of the array or text argument; NULL after a combine */
	Size given_size;
} TailSettings;

/* What a text argument names. */
typedef enum TailName
{
	TAIL_QUANTILE_TYPE,
	TAIL_METHOD
} TailName;

/*
 * Each comes in two forms.  The _read one checks an argument (SQLSTATE 22023, 22004, 2202E) and
 * keeps it, allocating in the context given.  The _same one raises 22023, naming both, when the
 * argument differs from the one kept; it is what runs for every row.
 */
extern void mc_tail_confidence_read(TailSettings *settings, FunctionCallInfo fcinfo, int arg,
                                    MemoryContext context);
extern void mc_tail_levels_read(TailSettings *settings, FunctionCallInfo fcinfo, int arg,
                                MemoryContext context);
extern void mc_tail_name_read(TailSettings *settings, TailName name, FunctionCallInfo fcinfo,
                              int arg, MemoryContext context);

extern void mc_tail_confidence_differs(const TailSettings *settings, FunctionCallInfo fcinfo,
                                       int arg);
extern void mc_tail_levels_compare(const TailSettings *settings, FunctionCallInfo fcinfo, int arg);
extern void mc_tail_name_compare(const TailSettings *settings, TailName name,
                                 FunctionCallInfo fcinfo, int arg);

static inline void
mc_tail_confidence_same(const TailSettings *settings, FunctionCallInfo fcinfo, int arg)
{
	if (unlikely(PG_ARGISNULL(arg) || PG_GETARG_FLOAT8(arg) != settings->confidence))
		mc_tail_confidence_differs(settings, fcinfo, arg);
}

static inline void
mc_tail_levels_same(const TailSettings *settings, FunctionCallInfo fcinfo, int arg)
{
	if (unlikely(!settings->constant))
		mc_tail_levels_compare(settings, fcinfo, arg);
}

static inline void
mc_tail_name_same(const TailSettings *settings, TailName name, FunctionCallInfo fcinfo, int arg)
{
	if (unlikely(!settings->constant))
		mc_tail_name_compare(settings, name, fcinfo, arg);
}

/* Two partial states must agree as two rows must. */
extern void mc_tail_settings_agree(const TailSettings *a, const TailSettings *b);

/* A copy in a context. */
extern void mc_tail_settings_copy(TailSettings *to, const TailSettings *from,
                                  MemoryContext context);

#endif
