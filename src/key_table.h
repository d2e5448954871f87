/*
 * key_table.h
 *	  Numbers for the distinct values of a column, in the order that they come.
 *
 * Values are equal when their integer value, their bytes (character types) or their output text (other types) is.
 */
#ifndef MC_KEY_TABLE_H
#define MC_KEY_TABLE_H

#include "compat.h"

#define MC_NO_KEY PG_UINT32_MAX

typedef struct McKeyTable
{
	MemoryContext context;
	Oid type;
	FmgrInfo output; /* of a type that is neither a number nor a string */
	uint32 count;
	uint32 capacity;
	uint32 *slots; /* number + 1; open addressing, half empty at least */
	uint32 mask;
	uint32 *hashes;
	union McKey
	{
		int64 number; /* of an integer type */
		text *string; /* of another; NULL for the SQL NULL */
	} * keys;
	uint32 latest; /* the number asked for last: rows that come together hit it */
	uint32 null;   /* the number of the SQL NULL */
	Size bytes;
} McKeyTable;

extern void mc_key_table_init(McKeyTable *table, Oid type, MemoryContext context);

/* The number of a value of the table's type, a new one when it is new. */
extern uint32 mc_key_number(McKeyTable *table, Datum value, bool is_null);

/* The number of a value of the type, MC_NO_KEY when it is not in the table. */
extern uint32 mc_key_find(McKeyTable *table, Oid type, FmgrInfo *output, Datum value);

/* May a value of one type be looked for among those of another? */
extern bool mc_keys_comparable(Oid a, Oid b);

/* A number's value as text; NULL for the SQL NULL. */
extern text *mc_key_text(const McKeyTable *table, uint32 number);

/* The numbers in the order of their values: integers in numeric order, others in byte order, NULL last. */
extern uint32 *mc_keys_in_order(McKeyTable *table);

#endif
