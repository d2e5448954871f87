/*
 * surface_measures.c
 *	  margin_calib.variance_swap_rate, strike_at_delta, risk_reversal and butterfly of a smile.
 */
#include "compat.h"

#include <math.h>

#include "executor/executor.h"
#include "utils/float.h"

#include "errors.h"
#include "kernel/smile_measures.h"
#include "option_args.h"
#include "settings.h"
#include "smile_argument.h"

static const char *const premiums[] = {"currency", "coin", NULL};

static void
check_positive(double value, const char *name, const char *hint)
{
	if (!(value > 0) || isinf(value))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("%s must be positive and finite", name),
		                errdetail("The %s given is %s.", name, float8out_internal(value)),
		                errhint("%s", hint)));
}

static void
check_delta(double delta)
{
	if (!(delta > 0 && delta <= 0.5))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("delta must lie between 0 and 0.5"),
		                errdetail("The delta given is %s.", float8out_internal(delta)),
		                errhint("Write its size, 0.25 for puts too. A call of delta 0.75 has the "
		                        "strike of the put of delta 0.25.")));
}

/* 22003 when finite inputs lead to an answer that is not. */
static Datum
finite_answer(double value)
{
	if (!isfinite(value))
		mc_check_status(MC_OVERFLOW);
	return Float8GetDatum(value);
}

/* margin_calib.variance_swap_rate(smile svi, t float8) -> float8 */
MC_FUNCTION(mc_variance_swap_rate)
{
	double t = PG_GETARG_FLOAT8(1);
	McSvi smile;
	double total;
	McFound found = mc_smile_argument(fcinfo, 0, &smile);

	if (found == MC_NO_SMILE)
		PG_RETURN_NULL();
	if (found == MC_NO_NUMBER || isnan(t))
		PG_RETURN_FLOAT8(get_float8_nan());
	check_positive(t, "t", "Write the years to expiry.");
	if (mc_smile_fair_variance(&smile, &total) != MC_OK)
		PG_RETURN_NULL();
	if (isinf(total))
		PG_RETURN_FLOAT8(total);
	return finite_answer(total / t);
}

/* margin_calib.strike_at_delta(smile svi, forward float8, kind text, delta float8, premium text) -> float8 */
MC_FUNCTION(mc_strike_at_delta)
{
	double forward = PG_GETARG_FLOAT8(1);
	bool is_call = mc_option_is_call(PG_GETARG_TEXT_PP(2), 0);
	double delta = PG_GETARG_FLOAT8(3);
	bool coin = mc_choice(PG_GETARG_TEXT_PP(4), premiums, "premium") == 1;
	McSvi smile;
	double k;
	McFound found = mc_smile_argument(fcinfo, 0, &smile);

	if (found == MC_NO_SMILE)
		PG_RETURN_NULL();
	if (found == MC_NO_NUMBER || isnan(forward) || isnan(delta))
		PG_RETURN_FLOAT8(get_float8_nan());
	check_positive(forward, "forward", "Write the forward price for the expiry.");
	check_delta(delta);
	k = mc_smile_k_at_delta(&smile, is_call, delta, coin);
	if (isnan(k))
		PG_RETURN_NULL();
	return finite_answer(forward * exp(k));
}

typedef struct WingVols
{
	double call;
	double put;
	double money;
} WingVols;

/* The vols at the call and the put of a delta and at the forward, of (smile, t, delta, premium). */
static McFound
read_wing_vols(FunctionCallInfo fcinfo, WingVols *vols)
{
	double t = PG_GETARG_FLOAT8(1);
	double delta = PG_GETARG_FLOAT8(2);
	bool coin = mc_choice(PG_GETARG_TEXT_PP(3), premiums, "premium") == 1;
	McSvi smile;
	double call;
	double put;
	McFound found = mc_smile_argument(fcinfo, 0, &smile);

	if (found == MC_NO_SMILE)
		return found;
	if (found == MC_NO_NUMBER || isnan(t) || isnan(delta))
		return MC_NO_NUMBER;
	check_positive(t, "t", "Write the years to expiry.");
	check_delta(delta);
	call = mc_smile_k_at_delta(&smile, true, delta, coin);
	put = mc_smile_k_at_delta(&smile, false, delta, coin);
	if (isnan(call) || isnan(put))
		return MC_NO_SMILE;
	vols->call = sqrt(mc_svi_total_variance(&smile, call) / t);
	vols->put = sqrt(mc_svi_total_variance(&smile, put) / t);
	vols->money = sqrt(mc_svi_total_variance(&smile, 0) / t);
	return MC_SMILE;
}

/* margin_calib.risk_reversal(smile svi, t float8, delta float8, premium text) -> float8 */
MC_FUNCTION(mc_risk_reversal)
{
	WingVols vols;
	McFound found = read_wing_vols(fcinfo, &vols);

	if (found == MC_NO_SMILE)
		PG_RETURN_NULL();
	if (found == MC_NO_NUMBER)
		PG_RETURN_FLOAT8(get_float8_nan());
	return finite_answer(vols.call - vols.put);
}

/* margin_calib.butterfly(smile svi, t float8, delta float8, premium text) -> float8 */
MC_FUNCTION(mc_butterfly)
{
	WingVols vols;
	McFound found = read_wing_vols(fcinfo, &vols);

	if (found == MC_NO_SMILE)
		PG_RETURN_NULL();
	if (found == MC_NO_NUMBER)
		PG_RETURN_FLOAT8(get_float8_nan());
	return finite_answer((vols.call + vols.put) / 2 - vols.money);
}
