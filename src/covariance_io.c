/*
 * covariance_io.c
 *	  Text and binary form of covariance_state.
 *
 * Text: numbers with one blank between them: version, series k, rows, skipped rows, k means, k rests
 * of the means, k (k + 1) / 2 comoments, row by row of the lower triangle.  Doubles are the shortest
 * that read back as the same bits.  Binary: int32 version and k, int64 rows and skipped rows, float8s.
 */
#include "compat.h"

#include <math.h>

#include "common/shortest_dec.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"

#include "covariance_io.h"
#include "errors.h"
#include "kernel/rank_update.h"
#include "triangle.h"

#define SLACK 1e-9
#define LOST_BY_ROW 0x1p-1070

static Size
numbers_of(int series)
{
	return mc_triangle_row(series) + 2 * (Size) series;
}

McCovarianceValue *
mc_new_covariance_value(int series)
{
	Size bytes = offsetof(McCovarianceValue, numbers) + numbers_of(series) * sizeof(double);
	McCovarianceValue *value;

	mc_check_state_size(bytes);
	value = palloc(bytes);
	memset(value, 0, offsetof(McCovarianceValue, numbers));
	SET_VARSIZE(value, bytes);
	value->version = MC_COVARIANCE_VERSION;
	value->series = series;
	return value;
}

/* Why the head is none that we make, or NULL. */
static const char *
head_problem(int64 version, int64 series, int64 rows, int64 skipped)
{
	if (version != MC_COVARIANCE_VERSION)
		return "Its version is unknown.";
	if (series < 1 || series > MC_MAX_SERIES)
		return "The number of series is out of range.";
	if (rows < 1 || rows > MC_COVARIANCE_MOST_ROWS || skipped < 0 ||
	    skipped > MC_COVARIANCE_MOST_ROWS)
		return "The number of rows is out of range.";
	return NULL;
}

/*
 * Comoments of series i and j, with those of each: a pair that Cauchy and Schwarz allow?  Each row may have lost
 * LOST_BY_ROW of any of them to underflow.
 */
static bool
possible_comoment(double pair, double own_i, double own_j, double lost)
{
	return fabs(pair) <= sqrt(own_i + lost) * sqrt(own_j + lost) * (1 + SLACK) + lost;
}

static const char *
numbers_problem(const McCovarianceValue *value)
{
	const double *mean = mc_value_mean(value);
	const double *rest = mc_value_rest(value);
	const double *comoments = mc_value_comoments(value);
	double lost = (double) value->rows * LOST_BY_ROW;

	for (Size i = 0; i < value->series; i++)
	{
		const double *row = comoments + mc_triangle_row(i);

		if (isnan(mean[i]) ? rest[i] != 0 : !isfinite(mean[i]) || !(fabs(rest[i]) <= fabs(mean[i])))
			return "A mean is out of range.";
		if (!isnan(mean[i]) && !(row[i] >= 0 && isfinite(row[i])))
			return "A comoment of a series with itself is negative or not finite.";
		for (Size j = 0; j <= i; j++)
			if (isnan(mean[i]) || isnan(mean[j])
			        ? !isnan(row[j])
			        : !possible_comoment(row[j], row[i], comoments[mc_triangle_row(j) + j], lost))
				return "A comoment is larger than the series allow.";
	}
	return NULL;
}

/* ---- text ---- */

static void
bad_text(const char *text, const char *problem)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
	                errmsg("invalid input syntax for type covariance_state: \"%.60s\"", text),
	                errdetail("%s", problem),
	                errhint("Give the text of a covariance_state as it was printed, unchanged.")));
}

static int64
read_whole(const char *text, const char **at)
{
	char *end;
	int64 x;

	errno = 0;
	x = strtoi64(*at, &end, 10);
	if (end == *at || errno != 0 || *end != ' ')
		bad_text(text, "A whole number is missing.");
	*at = end + 1;
	return x;
}

/* the numbers, to the end of the text */
static void
read_numbers(const char *text, const char *at, McCovarianceValue *value)
{
	Size n = numbers_of(value->series);

	for (Size i = 0; i < n; i++)
	{
		char *end;

		/* denormal numbers set errno too: only what is not finite is wrong */
		value->numbers[i] = strtod(at, &end);
		if (end == at || *end != (i + 1 < n ? ' ' : '\0'))
			bad_text(text, "A number is missing, or there are too many.");
		at = end + 1;
	}
}

/* margin_calib.covariance_state_in(cstring) */
MC_FUNCTION(mc_covariance_state_in)
{
	const char *text = PG_GETARG_CSTRING(0);
	const char *at = text;
	int64 version = read_whole(text, &at);
	int64 series = read_whole(text, &at);
	int64 rows = read_whole(text, &at);
	int64 skipped = read_whole(text, &at);
	const char *problem = head_problem(version, series, rows, skipped);
	McCovarianceValue *value;

	/* a number and its blank need two characters: no room is made for what cannot follow */
	if (problem == NULL && strlen(at) + 1 < 2 * numbers_of(series))
		problem = "Numbers are missing.";
	if (problem != NULL)
		bad_text(text, problem);
	value = mc_new_covariance_value(series);
	value->rows = rows;
	value->skipped = skipped;
	read_numbers(text, at, value);
	problem = numbers_problem(value);
	if (problem != NULL)
		bad_text(text, problem);
	PG_RETURN_POINTER(value);
}

/* margin_calib.covariance_state_out(covariance_state) */
MC_FUNCTION(mc_covariance_state_out)
{
	const McCovarianceValue *value = (McCovarianceValue *) PG_GETARG_VARLENA_P(0);
	Size n = numbers_of(value->series);
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfo(&text, "%d %d " INT64_FORMAT " " INT64_FORMAT, value->version, value->series,
	                 value->rows, value->skipped);
	for (Size i = 0; i < n; i++)
	{
		char number[DOUBLE_SHORTEST_DECIMAL_LEN + 1];

		appendStringInfoChar(&text, ' ');
		double_to_shortest_decimal_buf(value->numbers[i], number);
		appendStringInfoString(&text, number);
	}
	PG_RETURN_CSTRING(text.data);
}

/* ---- binary ---- */

static void
bad_binary(const char *problem)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
	                errmsg("invalid binary representation of a covariance_state"),
	                errdetail("%s", problem),
	                errhint("Send the bytes of a covariance_state as they were received.")));
}

/* margin_calib.covariance_state_recv(internal) */
MC_FUNCTION(mc_covariance_state_recv)
{
	StringInfo buffer = (StringInfo) PG_GETARG_POINTER(0);
	McCovarianceValue *value;
	const char *problem;
	int32 version;
	int32 series;
	int64 rows;
	int64 skipped;

	if (buffer->len - buffer->cursor < 24)
		bad_binary("It is too short.");
	version = pq_getmsgint(buffer, 4);
	series = pq_getmsgint(buffer, 4);
	rows = pq_getmsgint64(buffer);
	skipped = pq_getmsgint64(buffer);
	problem = head_problem(version, series, rows, skipped);
	if (problem == NULL && buffer->len - buffer->cursor != numbers_of(series) * sizeof(double))
		problem = "Its length does not fit the number of series.";
	if (problem != NULL)
		bad_binary(problem);
	value = mc_new_covariance_value(series);
	value->rows = rows;
	value->skipped = skipped;
	for (Size i = 0; i < numbers_of(series); i++)
		value->numbers[i] = pq_getmsgfloat8(buffer);
	problem = numbers_problem(value);
	if (problem != NULL)
		bad_binary(problem);
	PG_RETURN_POINTER(value);
}

/* margin_calib.covariance_state_send(covariance_state) */
MC_FUNCTION(mc_covariance_state_send)
{
	const McCovarianceValue *value = (McCovarianceValue *) PG_GETARG_VARLENA_P(0);
	StringInfoData buffer;

	pq_begintypsend(&buffer);
	pq_sendint32(&buffer, value->version);
	pq_sendint32(&buffer, value->series);
	pq_sendint64(&buffer, value->rows);
	pq_sendint64(&buffer, value->skipped);
	for (Size i = 0; i < numbers_of(value->series); i++)
		pq_sendfloat8(&buffer, value->numbers[i]);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}
