/*
 * series_columns.c
 *	  The three columns of a price relation: found, allowed and of the right type.
 */
#include "compat.h"

#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rls.h"

#include "series_columns.h"

bool
mc_is_integer_type(Oid type)
{
	return type == INT2OID || type == INT4OID || type == INT8OID;
}

bool
mc_is_string_type(Oid type)
{
	return type == TEXTOID || type == VARCHAROID || type == BPCHAROID;
}

static void
check_type(Relation rel, const char *name, const char *role, Oid type, bool good,
           const char *wanted)
{
	if (good)
		return;
	ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
	                errmsg("the %s column must be of type %s", role, wanted),
	                errdetail("Column \"%s\" of \"%s\" is of type %s.", name,
	                          RelationGetRelationName(rel), format_type_be(type)),
	                errhint("Name another column, or give a view that casts this one.")));
}

static void
locate_column(Relation rel, const char *name, McColumn *column)
{
	AttrNumber attno = get_attnum(RelationGetRelid(rel), name);
	Form_pg_attribute attribute;

	if (attno <= 0)
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN),
		                errmsg("column \"%s\" of relation \"%s\" does not exist", name,
		                       RelationGetRelationName(rel)),
		                errhint("Write the column's name as it stands in pg_attribute, without "
		                        "double quotes.")));
	attribute = TupleDescAttr(RelationGetDescr(rel), attno - 1);
	column->attno = attno;
	column->type = getBaseType(attribute->atttypid);
	column->length = attribute->attlen;
	column->by_value = attribute->attbyval;
	column->offset = -1;
}

static void
check_select(Relation rel, const McColumn *column, const char *name)
{
	Oid relid = RelationGetRelid(rel);

	if (pg_class_aclcheck(relid, GetUserId(), ACL_SELECT) != ACLCHECK_OK &&
	    pg_attribute_aclcheck(relid, column->attno, GetUserId(), ACL_SELECT) != ACLCHECK_OK)
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
		                errmsg("permission denied for column \"%s\" of relation \"%s\"", name,
		                       RelationGetRelationName(rel)),
		                errhint("Ask its owner for GRANT SELECT.")));
}

void
mc_find_column(Relation rel, const char *name, McColumn *column)
{
	locate_column(rel, name, column);
	check_select(rel, column, name);
}

void
mc_check_series_relation(Relation rel)
{
	if (strchr("rpfmv", rel->rd_rel->relkind) == NULL)
		ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
		                errmsg("\"%s\" is not a table or view", RelationGetRelationName(rel)),
		                errhint("Give a table, a partitioned or foreign table, or a view.")));
	if (check_enable_rls(RelationGetRelid(rel), InvalidOid, false) == RLS_ENABLED)
		ereport(ERROR,
		        (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
		         errmsg("cannot read \"%s\" directly: row-level security applies to it",
		                RelationGetRelationName(rel)),
		         errhint("Use the aggregate or window function in a query, or give a view with "
		                 "security_invoker: both see the rows that the policies allow.")));
	if (RELATION_IS_OTHER_TEMP(rel))
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
		                errmsg("cannot access temporary tables of other sessions")));
}

void
mc_find_series_columns(Relation rel, const char *const *names, McColumn *columns)
{
	Oid ts;
	Oid price;

	for (int i = 0; i < MC_COLUMNS; i++)
		mc_find_column(rel, names[i], &columns[i]);
	ts = columns[MC_TS].type;
	price = columns[MC_PRICE].type;
	check_type(rel, names[MC_TS], "time", ts,
	           ts == TIMESTAMPTZOID || ts == TIMESTAMPOID || ts == DATEOID,
	           "timestamptz, timestamp or date");
	check_type(rel, names[MC_PRICE], "price", price,
	           mc_is_integer_type(price) || price == FLOAT8OID || price == FLOAT4OID ||
	               price == NUMERICOID,
	           "float8, float4, numeric or an integer type");
}

bool
mc_is_plain_relation(Relation rel, const McColumn *columns, int count)
{
	if (rel->rd_rel->relkind != RELKIND_RELATION && rel->rd_rel->relkind != RELKIND_MATVIEW)
		return false;
	if (!RelationIsScannable(rel))
		return false;
	/* children hold rows too; a distributed table's local heap is an empty shell */
	if (rel->rd_rel->relhassubclass || OidIsValid(get_extension_oid("citus", true)))
		return false;
	/* a virtual generated column is not in the tuple */
	for (int i = 0; i < count; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(RelationGetDescr(rel), columns[i].attno - 1);

		if (attribute->attgenerated != '\0' && attribute->attgenerated != 's')
			return false;
	}
	return true;
}

const char *
mc_column_argument(FunctionCallInfo fcinfo, int argument, const char *role, const char *function)
{
	if (PG_ARGISNULL(argument))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
		                errmsg("the %s column must not be null", role),
		                errhint("Write %s('prices', policy('crypto_venue'), "
		                        "instrument => 'symbol', ts => 'ts', price => 'close').",
		                        function)));
	return NameStr(*PG_GETARG_NAME(argument));
}
