/*
 * model.c
 *	  Reading the model of a policy.
 *
 *	  model       = alternative { '>' alternative }
 *	  alternative = member { '+' member }
 *	  member      = [ filter '_' ] tail [ '(' lambda ')' ]
 */
#include "model.h"

#include <string.h>

/* in the order of McModelFilter, with what joins them to a tail */
static const char *const filter_names[] = {"", "filtered_", "garch_", "gjr_", "garch_t_", "gjr_t_"};

/* in the order of McModelTail */
static const char *const tail_names[] = {"historical", "weighted_historical", "evt", "normal",
                                         "student_t"};

typedef struct Reader
{
	const char *text;
	size_t length;
	size_t at;
	McModelFault *fault;
} Reader;

static void
skip_blanks(Reader *reader)
{
	while (reader->at < reader->length && strchr(" \t\r\n", reader->text[reader->at]) != NULL &&
	       reader->text[reader->at] != '\0')
		reader->at++;
}

static bool
refuse(Reader *reader, size_t at, size_t length, const char *rule, const char *hint)
{
	*reader->fault = (McModelFault){rule, hint, at, length};
	return false;
}

static bool
is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

/* Which name is this word? A word is one filter and one tail at most in one way. */
static bool
name_split(const char *word, size_t length, McModelMember *member)
{
	for (int f = 0; f < MC_FILTERS; f++)
	{
		size_t head = strlen(filter_names[f]);

		if (head > length || memcmp(word, filter_names[f], head) != 0)
			continue;
		for (int t = 0; t < MC_TAILS; t++)
			if (strlen(tail_names[t]) == length - head &&
			    memcmp(word + head, tail_names[t], length - head) == 0)
			{
				member->filter = (McModelFilter) f;
				member->tail = (McModelTail) t;
				return true;
			}
	}
	return false;
}

static bool
name_read(Reader *reader, McModelMember *member)
{
	size_t start = reader->at;
	size_t length;

	while (reader->at < reader->length && is_word(reader->text[reader->at]))
		reader->at++;
	length = reader->at - start;
	if (length == 0)
		return refuse(reader, start, reader->length > start, "a model is missing",
		              "Write members joined by + and alternatives by >, such as "
		              "gjr_historical + filtered_historical > historical.");
	if (!name_split(reader->text + start, length, member))
		return refuse(reader, start, length, "there is no such model",
		              "A model is historical, weighted_historical, evt, normal or student_t, with "
		              "filtered_, garch_, gjr_, garch_t_ or gjr_t_ in front or none of them.");
	if (mc_filter_is_student(member->filter) && member->tail == MC_TAIL_NORMAL)
		return refuse(
		    reader, start, length, "a filter with Student t innovations has no normal tail",
		    "Write student_t behind garch_t_ and gjr_t_, or normal behind garch_ and gjr_.");
	return true;
}

/* more digits than these are not a double's any more, and the quotient would not be the one next to them */
#define MOST_DIGITS 15

/*
 * A number of digits and one point, by the digits alone, so that no locale matters; 0 without one. Returns
 * how many digits there are.
 */
static int
number_read(Reader *reader, double *value)
{
	double number = 0, unit = 1;
	int digits = 0;
	bool point = false;

	for (; reader->at < reader->length; reader->at++)
	{
		char c = reader->text[reader->at];

		if (c == '.' && !point)
			point = true;
		else if (c >= '0' && c <= '9')
		{
			digits++;
			number = number * 10 + (c - '0');
			unit *= point ? 10 : 1;
		}
		else
			break;
	}
	*value = number / unit;
	return digits;
}

static bool
lambda_read(Reader *reader, McModelMember *member)
{
	size_t start = reader->at;
	int digits;

	member->lambda = 0;
	if (start >= reader->length || reader->text[start] != '(')
		return true;
	if (member->filter != MC_FILTERED)
		return refuse(reader, start, 1, "only filtered_ models take a number",
		              "It is their lambda: filtered_historical(0.97).");
	reader->at++;
	skip_blanks(reader);
	digits = number_read(reader, &member->lambda);
	if (digits > MOST_DIGITS)
		return refuse(reader, start, reader->at - start, "lambda in a model has at most 15 digits",
		              "Write filtered_historical(0.97).");
	if (!(member->lambda > 0 && member->lambda < 1))
		return refuse(reader, start, reader->at - start,
		              "lambda in a model must lie strictly between 0 and 1",
		              "Write filtered_historical(0.97).");
	skip_blanks(reader);
	if (reader->at >= reader->length || reader->text[reader->at] != ')')
		return refuse(reader, start, reader->at - start, "a closing parenthesis is missing",
		              "Write filtered_historical(0.97).");
	reader->at++;
	return true;
}

static bool
member_equal(const McModelMember *a, const McModelMember *b)
{
	return a->filter == b->filter && a->tail == b->tail && a->lambda == b->lambda &&
	       a->alternative == b->alternative;
}

static bool
member_read(Reader *reader, McModel *model)
{
	McModelMember member = {.alternative = model->alternatives};
	size_t start;

	skip_blanks(reader);
	start = reader->at;
	if (!name_read(reader, &member) || !lambda_read(reader, &member))
		return false;
	for (int i = 0; i < model->count; i++)
		if (member_equal(&model->members[i], &member))
			return refuse(reader, start, reader->at - start,
			              "a model stands twice in an alternative", "Leave one of them out.");
	if (model->count == MC_MODEL_MEMBERS)
		return refuse(reader, start, reader->at - start, "a policy has at most 12 models",
		              "Leave some of them out.");
	member.at = start;
	member.length = reader->at - start;
	model->members[model->count++] = member;
	skip_blanks(reader);
	return true;
}

bool
mc_model_parse(const char *text, size_t length, McModel *model, McModelFault *fault)
{
	Reader reader = {text, length, 0, fault};

	memset(model, 0, sizeof(*model));
	for (;;)
	{
		char joint;

		if (!member_read(&reader, model))
			return false;
		if (reader.at == length)
			break;
		joint = text[reader.at];
		if (joint != '+' && joint != '>')
			return refuse(&reader, reader.at, length - reader.at,
			              "models are joined by + to an average and by > to a chain",
			              "Write gjr_historical + filtered_historical > historical.");
		model->alternatives += joint == '>';
		reader.at++;
	}
	model->alternatives++;
	return true;
}

bool
mc_model_equal(const McModel *a, const McModel *b)
{
	if (a->count != b->count || a->alternatives != b->alternatives)
		return false;
	for (int i = 0; i < a->count; i++)
		if (!member_equal(&a->members[i], &b->members[i]))
			return false;
	return true;
}
