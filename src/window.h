/*
 * window.h
 *	  What window functions share.
 */
#ifndef MC_WINDOW_H
#define MC_WINDOW_H

#include "compat.h"
#include "windowapi.h"

/* telling the executor costs more than keeping a few rows */
#define MC_ROWS_KEPT 64

/*
 * For a window function that reads each row once, as its current row: let the executor drop the rows
 * behind it, so that memory does not grow with the partition.
 */
static inline void
mc_release_rows(WindowObject window)
{
	int64 position = WinGetCurrentPosition(window);

	if (position % MC_ROWS_KEPT == 0)
		WinSetMarkPosition(window, position);
}

#endif
