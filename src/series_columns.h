/*
 * series_columns.h
 *	  The three columns of a price relation: found, allowed and of the right type.
 */
#ifndef MC_SERIES_COLUMNS_H
#define MC_SERIES_COLUMNS_H

#include "compat.h"

#include "catalog/pg_type.h"
#include "utils/fmgrprotos.h"
#include "utils/rel.h"

enum
{
	MC_INSTRUMENT,
	MC_TS,
	MC_PRICE,
	MC_COLUMNS
};

typedef struct McColumn
{
	AttrNumber attno;
	Oid type;   /* a domain's base type */
	int offset; /* from the start of the tuple's data, -1 when it varies */
	int16 length;
	bool by_value;
} McColumn;

/* Errors as in series_scan.h unless the relation and its columns may be read. */
extern void mc_check_series_relation(Relation rel);
extern void mc_find_column(Relation rel, const char *name, McColumn *column);
extern void mc_find_series_columns(Relation rel, const char *const *names, McColumn *columns);

/* May the relation's own storage be read without the executor, and give for these columns what a query would? */
extern bool mc_is_plain_relation(Relation rel, const McColumn *columns, int count);

/* The name argument that says which column is the instrument, ts or price; 22004 with an example of `function`. */
extern const char *mc_column_argument(FunctionCallInfo fcinfo, int argument, const char *role,
                                      const char *function);

extern bool mc_is_integer_type(Oid type);
extern bool mc_is_string_type(Oid type);

/* A column of float8, float4, numeric or an integer as float8; numeric leaves garbage in the current context. */
static inline double
mc_number_value(Oid type, Datum value)
{
	switch (type)
	{
		case FLOAT8OID:
			return DatumGetFloat8(value);
		case FLOAT4OID:
			return DatumGetFloat4(value);
		case INT2OID:
			return DatumGetInt16(value);
		case INT4OID:
			return DatumGetInt32(value);
		case INT8OID:
			return (double) DatumGetInt64(value);
		default:
			return DatumGetFloat8(DirectFunctionCall1(numeric_float8, value));
	}
}

#endif
