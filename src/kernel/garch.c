/*
 * garch.c
 *	  GARCH(1,1) and GJR(1,1) with a constant mean, normal or Student t: likelihood, gradient, information.
 *
 * With w = 1 / h and the derivatives of h carried along with h itself,
 *
 *	  normal	 -l_t = (log 2 pi + log h + w e^2) / 2
 *	  t			 -l_t = C(nu) + log h / 2 + (nu + 1) / 2 log(1 + w e^2 / (nu - 2))
 *	  C(nu) = log G(nu / 2) - log G((nu + 1) / 2) + log(pi (nu - 2)) / 2
 *
 * (Fiorentini, Calzolari and Panattoni 1996).  One logarithm serves GROUP observations: their h are
 * multiplied first.  In scaled returns h lies between 1e-8 and 1e9 at every point that is any good, so
 * sixteen of them stay within the range of a double; where they do not, the value is not finite and the
 * point is no good.  Tested in test/unit/test_garch.c against the definition, by complex steps.
 */
#include "garch.h"

#include <math.h>

#include <gsl/gsl_sf_gamma.h>
#include <gsl/gsl_sf_psi.h>

#define GROUP 16
#define BLOCK 64
#define LOG_2_PI 1.8378770664093454836
#define LOG_PI 1.1447298858494001741

/* What the t density adds: the constant C, its derivative, and the numbers used at every step. */
typedef struct Density
{
	double nu;
	double inverse_k; /* 1 / (nu - 2) */
	double k;         /* nu - 2 */
	double half;      /* (nu + 1) / 2 */
	double constant;
	double slope;  /* dC / dnu */
	double weight; /* square root of the information about log h in one observation */
} Density;

static Density
density(double eta)
{
	double nu = 1 / eta;
	Density d = {nu, 1 / (nu - 2), nu - 2, (nu + 1) / 2, 0, 0, sqrt(nu / (2 * nu + 6))};

	d.constant = (LOG_PI + log(nu - 2)) / 2 - gsl_sf_lnpoch(nu / 2, 0.5);
	d.slope = (gsl_sf_psi(nu / 2) - gsl_sf_psi((nu + 1) / 2) + 1 / (nu - 2)) / 2;
	return d;
}

/* Two doubles that go through one instruction where the machine has it; gcc and clang. */
typedef double Pair __attribute__((vector_size(16)));

/* h and its derivatives at one bar */
typedef struct State
{
	double h;
	Pair omega_mu;
	Pair beta_rise;
	double fall;
} State;

/* The first bar, after the presample. */
static State
first_state(const McGarchSeries *series, const double *theta)
{
	bool asymmetric = series->spec.asymmetric;
	double rise = theta[MC_GARCH_RISE];
	double reaction = asymmetric ? (rise + theta[MC_GARCH_FALL]) / 2 : rise;
	double mu = theta[MC_GARCH_MU];
	double s = series->backcast;
	double slope = 0;
	State first;

	if (series->spec.presample == MC_GARCH_SAMPLE_VARIANCE)
	{
		s = series->variance + mu * (mu - 2 * series->mean);
		slope = 2 * (mu - series->mean);
	}
	first.h = theta[MC_GARCH_OMEGA] + (reaction + theta[MC_GARCH_BETA]) * s;
	first.omega_mu = (Pair){1, (reaction + theta[MC_GARCH_BETA]) * slope};
	first.beta_rise = (Pair){s, asymmetric ? s / 2 : s};
	first.fall = asymmetric ? s / 2 : 0;
	return first;
}

/* From one bar to the next. */
static inline __attribute__((always_inline)) void
next_state(State *x, const double *theta, const bool asymmetric, double e)
{
	double beta = theta[MC_GARCH_BETA];
	double rise = theta[MC_GARCH_RISE];
	double square = e * e;
	Pair omega_mu;
	Pair beta_rise;
	double news;

	if (asymmetric)
	{
		double fall = theta[MC_GARCH_FALL];
		double down = e < 0.0 ? e : 0.0;
		double square_down = down * down;
		double square_up = square - square_down;

		omega_mu = (Pair){1, -2 * (rise * (e - down) + fall * down)};
		beta_rise = (Pair){x->h, square_up};
		news = rise * square_up + fall * square_down;
		x->fall = square_down + beta * x->fall;
	}
	else
	{
		omega_mu = (Pair){1, -2 * rise * e};
		beta_rise = (Pair){x->h, square};
		news = rise * square;
	}
	x->omega_mu = omega_mu + (Pair){beta, beta} * x->omega_mu;
	x->beta_rise = beta_rise + (Pair){beta, beta} * x->beta_rise;
	x->h = (theta[MC_GARCH_OMEGA] + news) + beta * x->h;
}

/*
 * One pass over the series.  Inlined four times with the model's two switches constant, so that each
 * model has a loop without branches.
 */
static inline __attribute__((always_inline)) double
pass(const McGarchSeries *series, const double *theta, const Density *d, const bool asymmetric,
     const bool student, double *gradient)
{
	const double *z = series->z;
	size_t n = series->n;
	State x = first_state(series, theta);
	Pair omega_mu = {0, 0}; /* the gradient, but for what e itself adds to that of mu */
	Pair beta_rise = {0, 0};
	double fall = 0;
	double direct = 0;
	double logs = 0;
	double squares = 0; /* sum of w e^2; with t of e^2 / (k h + e^2) */
	double tails = 0;   /* sum of log(1 + w e^2 / k) */

	for (size_t t = 0; t < n;)
	{
		size_t end = n - t < GROUP ? n : t + GROUP;
		double product = 1;
		double tail = 1;

		for (; t < end; t++)
		{
			double e = z[t] - theta[MC_GARCH_MU];
			double square = e * e;
			double by_h;
			double by_e;

			product *= x.h;
			if (student)
			{
				double u = d->k * x.h + square;
				double r = 1 / (x.h * u);
				double w = u * r;
				double inverse_u = x.h * r;

				tail *= 1 + square * w * d->inverse_k;
				squares += square * inverse_u;
				by_h = w * (0.5 - d->half * (square * inverse_u));
				by_e = 2 * d->half * (e * inverse_u);
			}
			else
			{
				double w = 1 / x.h;
				double q = square * w;

				squares += q;
				by_h = 0.5 * w * (1 - q);
				by_e = e * w;
			}
			omega_mu += (Pair){by_h, by_h} * x.omega_mu;
			beta_rise += (Pair){by_h, by_h} * x.beta_rise;
			direct += by_e;
			if (asymmetric)
				fall += by_h * x.fall;
			next_state(&x, theta, asymmetric, e);
		}
		logs += log(product);
		if (student)
			tails += log(tail);
	}
	gradient[MC_GARCH_MU] = omega_mu[1] - direct;
	gradient[MC_GARCH_OMEGA] = omega_mu[0];
	gradient[MC_GARCH_BETA] = beta_rise[0];
	gradient[MC_GARCH_RISE] = beta_rise[1];
	gradient[MC_GARCH_FALL] = fall;
	gradient[MC_GARCH_ETA] = 0;
	if (!student)
		return ((double) n * LOG_2_PI + logs + squares) / 2;
	gradient[MC_GARCH_ETA] =
	    -d->nu * d->nu * ((double) n * d->slope + tails / 2 - d->half * d->inverse_k * squares);
	return (double) n * d->constant + logs / 2 + d->half * tails;
}

double
mc_garch_value(const McGarchSeries *series, const double *theta, double *gradient)
{
	if (series->spec.student)
	{
		Density d = density(theta[MC_GARCH_ETA]);

		if (series->spec.asymmetric)
			return pass(series, theta, &d, true, true, gradient);
		return pass(series, theta, &d, false, true, gradient);
	}
	if (series->spec.asymmetric)
		return pass(series, theta, NULL, true, false, gradient);
	return pass(series, theta, NULL, false, false, gradient);
}

/*
 * One observation's row of the information: its score, or with Fisher the derivatives of log h, scaled to
 * their expected weight (nu / (2 nu + 6) with t, 1 / 2 with the normal), and the score of eta.
 */
static void
information_row(const McGarchSeries *series, const Density *d, McGarchInformation kind,
                const State *x, double e, double (*rows)[BLOCK], int i)
{
	bool student = series->spec.student;
	double w = 1 / x->h;
	double q = e * e * w;
	double pull = student ? 2 * d->half * q / (d->k + q) : q; /* of e on h: 1 on average */
	double by_h = w * (1 - pull) / 2;
	double by_e = student ? 2 * d->half * e * w / (d->k + q) : e * w;

	if (kind == MC_GARCH_FISHER)
	{
		by_h = w * d->weight;
		by_e = 0;
	}
	rows[MC_GARCH_MU][i] = by_h * x->omega_mu[1] - by_e;
	rows[MC_GARCH_OMEGA][i] = by_h * x->omega_mu[0];
	rows[MC_GARCH_BETA][i] = by_h * x->beta_rise[0];
	rows[MC_GARCH_RISE][i] = by_h * x->beta_rise[1];
	rows[MC_GARCH_FALL][i] = by_h * x->fall;
	rows[MC_GARCH_ETA][i] = 0;
	if (student)
		rows[MC_GARCH_ETA][i] =
		    -d->nu * d->nu *
		    (d->slope + log1p(q * d->inverse_k) / 2 - d->half * d->inverse_k * (q / (d->k + q)));
}

/* matrix += rows rows'; rows of unused coordinates are 0 */
static void
add_products(McGarchSpec spec, double (*rows)[BLOCK], int m, double *matrix)
{
	for (int i = 0; i < MC_GARCH_DIM; i++)
		for (int j = 0; j <= i; j++)
		{
			double even = 0;
			double odd = 0;

			if ((i == MC_GARCH_FALL || j == MC_GARCH_FALL) && !spec.asymmetric)
				continue;
			if (i == MC_GARCH_ETA && !spec.student)
				continue;
			for (int t = 0; t + 1 < m; t += 2)
			{
				even += rows[i][t] * rows[j][t];
				odd += rows[i][t + 1] * rows[j][t + 1];
			}
			if (m % 2 == 1)
				even += rows[i][m - 1] * rows[j][m - 1];
			matrix[i * MC_GARCH_DIM + j] += even + odd;
		}
}

McStatus
mc_garch_information(const McGarchSeries *series, const double *theta, McGarchInformation kind,
                     double *matrix, const McPoll *poll)
{
	bool fisher = kind == MC_GARCH_FISHER;
	Density d = {INFINITY, 0, 0, 0, 0, 0, sqrt(0.5)};
	State x = first_state(series, theta);
	double rows[MC_GARCH_DIM][BLOCK];
	double location = 0;

	if (series->spec.student)
		d = density(theta[MC_GARCH_ETA]);
	for (int i = 0; i < MC_GARCH_DIM * MC_GARCH_DIM; i++)
		matrix[i] = 0;
	for (size_t t = 0; t < series->n;)
	{
		int m = 0;

		for (; m < BLOCK && t < series->n; m++, t++)
		{
			double e = series->z[t] - theta[MC_GARCH_MU];

			information_row(series, &d, kind, &x, e, rows, m);
			location += 1 / x.h;
			next_state(&x, theta, series->spec.asymmetric, e);
		}
		add_products(series->spec, rows, m, matrix);
		if (t % MC_POLL_STEPS == 0 && mc_poll_stop(poll))
			return MC_STOPPED;
	}
	if (fisher)
	{
		double unit = series->spec.student ? d.nu * (d.nu + 1) / (d.k * (d.nu + 3)) : 1;

		for (int i = 0; i < MC_GARCH_ETA; i++)
			matrix[MC_GARCH_ETA * MC_GARCH_DIM + i] = 0;
		matrix[0] += unit * location;
	}
	for (int i = 0; i < MC_GARCH_DIM; i++)
		for (int j = 0; j < i; j++)
			matrix[j * MC_GARCH_DIM + i] = matrix[i * MC_GARCH_DIM + j];
	return MC_OK;
}

McGarchParameters
mc_garch_parameters(const McGarchSeries *series, const double *theta)
{
	McGarchParameters p;

	p.mu = ldexp(series->level + ldexp(theta[MC_GARCH_MU], series->exponent - series->shift),
	             series->shift);
	p.omega = ldexp(theta[MC_GARCH_OMEGA], 2 * series->exponent);
	p.alpha = theta[MC_GARCH_RISE];
	p.gamma = series->spec.asymmetric ? theta[MC_GARCH_FALL] - theta[MC_GARCH_RISE] : 0;
	p.beta = theta[MC_GARCH_BETA];
	p.degrees_of_freedom = series->spec.student ? 1 / theta[MC_GARCH_ETA] : INFINITY;
	return p;
}

double
mc_garch_log_likelihood(const McGarchSeries *series, double value)
{
	return -value - (double) series->n * (series->exponent * 0.69314718055994530942);
}

double
mc_garch_next(const McGarchSeries *series, const double *theta)
{
	State x = first_state(series, theta);

	for (size_t t = 0; t < series->n; t++)
		next_state(&x, theta, series->spec.asymmetric, series->z[t] - theta[MC_GARCH_MU]);
	return ldexp(x.h, 2 * series->exponent);
}
