/*
 * option_kind.c
 *	  Calls and puts as SQL writes them.
 */
#include "option_kind.h"

bool
mc_option_kind_known(text *kind, bool *call)
{
	const char *name = VARDATA_ANY(kind);
	int length = VARSIZE_ANY_EXHDR(kind);

	*call = (length == 4 || length == 1) && pg_strncasecmp(name, "call", length) == 0;
	return *call || ((length == 3 || length == 1) && pg_strncasecmp(name, "put", length) == 0);
}
