/*
 * portfolio_contributions.c
 *	  What each position contributes to the margin of an account.
 *
 * D. Tasche, "Risk contributions and performance measurement" (1999): for a risk measure that is
 * homogeneous of degree 1 the derivatives are the only contributions that tell what more or less of a
 * position does to the risk by unit of it.  Those of ES are the position's own mean loss in the tail.
 */
#include "portfolio_contributions.h"

#include <math.h>
#include <string.h>

#include "portfolio_parts.h"
#include "tail.h"

/* What the loss of a scenario weighs in the scan loss. */
typedef struct TailWeights
{
	double threshold;
	double above; /* of a loss above it */
	double equal; /* of one that is just it */
	double loss;  /* the scan loss, not negative */
} TailWeights;

static bool
is_counted(const McPortfolioMethod *method, size_t s)
{
	return method->roles == NULL || !method->roles[s].contingency;
}

static size_t
take_losses(const double *pnl, const McPortfolioMethod *method, double *losses)
{
	size_t n = 0;

	for (size_t s = 0; s < method->scenarios; s++)
	{
		if (is_counted(method, s))
			losses[n++] = -pnl[s];
	}
	return n;
}

/* The largest loss alone: as ES of a tail of one loss. */
static McTailRank
rank_of(const McPortfolioMethod *method, size_t n, int r)
{
	if (method->measure == MC_PORTFOLIO_WORST)
		return (McTailRank){.n = n, .mass = 1, .fraction = 1, .var_rank = 1};
	return mc_tail_rank(n, method->confidence[r]);
}

/* From the largest losses in descending order, to the depth of the rank, of `same` that are its last. */
static void
set_weights(const double *largest, const McTailRank *rank, McPortfolioMeasure measure, size_t same,
            TailWeights *tail)
{
	size_t above = 0;
	double var;
	double es;

	mc_tail_measures(largest, rank, &var, &es);
	tail->loss = measure == MC_PORTFOLIO_VAR ? var : es;
	tail->above = tail->equal = 0;
	if (!(tail->loss > 0))
	{
		tail->loss = 0;
		return;
	}
	while (above < rank->whole && largest[above] > tail->threshold)
		above++;
	if (measure == MC_PORTFOLIO_VAR)
		tail->equal = 1 / (double) same;
	else
	{
		tail->above = 1 / rank->mass;
		tail->equal =
		    ((double) (rank->whole - above) + rank->fraction) / (rank->mass * (double) same);
	}
}

static McStatus
weigh_tail(const double *pnl, const McPortfolioMethod *method, double *work,
           TailWeights tail[MC_REQUIREMENTS], const McPoll *poll)
{
	size_t n = take_losses(pnl, method, work);
	McTailRank rank[MC_REQUIREMENTS];
	size_t same[MC_REQUIREMENTS] = {0, 0};
	size_t depth = 1;

	memset(tail, 0, MC_REQUIREMENTS * sizeof(TailWeights));
	if (n == 0)
		return MC_OK;
	for (int r = 0; r < MC_REQUIREMENTS; r++)
	{
		rank[r] = rank_of(method, n, r);
		if (mc_tail_depth(&rank[r]) > depth)
			depth = mc_tail_depth(&rank[r]);
	}
	if (mc_tail_largest_in_place(work, n, depth, poll) != MC_OK)
		return MC_STOPPED;
	for (int r = 0; r < MC_REQUIREMENTS; r++)
	{
		tail[r].threshold = work[rank[r].whole];
		for (size_t i = 0; i < n; i++)
			same[r] += work[i] == tail[r].threshold;
		set_weights(work, &rank[r], method->measure, same[r], &tail[r]);
	}
	return MC_OK;
}

/* The profit of a group in a scenario, and its slopes by profits and by values of its holdings. */
typedef struct GroupSlopes
{
	double profit;
	double by_profit;
	double by_value;
} GroupSlopes;

static GroupSlopes
group_slopes(const McHolding *holdings, size_t n, const McScenarioRole *role, size_t s)
{
	const McUnitRisk *terms = holdings->risk;
	double products = 0;
	double value = 0;
	double shocked;
	double discount;
	double sign = 1;
	double profit;

	for (size_t i = 0; i < n; i++)
	{
		products += holdings[i].quantity * holdings[i].risk->pnl[s];
		value += holdings[i].quantity * holdings[i].risk->base;
	}
	shocked = value + products;
	discount = shocked >= 0 ? terms->long_discount : terms->short_discount;
	profit = role->weight * (products + (discount - 1) * shocked);
	if (role->both_ways)
		sign = profit > 0 ? -1 : profit < 0;
	return (GroupSlopes){sign * profit, sign * role->weight * discount,
	                     sign * role->weight * (discount - 1)};
}

/* Are slopes of the group the same whatever is in it? */
static bool
is_linear(const McUnitRisk *terms, const McScenarioRole *role)
{
	return terms->long_discount == 1 && terms->short_discount == 1 && !role->both_ways;
}

/* What the profit of the holdings, all of one underlying, counts in that of the account. */
static double
share_of(const McHolding *holdings, size_t n, const McPortfolioMethod *method,
         const McScenarioRole *role, size_t s)
{
	double profit = 0;
	size_t end;

	if (!method->has_offset_share)
		return 1;
	for (size_t start = 0; start < n; start = end)
	{
		end = mc_group_end(holdings, n, start);
		profit += group_slopes(holdings + start, end - start, role, s).profit;
	}
	return profit < 0 ? 1 : method->offset_share;
}

/* Adds weight[r] times the loss of each holding in a scenario; the holdings are of one underlying. */
static void
add_losses(const McHolding *holdings, size_t n, const McPortfolioMethod *method, size_t s,
           const double weight[MC_REQUIREMENTS], double (*contributions)[MC_REQUIREMENTS])
{
	static const McScenarioRole no_role = {.weight = 1};
	const McScenarioRole *role = method->roles ? &method->roles[s] : &no_role;
	double share = share_of(holdings, n, method, role, s);
	size_t end;

	for (size_t start = 0; start < n; start = end)
	{
		GroupSlopes slopes;

		end = mc_group_end(holdings, n, start);
		slopes = is_linear(holdings[start].risk, role)
		             ? (GroupSlopes){.by_profit = role->weight}
		             : group_slopes(holdings + start, end - start, role, s);
		for (size_t i = start; i < end; i++)
		{
			double q = share * holdings[i].quantity;
			double loss = -(slopes.by_profit * (q * holdings[i].risk->pnl[s]) +
			                slopes.by_value * (q * holdings[i].risk->base));

			for (int r = 0; r < MC_REQUIREMENTS; r++)
				contributions[i][r] += weight[r] * loss;
		}
	}
}

static McStatus
add_scan(const McHolding *holdings, size_t n, const McPortfolioMethod *method, const double *pnl,
         const TailWeights tail[MC_REQUIREMENTS], const double share[MC_REQUIREMENTS],
         double (*contributions)[MC_REQUIREMENTS], McProgress *progress)
{
	for (size_t s = 0; s < method->scenarios; s++)
	{
		double weight[MC_REQUIREMENTS];
		size_t end;

		for (int r = 0; r < MC_REQUIREMENTS; r++)
		{
			weight[r] = -pnl[s] > tail[r].threshold    ? tail[r].above
			            : -pnl[s] == tail[r].threshold ? tail[r].equal
			                                           : 0;
			weight[r] *= share[r];
		}
		if (!is_counted(method, s) || (weight[MC_INITIAL] == 0 && weight[MC_MAINTENANCE] == 0))
			continue;
		for (size_t start = 0; start < n; start = end)
		{
			end = mc_underlying_end(holdings, n, start);
			add_losses(holdings + start, end - start, method, s, weight, contributions + start);
		}
		if (mc_progress_stopped(progress, n))
			return MC_STOPPED;
	}
	return MC_OK;
}

/* The minimum that is the margin: the last that raised it; `components` where none did. */
static size_t
minimum_of(const McPortfolioMethod *method, double (*amounts)[MC_REQUIREMENTS], int r)
{
	size_t minimum = method->components;

	for (size_t i = 0; i < method->components; i++)
	{
		if (mc_is_minimum(method->component[i].kind) && amounts[i][r] > 0)
			minimum = i;
	}
	return minimum;
}

/* What the margin is: a minimum, or a sum with the scan loss or with contingencies. */
typedef struct Binding
{
	size_t minimum; /* a component; `components` where the margin is the sum */
	bool by_contingency;
} Binding;

static Binding
binding_of(const McPortfolioMethod *method, double (*amounts)[MC_REQUIREMENTS], double loss, int r)
{
	double contingency = 0;

	for (size_t i = 0; i < method->components; i++)
	{
		if (method->component[i].kind == MC_COMPONENT_CONTINGENCY)
			contingency += amounts[i][r];
	}
	return (Binding){minimum_of(method, amounts, r), contingency > loss};
}

static double
scan_share(const Binding *binding, const McPortfolioMethod *method, int r)
{
	return binding->minimum == method->components && !binding->by_contingency ? method->factor[r]
	                                                                          : 0;
}

/* What component i counts in the margin. */
static double
component_share(const Binding *binding, const McPortfolioMethod *method, size_t i, int r)
{
	McComponentKind kind = method->component[i].kind;

	if (binding->minimum < method->components)
		return i == binding->minimum ? 1 : 0;
	if (kind == MC_COMPONENT_CONTINGENCY)
		return binding->by_contingency ? method->factor[r] : 0;
	return mc_is_minimum(kind) ? 0 : 1;
}

static bool
all_finite(double (*contributions)[MC_REQUIREMENTS], size_t n)
{
	bool finite = true;

	for (size_t i = 0; i < n; i++)
		finite &=
		    isfinite(contributions[i][MC_INITIAL]) && isfinite(contributions[i][MC_MAINTENANCE]);
	return finite;
}

McStatus
mc_portfolio_contributions(const McHolding *holdings, size_t n, const McPortfolioMethod *method,
                           double *pnl, double *work, double (*amounts)[MC_REQUIREMENTS],
                           McPortfolioMargin *margin, double (*contributions)[MC_REQUIREMENTS],
                           const McPoll *poll)
{
	McProgress progress = {poll, 0};
	TailWeights tail[MC_REQUIREMENTS];
	Binding binding[MC_REQUIREMENTS];
	double share[MC_REQUIREMENTS];
	McStatus status;

	status = mc_portfolio_margin(holdings, n, method, pnl, work, amounts, margin, poll);
	if (status == MC_OK)
		status = weigh_tail(pnl, method, work, tail, poll);
	if (status != MC_OK)
		return status;
	memset(contributions, 0, n * sizeof(*contributions));
	for (int r = 0; r < MC_REQUIREMENTS; r++)
	{
		binding[r] = binding_of(method, amounts, tail[r].loss, r);
		share[r] = scan_share(&binding[r], method, r);
	}
	status = add_scan(holdings, n, method, pnl, tail, share, contributions, &progress);
	for (size_t i = 0; i < method->components && status == MC_OK; i++)
	{
		for (int r = 0; r < MC_REQUIREMENTS; r++)
			share[r] = component_share(&binding[r], method, i, r);
		if (share[MC_INITIAL] > 0 || share[MC_MAINTENANCE] > 0)
			status = mc_component_contributions(&method->component[i], holdings, n, method, share,
			                                    contributions, &progress);
	}
	if (status != MC_OK)
		return status;
	return all_finite(contributions, n) ? MC_OK : MC_OVERFLOW;
}
