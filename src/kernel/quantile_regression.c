/*
 * quantile_regression.c
 *	  Linear quantile regression by the simplex method.
 *
 * A vertex is given by its basis, p = regressors + 1 rows with residual 0.  Along edge h one of them leaves 0
 * by +-1 and the others stay: the direction is +-column h of the inverse of their design matrix.
 * The derivative of the objective along it follows from g = sum over the other rows of psi(r) x,
 * psi = probability - [r < 0].  A step goes through breakpoints r_i = 0 as long as the objective falls.
 *
 * Ties (more than p residuals of 0) would let the method go round in circles.  So rows have a second
 * value, a pseudo-random number times an infinitesimal: where the residual of y is 0, that of the second value
 * has the sign.  The answer is not perturbed by it.
 *
 * Columns are centred at their means and divided by powers of two.
 */
#include "quantile_regression.h"

#include <gsl/gsl_linalg.h>
#include <float.h>
#include <math.h>
#include <stdint.h>

#include "double_double.h"

#define MAX_SIZE (MC_QUANTILE_MAX_REGRESSORS + 1)
#define MAX_STEPS 20000
#define ROUNDING (8 * DBL_EPSILON)
#define MAX_FLAT_STEPS 1000
#define DEPENDENT 1e-11 /* a row this near to the span of others counts as inside */

typedef struct Breakpoint
{
	double t;      /* where on the edge the residual becomes 0 */
	double noise;  /* the rounding in it */
	double second; /* the same for the second value, which decides between equal t */
	double weight; /* change of the objective's derivative */
	size_t row;
} Breakpoint;

typedef struct Problem
{
	const double *rows;
	size_t n;
	int p;
	double probability;
	const McPoll *poll;
	bool stopped;
	double centre[MAX_SIZE]; /* of y and the regressors */
	int exponent[MAX_SIZE];  /* their units are 2^exponent */
	double unit[MAX_SIZE];   /* 2^-exponent */
	Breakpoint *breakpoints;
} Problem;

typedef struct Vertex
{
	size_t basis[MAX_SIZE];
	double inverse[MAX_SIZE * MAX_SIZE]; /* of the design matrix X of the basis, p x p */
	double noise[MAX_SIZE *
	             MAX_SIZE]; /* |inverse| |L| |U| |inverse|, X = L U: its rounding, in DBL_EPSILON */
	double b[MAX_SIZE];     /* coefficients of y */
	double b_noise[MAX_SIZE]; /* their rounding */
	double second[MAX_SIZE];  /* coefficients of the second value */
} Vertex;

typedef struct Edge
{
	int leaving; /* place in the basis */
	double direction[MAX_SIZE];
	double noise[MAX_SIZE]; /* of the direction */
	double slope;           /* derivative of the objective, 0 or below */
} Edge;

size_t
mc_quantile_regression_worksize(size_t n)
{
	return n * sizeof(Breakpoint);
}

static bool
poll_at(Problem *problem, size_t i)
{
	if ((i + 1) % MC_POLL_STEPS == 0 && mc_poll_stop(problem->poll))
		problem->stopped = true;
	return problem->stopped;
}

/* the design of a row: 1 and its regressors; returns y */
static double
read_row(const Problem *problem, size_t i, double *x)
{
	const double *row = problem->rows + i * (size_t) problem->p;

	x[0] = 1;
	for (int j = 1; j < problem->p; j++)
		x[j] = (row[j] - problem->centre[j]) * problem->unit[j];
	return (row[0] - problem->centre[0]) * problem->unit[0];
}

/* uniform in (-1, 1), a function of the row number (Steele, Lea and Flood's splitmix64) */
static double
second_value(size_t i)
{
	uint64_t z = (uint64_t) (i + 1) * UINT64_C(0x9E3779B97F4A7C15);

	z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
	z ^= z >> 31;
	return (double) (int64_t) z * 0x1p-63;
}

static double
dot(const double *a, const double *b, int p)
{
	double sum = 0;

	for (int j = 0; j < p; j++)
		sum += a[j] * b[j];
	return sum;
}

/* Centre and unit of every column; false beyond the range of a double. */
static bool
standardise(Problem *problem)
{
	for (int j = 0; j < problem->p; j++)
	{
		const double *x = problem->rows + j;
		McDD sum = {0, 0};
		double mean;
		double widest = 0;

		for (size_t i = 0; i < problem->n && !poll_at(problem, i); i++)
			sum = mc_dd_add_double(sum, x[i * (size_t) problem->p]);
		mean = mc_dd_value(sum) / (double) problem->n;
		for (size_t i = 0; i < problem->n && !poll_at(problem, i); i++)
			widest = fmax(widest, fabs(x[i * (size_t) problem->p] - mean));
		if (!isfinite(widest))
			return false;
		problem->centre[j] = mean;
		frexp(widest, &problem->exponent[j]);
		problem->exponent[j] = problem->exponent[j] < -1000 ? -1000 : problem->exponent[j];
		problem->unit[j] = ldexp(1, -problem->exponent[j]);
	}
	return true;
}

/* Take the part along each of k orthonormal vectors out of x, twice for rounding. */
static void
orthogonalise(double *x, double q[MAX_SIZE][MAX_SIZE], int k, int p)
{
	for (int pass = 0; pass < 2; pass++)
		for (int h = 0; h < k; h++)
		{
			double along = dot(x, q[h], p);

			for (int j = 0; j < p; j++)
				x[j] -= along * q[h][j];
		}
}

/* Independent rows: each the farthest from the span of those before; false when there are none. */
static bool
first_basis(Problem *problem, Vertex *vertex)
{
	double q[MAX_SIZE][MAX_SIZE];
	int p = problem->p;

	for (int k = 0; k < p; k++)
	{
		double farthest = DEPENDENT * DEPENDENT;
		bool found = false;

		for (size_t i = 0; i < problem->n && !poll_at(problem, i); i++)
		{
			double x[MAX_SIZE];
			double distance;

			read_row(problem, i, x);
			orthogonalise(x, q, k, p);
			distance = dot(x, x, p);
			if (distance > farthest)
			{
				farthest = distance;
				found = true;
				vertex->basis[k] = i;
				for (int j = 0; j < p; j++)
					q[k][j] = x[j] / sqrt(distance);
			}
		}
		if (!found)
			return false;
	}
	return true;
}

/*
 * |L| |U| in the order of the rows: what the rounding of the inverse is proportional to.  The design
 * itself is not enough: where it is 0, the elimination need not have been.
 */
static void
multiply_factors(const double *factors, const size_t *order, size_t p, double *product)
{
	for (size_t i = 0; i < p; i++)
		for (size_t k = 0; k < p; k++)
		{
			double sum = i <= k ? fabs(factors[i * p + k]) : 0;

			for (size_t m = 0; m < i && m <= k; m++)
				sum += fabs(factors[i * p + m] * factors[m * p + k]);
			product[order[i] * p + k] = sum;
		}
}

/* |inverse| |L| |U| |inverse| */
static void
find_noise(const double *design, Vertex *vertex, size_t p)
{
	for (size_t j = 0; j < p; j++)
	{
		double row[MAX_SIZE] = {0};

		for (size_t h = 0; h < p; h++)
			for (size_t k = 0; k < p; k++)
				row[k] += fabs(vertex->inverse[j * p + h] * design[h * p + k]);
		for (size_t h = 0; h < p; h++)
		{
			vertex->noise[j * p + h] = 0;
			for (size_t k = 0; k < p; k++)
				vertex->noise[j * p + h] += row[k] * fabs(vertex->inverse[k * p + h]);
		}
	}
}

/* Inverse and coefficients of a basis; false when it is singular. */
static bool
solve_basis(const Problem *problem, Vertex *vertex)
{
	double design[MAX_SIZE * MAX_SIZE];
	double factors[MAX_SIZE * MAX_SIZE];
	size_t order[MAX_SIZE];
	size_t p = (size_t) problem->p;
	gsl_permutation permutation = {p, order};
	gsl_matrix_view lu = gsl_matrix_view_array(factors, p, p);
	gsl_matrix_view inverse = gsl_matrix_view_array(vertex->inverse, p, p);
	double product[MAX_SIZE * MAX_SIZE];
	double y[MAX_SIZE];
	int sign;

	for (size_t h = 0; h < p; h++)
		y[h] = read_row(problem, vertex->basis[h], design + h * p);
	for (size_t j = 0; j < p * p; j++)
		factors[j] = design[j];
	if (gsl_linalg_LU_decomp(&lu.matrix, &permutation, &sign) != 0 ||
	    gsl_linalg_LU_invert(&lu.matrix, &permutation, &inverse.matrix) != 0)
		return false;
	multiply_factors(factors, permutation.data, p, product);
	find_noise(product, vertex, p);
	for (size_t j = 0; j < p; j++)
	{
		vertex->b[j] = vertex->b_noise[j] = vertex->second[j] = 0;
		for (size_t h = 0; h < p; h++)
		{
			double weight = vertex->inverse[j * p + h];

			vertex->b[j] += weight * y[h];
			vertex->b_noise[j] += vertex->noise[j * p + h] * fabs(y[h]);
			vertex->second[j] += weight * second_value(vertex->basis[h]);
		}
		if (!isfinite(vertex->b[j]))
			return false;
	}
	return true;
}

static bool
in_basis(const Problem *problem, const Vertex *vertex, size_t i)
{
	for (int h = 0; h < problem->p; h++)
		if (vertex->basis[h] == i)
			return true;
	return false;
}

/* residual of a row that is not in the basis, exactly 0 when it is within its rounding */
static double
residual(const Problem *problem, const Vertex *vertex, const double *x, double y, double *noise)
{
	double r = y - dot(x, vertex->b, problem->p);

	*noise = fabs(y);
	for (int j = 0; j < problem->p; j++)
		*noise += fabs(x[j]) * vertex->b_noise[j];
	*noise *= ROUNDING;
	return fabs(r) <= *noise ? 0 : r;
}

static double
second_residual(const Problem *problem, const Vertex *vertex, const double *x, size_t i)
{
	return second_value(i) - dot(x, vertex->second, problem->p);
}

/* g and, for its rounding, the sums of |psi x| */
static void
sum_gradient(Problem *problem, const Vertex *vertex, double *g, double *size)
{
	McDD sums[MAX_SIZE] = {{0, 0}};

	for (int j = 0; j < problem->p; j++)
		size[j] = 0;
	for (size_t i = 0; i < problem->n && !poll_at(problem, i); i++)
	{
		double x[MAX_SIZE];
		double y = read_row(problem, i, x);
		double noise;
		double r;

		if (in_basis(problem, vertex, i))
			continue;
		r = residual(problem, vertex, x, y, &noise);
		if (r == 0)
			r = second_residual(problem, vertex, x, i);
		for (int j = 0; j < problem->p; j++)
		{
			double term = (problem->probability - (r < 0)) * x[j];

			sums[j] = mc_dd_add_double(sums[j], term);
			size[j] += fabs(term);
		}
	}
	for (int j = 0; j < problem->p; j++)
		g[j] = mc_dd_value(sums[j]);
}

/* The direction of edge h, below the line (sign 1) or above it (-1); does it lower b_0, or else b_1, ...? */
static bool
lowers(const Vertex *vertex, int p, int h, double sign, Edge *edge)
{
	double leading = 0;

	edge->leaving = h;
	for (int j = 0; j < p; j++)
	{
		edge->direction[j] = sign * vertex->inverse[j * p + h];
		edge->noise[j] = vertex->noise[j * p + h];
		if (leading == 0 && fabs(edge->direction[j]) > ROUNDING * edge->noise[j])
			leading = edge->direction[j];
	}
	return leading < 0;
}

/*
 * The edge along which the objective falls fastest; else, among edges along which it stays, one to lower
 * coefficients; false at the answer.
 */
static bool
choose_edge(Problem *problem, const Vertex *vertex, Edge *best)
{
	double g[MAX_SIZE];
	double size[MAX_SIZE];
	int p = problem->p;
	bool found = false;

	best->slope = 0;
	sum_gradient(problem, vertex, g, size);
	for (int h = 0; h < p; h++)
	{
		double s = 0;
		double tolerance = 0;

		for (int j = 0; j < p; j++)
		{
			s += g[j] * vertex->inverse[j * p + h];
			tolerance += ROUNDING * size[j] * vertex->noise[j * p + h];
		}
		for (int sign = -1; sign <= 1; sign += 2)
		{
			Edge edge;
			bool lower = lowers(vertex, p, h, sign, &edge);

			edge.slope = sign > 0 ? 1 - problem->probability - s : problem->probability + s;
			if (fabs(edge.slope) <= tolerance)
				edge.slope = 0;
			if (edge.slope < best->slope || (edge.slope == 0 && !found && lower))
			{
				*best = edge;
				found = true;
			}
		}
	}
	return found;
}

/* a heap by t, or by the second value */
static inline bool
is_before(const Breakpoint *a, const Breakpoint *b, bool by_second)
{
	return by_second ? a->second < b->second : a->t < b->t;
}

static void
sift_down(Breakpoint *heap, size_t n, size_t i, bool by_second)
{
	Breakpoint moved = heap[i];

	for (size_t child = 2 * i + 1; child < n; child = 2 * i + 1)
	{
		if (child + 1 < n && is_before(&heap[child + 1], &heap[child], by_second))
			child++;
		if (!is_before(&heap[child], &moved, by_second))
			break;
		heap[i] = heap[child];
		i = child;
	}
	heap[i] = moved;
}

/* Where, in that order, the derivative is no longer below 0; the breakpoints are permuted. */
static Breakpoint
first_rise(Problem *problem, Breakpoint *heap, size_t n, double slope, bool by_second)
{
	for (size_t i = n / 2; i-- > 0;)
		if (!poll_at(problem, i))
			sift_down(heap, n, i, by_second);
	for (slope += heap[0].weight; slope < 0 && n > 1; slope += heap[0].weight)
	{
		Breakpoint passed = heap[0];

		if (poll_at(problem, n))
			break;
		heap[0] = heap[--n];
		heap[n] = passed;
		sift_down(heap, n, 0, by_second);
	}
	return heap[0];
}

/* The rows whose residual becomes 0 along the edge. */
static size_t
find_breakpoints(Problem *problem, const Vertex *vertex, const Edge *edge)
{
	size_t count = 0;

	for (size_t i = 0; i < problem->n && !poll_at(problem, i); i++)
	{
		double x[MAX_SIZE];
		double y = read_row(problem, i, x);
		double z = dot(x, edge->direction, problem->p);
		double z_noise = 0;
		double r_noise;
		double r;
		double s;

		for (int j = 0; j < problem->p; j++)
			z_noise += ROUNDING * fabs(x[j]) * edge->noise[j];
		if (fabs(z) <= z_noise || in_basis(problem, vertex, i))
			continue;
		r = residual(problem, vertex, x, y, &r_noise);
		s = second_residual(problem, vertex, x, i);
		if (r / z > 0 || (r == 0 && s / z > 0))
			problem->breakpoints[count++] =
			    (Breakpoint){r / z, (r_noise + fabs(r / z) * z_noise) / fabs(z), s / z, fabs(z), i};
	}
	return count;
}

/*
 * Go along the edge as far as the objective does not rise, to another vertex.  Of breakpoints that
 * cannot be told apart the second value chooses.
 */
static bool
follow_edge(Problem *problem, Vertex *vertex, const Edge *edge)
{
	Breakpoint *points = problem->breakpoints;
	size_t n = find_breakpoints(problem, vertex, edge);
	double slope = edge->slope;
	size_t ties = 0;
	Breakpoint end;

	if (n == 0 || problem->stopped)
		return false;
	end = first_rise(problem, points, n, slope, false);
	for (size_t i = 0; i < n && !poll_at(problem, i); i++)
	{
		Breakpoint point = points[i];

		if (fabs(point.t - end.t) <= point.noise + end.noise)
		{
			points[i] = points[ties];
			points[ties++] = point;
		}
		else if (point.t < end.t)
			slope += point.weight;
	}
	if (ties > 1)
		end = first_rise(problem, points, ties, slope, true);
	vertex->basis[edge->leaving] = end.row;
	return !problem->stopped && solve_basis(problem, vertex);
}

/* Coefficients and objective in the units of the data. */
static void
fill_model(Problem *problem, const Vertex *vertex, McQuantileRegression *model)
{
	McDD sum = {0, 0};
	double intercept = vertex->b[0];

	for (size_t i = 0; i < problem->n && !poll_at(problem, i); i++)
	{
		double x[MAX_SIZE];
		double y = read_row(problem, i, x);
		double noise;
		double r = in_basis(problem, vertex, i) ? 0 : residual(problem, vertex, x, y, &noise);

		sum = mc_dd_add_double(sum, r * (problem->probability - (r < 0)));
	}
	model->objective = ldexp(mc_dd_value(sum), problem->exponent[0]);
	for (int j = 1; j < problem->p; j++)
	{
		intercept -= vertex->b[j] * (problem->centre[j] * problem->unit[j]);
		model->coefficients[j] = ldexp(vertex->b[j], problem->exponent[0] - problem->exponent[j]);
	}
	model->coefficients[0] = problem->centre[0] + ldexp(intercept, problem->exponent[0]);
}

McStatus
mc_quantile_regression(const double *rows, size_t n, int regressors, double probability, void *work,
                       McQuantileRegression *model, const McPoll *poll)
{
	Problem problem = {rows, n,   regressors + 1,     probability, poll, false, {0},
	                   {0},  {0}, (Breakpoint *) work};
	Vertex vertex;
	Edge edge;
	int flat = 0;
	bool moved = true;

	*model = (McQuantileRegression){MC_FIT_TOO_FEW, {0}, NAN};
	if (n <= (size_t) problem.p)
		return MC_OK;
	model->fit = MC_FIT_FAILED;
	if (!standardise(&problem))
		return problem.stopped ? MC_STOPPED : MC_OK;
	if (!first_basis(&problem, &vertex))
	{
		model->fit = MC_FIT_CONSTANT;
		return problem.stopped ? MC_STOPPED : MC_OK;
	}
	if (!solve_basis(&problem, &vertex))
		return MC_OK;
	model->fit = MC_FIT_ITERATIONS;
	for (int step = 0; step < MAX_STEPS && moved && !problem.stopped; step++)
	{
		/* past so many steps among minima the choice between them is one of rounding */
		if (!choose_edge(&problem, &vertex, &edge) || (edge.slope == 0 && ++flat > MAX_FLAT_STEPS))
		{
			model->fit = MC_FIT_CONVERGED;
			break;
		}
		moved = follow_edge(&problem, &vertex, &edge);
		if (mc_poll_stop(poll))
			problem.stopped = true;
	}
	fill_model(&problem, &vertex, model);
	if (!isfinite(model->objective))
		model->fit = MC_FIT_FAILED;
	for (int j = 0; j < problem.p; j++)
		if (!isfinite(model->coefficients[j]))
			model->fit = MC_FIT_FAILED;
	return problem.stopped ? MC_STOPPED : MC_OK;
}
