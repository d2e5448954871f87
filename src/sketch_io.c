/*
 * sketch_io.c
 *	  Input and output of the type tail_sketch.
 *
 * A value holds the bytes of kernel/sketch_bytes.c; the binary form is these bytes, the text form their
 * hexadecimal digits after \x, as of a bytea.  Whatever comes in is decoded once, so that a value is
 * always one that an aggregate could have made.
 */
#include "compat.h"

#include "libpq/pqformat.h"
#include "utils/builtins.h"

#include "errors.h"
#include "sample.h"
#include "tail_sketch.h"

McSketch *
mc_sketch_unpack(const char *bytes, Size length, int error_code)
{
	McSketch *flat = palloc(sizeof(McSketch));
	double *extremes;
	McSketchBucket *places;
	bool valid = mc_sketch_decode_header((const uint8_t *) bytes, length, flat);

	if (valid)
	{
		Size buckets = flat->sides[MC_SKETCH_LOSSES].used + flat->sides[MC_SKETCH_GAINS].used;

		extremes = mc_work_space(flat->kept, sizeof(double));
		places = mc_work_space(buckets, sizeof(McSketchBucket));
		valid = mc_sketch_decode((const uint8_t *) bytes, length, extremes, places, flat);
	}
	if (!valid)
		ereport(ERROR, (errcode(error_code), errmsg("invalid representation of a tail_sketch"),
		                errdetail("Its %zu bytes are not those of a sketch.", length),
		                errhint("Pass on what the aggregate tail_sketch made, unchanged.")));
	return flat;
}

McSketch *
mc_sketch_argument(FunctionCallInfo fcinfo, int arg)
{
	const struct varlena *value = PG_GETARG_VARLENA_PP(arg);

	return mc_sketch_unpack(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value), ERRCODE_DATA_CORRUPTED);
}

struct varlena *
mc_sketch_pack(McSketch *sketch)
{
	Size buckets = sketch->sides[MC_SKETCH_LOSSES].used + sketch->sides[MC_SKETCH_GAINS].used;
	McSketchBucket *places = mc_work_space(buckets, sizeof(McSketchBucket));
	double *edges = mc_work_space(buckets, sizeof(double));
	struct varlena *value;
	McSketch flat;
	Size length;

	mc_check_status(mc_sketch_flatten(sketch, edges, places, &flat, &mc_interrupt_poll));
	value = palloc(VARHDRSZ + mc_sketch_most_bytes(&flat));
	length = mc_sketch_encode(&flat, (uint8_t *) VARDATA(value));
	SET_VARSIZE(value, VARHDRSZ + length);
	pfree(edges);
	pfree(places);
	return value;
}

static struct varlena *
checked_value(const char *bytes, Size length, int error_code)
{
	struct varlena *value = palloc(VARHDRSZ + length);

	(void) mc_sketch_unpack(bytes, length, error_code);
	memcpy(VARDATA(value), bytes, length);
	SET_VARSIZE(value, VARHDRSZ + length);
	return value;
}

/* tail_sketch_in(cstring) */
MC_FUNCTION(mc_tail_sketch_in)
{
	const char *text = PG_GETARG_CSTRING(0);
	Size digits = strlen(text);
	char *bytes;

	if (digits < 2 || digits % 2 != 0 || text[0] != '\\' || text[1] != 'x' ||
	    strspn(text + 2, "0123456789abcdefABCDEF") != digits - 2)
		ereport(ERROR, (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
		                errmsg("invalid input syntax for type tail_sketch"),
		                errdetail("It is not \\x and an even number of hexadecimal digits."),
		                errhint("Sketches are made by the aggregate tail_sketch.")));
	bytes = palloc(digits / 2);
	hex_decode(text + 2, digits - 2, bytes);
	PG_RETURN_POINTER(checked_value(bytes, digits / 2 - 1, ERRCODE_INVALID_TEXT_REPRESENTATION));
}

/* tail_sketch_out(tail_sketch) -> cstring */
MC_FUNCTION(mc_tail_sketch_out)
{
	const struct varlena *value = PG_GETARG_VARLENA_PP(0);
	Size length = VARSIZE_ANY_EXHDR(value);
	char *text = palloc(2 * length + 3);

	memcpy(text, "\\x", 2);
	hex_encode(VARDATA_ANY(value), length, text + 2);
	text[2 * length + 2] = '\0';
	PG_RETURN_CSTRING(text);
}

/* tail_sketch_recv(internal) */
MC_FUNCTION(mc_tail_sketch_recv)
{
	StringInfo buffer = (StringInfo) PG_GETARG_POINTER(0);
	int length = buffer->len - buffer->cursor;
	const char *bytes = pq_getmsgbytes(buffer, length);

	PG_RETURN_POINTER(checked_value(bytes, length, ERRCODE_INVALID_BINARY_REPRESENTATION));
}

/* tail_sketch_send(tail_sketch) -> bytea */
MC_FUNCTION(mc_tail_sketch_send)
{
	const struct varlena *value = PG_GETARG_VARLENA_PP(0);
	StringInfoData buffer;

	pq_begintypsend(&buffer);
	pq_sendbytes(&buffer, VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}
