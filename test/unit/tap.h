/*-------------------------------------------------------------------------
 *
 * tap.h
 *	  The Test Anything Protocol, as far as the unit tests speak it.
 *
 * A test program calls these in any order and returns done().
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef TAP_H
#define TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static int	tap_count;
static int	tap_failed;

__attribute__((format(printf, 2, 0)))
static inline void
tap_result(bool passed, const char *fmt, va_list args)
{
	tap_count++;
	if (!passed)
		tap_failed++;
	printf("%sok %d - ", passed ? "" : "not ", tap_count);
	vprintf(fmt, args);
	putchar('\n');
}

/* Says whether it passed, for callers that want to explain a failure. */
__attribute__((format(printf, 2, 3)))
static inline bool
ok(bool passed, const char *fmt,...)
{
	va_list		args;

	va_start(args, fmt);
	tap_result(passed, fmt, args);
	va_end(args);
	return passed;
}

__attribute__((format(printf, 3, 4)))
static inline bool
is_int(int64_t got, int64_t wanted, const char *fmt,...)
{
	va_list		args;

	va_start(args, fmt);
	tap_result(got == wanted, fmt, args);
	va_end(args);
	if (got != wanted)
		printf("# got %lld, wanted %lld\n", (long long) got, (long long) wanted);
	return got == wanted;
}

__attribute__((format(printf, 3, 4)))
static inline bool
is_str(const char *got, const char *wanted, const char *fmt,...)
{
	bool		passed = got != NULL && wanted != NULL ? strcmp(got, wanted) == 0 : got == wanted;
	va_list		args;

	va_start(args, fmt);
	tap_result(passed, fmt, args);
	va_end(args);
	if (!passed)
		printf("# got %s, wanted %s\n", got != NULL ? got : "(null)", wanted != NULL ? wanted : "(null)");
	return passed;
}

/* One test that could not be made here. */
__attribute__((format(printf, 1, 2)))
static inline void
skip(const char *why,...)
{
	va_list		args;

	tap_count++;
	printf("ok %d # SKIP ", tap_count);
	va_start(args, why);
	vprintf(why, args);
	va_end(args);
	putchar('\n');
}

/* The plan; the value is for main() to return. */
static inline int
done(void)
{
	printf("1..%d\n", tap_count);
	return tap_failed > 0 ? 1 : 0;
}

#endif							/* TAP_H */
