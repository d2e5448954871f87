/*
 * command_start.c
 *	  What a command found when it began, for the triggers at its end.
 *
 * A snapshot sees what its transaction did before its command id.  The one under which a trigger of a command is called
 * has that of the command's start; one as new as any, but with that command id, sees all that others have committed and
 * nothing of what this command did, in whichever of its parts and tables.
 */
#include "compat.h"

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "nodes/value.h"
#include "parser/parse_func.h"
#include "utils/snapmgr.h"

/* Of the command whose trigger runs. */
static CommandId command_start = InvalidCommandId;

static Oid
function_of(const char *name, int count, const Oid *types)
{
	return LookupFuncName(list_make2(makeString("margin_calib"), makeString(pstrdup(name))), count,
	                      types, false);
}

/* margin_calib.check_margin() -> trigger: calls margin_calib.check_command() in its place */
MC_FUNCTION(mc_check_margin)
{
	CommandId outer = command_start;
	LOCAL_FCINFO(call, 0);
	FmgrInfo function;
	Datum result;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
		                errmsg("margin_calib.check_margin is a trigger function"),
		                errhint("margin_calib.enforce_margin makes its triggers.")));
	fmgr_info(function_of("check_command", 0, NULL), &function);
	InitFunctionCallInfoData(*call, &function, 0, InvalidOid, fcinfo->context, NULL);
	command_start = GetActiveSnapshot()->curcid;
	PG_TRY();
	{
		result = FunctionCallInvoke(call);
	}
	PG_FINALLY();
	{
		command_start = outer;
	}
	PG_END_TRY();
	return result;
}

/* margin_calib.book_at_start(arguments text[], account text, side integer) -> margin_calib.engine_book */
MC_FUNCTION(mc_book_at_start)
{
	static const Oid types[] = {TEXTARRAYOID, TEXTOID, INT4OID};
	Oid function = function_of("account_book", lengthof(types), types);
	Datum book;

	if (command_start == InvalidCommandId)
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
		                errmsg("no command runs whose start could be looked at"),
		                errhint("Only triggers of margin_calib.enforce_margin ask for it.")));
	PushCopiedSnapshot(GetTransactionSnapshot());
	GetActiveSnapshot()->curcid = command_start;
	book = OidFunctionCall3(function, PG_GETARG_DATUM(0), PG_GETARG_DATUM(1), PG_GETARG_DATUM(2));
	PopActiveSnapshot();
	return book;
}
