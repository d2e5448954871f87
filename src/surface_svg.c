/*
 * surface_svg.c
 *	  margin_calib.surface_svg: a volatility surface as a picture, one panel an expiry.
 *
 * The picture is plain SVG 1.1: no script, no style sheet, no font or picture from elsewhere.  Its size is bounded:
 * MOST_PANELS panels, each with a bounded number of marks (surface_panel.c).
 */
#include "compat.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/builtins.h"

#include "surface_panel.h"
#include "svg.h"

#define WIDTH 1200
#define MARGIN 20 /* left and right of the picture */
#define HEADER 92
#define MOST_PANELS 60

/* The frame of the curves inside its panel. */
#define LEFT 46
#define RIGHT 10
#define TOP 62
#define BOTTOM 32

static const char *
status_colour(const char *status)
{
	if (strcmp(status, "fitted") == 0)
		return "#3f7d4e";
	if (strcmp(status, "repaired") == 0)
		return "#b35c00";
	if (strcmp(status, "fallback") == 0)
		return "#7b3294";
	return "#c0241c";
}

/* Expiry, days and status; then what was fitted; then why, where a reason is told. */
static void
draw_titles(StringInfo out, const McPanel *panel)
{
	const McSliceRow *slice = panel->slice;
	const char *status = slice->status == NULL ? "no status" : slice->status;
	double top = panel->y - TOP;
	bool fallback = slice->has_fitted_as_of && strcmp(status, "fallback") == 0;

	mc_svg_begin_text(out, panel->x, top + 18, 12, MC_INK, "");
	appendStringInfoString(out, "<tspan font-weight=\"bold\">");
	mc_svg_time(out, slice->expiry);
	appendStringInfoString(out, "</tspan>");
	if (isfinite(slice->t) && fabs(slice->t) < 1e4)
		appendStringInfo(out, "<tspan dx=\"8\">%.*f d</tspan>", slice->t * 365 < 99.95 ? 1 : 0,
		                 slice->t * 365);
	appendStringInfoString(out, "</text>\n");
	mc_svg_begin_text(out, panel->x + panel->width, top + 18, 11, status_colour(status),
	                  " text-anchor=\"end\" font-weight=\"bold\"");
	mc_svg_text(out, status, 11);
	appendStringInfoString(out, "</text>\n");
	mc_svg_begin_text(out, panel->x, top + 34, 11, MC_SOFT, "");
	if (!isnan(mc_panel_line_vol(slice, 0)))
		appendStringInfo(out, "ATM %.1f %%", 100 * mc_panel_line_vol(slice, 0));
	else
		appendStringInfoString(out, "no smile");
	if (isfinite(slice->strikes) && slice->strikes >= 0)
		appendStringInfo(out, ", %.0f quotes", slice->strikes);
	if (slice->left_out > 0)
		appendStringInfo(out, ", %.0f left out", slice->left_out);
	appendStringInfoString(out, "</text>\n");
	if (slice->reason == NULL && !fallback)
		return;
	mc_svg_begin_text(out, panel->x, top + 49, 11, status_colour(status), "");
	if (slice->reason != NULL)
		mc_svg_text(out, slice->reason, (int) (panel->width / 6.3));
	else
	{
		appendStringInfoString(out, "the smile of ");
		mc_svg_time(out, slice->fitted_as_of);
	}
	appendStringInfoString(out, "</text>\n");
}

static void
draw_panel(StringInfo out, McPanel *panel, const McSurfaceRows *surface)
{
	appendStringInfoString(out, "<g>\n");
	if (panel->slice->reason != NULL)
	{
		appendStringInfoString(out, "<title>");
		mc_svg_text(out, panel->slice->reason, 300);
		appendStringInfoString(out, "</title>\n");
	}
	draw_titles(out, panel);
	mc_draw_curves(out, panel, surface);
	appendStringInfoString(out, "</g>\n");
}

static void
draw_legend(StringInfo out)
{
	appendStringInfoString(
	    out,
	    "<g font-size=\"12\" fill=\"" MC_SOFT "\">\n"
	    "<path d=\"M20 68h26\" stroke=\"" MC_LINE_COLOUR "\" stroke-width=\"1.8\"/>"
	    "<text x=\"52\" y=\"72\">smile</text>\n"
	    "<path d=\"M116 62v12\" stroke=\"" MC_BAR_COLOUR "\" stroke-width=\"2\"/>"
	    "<path d=\"M116 68h.01\" stroke=\"" MC_INK
	    "\" stroke-width=\"4\" stroke-linecap=\"round\"/>"
	    "<text x=\"126\" y=\"72\">quote used: bid, middle, ask</text>\n"
	    "<path d=\"M332 65.5l5 5m0-5l-5 5\" stroke=\"" MC_CROSS_COLOUR "\"/>"
	    "<text x=\"344\" y=\"72\">quote left out</text>\n"
	    "<text x=\"1180\" y=\"72\" text-anchor=\"end\">vol a year in %, over ln(strike / forward)"
	    "</text>\n</g>\n");
}

static void
draw_header(StringInfo out, const McSurfaceRows *surface, const char *title, int height)
{
	appendStringInfo(out,
	                 "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
	                 "viewBox=\"0 0 %d %d\" font-family=\"DejaVu Sans, Verdana, sans-serif\" "
	                 "role=\"img\">\n<title>",
	                 WIDTH, height, WIDTH, height);
	mc_svg_text(out, title, 100);
	appendStringInfo(out, "</title>\n<rect width=\"%d\" height=\"%d\" fill=\"#ffffff\"/>\n", WIDTH,
	                 height);
	mc_svg_begin_text(out, MARGIN, 28, 18, MC_INK, " font-weight=\"bold\"");
	mc_svg_text(out, title, 100);
	appendStringInfoString(out, "</text>\n");
	mc_svg_begin_text(out, MARGIN, 48, 12, MC_SOFT, "");
	if (surface->has_as_of)
	{
		appendStringInfoString(out, "as of ");
		mc_svg_time(out, surface->as_of);
		appendStringInfoString(out, " UTC, ");
	}
	appendStringInfo(out, "%d %s", surface->slice_count,
	                 surface->slice_count == 1 ? "expiry" : "expiries");
	if (surface->slice_count > MOST_PANELS)
		appendStringInfo(out, ", the first %d shown", MOST_PANELS);
	appendStringInfoString(out, "</text>\n");
	draw_legend(out);
}

/* Columns for so many panels, and the height of one. */
static int
columns_for(int panels, int *height)
{
	int columns = panels < 3 ? Max(panels, 1) : panels < 10 ? 3 : 4;

	*height = columns == 1 ? 460 : columns == 2 ? 360 : columns == 3 ? 300 : 260;
	return columns;
}

static void
draw_surface(StringInfo out, const McSurfaceRows *surface, const char *title)
{
	int panels = Min(surface->slice_count, MOST_PANELS);
	int height;
	int columns = columns_for(panels, &height);
	double width = (WIDTH - 2.0 * MARGIN) / columns;
	McPanel panel;

	panel.used =
	    palloc_extended(Max(surface->point_count, 1) * sizeof(McPointRow *), MCXT_ALLOC_HUGE);
	panel.left_out =
	    palloc_extended(Max(surface->point_count, 1) * sizeof(McPointRow *), MCXT_ALLOC_HUGE);
	draw_header(out, surface, title, HEADER + 12 + height * ((panels + columns - 1) / columns));
	if (panels == 0)
	{
		mc_svg_begin_text(out, WIDTH / 2.0, HEADER - 44, 14, MC_SOFT, " text-anchor=\"middle\"");
		appendStringInfoString(out, "This surface has no expiry.</text>\n");
	}
	for (int i = 0; i < panels; i++)
	{
		CHECK_FOR_INTERRUPTS();
		panel.slice = &surface->slices[i];
		panel.x = MARGIN + width * (i % columns) + LEFT;
		panel.y = HEADER + (double) height * (i / columns) + TOP;
		panel.width = width - LEFT - RIGHT;
		panel.height = (double) height - TOP - BOTTOM;
		draw_panel(out, &panel, surface);
	}
	appendStringInfoString(out, "</svg>\n");
}

/* margin_calib.surface_svg(surface vol_surface, title text) -> text */
MC_FUNCTION(mc_surface_svg)
{
	McSurfaceRows surface;
	StringInfoData out;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	mc_read_surface(PG_GETARG_HEAPTUPLEHEADER(0), true, &surface);
	initStringInfo(&out);
	draw_surface(&out, &surface,
	             PG_ARGISNULL(1) ? "Volatility surface" : text_to_cstring(PG_GETARG_TEXT_PP(1)));
	PG_RETURN_TEXT_P(cstring_to_text_with_len(out.data, out.len));
}
