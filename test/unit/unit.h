/*
 * unit.h
 *	  The smallest test runner that speaks TAP: one line a check, suites listed in main.c.
 *
 * A suite is a function `void test_<kernel>(void)` in test_<kernel>.c.
 */
#ifndef MC_UNIT_H
#define MC_UNIT_H

#include <stdbool.h>
#include <stddef.h>

/* Print "ok" or "not ok" with the (printf-like) name; returns the condition. */
extern bool check(bool condition, const char *name, ...) __attribute__((format(printf, 2, 3)));

/*
 * |got - want| <= tolerance * |want|: with want = 0, got must be 0.  NaN is close to NaN and an
 * infinity to itself.
 */
extern bool check_close(double got, double want, double tolerance, const char *name, ...)
    __attribute__((format(printf, 4, 5)));

/* A check that could not run, with the reason. */
extern void skip(const char *reason, const char *name, ...) __attribute__((format(printf, 2, 3)));

/* true when got is within the relative tolerance of want: for loops that check once at the end */
extern bool is_close(double got, double want, double tolerance);

/* Reproducible random numbers: uniform in (0,1) and standard normal, from one seed. */
typedef struct UnitRandom
{
	unsigned long long state;
} UnitRandom;

extern double unit_uniform(UnitRandom *random);
extern double unit_normal(UnitRandom *random);

/*
 * How often to repeat something random or long: n, but where UNIT_QUICK is set (valgrind is thirty times
 * as slow) n / 20, and at least `least`.  Multiply a bound that holds for n by its statistics by
 * sqrt(n / unit_repeats(n, least)).
 */
extern size_t unit_repeats(size_t n, size_t least);

/*
 * Read up to `max` numbers from ../shared/vectors/NAME (one a line, lines that do not start with a
 * number are skipped); returns how many, 0 when the file is not there.
 */
extern size_t unit_read_vector(const char *name, double *values, size_t max);

#endif
