/*
 * component_contributions.c
 *	  What each position contributes to what margin asks for beside the losses in scenarios.
 */
#include <math.h>

#include "portfolio_parts.h"

/* Where contributions go: amounts of money times weight[r]. */
typedef struct Sink
{
	double (*contributions)[MC_REQUIREMENTS];
	double weight[MC_REQUIREMENTS];
} Sink;

static void
add(const Sink *sink, size_t i, double amount)
{
	for (int r = 0; r < MC_REQUIREMENTS; r++)
		sink->contributions[i][r] += sink->weight[r] * amount;
}

/* The sink of the holdings from `start` on. */
static Sink
sink_from(const Sink *sink, size_t start)
{
	Sink rest = *sink;

	rest.contributions += start;
	return rest;
}

static double
sign_of(double x)
{
	return x > 0 ? 1 : x < 0 ? -1 : 0;
}

static void
add_notional(const McComponent *component, const McHolding *holdings, size_t n, const Sink *sink)
{
	for (size_t i = 0; i < n; i++)
	{
		if (mc_is_counted(component, &holdings[i]))
			add(sink, i, mc_holding_notional(&holdings[i]));
	}
}

/* Of one group: options at a strike that is net short together, longs less than nothing. */
static McStatus
add_naked(const McHolding *holdings, size_t n, const Sink *sink, McProgress *progress)
{
	for (size_t i = 0; i < n; i++)
	{
		double net = 0;

		if (!mc_is_option(&holdings[i]))
			continue;
		for (size_t j = 0; j < n; j++)
		{
			if (mc_is_option(&holdings[j]) && holdings[j].risk->strike == holdings[i].risk->strike)
				net += holdings[j].quantity * holdings[j].risk->notional;
		}
		if (net < 0)
			add(sink, i, -holdings[i].quantity * holdings[i].risk->notional);
		if (mc_progress_stopped(progress, n))
			return MC_STOPPED;
	}
	return MC_OK;
}

/* Of one group: the loss of each that counts in the worst contingency scenario. */
static McStatus
add_contingency(const McComponent *component, const McHolding *holdings, size_t n,
                const McPortfolioMethod *method, const Sink *sink, McProgress *progress)
{
	double scale = 1 + component->slope * holdings->risk->years;
	double profit = 0;
	double loss;
	size_t worst;

	if (mc_contingency_loss(component, holdings, n, method, &loss, &worst, progress) != MC_OK)
		return MC_STOPPED;
	if (worst == method->scenarios)
		return MC_OK;
	for (size_t i = 0; i < n; i++)
	{
		if (mc_is_counted(component, &holdings[i]))
			profit += holdings[i].quantity * holdings[i].risk->pnl[worst];
	}
	/* a profit that counts as a loss */
	scale *= profit > 0 ? 1 : -1;
	scale *= method->roles[worst].weight;
	for (size_t i = 0; i < n; i++)
	{
		if (mc_is_counted(component, &holdings[i]))
			add(sink, i, scale * (holdings[i].quantity * holdings[i].risk->pnl[worst]));
	}
	return MC_OK;
}

/* Both that are sums over groups. */
static McStatus
add_groups(const McComponent *component, const McHolding *holdings, size_t n,
           const McPortfolioMethod *method, const Sink *sink, McProgress *progress)
{
	size_t end;

	for (size_t start = 0; start < n; start = end)
	{
		Sink rest = sink_from(sink, start);
		McStatus status;

		end = mc_group_end(holdings, n, start);
		if (component->kind == MC_COMPONENT_NAKED_SHORT)
			status = add_naked(holdings + start, end - start, &rest, progress);
		else
			status =
			    add_contingency(component, holdings + start, end - start, method, &rest, progress);
		if (status != MC_OK)
			return status;
	}
	return MC_OK;
}

/* The least of `confidence` and of the confidences of members that are such. */
static double
least_confidence(const McHolding *holdings, size_t n, bool (*is_such)(const McHolding *),
                 double confidence)
{
	for (size_t i = 0; i < n; i++)
	{
		if (is_such(&holdings[i]) && holdings[i].quantity != 0)
			confidence = fmin(confidence, holdings[i].risk->confidence);
	}
	return confidence;
}

/* Of one underlying. */
static void
add_doubts(double threshold, const McHolding *holdings, size_t n, const Sink *sink)
{
	double least = least_confidence(holdings, n, mc_is_future, 1);
	size_t end;

	for (size_t start = 0; start < n; start = end)
	{
		double of_options;

		end = mc_group_end(holdings, n, start);
		of_options = least_confidence(holdings + start, end - start, mc_is_option, least);
		for (size_t i = start; i < end; i++)
		{
			const McUnitRisk *risk = holdings[i].risk;
			double value = holdings[i].quantity * risk->base;

			if (risk->kind == MC_SPOT)
				add(sink, i,
				    holdings[i].quantity > 0 ? mc_doubt(risk->confidence, threshold) * value : 0);
			else
				add(sink, i,
				    mc_doubt(risk->kind == MC_OPTION ? of_options : least, threshold) *
				        mc_holding_notional(&holdings[i]));
		}
	}
}

static void
add_shorts(const McHolding *holdings, size_t n, const Sink *sink)
{
	for (size_t i = 0; i < n; i++)
	{
		if (mc_is_option(&holdings[i]) && holdings[i].quantity < 0)
			add(sink, i, -holdings[i].quantity);
	}
}

/* Of one underlying. */
static void
add_deltas(double slope, const McHolding *holdings, size_t n, const Sink *sink)
{
	double net = 0;
	double sides[2] = {0, 0};
	double hedged[2];

	for (size_t i = 0; i < n; i++)
	{
		double delta = holdings[i].quantity * holdings[i].risk->delta;

		net += delta;
		sides[delta < 0] += fabs(delta);
	}
	hedged[0] = sides[0] == sides[1] ? .5 : sides[0] < sides[1];
	hedged[1] = 1 - hedged[0];
	for (size_t i = 0; i < n; i++)
	{
		double delta = holdings[i].quantity * holdings[i].risk->delta;

		add(sink, i, sign_of(net) * delta + slope * (hedged[delta < 0] * fabs(delta)));
	}
}

/* Both that are sums over underlyings. */
static void
add_underlyings(const McComponent *component, const McHolding *holdings, size_t n, const Sink *sink)
{
	size_t end;

	for (size_t start = 0; start < n; start = end)
	{
		Sink rest = sink_from(sink, start);

		end = mc_underlying_end(holdings, n, start);
		if (component->kind == MC_COMPONENT_CONFIDENCE)
			add_doubts(component->threshold, holdings + start, end - start, &rest);
		else
			add_deltas(component->slope, holdings + start, end - start, &rest);
	}
}

static double
vega_of(const McHolding *holdings, size_t n)
{
	double vega = 0;

	for (size_t i = 0; i < n; i++)
		vega += holdings[i].quantity * holdings[i].risk->vega;
	return vega;
}

static void
add_vegas(const McHolding *holdings, size_t n, const Sink *sink)
{
	double net = 0;
	size_t end;

	for (size_t start = 0; start < n; start = end)
	{
		end = mc_group_end(holdings, n, start);
		net += vega_of(holdings + start, end - start);
	}
	for (size_t start = 0; start < n; start = end)
	{
		double slope;

		end = mc_group_end(holdings, n, start);
		slope = (sign_of(vega_of(holdings + start, end - start)) - sign_of(net)) / 2;
		for (size_t i = start; i < end; i++)
			add(sink, i, slope * (holdings[i].quantity * holdings[i].risk->vega));
	}
}

static void
add_haircuts(const McHolding *holdings, size_t n, const double share[MC_REQUIREMENTS],
             double (*contributions)[MC_REQUIREMENTS])
{
	for (size_t i = 0; i < n; i++)
	{
		const McUnitRisk *risk = holdings[i].risk;

		if (risk->kind != MC_SPOT || !(holdings[i].quantity > 0))
			continue;
		for (int r = 0; r < MC_REQUIREMENTS; r++)
			contributions[i][r] +=
			    share[r] * (risk->haircut[r] * (holdings[i].quantity * risk->base));
	}
}

McStatus
mc_component_contributions(const McComponent *component, const McHolding *holdings, size_t n,
                           const McPortfolioMethod *method, const double share[MC_REQUIREMENTS],
                           double (*contributions)[MC_REQUIREMENTS], McProgress *progress)
{
	Sink sink = {contributions,
	             {share[MC_INITIAL] * component->rate[MC_INITIAL],
	              share[MC_MAINTENANCE] * component->rate[MC_MAINTENANCE]}};

	switch (component->kind)
	{
		case MC_COMPONENT_NOTIONAL:
			add_notional(component, holdings, n, &sink);
			break;
		case MC_COMPONENT_NAKED_SHORT:
		case MC_COMPONENT_CONTINGENCY:
			return add_groups(component, holdings, n, method, &sink, progress);
		case MC_COMPONENT_CONFIDENCE:
		case MC_COMPONENT_DELTA_MINIMUM:
			add_underlyings(component, holdings, n, &sink);
			break;
		case MC_COMPONENT_SHORT_MINIMUM:
			add_shorts(holdings, n, &sink);
			break;
		case MC_COMPONENT_VEGA:
			add_vegas(holdings, n, &sink);
			break;
		case MC_COMPONENT_HAIRCUT:
			add_haircuts(holdings, n, share, contributions);
			break;
		case MC_COMPONENT_KINDS:
			break;
	}
	return MC_OK;
}
