/*
 * black.c
 *	  Fuzz target: Black (1976) for any doubles: bounds, parity, signs, monotonicity in vol, derivatives of the
 *	  other forms, and the same bits from every instruction set.
 */
#include "fuzz.h"
#include "kernel/black.h"
#include "kernel/black_batch.h"
#include "kernel/option_forms.h"

#define GREEKS 8

static double
take_number(Bytes *b, int kind, bool raw)
{
	double value = raw ? take_raw(b) : take_finite(b, kind);

	return kind & 8 ? fabs(value) : value;
}

static void
check_one(bool call, const double *a, const McOptionGreeks *g)
{
	bool valid = a[0] > 0 && isfinite(a[0]) && a[1] > 0 && isfinite(a[1]) && a[2] >= 0 && a[3] >= 0;
	double bound = call ? a[0] : a[1];
	double intrinsic = fmax(0, call ? a[0] - a[1] : a[1] - a[0]);
	const double *all = &g->price;

	for (int i = 0; i < GREEKS; i++)
		CHECK(isnan(all[i]) == !valid, "%d of %g %g %g %g: %g", i, a[0], a[1], a[2], a[3], all[i]);
	CHECK(same_bits(g->price, mc_black76_price(call, a[0], a[1], a[2], a[3])) || !valid, "price");
	if (!valid)
		return;
	CHECK(g->price >= intrinsic * (1 - 1e-15) && g->price <= bound * (1 + 1e-15),
	      "price %g of %g %g", g->price, a[0], a[1]);
	CHECK(call ? g->delta >= 0 && g->delta <= 1 : g->delta <= 0 && g->delta >= -1, "delta %g",
	      g->delta);
	CHECK(g->gamma >= 0 && g->vega >= 0 && g->theta <= 0 && g->rho <= 0, "signs");
	for (int i = 0; i < GREEKS; i++)
		CHECK(all[i] != 0 || !signbit(all[i]), "minus zero of %d", i);
}

static void
check_pair(const double *a, const McOptionGreeks *call, const McOptionGreeks *put)
{
	if (isnan(call->price))
		return;
	CHECK(fabs((call->price - put->price) - (a[0] - a[1])) <= 4e-16 * (a[0] / 2 + a[1] / 2) * 2,
	      "parity: %g %g", call->price, put->price);
	CHECK(fabs(call->delta - put->delta - 1) <= 4e-16, "deltas %g %g", call->delta, put->delta);
	CHECK(mc_black76_price(true, a[0], a[1], a[2], a[3] * 1.001) >= call->price * (1 - 1e-14),
	      "a price falls with the vol");
}

static void
check_forms(bool call, const double *a, double rate, double yield)
{
	McOptionGreeks g;
	bool valid = a[0] > 0 && isfinite(a[0]) && a[1] > 0 && isfinite(a[1]) && a[2] >= 0 && a[3] >= 0;

	if (!mc_black_scholes_greeks(call, a[0], a[1], a[2], a[3], rate, yield, &g))
		return;
	CHECK(!valid || isnan(rate) || isnan(yield) || !isnan(g.price), "spot %g %g %g %g %g %g", a[0],
	      a[1], a[2], a[3], rate, yield);
	mc_inverse_greeks(call, a[0], a[1], a[2], a[3], &g);
	CHECK(isnan(g.price) == !valid && (!valid || g.price >= 0), "inverse %g", g.price);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Bytes b = {data, size};
	int kind = (int) take(&b, 1);
	bool raw = kind & 4;
	size_t most = size / 4 + 1;
	bool *calls = array(most, sizeof(bool));
	double *inputs[4];
	double *columns[GREEKS];
	McOptions options = {.call = calls, .call_step = 1};
	size_t n = 0;

	for (int j = 0; j < 4; j++)
		inputs[j] = array(most, sizeof(double));
	for (; b.left > 4 && n < most; n++)
	{
		calls[n] = take(&b, 1) & 1;
		for (int j = 0; j < 4; j++)
			inputs[j][n] = take_number(&b, kind, raw);
	}
	for (int j = 0; j < GREEKS; j++)
		columns[j] = array(n, sizeof(double));
	options.forward = (McColumn){inputs[0], 1};
	options.strike = (McColumn){inputs[1], 1};
	options.t = (McColumn){inputs[2], 1};
	options.vol = (McColumn){inputs[3], 1};
	options.count = n;
	for (int isa = MC_BLACK_BASE; isa <= (int) mc_black_isa(); isa++)
	{
		McGreekColumns greeks = {columns[0], columns[1], columns[2], columns[3],
		                         columns[4], columns[5], columns[6], columns[7]};

		mc_black76_greeks_all(&options, isa, &greeks);
		for (size_t i = 0; i < n; i++)
		{
			double a[4] = {inputs[0][i], inputs[1][i], inputs[2][i], inputs[3][i]};
			McOptionGreeks g[2];

			mc_black76_greeks(false, a[0], a[1], a[2], a[3], &g[0]);
			mc_black76_greeks(true, a[0], a[1], a[2], a[3], &g[1]);
			for (int j = 0; j < GREEKS; j++)
				CHECK(same_bits(columns[j][i], (&g[calls[i]].price)[j]) || isnan(columns[j][i]),
				      "column %d of instruction set %d", j, isa);
			if (isa > 0)
				continue;
			check_one(false, a, &g[0]);
			check_one(true, a, &g[1]);
			check_pair(a, &g[1], &g[0]);
			check_forms(calls[i], a, take_finite(&b, kind), 0.01);
		}
	}
	free(calls);
	for (int j = 0; j < 4; j++)
		free(inputs[j]);
	for (int j = 0; j < GREEKS; j++)
		free(columns[j]);
	return 0;
}
