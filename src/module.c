/*
 * module.c
 *	  Loading: settings, and GSL's error handler.
 */
#include "compat.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_version.h>
#include <limits.h>

#include "utils/builtins.h"
#include "utils/guc.h"

#include "module.h"

MC_MODULE_MAGIC;

int mc_max_state_mb = 1024;

void _PG_init(void);

void
_PG_init(void)
{
	/* the default handler aborts the process, which would restart the whole server */
	gsl_set_error_handler_off();

	DefineCustomIntVariable("margin_calib.max_state_mb",
	                        "Largest state, in megabytes, that one aggregate group may hold.",
	                        "work_mem does not bound aggregate states that keep every value.",
	                        &mc_max_state_mb, 1024, 1, INT_MAX / 2, PGC_SUSET, 0, NULL, NULL, NULL);
	MarkGUCPrefixReserved("margin_calib");
}

/* margin_calib.version() -> text: the version of the loaded library */
MC_FUNCTION(mc_version)
{
	PG_RETURN_TEXT_P(cstring_to_text(MC_VERSION));
}

/* margin_calib.gsl_version() -> text: the version of the loaded GNU Scientific Library */
MC_FUNCTION(mc_gsl_version)
{
	PG_RETURN_TEXT_P(cstring_to_text(gsl_version));
}
