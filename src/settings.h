/*
 * settings.h
 *	  The settings of an aggregate: arguments that must be the same in every row of a group.
 *
 * Read in the first row, compared in the others, asked for by the final function.
 */
#ifndef MC_SETTINGS_H
#define MC_SETTINGS_H

#include "compat.h"
#include "lib/stringinfo.h"

#define MC_MAX_SETTINGS 6

typedef struct McSetting
{
	Datum value; /* in the memory of the aggregate */
	Oid type;
	int16 length;
	bool by_value;
	bool constant; /* the query says that it is the same in every row */
} McSetting;

typedef struct McSettings
{
	int count;
	McSetting items[MC_MAX_SETTINGS];
} McSettings;

/*
 * Is an argument of the running aggregate a constant or a parameter of the query?  A window
 * function cannot tell: then every row is compared.
 */
extern bool mc_constant_argument(FunctionCallInfo fcinfo, int arg);

/* Keep the arguments from number `first` on, in a context; SQLSTATE 22004 for a NULL. */
extern void mc_settings_read(McSettings *settings, FunctionCallInfo fcinfo, int first,
                             MemoryContext context);

/* 22023, naming both values, when an argument differs from the one kept. */
extern void mc_settings_compare(const McSettings *settings, FunctionCallInfo fcinfo, int first);

/* The same for the settings of two partial states. */
extern void mc_settings_agree(const McSettings *a, const McSettings *b);

extern void mc_settings_copy(McSettings *to, const McSettings *from, MemoryContext context);

/* As a parallel worker sends them. */
extern void mc_settings_send(StringInfo buffer, const McSettings *settings);
extern void mc_settings_receive(StringInfo buffer, McSettings *settings);

/* Was setting i (from 0) given?  A shorter overload has fewer. */
static inline bool
mc_setting_given(const McSettings *settings, int i)
{
	return i < settings->count;
}

extern double mc_setting_float8(const McSettings *settings, int i);
extern int32 mc_setting_int32(const McSettings *settings, int i);
extern int64 mc_setting_int64(const McSettings *settings, int i);
extern bool mc_setting_bool(const McSettings *settings, int i);

/*
 * The index of a text among the names, a list that NULL ends; 22023 that names the text and lists
 * the names when it is none of them.  `what` is the argument's name: 'estimator'.
 */
extern int mc_setting_choice(const McSettings *settings, int i, const char *const *names,
                             const char *what);

/* The same for a text argument of a plain or window function. */
extern int mc_choice(text *given, const char *const *names, const char *what);

#endif
