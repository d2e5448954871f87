/*
 * settings.c
 *	  The settings of an aggregate: arguments that must be the same in every row of a group.
 *
 * A constant of the query needs no look at all.  Else a value is compared with the one kept, which
 * costs a row one comparison of a word or of memory.
 */
#include "compat.h"

#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "nodes/primnodes.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"

#include "settings.h"

bool
mc_constant_argument(FunctionCallInfo fcinfo, int arg)
{
	Aggref *aggref = AggGetAggref(fcinfo);
	Expr *expr;

	if (aggref == NULL || list_length(aggref->args) < arg)
		return false;
	expr = list_nth_node(TargetEntry, aggref->args, arg - 1)->expr;
	return IsA(expr, Const) || (IsA(expr, Param) && ((Param *) expr)->paramkind == PARAM_EXTERN);
}

static void
check_not_null(FunctionCallInfo fcinfo, int arg)
{
	if (PG_ARGISNULL(arg))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
		                errmsg("a setting of an aggregate must not be NULL"),
		                errdetail("Argument %d is NULL.", arg),
		                errhint("Write a constant, or leave the argument out for its default.")));
}

/* An argument as a plain value: a varlena neither compressed nor elsewhere. */
static Datum
plain_argument(FunctionCallInfo fcinfo, int arg, const McSetting *setting)
{
	Datum value = PG_GETARG_DATUM(arg);

	return setting->length == -1 ? PointerGetDatum(PG_DETOAST_DATUM(value)) : value;
}

void
mc_settings_read(McSettings *settings, FunctionCallInfo fcinfo, int first, MemoryContext context)
{
	settings->count = PG_NARGS() - first;
	if (settings->count > MC_MAX_SETTINGS)
		elog(ERROR, "too many settings");
	for (int i = 0; i < settings->count; i++)
	{
		McSetting *setting = &settings->items[i];
		MemoryContext before;

		check_not_null(fcinfo, first + i);
		setting->type = get_fn_expr_argtype(fcinfo->flinfo, first + i);
		get_typlenbyval(setting->type, &setting->length, &setting->by_value);
		setting->constant = mc_constant_argument(fcinfo, first + i);
		before = MemoryContextSwitchTo(context);
		setting->value = datumCopy(plain_argument(fcinfo, first + i, setting), setting->by_value,
		                           setting->length);
		MemoryContextSwitchTo(before);
	}
}

static char *
value_text(Datum value, Oid type)
{
	Oid function;
	bool is_varlena;

	getTypeOutputInfo(type, &function, &is_varlena);
	return OidOutputFunctionCall(function, value);
}

static void
check_same(const McSetting *kept, Datum found)
{
	if (!datumIsEqual(found, kept->value, kept->by_value, kept->length))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("the settings of an aggregate must be the same in every row"),
		                errdetail("Found %s after %s.", value_text(found, kept->type),
		                          value_text(kept->value, kept->type)),
		                errhint("Write them as constants, or group by them.")));
}

void
mc_settings_compare(const McSettings *settings, FunctionCallInfo fcinfo, int first)
{
	for (int i = 0; i < settings->count; i++)
	{
		const McSetting *setting = &settings->items[i];

		if (likely(setting->constant))
			continue;
		check_not_null(fcinfo, first + i);
		check_same(setting, plain_argument(fcinfo, first + i, setting));
	}
}

void
mc_settings_agree(const McSettings *a, const McSettings *b)
{
	for (int i = 0; i < a->count; i++)
		check_same(&a->items[i], b->items[i].value);
}

void
mc_settings_copy(McSettings *to, const McSettings *from, MemoryContext context)
{
	MemoryContext before = MemoryContextSwitchTo(context);

	*to = *from;
	for (int i = 0; i < from->count; i++)
		to->items[i].value =
		    datumCopy(from->items[i].value, from->items[i].by_value, from->items[i].length);
	MemoryContextSwitchTo(before);
}

void
mc_settings_send(StringInfo buffer, const McSettings *settings)
{
	pq_sendint32(buffer, settings->count);
	for (int i = 0; i < settings->count; i++)
	{
		const McSetting *setting = &settings->items[i];
		Size size = datumEstimateSpace(setting->value, false, setting->by_value, setting->length);
		char *start;

		pq_sendint32(buffer, setting->type);
		enlargeStringInfo(buffer, (int) size);
		start = buffer->data + buffer->len;
		datumSerialize(setting->value, false, setting->by_value, setting->length, &start);
		buffer->len += (int) size;
	}
}

void
mc_settings_receive(StringInfo buffer, McSettings *settings)
{
	settings->count = pq_getmsgint(buffer, 4);
	for (int i = 0; i < settings->count; i++)
	{
		McSetting *setting = &settings->items[i];
		char *start;
		bool is_null;

		setting->type = pq_getmsgint(buffer, 4);
		get_typlenbyval(setting->type, &setting->length, &setting->by_value);
		setting->constant = false;
		start = buffer->data + buffer->cursor;
		setting->value = datumRestore(&start, &is_null);
		buffer->cursor = (int) (start - buffer->data);
	}
}

double
mc_setting_float8(const McSettings *settings, int i)
{
	return DatumGetFloat8(settings->items[i].value);
}

int32
mc_setting_int32(const McSettings *settings, int i)
{
	return DatumGetInt32(settings->items[i].value);
}

int64
mc_setting_int64(const McSettings *settings, int i)
{
	return DatumGetInt64(settings->items[i].value);
}

bool
mc_setting_bool(const McSettings *settings, int i)
{
	return DatumGetBool(settings->items[i].value);
}

int
mc_choice(text *given, const char *const *names, const char *what)
{
	const char *start = VARDATA_ANY(given);
	int length = VARSIZE_ANY_EXHDR(given);
	StringInfoData list;

	for (int i = 0; names[i] != NULL; i++)
		if (strlen(names[i]) == length && memcmp(names[i], start, length) == 0)
			return i;

	initStringInfo(&list);
	for (int i = 0; names[i] != NULL; i++)
		appendStringInfo(&list, "%s'%s'", i == 0 ? "" : ", ", names[i]);
	ereport(ERROR,
	        (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("unknown %s", what),
	         errdetail("The %s given is \"%.*s\".", what, pg_mbcliplen(start, length, 60), start),
	         errhint("Use one of %s.", list.data)));
}

int
mc_setting_choice(const McSettings *settings, int i, const char *const *names, const char *what)
{
	return mc_choice(DatumGetTextPP(settings->items[i].value), names, what);
}
