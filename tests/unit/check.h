/*
 * The unit tests' harness: each case is a function; results come out as TAP,
 * which tests/run counts. A failed check names file, line and expression and
 * ends its case, not the program.
 */
#ifndef LEP_TESTS_CHECK_H
#define LEP_TESTS_CHECK_H

#include <stdio.h>
#include <stdlib.h>

static int check_failed_here;
static int check_failed_all;
static int check_count;

#define CHECK(x) \
	do { \
		if (!(x)) { \
			printf("# %s:%d: %s\n", __FILE__, __LINE__, #x); \
			check_failed_here = 1; \
			return; \
		} \
	} while (0)

/* With words of one's own: CHECKF(a == b, "a %d b %d", a, b) */
#define CHECKF(x, ...) \
	do { \
		if (!(x)) { \
			printf("# %s:%d: %s: ", __FILE__, __LINE__, #x); \
			printf(__VA_ARGS__); \
			printf("\n"); \
			check_failed_here = 1; \
			return; \
		} \
	} while (0)

#define RUN(fn) \
	do { \
		check_failed_here = 0; \
		fn(); \
		check_failed_all |= check_failed_here; \
		printf("%s %d - %s\n", check_failed_here ? "not ok" : "ok", ++check_count, #fn); \
		fflush(stdout); \
	} while (0)

/* In a loop over cases: CHECK_CASE("name", function(arguments)) */
#define CHECK_CASE(name, call) \
	do { \
		check_failed_here = 0; \
		call; \
		check_failed_all |= check_failed_here; \
		printf("%s %d - %s\n", check_failed_here ? "not ok" : "ok", ++check_count, name); \
		fflush(stdout); \
	} while (0)

#define CHECK_SKIP(name, why) printf("ok %d - %s # SKIP %s\n", ++check_count, name, why)

#define CHECK_END() (printf("1..%d\n", check_count), check_failed_all ? EXIT_FAILURE : EXIT_SUCCESS)

#endif
