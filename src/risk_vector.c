/*
 * risk_vector.c
 *	  Input and output of the type risk_vector, and what is in one.
 *
 * Binary: the head and the numbers in network order, then the bytes; text: its hexadecimal digits after \x, as of a
 * bytea.  Whatever comes in is checked, so that a value is one that scenario_pnl could have made.
 */
#include "compat.h"

#include <math.h>

#include "common/hashfn.h"
#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "datatype/timestamp.h"
#include "utils/builtins.h"

#include "contract_argument.h"
#include "errors.h"
#include "risk_vector.h"
#include "values.h"

#define VERSION 1
#define TEXT_COLUMNS 7 /* of risk_terms, before its numbers */
#define HEAD_BYTES 40  /* of the binary form */

static Size
number_count(int scenarios, bool has_roles)
{
	return MC_RISK_NUMBERS + (Size) scenarios * (has_roles ? 2 : 1);
}

/* Of the sizes, and with the flags, of a head. */
static McRiskVector *
allocate(const McRiskVector *head)
{
	bool has_roles = mc_risk_has_roles(head);
	Size bytes = offsetof(McRiskVector, numbers) +
	             number_count(head->scenarios, has_roles) * sizeof(double) +
	             (has_roles ? (Size) head->scenarios : 0) + head->set_length +
	             head->instrument_length + head->underlying_length;
	McRiskVector *vector = palloc0(bytes);

	*vector = *head;
	SET_VARSIZE(vector, bytes);
	return vector;
}

static void
check_name(const char *name, const char *what)
{
	if (strlen(name) > MC_MAX_NAME)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("the name of %s is longer than %d bytes", what, MC_MAX_NAME),
		                errdetail("It begins with %.64s.", name)));
}

McRiskVector *
mc_risk_vector_new(int scenarios, bool has_roles, const char *set_name, const char *instrument,
                   const char *underlying)
{
	McRiskVector head = {.version = VERSION,
	                     .flags = has_roles ? MC_RISK_HAS_ROLES : 0,
	                     .scenarios = scenarios,
	                     .expiry = MC_NO_EXPIRY};
	McRiskVector *vector;

	check_name(set_name, "a scenario set");
	check_name(instrument, "an instrument");
	check_name(underlying, "an underlying");
	head.set_length = (int32) strlen(set_name);
	head.instrument_length = (int32) strlen(instrument);
	head.underlying_length = (int32) strlen(underlying);
	vector = allocate(&head);
	memcpy(mc_risk_set_name(vector), set_name, vector->set_length);
	memcpy(mc_risk_instrument(vector), instrument, vector->instrument_length);
	memcpy(mc_risk_underlying(vector), underlying, vector->underlying_length);
	return vector;
}

void
mc_risk_vector_seal(McRiskVector *vector)
{
	const int64 head[] = {vector->kind,        vector->flags,      vector->scenarios,
	                      vector->set_version, vector->set_length, vector->instrument_length,
	                      vector->expiry,      vector->set_digest, vector->underlying_length};

	vector->underlying = hash_bytes_extended((const unsigned char *) mc_risk_underlying(vector),
	                                         vector->underlying_length, 0);
	vector->digest = hash_bytes_extended(
	    (const unsigned char *) vector->numbers, VARSIZE(vector) - offsetof(McRiskVector, numbers),
	    hash_bytes_extended((const unsigned char *) head, sizeof(head), 0));
}

/* Why a vector is none that we make, or NULL. */
static const char *
problem_of(McRiskVector *v)
{
	const double *numbers = v->numbers;
	const char *roles = mc_risk_role_bytes(v);
	Size count = number_count(v->scenarios, mc_risk_has_roles(v));

	for (Size i = 0; i < count; i++)
		if (!isfinite(numbers[i]))
			return "A number is not finite.";
	if (numbers[MC_RISK_YEARS] < 0 || numbers[MC_RISK_LONG_DISCOUNT] < 0 ||
	    numbers[MC_RISK_SHORT_DISCOUNT] < 0 || numbers[MC_RISK_STRIKE] < 0 ||
	    numbers[MC_RISK_NOTIONAL] < 0)
		return "A number that is never negative is.";
	if (v->kind == MC_OPTION && !(numbers[MC_RISK_STRIKE] > 0))
		return "An option has no strike.";
	if (v->kind == MC_OPTION ? !IS_VALID_TIMESTAMP(v->expiry) : v->expiry != MC_NO_EXPIRY)
		return "An option has no expiry, or something else has one.";
	for (int i = MC_RISK_CONFIDENCE; i < MC_RISK_NUMBERS; i++)
		if (!(numbers[i] >= 0 && numbers[i] <= 1))
			return "A share is not between 0 and 1.";
	for (int i = 0; mc_risk_has_roles(v) && i < v->scenarios; i++)
		if (!(mc_risk_weights(v)[i] >= 0) ||
		    (roles[i] & ~(MC_ROLE_BOTH_WAYS | MC_ROLE_CONTINGENCY)) != 0)
			return "The role of a scenario is unknown.";
	if (!pg_verifymbstr(mc_risk_set_name(v), v->set_length, true) ||
	    !pg_verifymbstr(mc_risk_instrument(v), v->instrument_length, true) ||
	    !pg_verifymbstr(mc_risk_underlying(v), v->underlying_length, true) ||
	    memchr(mc_risk_set_name(v), 0,
	           v->set_length + v->instrument_length + v->underlying_length) != NULL)
		return "A name is not in the encoding of the database.";
	return NULL;
}

static pg_attribute_noreturn() void invalid(int error_code, const char *detail)
{
	ereport(ERROR, (errcode(error_code), errmsg("invalid representation of a risk_vector"),
	                errdetail("%s", detail), errhint("Vectors are made by scenario_pnl.")));
}

static bool
is_name_length(int32 length)
{
	return length >= 0 && length <= MC_MAX_NAME;
}

static void
receive_head(StringInfo buffer, int error_code, McRiskVector *head)
{
	if (buffer->len - buffer->cursor < HEAD_BYTES)
		invalid(error_code, "It is too short.");
	head->version = pq_getmsgbyte(buffer);
	head->kind = pq_getmsgbyte(buffer);
	head->flags = pq_getmsgbyte(buffer);
	head->unused = pq_getmsgbyte(buffer);
	head->scenarios = pq_getmsgint(buffer, 4);
	head->set_version = pq_getmsgint(buffer, 4);
	head->set_length = pq_getmsgint(buffer, 4);
	head->instrument_length = pq_getmsgint(buffer, 4);
	head->underlying_length = pq_getmsgint(buffer, 4);
	head->expiry = pq_getmsgint64(buffer);
	head->set_digest = pq_getmsgint64(buffer);
	if (head->version != VERSION || head->kind > MC_OPTION ||
	    (head->flags & ~(MC_RISK_IS_CALL | MC_RISK_HAS_ROLES)) != 0 || head->unused != 0)
		invalid(error_code, "Its version or its flags are unknown.");
	if (head->scenarios < 1 || head->scenarios > MC_MAX_SCENARIOS || head->set_version < 0 ||
	    !is_name_length(head->set_length) || !is_name_length(head->instrument_length) ||
	    !is_name_length(head->underlying_length))
		invalid(error_code, "A size is out of range.");
}

static McRiskVector *
receive(StringInfo buffer, int error_code)
{
	McRiskVector head = {0};
	McRiskVector *vector;
	const char *problem;
	Size numbers;

	receive_head(buffer, error_code, &head);
	vector = allocate(&head);
	numbers = number_count(head.scenarios, mc_risk_has_roles(&head));
	if ((Size) (buffer->len - buffer->cursor) != VARSIZE(vector) - offsetof(McRiskVector, numbers))
		invalid(error_code, "Its length does not fit its sizes.");
	for (Size i = 0; i < numbers; i++)
		vector->numbers[i] = pq_getmsgfloat8(buffer);
	pq_copymsgbytes(buffer, mc_risk_role_bytes(vector), buffer->len - buffer->cursor);
	problem = problem_of(vector);
	if (problem != NULL)
		invalid(error_code, problem);
	mc_risk_vector_seal(vector);
	return vector;
}

static void
send(StringInfo buffer, McRiskVector *vector)
{
	Size numbers = number_count(vector->scenarios, mc_risk_has_roles(vector));
	char *bytes = mc_risk_role_bytes(vector);

	pq_sendbyte(buffer, vector->version);
	pq_sendbyte(buffer, vector->kind);
	pq_sendbyte(buffer, vector->flags);
	pq_sendbyte(buffer, vector->unused);
	pq_sendint32(buffer, vector->scenarios);
	pq_sendint32(buffer, vector->set_version);
	pq_sendint32(buffer, vector->set_length);
	pq_sendint32(buffer, vector->instrument_length);
	pq_sendint32(buffer, vector->underlying_length);
	pq_sendint64(buffer, vector->expiry);
	pq_sendint64(buffer, vector->set_digest);
	for (Size i = 0; i < numbers; i++)
		pq_sendfloat8(buffer, vector->numbers[i]);
	pq_sendbytes(buffer, bytes, (char *) vector + VARSIZE(vector) - bytes);
}

/* risk_vector_in(cstring) */
MC_FUNCTION(mc_risk_vector_in)
{
	const char *text = PG_GETARG_CSTRING(0);
	Size digits = strlen(text);
	StringInfoData buffer;

	if (digits < 2 || digits % 2 != 0 || text[0] != '\\' || text[1] != 'x' ||
	    strspn(text + 2, "0123456789abcdefABCDEF") != digits - 2)
		ereport(ERROR, (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
		                errmsg("invalid input syntax for type risk_vector"),
		                errdetail("It is not \\x and an even number of hexadecimal digits."),
		                errhint("Vectors are made by scenario_pnl.")));
	initStringInfo(&buffer);
	enlargeStringInfo(&buffer, digits / 2);
	buffer.len = hex_decode(text + 2, digits - 2, buffer.data);
	PG_RETURN_POINTER(receive(&buffer, ERRCODE_INVALID_TEXT_REPRESENTATION));
}

/* risk_vector_out(risk_vector) -> cstring */
MC_FUNCTION(mc_risk_vector_out)
{
	StringInfoData buffer;
	char *text;

	initStringInfo(&buffer);
	send(&buffer, PG_GETARG_RISK_VECTOR(0));
	text = palloc(2 * (Size) buffer.len + 3);
	memcpy(text, "\\x", 2);
	hex_encode(buffer.data, buffer.len, text + 2);
	text[2 * (Size) buffer.len + 2] = '\0';
	PG_RETURN_CSTRING(text);
}

/* risk_vector_recv(internal) */
MC_FUNCTION(mc_risk_vector_recv)
{
	PG_RETURN_POINTER(
	    receive((StringInfo) PG_GETARG_POINTER(0), ERRCODE_INVALID_BINARY_REPRESENTATION));
}

/* risk_vector_send(risk_vector) -> bytea */
MC_FUNCTION(mc_risk_vector_send)
{
	StringInfoData buffer;

	pq_begintypsend(&buffer);
	send(&buffer, PG_GETARG_RISK_VECTOR(0));
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

/* scenario_profits(risk_vector) -> float8[] */
MC_FUNCTION(mc_scenario_profits)
{
	McRiskVector *vector = PG_GETARG_RISK_VECTOR(0);

	return mc_float8_array_datum(mc_risk_pnl(vector), vector->scenarios);
}

/* risk_terms(risk_vector) -> margin_calib.risk_terms, whose columns these are in order */
MC_FUNCTION(mc_risk_terms)
{
	McRiskVector *v = PG_GETARG_RISK_VECTOR(0);
	bool is_option = v->kind == MC_OPTION;
	Datum values[TEXT_COLUMNS + MC_RISK_NUMBERS];
	bool nulls[TEXT_COLUMNS + MC_RISK_NUMBERS] = {false};

	values[0] =
	    PointerGetDatum(cstring_to_text_with_len(mc_risk_instrument(v), v->instrument_length));
	values[1] =
	    PointerGetDatum(cstring_to_text_with_len(mc_risk_underlying(v), v->underlying_length));
	values[2] = PointerGetDatum(cstring_to_text_with_len(mc_risk_set_name(v), v->set_length));
	values[3] = Int32GetDatum(v->set_version);
	values[4] = Int32GetDatum(v->scenarios);
	values[5] = CStringGetTextDatum(mc_contract_kinds[v->kind]);
	values[6] = CStringGetTextDatum((v->flags & MC_RISK_IS_CALL) != 0 ? "call" : "put");
	nulls[6] = !is_option;
	for (int i = 0; i < MC_RISK_NUMBERS; i++)
		values[TEXT_COLUMNS + i] = Float8GetDatum(v->numbers[i]);
	nulls[TEXT_COLUMNS + MC_RISK_STRIKE] = !is_option;
	return mc_row_datum(fcinfo, values, nulls);
}
