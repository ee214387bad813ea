/*
 * unit.h -- what every unit test includes first: cmocka with what it needs, and the main function.
 *
 *     UNIT_TESTS(set_up, tear_down, TEST(first), TEST(second))
 *
 * set_up and tear_down, once for all of them, may be NULL.
 */
#ifndef TEST_UNIT_H
#define TEST_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define TEST(function) cmocka_unit_test(function)

#define UNIT_TESTS(set_up, tear_down, ...)                                                         \
	int main(void)                                                                             \
	{                                                                                          \
		const struct CMUnitTest tests[] = {__VA_ARGS__};                                   \
		return cmocka_run_group_tests(tests, set_up, tear_down);                           \
	}

#endif
