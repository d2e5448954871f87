/*
 * portfolio.h
 *	  Margin of one account: positions times what one contract earns in each scenario, the worst of
 *	  the sums or a measure of their tail, and components beside it.
 *
 * Positions are netted within a group (the options of one expiry on one underlying), and groups are added.  With
 * quantities q, values b and profits p of one contract, the value of a group in scenario s is
 * X = sum q (b + p_s), and its profit
 *
 *	  P_s = weight_s (d X - sum q b),   d = long_discount where X >= 0, else short_discount
 *
 * or -|P_s| in a scenario that can go both ways (skews); in a scenario for contingencies d is 1.
 * Discounts of 1 and weights of 1 make it sum q p_s.  P is computed as
 * weight (Q + (d - 1) (sum q b + Q)) with Q = sum q p_s: a large value does not cost digits.
 *
 * Profits of one underlying may count only in part against losses of another: with P_us the sum of
 * the groups of underlying u and a share a given,
 *
 *	  P_s = sum over u of (P_us < 0 ? P_us : a P_us)
 *
 * The scan loss is max(0, -min_s P_s), or VaR or ES of the losses -P_s (tail.h),
 * not below 0; scenarios for contingencies do not count in it.  Then, for either requirement,
 *
 *	  scan         = factor * max(scan loss, sum of contingencies)
 *	  requirement  = max(scan + sum of the components that add, each minimum)
 */
#ifndef MC_PORTFOLIO_H
#define MC_PORTFOLIO_H

#include "contract.h"
#include "status.h"

/* What a scenario is to the sums: weight is not negative. */
typedef struct McScenarioRole
{
	double weight;
	bool both_ways;
	bool contingency; /* for MC_COMPONENT_CONTINGENCY only */
} McScenarioRole;

/* One contract of an instrument, in every scenario; finite, in the reporting currency. */
typedef struct McUnitRisk
{
	const double *pnl;    /* [scenarios] */
	double base;          /* its value; 0 of a future or perpetual, whose profit is settled */
	long long underlying; /* tells underlyings apart */
	long long group; /* of one underlying, netted first; equal discounts and years within one */
	double years;    /* not negative */
	double long_discount; /* not negative */
	double short_discount;
	McContractKind kind;
	bool is_call;
	double strike;   /* of an option */
	double notional; /* not negative */
	double delta;
	double vega;
	double confidence; /* of its prices, 0 to 1 */
	double
	    haircut[2]; /* of a spot pair as collateral, initial and maintenance, share of its value */
} McUnitRisk;

/* A position; one for each instrument, or what counts short or long positions counts them apart. */
typedef struct McHolding
{
	double quantity; /* of 0: as if it were not there */
	const McUnitRisk *risk;
} McHolding;

typedef enum McComponentKind
{
	/* rate * sum |q| notional, over the kinds of contract in `kinds` */
	MC_COMPONENT_NOTIONAL,
	/* rate * sum over groups and strikes of max(0, -sum q notional): options short of calls and
	   puts together */
	MC_COMPONENT_NAKED_SHORT,
	/* rate (1 + slope years) * -min(0, least P of the contingency scenarios), summed over groups, of
	   the kinds of contract in `kinds`: instead of the scan loss where the sum of these components
	   is larger; not added to the requirement */
	MC_COMPONENT_CONTINGENCY,
	/* rate * (1 - c) * sum |q| notional, of the options of groups where their least confidence c is
	   below `threshold`; futures and perpetuals on an underlying, which hedge its options, lower
	   theirs too, and count together with the least confidence of theirs; spot pairs held count
	   each by itself, by value q base */
	MC_COMPONENT_CONFIDENCE,
	/* the requirement is not below rate * number of short options (sum over instruments of
	   max(0, -q)) */
	MC_COMPONENT_SHORT_MINIMUM,
	/* nor below rate (|sum q delta| + slope min(sum of positive q delta, -sum of negative)), summed
	   over underlyings */
	MC_COMPONENT_DELTA_MINIMUM,
	/* rate * the vega that offsets between groups: (sum |vega of group| - |sum of vega|) / 2 */
	MC_COMPONENT_VEGA,
	/* haircut of each spot pair that is held: haircut * q base where q > 0; `rate` is not used */
	MC_COMPONENT_HAIRCUT,
	MC_COMPONENT_KINDS
} McComponentKind;

/* Which of two requirements. */
enum
{
	MC_INITIAL,
	MC_MAINTENANCE,
	MC_REQUIREMENTS
};

/* Rates and the slope are not negative. */
typedef struct McComponent
{
	McComponentKind kind;
	double rate[MC_REQUIREMENTS];
	double slope;
	double threshold;
	unsigned kinds; /* bits 1 << McContractKind; 0: all of them */
} McComponent;

typedef enum McPortfolioMeasure
{
	MC_PORTFOLIO_WORST,
	MC_PORTFOLIO_VAR,
	MC_PORTFOLIO_ES
} McPortfolioMeasure;

typedef struct McPortfolioMethod
{
	size_t scenarios;            /* 1 or more */
	const McScenarioRole *roles; /* [scenarios], or NULL: weights of 1, no other role */
	McPortfolioMeasure measure;
	double confidence[MC_REQUIREMENTS]; /* of VaR and ES, between 0 and 1 */
	double factor[MC_REQUIREMENTS];     /* times the scan loss, not negative */
	bool has_offset_share;              /* else it is 1, and underlyings are not looked at */
	double offset_share;                /* a, 0 to 1 */
	size_t components;
	const McComponent *component;
} McPortfolioMethod;

typedef struct McPortfolioMargin
{
	double value;                 /* sum q base */
	double scan[MC_REQUIREMENTS]; /* scan loss, or contingencies above it, times factor */
	double requirement[MC_REQUIREMENTS];
	size_t worst;     /* the scenario with the largest loss, the first of equals; `scenarios` when
	                     none loses, or contingencies were above the initial scan loss */
	double worst_pnl; /* P of the largest loss, whatever the contingencies; 0 when none loses */
	double notional;  /* sum |q| notional */
	double delta;
	double vega;
} McPortfolioMargin;

/*
 * Margin of the holdings, in the order of `underlying`, then of `group`, then in any fixed order:
 * sums are taken in the order given, one product after the other.
 * pnl[scenarios] and work[scenarios], of a method with an offset share work[2 scenarios], are work space; pnl has the profits P of the account in the
 * end, those of contingency scenarios too.
 * amounts[components][MC_REQUIREMENTS] (NULL if not wanted): what each component adds, of a
 * contingency the amount itself, of a minimum by how much it raised the requirement above what adds
 * up and the minimums before it: scan and the amounts but contingencies make the requirement.
 * No holdings: everything 0.  MC_OVERFLOW when a sum is not finite, MC_STOPPED; then nothing in
 * pnl, amounts and margin is to be used.
 * O(n scenarios), with MC_COMPONENT_NAKED_SHORT also the square of the options of a group.
 */
extern McStatus mc_portfolio_margin(const McHolding *holdings, size_t n,
                                    const McPortfolioMethod *method, double *pnl, double *work,
                                    double (*amounts)[MC_REQUIREMENTS], McPortfolioMargin *margin,
                                    const McPoll *poll);

#endif
