/*
 * surface_vol.c
 *	  margin_calib.surface_vol: the vol of a surface at an expiry and a strike.
 */
#include "compat.h"

#include <math.h>

#include "utils/float.h"
#include "utils/timestamp.h"

#include "kernel/vol_surface.h"
#include "sample.h"
#include "surface_rows.h"
#include "years.h"

static int
slice_compare(const void *a, const void *b)
{
	const McSurfaceSlice *x = a;
	const McSurfaceSlice *y = b;

	return (x->t > y->t) - (x->t < y->t);
}

/* The slices that have a smile, in order; of two at one time the first. */
static McSurfaceSlice *
usable_slices(const McSurfaceRows *rows, Size *n)
{
	McSurfaceSlice *slices = mc_work_space(rows->slice_count + 1, sizeof(McSurfaceSlice));
	Size count = 0;

	for (int i = 0; i < rows->slice_count; i++)
	{
		const McSliceRow *row = &rows->slices[i];

		if (row->has_smile)
			slices[count++] =
			    (McSurfaceSlice){row->t, row->forward > 0 ? row->forward : NAN, row->smile};
	}
	qsort(slices, count, sizeof(McSurfaceSlice), slice_compare);
	*n = count > 0 ? 1 : 0;
	for (Size i = 1; i < count; i++)
		if (slices[i].t > slices[*n - 1].t)
			slices[(*n)++] = slices[i];
	return slices;
}

/* Years from the time of a surface to an expiry; 22023 unless it lies ahead. */
static double
years_to(const McSurfaceRows *rows, TimestampTz expiry)
{
	if (!rows->has_as_of || TIMESTAMP_NOT_FINITE(rows->as_of))
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("the surface has no as_of"),
		         errhint("Make surfaces with margin_calib.fit_surface.")));
	if (TIMESTAMP_NOT_FINITE(expiry) || expiry <= rows->as_of)
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		         errmsg("expiry must be later than the surface"),
		         errdetail("The expiry given is %s, the surface is as of %s.",
		                   pstrdup(timestamptz_to_str(expiry)), timestamptz_to_str(rows->as_of)),
		         errhint("An expired option is worth its payoff.")));
	return mc_years_between(rows->as_of, expiry);
}

/* margin_calib.surface_vol(surface vol_surface, expiry timestamptz, strike float8) -> float8 */
MC_FUNCTION(mc_surface_vol)
{
	double strike = PG_GETARG_FLOAT8(2);
	McSurfaceRows rows;
	McSurfaceSlice *slices;
	Size n;
	double t;
	double k;
	double w;

	if (isnan(strike))
		PG_RETURN_FLOAT8(get_float8_nan());
	if (!(strike > 0) || isinf(strike))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("strike must be positive and finite"),
		                errdetail("The strike given is %s.", float8out_internal(strike))));
	mc_read_surface(PG_GETARG_HEAPTUPLEHEADER(0), false, &rows);
	t = years_to(&rows, PG_GETARG_TIMESTAMPTZ(1));
	slices = usable_slices(&rows, &n);
	if (n == 0)
		PG_RETURN_NULL();
	k = log(strike / mc_surface_forward(slices, n, t));
	w = mc_surface_total_variance(slices, n, t, k);
	if (!(w >= 0) || isinf(w))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(sqrt(w / t));
}
