/*
 * portfolio_components.c
 *	  What margin asks for beside the losses in scenarios: rates on sizes, doubts and minimums.
 *
 * All but a haircut are rate (by_rate + slope by_slope).
 */
#include <math.h>

#include "portfolio_parts.h"

typedef struct Charge
{
	double by_rate;
	double by_slope;
} Charge;

static double
counted_notional(const McComponent *component, const McHolding *holdings, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
	{
		if (mc_is_counted(component, &holdings[i]))
			sum += mc_holding_notional(&holdings[i]);
	}
	return sum;
}

/* Is there an option of the strike of holdings[at] before it? */
static bool
is_strike_done(const McHolding *holdings, size_t at)
{
	for (size_t i = 0; i < at; i++)
	{
		if (mc_is_option(&holdings[i]) && holdings[i].risk->strike == holdings[at].risk->strike)
			return true;
	}
	return false;
}

/* Of one group: its options net short at a strike, over strikes. */
static McStatus
naked_short(const McHolding *holdings, size_t n, double *sum, McProgress *progress)
{
	for (size_t i = 0; i < n; i++)
	{
		double net = 0;

		if (!mc_is_option(&holdings[i]) || is_strike_done(holdings, i))
			continue;
		for (size_t j = i; j < n; j++)
		{
			if (mc_is_option(&holdings[j]) && holdings[j].risk->strike == holdings[i].risk->strike)
				net += holdings[j].quantity * holdings[j].risk->notional;
		}
		if (net < 0)
			*sum -= net;
		if (mc_progress_stopped(progress, n))
			return MC_STOPPED;
	}
	return MC_OK;
}

McStatus
mc_contingency_loss(const McComponent *component, const McHolding *holdings, size_t n,
                    const McPortfolioMethod *method, double *loss, size_t *worst,
                    McProgress *progress)
{
	*loss = 0;
	*worst = method->scenarios;
	for (size_t s = 0; method->roles && s < method->scenarios; s++)
	{
		const McScenarioRole *role = &method->roles[s];
		double profit = 0;

		if (!role->contingency)
			continue;
		for (size_t i = 0; i < n; i++)
		{
			if (mc_is_counted(component, &holdings[i]))
				profit += holdings[i].quantity * holdings[i].risk->pnl[s];
		}
		profit *= role->weight;
		if (role->both_ways && profit > 0)
			profit = -profit;
		if (-profit > *loss)
		{
			*loss = -profit;
			*worst = s;
		}
		if (mc_progress_stopped(progress, n))
			return MC_STOPPED;
	}
	return MC_OK;
}

/* Both charges that are sums over groups of what is netted within them. */
static McStatus
group_charge(const McComponent *component, const McHolding *holdings, size_t n,
             const McPortfolioMethod *method, Charge *charge, McProgress *progress)
{
	size_t end;

	for (size_t start = 0; start < n; start = end)
	{
		const McHolding *group = holdings + start;
		double loss;
		size_t worst;
		McStatus status;

		end = mc_group_end(holdings, n, start);
		if (component->kind == MC_COMPONENT_NAKED_SHORT)
			status = naked_short(group, end - start, &charge->by_rate, progress);
		else
		{
			status =
			    mc_contingency_loss(component, group, end - start, method, &loss, &worst, progress);
			charge->by_rate += loss;
			charge->by_slope += group->risk->years * loss;
		}
		if (status != MC_OK)
			return status;
	}
	return MC_OK;
}

/* The notional of members that are such, and the least of `confidence` and theirs. */
static double
doubted_notional(const McHolding *holdings, size_t n, bool (*is_such)(const McHolding *),
                 double *confidence)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
	{
		if (!is_such(&holdings[i]) || holdings[i].quantity == 0)
			continue;
		sum += mc_holding_notional(&holdings[i]);
		*confidence = fmin(*confidence, holdings[i].risk->confidence);
	}
	return sum;
}

/* Of what is on one underlying. */
static double
underlying_doubt(double threshold, const McHolding *holdings, size_t n)
{
	double least = 1;
	double sum = doubted_notional(holdings, n, mc_is_future, &least);
	size_t end;

	sum *= mc_doubt(least, threshold);
	for (size_t start = 0; start < n; start = end)
	{
		double confidence = least;
		double notional;

		end = mc_group_end(holdings, n, start);
		notional = doubted_notional(holdings + start, end - start, mc_is_option, &confidence);
		sum += mc_doubt(confidence, threshold) * notional;
	}
	for (size_t i = 0; i < n; i++)
	{
		const McUnitRisk *risk = holdings[i].risk;

		if (risk->kind == MC_SPOT && holdings[i].quantity > 0)
			sum += mc_doubt(risk->confidence, threshold) * (holdings[i].quantity * risk->base);
	}
	return sum;
}

static double
confidence_charge(double threshold, const McHolding *holdings, size_t n)
{
	double sum = 0;
	size_t end;

	for (size_t start = 0; start < n; start = end)
	{
		end = mc_underlying_end(holdings, n, start);
		sum += underlying_doubt(threshold, holdings + start, end - start);
	}
	return sum;
}

static double
short_options(const McHolding *holdings, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
	{
		if (mc_is_option(&holdings[i]) && holdings[i].quantity < 0)
			sum -= holdings[i].quantity;
	}
	return sum;
}

/* The net delta of one underlying, and the part that the other side hedges. */
static void
add_delta(const McHolding *holdings, size_t n, Charge *charge)
{
	double net = 0;
	double longs = 0;
	double shorts = 0;

	for (size_t i = 0; i < n; i++)
	{
		double delta = holdings[i].quantity * holdings[i].risk->delta;

		net += delta;
		if (delta > 0)
			longs += delta;
		else
			shorts -= delta;
	}
	charge->by_rate += fabs(net);
	charge->by_slope += longs < shorts ? longs : shorts;
}

static void
delta_charge(const McHolding *holdings, size_t n, Charge *charge)
{
	size_t end;

	for (size_t start = 0; start < n; start = end)
	{
		end = mc_underlying_end(holdings, n, start);
		add_delta(holdings + start, end - start, charge);
	}
}

static double
vega_offset(const McHolding *holdings, size_t n)
{
	double gross = 0;
	double net = 0;
	size_t end;

	for (size_t start = 0; start < n; start = end)
	{
		double vega = 0;

		end = mc_group_end(holdings, n, start);
		for (size_t i = start; i < end; i++)
			vega += holdings[i].quantity * holdings[i].risk->vega;
		gross += fabs(vega);
		net += vega;
	}
	/* rounding is monotone: the net is not above the gross */
	return (gross - fabs(net)) / 2;
}

static void
haircuts(const McHolding *holdings, size_t n, double amount[MC_REQUIREMENTS])
{
	amount[MC_INITIAL] = amount[MC_MAINTENANCE] = 0;
	for (size_t i = 0; i < n; i++)
	{
		const McUnitRisk *risk = holdings[i].risk;
		double value = holdings[i].quantity * risk->base;

		if (risk->kind != MC_SPOT || !(holdings[i].quantity > 0))
			continue;
		for (int r = 0; r < MC_REQUIREMENTS; r++)
			amount[r] += risk->haircut[r] * value;
	}
}

McStatus
mc_component_amount(const McComponent *component, const McHolding *holdings, size_t n,
                    const McPortfolioMethod *method, double amount[MC_REQUIREMENTS],
                    McProgress *progress)
{
	Charge charge = {0, 0};
	McStatus status = MC_OK;

	switch (component->kind)
	{
		case MC_COMPONENT_NOTIONAL:
			charge.by_rate = counted_notional(component, holdings, n);
			break;
		case MC_COMPONENT_NAKED_SHORT:
		case MC_COMPONENT_CONTINGENCY:
			status = group_charge(component, holdings, n, method, &charge, progress);
			break;
		case MC_COMPONENT_CONFIDENCE:
			charge.by_rate = confidence_charge(component->threshold, holdings, n);
			break;
		case MC_COMPONENT_SHORT_MINIMUM:
			charge.by_rate = short_options(holdings, n);
			break;
		case MC_COMPONENT_DELTA_MINIMUM:
			delta_charge(holdings, n, &charge);
			break;
		case MC_COMPONENT_VEGA:
			charge.by_rate = vega_offset(holdings, n);
			break;
		case MC_COMPONENT_HAIRCUT:
			haircuts(holdings, n, amount);
			return MC_OK;
		case MC_COMPONENT_KINDS:
			break;
	}
	for (int r = 0; r < MC_REQUIREMENTS; r++)
		amount[r] = component->rate[r] * (charge.by_rate + component->slope * charge.by_slope);
	return status;
}
