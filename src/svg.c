/*
 * svg.c
 *	  Pieces of an SVG picture: text, numbers and times, in ASCII that is valid XML whatever they hold.
 */
#include "svg.h"

#include <math.h>

#include "mb/pg_wchar.h"
#include "utils/timestamp.h"

#include "kernel/axis.h"

#define REPLACEMENT 0xFFFD

/* XML 1.0, production 2: Char */
static bool
xml_allows(pg_wchar c)
{
	return c == '\t' || c == '\n' || c == '\r' || (c >= 0x20 && c <= 0xD7FF) ||
	       (c >= 0xE000 && c <= 0xFFFD) || (c >= 0x10000 && c <= 0x10FFFF);
}

static void
append_character(StringInfo out, pg_wchar c)
{
	if (!xml_allows(c))
		c = REPLACEMENT;
	if (c >= 0x20 && c < 0x7F && strchr("&<>\"'", (int) c) == NULL)
		appendStringInfoChar(out, (char) c);
	else
		appendStringInfo(out, "&#x%X;", (unsigned) c);
}

static int
utf8_characters(const unsigned char *utf8)
{
	int n = 0;

	for (; *utf8 != '\0'; utf8 += pg_utf_mblen(utf8))
		n++;
	return n;
}

void
mc_svg_text(StringInfo out, const char *text, int most)
{
	/* in a database without an encoding this raises 22021 unless the bytes are UTF-8 */
	const unsigned char *utf8 =
	    (const unsigned char *) pg_server_to_any(text, (int) strlen(text), PG_UTF8);
	int characters = utf8_characters(utf8);
	bool cut = characters > most;

	for (int i = 0; i < (cut ? most - 3 : characters); i++)
	{
		append_character(out, utf8_to_unicode(utf8));
		utf8 += pg_utf_mblen(utf8);
	}
	if (cut)
		appendStringInfoString(out, "...");
}

void
mc_svg_coordinate(StringInfo out, double value)
{
	char text[32];
	int length = snprintf(text, sizeof(text), "%.1f", value);

	if (length > 2 && strcmp(text + length - 2, ".0") == 0)
		text[length - 2] = '\0';
	appendStringInfoString(out, strcmp(text, "-0") == 0 ? "0" : text);
}

void
mc_svg_tick(StringInfo out, double value, double step)
{
	if (value == 0)
		appendStringInfoChar(out, '0');
	else if (fabs(value) >= 1e6 || step < 1e-4)
		appendStringInfo(out, "%.4g", value);
	else
		appendStringInfo(out, "%.*f", mc_tick_decimals(step), value);
}

void
mc_svg_time(StringInfo out, TimestampTz time)
{
	struct pg_tm tm;
	fsec_t fraction;

	if (TIMESTAMP_NOT_FINITE(time))
		appendStringInfoString(out, TIMESTAMP_IS_NOBEGIN(time) ? "-infinity" : "infinity");
	else if (timestamp2tm(time, NULL, &tm, &fraction, NULL, NULL) != 0)
		appendStringInfoString(out, "out of range");
	else
		appendStringInfo(out, "%04d-%02d-%02d %02d:%02d", tm.tm_year, tm.tm_mon, tm.tm_mday,
		                 tm.tm_hour, tm.tm_min);
}
