/*
 * compat.h
 *	  The one place where PostgreSQL 15 to 18 differ.
 */
#ifndef MC_COMPAT_H
#define MC_COMPAT_H

#include "postgres.h"
#include "fmgr.h"

#if PG_VERSION_NUM < 150000
#error "margin_calib needs PostgreSQL 15 or later"
#endif

/* varlena macros moved out of postgres.h */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/* 18 writes pg_noreturn before a declaration instead */
#if PG_VERSION_NUM >= 180000
#define pg_attribute_noreturn() __attribute__((noreturn))
#endif

/* 18 can show the name and version of a loaded module */
#if PG_VERSION_NUM >= 180000
#define MC_MODULE_MAGIC PG_MODULE_MAGIC_EXT(.name = "margin_calib", .version = MC_VERSION)
#else
#define MC_MODULE_MAGIC PG_MODULE_MAGIC
#endif

/*
 * A PL-callable function: the symbol carries the prefix that exports.map lets out.
 */
#define MC_FUNCTION(name)      \
	PG_FUNCTION_INFO_V1(name); \
	Datum name(PG_FUNCTION_ARGS)

#endif
