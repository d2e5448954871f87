/*
 * model.c
 *	  Fuzz target: models of raw bytes and of the words of the grammar; what is read is written again, in one
 *	  way, and read again as the same.
 */
#include "fuzz.h"
#include "kernel/model.h"

static const char *const words[] = {"historical", "weighted_", "evt",    "normal", "student_t",
                                    "filtered_",  "garch_",    "gjr_",   "t_",     "+",
                                    ">",          " ",         "(0.97)", "( .5 )", "(",
                                    ")",          "0.9",       "_",      "\n",     "1"};
static const char *const filters[] = {"", "filtered_", "garch_", "gjr_", "garch_t_", "gjr_t_"};
static const char *const tails[] = {"historical", "weighted_historical", "evt", "normal",
                                    "student_t"};

static size_t
take_text(Bytes *b, char *text, size_t room)
{
	size_t length = 0;

	while (b->left)
	{
		int kind = (int) take(b, 1);
		const char *word = words[kind % 20];
		char raw = (char) kind;
		size_t size = kind < 200 ? strlen(word) : 1;

		if (length + size > room)
			break;
		memcpy(text + length, kind < 200 ? word : &raw, size);
		length += size;
	}
	return length;
}

static size_t
write_model(const McModel *m, char *text, size_t room)
{
	size_t end = 0;

	for (int i = 0; i < m->count; i++)
	{
		const McModelMember *member = &m->members[i];

		if (i > 0)
			end +=
			    (size_t) snprintf(text + end, room - end, "%s",
			                      member->alternative > m->members[i - 1].alternative ? ">" : "+");
		end += (size_t) snprintf(text + end, room - end, "%s%s", filters[member->filter],
		                         tails[member->tail]);
		if (member->lambda > 0)
		{
			char fixed[32];

			/* no more than 15 digits were read, so these are all, without the 0 in front */
			snprintf(fixed, sizeof(fixed), "%.15f", member->lambda);
			end += (size_t) snprintf(text + end, room - end, "(%s)", fixed + 1);
		}
	}
	return end;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Bytes b = {data, size};
	char text[2000];
	char written[2000];
	size_t length = take_text(&b, text, sizeof(text));
	char *exact = array(length, 1);
	McModel model, again;
	McModelFault fault = {0};

	memcpy(exact, text, length);
	if (!mc_model_parse(exact, length, &model, &fault))
		CHECK(fault.rule != NULL && fault.hint != NULL && fault.at <= length &&
		          fault.length <= length - fault.at,
		      "fault at %zu (%zu) of %zu", fault.at, fault.length, length);
	else
	{
		CHECK(model.count >= 1 && model.count <= MC_MODEL_MEMBERS &&
		          model.alternatives == model.members[model.count - 1].alternative + 1,
		      "%d members", model.count);
		for (int i = 0; i < model.count; i++)
		{
			const McModelMember *m = &model.members[i];

			CHECK(m->length > 0 && m->at + m->length <= length && m->lambda >= 0 && m->lambda < 1,
			      "member %d", i);
			CHECK(i == 0 || m->at > model.members[i - 1].at + model.members[i - 1].length - 1,
			      "member %d overlaps the one before", i);
		}
		length = write_model(&model, written, sizeof(written));
		CHECK(mc_model_parse(written, length, &again, &fault) && mc_model_equal(&model, &again),
		      "%.*s", (int) length, written);
	}
	free(exact);
	return 0;
}
