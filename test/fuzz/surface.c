/*
 * surface.c
 *	  Fuzz target: quotes of several expiries, tame, wild and raw, through option_chain.h and surface_fit.h:
 *	  every quote that is used has its vol, and every smile that comes out is valid and free of arbitrage on a
 *	  dense grid.
 */
#include "fuzz.h"
#include "kernel/option_chain.h"
#include "kernel/option_forms.h"
#include "kernel/surface_fit.h"

FUZZ_WITH_GSL

#define EXPIRIES 6
#define QUOTES 24
#define GRID 1000

typedef struct Chain
{
	double t;
	McOptionQuote *quotes;
	size_t n;
	double forward;
	McForwardSource source;
} Chain;

static double
between(Bytes *b, double low, double high, size_t width)
{
	return low + (high - low) * (double) take(b, width) / (width == 1 ? 255.0 : 65535.0);
}

static int
by_strike(const void *a, const void *b)
{
	double x = ((const McOptionQuote *) a)->strike;
	double y = ((const McOptionQuote *) b)->strike;

	return (x > y) - (x < y);
}

/* the price of a vol by a skewed smile with noise, or raw bytes */
static McOptionQuote
take_quote(Bytes *b, const McChainSettings *settings, double t)
{
	int kind = (int) take(b, 1);
	double k = between(b, -1.5, 1.5, 1);
	double spread = between(b, 0, 0.5, 1);
	double vol = 0.4 + 0.3 * fabs(k) - 0.2 * k;
	double price;
	McOptionQuote q = {.strike = 100 * exp(kind & 64 ? k * sqrt(t) : k),
	                   .call = kind & 1,
	                   .bid = NAN,
	                   .ask = NAN,
	                   .mark = NAN,
	                   .forward = NAN,
	                   .bid_size = kind & 128 ? take_raw(b) : NAN,
	                   .ask_size = kind & 128 ? between(b, 0, 2, 1) : NAN,
	                   .open_interest = NAN};

	if (kind & 2)
		vol *= exp(between(b, -3, 3, 1));
	if ((kind & 12) == 12)
	{
		q.strike = fabs(take_raw(b));
		q.strike = q.strike > 0 && isfinite(q.strike) ? q.strike : 1;
		q.bid = take_raw(b);
		q.ask = take_raw(b);
		q.mark = take_raw(b);
		q.forward = kind & 16 ? take_raw(b) : NAN;
		return q;
	}
	price = mc_black76_price(q.call, 100, q.strike, t, vol) * exp(-settings->rate * t) /
	        (settings->coin ? 100 : 1);
	q.bid = price * (1 - spread);
	q.ask = price * (1 + spread);
	if (kind & 4)
		q.ask = q.bid = NAN;
	q.mark = kind & 8 ? price : NAN;
	q.forward = kind & 32 ? 100 : NAN;
	return q;
}

static void
take_chain(Bytes *b, Chain *chain, const McChainSettings *settings)
{
	chain->n = take(b, 1) % (QUOTES + 1);
	chain->quotes = array(chain->n, sizeof(McOptionQuote));
	for (size_t i = 0; i < chain->n; i++)
		chain->quotes[i] = take_quote(b, settings, chain->t);
	qsort(chain->quotes, chain->n, sizeof(McOptionQuote), by_strike);
}

static void
check_used(const Chain *chain)
{
	for (size_t i = 0; i < chain->n; i++)
	{
		const McOptionQuote *q = &chain->quotes[i];

		CHECK(q->problem < MC_QUOTE_PROBLEMS &&
		          (mc_quote_problem_text(q->problem) == NULL) == (q->problem == MC_QUOTE_USED),
		      "problem %d", (int) q->problem);
		if (q->problem != MC_QUOTE_USED)
			continue;
		CHECK(isfinite(q->k) && q->vol > 0 && isfinite(q->vol), "strike %g: k %g vol %g", q->strike,
		      q->k, q->vol);
		CHECK(!(q->bid_vol > q->vol) && !(q->ask_vol < q->vol), "%g %g %g", q->bid_vol, q->vol,
		      q->ask_vol);
		for (size_t j = 0; j < i; j++)
			CHECK(chain->quotes[j].problem != MC_QUOTE_USED ||
			          chain->quotes[j].strike != q->strike || chain->quotes[j].call == q->call,
			      "call and put of %g", q->strike);
	}
}

static long double
w_at(const McSvi *s, double k)
{
	long double z = (long double) k - s->m;

	return s->a + s->b * (s->rho * z + sqrtl(z * z + (long double) s->sigma * s->sigma));
}

static void
check_smile(const McSvi *s, const McSvi *before)
{
	CHECK(mc_svi_is_valid(s), "%g %g %g %g %g", s->a, s->b, s->rho, s->m, s->sigma);
	for (int i = -GRID; i <= GRID; i++)
	{
		double x = i / (double) GRID;
		double points[3] = {2.5 * x, s->m + s->sigma * sinh(9 * x), 12 * x * x * x};

		for (int j = 0; j < 3; j++)
		{
			long double k = points[j];
			long double z = k - s->m;
			long double r = sqrtl(z * z + (long double) s->sigma * s->sigma);
			long double w = w_at(s, points[j]);
			long double slope = s->b * (s->rho + z / r);
			long double first = 1 - k * slope / (2 * w);
			long double second = slope * slope / 4 * (1 / w + 0.25L);
			long double third = s->b * (s->sigma / r) * (s->sigma / r) / r / 2;

			CHECK(first * first - second + third >=
			          -(fabsl(k) <= 12 ? 1e-9L : 1e-4L) * (1 + first * first + second + third),
			      "g %Lg at %Lg of a %.17g b %.17g rho %.17g m %.17g sigma %.17g",
			      first * first - second + third, k, s->a, s->b, s->rho, s->m, s->sigma);
		}
		if (before != NULL)
			CHECK(w_at(s, points[0]) - w_at(before, points[0]) >= -1e-9L * w_at(s, points[0]),
			      "calendar %Lg at %g: {%g %g %g %g %g} over {%g %g %g %g %g}",
			      w_at(s, points[0]) - w_at(before, points[0]), points[0], s->a, s->b, s->rho, s->m,
			      s->sigma, before->a, before->b, before->rho, before->m, before->sigma);
	}
}

/* room for the quotes of an expiry that are used; what the fit sets is garbage before */
static size_t
prepare(const Chain *chain, McSmile *smile)
{
	double *k = array(chain->n, sizeof(double));
	double *vol = array(chain->n, sizeof(double));
	double *half = array(chain->n, sizeof(double));
	double *scale = array(chain->n, sizeof(double));
	double *work = array(chain->n, sizeof(double));
	size_t n = 0;

	for (size_t i = 0; i < chain->n; i++)
		if (chain->quotes[i].problem == MC_QUOTE_USED)
		{
			k[n] = chain->quotes[i].k;
			vol[n] = chain->quotes[i].vol;
			half[n++] = mc_chain_half_spread(&chain->quotes[i]);
		}
	mc_chain_scales(half, n, work, scale);
	for (size_t i = 0; i < n; i++)
		CHECK(scale[i] > 0 && isfinite(scale[i]), "scale %g", scale[i]);
	memset(smile, 0x5a, sizeof(*smile));
	smile->quotes = (McSmileQuotes){n, k, vol, scale};
	smile->t = chain->t;
	smile->robust = array(n, sizeof(double));
	free(work);
	free(half);
	return n;
}

static void
release(McSmile *smile)
{
	free((void *) smile->quotes.k);
	free((void *) smile->quotes.vol);
	free((void *) smile->quotes.scale);
	free(smile->robust);
}

static void
fit(Chain *chains, size_t count)
{
	McSmile *smiles = array(count, sizeof(McSmile));
	McSurfaceExpiry *expiries = array(count, sizeof(McSurfaceExpiry));
	McSsviExpiry *work = array(count, sizeof(McSsviExpiry));
	const McSvi *before = NULL;
	McSsvi ssvi;
	size_t n = 0;
	size_t total = 0;
	McStatus status;

	for (size_t i = 0; i < count; i++)
	{
		size_t used = prepare(&chains[i], &smiles[n]);

		total += used;
		if (used > 0)
			n++;
		else
			release(&smiles[n]);
	}
	status = mc_surface_fit(smiles, expiries, work, n, &ssvi, NULL);
	CHECK((status == MC_TOO_FEW) == (n == 0 || total < 3),
	      "status %d of %zu quotes of %zu expiries", (int) status, total, n);
	for (size_t i = 0; i < n && status == MC_OK; i++)
	{
		CHECK(expiries[i].model <= MC_SLICE_NONE, "model %d", (int) expiries[i].model);
		for (size_t j = 0; j < smiles[i].quotes.n; j++)
			CHECK(smiles[i].robust[j] >= 0 && smiles[i].robust[j] <= 1, "weight %g",
			      smiles[i].robust[j]);
		if (expiries[i].model == MC_SLICE_NONE)
			continue;
		CHECK(expiries[i].butterfly >= 0 &&
		          (expiries[i].calendar >= 0 || (isnan(expiries[i].calendar) && before == NULL)),
		      "%g %g", expiries[i].butterfly, expiries[i].calendar);
		check_smile(&smiles[i].smile, before);
		before = &smiles[i].smile;
	}
	for (size_t i = 0; i < n; i++)
		release(&smiles[i]);
	free(smiles);
	free(expiries);
	free(work);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Bytes b = {data, size};
	McChainSettings settings = {take(&b, 1) & 1,        between(&b, -0.5, 0.5, 1),
	                            between(&b, 0.1, 2, 1), between(&b, 0, 0.01, 1),
	                            between(&b, 0, 1.5, 1), 0};
	size_t count = take(&b, 1) % (EXPIRIES + 1);
	Chain chains[EXPIRIES];
	double t[EXPIRIES];
	double forwards[EXPIRIES];
	McForwardSource sources[EXPIRIES];
	double now = 0;

	if (settings.coin)
		settings.rate = 0;
	for (size_t i = 0; i < count; i++)
	{
		double *work;

		now += exp(between(&b, -14, 1, 2));
		t[i] = chains[i].t = now;
		take_chain(&b, &chains[i], &settings);
		mc_chain_judge(chains[i].quotes, chains[i].n, &settings);
		work = array(2 * chains[i].n, sizeof(double));
		sources[i] =
		    mc_chain_forward(chains[i].quotes, chains[i].n, t[i], &settings, work, &forwards[i]);
		CHECK(sources[i] == MC_FORWARD_NONE || (forwards[i] > 0 && isfinite(forwards[i])),
		      "forward %g from %d", forwards[i], (int) sources[i]);
		free(work);
	}
	mc_chain_carry(t, forwards, sources, count);
	for (size_t i = 0; i < count; i++)
	{
		size_t used = 0;

		if (sources[i] == MC_FORWARD_NONE)
		{
			for (size_t j = 0; j < chains[i].n; j++)
				chains[i].quotes[j].problem = MC_QUOTE_NO_FORWARD;
			continue;
		}
		CHECK(forwards[i] > 0 && isfinite(forwards[i]), "forward %g", forwards[i]);
		for (size_t j = 0; j < chains[i].n; j++)
			used += chains[i].quotes[j].problem == MC_QUOTE_USED;
		CHECK(mc_chain_vols(chains[i].quotes, chains[i].n, t[i], forwards[i], &settings) <= used,
		      "more used than good");
		check_used(&chains[i]);
	}
	fit(chains, count);
	for (size_t i = 0; i < count; i++)
		free(chains[i].quotes);
	return 0;
}
