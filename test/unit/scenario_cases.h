/*
 * scenario_cases.h
 *	  Black (1976) in long double, and the scenarios of Derive's portfolio margin with options to try them on.
 */
#ifndef MC_SCENARIO_CASES_H
#define MC_SCENARIO_CASES_H

#include <math.h>

#include "kernel/scenario.h"

#define DAY (1 / 365.0L)

typedef long double Real;

static inline Real
normal(Real x)
{
	return erfcl(-x / sqrtl(2)) / 2;
}

/* the side out of the money by the formula, the other by parity */
static inline Real
black(bool call, Real f, Real k, Real t, Real v)
{
	Real s = v * sqrtl(t);
	Real d1;
	Real out;

	if (f <= 0 || s == 0)
		return fmaxl(call ? f - k : k - fmaxl(f, 0), 0);
	d1 = logl(f / k) / s + s / 2;
	out = f < k ? f * normal(d1) - k * normal(d1 - s) : k * normal(s - d1) - f * normal(-d1);
	return out + fmaxl(call ? f - k : k - f, 0);
}

/*
 * Derive's portfolio margin: spot and vol up, down or as it is, then two skews.  Parameters and markets of its
 * test cases, the rule as its contract writes it.
 */
typedef struct Derive
{
	double seconds;
	double strike;
	bool is_call;
	double vol;
	double forward;
	double rate;
	McSkewLaw linear;
	McSkewLaw absolute;
} Derive;

#define USUAL                           \
	{                                   \
		0.15, -0.05, 0.01, 4, 0.6, -0.1 \
	}

static const Derive derive[] = {
    {794852, 100000, true, 0.453803924321583, 95776.67392708939, 0.15, USUAL, USUAL},
    {1399652, 100000, false, 0.4547630768795904, 95923.63240250274, 0.17, USUAL, USUAL},
    {3214052,
     5500,
     true,
     0.8843198050170489,
     2695.7814942763334,
     0.21,
     {9.5, -0.05, 0.01, 5, 4.5, 4.9},
     {0.15, -0.05, 0.01, 5, 4.5, 4.9}},
    {18938852,
     6000,
     true,
     0.7390799803804741,
     2801.18485249767,
     0.29,
     {0.15, -0.05, 0.01, 4.9, 3.5, -0.3},
     {9.5, -0.05, 0.01, 4.9, 3.5, -0.3}},
    {794852, 2500, true, 0.14679432572503934, 2501.396758501672, 0.15, USUAL, USUAL},
    {26801252, 91184, true, 0.5550054022584738, 102701.71047172313, 0.31, USUAL, USUAL},
    {8657252, 631622, false, 0.776897013866366, 97577.3645258305, 0.25, USUAL, USUAL},
    {794852, 100, true, 1.225482363870083, 2682.9997436016715, 0.6, USUAL, USUAL},
    /* half a day and 30 days: the floor, and the last day of the short power */
    {43200, 2600, false, 0.9, 2682.9997436016715, 0.15, USUAL, USUAL},
    {2592000, 2600, false, 0.9, 2682.9997436016715, 0.15, USUAL, USUAL},
};

/* spot, and which way the vol goes; 2 and 3 are the skews */
static const double derive_spot[] = {1.18,  1.135, 1.135, 1.135, 1.09,  1.09,  1.09,  1.045,
                                     1.045, 1.045, 1,     1,     1,     0.955, 0.955, 0.955,
                                     0.91,  0.91,  0.91,  0.865, 0.865, 0.865, 0.82,  0.34,
                                     0.67,  1.5,   2,     3,     4,     1,     1};
static const int derive_way[] = {1,  -1, 0, 1,  -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1,
                                 -1, 0,  1, -1, 0,  1, 1, 1,  1, 1, 1,  1, 1, 2,  3};

#define DERIVE_SCENARIOS (sizeof(derive_way) / sizeof(derive_way[0]))

static inline Real
derive_multiple(const Derive *d, int way)
{
	Real days = fmaxl(d->seconds, 86400) / 86400;
	Real range = powl(30 / days, d->seconds <= 30 * 86400 ? 0.3 : 0.13);
	Real root = sqrtl(d->seconds * DAY / 86400);
	const McSkewLaw *skew = way == 2 ? &d->linear : &d->absolute;
	Real cap = skew->cap_slope * root + skew->cap;
	Real width = fmaxl(skew->least_width,
	                   root * skew->width_scale * (skew->width + root * skew->width_slope));
	Real k = logl((Real) d->strike / d->forward);

	if (way == 1)
		return 1 + 0.5 * range;
	if (way < 1)
		return way == 0 ? 1 : fmaxl(0, 1 - 0.275L * range);
	k = way == 2 ? k : fabsl(k);
	return fmaxl(0, 1 + (k >= 0 ? fminl(cap, k * cap / width) : fmaxl(-cap, k * cap / width)));
}

#endif
