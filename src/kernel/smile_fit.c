/*
 * smile_fit.c
 *	  Smiles of SVI through the vols of one or several expiries by robust least squares, kept from arbitrage.
 *
 * Every residual depends on the five variables of one smile, or of two neighbours, so that a row of the
 * Jacobian is never stored: it is added to the normal equations as it is made.
 */
#include "smile_fit.h"

#include <gsl/gsl_multilarge_nlinear.h>
#include <string.h>

#include "wings.h"

#define P MC_WINGS_DIM
#define STEPS 100      /* of Levenberg and Marquardt in a round */
#define TOLERANCE 1e-4 /* of the variables */
#define HUBER 1.0      /* errors beyond this many scales grow linearly */
#define SETTLED 0.05   /* change of Huber's weights that is worth no other round */

#define STRENGTH 0.03  /* of the prior, in quotes an e-fold of each parameter */
#define BUTTERFLY 0.01 /* g below this is penalised: the penalty gives way by less */
#define CALENDAR \
	0.002 /* and excess of total variance over the earlier expiry, relative, below this */
#define PENALTY 300.0   /* scales for each unit of either */
#define INNER_POINTS 24 /* of the grid of penalties, twice as far as the quotes */
#define OUTER_POINTS 3  /* beyond, on each side */
#define POINTS (INNER_POINTS + 2 * OUTER_POINTS + MC_SMILE_CUTS)

/* Where the residuals of one evaluation go; NULL for what is not wanted. */
typedef struct Sink
{
	size_t row;
	gsl_vector *residuals;
	const gsl_vector *u;  /* by rows */
	gsl_vector *gradient; /* sum of u times each row of the Jacobian */
	gsl_matrix *normal;   /* lower triangle of the product of the Jacobian with itself */
} Sink;

typedef struct Fit
{
	McSmile *smiles;
	size_t n;
	const McSmileOptions *options;
	double *grids; /* of each smile, for butterflies and for calendars */
} Fit;

/* A residual that is what it is whatever the variables are. */
static void
put_nothing(Sink *sink)
{
	if (sink->residuals != NULL)
		gsl_vector_set(sink->residuals, sink->row, 0);
	sink->row++;
}

/* A residual with its derivatives by the variables of smile i and, unless `second` is NULL, of smile i - 1. */
static void
put(Sink *sink, double value, size_t i, const double *first, const double *second)
{
	size_t from = second != NULL ? (i - 1) * P : i * P;
	int count = second != NULL ? 2 * P : P;
	double row[2 * P];

	if (sink->residuals != NULL)
		gsl_vector_set(sink->residuals, sink->row, value);
	if (second != NULL)
		memcpy(row, second, P * sizeof(double));
	memcpy(row + count - P, first, P * sizeof(double));
	if (sink->gradient != NULL)
	{
		double u = gsl_vector_get(sink->u, sink->row);
		double *gradient = sink->gradient->data + from;

		for (int j = 0; j < count; j++)
			gradient[j] += u * row[j];
	}
	if (sink->normal != NULL)
		for (int j = 0; j < count; j++)
		{
			double *line = sink->normal->data + (from + j) * sink->normal->tda + from;

			for (int l = 0; l <= j; l++)
				line[l] += row[j] * row[l];
		}
	sink->row++;
}

static void
put_quotes(Sink *sink, const McSmile *smile, size_t i, const McWings *wings)
{
	for (size_t q = 0; q < smile->quotes.n; q++)
	{
		double share = sqrt(smile->robust[q]) / smile->quotes.scale[q];
		double vol;
		McWingsJet jet;

		mc_wings_jet(wings, smile->quotes.k[q], &jet);
		vol = sqrt(jet.at.w / smile->t);
		for (int j = 0; j < P; j++)
			jet.w[j] *= vol == 0 ? 0 : share / (2 * vol * smile->t) * wings->rate[j];
		put(sink, share * (vol - smile->quotes.vol[q]), i, jet.w, NULL);
	}
}

static void
put_prior(Sink *sink, const McSmile *smile, size_t i, const double *x)
{
	double prior[P];

	mc_wings_variables(&smile->prior, prior);
	for (int j = 0; j < P; j++)
	{
		double gradient[P] = {0};

		gradient[j] = sqrt(STRENGTH) / (j == MC_WINGS_VERTEX ? smile->prior.sigma : 1);
		put(sink, gradient[j] * (x[j] - prior[j]), i, gradient, NULL);
	}
}

/* What a shortfall costs; `first` and `second` are the derivatives of what falls short. */
static void
put_penalty(Sink *sink, double penalty, double shortfall, size_t i, double *first, double *second)
{
	for (int j = 0; j < P; j++)
	{
		first[j] *= -penalty;
		if (second != NULL)
			second[j] *= -penalty;
	}
	put(sink, penalty * shortfall, i, first, second);
}

/* Points over the quotes of one or two expiries and as far again on both sides, then in geometric steps. */
static void
make_grid(const McSmile *one, const McSmile *two, McSmileArbitrage kind, double *grid)
{
	const McSmileQuotes *quotes[2] = {&one->quotes, &two->quotes};
	double end[2] = {-1e-3, 1e-3};
	int n = 0;

	for (int e = 0; e < 2; e++)
		for (size_t q = 0; q < quotes[e]->n; q++)
		{
			end[0] = fmin(end[0], 2 * quotes[e]->k[q]);
			end[1] = fmax(end[1], 2 * quotes[e]->k[q]);
		}
	for (int i = 0; i < INNER_POINTS; i++)
	{
		double u = -1 + 2 * (i + 0.5) / INNER_POINTS;

		grid[n++] = end[u > 0] * fabs(u) * (0.4 + 0.6 * u * u);
	}
	for (int side = 0; side < 2; side++)
	{
		double step = pow(fmax(MC_SVI_REACH / fabs(end[side]), 1), 1.0 / OUTER_POINTS);

		for (int i = 0; i < OUTER_POINTS; i++)
			grid[n++] = end[side] * pow(step, i + 1);
	}
	/* a place that is not taken repeats the last point of the grid proper */
	for (int i = 0; i < MC_SMILE_CUTS; i++)
		grid[n + i] = i < two->cut_count[kind] ? two->cuts[kind][i] : grid[n - 1];
}

static void
put_butterflies(Sink *sink, const double *grid, double strictness, size_t i, const McWings *wings)
{
	double margin = BUTTERFLY * pow(strictness, 0.25);

	for (int j = 0; j < POINTS; j++)
	{
		double shortfall = margin - mc_svi_butterfly(mc_wings_at(wings, grid[j]), grid[j]);
		double gradient[P];
		McWingsJet jet;

		if (!(shortfall > 0))
		{
			put_nothing(sink);
			continue;
		}
		mc_wings_jet(wings, grid[j], &jet);
		mc_wings_butterfly_gradient(&jet, grid[j], gradient);
		for (int l = 0; l < P; l++)
			gradient[l] *= wings->rate[l];
		put_penalty(sink, PENALTY * strictness, shortfall, i, gradient, NULL);
	}
}

/* The relative excess 2 (w_later - w_earlier) / (w_later + w_earlier) at each point. */
static void
put_calendars(Sink *sink, const double *grid, double strictness, size_t i, const McWings *wings,
              const McWings *before)
{
	double margin = CALENDAR * pow(strictness, 0.25);

	for (int j = 0; j < POINTS; j++)
	{
		double w[2] = {mc_wings_at(wings, grid[j]).w, mc_wings_at(before, grid[j]).w};
		double sum = w[0] + w[1];
		double excess = 2 * (w[0] - w[1]) / sum;
		McWingsJet jets[2];

		if (!(margin - excess > 0))
		{
			put_nothing(sink);
			continue;
		}
		mc_wings_jet(wings, grid[j], &jets[0]);
		mc_wings_jet(before, grid[j], &jets[1]);
		for (int l = 0; l < P; l++)
		{
			jets[0].w[l] *= (2 - excess) / sum * wings->rate[l];
			jets[1].w[l] *= (-2 - excess) / sum * before->rate[l];
		}
		put_penalty(sink, PENALTY * strictness, margin - excess, i, jets[0].w, jets[1].w);
	}
}

static void
evaluate(const Fit *fit, const double *x, Sink *sink)
{
	McWings wings[2];

	for (size_t i = 0; i < fit->n; i++)
	{
		const McSmile *smile = &fit->smiles[i];
		const double *grid = fit->grids + i * 2 * POINTS;
		McWings *mine = &wings[i % 2];

		mc_wings_of_variables(x + i * P, mine);
		put_quotes(sink, smile, i, mine);
		put_prior(sink, smile, i, x + i * P);
		if (!fit->options->free)
			put_butterflies(sink, grid, fit->options->strictness, i, mine);
		if (fit->options->ordered && i > 0)
			put_calendars(sink, grid + POINTS, fit->options->strictness, i, mine,
			              &wings[1 - i % 2]);
	}
}

static size_t
count_residuals(const Fit *fit)
{
	size_t count = 0;

	for (size_t i = 0; i < fit->n; i++)
		count += fit->smiles[i].quotes.n + P + (fit->options->free ? 0 : POINTS) +
		         (fit->options->ordered && i > 0 ? POINTS : 0);
	return count;
}

static int
residuals(const gsl_vector *x, void *arg, gsl_vector *f)
{
	Sink sink = {.residuals = f};

	evaluate(arg, gsl_vector_const_ptr(x, 0), &sink);
	for (size_t i = 0; i < f->size; i++)
		if (!isfinite(gsl_vector_get(f, i)))
			return GSL_EDOM;
	return GSL_SUCCESS;
}

/* v = J' u and J' J, which is all that Levenberg-Marquardt steps ask for */
static int
derivatives(CBLAS_TRANSPOSE_t transposed, const gsl_vector *x, const gsl_vector *u, void *arg,
            gsl_vector *v, gsl_matrix *normal)
{
	Sink sink = {.u = u, .gradient = v, .normal = normal};

	if (transposed != CblasTrans)
		return GSL_EINVAL;
	if (v != NULL)
		gsl_vector_set_zero(v);
	if (normal != NULL)
		gsl_matrix_set_zero(normal);
	evaluate(arg, gsl_vector_const_ptr(x, 0), &sink);
	return GSL_SUCCESS;
}

/* Huber's weights at the present smiles; the largest change. */
static double
reweigh(const Fit *fit)
{
	double change = 0;

	for (size_t i = 0; i < fit->n; i++)
	{
		const McSmile *s = &fit->smiles[i];

		for (size_t q = 0; q < s->quotes.n; q++)
		{
			double error =
			    sqrt(mc_svi_total_variance(&s->smile, s->quotes.k[q]) / s->t) - s->quotes.vol[q];
			double share = error == 0 ? 1 : fmin(1, HUBER * s->quotes.scale[q] / fabs(error));

			change = fmax(change, fabs(share - s->robust[q]));
			s->robust[q] = share;
		}
	}
	return change;
}

/* Take the smiles over from the variables; false, with nothing taken, unless all are valid. */
static bool
take(const Fit *fit, const gsl_vector *x)
{
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < fit->n; i++)
		{
			McWings wings;
			McSvi smile;

			mc_wings_of_variables(gsl_vector_const_ptr(x, i * P), &wings);
			smile = mc_wings_smile(&wings);
			if (!mc_svi_is_valid(&smile))
				return false;
			if (pass == 1)
				fit->smiles[i].smile = smile;
		}
	return true;
}

static McStatus
solve(Fit *fit, gsl_multilarge_nlinear_workspace *space, gsl_multilarge_nlinear_fdf *fdf,
      gsl_vector *start, McFit *how, const McPoll *poll)
{
	for (int round = 0; round < fit->options->rounds || round == 0; round++)
	{
		int info;
		int status;

		for (size_t i = 0; i < fit->n; i++)
			mc_wings_variables(&fit->smiles[i].smile, gsl_vector_ptr(start, i * P));
		if (gsl_multilarge_nlinear_init(start, fdf, space) != GSL_SUCCESS)
			return MC_OK;
		for (int step = 0; step < STEPS; step++)
		{
			if (mc_poll_stop(poll))
				return MC_STOPPED;
			status = gsl_multilarge_nlinear_iterate(space);
			if (status != GSL_SUCCESS ||
			    gsl_multilarge_nlinear_test(TOLERANCE, 0, 0, &info, space) == GSL_SUCCESS)
				break;
			status = GSL_EMAXITER;
		}
		if (!take(fit, space->x))
			return MC_OK;
		*how = status == GSL_EMAXITER ? MC_FIT_ITERATIONS : MC_FIT_CONVERGED;
		if (fit->options->rounds == 0 || reweigh(fit) < SETTLED)
			break;
	}
	return MC_OK;
}

static void
make_grids(Fit *fit)
{
	for (size_t i = 0; i < fit->n; i++)
	{
		const McSmile *smile = &fit->smiles[i];
		double *grid = fit->grids + i * 2 * POINTS;

		make_grid(smile, smile, MC_SMILE_BUTTERFLY, grid);
		if (i > 0)
			make_grid(smile - 1, smile, MC_SMILE_CALENDAR, grid + POINTS);
	}
}

McStatus
mc_smile_fit(McSmile *smiles, size_t n, const McSmileOptions *options, McFit *how,
             const McPoll *poll)
{
	gsl_multilarge_nlinear_parameters parameters = gsl_multilarge_nlinear_default_parameters();
	Fit fit = {smiles, n, options, NULL};
	gsl_multilarge_nlinear_fdf fdf = {
	    .f = residuals, .df = derivatives, .n = count_residuals(&fit), .p = n * P, .params = &fit};
	gsl_multilarge_nlinear_workspace *space;
	gsl_vector *start; /* and the grids */
	McStatus status = MC_OVERFLOW;

	*how = MC_FIT_FAILED;
	if (n == 0)
		return MC_TOO_FEW;
	parameters.trs = gsl_multilarge_nlinear_trs_lm;
	parameters.solver = gsl_multilarge_nlinear_solver_cholesky;
	space = gsl_multilarge_nlinear_alloc(gsl_multilarge_nlinear_trust, &parameters, fdf.n, fdf.p);
	start = gsl_vector_alloc(fdf.p + n * 2 * POINTS);
	if (space != NULL && start != NULL)
	{
		gsl_vector_view variables = gsl_vector_subvector(start, 0, fdf.p);

		fit.grids = start->data + fdf.p;
		make_grids(&fit);
		status = solve(&fit, space, &fdf, &variables.vector, how, poll);
	}
	if (space != NULL)
		gsl_multilarge_nlinear_free(space);
	if (start != NULL)
		gsl_vector_free(start);
	return status;
}
