/*
 * scenario.c
 *	  Contracts in scenarios: scenario.h has the equations.
 */
#include "scenario.h"

#include <float.h>
#include <math.h>

#include "black_batch.h"
#include "option_forms.h"

/* options are priced so many at a time, in arrays on the stack */
#define BLOCK 64

/* What all scenarios of one contract share; without branches, since directions come in no order. */
typedef struct Frame
{
	const McExposure *exposure;
	double price_unit[3];  /* by McShockUnit: what a shock of 1 adds */
	double vol_unit[3][2]; /* and upwards or not */
	double least_vol[3][2];
	double skew[3]; /* by McSkewKind: what the vol is multiplied with */
} Frame;

/* Comparisons in these let a NaN stay. */
static double
not_below(double value, double least)
{
	return value < least ? least : value;
}

static double
capped(double value)
{
	return value > DBL_MAX ? DBL_MAX : value;
}

static double
clamped(double value)
{
	return value < -1 ? -1 : value > 1 ? 1 : value;
}

static bool
is_option(const McExposure *exposure)
{
	return exposure->contract.kind == MC_OPTION;
}

/* What an option is one on, while the underlying is at `price`. */
static double
forward_at(const McExposure *exposure, double price)
{
	return exposure->known + exposure->open * price;
}

/* The range of a vol for a unit of it at the reference. */
static double
term_factor(const McShockLaw *law, double years)
{
	double power = years > law->reference ? law->long_power : law->short_power;

	/* 0 times it is 0 */
	return capped(pow(law->reference / not_below(years, law->least), power));
}

static double
skew_factor(const McSkewLaw *law, double years, double k)
{
	double root = sqrt(years);
	double cap = law->cap + law->cap_slope * root;
	double width = root * law->width_scale * (law->width + law->width_slope * root);
	double share;

	width = not_below(width, law->least_width);
	if (width > 0)
		share = k / width;
	else
		share = k == 0 ? 0 : copysign(1, k);
	return not_below(1 + cap * clamped(share), 0);
}

/* What a shock of 1 by a range adds to a vol. */
static double
vol_range(const McShockLaw *law, double range, double factor, double vol)
{
	return capped((law->vol_range_absolute ? 1 : vol) * capped(range * factor));
}

static void
prepare(const McExposure *exposure, const McShockLaw *law, Frame *frame)
{
	double price = exposure->price;
	double vol = exposure->vol;
	double factor;
	double k;

	*frame = (Frame){.exposure = exposure,
	                 .price_unit = {price * law->beta, 1, price * law->price_range}};
	if (!is_option(exposure))
		return;
	factor = term_factor(law, exposure->years);
	k = log(exposure->contract.strike / forward_at(exposure, price));
	for (int up = 0; up < 2; up++)
	{
		frame->vol_unit[MC_SHOCK_RELATIVE][up] = vol;
		frame->vol_unit[MC_SHOCK_ABSOLUTE][up] = 1;
	}
	frame->vol_unit[MC_SHOCK_RANGE][0] = vol_range(law, law->vol_down, factor, vol);
	frame->vol_unit[MC_SHOCK_RANGE][1] = vol_range(law, law->vol_up, factor, vol);
	frame->least_vol[MC_SHOCK_RANGE][1] = law->least_vol_up;
	frame->skew[MC_SKEW_NONE] = 1;
	frame->skew[MC_SKEW_LINEAR] = skew_factor(&law->skew[0], exposure->years, k);
	frame->skew[MC_SKEW_ABSOLUTE] = skew_factor(&law->skew[1], exposure->years, fabs(k));
}

static inline double
shocked_price(const Frame *frame, const McShock *shock)
{
	return frame->exposure->price + shock->price * frame->price_unit[shock->price_unit];
}

static inline double
shocked_vol(const Frame *frame, const McShock *shock)
{
	bool up = shock->vol > 0;
	double vol = frame->exposure->vol + shock->vol * frame->vol_unit[shock->vol_unit][up];

	return not_below(vol * frame->skew[shock->skew], frame->least_vol[shock->vol_unit][up]);
}

double
mc_shocked_price(const McExposure *exposure, const McShockLaw *law, const McShock *shock)
{
	Frame frame;

	prepare(exposure, law, &frame);
	return shocked_price(&frame, shock);
}

double
mc_shocked_vol(const McExposure *exposure, const McShockLaw *law, const McShock *shock)
{
	Frame frame;

	prepare(exposure, law, &frame);
	return shocked_vol(&frame, shock);
}

void
mc_asset_prices(double price, const McShockLaw *law, const McShock *shocks, size_t n,
                double *prices)
{
	McExposure asset = {.contract = {.kind = MC_SPOT}, .price = price};
	Frame frame;

	prepare(&asset, law, &frame);
	for (size_t i = 0; i < n; i++)
		prices[i] = not_below(shocked_price(&frame, &shocks[i]), 0);
}

/* The least price that an option or a settlement asset sees, and an inverse contract. */
static double
least_price(const McExposure *exposure)
{
	return exposure->contract.payoff == MC_INVERSE ? exposure->price * MC_LOST_SHARE : 0;
}

/* Of the settlement asset in scenario `number`, the present being 0. */
static inline double
settlement_at(const McExposure *exposure, size_t number, double price)
{
	if (exposure->settlement_prices != NULL && number > 0)
		return exposure->settlement_prices[number - 1];
	if (!exposure->settlement_moves)
		return exposure->settlement_price;
	return exposure->settlement_price * (price / exposure->price);
}

/* An option in up to BLOCK scenarios. */
typedef struct Block
{
	double forward[BLOCK];
	double vol[BLOCK];
	double settlement[BLOCK];
	double value[BLOCK];
} Block;

static inline void
set_scenario(const Frame *frame, const McShock *shocks, size_t number, double least, Block *block,
             size_t i)
{
	static const McShock none = {0};
	const McShock *shock = number == 0 ? &none : &shocks[number - 1];
	double price = not_below(shocked_price(frame, shock), least);

	block->forward[i] = forward_at(frame->exposure, price);
	block->vol[i] = shocked_vol(frame, shock);
	block->settlement[i] = settlement_at(frame->exposure, number, price);
}

static void
set_values(const McExposure *e, size_t count, Block *block)
{
	const McContract *option = &e->contract;
	bool inverse = option->payoff == MC_INVERSE;
	double at_zero = option->is_call ? 0 : option->strike;
	double amount = e->discount * option->units;
	McOptions options = {
	    &option->is_call, 0,    {block->forward, 1}, {&option->strike, 0}, {&e->years, 0},
	    {block->vol, 1},  count};

	mc_black76_prices(&options, mc_black_isa(), block->value);
	for (size_t i = 0; i < count; i++)
	{
		double forward = block->forward[i];
		double value = forward <= 0 ? at_zero : block->value[i];

		block->value[i] = (inverse ? value / forward : value) * amount * block->settlement[i];
	}
}

/* The present is number 0, in the same block as the first scenarios. */
static void
option_pnl(const Frame *frame, const McShock *shocks, size_t n, double *base, double *pnl)
{
	double least = least_price(frame->exposure);
	Block block;

	for (size_t first = 0; first <= n; first += BLOCK)
	{
		size_t count = n - first < BLOCK ? n - first + 1 : BLOCK;

		for (size_t i = 0; i < count; i++)
			set_scenario(frame, shocks, first + i, least, &block, i);
		set_values(frame->exposure, count, &block);
		if (first == 0)
			*base = block.value[0];
		for (size_t i = first == 0; i < count; i++)
			pnl[first + i - 1] = block.value[i] - *base;
	}
}

static void
price_pnl(const Frame *frame, const McShock *shocks, size_t n, double *base, double *pnl)
{
	const McExposure *e = frame->exposure;
	double value = e->contract.kind == MC_SPOT ? e->contract.units * e->price : 0;
	double least = least_price(e);

	*base = value * e->settlement_price;
	for (size_t i = 0; i < n; i++)
	{
		double price = shocked_price(frame, &shocks[i]);
		double settlement = settlement_at(e, i + 1, not_below(price, least));
		double move;

		if (e->contract.payoff == MC_INVERSE)
			price = not_below(price, least);
		mc_pnl_of(&e->contract, e->price, price, 1, &move);
		/* a spot pair is also worth more where what it is priced in is */
		pnl[i] = move * settlement + value * (settlement - e->settlement_price);
	}
}

static bool
is_finite(const McExposure *e)
{
	if (!isfinite(e->price) || !isfinite(e->settlement_price) || !isfinite(e->contract.units))
		return false;
	return !is_option(e) ||
	       (isfinite(e->vol) && isfinite(e->years) && isfinite(e->discount) && isfinite(e->known) &&
	        isfinite(e->open) && isfinite(e->contract.strike));
}

McStatus
mc_scenario_pnl(const McExposure *exposure, const McShockLaw *law, const McShock *shocks, size_t n,
                double *base, double *pnl)
{
	Frame frame;
	bool all_finite;

	prepare(exposure, law, &frame);
	if (is_option(exposure))
		option_pnl(&frame, shocks, n, base, pnl);
	else
		price_pnl(&frame, shocks, n, base, pnl);
	all_finite = isfinite(*base);
	for (size_t i = 0; i < n; i++)
		all_finite &= isfinite(pnl[i]) != 0;
	return all_finite || !is_finite(exposure) ? MC_OK : MC_OVERFLOW;
}

/* Of u D B(F) S, F = known + open price. */
static void
option_size(const McExposure *e, McExposureSize *size)
{
	const McContract *option = &e->contract;
	double forward = forward_at(e, e->price);
	double open = e->open * e->price;
	double amount = e->discount * option->units * e->settlement_price;
	McOptionGreeks g;
	double delta;

	mc_black76_greeks(option->is_call, forward, option->strike, e->years, e->vol, &g);
	if (option->payoff == MC_INVERSE && e->settlement_moves)
	{
		/* F of the settlement price cancels against F of the premium, but for the share that is known */
		delta = (open * g.delta + g.price * (e->known / forward)) / forward;
		g.vega /= forward;
	}
	else if (option->payoff == MC_INVERSE)
	{
		mc_inverse_greeks(option->is_call, forward, option->strike, e->years, e->vol, &g);
		delta = open * g.delta;
	}
	else
		delta = open * g.delta + (e->settlement_moves ? g.price : 0);
	size->delta = amount * delta;
	size->vega = amount * g.vega;
}

void
mc_exposure_size(const McExposure *exposure, McExposureSize *size)
{
	double notional;

	mc_notional_of(&exposure->contract, exposure->price, 1, &notional);
	size->notional = notional * exposure->settlement_price;
	if (is_option(exposure))
	{
		option_size(exposure, size);
		return;
	}
	size->delta = size->notional;
	size->vega = 0;
	if (exposure->contract.kind == MC_SPOT && exposure->settlement_moves)
		size->delta *= 2;
}
