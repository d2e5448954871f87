/*
 * errors.c
 *	  From kernel statuses, wrong contexts and limits to PostgreSQL errors.
 */
#include "compat.h"

#include "miscadmin.h"

#include "errors.h"
#include "module.h"

static bool
interrupt_is_pending(void *arg)
{
	return InterruptPending && (QueryCancelPending || ProcDiePending);
}

const McPoll mc_interrupt_poll = {interrupt_is_pending, NULL};

void
mc_check_status(McStatus status)
{
	switch (status)
	{
		case MC_OK:
		case MC_TOO_FEW:
			return;
		case MC_OVERFLOW:
			ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			                errmsg("value out of range: overflow"),
			                errdetail("The inputs are finite but the result is not."),
			                errhint("Rescale the inputs, or ask for fewer periods a year.")));
			break;
		case MC_STOPPED:
			CHECK_FOR_INTERRUPTS();
			/* interrupts were held off: report the cancel that stopped the kernel */
			ereport(ERROR, (errcode(ERRCODE_QUERY_CANCELED),
			                errmsg("canceling statement due to user request")));
			break;
	}
}

MemoryContext
mc_aggregate_context(FunctionCallInfo fcinfo, const char *name)
{
	MemoryContext context;

	if (!AggCheckCallContext(fcinfo, &context))
		elog(ERROR, "%s called in non-aggregate context", name);
	return context;
}

void
mc_check_state_size(Size bytes)
{
	if (bytes > (Size) mc_max_state_mb * 1024 * 1024)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
		                errmsg("state exceeds margin_calib.max_state_mb"),
		                errdetail("The state needs %zu MB, the limit is %d MB.",
		                          bytes / (1024 * 1024) + 1, mc_max_state_mb),
		                errhint("Aggregate or scan fewer rows at once, or raise "
		                        "margin_calib.max_state_mb.")));
}

Size
mc_grown_capacity(Size capacity, Size needed, Size row)
{
	Size limit = (Size) mc_max_state_mb * 1024 * 1024 / row;

	mc_check_state_size(mul_size(needed, row));
	return Min(Max(2 * capacity, needed), limit);
}

void
mc_check_confidence(double confidence)
{
	if (!(confidence > 0 && confidence < 1))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("confidence must lie strictly between 0 and 1"),
		                errdetail("The confidence given is %g.", confidence),
		                errhint("Write 0.99 for the worst one percent.")));
}
