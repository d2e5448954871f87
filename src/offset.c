/*
 * offset.c
 *	  margin_calib.portfolio_offset and bounded_correlation: what correlations take off a margin.
 */
#include "compat.h"

#include <math.h>

#include "utils/float.h"

#include "errors.h"
#include "kernel/bounded_correlation.h"
#include "kernel/definite.h"
#include "kernel/portfolio_offset.h"
#include "kernel/symmetric_eigen.h"
#include "offset.h"
#include "sample.h"
#include "triangle.h"
#include "values.h"

#define UNIT 1e-12 /* how far a correlation may be beyond 1 by rounding */

static void
not_a_correlation(Size i, Size j, double value)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
	                errmsg("correlations lie between -1 and 1, and are 1 on the diagonal"),
	                errdetail("Element [%zu][%zu] is %s.", i + 1, j + 1, float8out_internal(value)),
	                errhint("Use margin_calib.covariance_to_correlation first.")));
}

/* Exact units, or 22023. */
static void
check_correlations(double *triangle, int k)
{
	for (Size i = 0; i < k; i++)
		for (Size j = 0; j <= i; j++)
		{
			double *element = triangle + mc_triangle_row(i) + j;

			if (!(fabs(*element) <= 1 + UNIT) || (i == j && fabs(*element - 1) > UNIT))
				not_a_correlation(i, j, *element);
			*element = i == j ? 1 : fmax(-1, fmin(1, *element));
		}
}

static void
check_definite(const double *triangle, int k)
{
	double *work = mc_work_space(mc_definite_worksize(k), sizeof(double));
	bool answer;

	mc_check_status(mc_is_semidefinite(triangle, k, work, &answer, &mc_interrupt_poll));
	pfree(work);
	if (!answer)
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		         errmsg("correlation must be positive semidefinite"),
		         errdetail("Some portfolio would have a negative variance."),
		         errhint("margin_calib.bounded_correlation cuts a matrix down to one that is, "
		                 "margin_calib.nearest_correlation changes it least.")));
}

static void
check_cap(double cap)
{
	if (!(cap >= 0 && cap <= 1))
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("cap must lie between 0 and 1"),
		         errdetail("The cap given is %g.", cap),
		         errhint("Write 0.8 for at most 80 %% of the difference between the sum of "
		                 "the margins and the margin of the portfolio.")));
}

/* Only positions with a margin, in place; the number of them. */
static int
drop_empty(double *margins, double *triangle, int k)
{
	int *kept = palloc(k * sizeof(int));
	int n = 0;

	for (int i = 0; i < k; i++)
		if (margins[i] != 0)
			kept[n++] = i;
	for (int i = 0; i < n; i++)
	{
		margins[i] = margins[kept[i]];
		for (int j = 0; j <= i; j++)
			triangle[mc_triangle_row(i) + j] = triangle[mc_triangle_row(kept[i]) + kept[j]];
	}
	pfree(kept);
	return n;
}

/* margin_calib.portfolio_offset(margins float8[], correlation float8[][], cap float8,
 * hedges_only boolean) -> portfolio_credit */
MC_FUNCTION(mc_portfolio_offset_row)
{
	int k;
	int n;
	const double *given = mc_float8_array(fcinfo, 0, "margins", &n);
	double *triangle = mc_triangle_argument(fcinfo, 1, MC_MAX_SERIES, &k);
	double cap = PG_GETARG_FLOAT8(2);
	double *margins;
	McPortfolioOffset offset;
	Datum values[7];
	bool nulls[7] = {false};

	if (n != k)
		ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
		                errmsg("margins and correlation must be of the same positions"),
		                errdetail("There are %d margins and %d rows of correlations.", n, k),
		                errhint("Give one margin, signed by its direction, a row of the matrix.")));
	mc_check_finite(given, n, "margins");
	check_cap(cap);
	check_correlations(triangle, k);
	margins = mc_work_space(n, sizeof(double));
	memcpy(margins, given, n * sizeof(double));
	n = drop_empty(margins, triangle, k);
	check_definite(triangle, n);
	mc_check_status(mc_portfolio_offset(margins, triangle, n, cap, PG_GETARG_BOOL(3), &offset,
	                                    &mc_interrupt_poll));
	values[0] = Float8GetDatum(offset.gross);
	values[1] = Float8GetDatum(offset.combined);
	values[2] = Float8GetDatum(offset.credit);
	values[3] = Float8GetDatum(offset.requirement);
	values[4] = Float8GetDatum(offset.at_zero);
	values[5] = Float8GetDatum(offset.at_one);
	values[6] = Float8GetDatum(offset.worst);
	return mc_row_datum(fcinfo, values, nulls);
}

void
mc_bound_triangle(double *triangle, int k)
{
	double *work = mc_work_space(mc_bounded_worksize(k), sizeof(double));
	McStatus status = mc_bounded_correlation(triangle, k, work, &mc_interrupt_poll);

	pfree(work);
	mc_check_status(status);
	if (status == MC_TOO_FEW)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory"),
		                errdetail("The eigenvalues of %d rows could not be computed.", k)));
	mc_triangle_make_definite(triangle, k);
}

/* margin_calib.bounded_correlation(matrix float8[][]) -> float8[][] */
MC_FUNCTION(mc_bounded_correlation_matrix)
{
	int k;
	double *triangle = mc_triangle_argument(fcinfo, 0, MC_EIGEN_MAX, &k);

	check_correlations(triangle, k);
	mc_bound_triangle(triangle, k);
	return mc_triangle_datum(triangle, k, NULL);
}
