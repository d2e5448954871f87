/*
 * garch_model.h
 *	  The row type margin_calib.garch_model: a GARCH model, fitted or given.
 */
#ifndef MC_GARCH_MODEL_H
#define MC_GARCH_MODEL_H

#include "compat.h"
#include "kernel/garch.h"

/* The attributes, in the order of sql/parts/13_garch_types.sql. */
enum
{
	G_STATUS,
	G_MODEL,
	G_PRESAMPLE,
	G_OBSERVATIONS,
	G_MU,
	G_OMEGA,
	G_ALPHA,
	G_GAMMA,
	G_BETA,
	G_DEGREES_OF_FREEDOM,
	G_LOG_LIKELIHOOD,
	G_PERSISTENCE,
	G_UNCONDITIONAL_VARIANCE,
	G_NEXT_VARIANCE,
	G_ITERATIONS,
	G_SCALE,
	G_STANDARD_ERRORS,
	G_MU_ERROR,
	G_OMEGA_ERROR,
	G_ALPHA_ERROR,
	G_GAMMA_ERROR,
	G_BETA_ERROR,
	G_DEGREES_OF_FREEDOM_ERROR,
	G_COUNT
};

/* 'garch', 'gjr', 'garch_t', 'gjr_t': bit 0 is asymmetric, bit 1 student; then NULL. */
extern const char *const mc_garch_models[];

/* 'backcast', 'sample_variance' in the order of McGarchPresample; then NULL. */
extern const char *const mc_garch_presamples[];

static inline McGarchSpec
mc_garch_spec(int model, int presample)
{
	McGarchSpec spec = {(model & 1) != 0, (model & 2) != 0, (McGarchPresample) presample};

	return spec;
}

/* Put a number into a row, or NULL when it is NaN or infinite. */
static inline void
mc_garch_set(Datum *values, bool *nulls, int attribute, double value)
{
	nulls[attribute] = !(value - value == 0);
	values[attribute] = Float8GetDatum(value);
}

/* The parameters and what follows from them: model, persistence, unconditional variance. */
extern void mc_garch_set_parameters(Datum *values, bool *nulls, const McGarchParameters *p);

#endif
