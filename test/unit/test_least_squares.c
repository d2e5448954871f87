/*
 * test_least_squares.c
 *	  The NIST linear regression sets, the same in quadruple precision, columns that depend on each
 *	  other, scales from 1e-300 to 1e300, and what must stop.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/least_squares.h"
#include "nist_linear.h"
#include "unit.h"
#include "wide.h"

#define MAX_P 11

typedef struct Fit
{
	McLeastSquares fit;
	double coefficients[MAX_P];
	double covariance[MAX_P * MAX_P];
	double residuals[200];
	McStatus status;
} Fit;

static Fit
fit(const double *x, const double *y, size_t n, size_t p, bool intercept)
{
	Fit f;
	double *work = malloc(mc_least_squares_worksize(n, p) * sizeof(double));

	memset(&f, 0, sizeof(f));
	f.fit.coefficients = f.coefficients;
	f.fit.covariance = f.covariance;
	f.fit.residuals = f.residuals;
	f.status = mc_least_squares(x, y, n, p, intercept, work, NULL, &f.fit);
	/* the pointers are those of a local: nobody follows them */
	f.fit.coefficients = f.fit.covariance = f.fit.residuals = NULL;
	free(work);
	return f;
}

/* Columns 1, x, x^2, ... */
static void
powers(const double *x, size_t n, size_t p, double *columns)
{
	for (size_t i = 0; i < n; i++)
	{
		columns[i] = 1;
		for (size_t j = 1; j < p; j++)
			columns[j * n + i] = columns[(j - 1) * n + i] * x[i];
	}
}

/* Normal equations in 113 bits: 34 digits less the square of a condition number up to 1e10. */
static void
quad_fit(const double *x, const double *y, size_t n, size_t p, double *coefficients)
{
	Wide a[MAX_P][MAX_P + 1];

	for (size_t j = 0; j < p; j++)
		for (size_t k = 0; k <= p; k++)
		{
			a[j][k] = 0;
			for (size_t i = 0; i < n; i++)
				a[j][k] += (Wide) x[j * n + i] * (k < p ? x[k * n + i] : y[i]);
		}
	for (size_t j = 0; j < p; j++)
		for (size_t row = 0; row < p; row++)
		{
			Wide factor = row == j ? 0 : a[row][j] / a[j][j];

			for (size_t k = j; k <= p; k++)
				a[row][k] -= factor * a[j][k];
		}
	for (size_t j = 0; j < p; j++)
		coefficients[j] = (double) (a[j][p] / a[j][j]);
}

typedef struct Certified
{
	const char *name;
	const double *x;
	const double *y;
	size_t n;
	size_t p;
	bool intercept;
	double tolerance; /* against the certified digits: the powers of x are rounded before the fit */
	double b[MAX_P];
	double sd[MAX_P];
	double residual_sd;
	double r_squared;
} Certified;

static double columns_of_wampler[21 * 6];
static double columns_of_filip[82 * 11];
static double columns_of_pontius[40 * 3];
static double columns_of_norris[36 * 2];
static double columns_of_longley[16 * 7];

#define WAMPLER(number) "Wampler" #number, columns_of_wampler, wampler##number##_y, 21, 6, true
#define ONES             \
	{                    \
		1, 1, 1, 1, 1, 1 \
	}

static const Certified certified[] = {
    {"Norris",
     columns_of_norris,
     norris_y,
     36,
     2,
     true,
     1e-12,
     {-0.262323073774029, 1.00211681802045},
     {0.232818234301152, 0.429796848199937E-03},
     0.884796396144373,
     0.999993745883712},
    {"Pontius",
     columns_of_pontius,
     pontius_y,
     40,
     3,
     true,
     1e-12,
     {0.673565789473684E-03, 0.732059160401003E-06, -0.316081871345029E-14},
     {0.107938612033077E-03, 0.157817399981659E-09, 0.486652849992036E-16},
     0.205177424076185E-03,
     0.999999900178537},
    {"NoInt1",
     noint1_x,
     noint1_y,
     11,
     1,
     false,
     1e-14,
     {2.07438016528926},
     {0.165289256198347E-01},
     3.56753034006338,
     0.999365492298663},
    {"NoInt2",
     noint2_x,
     noint2_y,
     3,
     1,
     false,
     1e-14,
     {0.727272727272727},
     {0.420827318078432E-01},
     0.369274472937998,
     0.993348115299335},
    {"Longley",
     columns_of_longley,
     longley_y,
     16,
     7,
     true,
     1e-12,
     {-3482258.63459582, 15.0618722713733, -0.358191792925910E-01, -2.02022980381683,
      -1.03322686717359, -0.511041056535807E-01, 1829.15146461355},
     {890420.383607373, 84.9149257747669, 0.334910077722432E-01, 0.488399681651699,
      0.214274163161675, 0.226073200069370, 455.478499142212},
     304.854073561965,
     0.995479004577296},
    {"Filip",
     columns_of_filip,
     filip_y,
     82,
     11,
     true,
     1e-7,
     {-1467.48961422980, -2772.17959193342, -2316.37108160893, -1127.97394098372, -354.478233703349,
      -75.1242017393757, -10.8753180355343, -1.06221498588947, -0.670191154593408E-01,
      -0.246781078275479E-02, -0.402962525080404E-04},
     {298.084530995537, 559.779865474950, 466.477572127796, 227.204274477751, 71.6478660875927,
      15.2897178747400, 2.23691159816033, 0.221624321934227, 0.142363763154724E-01,
      0.535617408889821E-03, 0.896632837373868E-05},
     0.334801051324544E-02,
     0.996727416185620},
    {WAMPLER(1), 1e-14, ONES, {0}, 0, 1},
    {WAMPLER(2), 1e-13, {1, 0.1, 0.01, 0.001, 0.0001, 0.00001}, {0}, 0, 1},
    {WAMPLER(3),
     1e-13,
     ONES,
     {2152.32624678170, 2363.55173469681, 779.343524331583, 101.475507550350, 5.64566512170752,
      0.112324854679312},
     2360.14502379268,
     0.999995559025820},
    {WAMPLER(4),
     1e-13,
     ONES,
     {215232.624678170, 236355.173469681, 77934.3524331583, 10147.5507550350, 564.566512170752,
      11.2324854679312},
     236014.502379268,
     0.957478440825662},
    {WAMPLER(5),
     1e-13,
     ONES,
     {21523262.4678170, 23635517.3469681, 7793435.24331583, 1014755.07550350, 56456.6512170752,
      1123.24854679312},
     23601450.2379268,
     0.224668921574940E-02},
};

static void
make_columns(void)
{
	double x[21];

	for (int i = 0; i < 21; i++)
		x[i] = i;
	powers(x, 21, 6, columns_of_wampler);
	powers(filip_x, 82, 11, columns_of_filip);
	powers(pontius_x, 40, 3, columns_of_pontius);
	powers(norris_x, 36, 2, columns_of_norris);
	for (int i = 0; i < 16; i++)
		columns_of_longley[i] = 1;
	memcpy(columns_of_longley + 16, longley_x, sizeof(longley_x));
}

static void
one_certified(const Certified *c)
{
	Fit f = fit(c->x, c->y, c->n, c->p, c->intercept);
	double quad[MAX_P];
	double worst_b = 0;
	double worst_sd = 0;
	double worst_quad = 0;
	bool exact = c->residual_sd == 0;

	quad_fit(c->x, c->y, c->n, c->p, quad);
	for (size_t j = 0; j < c->p; j++)
	{
		double sd = sqrt(f.covariance[j * c->p + j]);

		worst_b = fmax(worst_b, fabs(f.coefficients[j] / c->b[j] - 1));
		worst_quad = fmax(worst_quad, fabs(f.coefficients[j] / quad[j] - 1));
		worst_sd = fmax(worst_sd, exact ? sd : fabs(sd / c->sd[j] - 1));
	}
	check(f.status == MC_OK && f.fit.rank == c->p && f.fit.degrees_of_freedom == c->n - c->p,
	      "%s: full rank", c->name);
	check(worst_b <= c->tolerance, "%s: coefficients to %.1e of the certified ones", c->name,
	      c->tolerance);
	check(worst_quad <= 4e-15, "%s: coefficients as in quadruple precision (%.1e)", c->name,
	      worst_quad);
	check(worst_sd <= (exact ? 1e-9 : c->tolerance), "%s: standard deviations (%.1e)", c->name,
	      worst_sd);
	check(exact ? f.fit.sigma2 < 1e-18 : is_close(sqrt(f.fit.sigma2), c->residual_sd, c->tolerance),
	      "%s: residual standard deviation %.15g", c->name, sqrt(f.fit.sigma2));
	check_close(f.fit.r_squared, c->r_squared, fmax(2e-14, 1e-3 * c->tolerance), "%s: R squared",
	            c->name);
}

/* Residuals are orthogonal to the columns, and rss, tss are their sums. */
static void
identities(void)
{
	Fit f = fit(columns_of_longley, longley_y, 16, 7, true);
	double rss = 0;
	double asymmetry = 0;
	double sum = 0;

	for (int i = 0; i < 16; i++)
	{
		double fitted = 0;

		for (int j = 0; j < 7; j++)
			fitted += columns_of_longley[j * 16 + i] * f.coefficients[j];
		sum += f.residuals[i];
		rss += f.residuals[i] * f.residuals[i];
		check_close(f.residuals[i], longley_y[i] - fitted, 1e-9, "Longley: residual %d", i);
	}
	for (int i = 0; i < 7; i++)
		for (int j = 0; j < 7; j++)
			asymmetry += fabs(f.covariance[i * 7 + j] - f.covariance[j * 7 + i]);
	check(fabs(sum) < 1e-9, "residuals beside an intercept sum to 0");
	check_close(rss, f.fit.rss, 1e-13, "their squares to rss");
	check_close(f.fit.rss, 836424.055505915, 1e-13, "rss certified by NIST");
	check_close(f.fit.tss - f.fit.rss, 184172401.944494, 1e-13, "tss - rss certified by NIST");
	check(asymmetry == 0, "the covariance is symmetric");
}

/* y on (1, x): slope, intercept and their covariance by hand. */
static void
by_hand(void)
{
	const double x[] = {1, 1, 1, 1, 1, 2, 4, 5};
	const double y[] = {2, 3, 7, 8};
	Fit f = fit(x, y, 4, 2, true);

	/* mean x 3, Sxx 10, Sxy 16, mean y 5, Syy 26 */
	check_close(f.coefficients[1], 1.6, 1e-15, "slope 16/10");
	check_close(f.coefficients[0], 0.2, 2e-15, "intercept 5 - 1.6 * 3");
	check_close(f.fit.rss, 0.4, 1e-14, "rss 26 - 16^2/10");
	check_close(f.fit.sigma2, 0.2, 1e-14, "sigma2 0.4/2");
	check_close(f.covariance[3], 0.02, 1e-14, "variance of the slope 0.2/10");
	check_close(f.covariance[0], 0.2 * (0.25 + 0.9), 1e-14, "variance of the intercept");
	check_close(f.covariance[1], -0.06, 1e-14, "their covariance -0.2 * 3/10");
	check_close(f.fit.r_squared, 256.0 / 260, 1e-15, "R squared 16^2/(10 * 26)");
	f = fit(x, y, 4, 2, false);
	check_close(f.fit.tss, 126, 1e-15, "without intercept tss is about 0");
}

static void
dependent_columns(void)
{
	/* 1, x, 2 x - 3, 0 */
	const double x[] = {1, 1, 1, 1, 1, 1, 2, 4, 5, 6, -1, 1, 5, 7, 9, 0, 0, 0, 0, 0};
	const double y[] = {2, 3, 7, 8, 8};
	Fit full = fit(x, y, 5, 2, true);
	Fit f = fit(x, y, 5, 4, true);
	double worst = 0;
	int zeros = 0;

	for (int i = 0; i < 5; i++)
		worst = fmax(worst, fabs(f.residuals[i] - full.residuals[i]));
	for (int j = 0; j < 4; j++)
		zeros += f.coefficients[j] == 0 && f.covariance[j * 4 + j] == 0;
	check(f.status == MC_OK && f.fit.rank == 2 && f.fit.degrees_of_freedom == 3,
	      "two of four columns carry everything");
	check(worst < 1e-14, "the residuals are those of the two");
	check(zeros == 2 && f.coefficients[3] == 0,
	      "the columns left out have coefficient 0, variance 0");
	check_close(f.fit.sigma2, full.fit.sigma2, 1e-13, "and sigma2 counts their degrees of freedom");
	f = fit(x + 15, y, 5, 1, false);
	check(f.status == MC_OK && f.fit.rank == 0 && f.fit.rss == f.fit.tss, "a column of zeros only");
}

static void
scales(void)
{
	static const double factors[] = {1e-300, 1e-12, 1, 1e8, 1e150, 1e300};
	int wrong = 0;

	for (size_t a = 0; a < 6; a++)
		for (size_t b = 0; b < 5; b++)
		{
			const double x0[] = {1, 1, 1, 1, 1, 2, 4, 5};
			const double y0[] = {2, 3, 7, 8};
			double x[8];
			double y[4];
			Fit f;

			for (int i = 0; i < 8; i++)
				x[i] = i < 4 ? x0[i] : x0[i] * factors[a];
			for (int i = 0; i < 4; i++)
				y[i] = y0[i] * fmin(factors[b], 1e150);
			/* squares and slopes within the range of normal doubles */
			if (factors[b] < 1e-100 || fabs(log10(factors[b] / factors[a])) > 300.5)
				continue;
			f = fit(x, y, 4, 2, true);
			wrong += !is_close(f.coefficients[1] * factors[a] / factors[b], 1.6, 1e-14);
			wrong += !is_close(f.fit.r_squared, 256.0 / 260, 1e-14);
		}
	check(wrong == 0, "regressors from 1e-300 to 1e300 and y up to 1e150 (%d wrong)", wrong);
}

static void
few_and_constant(void)
{
	const double x[] = {1, 1, 1, 2, 3, 5};
	const double y[] = {4, 4, 4};
	const double huge[] = {1e300, -1e300, 1e300};
	Fit f = fit(x, y, 0, 0, false);

	check(f.status == MC_TOO_FEW, "no columns");
	f = fit(x, y, 1, 2, false);
	check(f.status == MC_TOO_FEW, "fewer observations than columns");
	f = fit(x, y, 1, 1, false);
	check(f.status == MC_OK && f.coefficients[0] == 4 && f.fit.degrees_of_freedom == 0 &&
	          isnan(f.fit.sigma2) && isnan(f.covariance[0]),
	      "one observation, one column: exact, no variance");
	f = fit(x, y, 3, 2, true);
	check(f.status == MC_OK && fabs(f.coefficients[0] - 4) < 1e-15 &&
	          fabs(f.coefficients[1]) < 1e-15 && isnan(f.fit.r_squared),
	      "constant y: no R squared");
	f = fit(x, huge, 3, 2, true);
	check(f.status == MC_OVERFLOW, "squares beyond the range of a double");
}

static bool
stop_at(void *arg)
{
	return --*(int *) arg < 0;
}

static void
stopping(void)
{
	double work[1000];
	McLeastSquares f = {0};
	int polls = 1000;
	McPoll poll = {stop_at, &polls};
	int used;
	int stopped = 0;

	check(mc_least_squares(columns_of_longley, longley_y, 16, 7, true, work, &poll, &f) == MC_OK,
	      "runs with a poll and without room for results");
	used = 1000 - polls;
	for (int i = 0; i < used; i++)
	{
		polls = i;
		stopped += mc_least_squares(columns_of_longley, longley_y, 16, 7, true, work, &poll, &f) ==
		           MC_STOPPED;
	}
	check(used > 8 && stopped == used, "stops at each of %d polls", used);
}

static void
many_observations(void)
{
	UnitRandom random = {11};
	const size_t n = 20000;
	const size_t p = 5;
	double *x = malloc(n * p * sizeof(double));
	double *y = malloc(n * sizeof(double));
	double *work = malloc(mc_least_squares_worksize(n, p) * sizeof(double));
	double b[5];
	double quad[5];
	double worst = 0;
	McLeastSquares f = {.coefficients = b};

	for (size_t i = 0; i < n; i++)
	{
		for (size_t j = 0; j < p; j++)
			x[j * n + i] = j == 0 ? 1 : 1e6 + (double) j * unit_normal(&random);
		y[i] = 1e8 + x[n + i] - 3 * x[2 * n + i] + unit_normal(&random);
	}
	check(mc_least_squares(x, y, n, p, true, work, NULL, &f) == MC_OK && f.rank == p,
	      "20,000 observations at a level of 1e6");
	quad_fit(x, y, n, p, quad);
	for (size_t j = 0; j < p; j++)
		worst = fmax(worst, fabs(b[j] / quad[j] - 1));
	check(worst < 1e-13, "coefficients as in quadruple precision (%.1e)", worst);
	free(x);
	free(y);
	free(work);
}

void
test_least_squares(void)
{
	make_columns();
	for (size_t i = 0; i < sizeof(certified) / sizeof(certified[0]); i++)
		one_certified(&certified[i]);
	identities();
	by_hand();
	dependent_columns();
	scales();
	few_and_constant();
	stopping();
	many_observations();
}
