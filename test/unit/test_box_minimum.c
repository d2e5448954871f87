/*
 * test_box_minimum.c
 *	  Minima within bounds: Rosenbrock's valley, quadratics beside a search of all faces, and what has none.
 */
#include <math.h>
#include <string.h>

#include "kernel/box_minimum.h"
#include "unit.h"

typedef struct Quadratic
{
	int dim;
	double centre[4];
	double matrix[4][4];
} Quadratic;

static double
rosenbrock(void *arg, const double *x, double *g)
{
	double a = 1 - x[0];
	double b = x[1] - x[0] * x[0];
	int *calls = arg;

	if (calls != NULL)
		(*calls)++;
	g[0] = -2 * a - 400 * x[0] * b;
	g[1] = 200 * b;
	return a * a + 100 * b * b;
}

static double
quadratic(void *arg, const double *x, double *g)
{
	const Quadratic *q = arg;
	double value = 0;

	for (int i = 0; i < q->dim; i++)
	{
		g[i] = 0;
		for (int j = 0; j < q->dim; j++)
			g[i] += q->matrix[i][j] * (x[j] - q->centre[j]);
		value += g[i] * (x[i] - q->centre[i]) / 2;
	}
	return value;
}

static double
hole(void *arg, const double *x, double *g)
{
	(void) arg;
	g[0] = 1 + log(x[0]);
	return x[0] * log(x[0]); /* NaN below 0; minimum at 1/e */
}

static McBoxMinimum
minimise(double (*value)(void *, const double *, double *), void *arg, int dim, const double *lower,
         const double *upper, const double *start, int allowance)
{
	McBoxProblem p = {dim, value, arg, lower, upper, 1e-15, 1e-9, allowance, NULL};
	McBoxMinimum m;

	memset(&m, 0, sizeof(m));
	for (int i = 0; i < dim; i++)
	{
		m.x[i] = start[i];
		m.curvature[i * dim + i] = 1;
	}
	check(mc_box_minimise(&p, &m) == MC_OK, "runs");
	return m;
}

static void
test_rosenbrock(void)
{
	double start[] = {-1.2, 1};
	double wide_low[] = {-10, -10};
	double wide_high[] = {10, 10};
	double low[] = {-10, 1.5};
	double high[] = {0.5, 10};
	int calls = 0;
	McBoxMinimum m = minimise(rosenbrock, &calls, 2, wide_low, wide_high, start, 500);

	check(m.fit == MC_FIT_CONVERGED && fabs(m.x[0] - 1) < 1e-7 && fabs(m.x[1] - 1) < 1e-7,
	      "Rosenbrock: converged in %d evaluations", m.evaluations);
	check(m.evaluations == calls && m.evaluations < 70 && m.value < 1e-14, "few, and counted");
	/* x <= 0.5, y >= 1.5: minimum at x = -1.2247..., y = 1.5 or x = 0.5, y = 1.5: the left valley */
	start[1] = 2;
	m = minimise(rosenbrock, NULL, 2, low, high, start, 500);
	check(m.fit == MC_FIT_BOUNDARY && m.held[1] && m.x[1] == 1.5 && fabs(m.gradient[0]) < 1e-5,
	      "Rosenbrock within bounds: x %.6g", m.x[0]);
	m = minimise(rosenbrock, NULL, 2, wide_low, high, wide_low, 500);
	check(m.fit == MC_FIT_BOUNDARY && m.held[0] && m.x[0] == 0.5 && fabs(m.x[1] - 0.25) < 1e-7,
	      "the first variable at a bound: x %.6g", m.x[0]);
	m = minimise(rosenbrock, NULL, 2, wide_low, wide_high, start, 5);
	check(m.fit == MC_FIT_ITERATIONS && m.evaluations == 5 &&
	          m.value < rosenbrock(NULL, start, low),
	      "an allowance of five: lower than the start");
}

/* The minimum of a convex quadratic over the box: on the best of the 3^n faces. */
static double
best_face(const Quadratic *q, const double *lower, const double *upper)
{
	double best = INFINITY;
	int faces = 1;

	for (int i = 0; i < q->dim; i++)
		faces *= 3;
	for (int face = 0; face < faces; face++)
	{
		double x[4];
		double g[4];
		int free_list[4];
		double matrix[16];
		double b[MC_BOX_MAX];
		int count = 0;
		bool inside = true;

		for (int i = 0, rest = face; i < q->dim; i++, rest /= 3)
		{
			x[i] = rest % 3 == 1 ? lower[i] : rest % 3 == 2 ? upper[i] : q->centre[i];
			if (rest % 3 == 0)
				free_list[count++] = i;
			for (int j = 0; j < q->dim; j++)
				matrix[i * q->dim + j] = q->matrix[i][j];
		}
		quadratic((void *) q, x, g);
		for (int i = 0; i < count; i++)
			b[i] = -g[free_list[i]];
		if (!mc_box_solve(matrix, q->dim, free_list, count, b))
			return NAN;
		for (int i = 0; i < count; i++)
			x[free_list[i]] += b[i];
		for (int i = 0; i < q->dim; i++)
			inside = inside && x[i] >= lower[i] && x[i] <= upper[i];
		if (inside)
			best = fmin(best, quadratic((void *) q, x, g));
	}
	return best;
}

static void
test_quadratics(void)
{
	static const double lower[] = {-1, -1, -1, 0};
	static const double upper[] = {1, 1, 1, 0.5};
	UnitRandom random = {8};
	int good = 0;
	int bound = 0;

	for (int k = 0; k < 200; k++)
	{
		Quadratic q = {1 + k % 4, {0}, {{0}}};
		double start[4];
		double factor[4][4];
		McBoxProblem p = {q.dim, quadratic, &q, lower, upper, 1e-15, 1e-10, 300, NULL};
		McBoxMinimum m;
		double best;

		memset(&m, 0, sizeof(m));
		for (int i = 0; i < q.dim; i++)
		{
			q.centre[i] = 2 * unit_normal(&random);
			start[i] = k % 7 == 0 ? upper[i] : (lower[i] + upper[i]) / 2;
			for (int j = 0; j < q.dim; j++)
				factor[i][j] = unit_normal(&random) + (i == j ? 1 : 0);
		}
		for (int i = 0; i < q.dim; i++)
			for (int j = 0; j < q.dim; j++)
				for (int l = 0; l < q.dim; l++)
					q.matrix[i][j] += factor[i][l] * factor[j][l];
		for (int i = 0; i < q.dim; i++)
		{
			m.x[i] = start[i];
			m.curvature[i * q.dim + i] = q.matrix[i][i];
		}
		best = best_face(&q, lower, upper);
		mc_box_minimise(&p, &m);
		good += fabs(m.value - best) <= 1e-9 * (1 + best) && mc_fit_usable(m.fit) &&
		        m.fit != MC_FIT_ITERATIONS;
		bound += m.fit == MC_FIT_BOUNDARY;
	}
	check(good == 200 && bound > 100 && bound < 200,
	      "%d of 200 quadratics, %d with a bound, as the best of all faces", good, bound);
}

static void
test_without(void)
{
	double lower[] = {-1, -1};
	double upper[] = {1, 1};
	double start[] = {-0.5, 0};
	double good_start[] = {0.9, 0};
	McBoxMinimum m = minimise(hole, NULL, 1, lower, upper, start, 100);

	check(m.fit == MC_FIT_FAILED && m.evaluations == 1, "no value at the start");
	m = minimise(hole, NULL, 1, lower, upper, good_start, 100);
	check(m.fit == MC_FIT_CONVERGED && fabs(m.x[0] - exp(-1)) < 1e-8,
	      "steps into the hole are taken back");
	lower[1] = upper[1] = 0.25;
	good_start[1] = 0.25;
	m = minimise(rosenbrock, NULL, 2, lower, upper, good_start, 300);
	check(m.fit == MC_FIT_CONVERGED && m.x[1] == 0.25 && m.held[1] && fabs(m.gradient[0]) < 1e-5,
	      "a variable that stays where it is makes no boundary");
}

/* -exp(-|x|^2 / 2): curved the wrong way where |x| > 1 */
static double
well(void *arg, const double *x, double *g)
{
	double value = -exp(-(x[0] * x[0] + x[1] * x[1]) / 2);

	(void) arg;
	g[0] = -x[0] * value;
	g[1] = -x[1] * value;
	return value;
}

static void
test_bad_curvature(void)
{
	double lower[] = {-3, -3};
	double upper[] = {3, 3};
	double start[] = {-1.2, 1};
	McBoxProblem p = {2, rosenbrock, NULL, lower, upper, 1e-15, 1e-9, 300, NULL};
	McBoxMinimum m = minimise(well, NULL, 2, lower, upper, (double[]){1.8, -1.5}, 100);

	check(m.fit == MC_FIT_CONVERGED && fabs(m.x[0]) < 1e-8 && fabs(m.x[1]) < 1e-8 &&
	          m.evaluations < 25,
	      "from a slope of the wrong curvature: %d evaluations", m.evaluations);
	for (int k = 0; k < 3; k++)
	{
		memset(&m, 0, sizeof(m));
		memcpy(m.x, start, sizeof(start));
		m.curvature[0] = k == 2 ? NAN : k;
		m.curvature[1] = m.curvature[2] = 2 * k;
		mc_box_minimise(&p, &m);
		check(m.fit == MC_FIT_CONVERGED && fabs(m.x[0] - 1) < 1e-7 && fabs(m.x[1] - 1) < 1e-7 &&
		          m.evaluations < 60,
		      "a start without a usable curvature, %d: %d evaluations", k, m.evaluations);
	}
}

static bool
stop(void *arg)
{
	int *left = arg;

	return (*left)-- <= 0;
}

static void
test_stop(void)
{
	double lower[] = {-10, -10};
	double upper[] = {10, 10};
	int stopped = 0;

	for (int after = 0; after < 10; after++)
	{
		int left = after;
		McPoll poll = {stop, &left};
		McBoxProblem p = {2, rosenbrock, NULL, lower, upper, 1e-15, 1e-9, 300, &poll};
		McBoxMinimum m;

		memset(&m, 0, sizeof(m));
		m.x[0] = -1.2;
		m.curvature[0] = m.curvature[3] = 1;
		stopped += mc_box_minimise(&p, &m) == MC_STOPPED;
	}
	check(stopped == 10, "stops at every evaluation");
}

static void
test_solve(void)
{
	double matrix[] = {4, 9, 2, 9, 9, 9, 2, 9, 3};
	double singular[] = {1, 1, 1, 1};
	double not_finite[] = {1, NAN, NAN, 1};
	int list[] = {0, 2};
	int both[] = {0, 1};
	double b[] = {10, 7};

	/* 4 x + 2 y = 10, 2 x + 3 y = 7: x = 2, y = 1 */
	check(mc_box_solve(matrix, 3, list, 2, b) && fabs(b[0] - 2) < 1e-15 && fabs(b[1] - 1) < 1e-15,
	      "rows 0 and 2 of a matrix");
	check(!mc_box_solve(singular, 2, both, 2, b), "a singular matrix");
	check(!mc_box_solve(not_finite, 2, both, 2, b), "NaN in a matrix");
	check(mc_box_solve(matrix, 3, list, 0, b), "nothing to solve");
}

void
test_box_minimum(void)
{
	test_rosenbrock();
	test_quadratics();
	test_without();
	test_bad_curvature();
	test_stop();
	test_solve();
}
