/*
 * surface_panel.h
 *	  The curves and quotes of one expiry in a picture of a volatility surface.
 */
#ifndef MC_SURFACE_PANEL_H
#define MC_SURFACE_PANEL_H

#include "compat.h"

#include "lib/stringinfo.h"

#include "surface_rows.h"

#define MC_INK "#1a1a1a"
#define MC_SOFT "#5f6670"
#define MC_LINE_COLOUR "#0072b2"
#define MC_BAR_COLOUR "#e69f00"
#define MC_CROSS_COLOUR "#a3a9b1"

typedef struct McPanel
{
	const McSliceRow *slice;
	const McPointRow **used; /* room for every point of the surface, as left_out */
	int used_count;
	const McPointRow **left_out;
	int left_out_count;
	double x, y, width, height; /* of the frame of the curves */
	double k[2];                /* range of the x axis */
	double vol[2];              /* of the y axis */
} McPanel;

/* <text ...>: size of the letters, their colour, then more attributes, each with a blank before it. */
extern void mc_svg_begin_text(StringInfo out, double x, double y, int size, const char *colour,
                              const char *more);

/* Vol of the slice's smile at k; NaN when it has none, or one that is too large to be drawn. */
extern double mc_panel_line_vol(const McSliceRow *slice, double k);

/* Axes, quotes and smile inside the frame, whose x, y, width and height are set. */
extern void mc_draw_curves(StringInfo out, McPanel *panel, const McSurfaceRows *surface);

#endif
