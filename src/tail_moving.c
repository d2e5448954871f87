/*
 * tail_moving.c
 *	  expected_shortfall, value_at_risk and tail_risk in moving window frames.
 *
 * The frame's losses live in an order tree, so a row that enters or leaves and
 * an answer cost a logarithm of the frame, and nothing drifts: a value that has
 * left is exactly forgotten.  NaN and infinities are counted apart.
 */
#include "compat.h"

#include "utils/float.h"
#include "utils/memutils.h"

#include "errors.h"
#include "kernel/order_tree.h"
#include "module.h"
#include "tail_risk.h"
#include "tail_settings.h"

#define FIRST_CAPACITY 32

typedef struct MovingTail
{
	McOrderTree tree; /* of the finite losses */
	int64 nonfinite;
	bool has_settings; /* false until a row with a P&L has come */
	TailSettings settings;
} MovingTail;

static inline MovingTail *
get_state(FunctionCallInfo fcinfo)
{
	return PG_ARGISNULL(0) ? NULL : (MovingTail *) PG_GETARG_POINTER(0);
}

static MovingTail *
new_state(MemoryContext context)
{
	MovingTail *state = MemoryContextAllocZero(context, sizeof(MovingTail));
	McOrderNode *nodes = MemoryContextAlloc(context, FIRST_CAPACITY * sizeof(McOrderNode));

	mc_order_tree_init(&state->tree, nodes, FIRST_CAPACITY);
	return state;
}

static pg_noinline void
grow(McOrderTree *tree)
{
	Size limit = (Size) mc_max_state_mb * 1024 * 1024 / sizeof(McOrderNode);
	Size capacity = Min(2 * (Size) tree->capacity, MC_ORDER_TREE_MOST);

	mc_check_state_size(((Size) tree->capacity + 1) * sizeof(McOrderNode));
	capacity = Min(capacity, limit);
	mc_order_tree_move(tree, repalloc_huge(tree->nodes, capacity * sizeof(McOrderNode)),
	                   (int32) capacity);
}

static void
add_pnl(MovingTail *state, double pnl)
{
	double loss = 0 - pnl;

	if (!(loss - loss == 0))
	{
		state->nonfinite++;
		return;
	}
	if (unlikely(mc_order_tree_size(&state->tree) == MC_ORDER_TREE_MOST))
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
		                errmsg("window frame holds more than %d rows", MC_ORDER_TREE_MOST),
		                errhint("Bound the frame.")));
	if (unlikely(mc_order_tree_full(&state->tree)))
		grow(&state->tree);
	mc_order_tree_insert(&state->tree, loss);
}

/*
 * The state of a forward transition: a moving aggregate must have one from the
 * first row on.  Settings come with the first row that has a P&L.
 */
static MovingTail *
forward_state(FunctionCallInfo fcinfo, MemoryContext *context)
{
	MovingTail *state = get_state(fcinfo);

	if (unlikely(state == NULL || !state->has_settings))
		*context = mc_aggregate_context(fcinfo, "moving tail aggregate");
	if (unlikely(state == NULL))
		state = new_state(*context);
	return state;
}

/* tail_moving_accum(state, pnl, confidence) */
MC_FUNCTION(mc_tail_moving_accum)
{
	MemoryContext context;
	MovingTail *state = forward_state(fcinfo, &context);

	if (PG_ARGISNULL(1))
		PG_RETURN_POINTER(state);
	if (likely(state->has_settings))
		mc_tail_confidence_same(&state->settings, fcinfo, 2);
	else
	{
		mc_tail_confidence_read(&state->settings, fcinfo, 2, context);
		state->has_settings = true;
	}
	add_pnl(state, PG_GETARG_FLOAT8(1));
	PG_RETURN_POINTER(state);
}

/* ..._moving_accum(state, pnl, confidence, name) */
static inline Datum
named_accum(FunctionCallInfo fcinfo, TailName name)
{
	MemoryContext context;
	MovingTail *state = forward_state(fcinfo, &context);

	if (PG_ARGISNULL(1))
		PG_RETURN_POINTER(state);
	if (likely(state->has_settings))
	{
		mc_tail_confidence_same(&state->settings, fcinfo, 2);
		mc_tail_name_same(&state->settings, name, fcinfo, 3);
	}
	else
	{
		mc_tail_confidence_read(&state->settings, fcinfo, 2, context);
		mc_tail_name_read(&state->settings, name, fcinfo, 3, context);
		state->has_settings = true;
	}
	add_pnl(state, PG_GETARG_FLOAT8(1));
	PG_RETURN_POINTER(state);
}

/* value_at_risk_moving_accum(state, pnl, confidence, quantile_type) */
MC_FUNCTION(mc_value_at_risk_moving_accum)
{
	return named_accum(fcinfo, TAIL_QUANTILE_TYPE);
}

/* expected_shortfall_moving_accum(state, pnl, confidence, method) */
MC_FUNCTION(mc_expected_shortfall_moving_accum)
{
	return named_accum(fcinfo, TAIL_METHOD);
}

/* tail_risk_moving_accum(state, pnl, confidences) */
MC_FUNCTION(mc_tail_risk_moving_accum)
{
	MemoryContext context;
	MovingTail *state = forward_state(fcinfo, &context);

	if (PG_ARGISNULL(1))
		PG_RETURN_POINTER(state);
	if (likely(state->has_settings))
		mc_tail_levels_same(&state->settings, fcinfo, 2);
	else
	{
		mc_tail_levels_read(&state->settings, fcinfo, 2, context);
		state->has_settings = true;
	}
	add_pnl(state, PG_GETARG_FLOAT8(1));
	PG_RETURN_POINTER(state);
}

/*
 * tail_moving_remove(state, pnl, ...): the inverse of all of them.  NULL asks
 * PostgreSQL to start the frame anew, should the value not be there.
 */
MC_FUNCTION(mc_tail_moving_remove)
{
	MovingTail *state = get_state(fcinfo);
	double loss;

	if (state == NULL)
		PG_RETURN_NULL();
	if (PG_ARGISNULL(1))
		PG_RETURN_POINTER(state);
	loss = 0 - PG_GETARG_FLOAT8(1);
	if (!(loss - loss == 0))
		state->nonfinite--;
	else if (!mc_order_tree_remove(&state->tree, loss))
		PG_RETURN_NULL();
	PG_RETURN_POINTER(state);
}

static inline uint32
finite_losses(const MovingTail *state)
{
	return mc_order_tree_size(&state->tree);
}

#define RETURN_IF_NO_TAIL(state)                                               \
	do                                                                         \
	{                                                                          \
		if ((state) == NULL || finite_losses(state) + (state)->nonfinite == 0) \
			PG_RETURN_NULL();                                                  \
		if ((state)->nonfinite > 0)                                            \
			PG_RETURN_FLOAT8(get_float8_nan());                                \
	} while (0)

MC_FUNCTION(mc_expected_shortfall_moving_final)
{
	const MovingTail *state = get_state(fcinfo);

	RETURN_IF_NO_TAIL(state);
	PG_RETURN_FLOAT8(
	    mc_order_tree_shortfall(&state->tree, state->settings.confidence, state->settings.method));
}

MC_FUNCTION(mc_value_at_risk_moving_final)
{
	const MovingTail *state = get_state(fcinfo);
	McQuantileRank rank;
	double low;
	double high;

	RETURN_IF_NO_TAIL(state);
	rank = mc_quantile_rank(finite_losses(state), state->settings.confidence, state->settings.type);
	mc_order_tree_largest(&state->tree, (uint32) rank.low - 1, &low);
	high = low;
	if (rank.high != rank.low)
		mc_order_tree_largest(&state->tree, (uint32) rank.high - 1, &high);
	PG_RETURN_FLOAT8(mc_quantile_between(low, high, &rank));
}

MC_FUNCTION(mc_tail_risk_moving_final)
{
	const MovingTail *state = get_state(fcinfo);
	TailLevel *levels;

	if (state == NULL || finite_losses(state) + state->nonfinite == 0)
		PG_RETURN_NULL();
	levels = palloc(state->settings.levels * sizeof(TailLevel));
	for (int i = 0; i < state->settings.levels; i++)
	{
		TailLevel *level = &levels[i];

		level->confidence = state->settings.confidences[i];
		level->value_at_risk = level->expected_shortfall = get_float8_nan();
		if (state->nonfinite == 0)
		{
			McTailRank rank = mc_tail_rank(finite_losses(state), level->confidence);

			mc_order_tree_measures(&state->tree, &rank, &level->value_at_risk,
			                       &level->expected_shortfall);
		}
	}
	return mc_tail_levels_array(fcinfo, levels, state->settings.levels);
}
