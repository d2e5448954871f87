/*
 * test_model.c
 *	  Reading the model of a policy: every name, the grammar around them, every fault and its place.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/model.h"
#include "unit.h"

static const char *const filters[] = {"", "filtered_", "garch_", "gjr_", "garch_t_", "gjr_t_"};
static const char *const tails[] = {"historical", "weighted_historical", "evt", "normal",
                                    "student_t"};

/* The text without the zero behind it, so that a sanitizer sees whoever looks for one. */
static bool
parse(const char *text, McModel *model, McModelFault *fault)
{
	size_t length = strlen(text);
	char *bare = malloc(length > 0 ? length : 1);
	bool good;

	memcpy(bare, text, length);
	good = mc_model_parse(bare, length, model, fault);
	free(bare);
	return good;
}

static void
test_names(void)
{
	int wrong = 0;

	for (int f = 0; f < MC_FILTERS; f++)
		for (int t = 0; t < MC_TAILS; t++)
		{
			char text[64];
			McModel model;
			McModelFault fault = {0};
			bool exists = !(f >= MC_GARCH_T && t == MC_TAIL_NORMAL);
			bool good;

			snprintf(text, sizeof(text), "%s%s", filters[f], tails[t]);
			good = parse(text, &model, &fault);
			if (good != exists)
				wrong++;
			else if (!exists)
				wrong += fault.at != 0 || fault.length != strlen(text) ||
				         strstr(fault.rule, "no normal tail") == NULL;
			else
				wrong += model.count != 1 || model.alternatives != 1 ||
				         model.members[0].filter != (McModelFilter) f ||
				         model.members[0].tail != (McModelTail) t || model.members[0].lambda != 0 ||
				         model.members[0].alternative != 0 || model.members[0].at != 0 ||
				         model.members[0].length != strlen(text);
		}
	check(wrong == 0, "six filters and five tails: thirty names but for two that do not exist");
}

static void
test_kinds(void)
{
	check(!mc_filter_is_garch(MC_UNFILTERED) && !mc_filter_is_garch(MC_FILTERED) &&
	          mc_filter_is_garch(MC_GARCH) && mc_filter_is_garch(MC_GJR_T),
	      "four filters are GARCH");
	check(!mc_filter_is_student(MC_FILTERED) && !mc_filter_is_student(MC_GJR) &&
	          mc_filter_is_student(MC_GARCH_T) && mc_filter_is_student(MC_GJR_T),
	      "two of them with Student's t");
}

static void
test_chain(void)
{
	const char *text = " gjr_evt+filtered_historical( 0.98 ) \n>\tgarch_student_t >historical\r\n";
	McModel m;
	McModelFault fault;

	check(parse(text, &m, &fault) && m.count == 4 && m.alternatives == 3,
	      "four models in three alternatives");
	check(m.members[0].alternative == 0 && m.members[1].alternative == 0 &&
	          m.members[2].alternative == 1 && m.members[3].alternative == 2,
	      "+ keeps the alternative, > starts the next");
	check(m.members[0].filter == MC_GJR && m.members[0].tail == MC_TAIL_EVT &&
	          m.members[1].filter == MC_FILTERED && m.members[1].tail == MC_TAIL_HISTORICAL &&
	          m.members[2].filter == MC_GARCH && m.members[2].tail == MC_TAIL_STUDENT_T &&
	          m.members[3].filter == MC_UNFILTERED && m.members[3].tail == MC_TAIL_HISTORICAL,
	      "garch_student_t is garch and student_t, not garch_t");
	check(m.members[0].at == 1 && m.members[0].length == 7 && m.members[1].at == 9 &&
	          m.members[1].length == 27 && m.members[2].at == 40 && m.members[2].length == 15 &&
	          m.members[3].at == 57 && m.members[3].length == 10,
	      "where they stand: without the blanks around, with those in parentheses");
	check(m.members[1].lambda == 0.98 && m.members[0].lambda == 0,
	      "0.98, as the compiler reads it");
}

static void
test_lambdas(void)
{
	static const struct
	{
		const char *text;
		double lambda;
	} cases[] = {
	    {"filtered_historical(0.97)", 0.97},
	    {"filtered_evt(.5)", 0.5},
	    {"filtered_normal(\t0.940 )", 0.94},
	    {"filtered_student_t(00.999)", 0.999},
	    {"filtered_weighted_historical(0.1234567890123)", 0.1234567890123},
	    {"filtered_historical(0.12345678901234)", 0.12345678901234},
	};
	int wrong = 0;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		McModel m;
		McModelFault fault;

		wrong += !parse(cases[i].text, &m, &fault) || m.members[0].lambda != cases[i].lambda ||
		         m.members[0].length != strlen(cases[i].text);
	}
	check(wrong == 0, "lambdas are the doubles next to what is written");
}

static void
test_faults(void)
{
	static const struct
	{
		const char *text;
		const char *rule; /* a part of it */
		size_t at;
		size_t length;
	} cases[] = {
	    {"", "a model is missing", 0, 0},
	    {"  \n ", "a model is missing", 4, 0},
	    {"historical >", "a model is missing", 12, 0},
	    {"historical + ", "a model is missing", 13, 0},
	    {"> historical", "a model is missing", 0, 1},
	    {"evt + + historical", "a model is missing", 6, 1},
	    {"evt >> historical", "a model is missing", 5, 1},
	    {"Historical", "a model is missing", 0, 1},
	    {"(0.9)", "a model is missing", 0, 1},
	    {"evt + garch", "no such model", 6, 5},
	    {"hist", "no such model", 0, 4},
	    {"historicals > evt", "no such model", 0, 11},
	    {"historical_evt", "no such model", 0, 14},
	    {"xhistorical", "no such model", 0, 11},
	    {"filtered", "no such model", 0, 8},
	    {"filtered_", "no such model", 0, 9},
	    {"garch_t_", "no such model", 0, 8},
	    {"garch_t", "no such model", 0, 7},
	    {"garch_t_t", "no such model", 0, 9},
	    {"garch_garch_evt", "no such model", 0, 15},
	    {"filtered_filtered_historical", "no such model", 0, 28},
	    {"student", "no such model", 0, 7},
	    {"weighted", "no such model", 0, 8},
	    {"evt0", "no such model", 0, 4},
	    {"evt9", "no such model", 0, 4},
	    {"zevtz", "no such model", 0, 5},
	    {"evt > garch_t_normal", "no normal tail", 6, 14},
	    {"gjr_t_normal", "no normal tail", 0, 12},
	    {"historical(0.9)", "only filtered_ models", 10, 1},
	    {"gjr_t_evt(0.9)", "only filtered_ models", 9, 1},
	    {"filtered_evt()", "strictly between 0 and 1", 12, 1},
	    {"filtered_evt( )", "strictly between 0 and 1", 12, 2},
	    {"filtered_evt(0)", "strictly between 0 and 1", 12, 2},
	    {"filtered_evt(1)", "strictly between 0 and 1", 12, 2},
	    {"filtered_evt(1.0)", "strictly between 0 and 1", 12, 4},
	    {"filtered_evt(97)", "strictly between 0 and 1", 12, 3},
	    {"filtered_evt(.)", "strictly between 0 and 1", 12, 2},
	    {"filtered_evt(-0.9)", "strictly between 0 and 1", 12, 1},
	    {"filtered_evt(x)", "strictly between 0 and 1", 12, 1},
	    {"filtered_evt(nan)", "strictly between 0 and 1", 12, 1},
	    {"filtered_evt(", "strictly between 0 and 1", 12, 1},
	    {"filtered_evt(0.9", "closing parenthesis", 12, 4},
	    {"filtered_evt(0.9 ", "closing parenthesis", 12, 5},
	    {"filtered_evt(0.9.5)", "closing parenthesis", 12, 4},
	    {"filtered_evt(9e-1)", "strictly between 0 and 1", 12, 2},
	    {"filtered_evt(0,9)", "strictly between 0 and 1", 12, 2},
	    {"filtered_evt(0.9, 1)", "closing parenthesis", 12, 4},
	    {"filtered_evt(0.9700000000000000)", "at most 15 digits", 12, 19},
	    {"filtered_evt (0.9)", "joined by +", 13, 5},
	    {"historical evt", "joined by +", 11, 3},
	    {"historical, evt", "joined by +", 10, 5},
	    {"historical-evt", "joined by +", 10, 4},
	    {"filtered_evt(0.9)evt", "joined by +", 17, 3},
	    {"evt + normal + evt", "twice", 15, 3},
	    {"filtered_evt(0.9)+filtered_evt( 0.90)", "twice", 18, 19},
	    {"evt+evt+nobody", "twice", 4, 3},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		McModel m;
		McModelFault fault = {0};
		bool good = parse(cases[i].text, &m, &fault);

		check(!good && strstr(fault.rule, cases[i].rule) != NULL && fault.hint != NULL &&
		          fault.at == cases[i].at && fault.length == cases[i].length,
		      "\"%s\": %s at %zu (%zu), got %s at %zu (%zu)", i == 1 ? "blanks" : cases[i].text,
		      cases[i].rule, cases[i].at, cases[i].length, good ? "none" : fault.rule, fault.at,
		      fault.length);
	}
}

/* A zero byte is a character that belongs nowhere, not an end. */
static void
test_zero_byte(void)
{
	McModel m;
	McModelFault fault;

	check(!mc_model_parse("evt\0", 4, &m, &fault) && fault.at == 3 && fault.length == 1 &&
	          strstr(fault.rule, "joined by") != NULL,
	      "a zero byte behind a name");
	check(!mc_model_parse("\0evt", 4, &m, &fault) && fault.at == 0 && fault.length == 1,
	      "a zero byte in front of one");
}

/* `count` members that differ, by lambda, joined by `joint` */
static bool
parse_many(int count, char joint, McModel *model, McModelFault *fault)
{
	char text[1000] = "";

	for (int i = 0; i < count; i++)
	{
		size_t end = strlen(text);

		snprintf(text + end, sizeof(text) - end, "%.*sfiltered_evt(0.%d)", i > 0, &joint, 11 + i);
	}
	return parse(text, model, fault);
}

static void
test_many(void)
{
	McModel m;
	McModelFault fault;

	check(parse_many(12, '+', &m, &fault) && m.count == 12 && m.alternatives == 1 &&
	          m.members[11].lambda == 0.22,
	      "twelve in one alternative");
	check(parse_many(12, '>', &m, &fault) && m.count == 12 && m.alternatives == 12 &&
	          m.members[11].alternative == 11,
	      "twelve alternatives");
	check(!parse_many(13, '+', &m, &fault) && strstr(fault.rule, "at most 12") != NULL &&
	          fault.at == 12 * 19 && fault.length == 18,
	      "the thirteenth is too many");
	check(!parse_many(13, '>', &m, &fault) && strstr(fault.rule, "at most 12") != NULL,
	      "in whichever alternative");
}

static bool
equal(const char *a, const char *b)
{
	McModel x, y;
	McModelFault fault;

	return parse(a, &x, &fault) && parse(b, &y, &fault) && mc_model_equal(&x, &y) &&
	       mc_model_equal(&y, &x);
}

static bool
differ(const char *a, const char *b)
{
	McModel x, y;
	McModelFault fault;

	return parse(a, &x, &fault) && parse(b, &y, &fault) && !mc_model_equal(&x, &y) &&
	       !mc_model_equal(&y, &x);
}

static void
test_equal(void)
{
	check(equal("evt", " evt "), "blanks do not matter");
	check(equal("filtered_evt(0.9)+normal>evt", "filtered_evt( .90 ) + normal > evt"),
	      "nor how a number is written");
	check(equal("evt + normal > evt", "evt+normal>evt"), "a model may stand in two alternatives");
	check(differ("evt", "normal"), "another tail");
	check(differ("filtered_evt", "garch_evt"), "another filter");
	check(differ("filtered_evt(0.9)", "filtered_evt(0.91)"), "another lambda");
	check(differ("filtered_evt", "filtered_evt(0.9)"), "the policy's lambda and its own");
	check(differ("evt + normal", "evt > normal"), "an average is no chain");
	check(differ("evt + normal > historical", "evt > normal + historical"),
	      "the same models in other alternatives");
	check(differ("evt > normal", "normal > evt"), "the order of a chain");
	check(differ("evt > normal", "evt"), "one more");
	check(differ("evt + normal", "evt"), "one more in the same alternative");
}

void
test_model(void)
{
	test_names();
	test_kinds();
	test_chain();
	test_lambdas();
	test_faults();
	test_zero_byte();
	test_many();
	test_equal();
}
