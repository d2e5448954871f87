/*
 * scenario.c
 *	  Contracts in scenarios: scenario.h has the equations.
 */
#include "scenario.h"

#include <math.h>

#include "black_batch.h"
#include "option_forms.h"

/* options are priced so many at a time, in arrays on the stack */
#define BLOCK 64

/* What all scenarios of one contract share. */
typedef struct Frame
{
	const McExposure *exposure;
	double price_range;
	double up; /* a vol range upwards and downwards, at the term of the option */
	double down;
	bool absolute;
	double least_vol_up;
	double skew[3]; /* what McSkewKind multiplies the vol with */
} Frame;

/* comparisons in these let a NaN stay */
static double
not_below(double value, double least)
{
	return value < least ? least : value;
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

	return pow(law->reference / not_below(years, law->least), power);
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

static void
prepare(const McExposure *exposure, const McShockLaw *law, Frame *frame)
{
	double factor;
	double k;

	*frame = (Frame){.exposure = exposure, .price_range = law->price_range};
	if (!is_option(exposure))
		return;
	factor = term_factor(law, exposure->years);
	k = log(exposure->contract.strike / forward_at(exposure, exposure->price));
	frame->up = law->vol_up * factor;
	frame->down = law->vol_down * factor;
	frame->absolute = law->vol_range_absolute;
	frame->least_vol_up = law->least_vol_up;
	frame->skew[MC_SKEW_NONE] = 1;
	frame->skew[MC_SKEW_LINEAR] = skew_factor(&law->skew[0], exposure->years, k);
	frame->skew[MC_SKEW_ABSOLUTE] = skew_factor(&law->skew[1], exposure->years, fabs(k));
}

static inline double
shocked_price(const Frame *frame, const McShock *shock)
{
	double price = frame->exposure->price;

	switch (shock->price_unit)
	{
		case MC_SHOCK_ABSOLUTE:
			return price + shock->price;
		case MC_SHOCK_RANGE:
			return price * (1 + shock->price * frame->price_range);
		default:
			return price * (1 + shock->price);
	}
}

static inline double
shocked_vol(const Frame *frame, const McShock *shock)
{
	double vol = frame->exposure->vol;
	double least = 0;

	if (shock->vol_unit == MC_SHOCK_RANGE && shock->vol != 0)
	{
		double move = shock->vol * (shock->vol > 0 ? frame->up : frame->down);

		vol = frame->absolute ? vol + move : vol * (1 + move);
		least = shock->vol > 0 ? frame->least_vol_up : 0;
	}
	else if (shock->vol_unit == MC_SHOCK_ABSOLUTE)
		vol += shock->vol;
	else
		vol *= 1 + shock->vol;
	return not_below(not_below(vol * frame->skew[shock->skew], 0), least);
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

/* The least price that an option or a settlement asset sees, and an inverse contract. */
static double
least_price(const McExposure *exposure)
{
	return exposure->contract.payoff == MC_INVERSE ? exposure->price * MC_LOST_SHARE : 0;
}

static inline double
settlement_at(const McExposure *exposure, double price)
{
	if (!exposure->settlement_moves)
		return exposure->settlement_price;
	return exposure->settlement_price * (price / exposure->price);
}

/* In `count` scenarios from number `first` on; number 0 is the present, i the one of shocks[i - 1]. */
static void
option_values(const Frame *frame, const McShock *shocks, size_t first, size_t count, double *values)
{
	static const McShock none = {0};
	const McExposure *e = frame->exposure;
	const McContract *option = &e->contract;
	double least = least_price(e);
	double amount = e->discount * option->units;
	double forward[BLOCK];
	double vol[BLOCK];
	double settlement[BLOCK];
	McOptions options = {&option->is_call, 0,        {forward, 1}, {&option->strike, 0},
	                     {&e->years, 0},   {vol, 1}, count};

	for (size_t i = 0; i < count; i++)
	{
		const McShock *shock = first + i == 0 ? &none : &shocks[first + i - 1];
		double price = not_below(shocked_price(frame, shock), least);

		forward[i] = forward_at(e, price);
		vol[i] = shocked_vol(frame, shock);
		settlement[i] = settlement_at(e, price);
	}
	mc_black76_prices(&options, mc_black_isa(), values);
	for (size_t i = 0; i < count; i++)
	{
		double value = forward[i] <= 0 ? (option->is_call ? 0 : option->strike) : values[i];

		if (option->payoff == MC_INVERSE)
			value /= forward[i];
		values[i] = value * amount * settlement[i];
	}
}

static void
option_pnl(const Frame *frame, const McShock *shocks, size_t n, double *base, double *pnl)
{
	for (size_t first = 0; first <= n; first += BLOCK)
	{
		size_t count = n + 1 - first < BLOCK ? n + 1 - first : BLOCK;
		double values[BLOCK];

		option_values(frame, shocks, first, count, values);
		if (first == 0)
			*base = values[0];
		for (size_t i = first == 0; i < count; i++)
			pnl[first + i - 1] = values[i] - *base;
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
		double settlement = settlement_at(e, not_below(price, least));
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
	bool finite;

	prepare(exposure, law, &frame);
	if (is_option(exposure))
		option_pnl(&frame, shocks, n, base, pnl);
	else
		price_pnl(&frame, shocks, n, base, pnl);
	finite = isfinite(*base);
	for (size_t i = 0; i < n; i++)
		finite &= isfinite(pnl[i]) != 0;
	return finite || !is_finite(exposure) ? MC_OK : MC_OVERFLOW;
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
