/*
 * black_batch.c
 *	  Black (1976) for many options, by the widest vectors that the machine has.
 */
#include "black_batch.h"

#include "black.h"
#include "black_isa.h"

/* One option by black.c. */
static __attribute__((noinline)) void
alone(const McOptions *o, size_t i, bool wanted, const McGreekColumns *greeks)
{
	bool call = o->call[i * o->call_step];
	double forward = o->forward.values[i * o->forward.step];
	double strike = o->strike.values[i * o->strike.step];
	double t = o->t.values[i * o->t.step];
	double vol = o->vol.values[i * o->vol.step];
	McOptionGreeks g;

	if (!wanted)
	{
		greeks->price[i] = mc_black76_price(call, forward, strike, t, vol);
		return;
	}
	mc_black76_greeks(call, forward, strike, t, vol, &g);
	greeks->price[i] = g.price;
	greeks->delta[i] = g.delta;
	greeks->gamma[i] = g.gamma;
	greeks->vega[i] = g.vega;
	greeks->theta[i] = g.theta;
	greeks->rho[i] = g.rho;
	greeks->vanna[i] = g.vanna;
	greeks->volga[i] = g.volga;
}

#define MC_SINGLE 0

#define MC_ISA base
#define MC_WIDTH 2
#define MC_FUSED 0
#define MC_TARGET
#include "black_body.h"
#include "black_columns.h"

#ifdef MC_HAVE_AVX

#undef MC_ISA
#undef MC_WIDTH
#undef MC_FUSED
#undef MC_TARGET
#define MC_ISA avx2
#define MC_WIDTH 4
#define MC_FUSED 1
#define MC_TARGET MC_TARGET_AVX2
#include "black_body.h"
#include "black_columns.h"

#undef MC_ISA
#undef MC_WIDTH
#undef MC_TARGET
#define MC_ISA avx512
#define MC_WIDTH 8
#define MC_TARGET MC_TARGET_AVX512
#include "black_body.h"
#include "black_columns.h"

#endif

McBlackIsa
mc_black_isa(void)
{
#ifdef MC_HAVE_AVX
	if (mc_has_avx512())
		return MC_BLACK_AVX512;
	if (mc_has_avx2())
		return MC_BLACK_AVX2;
#endif
	return MC_BLACK_BASE;
}

static void
run(const McOptions *options, McBlackIsa isa, bool wanted, const McGreekColumns *greeks)
{
	switch (isa)
	{
#ifdef MC_HAVE_AVX
		case MC_BLACK_AVX512:
			columns_avx512(options, wanted, greeks);
			break;
		case MC_BLACK_AVX2:
			columns_avx2(options, wanted, greeks);
			break;
#endif
		default:
			columns_base(options, wanted, greeks);
	}
}

void
mc_black76_prices(const McOptions *options, McBlackIsa isa, double *prices)
{
	McGreekColumns greeks = {.price = prices};

	run(options, isa, false, &greeks);
}

void
mc_black76_greeks_all(const McOptions *options, McBlackIsa isa, const McGreekColumns *greeks)
{
	run(options, isa, true, greeks);
}
