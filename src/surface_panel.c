/*
 * surface_panel.c
 *	  The curves and quotes of one expiry in a picture of a volatility surface.
 */
#include "surface_panel.h"

#include <math.h>

#include "kernel/axis.h"
#include "svg.h"

#define MOST_POINTS 300 /* marks of one kind in a panel */
#define LINE_POINTS 96
#define MOST_K 50.0 /* quotes beyond these are not drawn */
#define MOST_VOL 1000.0
#define GRID "#e4e7eb"

static bool
is_drawable(double k, double vol)
{
	return fabs(k) <= MOST_K && vol >= 0 && vol <= MOST_VOL;
}

static double
point_k(const McPointRow *point, const McSliceRow *slice)
{
	return isnan(point->k) ? log(point->strike / slice->forward) : point->k;
}

/* Of the middle price, else of the side that there is. */
static double
point_vol(const McPointRow *point)
{
	if (!isnan(point->vol))
		return point->vol;
	return isnan(point->bid_vol) ? point->ask_vol : point->bid_vol;
}

double
mc_panel_line_vol(const McSliceRow *slice, double k)
{
	double vol = slice->has_smile ? sqrt(mc_svi_total_variance(&slice->smile, k) / slice->t) : NAN;

	return vol <= MOST_VOL ? vol : NAN;
}

/* The quotes of the panel's expiry that can be drawn, both kinds. */
static void
collect_points(McPanel *panel, const McSurfaceRows *surface)
{
	panel->used_count = panel->left_out_count = 0;
	for (int i = 0; i < surface->point_count; i++)
	{
		const McPointRow *point = &surface->points[i];

		if (point->expiry != panel->slice->expiry ||
		    !is_drawable(point_k(point, panel->slice), point_vol(point)))
			continue;
		if (point->left_out)
			panel->left_out[panel->left_out_count++] = point;
		else
			panel->used[panel->used_count++] = point;
	}
}

static void
widen(double range[2], double value)
{
	range[0] = fmin(range[0], value);
	range[1] = fmax(range[1], value);
}

static void
pad(double range[2], double share, double least)
{
	double by = fmax((range[1] - range[0]) * share, least);

	range[0] -= by;
	range[1] += by;
}

/*
 * The range of k: of the quotes used, else of those that the fit tells of, else of those left out, else of two
 * deviations.
 */
static void
set_k_range(McPanel *panel)
{
	const McSliceRow *slice = panel->slice;

	panel->k[0] = INFINITY;
	panel->k[1] = -INFINITY;
	for (int i = 0; i < panel->used_count; i++)
		widen(panel->k, point_k(panel->used[i], slice));
	if (panel->used_count == 0 && slice->has_smile && fabs(slice->lowest_k) <= MOST_K &&
	    fabs(slice->highest_k) <= MOST_K)
	{
		widen(panel->k, slice->lowest_k);
		widen(panel->k, slice->highest_k);
	}
	else if (panel->used_count == 0)
		for (int i = 0; i < panel->left_out_count; i++)
			widen(panel->k, point_k(panel->left_out[i], slice));
	if (panel->k[0] > panel->k[1])
	{
		double deviation = slice->has_smile ? mc_panel_line_vol(slice, 0) * sqrt(slice->t) : 0;

		panel->k[1] = fmin(2 * deviation, MOST_K);
		panel->k[0] = -panel->k[1];
	}
	pad(panel->k, 0.06, 1e-3);
}

static double
line_k(const McPanel *panel, int i)
{
	return panel->k[0] + (panel->k[1] - panel->k[0]) * i / LINE_POINTS;
}

/* The range of vols: of the line and the quotes used; of the others where there is neither. */
static void
set_vol_range(McPanel *panel)
{
	panel->vol[0] = INFINITY;
	panel->vol[1] = -INFINITY;
	for (int i = 0; i <= LINE_POINTS; i++)
	{
		double vol = mc_panel_line_vol(panel->slice, line_k(panel, i));

		if (!isnan(vol))
			widen(panel->vol, vol);
	}
	for (int i = 0; i < panel->used_count; i++)
		widen(panel->vol, point_vol(panel->used[i]));
	if (panel->vol[0] > panel->vol[1])
		for (int i = 0; i < panel->left_out_count; i++)
			widen(panel->vol, point_vol(panel->left_out[i]));
	if (panel->vol[0] > panel->vol[1])
		panel->vol[0] = panel->vol[1] = 0;
	pad(panel->vol, 0.1, 5e-3);
	panel->vol[0] = fmax(panel->vol[0], 0);
}

static double
x_of(const McPanel *panel, double k)
{
	return panel->x + panel->width * (k - panel->k[0]) / (panel->k[1] - panel->k[0]);
}

static double
y_of(const McPanel *panel, double vol)
{
	return panel->y + panel->height * (panel->vol[1] - vol) / (panel->vol[1] - panel->vol[0]);
}

void
mc_svg_begin_text(StringInfo out, double x, double y, int size, const char *colour,
                  const char *more)
{
	appendStringInfoString(out, "<text x=\"");
	mc_svg_coordinate(out, x);
	appendStringInfoString(out, "\" y=\"");
	mc_svg_coordinate(out, y);
	appendStringInfo(out, "\" font-size=\"%d\" fill=\"%s\"%s>", size, colour, more);
}

static void
move_to(StringInfo out, char how, double x, double y)
{
	appendStringInfoChar(out, how);
	mc_svg_coordinate(out, x);
	appendStringInfoChar(out, ' ');
	mc_svg_coordinate(out, y);
}

/* Grid lines and labels of one axis. */
static void
draw_ticks(StringInfo out, const McPanel *panel, bool vertical)
{
	const double *range = vertical ? panel->vol : panel->k;
	double unit = vertical ? 100 : 1;
	double step = mc_tick_step((range[1] - range[0]) * unit, 6);
	double last = floor(range[1] * unit / step);

	appendStringInfoString(out, "<path d=\"");
	for (double i = ceil(range[0] * unit / step); i <= last; i++)
	{
		double x = vertical ? panel->x : x_of(panel, i * step / unit);
		double y = vertical ? y_of(panel, i * step / unit) : panel->y;

		move_to(out, 'M', x, y);
		appendStringInfoString(out, vertical ? "h" : "v");
		mc_svg_coordinate(out, vertical ? panel->width : panel->height);
	}
	appendStringInfoString(out, "\" stroke=\"" GRID "\" fill=\"none\"/>\n");
	for (double i = ceil(range[0] * unit / step); i <= last; i++)
	{
		if (vertical)
			mc_svg_begin_text(out, panel->x - 6, y_of(panel, i * step / unit) + 4, 11, MC_SOFT,
			                  " text-anchor=\"end\"");
		else
			mc_svg_begin_text(out, x_of(panel, i * step / unit), panel->y + panel->height + 16, 11,
			                  MC_SOFT, " text-anchor=\"middle\"");
		mc_svg_tick(out, i * step, step);
		appendStringInfoString(out, "</text>\n");
	}
}

static void
draw_axes(StringInfo out, const McPanel *panel)
{
	draw_ticks(out, panel, false);
	draw_ticks(out, panel, true);
	appendStringInfoString(out, "<path d=\"");
	move_to(out, 'M', panel->x, panel->y);
	appendStringInfoChar(out, 'v');
	mc_svg_coordinate(out, panel->height);
	appendStringInfoChar(out, 'h');
	mc_svg_coordinate(out, panel->width);
	appendStringInfoString(out, "\" stroke=\"#9aa1a9\" fill=\"none\"/>\n");
}

static double
within(const double range[2], double value)
{
	return fmin(fmax(value, range[0]), range[1]);
}

static bool
is_inside(const McPanel *panel, double k, double vol)
{
	return within(panel->k, k) == k && within(panel->vol, vol) == vol;
}

/* Every how many points to draw. */
static int
stride(int count)
{
	return (count + MOST_POINTS - 1) / MOST_POINTS;
}

static void
draw_crosses(StringInfo out, const McPanel *panel)
{
	appendStringInfoString(out, "<path d=\"");
	for (int i = 0; i < panel->left_out_count; i += stride(panel->left_out_count))
	{
		double k = point_k(panel->left_out[i], panel->slice);
		double vol = point_vol(panel->left_out[i]);

		if (!is_inside(panel, k, vol))
			continue;
		move_to(out, 'M', x_of(panel, k) - 2.5, y_of(panel, vol) - 2.5);
		appendStringInfoString(out, "l5 5m0-5l-5 5");
	}
	appendStringInfoString(out, "\" stroke=\"" MC_CROSS_COLOUR "\" fill=\"none\"/>\n");
}

/* What of a bid-ask range is inside the frame; a missing side ends at the middle. */
static void
draw_bars(StringInfo out, const McPanel *panel)
{
	appendStringInfoString(out, "<path d=\"");
	for (int i = 0; i < panel->used_count; i += stride(panel->used_count))
	{
		const McPointRow *point = panel->used[i];
		double middle = point_vol(point);
		double low = isnan(point->bid_vol) ? middle : point->bid_vol;
		double high = isnan(point->ask_vol) ? middle : point->ask_vol;

		low = within(panel->vol, low);
		high = within(panel->vol, high);
		if (!(low < high))
			continue;
		move_to(out, 'M', x_of(panel, point_k(point, panel->slice)), y_of(panel, low));
		appendStringInfoChar(out, 'V');
		mc_svg_coordinate(out, y_of(panel, high));
	}
	appendStringInfoString(out,
	                       "\" stroke=\"" MC_BAR_COLOUR "\" stroke-width=\"2\" fill=\"none\"/>\n");
}

/* A line of no length with a round end is a dot. */
static void
draw_dots(StringInfo out, const McPanel *panel)
{
	appendStringInfoString(out, "<path d=\"");
	for (int i = 0; i < panel->used_count; i += stride(panel->used_count))
	{
		double k = point_k(panel->used[i], panel->slice);
		double vol = point_vol(panel->used[i]);

		move_to(out, 'M', x_of(panel, k), y_of(panel, vol));
		appendStringInfoString(out, "h.01");
	}
	appendStringInfoString(out, "\" stroke=\"" MC_INK
	                            "\" stroke-width=\"4\" stroke-linecap=\"round\" fill=\"none\"/>\n");
}

static void
draw_line(StringInfo out, const McPanel *panel)
{
	char how = 'M';

	appendStringInfoString(out, "<path d=\"");
	for (int i = 0; i <= LINE_POINTS; i++)
	{
		double k = line_k(panel, i);
		double vol = mc_panel_line_vol(panel->slice, k);

		if (!isnan(vol))
			move_to(out, how, x_of(panel, k), y_of(panel, vol));
		how = isnan(vol) ? 'M' : 'L';
	}
	appendStringInfoString(out, "\" stroke=\"" MC_LINE_COLOUR
	                            "\" stroke-width=\"1.8\" fill=\"none\"/>\n");
}

void
mc_draw_curves(StringInfo out, McPanel *panel, const McSurfaceRows *surface)
{
	collect_points(panel, surface);
	if (panel->used_count + panel->left_out_count == 0 && isnan(mc_panel_line_vol(panel->slice, 0)))
	{
		mc_svg_begin_text(out, panel->x + panel->width / 2, panel->y + panel->height / 2, 12,
		                  MC_SOFT, " text-anchor=\"middle\"");
		appendStringInfoString(out, "nothing to draw</text>\n");
		return;
	}
	set_k_range(panel);
	set_vol_range(panel);
	draw_axes(out, panel);
	draw_crosses(out, panel);
	draw_bars(out, panel);
	draw_line(out, panel);
	draw_dots(out, panel);
}
