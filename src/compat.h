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

/* 18 counts the searches of an index scan */
#if PG_VERSION_NUM >= 180000
#define mc_index_beginscan(table, index, snapshot, keys) \
	index_beginscan(table, index, snapshot, NULL, keys, 0)
#else
#define mc_index_beginscan(table, index, snapshot, keys) \
	index_beginscan(table, index, snapshot, keys, 0)
#endif

/* 16 renamed a relation's storage */
#if PG_VERSION_NUM >= 160000
#define mc_read_recent_buffer(relation, block, buffer) \
	ReadRecentBuffer((relation)->rd_locator, MAIN_FORKNUM, block, buffer)
#else
#define mc_read_recent_buffer(relation, block, buffer) \
	ReadRecentBuffer((relation)->rd_node, MAIN_FORKNUM, block, buffer)
#endif

/* 16 can leave out indexes that do not summarize */
#if PG_VERSION_NUM >= 160000
#define mc_insert_index_entries(indexes, slot, estate) \
	ExecInsertIndexTuples(indexes, slot, estate, false, false, NULL, NIL, false)
#else
#define mc_insert_index_entries(indexes, slot, estate) \
	ExecInsertIndexTuples(indexes, slot, estate, false, false, NULL, NIL)
#endif

/*
 * A PL-callable function: the symbol carries the prefix that exports.map lets out.
 */
#define MC_FUNCTION(name)      \
	PG_FUNCTION_INFO_V1(name); \
	Datum name(PG_FUNCTION_ARGS)

#endif
