/*
 * svg.h
 *	  Pieces of an SVG picture: text, numbers and times, in ASCII that is valid XML whatever they hold.
 */
#ifndef MC_SVG_H
#define MC_SVG_H

#include "compat.h"

#include "datatype/timestamp.h"
#include "lib/stringinfo.h"

/*
 * Text of the server's encoding as the content of an element or attribute, at most so many characters of it, the last
 * three dots when there are more.  Characters that XML forbids become U+FFFD.
 */
extern void mc_svg_text(StringInfo out, const char *text, int most);

/* A coordinate, with one decimal unless that is 0. */
extern void mc_svg_coordinate(StringInfo out, double value);

/* A multiple of step, with the decimals that the step needs. */
extern void mc_svg_tick(StringInfo out, double value, double step);

/* 2026-02-27 08:00 in UTC; infinity and -infinity as such. */
extern void mc_svg_time(StringInfo out, TimestampTz time);

#endif
