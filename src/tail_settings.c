/*
 * tail_settings.c
 *	  Confidences, quantile type and method of a tail aggregate: read once, the same in every row.
 *
 * An array or a text is usually a constant of the query, which needs no look at
 * all.  Else it usually has the same bytes in every row, and a row costs one
 * comparison of memory; only other bytes are parsed again.
 */
#include "compat.h"

#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/float.h"

#include "errors.h"
#include "settings.h"
#include "tail_settings.h"

static void
check_not_null(bool is_null, const char *what, const char *hint)
{
	if (is_null)
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
		                errmsg("%s must not be NULL", what), errhint("%s", hint)));
}

static void
check_same_confidence(double found, double before)
{
	if (found != before)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("confidence must be the same in every row of a group"),
		                errdetail("Found %s after %s.", float8out_internal(found),
		                          float8out_internal(before)),
		                errhint("Write it as a constant, or group by it.")));
}

/* Does an argument have the bytes that were kept? */
static inline bool
same_bytes(const TailSettings *settings, FunctionCallInfo fcinfo, int arg)
{
	const char *datum;

	if (PG_ARGISNULL(arg) || settings->given == NULL)
		return false;
	datum = (const char *) PG_GETARG_POINTER(arg);
	if (VARATT_IS_EXTERNAL(datum) || VARATT_IS_COMPRESSED(datum))
		return false;
	return VARSIZE_ANY_EXHDR(datum) == settings->given_size &&
	       memcmp(VARDATA_ANY(datum), settings->given, settings->given_size) == 0;
}

static void
keep_bytes(TailSettings *settings, const struct varlena *value, MemoryContext context)
{
	Size size = VARSIZE_ANY_EXHDR(value);
	char *copy = MemoryContextAlloc(context, size + 1);

	memcpy(copy, VARDATA_ANY(value), size);
	settings->given = copy;
	settings->given_size = size;
}

static double
get_confidence(FunctionCallInfo fcinfo, int arg)
{
	check_not_null(PG_ARGISNULL(arg), "confidence", "Write 0.99 for the worst one percent.");
	mc_check_confidence(PG_GETARG_FLOAT8(arg));
	return PG_GETARG_FLOAT8(arg);
}

void
mc_tail_confidence_read(TailSettings *settings, FunctionCallInfo fcinfo, int arg,
                        MemoryContext context)
{
	settings->confidence = get_confidence(fcinfo, arg);
	settings->confidences = MemoryContextAlloc(context, sizeof(double));
	settings->confidences[0] = settings->confidence;
	settings->levels = 1;
	settings->type = MC_INVERTED_CDF;
	settings->method = MC_ACERBI_TASCHE;
}

void
mc_tail_confidence_differs(const TailSettings *settings, FunctionCallInfo fcinfo, int arg)
{
	check_same_confidence(get_confidence(fcinfo, arg), settings->confidence);
}

/* The array of confidences, checked; its elements in place. */
static const double *
get_levels(FunctionCallInfo fcinfo, int arg, int *levels, ArrayType **array)
{
	const double *values;

	check_not_null(PG_ARGISNULL(arg), "confidences", "Write '{0.975,0.99}' for two levels.");
	*array = PG_GETARG_ARRAYTYPE_P(arg);
	if (ARR_NDIM(*array) > 1)
		ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
		                errmsg("confidences must be a one-dimensional array"),
		                errdetail("The array has %d dimensions.", ARR_NDIM(*array)),
		                errhint("Write '{0.975,0.99}' for two levels.")));
	*levels = ArrayGetNItems(ARR_NDIM(*array), ARR_DIMS(*array));
	if (*levels == 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("confidences must name at least one level"),
		                errhint("Write '{0.975,0.99}' for two levels.")));
	if (array_contains_nulls(*array))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
		                errmsg("confidences must not contain NULL"),
		                errhint("Write '{0.975,0.99}' for two levels.")));
	values = (const double *) ARR_DATA_PTR(*array);
	for (int i = 0; i < *levels; i++)
		mc_check_confidence(values[i]);
	return values;
}

void
mc_tail_levels_read(TailSettings *settings, FunctionCallInfo fcinfo, int arg, MemoryContext context)
{
	ArrayType *array;
	int levels;
	const double *values = get_levels(fcinfo, arg, &levels, &array);

	settings->levels = levels;
	settings->confidences = MemoryContextAlloc(context, levels * sizeof(double));
	memcpy(settings->confidences, values, levels * sizeof(double));
	settings->confidence = values[0];
	settings->type = MC_INVERTED_CDF;
	settings->method = MC_ACERBI_TASCHE;
	settings->constant = mc_constant_argument(fcinfo, arg);
	keep_bytes(settings, (const struct varlena *) array, context);
}

static void
check_same_levels(const double *found, int levels, const TailSettings *before)
{
	if (levels != before->levels)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("confidences must be the same in every row of a group"),
		                errdetail("Found %d levels after %d.", levels, before->levels),
		                errhint("Write them as a constant, or group by them.")));
	for (int i = 0; i < levels; i++)
		check_same_confidence(found[i], before->confidences[i]);
}

void
mc_tail_levels_compare(const TailSettings *settings, FunctionCallInfo fcinfo, int arg)
{
	ArrayType *array;
	int levels;
	const double *values;

	if (likely(same_bytes(settings, fcinfo, arg)))
		return;
	values = get_levels(fcinfo, arg, &levels, &array);
	check_same_levels(values, levels, settings);
}

static text *
get_type(FunctionCallInfo fcinfo, int arg, McQuantileType *type)
{
	const char *hint = "Use 'inverted_cdf', 'averaged_inverted_cdf', 'closest_observation', "
	                   "'interpolated_inverted_cdf', 'hazen', 'weibull', 'linear', "
	                   "'median_unbiased', 'normal_unbiased', or 'type1' to 'type9'.";
	text *name;
	int length;

	check_not_null(PG_ARGISNULL(arg), "quantile_type", hint);
	name = PG_GETARG_TEXT_PP(arg);
	length = VARSIZE_ANY_EXHDR(name);
	*type = mc_quantile_type(VARDATA_ANY(name), length);
	if (*type == MC_QUANTILE_UNKNOWN)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("unknown quantile type"),
		                errdetail("The quantile type given is \"%.*s\".",
		                          pg_mbcliplen(VARDATA_ANY(name), length, 60), VARDATA_ANY(name)),
		                errhint("%s", hint)));
	return name;
}

static text *
get_method(FunctionCallInfo fcinfo, int arg, McShortfallMethod *method)
{
	check_not_null(PG_ARGISNULL(arg), "method",
	               "Use 'acerbi_tasche', 'order_statistic', 'below_var', or 'empyrical'.");
	*method = mc_choice(PG_GETARG_TEXT_PP(arg), mc_shortfall_methods, "method");
	return PG_GETARG_TEXT_PP(arg);
}

void
mc_tail_name_read(TailSettings *settings, TailName name, FunctionCallInfo fcinfo, int arg,
                  MemoryContext context)
{
	text *given = name == TAIL_METHOD ? get_method(fcinfo, arg, &settings->method)
	                                  : get_type(fcinfo, arg, &settings->type);

	settings->constant = mc_constant_argument(fcinfo, arg);
	keep_bytes(settings, (const struct varlena *) given, context);
}

static void
check_same_type(McQuantileType found, McQuantileType before)
{
	if (found != before)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("quantile type must be the same in every row of a group"),
		                errdetail("Found type %d after type %d.", (int) found, (int) before),
		                errhint("Write it as a constant, or group by it.")));
}

static void
check_same_method(McShortfallMethod found, McShortfallMethod before)
{
	if (found != before)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("method must be the same in every row of a group"),
		                errdetail("Found '%s' after '%s'.", mc_shortfall_methods[found],
		                          mc_shortfall_methods[before]),
		                errhint("Write it as a constant, or group by it.")));
}

void
mc_tail_name_compare(const TailSettings *settings, TailName name, FunctionCallInfo fcinfo, int arg)
{
	McQuantileType type = settings->type;
	McShortfallMethod method = settings->method;

	if (likely(same_bytes(settings, fcinfo, arg)))
		return;
	if (name == TAIL_METHOD)
		get_method(fcinfo, arg, &method);
	else
		get_type(fcinfo, arg, &type);
	check_same_type(type, settings->type);
	check_same_method(method, settings->method);
}

void
mc_tail_settings_agree(const TailSettings *a, const TailSettings *b)
{
	check_same_levels(b->confidences, b->levels, a);
	check_same_type(b->type, a->type);
	check_same_method(b->method, a->method);
}

void
mc_tail_settings_copy(TailSettings *to, const TailSettings *from, MemoryContext context)
{
	Size size = from->levels * sizeof(double);

	*to = *from;
	to->given = NULL;
	to->given_size = 0;
	to->confidences = MemoryContextAlloc(context, size);
	memcpy(to->confidences, from->confidences, size);
}
