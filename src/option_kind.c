/*
 * option_kind.c
 *	  Calls and puts as SQL writes them.
 */
#include "option_kind.h"

bool
mc_option_kind_known(text *kind, bool *call)
{
	const char *name = VARDATA_ANY(kind);
	Size length = VARSIZE_ANY_EXHDR(kind);

	*call = (length == 1 && pg_strncasecmp(name, "c", 1) == 0) ||
	        (length == 4 && pg_strncasecmp(name, "call", 4) == 0);
	return *call || (length == 1 && pg_strncasecmp(name, "p", 1) == 0) ||
	       (length == 3 && pg_strncasecmp(name, "put", 3) == 0);
}
