/*
 * checked.c
 *	  One way for functions in SQL to refuse a value: they stay IMMUTABLE and BEGIN ATOMIC, and the
 *	  error has a SQLSTATE, the value and a hint as everywhere else.
 */
#include "compat.h"

#include "utils/builtins.h"
#include "utils/lsyscache.h"

static char *
text_argument(FunctionCallInfo fcinfo, int arg)
{
	return PG_ARGISNULL(arg) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(arg));
}

static pg_attribute_noreturn() void refuse(FunctionCallInfo fcinfo)
{
	char *rule = text_argument(fcinfo, 2);
	char *hint = text_argument(fcinfo, 3);
	Oid out;
	bool varlena;

	getTypeOutputInfo(get_fn_expr_argtype(fcinfo->flinfo, 0), &out, &varlena);
	ereport(ERROR,
	        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
	         errmsg("%s", rule ? rule : "a value is out of range"),
	         errdetail("The value given is %s.", OidOutputFunctionCall(out, PG_GETARG_DATUM(0))),
	         hint ? errhint("%s", hint) : 0));
}

/* margin_calib.checked(value anyelement, is_valid boolean, rule text, hint text) -> anyelement */
MC_FUNCTION(mc_checked)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	if (PG_ARGISNULL(1) || !PG_GETARG_BOOL(1))
		refuse(fcinfo);
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}
