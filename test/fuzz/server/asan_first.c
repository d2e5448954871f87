/*
 * asan_first.c
 *	  Initialise AddressSanitizer before anything else is.
 *
 * Preloaded into Debian's postgres, ASan starts at the first malloc, which is one that libgpg-error's
 * constructor makes under a lock of glibc's message catalogues; ASan's dlerror() then waits for that
 * lock for ever.  Linked with -z initfirst this constructor runs before all others.
 */
#include <stdlib.h>

__attribute__((constructor(101))) static void
asan_first(void)
{
	free(malloc(1));
}
