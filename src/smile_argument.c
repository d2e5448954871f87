/*
 * smile_argument.c
 *	  A margin_calib.svi as an argument.
 */
#include "smile_argument.h"

#include "executor/executor.h"
#include "utils/float.h"

static void
check_smile(const McSvi *smile)
{
	if (!mc_svi_is_valid(smile))
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("these parameters are no smile"),
		         errdetail("a %s, b %s, rho %s, m %s, sigma %s.", float8out_internal(smile->a),
		                   float8out_internal(smile->b), float8out_internal(smile->rho),
		                   float8out_internal(smile->m), float8out_internal(smile->sigma)),
		         errhint("b must be at least 0, rho lie between -1 and 1, sigma be positive, and "
		                 "a + b sigma sqrt(1 - rho^2), the least total variance, at least 0.")));
}

McFound
mc_smile_argument(FunctionCallInfo fcinfo, int arg, McSvi *smile)
{
	HeapTupleHeader row = PG_GETARG_HEAPTUPLEHEADER(arg);
	double *const fields[] = {&smile->a, &smile->b, &smile->rho, &smile->m, &smile->sigma};
	double sum = 0;

	for (int i = 0; i < 5; i++)
	{
		bool is_null;
		Datum value = GetAttributeByNum(row, i + 1, &is_null);

		if (is_null)
			return MC_NO_SMILE;
		*fields[i] = DatumGetFloat8(value);
		if (isnan(*fields[i]))
			sum = NAN;
	}
	if (isnan(sum))
		return MC_NO_NUMBER;
	check_smile(smile);
	return MC_SMILE;
}
