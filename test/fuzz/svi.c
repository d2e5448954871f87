/*
 * svi.c
 *	  Fuzz target: smiles of any parameters: which are valid, least g(k) and calendar excess beside long double
 *	  on dense grids, jump wings and wings and back, derivatives, and surfaces between smiles.
 */
#include "fuzz.h"
#include "kernel/ssvi.h"
#include "kernel/vol_surface.h"
#include "kernel/wings.h"

FUZZ_WITH_GSL

#define GRID 1500

static double
between(Bytes *b, double low, double high)
{
	return low + (high - low) * (double) take(b, 2) / 65535;
}

/* of markets and beyond: a minimum of 0 or more, wings up to a slope of 3 */
static McSvi
take_mild(Bytes *b)
{
	double scale = exp(between(b, -9, 2));
	double sigma = sqrt(scale) * exp(between(b, -4, 2));
	double rho = between(b, -0.999, 0.999);
	double slope = between(b, 0, 3) * fmin(1, sqrt(scale));
	McSvi smile = {0, slope / (1 + fabs(rho)), rho, sqrt(scale) * between(b, -2, 2), sigma};

	smile.a = scale * between(b, 0.001, 1) - smile.b * sigma * sqrt(1 - rho * rho);
	return smile;
}

static McSvi
take_any(Bytes *b, int kind)
{
	McSvi smile;

	if (kind & 4)
		return take_mild(b);
	smile.a = kind & 8 ? take_raw(b) : take_finite(b, kind);
	smile.b = kind & 8 ? take_raw(b) : take_finite(b, kind);
	smile.rho = kind & 8 ? take_raw(b) : take_finite(b, kind) * 1e-2;
	smile.m = kind & 8 ? take_raw(b) : take_finite(b, kind);
	smile.sigma = kind & 8 ? take_raw(b) : take_finite(b, kind);
	return smile;
}

static long double
wide_w(const McSvi *s, long double k)
{
	long double z = k - s->m;

	return s->a + s->b * (s->rho * z + sqrtl(z * z + (long double) s->sigma * s->sigma));
}

/* g(k) and how large its terms are */
static long double
wide_g(const McSvi *s, long double k, long double *size)
{
	long double z = k - s->m;
	long double r = sqrtl(z * z + (long double) s->sigma * s->sigma);
	long double w = wide_w(s, k);
	long double slope = s->b * (s->rho + z / r);
	long double curvature = s->b * ((long double) s->sigma / r) * ((long double) s->sigma / r) / r;
	long double first = 1 - k * slope / (2 * w);
	long double second = slope * slope / 4 * (1 / w + 0.25L);

	*size = first * first + second + curvature / 2 + fabsl(k * slope / w);
	return first * first - second + curvature / 2;
}

/* what rounding of a and b sigma leaves of w relative to it */
static long double
lost(const McSvi *s, long double k)
{
	return (fabsl((long double) s->a) + s->b * (fabsl(k) + fabs(s->m) + s->sigma)) / wide_w(s, k);
}

static void
check_valid(const McSvi *s)
{
	bool finite = isfinite(s->a) && isfinite(s->b) && isfinite(s->rho) && isfinite(s->m) &&
	              isfinite(s->sigma);
	bool shape = finite && s->b >= 0 && fabs(s->rho) < 1 && s->sigma > 0;
	bool valid = mc_svi_is_valid(s);
	long double least;
	long double size;

	CHECK(!valid || shape, "%g %g %g %g %g is no smile", s->a, s->b, s->rho, s->m, s->sigma);
	if (!shape)
		return;
	least = s->a + (long double) s->b * s->sigma * sqrtl(1 - (long double) s->rho * s->rho);
	size = fabsl((long double) s->a) + (long double) s->b * s->sigma;
	if (fabsl(least) > 1e-13L * size + 1e-300L && size < DBL_MAX)
		CHECK(valid == (least >= 0), "%d, least variance %Lg", valid, least);
}

/* the contract says all k, but beyond e^12 times the forward two digits do */
static void
check_least(const McSvi *s)
{
	double at = -12345;
	double least = mc_svi_least_butterfly(s, &at);
	long double size;

	CHECK(!isnan(least) && !isnan(at) && at != -12345, "least g %g at %g", least, at);
	if (isfinite(at))
	{
		long double g = wide_g(s, at, &size);

		CHECK(fabsl(g - least) <= 1e-13L * (1 + lost(s, at)) * size, "%g at %g, but %Lg", least, at,
		      g);
	}
	for (int i = -GRID; i <= GRID; i++)
	{
		double x = i / (double) GRID;
		double points[3] = {4 * x, s->m + s->sigma * sinh(9 * x), 12 * x * x * x};

		for (int j = 0; j < 3; j++)
		{
			long double g = wide_g(s, points[j], &size);

			CHECK(least <= g + (1e-12L * (1 + lost(s, points[j])) +
			                    (fabs(points[j]) <= 12 ? 1e-5L : 2e-2L)) *
			                       size,
			      "least g %g at %g, but %.10Lg at %g of a %.17g b %.17g rho %.17g m %.17g sigma "
			      "%.17g",
			      least, at, g, points[j], s->a, s->b, s->rho, s->m, s->sigma);
		}
	}
}

static void
check_calendar(const McSvi *early, const McSvi *late)
{
	double at = NAN;
	double least = mc_svi_least_calendar(early, late, &at);
	long double size = 0;

	CHECK(fabs(at) <= MC_SVI_REACH, "%g at %g", least, at);
	for (int i = -GRID; i <= GRID; i++)
	{
		long double k = MC_SVI_REACH * (long double) i / GRID;
		long double excess = wide_w(late, k) - wide_w(early, k);

		size = fmaxl(size, fmaxl(wide_w(late, k), wide_w(early, k)));
		CHECK(least <= excess + 1e-5L * size, "least excess %g at %g, but %Lg at %Lg", least, at,
		      excess, k);
	}
	CHECK(fabsl(wide_w(late, at) - wide_w(early, at) - least) <=
	          1e-12L * size * (1 + lost(early, at) + lost(late, at)),
	      "%g is not at %g", least, at);
}

static void
check_forms(const McSvi *s, double t, double share)
{
	McSvi back;
	McSvi moved;
	McSviJw jw = mc_svi_to_jw(s, t);
	McWings wings;
	McWingsJet jet;
	double x[MC_WINGS_DIM];
	double gradient[MC_WINGS_DIM];
	double at;

	CHECK(jw.v >= jw.v_least * (1 - 1e-9) - 1e-9 * fabs(jw.v) && jw.p >= 0 && jw.c >= 0,
	      "%g %g %g %g", jw.v, jw.v_least, jw.p, jw.c);
	if (mc_svi_from_jw(&jw, t, &back))
		CHECK(mc_svi_is_valid(&back), "jump wings to %g %g %g %g %g", back.a, back.b, back.rho,
		      back.m, back.sigma);
	if (mc_svi_towards_ssvi(s, t, share, &moved))
	{
		CHECK(mc_svi_is_valid(&moved), "moved to %g %g %g %g %g", moved.a, moved.b, moved.rho,
		      moved.m, moved.sigma);
		CHECK(close_to(mc_svi_total_variance(&moved, 0), jw.v * (long double) t, jw.v * t,
		               1e-6 * (double) (1 + lost(&moved, 0))),
		      "at the money %g, was %g", mc_svi_total_variance(&moved, 0), jw.v * t);
		CHECK(!isnan(mc_svi_least_butterfly(&moved, &at)), "g of the moved smile");
	}
	mc_wings_variables(s, x);
	mc_wings_of_variables(x, &wings);
	back = mc_wings_smile(&wings);
	CHECK(mc_svi_is_valid(&back), "wings %g %g %g %g %g", back.a, back.b, back.rho, back.m,
	      back.sigma);
	for (int i = -4; i <= 4; i++)
	{
		mc_wings_jet(&wings, i * share, &jet);
		mc_wings_butterfly_gradient(&jet, i * share, gradient);
		CHECK(jet.at.w > 0 && isfinite(jet.at.w), "w %g", jet.at.w);
		for (int j = 0; j < MC_WINGS_DIM; j++)
			CHECK(isfinite(jet.w[j]) && isfinite(jet.slope[j]) && isfinite(jet.curvature[j]) &&
			          isfinite(gradient[j]),
			      "derivative %d: %g %g %g %g", j, jet.w[j], jet.slope[j], jet.curvature[j],
			      gradient[j]);
	}
}

static void
check_surface(const McSvi *first, const McSvi *second, double t, double k)
{
	McSurfaceSlice slices[2] = {{0.1, 100, *first}, {0.3, 110, *second}};
	double w = mc_surface_total_variance(slices, 2, t, k);
	double w1 = mc_svi_total_variance(first, k);
	double w2 = mc_svi_total_variance(second, k);
	double forward = mc_surface_forward(slices, 2, t);

	CHECK(w >= 0 || w1 < 0 || w2 < 0 || t > 0.3, "%g at %g", w, t);
	if (t > 0.1 && t < 0.3)
		CHECK(close_to(w, w1 + (w2 - w1) * ((t - 0.1) / 0.2L), fmax(w1, w2), 1e-12),
		      "%g of %g and %g", w, w1, w2);
	if (t <= 0.1)
		CHECK(close_to(w, w1 * (t / 0.1L), w1, 1e-12), "%g of %g", w, w1);
	CHECK(forward >= 100 * (1 - 1e-15) && forward <= 110 * (1 + 1e-15), "forward %g", forward);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Bytes b = {data, size};
	int kind = (int) take(&b, 1);
	McSvi first = take_any(&b, kind);
	McSvi second = take_any(&b, kind);
	double t = exp(between(&b, -9, 3));
	double share = between(&b, 0, 1);
	double at;
	McSviJw jw;

	check_valid(&first);
	check_valid(&second);
	if (!mc_svi_is_valid(&first) || !mc_svi_is_valid(&second))
		return 0;
	if (kind & 4)
	{
		check_least(&first);
		check_calendar(&first, &second);
		check_forms(&first, t, share);
		check_surface(&first, &second, t, between(&b, -3, 3));
		return 0;
	}
	/* any answer, but no trap */
	mc_svi_least_butterfly(&first, &at);
	mc_svi_least_calendar(&first, &second, &at);
	if (mc_svi_total_variance(&first, 0) > 0)
	{
		jw = mc_svi_to_jw(&first, t);
		if (mc_svi_from_jw(&jw, t, &second))
			CHECK(mc_svi_is_valid(&second), "jump wings");
		if (mc_svi_towards_ssvi(&first, t, share, &second))
			CHECK(mc_svi_is_valid(&second), "moved");
	}
	return 0;
}
