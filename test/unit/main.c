/*
 * main.c
 *	  Runs every suite of kernel tests and prints TAP; exits with 1 when a check failed.
 *
 * `build/unit moments tail` runs these two suites.
 */
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

typedef struct Suite
{
	const char *name;
	void (*run)(void);
} Suite;

#define SUITE(name) extern void test_##name(void);
#include "suites.h"
#undef SUITE

#define SUITE(name) {#name, test_##name},
static const Suite suites[] = {
#include "suites.h"
};
#undef SUITE

static int checks = 0;
static int failures = 0;

bool
check(bool condition, const char *name, ...)
{
	va_list args;

	checks++;
	failures += !condition;
	printf("%s %d - ", condition ? "ok" : "not ok", checks);
	va_start(args, name);
	vprintf(name, args);
	va_end(args);
	printf("\n");
	return condition;
}

bool
is_close(double got, double want, double tolerance)
{
	if (isnan(want) || isnan(got))
		return isnan(want) && isnan(got);
	if (isinf(want) || isinf(got))
		return want == got;
	return fabs(got - want) <= tolerance * fabs(want);
}

bool
check_close(double got, double want, double tolerance, const char *name, ...)
{
	char text[256];
	va_list args;
	bool close = is_close(got, want, tolerance);

	va_start(args, name);
	vsnprintf(text, sizeof(text), name, args);
	va_end(args);
	check(close, "%s", text);
	if (!close)
		printf("#   got %.17g, want %.17g within %g\n", got, want, tolerance);
	return close;
}

void
skip(const char *reason, const char *name, ...)
{
	va_list args;

	checks++;
	printf("ok %d - ", checks);
	va_start(args, name);
	vprintf(name, args);
	va_end(args);
	printf(" # SKIP %s\n", reason);
}

/* splitmix64 (Steele, Lea and Flood 2014) */
double
unit_uniform(UnitRandom *random)
{
	uint64_t z = (random->state += 0x9e3779b97f4a7c15ULL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	z ^= z >> 31;
	return ((double) (z >> 11) + 0.5) / 9007199254740992.0;
}

/* Box and Muller 1958 */
double
unit_normal(UnitRandom *random)
{
	double radius = sqrt(-2.0 * log(unit_uniform(random)));

	return radius * cos(6.283185307179586 * unit_uniform(random));
}

size_t
unit_repeats(size_t n, size_t least)
{
	size_t fewer = n / 20 > least ? n / 20 : least;

	return getenv("UNIT_QUICK") != NULL && fewer < n ? fewer : n;
}

size_t
unit_read_vector(const char *name, double *values, size_t max)
{
	char path[256];
	char line[256];
	size_t n = 0;
	FILE *file;

	snprintf(path, sizeof(path), "../shared/vectors/%s", name);
	file = fopen(path, "r");
	if (file == NULL)
		return 0;
	while (n < max && fgets(line, sizeof(line), file) != NULL)
	{
		char *end;
		double value = strtod(line, &end);

		if (end != line)
			values[n++] = value;
	}
	fclose(file);
	return n;
}

static bool
is_wanted(const char *suite, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(suite, argv[i]) == 0)
			return true;
	return argc == 1;
}

int
main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++)
	{
		if (!is_wanted(suites[i].name, argc, argv))
			continue;
		printf("# %s\n", suites[i].name);
		suites[i].run();
	}
	printf("1..%d\n", checks);
	return failures > 0 || checks == 0;
}
