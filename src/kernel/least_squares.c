/*
 * least_squares.c
 *	  Ordinary least squares: coefficients, their covariance, residuals and R squared.
 *
 * Householder QR with column pivoting, A P = Q R, of columns that powers of two have brought to a
 * norm between 1/2 and 1 (so scaling rounds nothing), with the reflections of GSL.  Then the
 * solution is refined: residual r and coefficients b satisfy
 *
 *	  r + A b = y,  A' r = 0
 *
 * and the defects of both equations, summed in double-double, are solved for by the same
 * factors, until the corrections no longer shrink.  A. Bjorck, "Iterative refinement of linear
 * least squares solutions I", BIT 7 (1967) 257-278; N. J. Higham, "Accuracy and Stability of
 * Numerical Algorithms", 2nd ed., section 20.5.
 *
 * Accuracy: coefficients of every NIST linear regression set within 4e-15 of exact arithmetic on
 * the same columns; their standard deviations, which are not refined, within 1e-12 of the certified
 * ones, and within 1e-7 for Filip's polynomial of degree 10, whose powers are rounded before they
 * come here and have a condition number of 1e10 after scaling (test/unit/test_least_squares.c).
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include <gsl/gsl_blas.h>
#include <gsl/gsl_linalg.h>

#include "double_double.h"
#include "least_squares.h"

#define MAX_REFINEMENTS 8
#define ROWS_A_POLL 1024

typedef struct Problem
{
	const double *x;
	const double *y;
	size_t n;
	size_t p;
	size_t rank;
	double *q;       /* n x p, columns in pivoted order: R above, reflections below the diagonal */
	double *tau;     /* p */
	double *scale;   /* p, by original column */
	double *column;  /* p: original number of each pivoted column */
	double *b;       /* p, scaled and pivoted */
	double *gram;    /* p: defect of A' r = 0, then a step of b */
	double *r;       /* n, scaled */
	double *defect;  /* n */
	double *inverse; /* p: a column of the inverse of R */
	double y_scale;
	const McPoll *poll;
} Problem;

size_t
mc_least_squares_worksize(size_t n, size_t p)
{
	return n * p + 2 * n + 6 * p;
}

static void
set_up(Problem *problem, double *work)
{
	size_t n = problem->n;
	size_t p = problem->p;

	problem->q = work;
	problem->r = problem->q + n * p;
	problem->defect = problem->r + n;
	problem->tau = problem->defect + n;
	problem->scale = problem->tau + p;
	problem->column = problem->scale + p;
	problem->b = problem->column + p;
	problem->gram = problem->b + p;
	problem->inverse = problem->gram + p;
}

/* The power of two that brings the norm of a vector to [1/2, 1); 1 for a zero vector. */
static double
scale_of(const double *v, size_t n)
{
	gsl_vector_const_view view = gsl_vector_const_view_array(v, n);
	double largest = fabs(gsl_vector_get(&view.vector, gsl_blas_idamax(&view.vector)));
	double unit;
	double sum = 0;
	int first;
	int second;

	if (!(largest > 0 && largest <= DBL_MAX))
		return 1;
	frexp(largest, &first);
	/* the reciprocal of the least doubles is none: they keep what a double can scale */
	unit = ldexp(1, first < -1000 ? 1000 : -first);
	for (size_t i = 0; i < n; i++)
		sum += v[i] * unit * (v[i] * unit);
	frexp(sqrt(sum), &second);
	return ldexp(unit, -second);
}

static double *
q_column(const Problem *problem, size_t k)
{
	return problem->q + k * problem->n;
}

static double
r_element(const Problem *problem, size_t i, size_t k)
{
	return problem->q[k * problem->n + i];
}

/* The regressor that was pivoted to place k, scaled: exact. */
static double
regressor(const Problem *problem, size_t i, size_t k)
{
	size_t j = (size_t) problem->column[k];

	return problem->x[j * problem->n + i] * problem->scale[j];
}

static McStatus
copy_scaled(Problem *problem)
{
	size_t n = problem->n;

	for (size_t j = 0; j < problem->p; j++)
	{
		double scale = scale_of(problem->x + j * n, n);

		if (mc_poll_stop(problem->poll))
			return MC_STOPPED;
		problem->scale[j] = scale;
		problem->column[j] = (double) j;
		for (size_t i = 0; i < n; i++)
			problem->q[j * n + i] = problem->x[j * n + i] * scale;
	}
	problem->y_scale = scale_of(problem->y, n);
	return MC_OK;
}

/* Bring the column with the largest rest below row k to place k; *norm is that of the rest. */
static McStatus
pivot(Problem *problem, size_t k, double *norm)
{
	double largest = -1;
	size_t best = k;
	double keep = problem->column[k];

	for (size_t j = k; j < problem->p; j++)
	{
		const double *v = q_column(problem, j);
		double sum = 0;

		if (mc_poll_stop(problem->poll))
			return MC_STOPPED;
		for (size_t i = k; i < problem->n; i++)
			sum += v[i] * v[i];
		if (sum > largest)
		{
			largest = sum;
			best = j;
		}
	}
	problem->column[k] = problem->column[best];
	problem->column[best] = keep;
	if (best != k)
	{
		gsl_vector_view a = gsl_vector_view_array(q_column(problem, k), problem->n);
		gsl_vector_view b = gsl_vector_view_array(q_column(problem, best), problem->n);

		gsl_vector_swap(&a.vector, &b.vector);
	}
	*norm = sqrt(largest);
	return MC_OK;
}

/* Reflection number k, applied to rows k.. of v. */
static void
reflect(const Problem *problem, size_t k, double *v)
{
	size_t rows = problem->n - k;
	gsl_vector_const_view h = gsl_vector_const_view_array(q_column(problem, k) + k, rows);
	gsl_vector_view w = gsl_vector_view_array(v + k, rows);

	gsl_linalg_householder_hv(problem->tau[k], &h.vector, &w.vector);
}

static McStatus
factorize(Problem *problem)
{
	size_t n = problem->n;
	double negligible = 16 * DBL_EPSILON * ((double) problem->p + sqrt((double) n));

	if (copy_scaled(problem) != MC_OK)
		return MC_STOPPED;
	for (size_t k = 0; k < problem->p; k++)
	{
		gsl_vector_view v;
		double norm = 0;

		if (pivot(problem, k, &norm) != MC_OK)
			return MC_STOPPED;
		/* columns have norms between 1/2 and 1, so this is relative to each of them */
		if (!(norm > negligible))
			break;
		v = gsl_vector_view_array(q_column(problem, k) + k, n - k);
		problem->tau[k] = gsl_linalg_householder_transform(&v.vector);
		problem->rank = k + 1;
		for (size_t j = k + 1; j < problem->p; j++)
		{
			if (mc_poll_stop(problem->poll))
				return MC_STOPPED;
			reflect(problem, k, q_column(problem, j));
		}
	}
	return MC_OK;
}

/* v = R^-1 v and v = R'^-1 v, on the leading rank elements */
static void
solve_upper(const Problem *problem, double *v)
{
	for (size_t k = problem->rank; k-- > 0;)
	{
		for (size_t j = k + 1; j < problem->rank; j++)
			v[k] -= r_element(problem, k, j) * v[j];
		v[k] /= r_element(problem, k, k);
	}
}

static void
solve_lower(const Problem *problem, double *v)
{
	for (size_t k = 0; k < problem->rank; k++)
	{
		for (size_t j = 0; j < k; j++)
			v[k] -= r_element(problem, j, k) * v[j];
		v[k] /= r_element(problem, k, k);
	}
}

/* defect = y - r - A b and gram = -A' r, each to twice the precision of a double. */
static McStatus
take_defects(Problem *problem)
{
	for (size_t k = 0; k < problem->rank; k++)
	{
		McDD sum = {0, 0};

		if (mc_poll_stop(problem->poll))
			return MC_STOPPED;
		for (size_t i = 0; i < problem->n; i++)
			sum = mc_dd_add(sum, mc_dd_two_product(regressor(problem, i, k), -problem->r[i]));
		problem->gram[k] = mc_dd_value(sum);
	}
	for (size_t i = 0; i < problem->n; i++)
	{
		McDD sum = mc_dd_two_sum(problem->y[i] * problem->y_scale, -problem->r[i]);

		if (i % ROWS_A_POLL == 0 && mc_poll_stop(problem->poll))
			return MC_STOPPED;
		for (size_t k = 0; k < problem->rank; k++)
			sum = mc_dd_add(sum, mc_dd_two_product(regressor(problem, i, k), -problem->b[k]));
		problem->defect[i] = mc_dd_value(sum);
	}
	return MC_OK;
}

/*
 * Solve for the defects and add: with h = R'^-1 gram and Q' defect = (d1, d2) the steps are
 * db = R^-1 (d1 - h) and dr = Q (h, d2).  Returns the length of db.
 */
static double
refine(Problem *problem)
{
	double *h = problem->gram;
	double *d = problem->defect;
	double length = 0;

	solve_lower(problem, h);
	for (size_t k = 0; k < problem->rank; k++)
		reflect(problem, k, d);
	for (size_t k = 0; k < problem->rank; k++)
	{
		double d1 = d[k];

		d[k] = h[k];
		h[k] = d1 - h[k];
	}
	solve_upper(problem, h);
	for (size_t k = problem->rank; k-- > 0;)
		reflect(problem, k, d);
	for (size_t k = 0; k < problem->rank; k++)
	{
		problem->b[k] += h[k];
		length += h[k] * h[k];
	}
	for (size_t i = 0; i < problem->n; i++)
		problem->r[i] += d[i];
	return sqrt(length);
}

/* The first step, from b = 0 and r = 0, is the plain solution by QR; the others refine it. */
static McStatus
solve(Problem *problem)
{
	double before = INFINITY;

	memset(problem->b, 0, problem->p * sizeof(double));
	memset(problem->r, 0, problem->n * sizeof(double));
	for (int i = 0; i <= MAX_REFINEMENTS; i++)
	{
		double length;

		if (take_defects(problem) != MC_OK)
			return MC_STOPPED;
		length = refine(problem);
		if (!(length > 0 && length < 0.5 * before))
			break;
		before = length;
	}
	return MC_OK;
}

static double
total_sum_of_squares(const Problem *problem, bool about_mean)
{
	McDD sum = {0, 0};
	McDD mean;

	for (size_t i = 0; i < problem->n && about_mean; i++)
		sum = mc_dd_add_double(sum, problem->y[i] * problem->y_scale);
	mean = mc_dd_divide_double(sum, (double) problem->n);
	sum = (McDD){0, 0};
	for (size_t i = 0; i < problem->n; i++)
	{
		double deviation = (problem->y[i] * problem->y_scale - mean.hi) - mean.lo;

		sum = mc_dd_add(sum, mc_dd_two_product(deviation, deviation));
	}
	return mc_dd_value(sum);
}

static void
sums_of_squares(const Problem *problem, bool intercept, McLeastSquares *fit)
{
	McDD sum = {0, 0};
	double rss;
	double tss = total_sum_of_squares(problem, intercept);

	for (size_t i = 0; i < problem->n; i++)
		sum = mc_dd_add(sum, mc_dd_two_product(problem->r[i], problem->r[i]));
	rss = mc_dd_value(sum);
	fit->rank = problem->rank;
	fit->degrees_of_freedom = problem->n - problem->rank;
	fit->rss = rss / problem->y_scale / problem->y_scale;
	fit->tss = tss / problem->y_scale / problem->y_scale;
	fit->sigma2 = fit->degrees_of_freedom > 0 ? fit->rss / (double) fit->degrees_of_freedom : NAN;
	fit->r_squared = tss > 0 ? fmin(1, fmax(0, 1 - rss / tss)) : NAN;
}

/*
 * (X'X)^-1 = S R^-1 R'^-1 S by columns: solve R' v = e_k, R w = v.
 */
static void
fill_covariance(Problem *problem, McLeastSquares *fit)
{
	size_t p = problem->p;

	memset(fit->covariance, 0, p * p * sizeof(double));
	for (size_t k = 0; k < problem->rank; k++)
	{
		size_t column = (size_t) problem->column[k];

		memset(problem->inverse, 0, p * sizeof(double));
		problem->inverse[k] = 1;
		solve_lower(problem, problem->inverse);
		solve_upper(problem, problem->inverse);
		for (size_t i = 0; i <= k; i++)
		{
			size_t row = (size_t) problem->column[i];
			double element = problem->inverse[i] * problem->scale[row] * problem->scale[column];

			fit->covariance[row * p + column] = element * fit->sigma2;
			fit->covariance[column * p + row] = element * fit->sigma2;
		}
	}
}

static McStatus
results(Problem *problem, bool intercept, McLeastSquares *fit)
{
	bool finite = true;

	sums_of_squares(problem, intercept, fit);
	finite = isfinite(fit->rss) && isfinite(fit->tss);
	if (fit->coefficients != NULL)
	{
		memset(fit->coefficients, 0, problem->p * sizeof(double));
		for (size_t k = 0; k < problem->rank; k++)
		{
			size_t j = (size_t) problem->column[k];

			fit->coefficients[j] = problem->b[k] * problem->scale[j] / problem->y_scale;
			finite &= isfinite(fit->coefficients[j]);
		}
	}
	for (size_t i = 0; i < problem->n && fit->residuals != NULL; i++)
	{
		fit->residuals[i] = problem->r[i] / problem->y_scale;
		finite &= isfinite(fit->residuals[i]);
	}
	if (fit->covariance != NULL)
		fill_covariance(problem, fit);
	for (size_t i = 0; i < problem->p * problem->p && fit->covariance != NULL; i++)
		finite &= isfinite(fit->covariance[i]) || fit->degrees_of_freedom == 0;
	return finite ? MC_OK : MC_OVERFLOW;
}

McStatus
mc_least_squares(const double *x, const double *y, size_t n, size_t p, bool intercept, double *work,
                 const McPoll *poll, McLeastSquares *fit)
{
	Problem problem = {.x = x, .y = y, .n = n, .p = p, .poll = poll};
	McStatus status;

	if (p == 0 || n < p)
		return MC_TOO_FEW;
	set_up(&problem, work);
	status = factorize(&problem);
	if (status == MC_OK)
		status = solve(&problem);
	if (status == MC_OK)
		status = results(&problem, intercept, fit);
	return status;
}
