/*
 * definite.c
 *	  Positive semidefinite matrices: certificate, repair, and the Cholesky factor.
 *
 * The factorisation goes by panels of eight columns: the columns of a panel one by one, then
 * everything below and to the right of it by mc_rank_update.
 */
#include "definite.h"

#include <math.h>
#include <string.h>

#define U 0x1p-53

/* what a factorisation does with a pivot */
typedef struct Pivots
{
	const double *diagonal; /* of the matrix that is factored */
	double zero;            /* a pivot up to this share of its diagonal element is 0 */
	double slack;           /* then what is below it may be this share of the deviations */
} Pivots;

/* triangle, panel, diagonal, classes */
size_t
mc_definite_worksize(size_t k)
{
	return mc_triangle_row(k) + 2 * k + mc_rank_size(MC_RANK, k);
}

/* Column `column` of the panel that starts at `first`: false when the matrix is not definite. */
static bool
panel_column(double *a, size_t k, size_t first, size_t column, const Pivots *pivots)
{
	double *pivot_row = a + mc_triangle_row(column);
	double diagonal = pivots->diagonal[column];
	double pivot = pivot_row[column];
	double root;
	bool zero;

	for (size_t q = first; q < column; q++)
		pivot -= pivot_row[q] * pivot_row[q];
	zero = diagonal == 0 || (pivots->zero > 0 && fabs(pivot) <= pivots->zero * diagonal);
	if (!zero && !(pivot > 0))
		return false;
	root = zero ? 0 : sqrt(pivot);
	pivot_row[column] = root;
	for (size_t i = column + 1; i < k; i++)
	{
		double *row = a + mc_triangle_row(i);
		double x = row[column];

		for (size_t q = first; q < column; q++)
			x -= row[q] * pivot_row[q];
		if (zero && !(fabs(x) <= pivots->slack * sqrt(diagonal) * sqrt(pivots->diagonal[i])))
			return false;
		row[column] = zero ? 0 : x / root;
	}
	return true;
}

/* a -= L L' for the columns of a panel, below and right of it */
static void
update_rest(double *a, size_t k, size_t first, double *panel)
{
	McRankUpdate rank_update = mc_rank_update();
	size_t next = first + MC_RANK;
	size_t stride = mc_rank_stride(k);

	for (size_t i = next; i < k; i++)
		for (size_t q = 0; q < MC_RANK; q++)
			panel[q * stride + i] = a[mc_triangle_row(i) + first + q];
	for (size_t i = next; i < k; i++)
	{
		double factors[MC_RANK];

		for (size_t q = 0; q < MC_RANK; q++)
			factors[q] = -panel[q * stride + i];
		rank_update(a + mc_triangle_row(i) + next, panel + next, stride, i + 1 - next, factors);
	}
}

/* a = L L' in place; panel has room for MC_RANK rows */
static McStatus
factor(double *a, size_t k, double *panel, const Pivots *pivots, bool *success, const McPoll *poll)
{
	*success = false;
	for (size_t first = 0; first < k; first += MC_RANK)
	{
		size_t end = first + MC_RANK < k ? first + MC_RANK : k;

		if (mc_poll_stop(poll))
			return MC_STOPPED;
		for (size_t column = first; column < end; column++)
			if (!panel_column(a, k, first, column, pivots))
				return MC_OK;
		if (end < k)
			update_rest(a, k, first, panel);
	}
	*success = true;
	return MC_OK;
}

/* the parts of the work space */
typedef struct Space
{
	double *a;
	double *panel;
	double *diagonal;
	double *twin; /* the row that a row repeats, from 1; 0 without */
} Space;

static Space
divide_space(double *work, size_t k)
{
	Space space = {work, NULL, work + mc_triangle_row(k), NULL};

	space.twin = space.diagonal + k;
	space.panel = mc_rank_aligned(space.twin + k);
	return space;
}

static double
element(const double *matrix, size_t i, size_t j)
{
	return i >= j ? matrix[mc_triangle_row(i) + j] : matrix[mc_triangle_row(j) + i];
}

/* Is row i exactly row j times `ratio`, a power of two? */
static bool
repeats(const double *matrix, size_t k, size_t i, size_t j, double ratio)
{
	int exponent;

	if (fabs(frexp(ratio, &exponent)) != 0.5)
		return false;
	for (size_t l = 0; l < k; l++)
		if (element(matrix, i, l) != ratio * element(matrix, j, l))
			return false;
	return true;
}

static void
find_twins(const double *matrix, size_t k, double *twin)
{
	for (size_t i = 0; i < k; i++)
	{
		const double *row = matrix + mc_triangle_row(i);

		twin[i] = 0;
		for (size_t j = 0; j < i && twin[i] == 0; j++)
		{
			double own = matrix[mc_triangle_row(j) + j];

			if (row[j] != 0 && own > 0 && row[j] * row[j] == row[i] * own &&
			    repeats(matrix, k, i, j, row[j] / own))
				twin[i] = (double) j + 1;
		}
	}
}

/* The certificate: twins count once, a row of 0 not at all. */
static McStatus
certify(const double *matrix, size_t k, const Space *space, double t, bool *definite,
        const McPoll *poll)
{
	Pivots pivots = {space->diagonal, 0, 0};

	memcpy(space->a, matrix, mc_triangle_row(k) * sizeof(double));
	for (size_t i = 0; i < k; i++)
	{
		double *row = space->a + mc_triangle_row(i);

		row[i] *= 1 - t;
		if (space->twin[i] > 0)
		{
			memset(row, 0, (i + 1) * sizeof(double));
			for (size_t l = i + 1; l < k; l++)
				space->a[mc_triangle_row(l) + i] = 0;
		}
		space->diagonal[i] = row[i];
	}
	return factor(space->a, k, space->panel, &pivots, definite, poll);
}

/* What is off the diagonal, times 1 - s; twins stay equal. */
static void
shrink(double *matrix, size_t k, const double *twin, double s)
{
	for (size_t i = 0; i < k; i++)
	{
		double *row = matrix + mc_triangle_row(i);
		double class_i = twin[i] > 0 ? twin[i] : (double) i + 1;

		for (size_t j = 0; j < i; j++)
			if ((twin[j] > 0 ? twin[j] : (double) j + 1) != class_i)
				row[j] *= 1 - s;
	}
}

McStatus
mc_make_definite(double *matrix, size_t k, double *work, double *shrunk, const McPoll *poll)
{
	Space space = divide_space(work, k);
	double t = ((double) k + 3) * ((double) k + 3) * U;
	bool definite = false;
	McStatus status;

	*shrunk = 0;
	find_twins(matrix, k, space.twin);
	status = certify(matrix, k, &space, t, &definite, poll);
	/* the last step, s = 1, leaves the diagonal */
	for (double s = 2.5 * t; status == MC_OK && !definite && *shrunk < 1; s *= 4)
	{
		double step = fmin(s, 1);

		shrink(matrix, k, space.twin, step);
		*shrunk += (1 - *shrunk) * step;
		status = certify(matrix, k, &space, t, &definite, poll);
	}
	return status;
}

/* the diagonal of a matrix, and whether it can be one of a semidefinite matrix */
static bool
take_diagonal(const double *matrix, size_t k, double *diagonal)
{
	for (size_t i = 0; i < k; i++)
	{
		diagonal[i] = matrix[mc_triangle_row(i) + i];
		if (!(diagonal[i] >= 0))
			return false;
	}
	return true;
}

McStatus
mc_is_semidefinite(const double *matrix, size_t k, double *work, bool *answer, const McPoll *poll)
{
	Space space = divide_space(work, k);
	double t = (double) k * ((double) k + 3) * 2 * U;
	Pivots pivots = {space.diagonal, 0, 0};

	*answer = false;
	if (!take_diagonal(matrix, k, space.diagonal))
		return MC_OK;
	memcpy(space.a, matrix, mc_triangle_row(k) * sizeof(double));
	for (size_t i = 0; i < k; i++)
		space.a[mc_triangle_row(i) + i] *= 1 + t;
	return factor(space.a, k, space.panel, &pivots, answer, poll);
}

McStatus
mc_cholesky(double *matrix, size_t k, double *work, bool *answer, const McPoll *poll)
{
	Space space = divide_space(work, k);
	double t = (double) k * ((double) k + 3) * 2 * U;
	Pivots pivots = {space.diagonal, t, sqrt(t)};

	*answer = false;
	if (!take_diagonal(matrix, k, space.diagonal))
		return MC_OK;
	return factor(matrix, k, space.panel, &pivots, answer, poll);
}
