/*
 * rate_path.c
 *	  Steps of a rate from bar to bar.
 */
#include "rate_path.h"

#include <math.h>

#define DAY INT64_C(86400000000)

/* UTC days since the epoch of the timestamps */
static int64_t
day_of(int64_t ts)
{
	return ts / DAY - (ts % DAY < 0);
}

/* Has the series this bar, with this price? */
static bool
has_bar(const int64_t *ts, const double *price, size_t n, const McRatePoint *bar)
{
	size_t low = 0;
	size_t high = n;

	while (low < high)
	{
		size_t middle = low + (high - low) / 2;

		if (ts[middle] < bar->ts)
			low = middle + 1;
		else
			high = middle;
	}
	return low < n && ts[low] == bar->ts && price[low] == bar->price;
}

McRatePoint
mc_rate_path_resume(const McRatePath *path, const int64_t *ts, const double *price, size_t n)
{
	int64_t last = ts[n - 1];

	if (path->now.known && last > path->now.ts && has_bar(ts, price, n, &path->now))
		return path->now;
	if (path->before.known && last > path->before.ts)
		return path->before;
	return (McRatePoint){0};
}

static double
buffered_target(const McPolicy *policy, double prev, double core)
{
	double b = policy->buffer;
	double recovery = policy->buffer_recovery > 0 ? b * core / policy->buffer_recovery : 0;

	/* without a buffer it is the core */
	return fmin(fmax(prev + recovery, core), (1 + b) * core);
}

/* `rise` above a rate; a rate of zero has no multiple: it may rise to anything */
static double
limit(double rate, double rise)
{
	return rate > 0 ? rate * (1 + rise) : INFINITY;
}

/* How high may the rate be? Without a limit of speed, anything; and no limit makes a rate fall. */
static double
ceiling_of(const McPolicy *policy, double rate, double day_rate, bool breach)
{
	double ceiling =
	    fmax(rate, fmin(limit(rate, policy->rise_per_step), limit(day_rate, policy->rise_per_day)));

	if (breach && policy->rise_after_breach > 0)
		ceiling = fmax(ceiling, rate * (1 + policy->rise_after_breach));
	return ceiling;
}

static McTerm
term_of(const McPolicy *policy, const McSide *side, double target, double limited)
{
	if (limited != target && side->rate == limited)
		return MC_TERM_SPEED_LIMIT;
	if (limited > policy->maximum_rate)
		return MC_TERM_MAXIMUM;
	if (limited < policy->minimum_rate)
		return MC_TERM_MINIMUM;
	return limited > side->core ? MC_TERM_BUFFER : side->term;
}

/* What decided the core, whatever the calibration did to it afterwards. */
static McTerm
core_term(const McPolicy *policy, const McCalibration *c, int side)
{
	const McSide *s = &c->side[side];
	double tail = policy->measure == MC_VALUE_AT_RISK ? s->value_at_risk : s->expected_shortfall;
	double w = policy->stress_weight;

	if (tail == s->core)
		return MC_TERM_TAIL;
	/* without a stress it is NaN */
	return (1 - w) * tail + w * s->stressed == s->core ? MC_TERM_STRESS : MC_TERM_FLOOR;
}

static void
side_step(const McPolicy *policy, const McRatePoint *prev, double day_rate, bool breach, int which,
          McCalibration *c)
{
	McSide *side = &c->side[which];
	double target = buffered_target(policy, prev->rate[which], side->core);
	double bottom = day_rate * (1 - policy->fall_per_day);
	double limited =
	    fmax(fmin(target, ceiling_of(policy, prev->rate[which], day_rate, breach)), bottom);

	side->rate = fmin(fmax(limited, policy->minimum_rate), policy->maximum_rate);
	side->term = core_term(policy, c, which);
	side->term = term_of(policy, side, target, limited);
	if (policy->buffer > 0 && side->core > 0)
		side->buffer_used = fmin(fmax(1 - (side->rate / side->core - 1) / policy->buffer, 0), 1);
}

McRatePoint
mc_rate_path_step(const McPolicy *policy, const McRatePoint *prev, int64_t ts, double price,
                  McCalibration *calibration)
{
	McRatePoint next = {true, calibration->fallback != MC_NO_FALLBACK, ts, price, {0}, {0}};
	bool starts = !prev->known || prev->anew || next.anew;
	bool same_day = prev->known && day_of(ts) == day_of(prev->ts);
	double move = prev->known ? log(price / prev->price) : 0;

	for (int side = 0; side < MC_SIDES; side++)
	{
		double day_rate = same_day ? prev->day_rate[side] : prev->rate[side];
		double against = side == MC_LONG ? -move : move;

		if (!starts)
			side_step(policy, prev, day_rate,
			          mc_move_loss((McSideName) side, against) > prev->rate[side], side,
			          calibration);
		next.rate[side] = calibration->side[side].rate;
		next.day_rate[side] = starts ? next.rate[side] : day_rate;
	}
	if (!starts)
		mc_calibration_publish(policy, calibration);
	return next;
}
